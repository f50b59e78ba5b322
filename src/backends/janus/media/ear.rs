//! What comes of the connection: frames into files and to the host, messages of data channels, and the rest as news for the
//! course. Called on the reactor.

use std::{
    borrow::Cow,
    sync::{Arc, Weak},
};

use super::{
    order::Part,
    running::{News, Running},
};
use crate::{
    engine::media::peer::{Arrived, Stage, Watcher},
    value::{Document, Object, Tree},
};

/// The ear of one session of media. It does not keep it: the session keeps the connection, which keeps this.
pub struct Ear(pub Weak<Running>);

/// Frames to the host.
pub const FRAMES: &str = "haft.media";
/// Messages of data channels to the host.
pub const DATA: &str = "data";

impl Watcher for Ear {
    fn stage(&self, stage: Stage) {
        if let Some(running) = self.0.upgrade() {
            running.tell(News::Stage(stage));
        }
    }

    fn frame(&self, frame: Arrived) {
        let Some(running) = self.0.upgrade().filter(|running| running.files.take()) else { return };
        if let Some(handle) = running.handle.upgrade() {
            let hearers = handle.topics.hearers(FRAMES);
            if !hearers.is_empty() {
                let shown = shown(&running, &frame);
                for sink in hearers {
                    // The frame itself is shared.
                    sink.bring(&mut std::iter::once(Document::from_object(&shown)));
                }
            }
        }
        running.files.frame(&frame);
    }

    fn keyframe_wanted(&self, mid: &str) {
        if let Some(running) = self.0.upgrade() {
            running.files.keyframe_wanted(mid);
        }
    }

    fn channel(&self, label: &str) {
        if let Some(running) = self.0.upgrade() {
            running.channel.opened(label);
        }
    }

    fn data(&self, label: &str, binary: bool, data: Vec<u8>) {
        let Some(running) = self.0.upgrade() else { return };
        let Some(handle) = running.handle.upgrade() else { return };
        let hearers = handle.topics.hearers(DATA);
        if !hearers.is_empty() {
            let mut shown = Object::with_capacity(2);
            shown.insert("label", Tree::from(label));
            let value = match (binary, std::str::from_utf8(&data)) {
                (false, Ok(text)) => Tree::from(text),
                _ => Tree::Bytes(Arc::from(&*data)),
            };
            shown.insert("data", value);
            for sink in hearers {
                sink.bring(&mut std::iter::once(Document::from_object(&shown)));
            }
        }
        if !binary && running.part == Part::Text {
            running.channel.hear(&handle, Cow::Owned(data));
        }
    }

    fn candidate(&self, candidate: Option<&str>) {
        if let Some(running) = self.0.upgrade() {
            running.tell(News::Candidate(candidate.map(Into::into)));
        }
    }
}

/// A frame as the host sees it.
fn shown(running: &Running, frame: &Arrived) -> Object {
    let mut shown = Object::with_capacity(7);
    shown.insert("mid", Tree::from(&*frame.mid));
    shown.insert("kind", frame.codec.kind().map_or(Tree::Null, |kind| Tree::from(kind.name())));
    shown.insert("codec", Tree::from(frame.codec.name()));
    shown.insert("pts", Tree::Double(frame.pts.as_secs_f64()));
    shown.insert("keyframe", Tree::Bool(frame.keyframe));
    if let Some(feed) = running.feed(&frame.mid) {
        shown.insert("feed", feed);
    }
    shown.insert("data", Tree::Bytes(Arc::clone(&frame.data)));
    shown
}
