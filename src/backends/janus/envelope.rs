//! Messages from outside (spec/janus.md 2.1): what every request carries, and what every message that comes is looked at
//! for. Everything else passes through.

use std::fmt::Write;

use crate::{
    secret::Secret,
    value::{Node, Tree, write},
};

/// What kind of message came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A request was accepted; its result comes as an event.
    Ack,
    /// A request is done.
    Success,
    /// A request was refused, or something that could not be read as one.
    Error,
    /// A plugin said something, perhaps in answer to a request.
    Event,
    /// The answer to `ping`.
    Pong,
    /// The answer to `info`.
    ServerInfo,
    /// The session has expired.
    Timeout,
    /// The handle is gone.
    Detached,
    /// Nothing, for a long poll that had to end.
    Keepalive,
    /// What happens to a PeerConnection, and what is not known here.
    Other,
}

impl Kind {
    /// By the value of `janus`.
    #[must_use]
    pub fn of(word: &str) -> Kind {
        match word {
            "ack" => Kind::Ack,
            "success" => Kind::Success,
            "error" => Kind::Error,
            "event" => Kind::Event,
            "pong" => Kind::Pong,
            "server_info" => Kind::ServerInfo,
            "timeout" => Kind::Timeout,
            "detached" => Kind::Detached,
            "keepalive" => Kind::Keepalive,
            _ => Kind::Other,
        }
    }
}

/// The part of a message that decides where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'a> {
    /// What it is.
    pub kind: Kind,
    /// The value of `janus`: the topic of an event.
    pub word: &'a str,
    /// Of the request that it answers.
    pub transaction: Option<&'a str>,
    /// The session that it concerns.
    pub session: Option<u64>,
    /// The handle that it comes from.
    pub sender: Option<u64>,
}

impl<'a> Outline<'a> {
    /// Reads it; none when it is no message of Janus.
    #[must_use]
    pub fn of(message: Node<'a>) -> Option<Outline<'a>> {
        let mut outline = Outline { kind: Kind::Other, word: "", transaction: None, session: None, sender: None };
        let mut is_message = false;
        for (key, value) in message.members() {
            match key {
                "janus" => {
                    outline.word = value.as_str()?;
                    outline.kind = Kind::of(outline.word);
                    is_message = true;
                }
                "transaction" => outline.transaction = value.as_str(),
                "session_id" => outline.session = id(value),
                "sender" => outline.sender = id(value),
                _ => {}
            }
        }
        is_message.then_some(outline)
    }
}

/// The id that a value is: 64 bits without a sign.
#[must_use]
pub fn id(value: Node<'_>) -> Option<u64> {
    match value.int() {
        Some(number) => u64::try_from(number).ok(),
        // Beyond 63 bits it is a double that keeps its text.
        None => std::str::from_utf8(value.text()?).ok()?.parse().ok(),
    }
}

/// What every request carries when the server wants it.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// `apisecret`.
    pub api_secret: Option<Secret>,
    /// `token`.
    pub token: Option<Secret>,
    /// `admin_secret`, which the admin API wants in place of both.
    pub admin_secret: Option<Secret>,
}

/// A request in the making.
#[derive(Debug)]
pub struct Envelope(String);

impl Envelope {
    /// Begins one.
    #[must_use]
    pub fn new(word: &str, transaction: &str, room: usize) -> Envelope {
        let mut text = String::with_capacity(128 + room);
        text.push_str("{\"janus\":");
        write::quote(word, &mut text);
        text.push_str(",\"transaction\":");
        write::quote(transaction, &mut text);
        Envelope(text)
    }

    /// Adds a number.
    pub fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        let _ = write!(self.0, "{number}");
    }

    /// Adds text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write::quote(text, &mut self.0);
    }

    /// Adds any value.
    pub fn value(&mut self, name: &str, value: &Tree) {
        self.name(name);
        write::tree(value, &mut self.0);
    }

    /// Adds what the server wants of everybody.
    pub fn secrets(&mut self, secrets: &Secrets) {
        if let Some(secret) = &secrets.api_secret {
            self.text("apisecret", secret.reveal());
        }
        if let Some(token) = &secrets.token {
            self.text("token", token.reveal());
        }
        if let Some(secret) = &secrets.admin_secret {
            self.text("admin_secret", secret.reveal());
        }
    }

    /// Adds members that were written before, each with a comma in front.
    pub fn members(&mut self, members: &str) {
        self.0.push_str(members);
    }

    /// The message.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        self.0.push(',');
        write::quote(name, &mut self.0);
        self.0.push(':');
    }
}

/// Members written ahead, for [`Envelope::members`].
#[derive(Clone, Debug, Default)]
pub struct Members(String);

impl Members {
    /// Adds one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &Tree) -> Members {
        self.add(name, value);
        self
    }

    /// The same in place.
    pub fn add(&mut self, name: &str, value: &Tree) {
        self.0.push(',');
        write::quote(name, &mut self.0);
        self.0.push(':');
        write::tree(value, &mut self.0);
    }

    /// As they were written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    #[test]
    fn outlines_are_read_from_what_a_server_sends() {
        let rows = [
            (
                r#"{"janus":"ack","session_id":7,"transaction":"t","hint":"I'm taking my time!"}"#,
                Kind::Ack,
                Some("t"),
                Some(7),
                None,
            ),
            (
                r#"{"janus":"event","session_id":7,"sender":9007199254740991,"plugindata":{}}"#,
                Kind::Event,
                None,
                Some(7),
                Some((1 << 53) - 1),
            ),
            (
                r#"{"sender":18446744073709551615,"janus":"hangup","reason":"x"}"#,
                Kind::Other,
                None,
                None,
                Some(u64::MAX),
            ),
            (r#"{"janus":"error","error":{"code":454,"reason":"x"}}"#, Kind::Error, None, None, None),
            (r#"{"janus":"keepalive"}"#, Kind::Keepalive, None, None, None),
            (r#"{"janus":"timeout","session_id":"x"}"#, Kind::Timeout, None, None, None),
        ];
        for (text, kind, transaction, session, sender) in rows {
            let document = Document::from_json(text.as_bytes().to_vec()).unwrap();
            let outline = Outline::of(document.root()).unwrap();
            assert_eq!((outline.kind, outline.transaction), (kind, transaction), "{text}");
            assert_eq!((outline.session, outline.sender), (session, sender), "{text}");
        }
        for none in ["[]", "{}", "7", r#"{"janus":7}"#, r#"{"textroom":"x"}"#] {
            let document = Document::from_json(none.as_bytes().to_vec()).unwrap();
            assert!(Outline::of(document.root()).is_none(), "{none}");
        }
    }

    #[test]
    fn requests_are_one_object_whatever_is_in_them() {
        let mut envelope = Envelope::new("message", "a\"b", 0);
        envelope.number("session_id", u64::MAX);
        envelope.secrets(&Secrets {
            api_secret: Some(Secret::new("s\\")),
            token: Some(Secret::new("t")),
            ..Secrets::default()
        });
        envelope.members(Members::default().with("body", &Tree::from_json(r#"{"a":[1,null]}"#).unwrap()).as_str());
        let expected = r#"{"janus":"message","transaction":"a\"b","session_id":18446744073709551615,"apisecret":"s\\","token":"t","body":{"a":[1,null]}}"#;
        assert_eq!(envelope.finish(), expected);
    }
}
