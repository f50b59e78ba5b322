//! What a session over HTTP does, the same in every way of carrying its calls: `tests/conformance/conformance.c` runs its
//! cases through the C interface, waiting, submitted, or both in turn over HTTP/2, and prints a line for each. What it must print was written from the
//! specification: `tests/conformance/expected.txt`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be")]

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, compile, root, run, scratch};

/// The cases there are: none may be left out by any way.
const CASES: usize = 161;

/// `name: text` for each case, in order, as this way has to print it.
fn expected(way: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/conformance/expected.txt")).unwrap();
    let mut special = BTreeMap::new();
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, told) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        match name.strip_suffix(']').and_then(|name| name.rsplit_once(" [")) {
            Some((name, its)) if its == way => drop(special.insert(name, told)),
            Some(_) => {}
            None => lines.push((name, told)),
        }
    }
    for (name, told) in &special {
        let usual = lines.iter().find(|(known, _)| known == name);
        assert!(usual.is_some_and(|(_, usual)| usual != told), "{name} [{way}] is no exception");
    }
    let line = |(name, told): (&str, &str)| {
        format!("{name}: {}", special.get(name).copied().unwrap_or(told)).trim_end().to_owned()
    };
    lines.into_iter().map(line).collect()
}

fn conforms(way: &str) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = scratch(&format!("conformance_{way}"));
    let source = root().join("tests/conformance/conformance.c");
    let program = compile(&source, Link::Shared, &["-std=c11", "-D_GNU_SOURCE"], &folder);
    let path = |path: &Path| path.display().to_string();
    let (http, https) = if way == "http2" { (&sandbox.h2c, &sandbox.https2) } else { (&sandbox.http, &sandbox.https) };
    let names = [
        ("http", http.clone()),
        ("https", https.clone()),
        ("proxy", sandbox.http_proxy.clone()),
        ("socks", sandbox.socks_proxy.clone()),
        ("ca", path(&sandbox.ca)),
        ("pin", sandbox.pin.clone()),
        ("folder", path(&folder)),
    ];
    let names = names.map(|(name, value)| format!("{name}={value}"));
    let told = run(Command::new(program).arg(way).args(names));
    let (mut told, wanted): (Vec<&str>, _) = (told.lines().collect(), expected(way));
    assert_eq!((told.pop(), wanted.len()), (Some(format!("{CASES} cases").as_str()), CASES));
    let wrong: Vec<String> = told
        .iter()
        .zip(&wanted)
        .filter(|(told, wanted)| told != wanted)
        .map(|(told, wanted)| format!("told   {told}\nwanted {wanted}\n"))
        .collect();
    assert!(wrong.is_empty(), "{} of {CASES} cases by {way}\n{}", wrong.len(), wrong.concat());
}

#[test]
fn on_the_calling_thread() {
    conforms("blocking");
}

#[test]
fn submitted_to_the_reactor() {
    conforms("reactor");
}

#[test]
fn over_http2_in_turns() {
    conforms("http2");
}
