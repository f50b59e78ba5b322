//! Twin runs: the same work done by the Python client `janus_client` and by haft, each against the real Janus, through a
//! relay that keeps what they send. What they send is compared field by field, and what they are given as far as the client
//! shows it.
//!
//! `janus_twin/recorded.json` is what the client sends and how each step ends; `HAFT_JANUS_RECORD=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::struct_field_names,
    dead_code,
    reason = "a test stops at what must not be"
)]

#[path = "janus_twin/haft.rs"]
mod by_haft;
#[path = "janus_twin/python.rs"]
mod by_python;
#[path = "janus_twin/compare.rs"]
mod compare;
#[path = "janus/mod.rs"]
mod janus;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use haft_sandbox::janus::{Janus, Setup};
use janus::{client::Client, probe::admin, relay::Relay};
use serde_json::{Value, json};

/// A server of one variant, and the relays in front of its two interfaces.
struct Bed {
    janus: Janus,
    ws: (Relay, String),
    admin: (Relay, String),
}

impl Bed {
    fn start(variant: &str) -> Bed {
        let setup = if variant == "secret" { Setup::secret() } else { Setup::default() };
        let janus = Janus::start(&setup).unwrap();
        if variant == "secret" {
            let known = json!({"janus": "add_token", "token": "known", "plugins": ["janus.plugin.echotest"]});
            assert_eq!(admin(&janus, known)["janus"], "success");
        }
        let (ws, admin) = (Relay::of(&janus.ws), Relay::of(&janus.admin_ws));
        Bed { janus, ws, admin }
    }

    /// How many messages passed so far.
    fn mark(&self) -> [usize; 2] {
        [&self.ws, &self.admin].map(|(relay, _)| relay.messages().len())
    }

    /// What the client sent since then, up to the request of that transaction, which is left out.
    fn sent(&self, since: [usize; 2], last: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for ((relay, _), since) in [&self.ws, &self.admin].into_iter().zip(since) {
            let passed = relay.messages().into_iter().skip(since);
            let of_client = passed.filter(|(side, _)| *side == janus::relay::Side::Client).map(|(_, message)| message);
            all.extend(of_client.take_while(|message| message["transaction"] != last));
        }
        all
    }
}

/// The server of each variant that the scenarios name.
struct Beds(BTreeMap<String, Bed>);

impl Beds {
    fn of(&mut self, scenario: &Value) -> &Bed {
        let variant = scenario["server"].as_str().unwrap_or("default");
        self.0.entry(variant.to_owned()).or_insert_with(|| Bed::start(variant))
    }
}

/// What one side did: its messages in canonical form, and what the steps brought.
struct Run {
    sent: Vec<Value>,
    results: Vec<Value>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/janus_twin")
}

fn scenarios() -> Vec<Value> {
    let lines = include_str!("janus_twin/scenarios.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn by_python() -> BTreeMap<String, Run> {
    let (mut beds, mut client) = (Beds(BTreeMap::new()), Client::start());
    let mut run = |one: &Value| by_python::run(&mut client, one, beds.of(one));
    scenarios().iter().map(|one| (one["row"].as_str().unwrap().to_owned(), run(one))).collect()
}

#[test]
fn the_record_is_what_the_python_client_does() {
    let found: BTreeMap<String, Value> = by_python()
        .into_iter()
        .map(|(row, run)| {
            let outcomes: Vec<Value> = run.results.iter().map(compare::outcome).collect();
            (row, json!({"sent": run.sent, "outcomes": outcomes}))
        })
        .collect();
    let path = folder().join("recorded.json");
    if std::env::var_os("HAFT_JANUS_RECORD").is_some() {
        let rows: Vec<String> = found.iter().map(|(row, run)| format!("{}: {run}", json!(row))).collect();
        std::fs::write(&path, format!("{{\n{}\n}}\n", rows.join(",\n"))).unwrap();
        return;
    }
    let recorded: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    assert_eq!(recorded.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (row, run) in &found {
        for difference in compare::differences(&recorded[row], run) {
            wrong.push(format!(
                "{row}: {}\n  recorded: {}\n  now: {}",
                difference.place, difference.theirs, difference.ours
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn both_send_the_same_and_are_given_the_same() {
    let listed: Value = serde_json::from_str(include_str!("janus_twin/differences.json")).unwrap();
    let listed: BTreeSet<(String, String)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert!(entry["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{entry} says why");
            (entry["row"].as_str().unwrap().to_owned(), entry["where"].as_str().unwrap().to_owned())
        })
        .collect();
    let theirs = by_python();
    let (mut seen, mut wrong, mut beds) = (BTreeSet::new(), Vec::new(), Beds(BTreeMap::new()));
    for scenario in scenarios() {
        let row = scenario["row"].as_str().unwrap();
        let mine = by_haft::run(&scenario, beds.of(&scenario));
        let whole = |run: &Run| json!({"sent": run.sent, "results": run.results});
        for difference in compare::differences(&whole(&theirs[row]), &whole(&mine)) {
            let entry = (row.to_owned(), difference.place);
            if !listed.contains(&entry) {
                wrong.push(format!("{row}: {}\n  python: {}\n  haft: {}", entry.1, difference.theirs, difference.ours));
            }
            seen.insert(entry);
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    let gone: Vec<_> = listed.difference(&seen).collect();
    assert!(gone.is_empty(), "these differences show no more: {gone:?}");
}
