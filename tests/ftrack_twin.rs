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
    clippy::borrow_as_ptr,
    clippy::format_push_string,
    clippy::single_match_else,
    clippy::disallowed_methods,
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

use canon::{Names, Request, requests};
use casts::{Player, Stage};
use compare::{Differences, Run, compare, compare_played};
use haft_sandbox::{FtrackSetup, Options, Sandbox};
use haft_tools::native::{root, scratch};
use python::Python;
use serde_json::{Value, json};

/// Fewer scenarios than this means that some were passed over.
const SCENARIOS: usize = 242;
/// The same for the hub.
const PLAYED: usize = 27;

struct Scenario {
    name: String,
    options: Value,
    /// Of the hub: both are connected when it begins.
    connected: bool,
    steps: Vec<Value>,
}

impl Scenario {
    /// Whether it gives the server orders.
    fn orders(&self) -> bool {
        self.steps.iter().any(|step| step["do"] == "order")
    }
}

/// All scenarios of a folder: a line with a name begins one, each further line is a step.
fn scenarios(folder: &str) -> Vec<Scenario> {
    let wanted = std::env::var("TWIN").ok();
    let mut files: Vec<_> = fs::read_dir(root().join("tests/ftrack_twin").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut out: Vec<Scenario> = Vec::new();
    for file in files {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1));
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
    /// Whether rows or settings may be others than at the start; to begin anew takes a while.
    touched: bool,
}

/// Actions that leave a server as it is.
const READING: [&str; 4] = ["query", "query_schemas", "query_server_information", "search"];

impl Bed {
    fn new(name: &str) -> Bed {
        let sandbox = Sandbox::start(Options { ftrack: Some(FtrackSetup::default()), ..Options::default() }).unwrap();
        // The official client keeps types only where there is a folder.
        let folder = scratch(&format!("ftrack_twin_{name}"));
        Bed { sandbox, seen: 0, schemas: folder.to_str().unwrap().to_owned(), touched: false }
    }

    /// Does what a run of a scenario does, on a server as at the start, and brings it into a form that can be compared.
    /// `orders`: the work gives the server orders.
    fn observed(&mut self, orders: bool, work: impl FnOnce(&Sandbox, &str) -> Vec<Value>) -> Run {
        if std::mem::take(&mut self.touched) {
            self.sandbox.ftrack_order("reset=1").unwrap();
        }
        let results = work(&self.sandbox, &self.schemas);
        let mut names = Names::within(format!("{}/files", self.schemas));
        let requests = requests(&self.sandbox, &mut self.seen, &mut names);
        let reads = |operation: &Value| READING.contains(&operation["action"].as_str().unwrap_or_default());
        let only_reads = |request: &Request| {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            body.as_array().is_some_and(|operations| operations.iter().all(reads))
        };
        self.touched = orders || !requests.iter().all(only_reads);
        let results = results.iter().map(|result| names.value(result, &self.sandbox.http)).collect();
        Run { results, requests }
    }

