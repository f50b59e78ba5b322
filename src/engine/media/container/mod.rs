//! Files of encoded frames: IVF, Ogg Opus, H.264 byte streams, WebM and Matroska, MP4. Whatever stands in a file that is read
//! may be wrong: lengths lie, ends are missing. A reader answers with an error that names the place, or leaves out what is
//! broken; it never panics, and never takes more memory than the file's own size plus a few times `FRAME_MAX`.

mod annexb;
mod create;
pub mod input;
mod ivf;
pub mod matroska;
pub mod mp4;
mod ogg;
mod open;

pub use create::{Format, create, create_drain, format};
pub use open::{open, open_source};

use std::{
    io::{Read, Seek, Write},
    time::Duration,
};

use super::{Frame, Track};
use crate::error::Result;

/// The largest frame that is read, in bytes.
pub const FRAME_MAX: usize = 64 << 20;

/// Where a file's bytes come from.
pub trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// Where they go. Files that are written are never read back; what was flushed stays valid when the process is killed. One
/// that cannot go back (a pipe) says so with an error of `seek`: then a file lacks what is known at its end alone (its
/// duration, an index), and is complete all the same.
pub trait Drain: Write + Seek + Send {}
impl<T: Write + Seek + Send> Drain for T {}

/// A file that is read.
pub trait Demux: Send {
    /// Its tracks, with those that cannot be sent.
    fn tracks(&self) -> &[Track];

    /// How long it is, when it says so.
    fn duration(&self) -> Option<Duration>;

    /// The next frame of any track, in the order of the file; `None` is the end. A file that ends in the middle of a frame
    /// ends before it, with a warning in the log.
    ///
    /// # Errors
    /// What is broken.
    fn next(&mut self) -> Result<Option<Frame>>;
}

/// A file that is written.
pub trait Mux: Send {
    /// Adds a frame; those of one track come in order.
    ///
    /// # Errors
    /// The system's (`disk full`), a frame that the format cannot hold.
    fn write(&mut self, frame: &Frame) -> Result<()>;

    /// Hands what is complete to the system, so that a file that is cut here plays to here.
    ///
    /// # Errors
    /// The system's.
    fn flush(&mut self) -> Result<()>;

    /// Completes the file. Nothing is written after it.
    ///
    /// # Errors
    /// The system's.
    fn finish(&mut self) -> Result<()>;
}
