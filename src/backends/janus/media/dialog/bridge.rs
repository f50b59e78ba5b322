//! `AudioBridge` (Janus specification 3.5): sound goes into a room and comes mixed out of it.

use super::declared;
use crate::{
    backends::janus::media::course::Course,
    error::{Error, Outcome, Result},
    value::Object,
};

/// Joins the room, unless the handle is in it, and offers sound.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn begin(course: &mut Course) -> Result<()> {
    let join = match (course.order.room.clone(), declared(course, &["join"], "room")) {
        (Some(room), None) => {
            let mut fields = Object::default();
            fields.insert("room", room);
            Some(course.checked("join", fields)?)
        }
        (Some(room), Some(joined)) if room != joined => {
            let message = format!("room was {}, and the handle has joined {}", room.to_json(), joined.to_json());
            return Err(Error::option("room", message));
        }
        _ => None,
    };
    let configure = course.checked("configure", Object::default())?;
    let offer = course.offer().await?;
    if let Some(join) = join {
        let asked = course.ask(&join, None).await.map(drop);
        // What was not answered in time may have been done all the same: it is taken back behind it.
        let unheard = |error: &Error| error.known_outcome() == Some(Outcome::Unknown);
        course.notes.joined = asked.as_ref().map_or_else(unheard, |()| true);
        asked?;
    }
    let said = course.ask(&configure, Some((true, &offer))).await?;
    course.accept(said.jsep.as_ref())
}
