//! Two runs of a scenario beside each other, and the list of differences that are meant.

use std::{cell::RefCell, collections::BTreeSet, fs};

use haft_tools::native::root;
use serde_json::Value;

use super::{
    canon::{Request, changes},
    casts::{Played, Player},
};

/// What one side did and got.
pub struct Run {
    pub results: Vec<Value>,
    pub requests: Vec<Request>,
}

/// Classes of the official client's errors, and which of haft's codes say the same.
const ERRORS: &[(&str, &[&str])] = &[
    ("ServerError", &["server", "protocol", "server_compatibility"]),
    ("ServerCompatibilityError", &["server_compatibility"]),
    ("NoResultFoundError", &["no_result_found"]),
    ("MultipleResultsFoundError", &["multiple_results_found"]),
    ("KeyError", &["unknown_type", "unknown_attribute", "argument", "not_found", "parse"]),
    ("ValueError", &["wrong_key", "argument", "not_found", "unknown_attribute", "unknown_type"]),
    ("NotImplementedError", &["argument"]),
    ("JSONDecodeError", &["argument", "protocol"]),
    ("TypeError", &["argument"]),
    ("ImmutableAttributeError", &["immutable_attribute"]),
    ("ImmutableCollectionError", &["immutable_collection"]),
    ("DuplicateItemInCollectionError", &["duplicate_item_in_collection"]),
    ("NotUniqueError", &["not_unique"]),
    ("UnrecognisedEntityTypeError", &["unknown_type"]),
    ("ConnectionClosedError", &["closed"]),
    ("ConnectionError", &["protocol", "incomplete_read", "connect", "io"]),
    ("ChunkedEncodingError", &["incomplete_read"]),
    ("ReadTimeout", &["read_timeout"]),
    ("EventHubConnectionError", &["hub_not_connected"]),
    ("ParseError", &["parse"]),
    ("ComponentNotInLocationError", &["component_not_in_location"]),
    ("ComponentInLocationError", &["component_in_location"]),
    ("ComponentNotInAnyLocationError", &["component_not_in_any_location"]),
    // What accessors and structures say while bytes move comes in this one class.
    ("LocationError", &["location", "structure", "accessor_operation_failed", "accessor_resource_not_found", "io"]),
    ("StructureError", &["structure"]),
    ("AccessorOperationFailedError", &["accessor_operation_failed", "http_status"]),
    ("AccessorResourceNotFoundError", &["accessor_resource_not_found"]),
    ("AccessorUnsupportedOperationError", &["accessor_unsupported_operation"]),
    ("AttributeError", &["parse"]),
];

/// One difference that is meant.
pub struct Difference {
    /// What the official client does, and what haft does: a row of `docs/ftrack.md`.
    pub python: String,
    pub haft: String,
    /// Where it shows: `scenario`, or `scenario/mode`.
    scenarios: Vec<String>,
    /// Which parts it may touch: `result 2`, `request 1`, `requests`, `changes`.
    parts: Vec<String>,
    /// Scenarios in which it showed.
    seen: RefCell<BTreeSet<String>>,
}

pub struct Differences(pub Vec<Difference>);

impl Differences {
    pub fn read() -> Differences {
        let text = fs::read_to_string(root().join("tests/ftrack_twin/differences.json")).unwrap();
        let list: Vec<Value> = serde_json::from_str(&text).unwrap();
        let word = |entry: &Value, name: &str| {
            entry[name].as_str().unwrap_or_else(|| panic!("{entry} lacks {name}")).to_owned()
        };
        let words = |entry: &Value, name: &str| {
            entry[name].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        Differences(
            list.iter()
                .map(|entry| Difference {
                    python: word(entry, "python"),
                    haft: word(entry, "haft"),
                    scenarios: words(entry, "scenarios"),
                    parts: words(entry, "parts"),
                    seen: RefCell::default(),
                })
                .collect(),
        )
    }

    /// Whether that part of a scenario may differ.
    fn allow(&self, scenario: &str, mode: &str, part: &str) -> bool {
        let mut allowed = false;
        for one in &self.0 {
            let names = [scenario.to_owned(), format!("{scenario}/{mode}")];
            let here = one.scenarios.iter().filter(|name| names.contains(name));
            let fits = one.parts.iter().any(|known| {
                *known == part || part.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with(' '))
            });
            for name in here.filter(|_| fits) {
                one.seen.borrow_mut().insert(name.clone());
                allowed = true;
            }
        }
        allowed
    }

    /// Those that are listed for these scenarios and do not show any more.
    pub fn gone(&self, here: impl Fn(&str) -> bool) -> Vec<String> {
        let lacks = |one: &Difference| -> Vec<String> {
            let seen = one.seen.borrow();
            one.scenarios
                .iter()
                .filter(|name| here(name) && !seen.contains(*name))
                .map(|name| format!("{name}: {}", one.python))
                .collect()
        };
        self.0.iter().flat_map(lacks).collect()
    }
}

