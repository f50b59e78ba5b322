//! The Python client `janus_client` in a process of its own, as the original to compare with and as another party.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// The client's process; it ends with its standard input. `tests/python/janus_twin.py` says what it understands.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    pub fn start() -> Client {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/venv makes it", python.display());
        let mut command = Command::new(python);
        command.arg(root.join("tests/python/janus_twin.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Client { child, input, lines: BufReader::new(output).lines() }
    }

    /// A session with its handles, and its first steps: `results` of each, and the last transaction, `seen`.
    pub fn begin(&mut self, scenario: &Value) -> Value {
        self.ask(&scenario.to_string())
    }

    /// More steps on that session.
    pub fn go_on(&mut self, steps: &[&str]) -> Value {
        let steps: Vec<Value> = steps.iter().map(|step| json!({"python": step})).collect();
        self.ask(&json!({"steps": steps}).to_string())
    }

    /// Ends that session; another may begin.
    pub fn end(&mut self) {
        assert_eq!(self.ask(""), json!({"ended": true}));
    }

    fn ask(&mut self, line: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        serde_json::from_str(&self.lines.next().expect("the client ended").unwrap()).unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
