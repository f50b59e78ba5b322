//! What hosts ask of a session (verbs.md "Janus").

use std::sync::Arc;

use super::{handle::only, line::Request, raw, session::Session};
use crate::{
    backends::Call,
    error::{Error, Result, code},
    options::nearest,
};

/// One verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// What the server is.
    Info,
    /// Whether it is there.
    Ping,
    /// The session is still used.
    Keepalive,
    /// Its events are to come here.
    Claim,
    /// It is to end.
    Destroy,
    /// A whole message.
    Raw,
}

const VERBS: [(&str, Verb); 6] = [
    ("info", Verb::Info),
    ("ping", Verb::Ping),
    ("keepalive", Verb::Keepalive),
    ("claim", Verb::Claim),
    ("destroy", Verb::Destroy),
    ("raw", Verb::Raw),
];

/// The verb of a call, whose arguments are ones that it has.
///
/// # Errors
/// `unsupported`, `argument`.
pub fn read(call: &Call<'_>) -> Result<Verb> {
    // What `prepare` gave is a whole message.
    let Some(word) = call.verb else { return Ok(Verb::Raw) };
    let found = VERBS.iter().find(|(name, _)| *name == word);
    let Some((_, verb)) = found else {
        let hint = nearest(word, VERBS.iter().map(|(name, _)| *name)).map(|name| format!("; the nearest is {name:?}"));
        let hint = hint.unwrap_or_else(|| "; requests of a plugin are made on an attached handle".to_owned());
        let message = format!("a Janus session has no verb {word:?}{hint}");
        return Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"));
    };
    if let Some(target) = call.target {
        return Err(Error::option("target", format!("{word} has no target, and it was {target:?}")));
    }
    if *verb != Verb::Raw {
        only(word, call.args, &[])?;
    }
    Ok(*verb)
}

impl Verb {
    /// Whether there must be a session on the server for it.
    pub fn needs_session(self) -> bool {
        !matches!(self, Verb::Info | Verb::Ping)
    }

    /// Whether it can wait for a commit.
    pub fn stageable(self) -> Result<()> {
        match self {
            Verb::Raw => Ok(()),
            _ => Err(Error::new(
                &code::UNSUPPORTED,
                "only messages can be staged: what concerns the session itself is done at once",
            )),
        }
    }

    /// The request that it is.
    ///
    /// # Errors
    /// `argument`.
    pub fn request(self, session: &Arc<Session>, call: &Call<'_>) -> Result<Request> {
        Ok(match self {
            Verb::Info => Request::new("info").again(),
            Verb::Ping => Request::new("ping").again(),
            Verb::Keepalive => Request::new("keepalive").of(session).acked().again(),
            Verb::Claim => Request::new("claim").of(session),
            Verb::Destroy => Request::new("destroy").of(session),
            Verb::Raw => raw::request(call, Some(session), None)?,
        })
    }
}
