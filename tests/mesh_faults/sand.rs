//! A sandbox and short ways to speak to it. Nothing is logged: a log would grow.

use std::sync::Arc;

use haft::{
    args::Args,
    error::Error,
    session::{Response, Session},
    value::{Document, Series, Tree},
};
use haft_sandbox::{MeshSetup, Options, Sandbox};
use serde_json::Value;

use crate::bed::{args, value};

pub const PLANT: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1";
pub const COMPONENT: &str = "Model/SimpleThermalTestModel/ThermalComponent";
pub const CHIMNEYS: &str =
    "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef";
/// 2016-01-01T00:00:00Z, near which the points of the seed are.
pub const NEW_YEAR: i64 = 1_451_606_400_000;
pub const HOUR: i64 = 3_600_000;

pub fn sandbox() -> Sandbox {
    on(0)
}

pub fn on(port: u16) -> Sandbox {
    let mesh = MeshSetup { port, ..MeshSetup::default() };
    Sandbox::start(Options { mesh: Some(mesh), log: false, ..Options::default() }).unwrap()
}

pub fn url(sandbox: &Sandbox) -> String {
    format!("mesh+http://{}", sandbox.mesh["mesh"])
}

pub fn open(sandbox: &Sandbox, json: &str) -> Session {
    Session::create(&url(sandbox), &args(json)).unwrap()
}

pub fn order(sandbox: &Sandbox, order: &str) {
    sandbox.mesh_order(order).unwrap();
}

fn target(target: &str) -> Option<&str> {
    Some(target).filter(|target| !target.is_empty())
}

pub fn call(session: &Session, verb: &str, of: &str, json: &str) -> Result<Response, Error> {
    session.request(Some(verb), target(of), &args(json))
}

pub fn stage(session: &Session, verb: &str, of: &str, json: &str) -> Result<Value, Error> {
    session.stage(Some(verb), target(of), &args(json)).map(|answer| value(&answer))
}

pub fn commit(session: &Session) -> Result<Value, Error> {
    session.commit(&Args::new()).map(|answer| value(&answer))
}

/// The names of the plant's chimneys.
pub fn chimneys(session: &Session) -> Vec<String> {
    let found = call(session, "search_objects", PLANT, r#"{"query": "*[.Type=ChimneyElementType]", "attributes": []}"#);
    let found = value(&found.unwrap());
    let mut names: Vec<String> =
        found.as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

pub fn staged(session: &Session) -> usize {
    crate::bed::inspect(session, "staged").as_array().unwrap().len()
}

pub fn series(answer: &Response) -> Arc<Series> {
    match answer.value().unwrap().root().to_tree() {
        Tree::Series(series) => series,
        other => panic!("no series: {other:?}"),
    }
}

/// Key 3 from one hour of the new year up to another.
pub fn read(session: &Session, from: i64, to: i64, more: &str) -> Result<Response, Error> {
    let json = format!(r#"{{"start": {}, "end": {}{more}}}"#, NEW_YEAR + from * HOUR, NEW_YEAR + to * HOUR);
    call(session, "read_series", "key:3", &json)
}

pub fn detail(error: &Error, key: &str) -> Value {
    let text = Document::from_tree(&Tree::Object(error.detail().clone())).root().to_json();
    serde_json::from_str::<Value>(&text).unwrap()[key].clone()
}

/// What every error must be like: one line, and without what is secret.
pub fn told(error: &Error) -> (&str, Value, Value) {
    crate::guard::clean(error, &["secret"]);
    (error.code(), detail(error, "grpc_status"), detail(error, "outcome"))
}

pub fn close(session: &Session) {
    session.close(&Args::new()).unwrap();
}
