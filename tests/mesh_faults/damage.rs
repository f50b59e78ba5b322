//! Whatever a server answers is shown or refused: messages of the right kind with anything in them, and the same damaged.

use haft::{
    backends::mesh::schema::{Field, Kind, Label, method},
    session::Session,
};

use crate::{
    bed::{args, open},
    peer::{Fault, Peer},
};

/// Rounds for each verb.
const ROUNDS: usize = 60;
/// Messages within messages.
const DEEPEST: usize = 3;

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    /// A number of any size, and now and then one at the edge.
    fn number(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => i64::MAX.cast_unsigned(),
            3 => i64::MIN.cast_unsigned(),
            4 => self.roll() % 20,
            _ => self.roll() >> self.below(64),
        }
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.roll().to_le_bytes()[0]).collect()
    }

    fn text(&mut self) -> Vec<u8> {
        const TEXTS: [&str; 5] = ["", "Model/M.A/x", "H\u{f8}vringen", "id:5", "line\nend\0"];
        TEXTS[self.below(TEXTS.len())].as_bytes().to_vec()
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn sized(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A message of two numbers, some of them.
fn pair(dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 1..3 {
        if dice.below(3) > 0 {
            varint(number << 3, &mut out);
            varint(dice.number(), &mut out);
        }
    }
    out
}

fn put(field: &Field, dice: &mut Dice, depth: usize, out: &mut Vec<u8>) {
    let number = field.number;
    match field.kind {
        Kind::Double => {
            varint(u64::from(number) << 3 | 1, out);
            out.extend_from_slice(&dice.number().to_le_bytes());
        }
        Kind::Int64 | Kind::Int32 | Kind::Uint32 | Kind::Bool | Kind::Enum(_) => {
            varint(u64::from(number) << 3, out);
            varint(dice.number(), out);
        }
        Kind::Text => sized(number, &dice.text(), out),
        Kind::Bytes | Kind::Points => sized(number, &dice.bytes(40), out),
        Kind::Timestamp | Kind::Duration => sized(number, &pair(dice), out),
        Kind::Guid => {
            let mut inner = Vec::new();
            if dice.below(4) > 0 {
                let id: Vec<u8> = (0..16).map(|_| dice.roll().to_le_bytes()[0]).collect();
                sized(1, &id, &mut inner);
            }
            sized(number, &inner, out);
        }
        Kind::Message(_) if depth >= DEEPEST => {}
        kind => sized(number, &message(kind, dice, depth + 1), out),
    }
}

/// Any message of a kind.
fn message(kind: Kind, dice: &mut Dice, depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match kind {
        Kind::Message(of) => {
            for field in of.fields {
                let count = if field.label == Label::Many { dice.below(4) } else { dice.below(4).min(1) };
                (0..count).for_each(|_| put(field, dice, depth, &mut out));
            }
        }
        Kind::Empty => {}
        _ => out = dice.bytes(30),
    }
    out
}

/// Something of it is another byte, is missing or is there twice.
fn damaged(mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        if bytes.is_empty() {
            return dice.bytes(5);
        }
        let at = dice.below(bytes.len());
        match dice.below(3) {
            0 => bytes[at] = dice.roll().to_le_bytes()[0],
            1 => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes
}

/// A verb, its target and arguments, and the call that answers it.
type Row = (&'static str, &'static str, &'static str, &'static str);

const SPAN: &str = r#"{"start": 0, "end": 7200000, "interval": null}"#;
const ROWS: [Row; 24] = [
    ("version", "", "{}", "config.v1alpha.ConfigurationService/GetVersion"),
    ("identity", "", "{}", "auth.v1alpha.AuthenticationService/GetUserIdentity"),
    ("extend", "", "{}", "session.v1alpha.SessionService/ExtendSession"),
    ("models", "", "{}", "model.v1alpha.ModelService/ListModels"),
    ("get_object", "Model/X", "{}", "model.v1alpha.ModelService/GetObject"),
    ("get_attribute", "Model/X.A", r#"{"full": true}"#, "model.v1alpha.ModelService/GetAttribute"),
    ("search_objects", "Model/X", r#"{"query": "*"}"#, "model.v1alpha.ModelService/SearchObjects"),
    ("search_attributes", "Model/X", r#"{"query": "*"}"#, "model.v1alpha.ModelService/SearchAttributes"),
    ("linked_from", "Model/X", "{}", "model.v1alpha.ModelService/SearchLinkedFrom"),
    ("create_object", "Model/X.A", r#"{"name": "x"}"#, "model.v1alpha.ModelService/CreateObject"),
    ("clone_object", "Model/X", r#"{"name": "x"}"#, "model.v1alpha.ModelService/CloneObject"),
    ("get_xy_sets", "Model/X.A", "{}", "model.v1alpha.ModelService/GetXySets"),
    ("get_rating_curves", "Model/X.A", r#"{"interval": [0, 1]}"#, "model.v1alpha.ModelService/GetRatingCurveVersions"),
    ("read_series", "key:3", SPAN, "time_series.v1alpha.TimeseriesService/ReadTimeseries"),
    (
        "read_series",
        "",
        r#"{"targets": ["key:3"], "start": 0, "end": 7200000}"#,
        "time_series.v1alpha.TimeseriesService/ReadTimeseriesStream",
    ),
    (
        "copy_series",
        "Model/X",
        r#"{"source": "Model/Y", "mappings": {}}"#,
        "time_series.v1alpha.TimeseriesService/CopyTimeseriesBetweenObjects",
    ),
    ("get_resource", "key:3", "{}", "time_series.v1alpha.TimeseriesService/GetTimeseriesResource"),
    ("get_resource", "Resource/A/b", "{}", "resource.v1alpha.ResourceService/GetTextResource"),
    ("units", "", "{}", "model_definition.v1alpha.ModelDefinitionService/ListUnitsOfMeasurement"),
    (
        "calculate",
        "key:3",
        r#"{"expression": "x", "start": 0, "end": 1}"#,
        "calc.v1alpha.CalculationService/RunCalculation",
    ),
    ("sum", "key:3", r#"{"single": true, "start": 0, "end": 1}"#, "calc.v1alpha.CalculationService/RunCalculation"),
    (
        "run_simulation",
        "M",
        r#"{"case": "G/C", "start": 0, "end": 1}"#,
        "hydsim.v1alpha.HydsimService/RunHydroSimulation",
    ),
    (
        "availability.search_availability_events",
        "Model/X",
        "{}",
        "availability.v1alpha.AvailabilityService/SearchAvailabilityEvents",
    ),
    (
        "availability.get_availability_event",
        "Model/X",
        r#"{"event_id": "e"}"#,
        "availability.v1alpha.AvailabilityService/GetAvailabilityEvent",
    ),
];

/// What came of it: shown, or the code of the refusal.
fn ask(session: &Session, (verb, target, json, _): &Row) -> Option<String> {
    let target = Some(*target).filter(|target| !target.is_empty());
    let stages = ["create_object", "clone_object", "copy_series"].contains(verb);
    let done = if stages {
        session.stage(Some(verb), target, &args(json))
    } else {
        session.request(Some(verb), target, &args(json))
    };
    match done {
        Ok(answer) => {
            answer.value().map(|value| value.root().to_json());
            None
        }
        Err(error) => {
            crate::guard::clean(&error, &[]);
            Some(error.code().to_owned())
        }
    }
}

#[test]
fn whatever_is_answered() {
    let peer = Peer::start();
    let session = open(&peer, r#"{"keepalive": false}"#);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut shown, mut refused) = (0, 0);
    for row in &ROWS {
        let (_, found) = method(&format!("volue.mesh.grpc.{}", row.3)).unwrap();
        let name = row.3.rsplit('/').next().unwrap();
        for round in 0..ROUNDS {
            let count = if found.answers_many { dice.below(3) } else { 1 };
            let mut messages: Vec<Vec<u8>> = (0..count).map(|_| message(found.output, &mut dice, 0)).collect();
            if round % 2 == 1 {
                messages = messages.into_iter().map(|message| damaged(message, &mut dice)).collect();
            }
            // A read of a series may be made in parts.
            peer.state(|state| state.faults.clear());
            peer.fail(name, 4, &Fault::Reply(messages));
            match ask(&session, row).as_deref() {
                None => shown += 1,
                Some("protocol" | "session_lost" | "message_too_large" | "argument") => refused += 1,
                Some(other) => panic!("{} was {other}", row.0),
            }
            session.rollback(&haft::args::Args::new()).unwrap();
        }
    }
    peer.state(|state| state.faults.clear());
    assert!(shown > ROWS.len() * ROUNDS / 4 && refused > 50, "{shown} {refused}");
    crate::bed::read(&session).unwrap();
    session.close(&haft::args::Args::new()).unwrap();
}
