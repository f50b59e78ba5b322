//! EchoTest (Janus specification 3.1): what goes out comes back.

use super::{Then, codecs, unless_said};
use crate::{
    backends::janus::media::course::Course,
    engine::media::Kind,
    error::Result,
    value::{Object, Tree},
};

/// Offers what the file has. The server echoes what is named here, in the codecs of the file.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn begin(course: &mut Course) -> Result<()> {
    let mut fields = Object::default();
    for (kind, name) in [(Kind::Audio, "audio"), (Kind::Video, "video")] {
        let value = Tree::Bool(course.has(kind));
        unless_said(course, &mut fields, name, value);
    }
    codecs(course, &mut fields);
    let echo = course.checked("echo", fields)?;
    let offer = course.offer().await?;
    let said = course.ask(&echo, Some((true, &offer))).await?;
    course.accept(said.jsep.as_ref())
}

/// `done`: the connection is over at the server.
pub fn heard(data: &Tree) -> Then {
    match data.get("result").and_then(Tree::as_str) {
        Some("done") => Then::End("hangup"),
        _ => Then::Go,
    }
}
