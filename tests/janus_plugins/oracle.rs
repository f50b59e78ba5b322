//! The server as the judge: whatever the tables say that it checks is sent to it wrong, and missing, past our own check. It
//! has to refuse the same field for the same reason.

use haft::backends::janus::plugins::{
    self, Jsep, Plugin, Request, Way,
    field::{self, Field, Kind},
};
use haft_sandbox::janus::Janus;
use serde_json::{Map, Value, json};

use crate::{
    bed::{ROOM_SECRET, args, offer, start},
    janus::probe::Socket,
};

/// Requests that a server of 1.1.2 does not know.
const NEWER: [&str; 16] = [
    "audiobridge suspend",
    "audiobridge resume",
    "audiobridge listannouncements",
    "audiobridge stop_all_files",
    "audiobridge denoise_enable",
    "audiobridge denoise_disable",
    "sip progress",
    "sip send_ringing",
    "sip keyframe",
    "sip rtp_forward",
    "sip stop_rtp_forward",
    "sip listforwarders",
    "nosip keyframe",
    "nosip rtp_forward",
    "nosip stop_rtp_forward",
    "nosip listforwarders",
];

/// Requests whose state is looked at before their fields, in a state that no test brings about without media.
const STATE_FIRST: &[&str] =
    &["sip accept", "sip transfer", "sip hold", "sip recording", "sip info", "sip dtmf_info", "sip decline"];

/// A value that the field takes.
fn fit(plugin: &Plugin, field: Field) -> Value {
    match (field.name, field.kind) {
        // The rooms that are there from the beginning are joined already, or take no packets.
        ("room", _) if plugin.name() == "audiobridge" => json!(DUMMY),
        ("room", _) => json!(1234),
        ("feed", _) => json!(DUMMY),
        ("secret", _) => json!(ROOM_SECRET),
        (_, Kind::Bool) => json!(true),
        (_, Kind::Int | Kind::Nat | Kind::Id) => json!(99),
        (_, Kind::Text | Kind::Secret) => json!("127.0.0.1"),
        (_, Kind::Texts | Kind::Secrets | Kind::Array) => json!([]),
        (_, Kind::Object) => json!({}),
        (_, Kind::Word(words)) => json!(words.split('|').next()),
        (_, Kind::One(group)) => least(plugin, field::read(plugin.group(group))),
        (_, Kind::Many(group)) => json!([least(plugin, field::read(plugin.group(group)))]),
    }
}

/// The mandatory fields alone.
fn least(plugin: &Plugin, fields: impl Iterator<Item = Field>) -> Value {
    let mandatory = fields.filter(|field| field.mandatory);
    Value::Object(mandatory.map(|field| (field.name.to_owned(), fit(plugin, field))).collect())
}

/// Values that it does not take.
fn unfit(field: Field) -> Vec<Value> {
    let mut wrong = match field.kind {
        Kind::Bool => vec![json!("true"), json!(1)],
        Kind::Int => vec![json!("1"), json!(1.5)],
        Kind::Nat | Kind::Id => vec![json!(-1), json!(true), json!(1.5)],
        _ => vec![json!(7), json!(true)],
    };
    if field.filled {
        wrong.push(json!(""));
    }
    wrong
}

/// What the server calls that.
fn words(field: Field) -> &'static str {
    match field.kind {
        _ if field.filled => "a non-empty string",
        // Text only where it was set up so.
        Kind::Id => "a positive integer",
        Kind::Texts | Kind::Secrets | Kind::Array | Kind::Many(_) => "an array",
        Kind::Object | Kind::One(_) => "an object",
        kind => kind.words(),
    }
}

/// A room, a publisher in it that needs no media, and a mountpoint: what is asked for has to be there.
const DUMMY: u64 = 99;

/// What there is to check of one request under one condition.
struct Trial {
    plugin: &'static Plugin,
    request: &'static Request,
    /// All that is mandatory, and what makes the condition.
    base: Map<String, Value>,
    fields: Vec<Field>,
}

