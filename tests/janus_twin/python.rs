//! A scenario by the Python client.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::{Bed, Run, compare, folder};

/// The client's process; it ends with its standard input.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    pub fn start() -> Client {
        let python = folder().join("../../.venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/venv makes it", python.display());
        let mut command = Command::new(python);
        // What it logs of itself belongs to nobody.
        command.arg(folder().join("runner.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Client { child, input, lines: BufReader::new(output).lines() }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn heard(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("the client ended").unwrap()).unwrap()
    }

    pub fn run(&mut self, scenario: &Value, bed: &Bed) -> Run {
        let mut order = scenario.clone();
        order["ws"] = bed.ws.1.as_str().into();
        order["admin_ws"] = bed.admin.1.as_str().into();
        let since = bed.mark();
        self.tell(&order.to_string());
        let told = self.heard();
        assert_eq!(told["row"], scenario["row"]);
        let sent = compare::canonical(bed.sent(since, told["seen"].as_str().unwrap()));
        self.tell("");
        assert_eq!(self.heard(), json!({"ended": scenario["row"]}));
        let results = told["results"].as_array().unwrap().iter().cloned().map(compare::settled).collect();
        Run { sent, results }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
