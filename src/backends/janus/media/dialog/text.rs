//! `TextRoom` (Janus specification 3.4): a connection that has nothing but a data channel. The server offers it, and opens
//! no channel by itself: we do, when there is a connection.

use crate::{backends::janus::media::course::Course, error::Result, value::Object};

/// Sets it up.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn begin(course: &mut Course) -> Result<()> {
    if let Some(label) = course.order.channel.as_deref() {
        course.running.channel.named(label);
    }
    let setup = course.checked("setup", Object::default())?;
    let said = course.ask(&setup, None).await?;
    let answer = course.answer(said.jsep.as_ref()).await?;
    let ack = course.checked("ack", Object::default())?;
    course.ask(&ack, Some((false, &answer))).await.map(drop)
}
