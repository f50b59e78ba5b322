//! The official ftrack client, unmodified, against the sandbox: what it needs of a server is there.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use haft_sandbox::{FtrackSetup, Options, Sandbox};
use haft_tools::native::{root, run, scratch};

/// Cases of `tests/python/ftrack_client.py`: none is passed over.
const CASES: usize = 31;

fn python() -> PathBuf {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
    python
}

#[test]
fn the_official_client_runs() {
    let options = Options { ftrack: Some(FtrackSetup::default()), ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let ready = scratch("ftrack_sandbox").join("ready.json");
    fs::write(&ready, sandbox.to_json().to_string()).unwrap();
    let script = root().join("tests/python/ftrack_client.py");
    let mut command = Command::new(python());
    command.arg(script).arg(&ready).env("FTRACK_EVENT_PLUGIN_PATH", "").env("PYTHONDONTWRITEBYTECODE", "1");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    assert_eq!(stdout.lines().last(), Some(&*format!("{CASES} cases, 0 failed")), "{stdout}");
    println!("{CASES} cases");
}

#[test]
fn types_and_rows_are_what_their_script_writes() {
    run(Command::new("python3").arg(root().join("tests/sandbox/data/ftrack/generate.py")).arg("--check"));
}
