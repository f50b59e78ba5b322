//! A file that is played: it lies with the player, and travels to the worker and back whenever frames are needed.
//!
//! An errand reads for a tenth of a second at most, so that the worker is not kept from the host's callbacks by a file.

use std::{sync::Arc, time::Duration};

use super::super::{Frame, Track, container::Demux};
use crate::{clock, error::Result};

/// How long one errand may read.
const TURN: Duration = Duration::from_millis(100);

/// Opens the file, at each call anew: a file that is played again is read again.
pub type Opener = Arc<dyn Fn() -> Result<Box<dyn Demux>> + Send + Sync>;

/// A file that is open.
pub struct Reel {
    path: Arc<str>,
    opener: Opener,
    demux: Box<dyn Demux>,
}

/// How much one errand brings.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Media time of the file to which is read, ahead of everything that was read before.
    pub until: Duration,
    /// Bytes of frames after which it ends.
    pub bytes: usize,
}

/// What an errand brought.
pub struct Batch {
    /// The file.
    pub reel: Reel,
    /// Frames of the tracks that were asked for.
    pub frames: Vec<Frame>,
    /// The file has ended, or broke.
    pub over: bool,
    /// How it broke: the frames before are good.
    pub trouble: Option<crate::error::Error>,
}

impl Reel {
    /// Opens a file; this may wait, and belongs on the worker or the caller's thread. `path` is for messages.
    ///
    /// # Errors
    /// Those of the opener, with the path in the detail.
    pub fn open(path: &str, opener: Opener) -> Result<Reel> {
        let demux = opener().map_err(|error| error.with("path", path))?;
        Ok(Reel { path: path.into(), opener, demux })
    }

    /// Its name.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// Its tracks.
    pub fn tracks(&self) -> &[Track] {
        self.demux.tracks()
    }

    /// How long it is, when it says so.
    pub fn duration(&self) -> Option<Duration> {
        self.demux.duration()
    }

    /// Reads frames of the wanted tracks (by their places). May wait for the disk: an errand.
    #[must_use]
    pub fn read(mut self, wanted: &[bool], order: Order) -> Batch {
        let (mut frames, mut bytes, mut trouble) = (Vec::new(), 0, None);
        let end = clock::now() + TURN;
        let over = loop {
            match self.demux.next() {
                Ok(None) => break true,
                Err(error) => {
                    trouble = Some(error.with("path", &*self.path));
                    break true;
                }
                Ok(Some(frame)) => {
                    let far = frame.pts >= order.until;
                    if wanted.get(frame.track).copied().unwrap_or_default() {
                        bytes += frame.data.len();
                        frames.push(frame);
                    }
                    if far || bytes >= order.bytes || clock::now() >= end {
                        break false;
                    }
                }
            }
        };
        Batch { reel: self, frames, over, trouble }
    }

    /// From the start once more; `false` when it is another file by now.
    ///
    /// # Errors
    /// Those of the opener.
    pub fn rewind(&mut self) -> Result<bool> {
        let demux = (self.opener)().map_err(|error| error.with("path", &*self.path))?;
        let alike = |(one, other): (&Track, &Track)| one.kind == other.kind && one.codec == other.codec;
        let same = demux.tracks().len() == self.tracks().len() && demux.tracks().iter().zip(self.tracks()).all(alike);
        self.demux = demux;
        Ok(same)
    }
}

impl std::fmt::Debug for Reel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reel").field("path", &self.path).finish_non_exhaustive()
    }
}
