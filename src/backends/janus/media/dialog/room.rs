//! `VideoRoom` (Janus specification 3.2): a publisher offers, a subscriber answers, also each time when the feeds change.

use super::{Then, codecs, declared};
use crate::{
    backends::janus::media::{course::Course, running::Jsep},
    error::{Error, Result},
    value::{Object, Tree},
};

/// Publishes, in the room that the handle is in or joins for it.
///
/// # Errors
/// What the server refuses; what goes wrong on the way.
pub async fn publish(course: &mut Course) -> Result<()> {
    let join = match (course.order.room.clone(), declared(course, &["join", "joinandconfigure"], "room")) {
        (Some(room), None) => {
            let mut fields = Object::default();
            fields.insert("room", room);
            fields.insert("ptype", Tree::from("publisher"));
            Some(course.checked("join", fields)?)
        }
        (Some(room), Some(joined)) if room != joined => {
            let message = format!("room was {}, and the handle has joined {}", room.to_json(), joined.to_json());
            return Err(Error::option("room", message));
        }
        _ => None,
    };
    let mut fields = Object::default();
    codecs(course, &mut fields);
    let publish = course.checked("publish", fields)?;
    let offer = course.offer().await?;
    if let Some(join) = join {
        course.ask(&join, None).await?;
    }
    let said = course.ask(&publish, Some((true, &offer))).await?;
    course.accept(said.jsep.as_ref())
}

/// Receives feeds.
///
/// # Errors
/// As [`publish`].
pub async fn subscribe(course: &mut Course) -> Result<()> {
    let stream = |feed: &Tree| match feed {
        Tree::Object(stream) => Tree::Object(stream.clone()),
        id => {
            let mut stream = Object::with_capacity(1);
            stream.insert("feed", id.clone());
            Tree::Object(stream)
        }
    };
    let mut fields = Object::default();
    fields.insert("room", course.order.room.clone().unwrap_or_default());
    fields.insert("ptype", Tree::from("subscriber"));
    fields.insert("streams", course.order.feeds.iter().map(stream).collect());
    let join = course.checked("join", fields)?;
    let said = course.ask(&join, None).await?;
    let data = said.data.root().to_tree();
    negotiate(course, &data, said.jsep.as_ref()).await
}

/// Answers the server's offer, and learns whose the tracks are.
async fn negotiate(course: &mut Course, data: &Tree, jsep: Option<&Jsep>) -> Result<()> {
    let answer = course.answer(jsep).await?;
    course.retrack(&feeds(data));
    course.record()?;
    let start = course.checked("start", Object::default())?;
    course.ask(&start, Some((false, &answer))).await.map(drop)
}

/// Feeds come and go, by the host's `update` and `switch` or by themselves.
///
/// # Errors
/// As [`publish`].
pub async fn heard(course: &mut Course, data: &Tree, jsep: Option<Jsep>) -> Result<Then> {
    if let Some(jsep) = jsep.filter(|jsep| jsep.is_offer) {
        negotiate(course, data, Some(&jsep)).await?;
    } else if data.get("streams").is_some() {
        course.retrack(&feeds(data));
        course.record()?;
    }
    Ok(if all_left(data) { Then::End("feeds_left") } else { Then::Go })
}

/// By the names of the tracks, who sends them; none where nobody does any more.
fn feeds(data: &Tree) -> Object {
    let mut feeds = Object::default();
    for stream in streams(data) {
        let Some(mid) = stream.get("mid").and_then(Tree::as_str) else { continue };
        if let Some(feed) = stream.get("feed_id").filter(|feed| is_active(stream) && !feed.is_null()) {
            feeds.insert(mid, feed.clone());
        }
    }
    feeds
}

fn streams(data: &Tree) -> &[Tree] {
    data.get("streams").and_then(Tree::as_array).unwrap_or_default()
}

fn is_active(stream: &Tree) -> bool {
    stream.get("active").and_then(Tree::as_bool).unwrap_or(true)
}

/// Whether a list of streams came in which nobody sends any more.
fn all_left(data: &Tree) -> bool {
    let list = streams(data);
    !list.is_empty() && !list.iter().any(|stream| is_active(stream) && stream.get("feed_id").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::from_json(text).unwrap()
    }

    #[test]
    fn whose_a_track_is_is_read_of_the_list_of_streams() {
        let data = tree(
            r#"{"videoroom":"updated","streams":[
                {"mindex":0,"mid":"0","type":"audio","feed_id":7,"feed_mid":"0","active":true},
                {"mindex":1,"mid":"1","type":"video","feed_id":"a","feed_mid":"1"},
                {"mindex":2,"mid":"2","type":"video","active":false}]}"#,
        );
        assert_eq!(Tree::Object(feeds(&data)).to_json(), r#"{"0":7,"1":"a"}"#);
        assert!(!all_left(&data));
        assert!(all_left(&tree(r#"{"streams":[{"mid":"0","type":"audio","active":false}]}"#)));
        assert!(!all_left(&tree(r#"{"videoroom":"event","switched":"ok"}"#)));
    }
}