/// What differs and is not listed. With `exact` every byte that is sent counts; without, haft may send less and know more,
/// but has to change the same.
pub fn compare(scenario: &str, mode: &str, exact: bool, python: &Run, haft: &Run, listed: &Differences) -> Vec<String> {
    let mut out = Vec::new();
    let mut differs = |part: &str, why: String| {
        if !listed.allow(scenario, mode, part) {
            out.push(format!("{scenario}/{mode}, {part}: {why}"));
        }
    };
    if python.results.len() != haft.results.len() {
        differs(
            "results",
            format!(
                "{} from Python and {} from haft: {:?} {:?}",
                python.results.len(),
                haft.results.len(),
                python.results,
                haft.results
            ),
        );
    }
    for (at, (one, other)) in python.results.iter().zip(&haft.results).enumerate() {
        if let Some(why) = result(one, other, exact) {
            differs(&format!("result {at}"), why);
        }
    }
    let beside = || format!("\n    Python sent{}\n    haft sent{}", lines(&python.requests), lines(&haft.requests));
    let (sent, wanted) = (haft.requests.len(), python.requests.len());
    if sent > wanted || (exact && sent < wanted) {
        differs("requests", beside());
    } else if exact {
        for (at, (one, other)) in python.requests.iter().zip(&haft.requests).enumerate() {
            if (&one.line, &one.headers) != (&other.line, &other.headers) {
                differs(&format!("request {at}"), format!("\n    Python {one:?}\n    haft   {other:?}"));
            } else if one.body != other.body {
                differs(&format!("request {at}"), format!("\n    Python {}\n    haft   {}", one.body, other.body));
            }
        }
    }
    let (one, other) = (changes(&python.requests), changes(&haft.requests));
    if !exact && one != other {
        differs("changes", format!("\n    Python {}\n    haft   {}", Value::from(one), Value::from(other)));
    }
    out
}

/// Requests, one a line.
fn lines(requests: &[Request]) -> String {
    let line = |request: &Request| ["\n      ", &request.line, " ", &request.body].concat();
    requests.iter().map(line).collect()
}

/// The same for a scenario of the hub, played by another cast: what was heard, and with `exact` what was sent by the parts
/// that haft played, if there is an order in it.
pub fn compare_played(
    scenario: &str,
    ordered: bool,
    cast: [Player; 2],
    python: &Played,
    haft: &Played,
    listed: &Differences,
) -> Vec<String> {
    let exact = !cast.contains(&Player::Plain);
    let mode = if exact { "python" } else { "plain" };
    let mut out = Vec::new();
    let mut differs = |part: &str, why: String| {
        if !listed.allow(scenario, mode, part) {
            out.push(format!("{scenario}/{mode} as {cast:?}, {part}: {why}"));
        }
    };
    for (at, (one, other)) in python.results.iter().zip(&haft.results).enumerate() {
        if let Some(why) = result(one, other, true) {
            differs(&format!("result {at}"), why);
        }
    }
    for (at, player) in cast.iter().enumerate().filter(|_| exact && ordered) {
        let (one, other) = (python.sent.get(at), haft.sent.get(at));
        if *player == Player::Compat && one != other {
            differs(&format!("packets {at}"), format!("\n    Python {one:?}\n    haft   {other:?}"));
        }
    }
    out
}

/// Why two results of a step differ.
fn result(python: &Value, haft: &Value, exact: bool) -> Option<String> {
    let show = || Some(format!("\n    Python {python}\n    haft   {haft}"));
    match (python.get("error"), haft.get("error")) {
        (None, None) => (!same(&python["value"], &haft["value"], exact)).then(show).flatten(),
        // The official client played that part in both casts.
        (Some(class), Some(other)) if class == other => None,
        (Some(class), Some(detail)) => {
            let code = detail["code"].as_str().unwrap_or_default();
            let known = ERRORS.iter().find(|(name, _)| class == name).is_some_and(|(_, codes)| codes.contains(&code));
            if !known {
                return show();
            }
            // The server's own words come through.
            let words = python["text"].as_str().unwrap_or_default().strip_prefix("Server reported error: ");
            let told = format!(
                "{}({})",
                detail["exception"].as_str().unwrap_or_default(),
                detail["server_text"].as_str().unwrap_or_default()
            );
            (code == "server" && words.is_some_and(|words| words != told)).then(show).flatten()
        }
        _ => show(),
    }
}

/// Whether two values are the same; without `exact`, haft's entities may know more.
fn same(python: &Value, haft: &Value, exact: bool) -> bool {
    match (python, haft) {
        (Value::Object(one), Value::Object(other)) => {
            let more = !exact && other.contains_key("__entity_type__");
            (more || one.len() == other.len())
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|found| same(value, found, exact)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other, exact))
        }
        _ => python == haft,
    }
}