    fn haft(&mut self, scenario: &Scenario, python: bool) -> Run {
        self.observed(scenario.orders(), |sandbox, schemas| {
            haft_side::Scenario::new(sandbox, &scenario.options, schemas, python).run(&scenario.steps)
        })
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
    // Each side keeps the types from here on, whichever scenarios are run.
    let first = Scenario { name: String::new(), options: json!({}), connected: false, steps: Vec::new() };
    runner.tell(&json!({"options": {}, "steps": []}));
    assert_eq!(runner.hear(), json!([]));
    compat.haft(&first, true);
    plain.haft(&first, false);
    theirs.observed(false, |_, _| Vec::new());
    for scenario in &scenarios {
        let (expected, exact, loose) = thread::scope(|scope| {
            let exact = scope.spawn(|| compat.haft(scenario, true));
            let loose = scope.spawn(|| plain.haft(scenario, false));
            let expected = theirs.observed(scenario.orders(), |_, _| {
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
        wrong.extend(
            listed
                .gone(|name| !name.starts_with("hub:"))
                .into_iter()
                .map(|gone| format!("listed, and does not show any more: {gone}")),
        );
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
    let casts = [[Player::Compat, Player::Python], [Player::Python, Player::Compat], [Player::Plain, Player::Plain]];
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let ordered = scenario.options["auto_connect_event_hub"] != true;
        let expected = stage.play(scenario, [Player::Python, Player::Python]);
        if wanted {
            println!("{}", scenario.name);
            expected.results.iter().for_each(|result| println!("  {result}"));
            expected.sent.iter().for_each(|sent| println!("  {sent:?}"));
        }
        for cast in casts {
            let played = stage.play(scenario, cast);
            wrong.extend(compare_played(&scenario.name, ordered, cast, &expected, &played, &listed));
        }
    }
    println!("{} scenarios", scenarios.len());
    if !wanted {
        wrong.extend(
            listed
                .gone(|name| name.starts_with("hub:"))
                .into_iter()
                .map(|gone| format!("listed, and does not show any more: {gone}")),
        );
        assert!(scenarios.len() >= PLAYED, "{} scenarios", scenarios.len());
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// The file of types that one wrote is read by the other: it is the same, byte by byte.
#[test]
fn the_file_of_types_is_exchanged() {
    let mut bed = Bed::new("exchange");
    let mut runner = Python::runner(&bed.sandbox, &bed.schemas);
    // Opens a session with a folder; how many requests that took.
    let mut open = |who: Player, folder: &str, changed: bool| {
        let options = json!({ "schema_cache_path": folder });
        let run = bed.observed(changed, |sandbox, _| {
            if changed {
                sandbox.ftrack_order("schema=Task&attribute=flavour&kind=string").unwrap();
            }
            if who == Player::Python {
                runner.tell(&json!({ "options": options, "steps": [] }));
                assert_eq!(runner.hear(), json!([]));
            } else {
                assert!(haft_side::Scenario::new(sandbox, &options, folder, who == Player::Compat).run(&[]).is_empty());
            }
            Vec::new()
        });
        run.requests.len()
    };
    let folder = |name: &str| scratch(&format!("ftrack_twin_types_{name}"));
    let official = |folder: &std::path::Path| fs::read_to_string(folder.join("ftrack_api_schema_cache.json"));
    let (of_python, of_haft, of_each) = (folder("python"), folder("haft"), folder("each"));
    let [python, haft, each] = [&of_python, &of_haft, &of_each].map(|folder| folder.to_str().unwrap());

    assert_eq!((open(Player::Python, python, false), open(Player::Compat, haft, false)), (2, 2));
    assert_eq!(official(&of_python).unwrap(), official(&of_haft).unwrap());
    assert_eq!([Player::Compat, Player::Plain, Player::Python].map(|who| open(who, python, false)), [1, 1, 1]);
    assert_eq!([Player::Python, Player::Plain, Player::Compat].map(|who| open(who, haft, false)), [1, 1, 1]);
    // Types that have changed are told by their hash, whoever wrote the file.
    assert_eq!((open(Player::Compat, python, true), open(Player::Python, python, true)), (2, 1));
    assert_eq!((open(Player::Python, haft, true), open(Player::Compat, haft, true)), (2, 1));
    assert_eq!(official(&of_python).unwrap(), official(&of_haft).unwrap());
    // As it is, haft keeps a file for each server.
    assert_eq!([Player::Plain, Player::Plain, Player::Python].map(|who| open(who, each, false)), [2, 1, 2]);
}

/// What is meant to differ is told to users, word by word.
#[test]
fn the_page_tells_every_difference() {
    let page = fs::read_to_string(root().join("docs/ftrack.md")).unwrap();
    let (_, table) = page.split_once("## Deliberate differences").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    for one in Differences::read().0 {
        let row = format!("| {} | {} |", one.python, one.haft);
        assert!(table.contains(&row), "docs/ftrack.md lacks the row\n{row}");
    }
}
