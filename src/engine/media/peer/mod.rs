//! A WebRTC connection behind a trait of ours, its sockets, and the task of the reactor that runs both.

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
    /// When it is shown, from the first frame of the track on.
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
    /// Media can flow.
    Connected,
    /// The way was lost; ICE looks for another.
    Interrupted,
    /// It is over: by the other side, or by the error. `phase` of the error is `ice` or `dtls` before `Connected`.
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
    /// A message of a channel arrived.
    fn data(&self, _label: &str, _binary: bool, _data: Vec<u8>) {}
    /// A candidate was found after the description was made: to be trickled (an SDP `candidate:` line). `None`: there will be
    /// no more.
    fn candidate(&self, _candidate: Option<&str>) {}
}

/// How a connection is made.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Addresses to bind to; empty: those of all interfaces, and loopback alone when `loopback` says so.
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
    /// Bits per second over the last interval.
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
    /// Bits per second that the other side says it can take (REMB), or that were estimated (transport-cc).
    pub available: Option<u64>,
    /// The pair of addresses in use.
    pub pair: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    /// From the start to an ICE pair, and to the end of DTLS.
    pub phases: (Option<Duration>, Option<Duration>),
}

/// What the rest of the library does with a connection; [`Link`] of this folder is one. All may be called on any thread; none
/// waits.
pub trait Connection: Send + Sync {
    /// Adds tracks (and a data channel of this label) to the next offer.
    ///
    /// # Errors
    /// `closed`.
    fn plan(&self, wishes: &[Wish], channel: Option<&str>) -> Result<Vec<Box<str>>>;
    /// An offer of what is planned, with the candidates known by now; `restart` also restarts ICE.
    ///
    /// # Errors
    /// `closed`; `state` when an offer is open.
    fn offer(&self, restart: bool) -> Result<String>;
    /// The answer to our offer.
    ///
    /// # Errors
    /// `protocol` for what cannot be read.
    fn accept(&self, answer: &str) -> Result<()>;
    /// An answer to an offer of the other side; `send` says what we send on its tracks, in their order.
    ///
    /// # Errors
    /// `protocol`.
    fn answer(&self, offer: &str, send: &dyn Fn(&Agreed) -> Direction) -> Result<String>;
    /// The tracks by now.
    fn tracks(&self) -> Vec<Agreed>;
    /// A candidate of the other side (`candidate:…`).
    ///
    /// # Errors
    /// `protocol`.
    fn candidate(&self, candidate: &str) -> Result<()>;
    /// Sends a frame.
    ///
    /// # Errors
    /// `state` before it is connected, `argument` for an unknown track, `limit` when too much waits.
    fn write(&self, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()>;
    /// Sends a message on a channel; opens the channel when there is none of that label.
    ///
    /// # Errors
    /// `state`, `limit`.
    fn say(&self, label: &str, binary: bool, data: &[u8]) -> Result<()>;
    /// Asks for a keyframe of a track that arrives.
    fn ask_keyframe(&self, mid: &str);
    /// The numbers by now.
    fn statistics(&self) -> Statistics;
    /// Ends it: the other side is told, the sockets are closed. Never waits.
    fn close(&self);
}
