//! Files made by ffmpeg and packets told by ffprobe.

use std::{fs, io::Cursor, path::Path, process::Command, time::Duration};

use haft::engine::media::{Codec, Frame, Kind, Track, codec::h264, container::mp4};

pub use super::media::folder::Folder;

/// Moving pictures and a tone of two seconds.
pub const PICTURES: &str = "-f lavfi -i testsrc2=s=192x108:r=25:d=2";
pub const TONE: &str = "-f lavfi -i sine=440:d=2:r=48000";
pub const H264: &str = "-c:v libx264 -preset ultrafast -profile:v baseline -bf 0 -g 20 -pix_fmt yuv420p";
pub const OPUS: &str = "-c:a libopus -ac 2 -b:a 48k";
pub const FRAGMENTS: &str = "-movflags +frag_keyframe+empty_moov+default_base_moof+delay_moov";

/// A packet as ffprobe tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    pub stream: usize,
    pub pts: f64,
    pub duration: f64,
    pub size: usize,
    pub keyframe: bool,
    pub crc: u32,
}

/// Runs a tool of ffmpeg that must have nothing to complain about.
#[track_caller]
pub fn silent(tool: &str, arguments: &[&str], file: &Path) -> String {
    let mut command = Command::new(tool);
    // It warns of tracks of text and time codes, which only files of its own have.
    let level = if file.ends_with("several.mp4") { "error" } else { "warning" };
    command.args(["-v", level]).args(arguments);
    let done = if tool == "ffprobe" { command.arg(file) } else { command.arg("-") }.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.is_empty(), "{}: {said}", file.display());
    String::from_utf8(done.stdout).unwrap()
}

#[track_caller]
pub fn packets(file: &Path) -> Vec<Packet> {
    let entries = "packet=stream_index,pts_time,duration_time,size,flags,data_hash";
    let told = silent("ffprobe", &["-show_data_hash", "crc32", "-show_entries", entries, "-of", "json"], file);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let rows = told["packets"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            Packet {
                stream: row["stream_index"].as_u64().unwrap() as usize,
                pts: field("pts_time").parse().unwrap(),
                duration: field("duration_time").parse().unwrap_or(0.0),
                size: field("size").parse().unwrap(),
                keyframe: field("flags").starts_with('K'),
                crc: u32::from_str_radix(field("data_hash").strip_prefix("CRC32:").unwrap(), 16).unwrap(),
            }
        })
        .collect()
}

/// The checksums of decoded pictures or sound.
#[track_caller]
pub fn decoded(file: &Path, stream: &str) -> Vec<String> {
    let arguments = ["-i", file.to_str().unwrap(), "-map", stream, "-f", "framemd5"];
    let told = silent("ffmpeg", &arguments, file);
    let rows = told.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

pub type Content = (Vec<Track>, Option<Duration>, Vec<Frame>);

/// All that our reader finds.
pub fn read(bytes: Vec<u8>) -> haft::error::Result<Content> {
    let mut demux = mp4::open(Box::new(Cursor::new(bytes)))?;
    let mut frames = Vec::new();
    while let Some(frame) = demux.next()? {
        frames.push(frame);
    }
    Ok((demux.tracks().to_vec(), demux.duration(), frames))
}

#[track_caller]
pub fn read_file(file: &Path) -> Content {
    read(fs::read(file).unwrap()).unwrap()
}

/// CRC-32 as in zip files.
pub fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A frame of ours in the form that it has in a file of ffmpeg's: H.264 with lengths and without the sets of the head.
pub fn in_file(track: &Track, frame: &Frame) -> Vec<u8> {
    match track.codec {
        Codec::H264 => h264::prefixed(&frame.data, false),
        _ => frame.data.to_vec(),
    }
}

/// Holds frames against the packets of a file: streams of ffprobe are tracks of ours in the order of the file.
#[track_caller]
pub fn same(tracks: &[Track], frames: &[Frame], packets: &[Packet]) {
    let start = packets.iter().map(|packet| packet.pts).fold(0.0, f64::min);
    for (place, track) in tracks.iter().enumerate() {
        let theirs: Vec<&Packet> = packets.iter().filter(|packet| packet.stream == place).collect();
        let ours: Vec<&Frame> = frames.iter().filter(|frame| frame.track == place).collect();
        assert_eq!(ours.len(), theirs.len(), "track {place}");
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let data = in_file(track, ours);
            let place = format!("track {place} frame {number}");
            assert_eq!((data.len(), crc(&data)), (theirs.size, theirs.crc), "{place}");
            assert!(
                (ours.pts.as_secs_f64() - (theirs.pts - start)).abs() < 2e-6,
                "{place}: {ours:?} {theirs:?}",
                ours = ours.pts
            );
            assert_eq!(ours.keyframe, theirs.keyframe || track.kind == Kind::Audio, "{place}");
        }
    }
}
