//! The numbers of a media session as the host gets them: the connection's, the player's and the recordings' in one object.

use std::time::Duration;

use super::{
    super::peer::{Agreed, Numbers, Statistics},
    intake::Taken,
    player::Played,
    spool::Written,
};
use crate::value::{Object, Tree};

/// All that is known of a media session.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Where it stands: `connecting`, `connected`, `ended` …
    pub state: &'a str,
    /// Since it was connected.
    pub duration: Duration,
    /// The tracks.
    pub agreed: &'a [Agreed],
    /// Whose they are, by `mid`, when there are several senders.
    pub feeds: &'a [(Box<str>, Tree)],
    /// The connection's numbers.
    pub statistics: &'a Statistics,
    /// The frames that were handed over, by track.
    pub came: &'a [Came],
    /// What is played.
    pub played: &'a [Played],
    /// What is recorded, file by file.
    pub recorded: &'a [(Written, Vec<Taken>)],
}

/// Frames of a track that came and were handed over.
#[derive(Clone, Debug)]
pub struct Came {
    /// The track.
    pub mid: Box<str>,
    /// How many.
    pub frames: u64,
    /// How many of them were keyframes.
    pub keyframes: u64,
}

fn count(number: u64) -> Tree {
    Tree::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn seconds(time: Duration) -> Tree {
    Tree::Double(time.as_secs_f64())
}

impl Report<'_> {
    /// As the host gets it. What is not known is not there.
    #[must_use]
    pub fn object(&self) -> Object {
        let mut object = Object::default();
        object.insert("state", Tree::from(self.state));
        object.insert("duration", seconds(self.duration));
        object.insert("tracks", Tree::Array(self.agreed.iter().map(|track| self.track(track)).collect()));
        object.insert("files", Tree::Array(self.recorded.iter().map(file).collect()));
        let played = self.played.iter().map(playing).collect::<Vec<_>>();
        if !played.is_empty() {
            object.insert("played", Tree::Array(played));
        }
        object.insert("ice", self.ice());
        if let Some(rtt) = self.statistics.rtt {
            object.insert("rtt", Tree::Double(rtt));
        }
        if let Some(available) = self.statistics.available {
            object.insert("available", count(available));
        }
        object
    }

    fn track(&self, agreed: &Agreed) -> Tree {
        let mut track = Object::default();
        track.insert("mid", Tree::from(&*agreed.mid));
        track.insert("kind", Tree::from(agreed.kind.name()));
        if let Some(codec) = agreed.codec {
            track.insert("codec", Tree::from(codec.name()));
        }
        track.insert("direction", Tree::from(agreed.direction.name()));
        if let Some((_, feed)) = self.feeds.iter().find(|(mid, _)| *mid == agreed.mid) {
            track.insert("feed", feed.clone());
        }
        let numbers = self.statistics.tracks.iter().find(|(mid, ..)| *mid == agreed.mid);
        let (sent, received) =
            numbers.map(|(_, sent, received)| (sent.as_ref(), received.as_ref())).unwrap_or_default();
        let played = self.played.iter().flat_map(|played| &played.tracks).find(|sent| sent.mid == agreed.mid);
        if sent.is_some() || played.is_some() {
            let mut object = sent.map(outgoing).unwrap_or_default();
            if let Some(played) = played {
                // Counted where they were handed over: the connection's come in intervals.
                object.insert("frames", count(played.frames));
                object.insert("keyframes", count(played.keyframes));
                object.insert("left_out", count(played.left_out));
                object.insert("mended", count(played.mended));
                object.insert("keyframes_wanted", count(played.keyframes_wanted));
            }
            track.insert("sent", Tree::Object(object));
        }
        let taken = self.recorded.iter().flat_map(|(_, taken)| taken).find(|taken| taken.mid == agreed.mid);
        if received.is_some() || taken.is_some() {
            let mut object = received.map(incoming).unwrap_or_default();
            if let Some(came) = self.came.iter().find(|came| came.mid == agreed.mid) {
                // Counted where they were handed over: those that a file and the host have.
                object.insert("frames", count(came.frames));
                object.insert("keyframes", count(came.keyframes));
            }
            if let Some(taken) = taken {
                let mut recorded = Object::default();
                recorded.insert("frames", count(taken.frames));
                recorded.insert("keyframes", count(taken.keyframes));
                recorded.insert("bytes", count(taken.bytes));
                recorded.insert("left_out", count(taken.left_out));
                recorded.insert("gaps", count(taken.gaps));
                recorded.insert("absent", Tree::Bool(taken.absent));
                object.insert("recorded", Tree::Object(recorded));
            }
            track.insert("received", Tree::Object(object));
        }
        Tree::Object(track)
    }

    fn ice(&self) -> Tree {
        let mut ice = Object::default();
        if let Some((local, remote)) = self.statistics.pair {
            ice.insert("local", Tree::from(&*local.to_string()));
            ice.insert("remote", Tree::from(&*remote.to_string()));
        }
        let (found, connected) = self.statistics.phases;
        for (name, time) in [("ice", found), ("dtls", connected)] {
            if let Some(time) = time {
                ice.insert(name, seconds(time));
            }
        }
        Tree::Object(ice)
    }
}

fn common(numbers: &Numbers) -> Object {
    let mut object = Object::default();
    object.insert("frames", count(numbers.frames));
    object.insert("keyframes", count(numbers.keyframes));
    object.insert("bytes", count(numbers.bytes));
    object.insert("packets", count(numbers.packets));
    object.insert("bitrate", count(numbers.bitrate));
    object.insert("nacks", count(numbers.nacks));
    object.insert("plis", count(numbers.plis));
    object.insert("firs", count(numbers.firs));
    for (name, number) in [("rtt", numbers.rtt), ("loss", numbers.loss.map(f64::from))] {
        if let Some(number) = number {
            object.insert(name, Tree::Double(number));
        }
    }
    object
}

fn outgoing(numbers: &Numbers) -> Object {
    let mut object = common(numbers);
    if numbers.lost > 0 {
        object.insert("lost", count(numbers.lost));
    }
    object
}

fn incoming(numbers: &Numbers) -> Object {
    let mut object = common(numbers);
    object.insert("lost", count(numbers.lost));
    if let Some(jitter) = numbers.jitter {
        object.insert("jitter", Tree::Double(jitter));
    }
    object
}

fn file((written, _): &(Written, Vec<Taken>)) -> Tree {
    let mut file = Object::default();
    file.insert("path", Tree::from(&*written.path));
    file.insert("frames", count(written.frames));
    file.insert("bytes", count(written.bytes));
    file.insert("duration", seconds(written.duration));
    file.insert("complete", Tree::Bool(written.complete));
    Tree::Object(file)
}

fn playing(played: &Played) -> Tree {
    let mut file = Object::default();
    file.insert("path", Tree::from(&*played.path));
    file.insert("position", seconds(played.position));
    if let Some(duration) = played.duration {
        file.insert("duration", seconds(duration));
    }
    file.insert("rounds", count(played.rounds));
    file.insert("stalled", seconds(played.stalled));
    Tree::Object(file)
}

#[cfg(test)]
mod tests;
