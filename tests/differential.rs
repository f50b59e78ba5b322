//! haft and Python `requests` through the same scripted calls: what the server received and what the caller got must be
//! equal, but for the differences that `tests/differential/differences.py` lists.
//!
//! haft runs them in several ways: on the calling thread, submitted, with bodies that are read later, over HTTP/2. `scripts/test` makes `.venv`. One test for each
//! subject, so that they run side by side.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{libraries, root, run, scratch};

/// The ways in which haft carries the calls of every case.
const WAYS: [&str; 4] = ["blocking", "submit", "stream", "http2"];

/// The subjects, with the number of their cases: none is passed over by any way.
const SUBJECTS: [(&str, usize); 13] = [
    ("auth", 82),
    ("bodies", 101),
    ("content", 209),
    ("cookies", 85),
    ("faults", 90),
    ("headers", 79),
    ("host", 60),
    ("multipart", 39),
    ("params", 56),
    ("proxies", 105),
    ("redirects", 190),
    ("tls", 44),
    ("urls", 147),
];

fn python() -> PathBuf {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
    python
}

fn compare(subject: &str) {
    let count = SUBJECTS.iter().find(|(name, _)| *name == subject).map(|(_, count)| *count).unwrap();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let addresses = scratch(&format!("differential_{subject}")).join("sandbox.json");
    fs::write(&addresses, sandbox.to_json().to_string()).unwrap();
    let library = libraries().join("libhaft.so");
    let mut command = Command::new(python());
    command.arg(root().join("tests/differential/run.py")).arg(subject).arg("--sandbox").arg(&addresses);
    WAYS.iter().for_each(|way| {
        command.args(["--way", way]);
    });
    let Output { status, stdout, stderr } = command.env("HAFT_LIBRARY", library).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{subject}: {status}\n{stdout}\n{stderr}");
    // The last lines are `WAY: N cases, M failed`.
    let wanted: Vec<String> = WAYS.iter().map(|way| format!("{way}: {count} cases, 0 failed")).collect();
    let told: Vec<&str> = stdout.lines().rev().take(WAYS.len()).collect::<Vec<_>>().into_iter().rev().collect();
    assert_eq!(told, wanted, "{subject}\n{stdout}");
    println!("{subject}: {}", told.join("; "));
}

macro_rules! subjects {
    ($($subject:ident)*) => {
        $(#[test] fn $subject() { compare(stringify!($subject)); })*

        #[test]
        fn every_subject_is_tested() {
            let mut files: Vec<String> = fs::read_dir(root().join("tests/differential/subjects"))
                .unwrap()
                .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".py").map(String::from))
                .filter(|name| name != "__init__")
                .collect();
            files.sort();
            assert_eq!(files, [$(stringify!($subject)),*]);
        }
    };
}

subjects!(auth bodies content cookies faults headers host multipart params proxies redirects tls urls);

#[test]
fn the_page_of_differences_is_up_to_date() {
    run(Command::new(python()).arg(root().join("tests/differential/document.py")).arg("--check"));
}
