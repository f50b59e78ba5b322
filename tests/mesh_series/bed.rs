//! A server, a session with it, and short ways to speak to both.

use std::sync::Arc;

use haft::{
    args::Args,
    error::Error,
    session::{Event, Kind, Response, Session},
    value::{Document, Series, Tree},
};
use haft_sandbox::{MeshSetup, Options, Sandbox};
use serde_json::Value;

/// 2016-01-01T00:00:00Z, near which the points of the seed are.
pub const NEW_YEAR: i64 = 1_451_606_400_000;
/// 2020-01-01T00:00:00Z, where the points of added chimneys begin.
pub const YEAR_2020: i64 = 1_577_836_800_000;
pub const HOUR: i64 = 3_600_000;
/// NaN with this is a hole.
pub const MISSING: u32 = 0x0400_0000;
pub const CHIMNEY: &str =
    "Model/SimpleThermalTestModel/ThermalComponent/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney2.TsRawAtt";
/// As the server calls it.
pub const CHIMNEY_WHOLE: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney2.TsRawAtt";

pub struct Bed {
    pub sandbox: Sandbox,
    pub session: Session,
}

pub fn args(json: &str) -> Args {
    match Tree::from_json(json).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

impl Bed {
    pub fn new() -> Bed {
        Bed::with("{}", &[])
    }

    /// With `count` series of `points` hours.
    pub fn long(options: &str, count: usize, points: usize) -> Bed {
        Bed::with(options, &[&format!("seed=chimneys&count={count}&points={points}")])
    }

    pub fn with(options: &str, orders: &[&str]) -> Bed {
        let orders = orders.iter().map(|order| (*order).to_owned()).collect();
        let setup = MeshSetup { orders, ..MeshSetup::default() };
        let sandbox = Sandbox::start(Options { mesh: Some(setup), ..Options::default() }).unwrap();
        let session = Session::create(&format!("mesh+http://{}", sandbox.mesh["mesh"]), &args(options)).unwrap();
        Bed { sandbox, session }
    }

    pub fn try_call(&self, verb: &str, target: &str, args: &Args) -> Result<Response, Error> {
        let target = (!target.is_empty()).then_some(target);
        // What changes something goes through the list of the session.
        if ["write_series", "copy_series"].contains(&verb) {
            return self.session.stage(Some(verb), target, args);
        }
        self.session.request(Some(verb), target, args)
    }

    pub fn call(&self, verb: &str, target: &str, json: &str) -> Response {
        self.try_call(verb, target, &args(json)).unwrap_or_else(|error| panic!("{verb} {target} {json}: {error:?}"))
    }

    pub fn fails(&self, verb: &str, target: &str, json: &str) -> Error {
        match self.try_call(verb, target, &args(json)) {
            Ok(answer) => panic!("{verb} {target} {json} gave {}", shown(&answer)),
            Err(error) => error,
        }
    }

    pub fn read(&self, target: &str, start: i64, end: i64, more: &str) -> Response {
        self.call("read_series", target, &format!("{{\"start\": {start}, \"end\": {end}{more}}}"))
    }

    /// By submit, as the reactor does it.
    pub fn submitted(&self, verb: &str, target: &str, args: &Args) -> Event {
        self.session.submit(Some(verb), Some(target), args).unwrap();
        self.next(Kind::Response)
    }

    pub fn next(&self, kind: Kind) -> Event {
        let event = self.session.poll(30_000).unwrap().expect("nothing came in time");
        assert_eq!(event.kind(), kind, "{}", event_shown(&event));
        event
    }

    pub fn order(&self, order: &str) {
        self.sandbox.mesh_order(order).unwrap();
    }

    /// The calls of the server that were made meanwhile: method and what it answered.
    pub fn sent<T>(&self, during: impl FnOnce() -> T) -> (T, Vec<Value>) {
        let last = |log: &Value| {
            log.as_array().and_then(|log| log.last()).and_then(|entry| entry["seq"].as_u64()).unwrap_or(0)
        };
        let before = last(&self.sandbox.mesh_log(0, None, false));
        let out = during();
        (out, self.sandbox.mesh_log(before, None, false).as_array().cloned().unwrap_or_default())
    }

    /// The names of the methods that were called meanwhile.
    pub fn methods<T>(&self, during: impl FnOnce() -> T) -> (T, Vec<String>) {
        let (out, calls) = self.sent(during);
        let name = |call: &Value| call["method"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (out, calls.iter().map(name).collect())
    }
}

/// As JSON; what is no number is null.
fn json(value: Option<&Document>) -> Value {
    value.map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json().replace("NaN", "null")).unwrap())
}

pub fn shown(answer: &Response) -> Value {
    json(answer.value())
}

pub fn event_shown(event: &Event) -> Value {
    json(event.value())
}

pub fn meta(answer: &Response) -> Value {
    serde_json::from_str(&answer.meta().root().to_json()).unwrap()
}

pub fn series(answer: &Response) -> Arc<Series> {
    match answer.value().unwrap().root().to_tree() {
        Tree::Series(series) => series,
        other => panic!("no series: {other:?}"),
    }
}

pub fn detail(error: &Error, key: &str) -> Value {
    let text = haft::value::Document::from_tree(&Tree::Object(error.detail().clone())).root().to_json();
    serde_json::from_str::<Value>(&text).unwrap()[key].clone()
}

/// Points that are hours from a moment on.
pub fn hours(start: i64, count: usize) -> Arc<Series> {
    let number = |at: usize| i64::try_from(at).unwrap();
    Arc::new(Series {
        times: (0..count).map(|at| start + number(at) * HOUR).collect(),
        values: (0..count).map(|at| (at % 89) as f64 / 4.0).collect(),
        flags: (0..count).map(|at| if at % 7 == 3 { 0x0200_0000 } else { 0 }).collect(),
    })
}

pub fn points(series: Arc<Series>) -> Args {
    let mut args = Args::new();
    args.set("points", Tree::Series(series));
    args
}

/// All that makes two series the same, values by their bits.
pub fn bits(series: &Series) -> (Vec<i64>, Vec<u32>, Vec<u64>) {
    (series.times.clone(), series.flags.clone(), series.values.iter().map(|value| value.to_bits()).collect())
}
