//! Events: how one is made, how it is written, and how one that came is read (spec/ftrack.md 7.4).

use std::sync::Arc;

use crate::{
    backends::ftrack::store::uuid,
    engine::http::json,
    error::{Outcome, Result},
    value::{Document, Object, Tree},
};

/// The topic of replies.
pub const REPLY: &str = "ftrack.meta.reply";
/// What the server is told of a new subscription.
pub const SUBSCRIBE: &str = "ftrack.meta.subscribe";
/// What the server is told of one that ended.
pub const UNSUBSCRIBE: &str = "ftrack.meta.unsubscribe";
/// For the hub's own subscriptions alone: it stands.
pub const CONNECTED: &str = "ftrack.meta.connected";
/// For the hub's own subscriptions alone: it ended.
pub const DISCONNECTED: &str = "ftrack.meta.disconnected";

/// The reference to the event that a reply is for: on the wire, and for the host as in Python.
const ON_THE_WIRE: &str = "inReplyToEvent";
const FOR_THE_HOST: &str = "in_reply_to_event";

/// An identifier as Python makes it: no dashes.
///
/// # Errors
/// `internal` when the system has no randomness.
pub fn identifier() -> Result<String> {
    Ok(uuid()?.replace('-', ""))
}

/// Who we are: what an event's source says unless the host said otherwise.
#[derive(Debug)]
pub struct Myself {
    /// The hub.
    pub id: Box<str>,
    /// The user's name.
    pub user: Box<str>,
    /// The machine's name.
    pub host: Box<str>,
}

impl Myself {
    /// A source that lacks nothing.
    pub fn complete(&self, mut source: Object) -> Object {
        if !source.contains("id") {
            source.insert("id", Tree::from(&*self.id));
        }
        if !source.contains("user") {
            source.insert("user", Tree::Object(Object::from_iter([("username", Tree::from(&*self.user))])));
        }
        if !source.contains("host") {
            source.insert("host", Tree::from(&*self.host));
        }
        source
    }
}

/// An event to send.
#[derive(Debug)]
pub struct Draft {
    /// Its identifier.
    pub id: Box<str>,
    /// Its topic.
    pub topic: Box<str>,
    /// What it carries.
    pub data: Tree,
    /// Where it comes from, complete.
    pub source: Object,
    /// Whom it is for; empty is everyone.
    pub target: Box<str>,
    /// The event that it replies to.
    pub in_reply_to: Option<Box<str>>,
}

impl Draft {
    /// An event for everyone.
    ///
    /// # Errors
    /// `internal` when the system has no randomness.
    pub fn new(topic: &str, data: Tree, source: Object) -> Result<Draft> {
        Ok(Draft { id: identifier()?.into(), topic: topic.into(), data, source, target: "".into(), in_reply_to: None })
    }

    /// As the server takes it, members in Python's order.
    ///
    /// # Errors
    /// `invalid_json` for what JSON cannot hold.
    pub fn to_wire(&self) -> Result<Arc<str>> {
        let whole = self.tree(ON_THE_WIRE);
        if !is_json(&whole) {
            // Says what and where.
            json::encode(&self.data).map_err(|error| error.with("key", "data").outcome(Outcome::NotSent))?;
        }
        Ok(whole.to_json().into())
    }

    /// As the host sees it.
    pub fn to_host(&self) -> Tree {
        self.tree(FOR_THE_HOST)
    }

    fn tree(&self, reference: &str) -> Tree {
        let mut out = Object::with_capacity(7);
        out.insert("id", Tree::from(&*self.id));
        out.insert("data", self.data.clone());
        out.insert("topic", Tree::from(&*self.topic));
        out.insert("sent", Tree::Null);
        out.insert("source", Tree::Object(self.source.clone()));
        out.insert("target", Tree::from(&*self.target));
        out.insert(reference, self.in_reply_to.as_deref().map_or(Tree::Null, Tree::from));
        Tree::Object(out)
    }
}

/// Whether JSON can hold it.
fn is_json(tree: &Tree) -> bool {
    match tree {
        Tree::Null | Tree::Bool(_) | Tree::Int(_) | Tree::Text(_) => true,
        Tree::Double(number) | Tree::Number(number, _) => number.is_finite(),
        Tree::Array(items) => items.iter().all(is_json),
        Tree::Object(object) => object.iter().all(|(_, value)| is_json(value)),
        Tree::Bytes(_) | Tree::Series(_) | Tree::Reader(_) | Tree::Provider(_) => false,
    }
}

