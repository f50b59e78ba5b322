//! MP4 (ISO/IEC 14496-12 and -14) and the files of `QuickTime` that it comes from: read whole or in fragments, written in
//! fragments, so that a recorder that is killed leaves a file that plays.
//!
//! The boxes are read and written by hand. What this needs of them is small, and crates for them unpack the tables of samples
//! (eight times the size of the file for some), refuse a file for an odd box that nobody needs, and know nothing of where samples
//! are; that part would be ours all the same.

mod boxes;
mod build;
mod describe;
mod entry;
mod fragment;
mod head;
mod lane;
mod movie;
mod read;
mod tables;
mod tail;
mod voice;
mod write;

use std::ffi::CStr;

use super::{Demux, Drain, Mux, Source};
use crate::{
    engine::media::Track,
    error::{Error, Result, code},
};

/// Where lines of the log come from.
const PLACE: &CStr = c"media";

/// The flaw of a track with B-frames.
const REORDERED: &str = "its frames were not shown in the order of decoding (B-frames)";

/// Reads a file.
///
/// # Errors
/// `media_file` when it has no head or no track that is known, `io`.
pub fn open(source: Box<dyn Source>) -> Result<Box<dyn Demux>> {
    Ok(Box::new(read::Reader::open(source)?))
}

/// Writes a file: H.264, VP9 or AV1, and Opus.
///
/// # Errors
/// `media_codec` for a track that such a file does not hold.
pub fn create(drain: Box<dyn Drain>, tracks: &[Track]) -> Result<Box<dyn Mux>> {
    Ok(Box::new(write::Writer::new(drain, tracks)?))
}

/// A file that cannot be read.
fn broken(why: String) -> Error {
    Error::new(&code::MEDIA_FILE, why)
}
