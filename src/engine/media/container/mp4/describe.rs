//! Sample entries as they are written, out of the first keyframe of a track (ISO/IEC 14496-15, 5.4.2; the ISOBMFF bindings of VP9,
//! AV1 and Opus).
//!
//! H.264 goes as `avc3`: parameter sets stay in the stream, where those of a feed that changes its size are anyway. `avcC` has
//! the first of them all the same, for players that set up a decoder before they look at frames.

use super::{
    super::super::{
        Codec, Track,
        codec::{self, av1, h264},
    },
    build::Build,
};

/// Ticks in a second of a track.
pub(super) fn scale(codec: Codec) -> u32 {
    if codec == Codec::Opus { codec::opus::RATE } else { 90_000 }
}

/// The sample entry of a track whose decoding begins with this frame, and its size; `None` when the frame does not say enough.
pub(super) fn entry(track: &Track, frame: &[u8]) -> Option<(Vec<u8>, (u32, u32))> {
    if track.codec == Codec::Opus {
        return Some((opus(track), (0, 0)));
    }
    let head = codec::head(track.codec, frame);
    if !head.keyframe {
        return None;
    }
    let size = head.size.unwrap_or(track.size);
    let (name, inner, configuration) = match track.codec {
        Codec::H264 => (b"avc3", b"avcC", h264::Configuration::of(frame)?.bytes()?),
        Codec::Vp9 => (b"vp09", b"vpcC", vp9(frame, size)?),
        Codec::Av1 => (b"av01", b"av1C", av1::configuration(frame)?),
        Codec::Vp8 | Codec::Opus | Codec::Other => return None,
    };
    let mut build = Build::default();
    build.nest(name, |build| {
        build.zeros(6);
        build.u16(1);
        build.zeros(16);
        build.u16(pixels(size.0));
        build.u16(pixels(size.1));
        // 72 dots per inch, as everybody writes.
        build.u32(0x0048_0000);
        build.u32(0x0048_0000);
        build.u32(0);
        build.u16(1);
        build.zeros(32);
        build.u16(0x18);
        build.u16(u16::MAX);
        build.nest(inner, |build| build.put(&configuration));
    });
    Some((build.bytes(), size))
}

fn pixels(size: u32) -> u16 {
    u16::try_from(size).unwrap_or(u16::MAX)
}

fn opus(track: &Track) -> Vec<u8> {
    let channels = track.channels.clamp(1, 2);
    let mut build = Build::default();
    build.nest(b"Opus", |build| {
        build.zeros(6);
        build.u16(1);
        build.zeros(8);
        build.u16(u16::from(channels));
        build.u16(16);
        build.zeros(4);
        build.u32(codec::opus::RATE << 16);
        build.nest(b"dOps", |build| {
            build.u8(0);
            build.u8(channels);
            build.u16(track.pre_skip);
            build.u32(codec::opus::RATE);
            build.u16(0);
            build.u8(0);
        });
    });
    build.bytes()
}

/// The levels of VP9 by the samples of a picture, times ten.
const LEVELS: [(u64, u8); 8] = [
    (36_864, 10),
    (73_728, 11),
    (122_880, 20),
    (245_760, 21),
    (552_960, 30),
    (983_040, 31),
    (2_228_224, 41),
    (8_912_896, 52),
];

/// `vpcC`, out of the uncompressed header of a keyframe (VP9 bitstream specification, 6.2).
fn vp9(frame: &[u8], size: (u32, u32)) -> Option<Vec<u8>> {
    let bytes: [u8; 8] = frame.first_chunk().copied()?;
    let bits = u64::from_be_bytes(bytes);
    let bit = |at: u32| (bits >> (63 - at) & 1) as u8;
    let profile = bit(2) | bit(3) << 1;
    // The frame marker, the profile (with a bit reserved for more of them), four flags, and the sync code.
    let mut at = 4 + u32::from(profile == 3) + 4 + 24;
    let mut depth = 8;
    if profile >= 2 {
        depth = if bit(at) == 1 { 12 } else { 10 };
        at += 1;
    }
    let rgb = bit(at) & bit(at + 1) & bit(at + 2) == 1;
    let odd = profile & 1 == 1;
    let (range, subsampling) = match (rgb, odd) {
        (true, _) => (1, (0, 0)),
        (false, true) => (bit(at + 3), (bit(at + 4), bit(at + 5))),
        (false, false) => (bit(at + 3), (1, 1)),
    };
    let chroma = match subsampling {
        (1, 1) => 1,
        (1, _) => 2,
        _ => 3,
    };
    // The lowest level whose pictures are large enough; of those that differ in the rate alone, the highest.
    let area = u64::from(size.0) * u64::from(size.1);
    let level = LEVELS.iter().find(|(most, _)| area <= *most).map_or(62, |(_, level)| *level);
    // Version 1; colours are not told (2), and there is nothing to initialise a decoder with.
    Some(vec![1, 0, 0, 0, profile, level, depth << 4 | chroma << 1 | range, 2, 2, 2, 0, 0])
}
