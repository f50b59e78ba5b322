//! What is said to each plugin so that media flows (Janus specification 3), while it does, and at the end.

mod bridge;
mod call;
mod echo;
mod recording;
mod room;
mod stream;
mod text;

use super::{course::Course, order::Part, running::Jsep};
use crate::{
    engine::media::Kind,
    error::Result,
    log,
    value::{Object, Tree},
};

/// What comes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    Go,
    /// Media has come to its end; the word says how.
    End(&'static str),
}

/// What a dialog remembers.
#[derive(Debug, Default)]
pub struct Notes {
    /// All candidates are known.
    pub gathered: bool,
    /// The room was joined here, and is left here.
    pub joined: bool,
}

/// Exchanges descriptions, or begins to.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn begin(course: &mut Course) -> Result<()> {
    match course.order.part {
        Part::Echo => echo::begin(course).await,
        Part::Publish => room::publish(course).await,
        Part::Subscribe => room::subscribe(course).await,
        Part::Call => call::call(course).await,
        Part::Accept => call::accept(course).await,
        Part::Watch => stream::watch(course).await,
        Part::Bridge => bridge::begin(course).await,
        Part::Record => recording::record(course).await,
        Part::Replay => recording::replay(course).await,
        Part::Text => text::begin(course).await,
    }
}

/// The plugin said something.
///
/// # Errors
/// As [`begin`].
pub async fn heard(course: &mut Course, data: &Tree, jsep: Option<Jsep>) -> Result<Then> {
    match course.order.part {
        Part::Echo => Ok(echo::heard(data)),
        Part::Publish | Part::Bridge | Part::Text => Ok(Then::Go),
        Part::Subscribe => room::heard(course, data, jsep).await,
        Part::Call | Part::Accept => call::heard(course, data, jsep).await,
        Part::Watch => stream::heard(course, data, jsep).await,
        Part::Record | Part::Replay => Ok(recording::heard(data)),
    }
}

/// Takes leave of the plugin.
pub async fn end(course: &mut Course) {
    let verb = match course.order.part {
        Part::Publish => "unpublish",
        Part::Call | Part::Accept => "hangup",
        Part::Record | Part::Replay => "stop",
        Part::Bridge if course.notes.joined => "leave",
        // Who watches is not answered before something was seen; hanging up is as good.
        Part::Echo | Part::Subscribe | Part::Text | Part::Watch | Part::Bridge => return,
    };
    let said = match course.checked(verb, Object::default()) {
        Ok(checked) => course.ask(&checked, None).await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = said {
        // The other side may have ended it first.
        log::debug(c"janus", || format!("{verb} at the end of media: {error}"));
    }
}

/// Adds a field unless the host has said something of it.
fn unless_said(course: &Course, fields: &mut Object, name: &str, value: Tree) {
    if course.order.body.get(name).is_none() {
        fields.insert(name, value);
    }
}

/// The codecs that the file forces.
fn codecs(course: &Course, fields: &mut Object) {
    for (kind, name) in [(Kind::Audio, "audiocodec"), (Kind::Video, "videocodec")] {
        if let Some(codec) = course.codec(kind) {
            unless_said(course, fields, name, Tree::from(codec.name()));
        }
    }
}

/// The text at a path of some data.
fn word<'a>(data: &'a Tree, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(data, |data, name| data.get(name))?.as_str()
}

/// The value of a field in what the handle has brought about by one of these requests.
fn declared(course: &Course, requests: &[&str], field: &str) -> Option<Tree> {
    let kept = course.handle.declared();
    let found = kept.iter().find(|again| requests.contains(&again.request.name))?;
    Some(found.body.get(field).cloned().unwrap_or(Tree::Null))
}