fn trials(plugin: &'static Plugin, request: &'static Request) -> Vec<Trial> {
    let common = || request.fields.iter().flat_map(|text| field::read(text));
    let trial = |when: &[(&str, &str)], fields: Vec<Field>| {
        let Value::Object(mut base) = least(plugin, common().chain(fields.iter().copied())) else { unreachable!() };
        if let Some(wire) = request.wire {
            base.insert("request".into(), json!(wire));
        }
        for (name, value) in when {
            match *value {
                "" => drop(base.remove(*name)),
                "true" => drop(base.insert((*name).into(), json!(true))),
                word => drop(base.insert((*name).into(), json!(word))),
            }
        }
        // An empty list is no list of media.
        Trial { plugin, request, base, fields }
    };
    let mut trials: Vec<Trial> = request
        .cases
        .iter()
        .map(|case| trial(case.when, case.fields.iter().flat_map(|text| field::read(text)).collect()))
        .collect();
    match trials.first_mut() {
        Some(first) => first.fields.extend(common()),
        None => trials.push(trial(&[], common().collect())),
    }
    trials
}

/// The server, and a handle in the state in which it looks at the fields of a request.
struct Judge {
    socket: Socket,
    session: u64,
    /// How many handles there were: users have different names.
    handles: usize,
}

impl Judge {
    fn new(janus: &Janus) -> Judge {
        let mut socket = Socket::open(&janus.ws).unwrap();
        let session = socket.create();
        Judge { socket, session, handles: 0 }
    }

    fn send(&mut self, handle: u64, body: &Value, jsep: Option<Value>) -> Value {
        let mut message = json!({"janus": "message", "session_id": self.session, "handle_id": handle, "body": body});
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        let answer = self.socket.ask(message);
        match answer["plugindata"]["data"].clone() {
            Value::Null => answer,
            data => data,
        }
    }

    fn handle(&mut self, plugin: &Plugin, request: &Request) -> u64 {
        let handle = self.socket.attach(self.session, plugin.package);
        self.handles += 1;
        let before: Vec<Value> = match (plugin.name(), request.name) {
            ("videoroom", "publish" | "configure" | "unpublish") => {
                vec![json!({"request": "join", "room": 1234, "ptype": "publisher"})]
            }
            ("videoroom", "subscribe" | "unsubscribe" | "update" | "switch") => {
                vec![json!({"request": "join", "room": DUMMY, "ptype": "subscriber", "streams": [{"feed": DUMMY}]})]
            }
            ("videocall", "call" | "accept" | "set") => {
                vec![json!({"request": "register", "username": format!("judge {}", self.handles)})]
            }
            ("streaming", "configure" | "switch") => vec![json!({"request": "watch", "id": DUMMY})],
            ("audiobridge", "configure" | "changeroom") => vec![json!({"request": "join", "room": 1234})],
            ("sip", name) if name != "register" => {
                vec![json!({"request": "register", "type": "guest", "username": "sip:judge@127.0.0.1"})]
            }
            _ => Vec::new(),
        };
        for body in before {
            let answer = self.send(handle, &body, None);
            assert!(answer["error_code"].is_null(), "{body}: {answer}");
        }
        handle
    }
}

/// The number under which a plugin refuses in this way.
fn number(plugin: &Plugin, word: &str) -> Option<i64> {
    plugin.refusals.iter().find(|(_, code)| code.word == word).map(|(number, _)| *number)
}

#[test]
fn the_server_checks_what_the_tables_say() {
    let janus = start();
    let mut judge = Judge::new(&janus);
    let video = json!([{"type": "video", "mindex": 0, "mid": "0", "codec": "vp8"}]);
    for (plugin, body) in [
        ("videoroom", json!({"request": "create", "room": DUMMY})),
        ("videoroom", json!({"request": "add_remote_publisher", "room": DUMMY, "id": DUMMY, "streams": video})),
        ("audiobridge", json!({"request": "create", "room": DUMMY, "allow_rtp_participants": true})),
        (
            "streaming",
            json!({"request": "create", "id": DUMMY, "type": "rtp", "video": true, "videoport": 0, "videopt": 96, "videocodec": "vp8"}),
        ),
    ] {
        let maker = judge.socket.attach(judge.session, &format!("janus.plugin.{plugin}"));
        let answer = judge.send(maker, &body, None);
        assert!(answer["error_code"].is_null(), "{body}: {answer}");
    }
    let (mut told, mut count) = (Vec::new(), 0);
    for plugin in plugins::PLUGINS {
        for request in plugin.requests.iter().filter(|request| request.way != Way::Channel) {
            let name = format!("{} {}", plugin.name(), request.name);
            if NEWER.contains(&name.as_str()) || STATE_FIRST.contains(&name.as_str()) {
                continue;
            }
            let handle = judge.handle(plugin, request);
            for trial in trials(plugin, request) {
                count += judge.trial(&trial, handle, &mut told);
            }
            judge.socket.ask(json!({"janus": "detach", "session_id": judge.session, "handle_id": handle}));
        }
    }
    assert!(told.is_empty(), "the server sees it otherwise:\n{}", told.join("\n"));
    assert!(count > 900, "only {count} mistakes were tried");
}

