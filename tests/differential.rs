//! haft and Python `requests` through the same scripted calls: what the server received and what the caller got must be
//! equal, but for the differences that `tests/differential/differences.py` lists.
//!
//! `scripts/test` makes `.venv`. One test for each subject, so that they run side by side.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{libraries, root, run, scratch};

/// The subjects, with the cases that each has at least; altogether there are far more than two hundred.
const SUBJECTS: [(&str, usize); 12] = [
    ("auth", 80),
    ("bodies", 100),
    ("content", 200),
    ("cookies", 80),
    ("faults", 85),
    ("headers", 75),
    ("multipart", 35),
    ("params", 50),
    ("proxies", 100),
    ("redirects", 185),
    ("tls", 40),
    ("urls", 140),
];

fn python() -> PathBuf {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
    python
}

fn compare(subject: &str) {
    let least = SUBJECTS.iter().find(|(name, _)| *name == subject).map(|(_, least)| *least).unwrap();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let addresses = scratch(&format!("differential_{subject}")).join("sandbox.json");
    fs::write(&addresses, sandbox.to_json().to_string()).unwrap();
    let library = libraries().join("libhaft.so");
    let mut command = Command::new(python());
    command.arg(root().join("tests/differential/run.py")).arg(subject).arg("--sandbox").arg(&addresses);
    let Output { status, stdout, stderr } = command.env("HAFT_LIBRARY", library).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{subject}: {status}\n{stdout}\n{stderr}");
    // The last line is `N cases, M failed`.
    let last = stdout.lines().last().unwrap_or_default();
    let count: usize = last.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
    assert!(count >= least, "{subject} had {count} cases, which is less than {least}\n{stdout}");
    println!("{subject}: {last}");
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
            assert!(SUBJECTS.iter().map(|(_, least)| least).sum::<usize>() >= 200);
        }
    };
}

subjects!(auth bodies content cookies faults headers multipart params proxies redirects tls urls);

#[test]
fn the_page_of_differences_is_up_to_date() {
    run(Command::new(python()).arg(root().join("tests/differential/document.py")).arg("--check"));
}
