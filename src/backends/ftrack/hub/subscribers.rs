//! Who wants which events (spec/ftrack.md 7.6, 7.7): found by topic first, so that thousands of subscriptions cost an
//! event no more than those that may want it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::expression::{Ask, Expression};
use crate::{
    backends::Sink,
    error::{Error, Result, code},
    value::{Document, Node, Provider},
};

/// One subscription.
pub struct Subscriber {
    /// What targets match; has a member `id`.
    pub metadata: Box<Document>,
    /// As the host wrote it: what the server is told.
    pub text: Box<str>,
    /// The same, read.
    pub expression: Expression,
    /// Lower ones come first.
    pub priority: f64,
    /// Who answers, in place of a message.
    pub answer: Option<Arc<dyn Provider>>,
    /// Where the messages go.
    pub sink: Arc<dyn Sink>,
}

impl Subscriber {
    /// The identifier in the metadata.
    pub fn id(&self) -> &str {
        self.metadata.root().get("id").and_then(Node::as_str).unwrap_or_default()
    }
}

/// All subscriptions of a session, each under a number that is never used again.
#[derive(Default)]
pub struct Subscribers {
    last: u64,
    /// In the order in which they came.
    all: BTreeMap<u64, Subscriber>,
    ids: HashSet<Box<str>>,
    exact: HashMap<Box<str>, Vec<u64>>,
    prefixes: HashMap<Box<str>, Vec<u64>>,
    /// How many prefixes there are of each length.
    lengths: BTreeMap<usize, usize>,
    /// Those whose topic cannot be told from the outside.
    others: Vec<u64>,
}

impl Subscribers {
    /// Adds one.
    ///
    /// # Errors
    /// `not_unique` when its identifier is taken; the subscription comes back.
    pub fn add(&mut self, subscriber: Subscriber) -> std::result::Result<u64, (Error, Box<Subscriber>)> {
        let id: Box<str> = subscriber.id().into();
        if !self.ids.insert(id) {
            let message = format!("a subscription with the identifier {:?} exists", subscriber.id());
            return Err((Error::new(&code::NOT_UNIQUE, message).with("key", "id"), Box::new(subscriber)));
        }
        self.last += 1;
        let number = self.last;
        match subscriber.expression.asks("topic") {
            Ask::Is(topic) => self.exact.entry(topic.into()).or_default().push(number),
            Ask::Begins(start) => {
                let places = self.prefixes.entry(start.into()).or_default();
                if places.is_empty() {
                    *self.lengths.entry(start.len()).or_default() += 1;
                }
                places.push(number);
            }
            Ask::Anything => self.others.push(number),
        }
        self.all.insert(number, subscriber);
        Ok(number)
    }

    /// Takes one away.
    pub fn remove(&mut self, number: u64) -> Option<Subscriber> {
        let subscriber = self.all.remove(&number)?;
        self.ids.remove(subscriber.id());
        match subscriber.expression.asks("topic") {
            Ask::Is(topic) => forget(&mut self.exact, topic, number),
            Ask::Begins(start) => {
                forget(&mut self.prefixes, start, number);
                if !self.prefixes.contains_key(start)
                    && let Some(count) = self.lengths.get_mut(&start.len())
                {
                    *count -= 1;
                    if *count == 0 {
                        self.lengths.remove(&start.len());
                    }
                }
            }
            Ask::Anything => self.others.retain(|other| *other != number),
        }
        Some(subscriber)
    }

    /// Takes all away, in the order in which they came.
    pub fn take_all(&mut self) -> Vec<Subscriber> {
        let last = self.last;
        let all = std::mem::take(self).all;
        self.last = last;
        all.into_values().collect()
    }

    /// One of them.
    pub fn get(&self, number: u64) -> Option<&Subscriber> {
        self.all.get(&number)
    }

    /// All, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Subscriber)> {
        self.all.iter().map(|(number, subscriber)| (*number, subscriber))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that an event is for and that want it, by priority and then by age. `target` is what the event asks of the
    /// metadata; none is for everyone.
    pub fn wanting(&self, event: Node<'_>, target: Option<&Expression>) -> Vec<u64> {
        let topic = event.get("topic").and_then(Node::as_str).unwrap_or_default();
        let mut found = Vec::new();
        let mut look = |numbers: &[u64]| {
            for number in numbers {
                if let Some(subscriber) = self.all.get(number)
                    && target.is_none_or(|target| target.matches(subscriber.metadata.root()))
                    && subscriber.expression.matches(event)
                {
                    found.push((subscriber.priority, *number));
                }
            }
        };
        if let Some(numbers) = self.exact.get(topic) {
            look(numbers);
        }
        for length in self.lengths.keys() {
            let Some(start) = topic.get(..*length) else { continue };
            if let Some(numbers) = self.prefixes.get(start) {
                look(numbers);
            }
        }
        look(&self.others);
        found.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        found.into_iter().map(|(_, number)| number).collect()
    }
}

