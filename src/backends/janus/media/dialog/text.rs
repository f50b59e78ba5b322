//! `TextRoom` (Janus specification 3.4): a connection that has nothing but a data channel. The server offers it, and opens
//! no channel by itself: we do, when there is a connection.

use crate::{
    backends::janus::media::course::Course,
    error::{Result, code},
    value::Object,
};

/// Sets it up.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn begin(course: &mut Course) -> Result<()> {
    if let Some(label) = course.order.channel.as_deref() {
        course.running.channel.named(label);
    }
    let setup = course.checked("setup", Object::default())?;
    let said = match course.ask(&setup, None).await {
        // A server of 1.1 takes one for set up for good; what it offers then is a new one all the same.
        Err(error) if error.code() == code::PLUGIN_WRONG_STATE.word && course.handle.media.has_run() => {
            let restart = course.checked("restart", Object::default())?;
            course.ask(&restart, None).await?
        }
        said => said?,
    };
    let answer = course.answer(said.jsep.as_ref()).await?;
    let ack = course.checked("ack", Object::default())?;
    course.ask(&ack, Some((false, &answer))).await.map(drop)
}
