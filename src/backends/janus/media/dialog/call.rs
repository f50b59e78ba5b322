//! `VideoCall` (Janus specification 3.3): one calls another by name; either may hang up.

use super::{Then, declared, word};
use crate::{
    backends::janus::media::{
        course::Course,
        running::{Jsep, News, Phase},
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// Calls somebody; the answer comes when it is taken.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn call(course: &mut Course) -> Result<()> {
    let mut fields = Object::default();
    fields.insert("username", course.order.username.as_deref().map_or(Tree::Null, Tree::from));
    let call = course.checked("call", fields)?;
    register(course).await?;
    let offer = course.offer().await?;
    course.ask(&call, Some((true, &offer))).await.map(drop)
}

/// Takes the call that came, or waits for one.
///
/// # Errors
/// As [`call`].
pub async fn accept(course: &mut Course) -> Result<()> {
    let accept = course.checked("accept", Object::default())?;
    register(course).await?;
    let incoming = loop {
        if let Some(incoming) = course.handle.media.incoming() {
            break incoming;
        }
        // Whatever comes: the call, and its candidates, are where they are looked for.
        course.next_in_time().await?;
    };
    let answer = course.answer(Some(&Jsep { is_offer: true, sdp: incoming.offer })).await?;
    course.aside.extend(incoming.candidates.into_iter().map(|line| News::Trickle(Some(line))));
    course.ask(&accept, Some((false, &answer))).await.map(drop)
}

/// Registers by the name in `body`, unless the handle has a name.
async fn register(course: &mut Course) -> Result<()> {
    let named = declared(course, &["register"], "username").is_some();
    if named || course.order.body.get("username").is_none() {
        return Ok(());
    }
    let register = course.checked("register", Object::default())?;
    course.ask(&register, None).await.map(drop)
}

/// The other side took the call, changes it, or hung up.
///
/// # Errors
/// `media_refused` when it hung up before media flowed; as [`call`].
pub async fn heard(course: &mut Course, data: &Tree, jsep: Option<Jsep>) -> Result<Then> {
    match word(data, &["result", "event"]) {
        Some("accepted") if jsep.is_some() => course.accept(jsep.as_ref())?,
        Some("update") => {
            if let Some(jsep) = jsep.filter(|jsep| jsep.is_offer) {
                let answer = course.answer(Some(&jsep)).await?;
                course.retrack(&Object::default());
                course.record()?;
                let set = course.checked("set", Object::default())?;
                course.ask(&set, Some((false, &answer))).await?;
            }
        }
        Some("hangup") if course.running.phase() >= Phase::Flowing => return Ok(Then::End("hangup")),
        Some("hangup") => {
            let reason = word(data, &["result", "reason"]).unwrap_or("no reason given");
            let message = format!("the call came to nothing: {reason}");
            return Err(Error::new(&code::MEDIA_REFUSED, message).with("server_text", reason));
        }
        _ => {}
    }
    Ok(Then::Go)
}