fn forget(places: &mut HashMap<Box<str>, Vec<u64>>, key: &str, number: u64) {
    if let Some(numbers) = places.get_mut(key) {
        numbers.retain(|other| *other != number);
        if numbers.is_empty() {
            places.remove(key);
        }
    }
}

/// Reads what an event asks of metadata; empty text asks nothing.
///
/// # Errors
/// `parse`.
pub fn target(text: &str, dialect: super::expression::Dialect) -> Result<Option<Expression>> {
    if text.is_empty() { Ok(None) } else { Expression::parse(text, dialect).map(Some) }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::{super::expression::Dialect, *};
    use crate::clock;

    struct Nowhere;

    impl Sink for Nowhere {
        fn bring(&self, _messages: &mut dyn Iterator<Item = Box<Document>>) {}
        fn room(&self) -> usize {
            1
        }
        fn holds_back(&self) -> bool {
            false
        }
        fn when_roomy(&self, _wake: Waker) {}
        fn end(&self, _error: Option<Error>) {}
    }

    fn subscriber(id: &str, text: &str, priority: f64, dialect: Dialect) -> Subscriber {
        let metadata = format!(r#"{{"id":"{id}","applicationId":"maya"}}"#);
        Subscriber {
            metadata: Document::from_json(metadata.into_bytes()).unwrap(),
            text: text.into(),
            expression: Expression::parse(text, dialect).unwrap(),
            priority,
            answer: None,
            sink: Arc::new(Nowhere),
        }
    }

    fn added(all: &mut Subscribers, id: &str, text: &str, priority: f64) -> u64 {
        all.add(subscriber(id, text, priority, Dialect::Haft)).map_err(|(error, _)| error).unwrap()
    }

    fn ids(all: &Subscribers, event: &str, target: &str) -> Vec<String> {
        let event = Document::from_json(event.into()).unwrap();
        let target = super::target(target, Dialect::Haft).unwrap();
        all.wanting(event.root(), target.as_ref()).into_iter().map(|number| all.get(number).unwrap().id().to_owned()).collect()
    }

    #[test]
    fn priority_comes_before_age_and_targets_narrow() {
        let mut all = Subscribers::default();
        added(&mut all, "late", "topic=a.b", 200.0);
        let gone = added(&mut all, "begins", "topic=a.*", 100.0);
        added(&mut all, "open", "data.n>1 or topic=a.b", 100.0);
        added(&mut all, "first", "topic=a.b and data.n=2", -1.5);
        added(&mut all, "other", "topic=a.bc", 0.0);
        let event = r#"{"topic":"a.b","data":{"n":2}}"#;
        assert_eq!(ids(&all, event, ""), ["first", "begins", "open", "late"]);
        assert_eq!(ids(&all, event, "id=open"), ["open"]);
        assert_eq!(ids(&all, event, "applicationId=maya and not id=late"), ["first", "begins", "open"]);
        assert_eq!(ids(&all, r#"{"topic":"a.b"}"#, ""), ["begins", "open", "late"]);
        assert_eq!(ids(&all, r#"{"topic":"é"}"#, ""), [""; 0]);
        assert_eq!(all.remove(gone).unwrap().id(), "begins");
        assert!(all.remove(gone).is_none());
        assert_eq!(ids(&all, event, ""), ["first", "open", "late"]);
        let (error, back) = all.add(subscriber("open", "topic=x", 1.0, Dialect::Haft)).err().unwrap();
        assert_eq!((error.code(), back.id()), ("not_unique", "open"));
        assert!(added(&mut all, "begins", "topic=a.*", 100.0) > gone, "numbers are not used twice");
    }

    /// Five thousand subscriptions on topics of their own: an event looks at those of its topic alone.
    #[test]
    fn an_event_costs_what_may_want_it() {
        let mut all = Subscribers::default();
        for number in 0..5000 {
            let text = if number % 2 == 0 { format!("topic=t.{number}") } else { format!("topic=t.{number}.*") };
            added(&mut all, &number.to_string(), &text, 100.0);
        }
        let events: Vec<_> = (0..1000).map(|number| {
            let topic = if number % 2 == 0 { format!("t.{number}") } else { format!("t.{number}.x") };
            Document::from_json(format!(r#"{{"topic":"{topic}"}}"#).into_bytes()).unwrap()
        }).collect();
        let start = clock::now();
        for (number, event) in events.iter().enumerate() {
            let found = all.wanting(event.root(), None);
            assert_eq!(found.iter().map(|found| all.get(*found).unwrap().id()).collect::<Vec<_>>(), [number.to_string()]);
        }
        let took = clock::now() - start;
        // Evaluating all of them takes two orders of magnitude longer.
        assert!(took.as_millis() < 250, "{took:?}");
    }
}
