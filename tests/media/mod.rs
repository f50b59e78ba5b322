//! What the tests of media share: samples that ffmpeg makes, and ffprobe's word on files.

pub mod probe;
pub mod samples;