impl Judge {
    fn trial(&mut self, trial: &Trial, handle: u64, told: &mut Vec<String>) -> usize {
        let Trial { plugin, request, base, fields } = trial;
        let mut count = 0;
        for field in fields.iter().filter(|field| field.checked) {
            let mut mistakes: Vec<(Value, &str)> =
                unfit(*field).into_iter().map(|wrong| (wrong, "plugin_invalid_element")).collect();
            if field.mandatory {
                mistakes.push((Value::Null, "plugin_missing_element"));
            }
            for (wrong, word) in mistakes {
                let mut body = base.clone();
                match wrong {
                    Value::Null => drop(body.remove(field.name)),
                    ref wrong => drop(body.insert(field.name.into(), wrong.clone())),
                }
                count += 1;
                self.compare(plugin, request, handle, &body, *field, word, told);
            }
            let (Kind::Many(group) | Kind::One(group)) = field.kind else { continue };
            for inner in field::read(plugin.group(group)).filter(|inner| inner.checked) {
                for wrong in unfit(inner) {
                    let Value::Object(mut item) = least(plugin, field::read(plugin.group(group))) else {
                        unreachable!()
                    };
                    item.insert(inner.name.into(), wrong);
                    let value = if matches!(field.kind, Kind::Many(_)) { json!([item]) } else { json!(item) };
                    let mut body = base.clone();
                    body.insert(field.name.into(), value);
                    count += 1;
                    self.compare(plugin, request, handle, &body, inner, "plugin_invalid_element", told);
                }
            }
        }
        count
    }

    #[allow(clippy::too_many_arguments, reason = "one mistake is all of this")]
    fn compare(
        &mut self,
        plugin: &'static Plugin,
        request: &Request,
        handle: u64,
        body: &Map<String, Value>,
        field: Field,
        word: &str,
        told: &mut Vec<String>,
    ) {
        let name = field.name;
        let mut own = body.clone();
        own.remove("request");
        if request.jsep == Jsep::Must {
            own.insert("jsep".into(), offer());
        }
        let ours = plugins::check(plugin, request.name, &args(&Value::Object(own)), |_| false);
        let ours =
            ours.err().and_then(|error| Some(error.detail().get("key")?.as_str()?.to_owned())).unwrap_or_default();
        if ours.rsplit(['.', ']']).next() != Some(name) {
            told.push(format!("{} {name} of {}: we refused {ours:?}", plugin.name(), json!(body)));
        }
        // One request wants its media before its fields, and a handle takes only one offer.
        let answer = match (plugin.name(), request.name) {
            ("recordplay", "record") => {
                let fresh = self.handle(plugin, request);
                self.send(fresh, &json!(body), Some(offer()))
            }
            _ => self.send(handle, &json!(body), None),
        };
        let code = answer["error_code"].as_i64();
        let text = answer["error"].as_str().unwrap_or_default().to_owned();
        let expected = number(plugin, word);
        // "Invalid element type (room should be a positive integer)", "Missing mandatory element (room)"
        let said = match word {
            "plugin_invalid_element" => format!("({name} should be {})", words(field)),
            _ => format!("({name})"),
        };
        if expected.is_none() || code != expected || !text.contains(&said) {
            told.push(format!("{} {name} ({word} {expected:?}) of {}: {answer}", plugin.name(), json!(body)));
        }
    }
}
