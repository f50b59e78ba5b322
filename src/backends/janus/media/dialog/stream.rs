//! Streaming (Janus specification 3.6): a mountpoint is watched, as the server offers it.

use super::{Then, word};
use crate::{
    backends::janus::media::{course::Course, running::Jsep},
    error::Result,
    value::{Object, Tree},
};

/// Watches.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn watch(course: &mut Course) -> Result<()> {
    let mut fields = Object::default();
    fields.insert("id", course.order.id.clone().unwrap_or_default());
    let watch = course.checked("watch", fields)?;
    let said = course.ask(&watch, None).await?;
    start(course, said.jsep.as_ref()).await
}

async fn start(course: &mut Course, jsep: Option<&Jsep>) -> Result<()> {
    let answer = course.answer(jsep).await?;
    course.retrack(&Object::default());
    course.record()?;
    let start = course.checked("start", Object::default())?;
    course.ask(&start, Some((false, &answer))).await.map(drop)
}

/// It is offered anew, or over.
///
/// # Errors
/// As [`watch`].
pub async fn heard(course: &mut Course, data: &Tree, jsep: Option<Jsep>) -> Result<Then> {
    if let Some(jsep) = jsep.filter(|jsep| jsep.is_offer) {
        start(course, Some(&jsep)).await?;
    }
    Ok(match word(data, &["result", "status"]) {
        Some("stopped") => Then::End("ended"),
        _ => Then::Go,
    })
}
