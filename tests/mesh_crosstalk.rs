//! haft and the official Mesh SDK in one session: each sees what the other has not committed yet. The SDK is no part of this
//! tree: `HAFT_MESH_SDK` names a directory that Python can import it from, `HAFT_MESH_PYTHON` a Python with what it
//! needs. Without them there is nothing to run.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a test stops at what must not be")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use haft::{args::Args, session::Session, value::Tree};
use haft_sandbox::{MeshSetup, Options, Sandbox};
use serde_json::{Value, json};

const PATH: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.DblAtt";

struct Sdk {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    fn start(address: &str) -> Option<Sdk> {
        let (library, python) = (std::env::var("HAFT_MESH_SDK").ok()?, std::env::var("HAFT_MESH_PYTHON").ok()?);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/mesh_crosstalk.py");
        let mut command = Command::new(python);
        command.arg(script).arg(address).env("PYTHONPATH", library).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Sdk { child, orders, answers })
    }

    fn tell(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{order}: {answer}");
        answer["answer"].clone()
    }

    fn read(&mut self, session: &str) -> Value {
        self.tell(&json!({"session": session, "what": "read", "path": PATH}))
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn args(json: &Value) -> Args {
    match Tree::from_json(&json.to_string()).unwrap() {
        Tree::Object(members) => Args::from(members),
        _ => panic!("no object: {json}"),
    }
}

fn read(session: &Session) -> Value {
    let answer = session.request(Some("get_attribute"), Some(PATH), &Args::new()).unwrap();
    let value: Value = serde_json::from_str(&answer.value().unwrap().root().to_json()).unwrap();
    value["value"].clone()
}

/// Into the workspace, without a commit.
fn write(session: &Session, value: f64) {
    let message = json!({"message": {"attribute_id": {"path": PATH}, "new_singular_value": {"double_value": value}}});
    session.request(Some("call"), Some("volue.mesh.grpc.model.v1alpha.ModelService/UpdateSimpleAttribute"), &args(&message)).unwrap();
}

fn id(session: &Session) -> String {
    let shown = session.inspect("session_id", &Args::new()).unwrap();
    serde_json::from_str::<Value>(&shown.value().unwrap().root().to_json()).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn each_joins_the_others_session() {
    let sandbox = Sandbox::start(Options { mesh: Some(MeshSetup::default()), ..Options::default() }).unwrap();
    let address = &sandbox.mesh["mesh"];
    let Some(mut sdk) = Sdk::start(address) else {
        eprintln!("HAFT_MESH_SDK and HAFT_MESH_PYTHON are not set: nothing was run");
        return;
    };
    let session = Session::create(&format!("mesh+http://{address}"), &Args::new()).unwrap();
    let before = read(&session);

    // Ours, joined by the SDK.
    write(&session, 42.5);
    sdk.tell(&json!({"session": "joined", "what": "join", "id": id(&session)}));
    sdk.tell(&json!({"session": "other", "what": "open"}));
    assert_eq!((sdk.read("joined"), sdk.read("other")), (json!(42.5), before.clone()));
    // What the SDK adds we commit.
    sdk.tell(&json!({"session": "joined", "what": "write", "path": PATH, "value": 43.5}));
    assert_eq!((read(&session), sdk.read("other")), (json!(43.5), before));
    session.commit(&Args::new()).unwrap();
    assert_eq!(sdk.read("other"), json!(43.5));

    // The SDK's, joined by us.
    let theirs = sdk.tell(&json!({"session": "theirs", "what": "open"}));
    sdk.tell(&json!({"session": "theirs", "what": "write", "path": PATH, "value": 7.25}));
    let joined = session.attach(&format!("session:{}", theirs.as_str().unwrap()), &Args::new()).unwrap();
    assert_eq!((read(&joined), read(&session)), (json!(7.25), json!(43.5)));
    write(&joined, 8.25);
    assert_eq!(sdk.read("theirs"), json!(8.25));
    // Closing leaves it to its owner, who commits what we wrote.
    joined.close(&Args::new()).unwrap();
    sdk.tell(&json!({"session": "theirs", "what": "commit"}));
    assert_eq!(read(&session), json!(8.25));
    for name in ["theirs", "other"] {
        sdk.tell(&json!({"session": name, "what": "close"}));
    }
    session.close(&Args::new()).unwrap();
}