/// The event in a packet's data, `{"name", "args": [event]}`, as the host sees it; none when there is not exactly one, or it
/// is no object. The reference of a reply is renamed, as Python does it. Python does it in everything that the event
/// carries as well (`deep`), which is a member of the host's lost; we do not.
///
/// # Errors
/// `json_decode`.
pub fn of_packet(data: &str, deep: bool) -> Result<Option<Box<Document>>> {
    let event = Document::only_item(data.as_bytes().to_vec(), "args", (ON_THE_WIRE, FOR_THE_HOST))?;
    if !deep {
        return Ok(event);
    }
    Ok(event.map(|event| {
        let mut tree = event.root().to_tree();
        rename(&mut tree);
        Document::from_tree(&tree)
    }))
}

fn rename(tree: &mut Tree) {
    match tree {
        Tree::Object(object) => {
            if let Some(value) = object.remove(ON_THE_WIRE) {
                object.insert(FOR_THE_HOST, value);
            }
            object.iter_mut().for_each(|(_, value)| rename(value));
        }
        Tree::Array(items) => items.iter_mut().for_each(rename),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn myself() -> Myself {
        Myself { id: "30953cbb690245d398efdda7ca7282b7".into(), user: "probe".into(), host: "vm".into() }
    }

    /// The capture of spec 7.4.
    #[test]
    fn an_event_is_written_as_python_writes_it() {
        let data = Tree::Object(Object::from_iter([("kind", Tree::from("x")), ("n", Tree::Int(1))]));
        let mut draft = Draft::new("my.topic", data, myself().complete(Object::default())).unwrap();
        assert!(draft.id.len() == 32 && draft.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        draft.id = "f4da634662a443a288d17a1de6fa2008".into();
        let captured = r#"{"id":"f4da634662a443a288d17a1de6fa2008","data":{"kind":"x","n":1},"topic":"my.topic","sent":null,"source":{"id":"30953cbb690245d398efdda7ca7282b7","user":{"username":"probe"},"host":"vm"},"target":"","inReplyToEvent":null}"#;
        let written = draft.to_wire().unwrap();
        assert_eq!(written.replace(", ", ",").replace(": ", ":"), captured);
        // Text goes as it is, not as ASCII.
        draft.data = Tree::from("ü");
        assert!(draft.to_wire().unwrap().contains("\"ü\""));
        draft.data = Tree::from(&b"raw"[..]);
        let error = draft.to_wire().unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("invalid_json", Some(Outcome::NotSent)));
    }

    #[test]
    fn what_a_source_says_itself_stays() {
        let own = Object::from_iter([("id", Tree::from("me")), ("applicationId", Tree::from("maya"))]);
        let text = Tree::Object(myself().complete(own)).to_json();
        assert_eq!(text, r#"{"id":"me","applicationId":"maya","user":{"username":"probe"},"host":"vm"}"#);
    }

    #[test]
    fn what_came_is_named_as_in_python() {
        let read = |text: &str, deep: bool| of_packet(text, deep).unwrap().map(|event| event.root().to_json());
        let packet = r#"{"name":"ftrack.event","args":[{"topic":"t","data":{"inReplyToEvent":[{"inReplyToEvent":1}]},"inReplyToEvent":"e","extra":1}]}"#;
        assert_eq!(
            read(packet, false).unwrap(),
            r#"{"topic":"t","data":{"inReplyToEvent":[{"inReplyToEvent":1}]},"extra":1,"in_reply_to_event":"e"}"#
        );
        assert_eq!(
            read(packet, true).unwrap(),
            r#"{"topic":"t","data":{"in_reply_to_event":[{"in_reply_to_event":1}]},"extra":1,"in_reply_to_event":"e"}"#
        );
        assert_eq!(read(r#"{"args":[{"topic":"t"}]}"#, false).unwrap(), r#"{"topic":"t","in_reply_to_event":null}"#);
        for none in
            [r#"{"args":[]}"#, r#"{"args":[{},{}]}"#, r#"{"args":[1]}"#, r#"{"args":{"a":{}}}"#, "{}", "[]", "null"]
        {
            assert_eq!((read(none, false), read(none, true)), (None, None), "{none}");
        }
    }
}
