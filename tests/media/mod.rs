//! What the tests of media share: samples that ffmpeg makes, ffprobe's word on files, folders, sums, a feed of RTP, a small disk, and the
//! Python client of Janus as the other party. `memory.rs` is named by those who count with an allocator.

pub mod disk;
pub mod feed;
pub mod folder;
pub mod other;
pub mod probe;
#[cfg(feature = "media")]
pub mod reading;
pub mod samples;
pub mod sum;
