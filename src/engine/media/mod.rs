//! Media without transcoding: encoded frames out of files and into files, and over a WebRTC connection.
//!
//! `codec` knows what can be read off encoded frames, `container` the files, `peer` the connection (sans IO, behind a trait)
//! with its sockets on the reactor, `flow` what moves frames in time between the two.

pub mod codec;
pub mod container;
pub mod flow;
pub mod peer;

use std::{sync::Arc, time::Duration};

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl Kind {
    /// As SDP and the options say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
        }
    }
}

/// How frames are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7741; a frame is what the encoder gave.
    Vp8,
    /// RFC 9628; a frame is a superframe.
    Vp9,
    /// RFC 6184; a frame is an access unit in the byte stream format (Annex B), parameter sets before each keyframe.
    H264,
    /// A frame is a temporal unit in the low-overhead format, without temporal delimiters.
    Av1,
    /// RFC 7587; a frame is one packet.
    Opus,
    /// One that WebRTC does not carry, or this library does not.
    Other,
}

impl Codec {
    /// What it is for.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        match self {
            Codec::Vp8 | Codec::Vp9 | Codec::H264 | Codec::Av1 => Some(Kind::Video),
            Codec::Opus => Some(Kind::Audio),
            Codec::Other => None,
        }
    }

    /// Its name in options and messages, as Janus writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Codec::Vp8 => "vp8",
            Codec::Vp9 => "vp9",
            Codec::H264 => "h264",
            Codec::Av1 => "av1",
            Codec::Opus => "opus",
            Codec::Other => "other",
        }
    }

    /// The one of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Codec> {
        [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus]
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }
}

/// One track of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What it carries.
    pub kind: Kind,
    /// How.
    pub codec: Codec,
    /// The codec as the file names it (`A_AAC`, `mp4a`), for messages.
    pub named: Box<str>,
    /// Video: the size in pixels; 0 when it is not known.
    pub size: (u32, u32),
    /// Audio: how many channels; 0 when it is not known.
    pub channels: u8,
    /// Opus: samples at 48 kHz that a player leaves out at the start.
    pub pre_skip: u16,
    /// Why it cannot be sent although its codec can: frames that are not shown in the order of decoding (B-frames), an
    /// encrypted track. A whole sentence in the past tense.
    pub flaw: Option<Box<str>>,
}

/// One encoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its track: the place in the list of tracks.
    pub track: usize,
    /// When it is shown, from the start of the file.
    pub pts: Duration,
    /// Decoding can begin here. Sound always can.
    pub keyframe: bool,
    /// The frame.
    pub data: Arc<[u8]>,
}
