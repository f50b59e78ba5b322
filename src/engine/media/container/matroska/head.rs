//! What stands around the clusters of a file that is written: its head, its tracks, its index.

use super::ebml::{self, id, put, put_float, put_id, put_master, put_unsigned, put_void};
use crate::engine::media::{Codec, Kind, Track, codec::opus};

/// The room for [`seek_head`], in bytes.
pub const SEEK_HEAD_ROOM: usize = 96;

/// The room that stays behind a list of tracks that is completed later: parameter sets take some dozens of bytes.
pub const TRACKS_ROOM: usize = 2048;

/// The length of a tick in nanoseconds: what all readers of WebM expect.
pub const TICK: u64 = 1_000_000;

/// What a decoder needs before the place that is gone to (RFC 7845, section 4.6), in nanoseconds.
const PRE_ROLL: u64 = 80_000_000;

/// Readers drop Opus' first samples by this, in nanoseconds.
pub fn delay(track: &Track) -> u64 {
    u64::from(track.pre_skip) * 1_000_000_000 / 48_000
}

/// The head of the file.
pub fn ebml(webm: bool) -> Vec<u8> {
    let mut out = Vec::new();
    put_master(&mut out, id::EBML, |out| {
        put_unsigned(out, id::EBML_VERSION, 1);
        put_unsigned(out, id::EBML_READ_VERSION, 1);
        put_unsigned(out, id::EBML_MAX_ID_LENGTH, 4);
        put_unsigned(out, id::EBML_MAX_SIZE_LENGTH, 8);
        put(out, id::DOC_TYPE, if webm { b"webm" } else { b"matroska" });
        put_unsigned(out, id::DOC_TYPE_VERSION, 4);
        put_unsigned(out, id::DOC_TYPE_READ_VERSION, 2);
    });
    out
}

/// What is known of the whole; the duration, in ticks, is known at the end. The size is the same with and without.
pub fn info(duration: Option<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    put_master(&mut out, id::INFO, |out| {
        put_unsigned(out, id::TIMESTAMP_SCALE, TICK);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of 2^53 are 285000 years")]
        match duration {
            Some(ticks) => put_float(out, id::DURATION, ticks as f64),
            None => put_void(out, 11),
        }
        put(out, id::MUXING_APP, b"haft");
        put(out, id::WRITING_APP, b"haft");
    });
    out
}

/// The list of tracks, with what is known of their codecs.
pub fn tracks(tracks: &[(&Track, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    put_master(&mut out, id::TRACKS, |out| {
        for (number, (track, private)) in (1..).zip(tracks) {
            put_master(out, id::TRACK_ENTRY, |out| entry(out, number, track, private));
        }
    });
    out
}

/// One track.
fn entry(out: &mut Vec<u8>, number: u64, track: &Track, private: &[u8]) {
    put_unsigned(out, id::TRACK_NUMBER, number);
    put_unsigned(out, id::TRACK_UID, number);
    put_unsigned(out, id::TRACK_TYPE, if track.kind == Kind::Video { 1 } else { 2 });
    put_unsigned(out, id::FLAG_LACING, 0);
    put(out, id::LANGUAGE, b"und");
    put(out, id::CODEC_ID, name(track.codec).as_bytes());
    if !private.is_empty() {
        put(out, id::CODEC_PRIVATE, private);
    }
    match track.kind {
        Kind::Video => put_master(out, id::VIDEO, |out| {
            // A size of nothing is none; decoders find the real one in the frames.
            let (width, height) = if track.size.0 == 0 || track.size.1 == 0 { (640, 480) } else { track.size };
            put_unsigned(out, id::PIXEL_WIDTH, width.into());
            put_unsigned(out, id::PIXEL_HEIGHT, height.into());
        }),
        Kind::Audio => {
            if track.pre_skip > 0 {
                put_unsigned(out, id::CODEC_DELAY, delay(track));
            }
            put_unsigned(out, id::SEEK_PRE_ROLL, PRE_ROLL);
            put_master(out, id::AUDIO, |out| {
                put_float(out, id::SAMPLING_FREQUENCY, 48_000.0);
                put_unsigned(out, id::CHANNELS, channels(track).into());
            });
        }
    }
}

/// How many channels come out: WebRTC announces two where nothing is known.
fn channels(track: &Track) -> u8 {
    if track.channels == 0 { 2 } else { track.channels }
}

/// The private data of Opus.
pub fn opus_head(track: &Track) -> Vec<u8> {
    opus::Header::new(channels(track), track.pre_skip).bytes()
}

/// What the format calls a codec.
fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Vp8 => "V_VP8",
        Codec::Vp9 => "V_VP9",
        Codec::H264 => "V_MPEG4/ISO/AVC",
        Codec::Av1 => "V_AV1",
        Codec::Opus => "A_OPUS",
        Codec::Other => "",
    }
}

/// Where which part of the segment is, in exactly the room that was kept for it.
pub fn seek_head(parts: &[(u32, u64)]) -> Vec<u8> {
    let mut out = Vec::new();
    put_master(&mut out, id::SEEK_HEAD, |out| {
        for (part, place) in parts {
            put_master(out, id::SEEK, |out| {
                let mut name = Vec::new();
                put_id(&mut name, *part);
                put(out, id::SEEK_ID, &name);
                put_unsigned(out, id::SEEK_POSITION, *place);
            });
        }
    });
    let rest = SEEK_HEAD_ROOM.saturating_sub(out.len());
    put_void(&mut out, rest);
    out
}

/// A place to which one can go: the time in ticks, the number of the track, where its cluster is in the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    pub time: u64,
    pub track: u64,
    pub cluster: u64,
}

/// The index.
pub fn cues(cues: &[Cue]) -> Vec<u8> {
    let mut out = Vec::new();
    put_master(&mut out, id::CUES, |out| {
        for cue in cues {
            put_master(out, id::CUE_POINT, |out| {
                put_unsigned(out, id::CUE_TIME, cue.time);
                put_master(out, id::CUE_TRACK_POSITIONS, |out| {
                    put_unsigned(out, id::CUE_TRACK, cue.track);
                    put_unsigned(out, id::CUE_CLUSTER_POSITION, cue.cluster);
                });
            });
        }
    });
    out
}

/// The head of a segment or cluster whose size is not known yet; it is the last eight bytes.
pub fn open_ended(out: &mut Vec<u8>, id: u32) {
    put_id(out, id);
    out.extend_from_slice(&ebml::UNKNOWN_SIZE);
}
