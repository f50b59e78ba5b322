//! What a WebRTC stack does without I/O: whoever drives it brings datagrams and the time, and takes out what it says.
//!
//! After each call that changes something, `poll` is to be called until it says `Wait`.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Agreed, Arrived, Direction, Statistics, Wish};
use crate::error::{Error, Result};

/// A datagram on its way out.
#[derive(Debug)]
pub struct Datagram {
    /// The socket.
    pub from: SocketAddr,
    /// The other side.
    pub to: SocketAddr,
    /// The bytes.
    pub data: Vec<u8>,
    /// Goes before what waits already: checks, reports, what was asked for again.
    pub urgent: bool,
}

/// What happened.
#[derive(Debug)]
pub enum News {
    /// The other side was described for the first time.
    Connecting,
    /// ICE has found a way, for the first time or again.
    Found,
    /// The handshake is done.
    Connected,
    /// The way was lost.
    Interrupted,
    /// The other side has ended it.
    Closed,
    /// It broke.
    Broken(Error),
    /// A frame arrived.
    Frame(Arrived),
    /// The other side wants a keyframe.
    KeyframeWanted(Box<str>),
    /// A candidate was found after a description was made.
    Candidate(String),
    /// A channel can be written to.
    Channel(Box<str>),
    /// A channel was closed.
    ChannelClosed(Box<str>),
    /// A message arrived.
    Data(Box<str>, bool, Vec<u8>),
}

/// What comes out.
#[derive(Debug)]
pub enum Output {
    /// To be sent.
    Send(Datagram),
    /// To be told.
    News(News),
    /// Nothing more before this moment.
    Wait(Instant),
}

/// A WebRTC stack. The errors are those of [`Connection`](super::Connection).
pub trait Peer: Send {
    /// Adds an address of ours that a socket is bound to.
    fn host(&mut self, address: SocketAddr) -> Result<()>;
    /// Adds an address under which the socket of `base` is seen from outside: its candidate line, unless it is known already.
    fn reflexive(&mut self, address: SocketAddr, base: SocketAddr) -> Option<String>;
    /// Plans tracks and a channel for the next offer.
    fn plan(&mut self, wishes: &[Wish], channel: Option<&str>) -> Result<()>;
    /// Plans another direction.
    fn turn(&mut self, mid: &str, direction: Direction) -> Result<()>;
    /// Plans the end of a track.
    fn retire(&mut self, mid: &str) -> Result<()>;
    /// Makes an offer.
    fn offer(&mut self, restart: bool) -> Result<String>;
    /// Forgets the open offer.
    fn withdraw(&mut self);
    /// Takes an answer.
    fn accept(&mut self, answer: &str) -> Result<()>;
    /// Takes an offer, and makes an answer.
    fn answer(&mut self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String>;
    /// The tracks.
    fn tracks(&self) -> Vec<Agreed>;
    /// Takes a candidate.
    fn candidate(&mut self, candidate: &str) -> Result<()>;
    /// Sends a frame.
    fn write(&mut self, now: Instant, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()>;
    /// Sends a message.
    fn say(&mut self, label: &str, binary: bool, data: &[u8]) -> Result<()>;
    /// Closes a channel.
    fn hush(&mut self, label: &str) -> Result<()>;
    /// Asks for a keyframe.
    fn ask_keyframe(&mut self, mid: &str);
    /// The numbers; the phases are not its own.
    fn statistics(&self) -> Statistics;
    /// Takes a datagram; what is none of its own is left out.
    fn receive(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr, data: &[u8]) -> Result<()>;
    /// Time has passed.
    fn pass(&mut self, now: Instant) -> Result<()>;
    /// What comes out.
    fn poll(&mut self, now: Instant) -> Result<Output>;
    /// The numbers are wanted as they are now; its clock stands for a moment then, and nothing comes but goodbyes.
    ///
    /// # Errors
    /// The end of the connection.
    fn settle(&mut self, now: Instant) -> Result<()>;
    /// Ends it; the farewell comes out by `poll`.
    fn close(&mut self) -> Result<()>;
}
