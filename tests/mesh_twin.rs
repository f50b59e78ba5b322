//! Twin runs: the same work done by the official Python SDK and by haft, each against a fresh sandbox. What they send is
//! compared field by field, and what they are given as far as the SDK shows it.
//!
//! What the SDK did is in `mesh_twin/recorded.json`. With `HAFT_MESH_SDK` (the folder that its package `volue` is in) and
//! `HAFT_MESH_PYTHON` (an interpreter with what it needs) it is run again: the record must be what it does now, or is
//! written anew with `HAFT_MESH_RECORD=1`; `scripts/mesh-twin` does all that.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "mesh_verbs/bed.rs"]
mod bed;
#[path = "mesh_twin/haft.rs"]
mod by_haft;
#[path = "mesh_twin/compare.rs"]
mod compare;
#[path = "mesh_twin/crosstalk.rs"]
mod crosstalk;

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, process::Command};

use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mesh_twin")
}

fn scenarios() -> Vec<Value> {
    include_str!("mesh_twin/scenarios.jsonl")
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn both_send_the_same_and_are_given_the_same() {
    let recorded: Value = serde_json::from_str(include_str!("mesh_twin/recorded.json")).unwrap();
    let listed: Value = serde_json::from_str(include_str!("mesh_twin/differences.json")).unwrap();
    let listed: BTreeSet<(String, String)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert!(entry["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{entry} says why");
            (entry["row"].as_str().unwrap().to_owned(), entry["where"].as_str().unwrap().to_owned())
        })
        .collect();
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    let scenarios = scenarios();
    assert_eq!(scenarios.len(), recorded.as_object().unwrap().len(), "the record is of these scenarios");
    for scenario in &scenarios {
        let row = scenario["row"].as_str().unwrap();
        let mine = by_haft::run(scenario);
        for difference in compare::differences(&recorded[row], &mine, compare::creates(scenario)) {
            let entry = (row.to_owned(), difference.place);
            if !listed.contains(&entry) {
                wrong.push(format!("{row}: {}\n  sdk:  {}\n  haft: {}", entry.1, difference.theirs, difference.ours));
            }
            seen.insert(entry);
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    let gone: Vec<_> = listed.difference(&seen).collect();
    assert!(gone.is_empty(), "these differences show no more: {gone:?}");
}

/// The SDK that scripts/mesh-twin names, and a Python for it. Without them what needs it fails: it was not run.
fn sdk() -> (OsString, OsString) {
    let named =
        |name: &str| std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run scripts/mesh-twin"));
    (named("HAFT_MESH_SDK"), named("HAFT_MESH_PYTHON"))
}

#[test]
#[ignore = "needs the official SDK: scripts/mesh-twin CHECKOUT"]
fn the_record_is_what_the_sdk_does() {
    let (sdk, python) = sdk();
    let sandbox = bed::sandbox();
    let out = Command::new(python)
        .arg(folder().join("runner.py"))
        .arg(folder().join("scenarios.jsonl"))
        .args([&sandbox.mesh["mesh"], &sandbox.http])
        .env("PYTHONPATH", sdk)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut found: Value = serde_json::from_slice(&out.stdout).unwrap();
    found.as_object_mut().unwrap().values_mut().for_each(compare::canonical);
    let path = folder().join("recorded.json");
    if std::env::var_os("HAFT_MESH_RECORD").is_some() {
        let rows: Vec<String> =
            found.as_object().unwrap().iter().map(|(row, run)| format!("{}: {run}", json!(row))).collect();
        std::fs::write(&path, format!("{{\n{}\n}}\n", rows.join(",\n"))).unwrap();
        return;
    }
    let recorded: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for scenario in scenarios() {
        let row = scenario["row"].as_str().unwrap();
        for (one, other) in [(&recorded[row], &found[row]), (&found[row], &recorded[row])] {
            let places: Vec<_> = compare::differences(one, other, compare::creates(&scenario))
                .into_iter()
                .map(|found| found.place)
                .collect();
            assert!(places.is_empty(), "{row}: {places:?}");
        }
    }
}
