//! Record&Play (Janus specification 3.7): the server records what is sent, or plays what it has.

use super::{Then, codecs, word};
use crate::{
    backends::janus::media::course::Course,
    error::Result,
    value::{Object, Tree},
};

/// Has the server record.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn record(course: &mut Course) -> Result<()> {
    let mut fields = Object::default();
    if let Some(id) = course.order.id.clone() {
        fields.insert("id", id);
    }
    codecs(course, &mut fields);
    let record = course.checked("record", fields)?;
    let offer = course.offer().await?;
    let said = course.ask(&record, Some((true, &offer))).await?;
    course.accept(said.jsep.as_ref())
}

/// Has the server play.
///
/// # Errors
/// As [`record`].
pub async fn replay(course: &mut Course) -> Result<()> {
    let mut fields = Object::default();
    fields.insert("id", course.order.id.clone().unwrap_or_default());
    let play = course.checked("play", fields)?;
    let said = course.ask(&play, None).await?;
    let answer = course.answer(said.jsep.as_ref()).await?;
    let start = course.checked("start", Object::default())?;
    course.ask(&start, Some((false, &answer))).await.map(drop)
}

/// It has come to its end.
pub fn heard(data: &Tree) -> Then {
    let status = word(data, &["result", "status"]).or_else(|| word(data, &["result"]));
    match status {
        Some("done" | "stopped") => Then::End("ended"),
        _ => Then::Go,
    }
}
