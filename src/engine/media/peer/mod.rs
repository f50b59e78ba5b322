//! A WebRTC connection behind a trait of ours, its sockets, and the task of the reactor that runs both.
//!
//! `protocol` is the trait, `rtc` the crate behind it, `link` what the rest of the library holds, `drive` the task,
//! `sockets` the UDP sockets, `stun` and `gather` what asks STUN servers, `sdp` what is read off and changed in
//! descriptions, `timeline` the times of what arrives.

mod drive;
mod gather;
pub mod link;
mod protocol;
mod rtc;
mod sdp;
mod sockets;
mod stun;
mod timeline;

pub use link::Link;
pub use sdp::narrowed;

use std::{sync::Arc, time::Duration};

use super::{Codec, Kind};
use crate::error::{Error, Result};

/// Which way a track of the connection goes, as SDP says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// To the other side alone.
    SendOnly,
    /// From it alone.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction of these ways.
    #[must_use]
    pub fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether frames go to the other side.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether frames come from the other side.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same, seen from the other side.
    #[must_use]
    pub fn turned(self) -> Direction {
        Direction::of(self.receives(), self.sends())
    }

    /// As SDP and the options say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.name() == name)
    }
}

/// What a new track of the connection is to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it carries.
    pub kind: Kind,
    /// Which way.
    pub direction: Direction,
    /// The codecs, the best first.
    pub codecs: Vec<Codec>,
}

/// A track of the connection as it was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Its name in the descriptions.
    pub mid: Box<str>,
    /// What it carries.
    pub kind: Kind,
    /// Which way, seen from here.
    pub direction: Direction,
    /// The codec that frames go out by; `None` when the other side refused the track, or there is no common one.
    pub codec: Option<Codec>,
    /// The `msid` that the other side gave it.
    pub stream: Option<Box<str>>,
}

/// A frame that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The track.
    pub mid: Box<str>,
    /// How it is encoded.
    pub codec: Codec,
    /// When it is shown, from the first frame of the connection on: the first frame of its first track has 0, and that of
    /// another track has how much later it belongs, by the sender reports when both tracks had one by then, else by when it
    /// arrived. It never goes back within a track.
    pub pts: Duration,
    /// Decoding can begin here.
    pub keyframe: bool,
    /// Whether it follows the one before without a gap.
    pub contiguous: bool,
    /// The frame.
    pub data: Arc<[u8]>,
}

/// What becomes of a connection.
#[derive(Debug)]
pub enum Stage {
    /// Candidates are tried.
    Connecting,
    /// ICE has found a way; DTLS begins.
    Found,
    /// Media can flow; again, when it comes behind `Interrupted`.
    Connected,
    /// The way was lost; ICE looks for another.
    Interrupted,
    /// It is over: by `close` or by the other side, or by the error. `phase` of the error is `ice` or `dtls`. Nothing is heard
    /// behind it.
    Over(Option<Error>),
}

/// Who hears of a connection. Called on the reactor, with no lock held: nothing here waits or runs the host's code.
pub trait Watcher: Send + Sync {
    /// It has come to another stage.
    fn stage(&self, stage: Stage);
    /// A frame arrived.
    fn frame(&self, frame: Arrived);
    /// The other side wants a keyframe of a track.
    fn keyframe_wanted(&self, _mid: &str) {}
    /// A channel can be written to.
    fn channel(&self, _label: &str) {}
    /// A channel was closed, by the other side or with the connection's own end of it.
    fn channel_closed(&self, _label: &str) {}
    /// A message of a channel arrived.
    fn data(&self, _label: &str, _binary: bool, _data: Vec<u8>) {}
    /// A candidate was found after the description was made: to be trickled (an SDP `candidate:` line). `None`: there will be
    /// no more, and a description that is made from now on has all; heard once, also without STUN servers.
    fn candidate(&self, _candidate: Option<&str>) {}
}

/// How a connection is made.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Addresses to bind to; empty: those of all interfaces, and loopback too when `loopback` says so.
    pub addresses: Vec<std::net::IpAddr>,
    /// The server is on this machine: loopback addresses count as well.
    pub loopback: bool,
    /// STUN servers (`host:port`) that tell server-reflexive candidates.
    pub stun: Vec<Box<str>>,
    /// How long ICE and DTLS together may take.
    pub timeout: Duration,
    /// How often statistics are taken.
    pub statistics: Duration,
}

