//! Files read and written as the library does it, beside what ffprobe says.

use std::{io::Cursor, path::Path};

use haft::{
    engine::media::{
        Frame, Track,
        container::{Demux, create, open, open_source},
    },
    error::Result,
};

pub use super::media::{folder::Folder, sum::sha256};

use super::media::probe;

/// All frames.
pub fn drained(file: &mut dyn Demux) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while let Some(frame) = file.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

#[track_caller]
pub fn read(path: &Path) -> (Vec<Track>, Vec<Frame>) {
    let mut file = open(path, None).unwrap();
    let frames = drained(&mut *file).unwrap();
    (file.tracks().to_vec(), frames)
}

pub fn read_bytes(bytes: &[u8]) -> Result<(Vec<Track>, Vec<Frame>)> {
    let mut file = open_source(Box::new(Cursor::new(bytes.to_vec())), None)?;
    let frames = drained(&mut *file)?;
    Ok((file.tracks().to_vec(), frames))
}

/// What an error of it says.
#[track_caller]
pub fn refusal(bytes: &[u8]) -> String {
    let error = read_bytes(bytes).expect_err("a refusal");
    assert_eq!(error.code(), "media_file");
    error.message().to_owned()
}

#[track_caller]
pub fn write(path: &Path, tracks: &[Track], frames: &[Frame]) {
    let mut file = create(path, tracks).unwrap();
    for frame in frames {
        file.write(frame).unwrap();
    }
    file.finish().unwrap();
}

/// Frames as ffprobe tells of packets; times from the first frame on, in nanoseconds.
pub fn told<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Vec<(i64, usize, bool, String)> {
    let row = |frame: &Frame| (frame.pts.as_nanos() as i64, frame.data.len(), frame.keyframe, sha256(&frame.data));
    frames.into_iter().map(row).collect()
}

/// Packets in the same form.
#[track_caller]
pub fn probed(path: &Path) -> Vec<(i64, usize, bool, String)> {
    let packets = probe::packets(path);
    let first = packets[0].pts_ns;
    packets.into_iter().map(|packet| (packet.pts_ns - first, packet.size, packet.keyframe, packet.sha256)).collect()
}

/// The same packets, with times that differ by no more than a rounding of both.
#[track_caller]
pub fn same(name: &str, left: &[(i64, usize, bool, String)], right: &[(i64, usize, bool, String)], within_ns: i64) {
    assert_eq!(left.len(), right.len(), "{name}: how many");
    for (number, (one, other)) in left.iter().zip(right).enumerate() {
        assert!((one.0 - other.0).abs() <= within_ns, "{name}: packet {number} at {} and {} ns", one.0, other.0);
        assert_eq!((one.1, one.2, &one.3), (other.1, other.2, &other.3), "{name}: packet {number}");
    }
}
