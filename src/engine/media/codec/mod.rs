//! What can be read off encoded frames without decoding them: keyframes, sizes, durations, parameter sets.

pub mod av1;
mod bits;
pub mod h264;
pub mod opus;
pub mod vp8;
pub mod vp9;

use super::Codec;

/// What the head of a frame says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Decoding can begin here.
    pub keyframe: bool,
    /// The size in pixels, when this frame says so (keyframes do).
    pub size: Option<(u32, u32)>,
}

/// Reads the head of a frame; one that cannot be read is no keyframe. Sound can begin with any packet.
#[must_use]
pub fn head(codec: Codec, frame: &[u8]) -> Head {
    match codec {
        Codec::Vp8 => vp8::head(frame),
        Codec::Vp9 => vp9::head(frame),
        Codec::H264 => h264::head(frame),
        Codec::Av1 => av1::head(frame),
        Codec::Opus => Head { keyframe: true, size: None },
        Codec::Other => Head::default(),
    }
}
