//! The search language, as far as it is public (section 4.2): a walk from an object, and perhaps the names of attributes
//! after a dot.

use tonic::Status;

use super::id::Id;
use super::pb::model::AttributeValue;
use super::pb::model::attribute_value::ValueOneof;
use super::store::{Held, Store};
use super::time;

/// A search that was read.
#[derive(Clone, Debug)]
pub struct Search {
    walk: Walk,
    /// Names after the last dot.
    pub attributes: Vec<String>,
}

#[derive(Clone, Debug)]
enum Walk {
    Here,
    Parent,
    /// Children; all below; the closest below. Those that satisfy.
    Children(Test),
    Below(Test),
    Closest(Test),
    Filter(Test),
    Step(String, Test),
    Then(Box<Walk>, Box<Walk>),
    And(Box<Walk>, Box<Walk>),
    Or(Box<Walk>, Box<Walk>),
}

#[derive(Clone, Debug)]
enum Test {
    True,
    Compare { up: usize, attribute: String, how: &'static str, value: String, folded: bool },
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// Reads a search.
pub fn read(text: &str) -> Result<Search, Status> {
    let mut reader = Reader { text, at: 0 };
    reader.search().ok().filter(|_| reader.rest().trim().is_empty()).ok_or_else(|| {
        Status::invalid_argument(format!("search query {text:?} could not be read at position {}", reader.at))
    })
}

/// It is no search; where, the reader knows.
struct Wrong;

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> bool {
        let spaces = self.rest().len() - self.rest().trim_start().len();
        if self.rest().trim_start().starts_with(token) {
            self.at += spaces + token.len();
            true
        } else {
            false
        }
    }

    fn until(&mut self, stops: &[&str]) -> String {
        let rest = self.rest();
        let end = (0..rest.len())
            .find(|at| rest.is_char_boundary(*at) && stops.iter().any(|stop| rest[*at..].starts_with(stop)));
        let end = end.unwrap_or(rest.len());
        let word = rest[..end].trim().to_owned();
        self.at += end;
        word
    }

    fn search(&mut self) -> Result<Search, Wrong> {
        let walk = if self.rest().is_empty() || self.attribute_next() { Walk::Here } else { self.union()? };
        let mut attributes = Vec::new();
        if self.eat(".") {
            loop {
                let name = self.until(&[",", "/", "&", "|"]);
                if name.is_empty() || name.contains('*') {
                    return Err(Wrong);
                }
                attributes.push(name);
                if !self.eat(",") {
                    break;
                }
            }
        }
        Ok(Search { walk, attributes })
    }

    fn attribute_next(&self) -> bool {
        self.rest().starts_with('.') && !self.rest().starts_with("..")
    }

    fn union(&mut self) -> Result<Walk, Wrong> {
        let mut left = self.intersection()?;
        while self.eat("|") {
            left = Walk::Or(Box::new(left), Box::new(self.intersection()?));
        }
        Ok(left)
    }

    fn intersection(&mut self) -> Result<Walk, Wrong> {
        let mut left = self.chain()?;
        while self.eat("&") {
            left = Walk::And(Box::new(left), Box::new(self.chain()?));
        }
        Ok(left)
    }

    fn chain(&mut self) -> Result<Walk, Wrong> {
        let mut left = self.step()?;
        while self.eat("/") {
            left = Walk::Then(Box::new(left), Box::new(self.step()?));
        }
        Ok(left)
    }

    fn step(&mut self) -> Result<Walk, Wrong> {
        if self.eat("(") {
            let inner = self.union()?;
            return if self.eat(")") { Ok(inner) } else { Err(Wrong) };
        }
        if self.eat("..") {
            return Ok(Walk::Parent);
        }
        if self.eat("{*}") {
            return Ok(Walk::Below(self.criterion()?));
        }
        if self.eat("*") {
            return Ok(match self.criterion()? {
                Test::True => Walk::Below(Test::True),
                test => Walk::Closest(test),
            });
        }
        if self.eat("@") {
            return Ok(Walk::Filter(self.criterion()?));
        }
        if self.rest().trim_start().starts_with('[') {
            return Ok(Walk::Children(self.criterion()?));
        }
        let name = self.until(&["/", ".", "[", "&", "|", ")", "(", "*", "{", "@", ","]);
        if name.is_empty() {
            return Err(Wrong);
        }
        Ok(Walk::Step(name, self.criterion()?))
    }

    fn criterion(&mut self) -> Result<Test, Wrong> {
        if !self.eat("[") {
            return Ok(Test::True);
        }
        let test = self.either()?;
        if !self.eat("]") {
            return Err(Wrong);
        }
        Ok(if self.eat("{i}") { fold(test) } else { test })
    }

    fn either(&mut self) -> Result<Test, Wrong> {
        let mut left = self.both()?;
        while self.eat("||") {
            left = Test::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Test, Wrong> {
        let mut left = self.one()?;
        while self.eat("&&") {
            left = Test::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Test, Wrong> {
        if self.eat("(") {
            let inner = self.either()?;
            return if self.eat(")") { Ok(inner) } else { Err(Wrong) };
        }
        if self.rest().trim_start().starts_with('!') && self.eat("!") {
            return Ok(Test::Not(Box::new(self.one()?)));
        }
        let mut up = 0;
        while self.rest().trim_start().starts_with("...") || self.rest().trim_start().starts_with("../") {
            self.eat("..");
            self.eat("/");
            up += 1;
        }
        if !self.eat(".") {
            return Err(Wrong);
        }
        let attribute = self.until(&["=", "<", ">", "!", "&", "|", "]", ")"]);
        let how = ["!=", ">=", "<=", "=", "<", ">"].into_iter().find(|how| self.eat(how)).ok_or(Wrong)?;
        let value = self.until(&["&&", "||", "]", ")"]);
        let value = value.trim_matches(|c| c == '\'' || c == '"').to_owned();
        if attribute.is_empty() { Err(Wrong) } else { Ok(Test::Compare { up, attribute, how, value, folded: false }) }
    }
}

/// The same test without minding the case.
fn fold(test: Test) -> Test {
    match test {
        Test::Compare { up, attribute, how, value, .. } => Test::Compare { up, attribute, how, value, folded: true },
        Test::And(a, b) => Test::And(Box::new(fold(*a)), Box::new(fold(*b))),
        Test::Or(a, b) => Test::Or(Box::new(fold(*a)), Box::new(fold(*b))),
        Test::Not(a) => Test::Not(Box::new(fold(*a))),
        Test::True => Test::True,
    }
}

impl Search {
    /// The objects that it leads to, each once.
    pub fn objects(&self, store: &Store, start: Id, now_ms: i64) -> Vec<Id> {
        let mut found = self.walk.go(store, &[start], now_ms);
        let mut seen = std::collections::HashSet::new();
        found.retain(|id| seen.insert(*id));
        found
    }

    /// The attributes that it leads to. An object without one is passed over.
    pub fn attributes(&self, store: &Store, start: Id, now_ms: i64) -> Vec<Id> {
        let objects = self.objects(store, start, now_ms);
        let named = |id: &Id| {
            let object = store.objects.get(id);
            self.attributes.iter().filter_map(move |name| Some(object?.attributes.get(name)?.id)).collect::<Vec<_>>()
        };
        objects.iter().flat_map(named).collect()
    }
}

impl Walk {
    fn go(&self, store: &Store, from: &[Id], now_ms: i64) -> Vec<Id> {
        let each = |find: &dyn Fn(Id) -> Vec<Id>| from.iter().flat_map(|id| find(*id)).collect::<Vec<_>>();
        match self {
            Self::Here => from.to_vec(),
            Self::Parent => each(&|id| parent(store, id).into_iter().collect()),
            Self::Children(test) => each(&|id| keep(store, store.children(id), test)),
            Self::Below(test) => each(&|id| {
                let mut all = Vec::new();
                below(store, id, &mut all);
                keep(store, all, test)
            }),
            Self::Closest(test) => each(&|id| {
                let mut all = Vec::new();
                closest(store, id, test, &mut all);
                all
            }),
            Self::Filter(test) => keep(store, from.to_vec(), test),
            Self::Step(name, test) => each(&|id| keep(store, follow(store, id, name, now_ms), test)),
            Self::Then(first, second) => second.go(store, &first.go(store, from, now_ms), now_ms),
            Self::And(a, b) => {
                let other = b.go(store, from, now_ms);
                a.go(store, from, now_ms).into_iter().filter(|id| other.contains(id)).collect()
            }
            Self::Or(a, b) => {
                let mut all = a.go(store, from, now_ms);
                all.extend(b.go(store, from, now_ms));
                all
            }
        }
    }
}

fn parent(store: &Store, id: Id) -> Option<Id> {
    store.objects.get(&id)?.owner.as_ref().map(|(owner, _)| *owner)
}

fn below(store: &Store, id: Id, all: &mut Vec<Id>) {
    for child in store.children(id) {
        all.push(child);
        below(store, child, all);
    }
}

fn closest(store: &Store, id: Id, test: &Test, all: &mut Vec<Id>) {
    for child in store.children(id) {
        if holds(store, child, test) {
            all.push(child);
        } else {
            closest(store, child, test, all);
        }
    }
}

/// What a relation of an object leads to, or its child of that name.
pub fn follow(store: &Store, id: Id, name: &str, now_ms: i64) -> Vec<Id> {
    let held = store.objects.get(&id).and_then(|object| object.attributes.get(name)).map(|attribute| &attribute.held);
    match held {
        Some(Held::Owned(ids) | Held::Links(ids)) => ids.clone(),
        Some(Held::Versions(entries)) => {
            let in_force = |versions: &Vec<super::pb::model::LinkRelationVersion>| {
                let valid =
                    |at: &Option<prost_types::Timestamp>| at.as_ref().is_some_and(|at| time::millis(at) <= now_ms);
                let last = versions.iter().rev().find(|version| valid(&version.valid_from_time))?;
                last.target_object_id.as_ref().and_then(Id::of)
            };
            entries.iter().filter_map(in_force).collect()
        }
        _ => store.child(id, None, name).into_iter().collect(),
    }
}

fn keep(store: &Store, ids: Vec<Id>, test: &Test) -> Vec<Id> {
    ids.into_iter().filter(|id| holds(store, *id, test)).collect()
}

fn holds(store: &Store, id: Id, test: &Test) -> bool {
    match test {
        Test::True => true,
        Test::And(a, b) => holds(store, id, a) && holds(store, id, b),
        Test::Or(a, b) => holds(store, id, a) || holds(store, id, b),
        Test::Not(a) => !holds(store, id, a),
        Test::Compare { up, attribute, how, value, folded } => {
            let mut at = Some(id);
            for _ in 0..*up {
                at = at.and_then(|id| parent(store, id));
            }
            let Some(object) = at.and_then(|id| store.objects.get(&id)) else { return false };
            let words = match attribute.as_str() {
                "Name" => vec![object.name.clone()],
                "Type" => store.classes.get(&object.class).map(|class| class.name.clone()).into_iter().collect(),
                name => match object.attributes.get(name).map(|attribute| &attribute.held) {
                    Some(Held::Simple(values)) => values.iter().map(word).collect(),
                    _ => Vec::new(),
                },
            };
            words.iter().any(|word| compare(word, how, value, *folded))
        }
    }
}

fn word(value: &AttributeValue) -> String {
    match &value.value_oneof {
        Some(ValueOneof::IntValue(number)) => number.to_string(),
        Some(ValueOneof::DoubleValue(number)) => number.to_string(),
        Some(ValueOneof::BooleanValue(truth)) => truth.to_string(),
        Some(ValueOneof::StringValue(text)) => text.clone(),
        Some(ValueOneof::UtcTimeValue(at)) => super::calc::time_text(time::millis(at)),
        _ => String::new(),
    }
}

fn compare(left: &str, how: &str, right: &str, folded: bool) -> bool {
    use std::cmp::Ordering;
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right),
        _ if folded => Some(left.to_lowercase().cmp(&right.to_lowercase())),
        _ => Some(left.cmp(right)),
    };
    match how {
        "=" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}
