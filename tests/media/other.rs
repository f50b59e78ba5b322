//! The Python client `janus_client` with its own peer connection, in a process of its own. `tests/python/janus_media.py`
//! says what it is told and what it answers.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// One party; it ends with its standard input.
pub struct Other {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    /// Starts it with its first order, and waits for the answer.
    #[track_caller]
    pub fn start(order: &Value) -> Other {
        let mut other = Other::starting(order);
        other.answer();
        other
    }

    /// Starts it with its first order: the answer waits, as for a call that is yet to be accepted.
    #[track_caller]
    pub fn starting(order: &Value) -> Other {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/venv makes it", python.display());
        let mut command = Command::new(python);
        command.arg(root.join("tests/python/janus_media.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut other = Other { child, input, lines: BufReader::new(output).lines() };
        other.tell(order);
        other
    }

    /// Another order.
    #[track_caller]
    pub fn tell(&mut self, order: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{order}").unwrap();
    }

    /// What it answered, which is no error.
    #[track_caller]
    pub fn answer(&mut self) -> Value {
        let told: Value = serde_json::from_str(&self.lines.next().expect("the other party ended").unwrap()).unwrap();
        assert!(told.get("raised").is_none(), "{told}");
        told
    }

    /// Another order and its answer.
    #[track_caller]
    pub fn ask(&mut self, order: &Value) -> Value {
        self.tell(order);
        self.answer()
    }

    /// The MD5 of the pictures that came, at least so many.
    #[track_caller]
    pub fn pictures(&mut self, count: usize) -> Vec<String> {
        let told = self.ask(&json!({"pictures": count}));
        told["pictures"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
