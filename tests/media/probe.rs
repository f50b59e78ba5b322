//! What ffmpeg and ffprobe say of a file: the other opinion on everything that is read and written here.

use std::{ffi::OsStr, path::Path, process::Command};

use serde_json::Value;

/// One packet of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The place of its track in the file.
    pub stream: usize,
    /// When it is shown, in nanoseconds. Sound that a player leaves out at the start (Opus in Ogg) comes before 0.
    pub pts_ns: i64,
    /// How many bytes.
    pub size: usize,
    /// Decoding can begin here.
    pub keyframe: bool,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
}

/// One track of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `vp8`, `vp9`, `h264`, `av1`, `opus`, `aac` …
    pub codec: String,
    /// `audio` or `video`.
    pub kind: String,
    /// In pixels; 0 for sound.
    pub size: (u64, u64),
    /// 0 for pictures.
    pub channels: u64,
}

/// Runs a program that must succeed: what it wrote to its two outputs.
#[track_caller]
fn run(program: &str, args: &[&str], path: &Path, more: &[&str]) -> (String, String) {
    let mut command = Command::new(program);
    let mut args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    args.push(path.as_os_str());
    let done = command.args(args).args(more).output().expect("ffmpeg is needed: scripts/test installs it");
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {told}");
    (String::from_utf8(done.stdout).unwrap(), told)
}

#[track_caller]
fn probed(path: &Path, what: &[&str]) -> Value {
    let args: Vec<&str> = ["-v", "error", "-of", "json"].iter().chain(what).copied().collect();
    serde_json::from_str(&run("ffprobe", &args, path, &[]).0).unwrap()
}

/// The tracks of a file.
#[track_caller]
pub fn streams(path: &Path) -> Vec<Stream> {
    let told = probed(path, &["-show_streams"]);
    let text = |stream: &Value, key: &str| stream[key].as_str().unwrap_or_default().to_owned();
    let number = |stream: &Value, key: &str| stream[key].as_u64().unwrap_or_default();
    let streams = told["streams"].as_array().unwrap().iter();
    streams
        .map(|stream| Stream {
            codec: text(stream, "codec_name"),
            kind: text(stream, "codec_type"),
            size: (number(stream, "width"), number(stream, "height")),
            channels: number(stream, "channels"),
        })
        .collect()
}

/// How long a file is, in seconds, as it says or as its packets do.
#[track_caller]
pub fn duration(path: &Path) -> f64 {
    let told = probed(path, &["-show_format"]);
    told["format"]["duration"].as_str().expect("a duration").parse().unwrap()
}

/// All packets, in the order of the file. Those of H.264 are as the file holds them: with lengths in MP4 and Matroska, with
/// start codes in a byte stream. [`copied`] makes them one.
#[track_caller]
pub fn packets(path: &Path) -> Vec<Packet> {
    let told = probed(path, &["-show_streams", "-show_packets", "-show_data_hash", "sha256"]);
    let bases: Vec<(i128, i128)> =
        told["streams"].as_array().unwrap().iter().map(|stream| ratio(stream["time_base"].as_str().unwrap())).collect();
    let packets = told["packets"].as_array().unwrap().iter();
    packets
        .map(|packet| {
            let stream = usize::try_from(packet["stream_index"].as_u64().unwrap()).unwrap();
            // A byte stream has no times; its frames are counted in the order of decoding.
            let pts = packet["pts"].as_i64().or(packet["dts"].as_i64()).unwrap_or_default();
            Packet {
                stream,
                pts_ns: nanoseconds(pts, bases[stream]),
                size: packet["size"].as_str().unwrap().parse().unwrap(),
                keyframe: packet["flags"].as_str().unwrap().starts_with('K'),
                sha256: packet["data_hash"].as_str().unwrap().trim_start_matches("SHA256:").to_owned(),
            }
        })
        .collect()
}

/// The packets of one track.
#[track_caller]
pub fn packets_of(path: &Path, stream: usize) -> Vec<Packet> {
    let mut packets = packets(path);
    packets.retain(|packet| packet.stream == stream);
    packets
}

/// (SHA-256, bytes) of each packet of a track (`v`, `a`), through a filter of bytes: `h264_mp4toannexb` gives access units
/// with start codes, and parameter sets before keyframes that have none, out of any file.
#[track_caller]
pub fn copied(path: &Path, track: &str, filter: &str) -> Vec<(String, usize)> {
    let map = format!("0:{track}");
    let kind = format!("-bsf:{track}");
    let more = ["-map", &map, "-c", "copy", &kind, filter, "-f", "framehash", "-hash", "sha256", "-"];
    let (told, _) = run("ffmpeg", &["-nostdin", "-v", "error", "-i"], path, &more);
    let lines = told.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            (fields[5].to_owned(), fields[4].parse().unwrap())
        })
        .collect()
}

/// All of a file's H.264 as a byte stream, with parameter sets before keyframes.
#[track_caller]
pub fn stream(path: &Path) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(path);
    command.args(["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"]);
    let done = command.output().expect("ffmpeg is needed: scripts/test installs it");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// The NAL units of a byte stream, without start codes and what is between them, and without access unit delimiters, which
/// some containers are to be written without.
pub fn units(stream: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut rest = stream;
    while let Some(start) = rest.windows(3).position(|three| three == [0, 0, 1]) {
        rest = &rest[start + 3..];
        let end = rest.windows(3).position(|three| three == [0, 0, 1] || three == [0, 0, 0]).unwrap_or(rest.len());
        let unit = &rest[..end];
        if unit.first().is_some_and(|head| head & 31 != 9) {
            units.push(&unit[..unit.len() - unit.iter().rev().take_while(|byte| **byte == 0).count()]);
        }
    }
    units
}

/// MD5 of each decoded picture (`v`) or piece of sound (`a`), none made twice or left out for its time.
#[track_caller]
pub fn decoded(path: &Path, track: &str) -> Vec<String> {
    let map = format!("0:{track}");
    let more = ["-map", &map, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
    let (told, _) = run("ffmpeg", &["-nostdin", "-v", "error", "-i"], path, &more);
    let lines = told.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// Panics unless ffprobe reads it, and ffmpeg decodes it, without a word.
#[track_caller]
pub fn without_a_word(path: &Path) {
    let (_, told) = run("ffprobe", &["-v", "warning", "-of", "json", "-show_packets"], path, &[]);
    assert_eq!(told, "", "ffprobe on {}", path.display());
    // In the ticks of the file: by itself it would count pictures at the usual rate, and warn of two that are closer.
    let decode = ["-map", "0", "-enc_time_base", "-1", "-f", "null", "-"];
    let (_, told) = run("ffmpeg", &["-nostdin", "-v", "warning", "-i"], path, &decode);
    assert_eq!(told, "", "ffmpeg on {}", path.display());
}

fn ratio(text: &str) -> (i128, i128) {
    let (above, below) = text.split_once('/').unwrap();
    (above.parse().unwrap(), below.parse().unwrap())
}

/// To the nearest nanosecond.
fn nanoseconds(ticks: i64, (above, below): (i128, i128)) -> i64 {
    let exact = i128::from(ticks) * above * 1_000_000_000;
    i64::try_from((exact + below / 2).div_euclid(below)).unwrap()
}
