//! Files as they are read here, to be compared with what others read of them.

use std::{path::Path, time::Duration};

use haft::engine::media::{Codec, Frame, Track, container::open};

use super::{probe, sum::sha256};

/// Those that WebRTC does not carry, or not as they are.
pub const UNFIT: [&str; 8] = [
    "h264_bframes.h264",
    "opus_surround.ogg",
    "vorbis.ogg",
    "vorbis.webm",
    "h264_aac.mp4",
    "h264_aac.mkv",
    "h264_bframes.mp4",
    "h264_bframes.mkv",
];

/// Pictures a second in the samples that have no times.
pub const RATE: f64 = 30.0;

/// What was read of a file.
pub struct Read {
    pub tracks: Vec<Track>,
    pub frames: Vec<Frame>,
}

/// Reads a file whole.
#[track_caller]
pub fn read(path: &Path) -> Read {
    let mut demux = open(path, Some(RATE)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut frames = Vec::new();
    while let Some(frame) = demux.next().unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
        frames.push(frame);
    }
    Read { tracks: demux.tracks().to_vec(), frames }
}

impl Read {
    /// (SHA-256, bytes) of each frame of a track. Of H.264 it is that of its units alone: start codes have two lengths.
    pub fn contents(&self, track: usize) -> Vec<(String, usize)> {
        let units = self.tracks[track].codec == Codec::H264;
        let data =
            self.of(track).map(|frame| if units { probe::units(&frame.data).concat() } else { frame.data.to_vec() });
        data.map(|data| (sha256(&data), data.len())).collect()
    }

    /// The frames of a track.
    pub fn of(&self, track: usize) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.track == track)
    }

    /// (nanoseconds behind the first, keyframe) of each frame of a track.
    pub fn moments(&self, track: usize) -> Vec<(i64, bool)> {
        let first = self.of(track).next().unwrap().pts;
        let at = |pts: Duration| i64::try_from(pts.as_nanos()).unwrap();
        let since = |frame: &Frame| at(frame.pts) - at(first);
        self.of(track).map(|frame| (since(frame), frame.keyframe)).collect()
    }
}
