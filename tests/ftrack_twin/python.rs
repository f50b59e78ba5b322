//! The official client, in a process of its own that carries out one scenario after the other.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use haft_sandbox::Sandbox;
use haft_tools::native::root;
use serde_json::Value;

pub struct Python {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Python {
    /// Starts `script` of this folder.
    pub fn start(script: &str, arguments: &[&str]) -> Python {
        let python = root().join(".venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
        let mut command = Command::new(python);
        command.arg(root().join("tests/ftrack_twin").join(script)).args(arguments);
        // Neither plug-ins nor settings of whoever runs the tests.
        for name in ["FTRACK_EVENT_PLUGIN_PATH", "FTRACK_API_SCHEMA_CACHE_PATH", "HTTP_PROXY", "http_proxy"] {
            command.env_remove(name);
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Python { orders: child.stdin.take(), child, lines }
    }

    /// The runner of scenarios.
    pub fn runner(sandbox: &Sandbox, schemas: &str) -> Python {
        Python::start("runner.py", &[&sandbox.http, schemas])
    }

    /// Says one line.
    pub fn tell(&mut self, order: &Value) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
    }

    /// The next line.
    pub fn hear(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("Python ended").unwrap()).unwrap()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
