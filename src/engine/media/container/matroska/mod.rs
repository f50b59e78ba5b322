//! WebM and Matroska (RFC 9559 on RFC 8794), read and written by hand: the readers to be had stop at unknown sizes and lies
//! that a live recording or a broken disk bring about, and lose which frames of a `BlockGroup` are keyframes.
//!
//! `ebml` is the notation, `input` the file as elements, `block` the head and the lacing of a block, `entry` a track as the
//! file tells it, `packing` what has to be done to its frames, `read` the file that is read; `head` and `output` serve `write`.

mod block;
mod ebml;
mod entry;
mod head;
mod input;
mod output;
mod packing;
mod read;
#[cfg(test)]
mod tests;
mod write;

use super::{Demux, Drain, Mux, Source};
use crate::{engine::media::Track, error::Result};

/// Opens a file for reading.
///
/// # Errors
/// `media_file` when it is no such file, or ends before its list of tracks; `io`.
pub fn open(source: Box<dyn Source>) -> Result<Box<dyn Demux>> {
    Ok(Box::new(read::Reader::open(source)?))
}

/// Begins a file; nothing is written before the first frame of each video track told what its head needs.
///
/// # Errors
/// `media_codec` for a track that cannot be put into it.
pub fn create(drain: Box<dyn Drain>, tracks: &[Track], webm: bool) -> Result<Box<dyn Mux>> {
    Ok(Box::new(write::Writer::new(drain, tracks, webm)?))
}
