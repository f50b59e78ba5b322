//! What two runs have in common: identifiers that were made up get the number of their appearance, the time of day and the
//! server's address get a name. Identifiers of the seed stay: both sides have to mean the same rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const SCHEMAS: &str = include_str!("../sandbox/data/ftrack/schemas.json");
const SEED: &str = include_str!("../sandbox/data/ftrack/seed.json");

/// How far from now a time may be to count as now, in seconds.
const NOW_S: i64 = 1800;

/// The names of a type's key.
pub fn key_names(kind: &str) -> Vec<String> {
    static KEYS: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
        let schemas: Value = serde_json::from_str(SCHEMAS).unwrap();
        let names = |schema: &Value| {
            schema["primary_key"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        schemas
            .as_array()
            .unwrap()
            .iter()
            .map(|schema| (schema["id"].as_str().unwrap().to_owned(), names(schema)))
            .collect()
    });
    KEYS.get(kind).cloned().unwrap_or_else(|| vec!["id".to_owned()])
}

/// The identifiers that the seed and the types have.
fn seeded(id: &str) -> bool {
    static IDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let mut ids = HashSet::new();
        for text in [SCHEMAS, SEED] {
            scan(text, |piece| {
                if let Piece::Id(id) = piece {
                    ids.insert(id.to_owned());
                }
            });
        }
        ids
    });
    IDS.contains(id)
}

enum Piece<'a> {
    Id(&'a str),
    Time(&'a str),
    Text(&'a str),
}

/// Takes text apart.
fn scan<'a>(text: &'a str, mut each: impl FnMut(Piece<'a>)) {
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let length = id_at(rest).or_else(|| time_at(rest));
        if let Some(length) = length {
            each(Piece::Text(&text[from..at]));
            each(if id_at(rest).is_some() { Piece::Id(&rest[..length]) } else { Piece::Time(&rest[..length]) });
            at += length;
            from = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    each(Piece::Text(&text[from..]));
}

fn fits(text: &str, shape: &str) -> bool {
    text.len() >= shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'h' => byte.is_ascii_hexdigit(),
            b'd' => byte.is_ascii_digit(),
            exact => byte == exact,
        })
}

fn id_at(text: &str) -> Option<usize> {
    let shapes = [
        "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh",
        "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
        // Where it stands for four directories.
        "h/h/h/h/hhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh",
    ];
    shapes.into_iter().find(|shape| fits(text, shape)).map(str::len)
}

fn time_at(text: &str) -> Option<usize> {
    let shape = "dddd-dd-ddTdd:dd:dd";
    if !fits(text, shape) {
        return None;
    }
    let rest = &text[shape.len()..];
    let fraction = rest.strip_prefix('.').map_or(0, |digits| 1 + digits.bytes().take_while(u8::is_ascii_digit).count());
    Some(shape.len() + fraction)
}

/// Seconds since 1970 (Hinnant's count of days).
fn seconds(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let (month, day) = (number(5, 7), number(8, 10));
    let year = number(0, 4) - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * 86_400 + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19)
}

/// The names that one run gave.
#[derive(Default)]
pub struct Names {
    ids: HashMap<String, usize>,
    /// Where the run has its files.
    folder: Option<String>,
}

impl Names {
    /// Those of a run that has its files in that folder.
    pub fn within(folder: String) -> Names {
        Names { folder: Some(folder), ..Names::default() }
    }

    /// Text as it is compared.
    pub fn text(&mut self, text: &str, server: &str) -> String {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let mut out = String::with_capacity(text.len());
        let mut text = text.replace(server, "<server>");
        if let Some(folder) = &self.folder {
            text = text.replace(folder, "<folder>");
        }
        scan(&text, |piece| match piece {
            Piece::Id(id) if seeded(id) => out += id,
            Piece::Id(id) => {
                let (next, whole) = (self.ids.len() + 1, id.replace('/', ""));
                let number = self.ids.entry(whole).or_insert(next);
                out += &format!("<{} {number}>", if id.contains('/') { "place" } else { "id" });
            }
            Piece::Time(time) if (seconds(time) - now).abs() < NOW_S => out += "<now>",
            Piece::Time(time) | Piece::Text(time) => out += time,
        });
        out
    }

