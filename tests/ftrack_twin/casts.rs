//! Who plays which part in a scenario of the event hub, and what is compared: what each part heard, and the packets that
//! it sent.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    Scenario,
    canon::{Names, Request, entries, request},
    hub::Part,
    python::Python,
};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Player {
    Python,
    /// haft with `compat: "python"`.
    Compat,
    /// haft as it is.
    Plain,
}

/// The parts, in the order in which they come.
const PARTS: [(&str, &str); 2] = [("a", "jenkins"), ("b", "martin")];

/// What came of a scenario.
pub struct Played {
    pub results: Vec<Value>,
    /// For each part: its handshake and upgrade, and the events that it sent.
    pub sent: Vec<(Vec<Request>, Vec<String>)>,
}

/// The stage of all casts.
pub struct Stage {
    pub sandbox: Sandbox,
    pub python: Python,
    pub schemas: String,
    seen: u64,
}

impl Stage {
    pub fn new(sandbox: Sandbox, python: Python, schemas: String) -> Stage {
        Stage { sandbox, python, schemas, seen: 0 }
    }

    /// Whether the server has a subscriber of that id.
    fn knows(&self, id: &Value) -> bool {
        let text =
            ureq::get(format!("{}/_ftrack", self.sandbox.http)).call().unwrap().body_mut().read_to_string().unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        let links = state["hub"]["connections"].as_array().unwrap();
        links.iter().flat_map(|link| link["subscribers"].as_array().unwrap()).any(|one| one["id"] == *id)
    }

    fn until(&self, id: &Value, known: bool) {
        let begun = Instant::now();
        while self.knows(id) != known {
            assert!(begun.elapsed() < Duration::from_secs(20), "{id} did not come or go");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Plays a scenario from its beginning to its end.
    pub fn play(&mut self, scenario: &Scenario, cast: [Player; 2]) -> Played {
        if scenario.steps.iter().any(|step| step["do"] == "commit") {
            self.sandbox.ftrack_order("reset=1").unwrap();
        }
        self.sent();
        let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
        let player = |who: &str| cast[PARTS.iter().position(|(name, _)| *name == who).unwrap()];
        for (who, user) in PARTS {
            let step = json!({"who": who, "do": "begin", "user": user, "url": self.sandbox.http, "schemas": self.schemas, "options": scenario.options});
            match player(who) {
                Player::Python => {
                    self.python.tell(&step);
                    assert_eq!(self.python.hear(), json!({"value": null}));
                }
                other => drop(parts.insert(who, Part::begin(&step, other == Player::Compat))),
            }
        }
        let connect = |(who, _): &(&str, &str)| json!({"who": who, "do": "connect", "quiet": true});
        let connects: Vec<Value> = if scenario.connected { PARTS.iter().map(connect).collect() } else { Vec::new() };
        let mut results = Vec::new();
        for step in connects.iter().chain(&scenario.steps) {
            let who = step["who"].as_str().unwrap();
            let result = match parts.get_mut(who) {
                Some(part) => part.step(step),
                None => {
                    self.python.tell(step);
                    self.python.hear()
                }
            };
            // The server takes packets of one connection in order, those of two in any.
            if result.get("error").is_none() && step["unknown"] != true {
                match step["do"].as_str().unwrap() {
                    "subscribe" => self.until(&step["id"], true),
                    "unsubscribe" => self.until(&step["id"], false),
                    "connect" if !step["known"].is_null() => self.until(&step["known"], true),
                    _ => {}
                }
            }
            if step["quiet"] != true {
                results.push(result);
            }
        }
        // haft waits for acknowledgements by itself.
        for (who, _) in PARTS.iter().filter(|(who, _)| scenario.connected && player(who) == Player::Python) {
            self.python.tell(&json!({"who": who, "do": "settle"}));
            assert_eq!(self.python.hear(), json!({"value": null}));
        }
        let sent = self.sent();
        for (who, _) in PARTS {
            match parts.get_mut(who) {
                Some(part) => drop(part.step(&json!({"do": "end"}))),
                None => {
                    self.python.tell(&json!({"who": who, "do": "end"}));
                    self.python.hear();
                }
            }
        }
        let mut names = Names::default();
        let results = results.iter().map(|result| names.value(result, &self.sandbox.http)).collect();
        Played { results, sent }
    }

    /// What each part sent, in the order of [`PARTS`].
    fn sent(&mut self) -> Vec<(Vec<Request>, Vec<String>)> {
        let mut out: Vec<(Vec<Request>, Vec<String>)> = Vec::new();
        for entry in entries(&self.sandbox, self.seen) {
            self.seen = entry["seq"].as_u64().unwrap();
            let mut names = Names::default();
            let Some(request) = request(&entry, &self.sandbox, &mut names) else { continue };
            match entry["messages"].as_array() {
                _ if !request.line.contains("/socket.io") => {}
                None => out.push((vec![request], Vec::new())),
                Some(messages) => {
                    let Some(last) = out.last_mut() else { continue };
                    last.0.push(request);
                    let texts = messages.iter().filter_map(|message| message["text"].as_str());
                    last.1 = texts.filter_map(event).map(|text| names.text(&tight(text), &self.sandbox.http)).collect();
                }
            }
        }
        let of = |sent: &&(Vec<Request>, Vec<String>), user: &str| {
            sent.0.first().is_some_and(|request| request.headers.get("ftrack-user").is_some_and(|known| known == user))
        };
        PARTS.iter().filter_map(|(_, user)| out.iter().rfind(|sent| of(sent, user)).cloned()).collect()
    }
}

/// The data of a packet that is an event; the official client's subscriptions for locations are its own, and so is what
/// it says at the end.
fn event(packet: &str) -> Option<&str> {
    let mut parts = packet.splitn(4, ':');
    let (kind, data) = (parts.next()?, parts.nth(2)?);
    let of_its_own =
        ["ftrack.storage-scenario", "storage_scenario", "\"twin.settle\""].iter().any(|word| data.contains(word));
    (kind == "5" && !of_its_own).then_some(data)
}

/// JSON without the blanks between its parts.
fn tight(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::with_capacity(json.len()), false, false);
    for letter in json.chars() {
        if inside || letter != ' ' {
            out.push(letter);
        }
        match letter {
            '"' if !escaped => inside = !inside,
            '\\' => {
                escaped = !escaped;
                continue;
            }
            _ => {}
        }
        escaped = false;
    }
    out
}