/// The running numbers of a track.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// Frames sent or received, and how many of them were keyframes.
    pub frames: u64,
    /// Keyframes among them.
    pub keyframes: u64,
    /// Bytes of RTP payload.
    pub bytes: u64,
    /// RTP packets.
    pub packets: u64,
    /// Packets lost: seen by the receiver.
    pub lost: u64,
    /// The part of packets lost in the last interval, 0 to 1.
    pub loss: Option<f32>,
    /// RFC 3550, in seconds.
    pub jitter: Option<f64>,
    /// In seconds.
    pub rtt: Option<f64>,
    /// Bits per second over the last second, or over the interval in which numbers are taken when that is longer.
    pub bitrate: u64,
    /// Asked for by the receiving side.
    pub nacks: u64,
    /// Asked for by the receiving side.
    pub plis: u64,
    /// Asked for by the receiving side.
    pub firs: u64,
}

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// By track: what goes out, and what comes in.
    pub tracks: Vec<(Box<str>, Option<Numbers>, Option<Numbers>)>,
    /// In seconds.
    pub rtt: Option<f64>,
    /// Bits per second that the other side said last that it takes (REMB).
    pub available: Option<u64>,
    /// The pair of addresses in use.
    pub pair: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    /// From the start to an ICE pair, and to the end of DTLS.
    pub phases: (Option<Duration>, Option<Duration>),
}

/// What the rest of the library does with a connection; [`Link`] of this folder is one. All may be called on any thread; none
/// waits. `media_state` is what everything says when the connection is over.
pub trait Connection: Send + Sync {
    /// Adds tracks (and a data channel of this label) to the next offer. [`Connection::tracks`] tells their names once that is
    /// made. A channel beside others needs no offer: it is opened at once.
    ///
    /// # Errors
    /// `media_state`.
    fn plan(&self, wishes: &[Wish], channel: Option<&str>) -> Result<()>;
    /// Has the next offer give a track another direction.
    ///
    /// # Errors
    /// `argument` for an unknown track.
    fn turn(&self, mid: &str, direction: Direction) -> Result<()>;
    /// Has the next offer end a track for good: its place in the descriptions stays, with port 0.
    ///
    /// # Errors
    /// `argument` for an unknown track.
    fn retire(&self, mid: &str) -> Result<()>;
    /// An offer of what is planned, with the candidates known by now; `restart` also restarts ICE.
    ///
    /// # Errors
    /// `media_state` when an offer is open, or nothing is planned.
    fn offer(&self, restart: bool) -> Result<String>;
    /// Forgets the open offer, which nobody is going to answer, and what was planned in it.
    fn withdraw(&self);
    /// The answer to our offer.
    ///
    /// # Errors
    /// `media_sdp` for what cannot be read or does not fit the offer, `media_state` without an offer.
    fn accept(&self, answer: &str) -> Result<()>;
    /// An answer to an offer of the other side; `agree` says for each of its tracks in their order which way it goes, seen from
    /// here. What the offer does not allow is left out of it.
    ///
    /// # Errors
    /// `media_sdp` for what cannot be read; `media_state` when an offer of ours is open, which is still open then.
    fn answer(&self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String>;
    /// The tracks by now, in the order of the descriptions; those of an open offer have no codec yet.
    fn tracks(&self) -> Vec<Agreed>;
    /// A candidate of the other side (`candidate:…`, with `a=` or without), also before its description; an empty one and
    /// `end-of-candidates` say that there are no more. One that cannot be used (TCP, a name of mDNS) is left out.
    ///
    /// # Errors
    /// `media_sdp` for what is no candidate.
    fn candidate(&self, candidate: &str) -> Result<()>;
    /// Sends a frame. Times of a track are to rise; one that does not is moved behind the one before.
    ///
    /// # Errors
    /// `media_state` before it is connected; `argument` for an unknown track, one that sends nothing and an empty frame; `limit`
    /// when too much waits, and for a packet of Opus that is larger than one of RTP.
    fn write(&self, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()>;
    /// Sends a message on a channel; opens the channel when there is none of that label, and sends it then.
    ///
    /// # Errors
    /// `media_state` before it is connected and without a data section; `argument` for an empty message; `limit` when too much
    /// waits, and for a message that the other side does not take.
    fn say(&self, label: &str, binary: bool, data: &[u8]) -> Result<()>;
    /// Closes a channel; the watcher hears when that is done.
    ///
    /// # Errors
    /// `argument` when there is none of that label.
    fn hush(&self, label: &str) -> Result<()>;
    /// Asks for a keyframe of a track that arrives.
    fn ask_keyframe(&self, mid: &str);
    /// Brings the numbers up to this moment, which they are otherwise once in the time of [`Terms::statistics`]. Media is over:
    /// only goodbyes may follow.
    fn settle(&self) {}
    /// The numbers by now.
    fn statistics(&self) -> Statistics;
    /// Ends it: the other side is told, the sockets are closed. Never waits.
    fn close(&self);
}
