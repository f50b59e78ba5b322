//! One session on the server, two clients in it: haft and the official SDK.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use haft::args::Args;
use serde_json::{Value, json};

use super::{
    bed::{self, PLANT},
    folder,
};

struct Sdk {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    fn start(address: &str) -> Sdk {
        let (sdk, python) = super::sdk();
        let mut child = Command::new(python)
            .arg(folder().join("crosstalk.py"))
            .arg(address)
            .env("PYTHONPATH", sdk)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Sdk { child, orders, answers }
    }

    fn says(&mut self, order: Value) -> Value {
        writeln!(self.orders, "{order}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs the official SDK: scripts/mesh-twin CHECKOUT"]
fn both_are_in_one_session() {
    let sandbox = bed::sandbox();
    let mut sdk = Sdk::start(&sandbox.mesh["mesh"]);
    let path = format!("{PLANT}.DblAtt");
    let read = json!({"do": "read", "path": path});
    // The SDK joins haft's session, sees what is not committed, and changes it.
    let mine = bed::session(&sandbox);
    let outside = bed::session(&sandbox);
    bed::stage(&mine, "update_attribute", &path, r#"{"value": 1.25}"#);
    sdk.says(json!({"do": "join", "id": bed::inspect(&mine, "session_id")}));
    assert_eq!(sdk.says(read.clone()), json!({"answer": 1.25}));
    assert_eq!(bed::call(&outside, "get_attribute", &path, "{}")["value"], 1000.0);
    assert_eq!(sdk.says(json!({"do": "write", "path": path, "value": 2.25})), json!({"answer": null}));
    assert_eq!(bed::call(&mine, "get_attribute", &path, "{}")["value"], 2.25);
    bed::commit(&mine);
    assert_eq!(bed::call(&outside, "get_attribute", &path, "{}")["value"], 2.25);
    // haft joins the SDK's, and leaves it as it is.
    let id = sdk.says(json!({"do": "open"}))["answer"].as_str().unwrap().to_owned();
    sdk.says(json!({"do": "write", "path": path, "value": 3.25}));
    let joined = outside.attach(&format!("session:{id}"), &Args::new()).unwrap();
    assert_eq!(bed::call(&joined, "get_attribute", &path, "{}")["value"], 3.25);
    bed::stage(&joined, "update_attribute", &path, r#"{"value": 4.25}"#);
    assert_eq!(sdk.says(read.clone()), json!({"answer": 4.25}));
    joined.close(&Args::new()).unwrap();
    assert_eq!(sdk.says(read), json!({"answer": 4.25}), "closing what was joined leaves it");
    // Committed by the one, seen by all; and by haft though it staged nothing there itself.
    let again = outside.attach(&format!("session:{id}"), &Args::new()).unwrap();
    assert_eq!(bed::commit(&again), json!([]));
    assert_eq!(bed::call(&mine, "get_attribute", &path, "{}")["value"], 4.25);
    assert_eq!(sdk.says(json!({"do": "commit"})), json!({"answer": null}));
}