    /// A value as it is compared: every text in it.
    pub fn value(&mut self, value: &Value, server: &str) -> Value {
        match value {
            Value::String(text) => self.text(text, server).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item, server)).collect(),
            Value::Object(members) => {
                let canonical = |(name, value): (&String, &Value)| {
                    // What a timer ran is no more than the moment between two steps.
                    let brief = name == "duration" && value.as_f64().is_some_and(|seconds| seconds < 60.0);
                    (name.clone(), if brief { 0.into() } else { self.value(value, server) })
                };
                Value::Object(members.iter().map(canonical).collect())
            }
            // 3600 and 3600.0 are the same number.
            Value::Number(number) => match number.as_f64() {
                Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => json!(float as i64),
                _ => value.clone(),
            },
            plain => plain.clone(),
        }
    }
}

/// One request as it is compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What tells who asks and how: all other headers are the carrier's.
const HEADERS: [&str; 3] = ["content-type", "accept", "cookie"];

/// What the log has since then.
pub fn entries(sandbox: &haft_sandbox::Sandbox, since: u64) -> Vec<Value> {
    let url = format!("{}/_log?since={since}", sandbox.http);
    let text = ureq::get(&url).call().unwrap().body_mut().with_config().limit(1 << 30).read_to_string().unwrap();
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

/// The requests to the ftrack server since the last look, byte by byte but for what is made up.
pub fn requests(sandbox: &haft_sandbox::Sandbox, since: &mut u64, names: &mut Names) -> Vec<Request> {
    let mut out = Vec::new();
    for entry in entries(sandbox, *since) {
        *since = entry["seq"].as_u64().unwrap();
        out.extend(request(&entry, sandbox, names));
    }
    out
}

/// A request to the ftrack server.
pub fn request(entry: &Value, sandbox: &haft_sandbox::Sandbox, names: &mut Names) -> Option<Request> {
    let raw = entry["raw"].as_str().unwrap();
    let mut lines = raw.split("\r\n");
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1");
    let path = line.split(' ').nth(1).unwrap_or_default();
    if !["/api", "/socket.io", "/component", "/storage"].iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let mut headers = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = name.to_ascii_lowercase();
        if name.starts_with("ftrack-") || name.starts_with("x-") || HEADERS.contains(&&*name) {
            // The value of the server's own cookie is made up.
            let value = if name == "cookie" { cookies(value) } else { value.to_owned() };
            headers.insert(name, value);
        }
    }
    let body = entry["body"].as_str().map(|text| STANDARD.decode(text).unwrap()).unwrap_or_default();
    let body = names.text(&String::from_utf8(body).unwrap(), &sandbox.http);
    let line = names.text(line, &sandbox.http);
    Some(Request { line, headers, body: brief(&body) })
}

/// The duration in a time log is no more than the moment between two steps.
fn brief(body: &str) -> String {
    let Some((before, after)) = body.split_once("\"duration\": ") else { return body.to_owned() };
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let seconds = if end < 2 { "0" } else { &after[..end] };
    format!("{before}\"duration\": {seconds}{}", &after[end..])
}

fn cookies(text: &str) -> String {
    let mut names: Vec<_> = text
        .split("; ")
        .map(|pair| if pair.starts_with("x-") { pair } else { pair.split('=').next().unwrap() })
        .collect();
    names.sort_unstable();
    names.join("; ")
}

/// The changes in a request, with sorted members.
pub fn changes(requests: &[Request]) -> Vec<Value> {
    let bodies = requests.iter().filter_map(|request| serde_json::from_str::<Value>(&request.body).ok());
    let operations = bodies.flat_map(|body| body.as_array().cloned().unwrap_or_default());
    operations
        .filter(|operation| ["create", "update", "delete"].contains(&operation["action"].as_str().unwrap_or_default()))
        .collect()
}
