//! What the tests of media share: samples that ffmpeg makes, ffprobe's word on files, a feed of RTP, a small disk, and the Python client of
//! Janus as the other party.

pub mod disk;
pub mod feed;
pub mod other;
pub mod probe;
#[cfg(feature = "media")]
pub mod reading;
pub mod samples;
