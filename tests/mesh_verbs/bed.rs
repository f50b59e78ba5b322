//! A Mesh sandbox and short ways to speak to it.

use haft::{
    args::Args,
    error::Error,
    session::{Response, Session},
};
use haft_sandbox::{MeshSetup, Options, Sandbox};
use serde_json::Value;

/// Objects and attributes that the sandbox begins with.
pub const MODEL: &str = "Model/SimpleThermalTestModel";
pub const COMPONENT: &str = "Model/SimpleThermalTestModel/ThermalComponent";
pub const PLANT: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1";
pub const CHIMNEYS: &str =
    "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef";

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options { mesh: Some(MeshSetup::default()), ..Options::default() }).unwrap()
}

pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

pub fn open(sandbox: &Sandbox, json: &str) -> Result<Session, Error> {
    let mut all = args(r#"{"trust_env": false}"#);
    for (key, value) in args(json).root().iter() {
        all.set(key, value.clone());
    }
    Session::create(&format!("mesh+http://{}", sandbox.mesh["mesh"]), &all)
}

pub fn session(sandbox: &Sandbox) -> Session {
    open(sandbox, "{}").unwrap()
}

pub fn value(response: &Response) -> Value {
    response.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

fn target(target: &str) -> Option<&str> {
    Some(target).filter(|target| !target.is_empty())
}

pub fn call(session: &Session, verb: &str, of: &str, json: &str) -> Value {
    match session.request(Some(verb), target(of), &args(json)) {
        Ok(response) => value(&response),
        Err(error) => panic!("{verb} {of} {json}: {} {}", error.code(), error.message()),
    }
}

pub fn stage(session: &Session, verb: &str, of: &str, json: &str) -> Value {
    match session.stage(Some(verb), target(of), &args(json)) {
        Ok(response) => value(&response),
        Err(error) => panic!("{verb} {of} {json}: {} {}", error.code(), error.message()),
    }
}

pub fn fails(session: &Session, verb: &str, of: &str, json: &str) -> Error {
    session.request(Some(verb), target(of), &args(json)).err().unwrap_or_else(|| panic!("{verb} {of} {json}"))
}

pub fn refuses(session: &Session, verb: &str, of: &str, json: &str) -> Error {
    session.stage(Some(verb), target(of), &args(json)).err().unwrap_or_else(|| panic!("{verb} {of} {json}"))
}

pub fn commit(session: &Session) -> Value {
    value(&session.commit(&Args::new()).unwrap())
}

pub fn inspect(session: &Session, what: &str) -> Value {
    value(&session.inspect(what, &Args::new()).unwrap())
}

/// The number of the last call so far.
pub fn mark(sandbox: &Sandbox) -> u64 {
    sandbox.mesh_log(0, None, false).as_array().unwrap().last().map_or(0, |entry| entry["seq"].as_u64().unwrap())
}

/// The calls since then: the method's name, and the one message by its fields, without the session's id.
pub fn sent(sandbox: &Sandbox, since: u64) -> Vec<(String, Value)> {
    let log = sandbox.mesh_log(since, None, false);
    let each = log.as_array().unwrap().iter().map(|entry| {
        let mut fields = entry["messages"][0]["fields"].clone();
        fields.as_object_mut().map(|fields| fields.remove("session_id"));
        (entry["method"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(), fields)
    });
    // The session is kept alive in the background, when its turn comes.
    each.filter(|(name, _)| name != "ExtendSession").collect()
}

/// Their names alone.
pub fn methods(sandbox: &Sandbox, since: u64) -> Vec<String> {
    sent(sandbox, since).into_iter().map(|(name, _)| name).collect()
}
