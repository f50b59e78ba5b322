//! haft beside the official ftrack client: the same scenarios against two servers of their own. With `compat: "python"`
//! both send the same bytes and get the same results; without it haft sends no more requests, makes the same changes, and
//! gets the same results. `tests/ftrack_twin/differences.json` lists what is meant to differ; what is listed has to show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::missing_docs_in_private_items,
    reason = "a test stops at what must not be"
)]
#![allow(unsafe_code, reason = "haft is driven through its C interface")]

#[path = "ftrack_twin/abi.rs"]
mod abi;
#[path = "ftrack_twin/canon.rs"]
mod canon;
#[path = "ftrack_twin/casts.rs"]
mod casts;
#[path = "ftrack_twin/compare.rs"]
mod compare;
#[path = "ftrack_twin/haft.rs"]
mod haft_side;
#[path = "ftrack_twin/hub.rs"]
mod hub;
#[path = "ftrack_twin/python.rs"]
mod python;

use std::{fs, thread};

use canon::{Names, requests};
use casts::{Player, Stage};
use compare::{Differences, Run, compare, compare_played};
use haft_sandbox::{FtrackSetup, Options, Sandbox};
use haft_tools::native::{root, scratch};
use python::Python;
use serde_json::{Value, json};

/// Fewer scenarios than this means that some were passed over.
const SCENARIOS: usize = 198;
/// The same for the hub.
const PLAYED: usize = 24;

struct Scenario {
    name: String,
    options: Value,
    /// Of the hub: both are connected when it begins.
    connected: bool,
    steps: Vec<Value>,
}

/// All scenarios of a folder: a line with a name begins one, each further line is a step.
fn scenarios(folder: &str) -> Vec<Scenario> {
    let wanted = std::env::var("TWIN").ok();
    let mut files: Vec<_> = fs::read_dir(root().join("tests/ftrack_twin").join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut out: Vec<Scenario> = Vec::new();
    for file in files {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1));
            match line["scenario"].as_str() {
                Some(name) => {
                    assert!(out.iter().all(|known| known.name != name), "{name} is there twice");
                    let options = line.get("options").cloned().unwrap_or_else(|| json!({}));
                    let connected = line["connected"] != false;
                    out.push(Scenario { name: name.to_owned(), options, connected, steps: Vec::new() });
                }
                None => out.last_mut().unwrap().steps.push(line),
            }
        }
    }
    out.retain(|one| wanted.as_ref().is_none_or(|wanted| one.name.contains(wanted)));
    out
}

/// A server of one side.
struct Bed {
    sandbox: Sandbox,
    /// The last request that was looked at.
    seen: u64,
    /// Where types are kept.
    schemas: String,
}

impl Bed {
    fn new(name: &str) -> Bed {
        let sandbox = Sandbox::start(Options { ftrack: Some(FtrackSetup::default()), ..Options::default() }).unwrap();
        // The official client keeps types only where there is a folder.
        let folder = scratch(&format!("ftrack_twin_{name}"));
        Bed { sandbox, seen: 0, schemas: folder.to_str().unwrap().to_owned() }
    }

    /// Does what a run of a scenario does, on a server as at the start, and brings it into a form that can be compared.
    fn observed(&mut self, work: impl FnOnce(&Sandbox, &str) -> Vec<Value>) -> Run {
        self.sandbox.ftrack_order("reset=1").unwrap();
        let results = work(&self.sandbox, &self.schemas);
        let mut names = Names::default();
        let requests = requests(&self.sandbox, &mut self.seen, &mut names);
        let results = results.iter().map(|result| names.value(result, &self.sandbox.http)).collect();
        Run { results, requests }
    }

    fn haft(&mut self, scenario: &Scenario, python: bool) -> Run {
        self.observed(|sandbox, schemas| haft_side::Scenario::new(sandbox, &scenario.options, schemas, python).run(&scenario.steps))
    }
}

#[test]
fn both_do_the_same() {
    let wanted = std::env::var("TWIN").ok();
    let scenarios = scenarios("scenarios");
    let listed = Differences::read();
    let [mut theirs, mut compat, mut plain] = ["python", "compat", "plain"].map(Bed::new);
    let mut runner = Python::runner(&theirs.sandbox, &theirs.schemas);
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let (expected, exact, loose) = thread::scope(|scope| {
            let exact = scope.spawn(|| compat.haft(scenario, true));
            let loose = scope.spawn(|| plain.haft(scenario, false));
            let expected = theirs.observed(|_, _| {
                runner.tell(&json!({"options": scenario.options, "steps": scenario.steps}));
                runner.hear().as_array().unwrap().clone()
            });
            (expected, exact.join().unwrap(), loose.join().unwrap())
        });
        if wanted.is_some() {
            println!("{}", scenario.name);
            expected.results.iter().for_each(|result| println!("  {result}"));
            expected.requests.iter().for_each(|request| println!("  {request:?}"));
        }
        wrong.extend(compare(&scenario.name, "python", true, &expected, &exact, &listed));
        wrong.extend(compare(&scenario.name, "plain", false, &expected, &loose, &listed));
    }
    println!("{} scenarios", scenarios.len());
    if wanted.is_none() {
        wrong.extend(listed.gone(|name| !name.starts_with("hub:")).into_iter().map(|gone| format!("listed, and does not show any more: {gone}")));
        assert!(scenarios.len() >= SCENARIOS, "{} scenarios", scenarios.len());
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whoever plays them, both parts hear the same; with `compat: "python"` they say the same, too.
#[test]
fn both_hear_the_same() {
    let wanted = std::env::var("TWIN").is_ok();
    let scenarios = scenarios("hub");
    let listed = Differences::read();
    let bed = Bed::new("hub");
    let mut stage = Stage::new(bed.sandbox, Python::start("hub_runner.py", &[]), bed.schemas);
    let casts = [
        [Player::Compat, Player::Python],
        [Player::Python, Player::Compat],
        [Player::Plain, Player::Plain],
    ];
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let expected = stage.play(scenario, [Player::Python, Player::Python]);
        if wanted {
            println!("{}", scenario.name);
            expected.results.iter().for_each(|result| println!("  {result}"));
            expected.sent.iter().for_each(|sent| println!("  {sent:?}"));
        }
        for cast in casts {
            let played = stage.play(scenario, cast);
            wrong.extend(compare_played(&scenario.name, cast, &expected, &played, &listed));
        }
    }
    println!("{} scenarios", scenarios.len());
    if !wanted {
        wrong.extend(listed.gone(|name| name.starts_with("hub:")).into_iter().map(|gone| format!("listed, and does not show any more: {gone}")));
        assert!(scenarios.len() >= PLAYED, "{} scenarios", scenarios.len());
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
