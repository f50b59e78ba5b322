//! What we write, as ffmpeg reads it.

use std::{
    fs::File,
    io::{self, Cursor, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use haft::engine::media::{
    Codec, Frame, Kind, Track,
    container::{Drain, mp4},
};

use super::files::{FRAGMENTS, Folder, H264, OPUS, PICTURES, TONE, decoded, packets, read, read_file, same};

#[track_caller]
fn write(drain: Box<dyn Drain>, tracks: &[Track], frames: &[Frame]) {
    let mut mux = mp4::create(drain, tracks).unwrap();
    for frame in frames {
        mux.write(frame).unwrap();
    }
    mux.finish().unwrap();
}

#[track_caller]
fn copy(from: &Path, to: &Path) -> (Vec<Track>, Vec<Frame>) {
    let (tracks, _, frames) = read_file(from);
    write(Box::new(File::create(to).unwrap()), &tracks, &frames);
    (tracks, frames)
}

const VIDEOS: [(&str, &str); 3] = [
    ("h264", H264),
    ("vp9", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 20 -b:v 300k"),
    ("av1", "-c:v libaom-av1 -usage realtime -cpu-used 8 -g 20 -b:v 300k"),
];

#[test]
fn ffprobe_reads_the_same_packets_without_a_complaint() {
    let folder = Folder::new();
    for (codec, words) in VIDEOS {
        let theirs = folder.make(&format!("{codec}.mp4"), &[PICTURES, TONE, words, OPUS]);
        let ours = folder.path(&format!("{codec}_ours.mp4"));
        copy(&theirs, &ours);
        let (left, right) = (packets(&theirs), packets(&ours));
        for stream in 0..2 {
            let of = |packets: &[super::files::Packet]| {
                packets.iter().filter(|packet| packet.stream == stream).cloned().collect::<Vec<_>>()
            };
            let (left, right) = (of(&left), of(&right));
            assert_eq!(left.len(), right.len(), "{codec} {stream}");
            for (left, right) in left.iter().zip(&right) {
                assert!((left.pts - right.pts).abs() < 3e-5, "{codec}: {left:?} {right:?}");
                // ffprobe tells no durations of sound in fragments, nor in those of ffmpeg.
                let told = right.duration != 0.0;
                assert!(
                    !told || (left.duration - right.duration).abs() < 3e-5 || left.pts > 1.9,
                    "{codec}: {left:?} {right:?}"
                );
                assert_eq!(left.keyframe, right.keyframe, "{codec}: {left:?}");
                // Parameter sets of H.264 are in the frames here, and in the head there.
                let same = (left.size, left.crc) == (right.size, right.crc);
                assert!(same || codec == "h264" && left.keyframe && stream == 0, "{codec}: {left:?} {right:?}");
            }
        }
        for stream in ["0:v", "0:a"] {
            assert_eq!(decoded(&theirs, stream), decoded(&ours, stream), "{codec} {stream}");
        }
        let told = super::files::silent(
            "ffprobe",
            &["-show_entries", "format=duration:stream=codec_tag_string,profile,width,height,channels", "-of", "json"],
            &ours,
        );
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (told["streams"][0]["width"].as_u64(), told["streams"][0]["height"].as_u64()),
            (Some(192), Some(108))
        );
        let duration: f64 = told["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!((duration - 2.0).abs() < 0.03, "{codec}: {duration}");
    }
}

#[test]
fn what_is_read_again_is_the_same() {
    let folder = Folder::new();
    for (codec, words) in VIDEOS {
        let theirs = folder.make(&format!("{codec}.mp4"), &[PICTURES, TONE, words, OPUS, FRAGMENTS]);
        let ours = folder.path(&format!("{codec}_ours.mp4"));
        let (tracks, frames) = copy(&theirs, &ours);
        let (again, duration, round) = read_file(&ours);
        assert_eq!(again, tracks);
        assert!((duration.unwrap().as_secs_f64() - 2.0065).abs() < 0.03, "{duration:?}");
        let of =
            |frames: &[Frame], place| frames.iter().filter(|frame| frame.track == place).cloned().collect::<Vec<_>>();
        for place in 0..2 {
            let (before, after) = (of(&frames, place), of(&round, place));
            assert_eq!(before.len(), after.len());
            for (before, after) in before.iter().zip(&after) {
                assert_eq!((&before.data, before.keyframe), (&after.data, after.keyframe));
                assert!(before.pts.abs_diff(after.pts) < Duration::from_micros(12), "{:?} {:?}", before.pts, after.pts);
            }
        }
        same(&again, &round, &packets_with_sets(&ours, &again, &round));
    }
}

/// The packets of a file of ours, those of H.264 without the sets that are in them.
fn packets_with_sets(file: &Path, tracks: &[Track], frames: &[Frame]) -> Vec<super::files::Packet> {
    let mut packets = packets(file);
    for (place, track) in tracks.iter().enumerate().filter(|(_, track)| track.codec == Codec::H264) {
        let own = packets.iter_mut().filter(|packet| packet.stream == place);
        for (packet, frame) in own.zip(frames.iter().filter(|frame| frame.track == place)) {
            let whole = haft::engine::media::codec::h264::prefixed(&frame.data, true);
            assert_eq!((packet.size, packet.crc), (whole.len(), super::files::crc(&whole)));
            let bare = super::files::in_file(track, frame);
            (packet.size, packet.crc) = (bare.len(), super::files::crc(&bare));
        }
    }
    packets
}

/// Memory that is looked at while it is written.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Cursor<Vec<u8>>>>, bool);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().get_ref().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // A pipe, when it was asked to be one.
        if self.1 { Err(io::ErrorKind::NotSeekable.into()) } else { self.0.lock().unwrap().seek(to) }
    }
}

#[test]
fn a_cut_anywhere_plays_to_the_last_whole_fragment() {
    let folder = Folder::new();
    let source = folder.make("source.mp4", &[PICTURES, TONE, H264, OPUS]);
    let (tracks, _, frames) = read_file(&source);
    let whole = Shared::default();
    write(Box::new(whole.clone()), &tracks, &frames);
    let whole = whole.bytes();
    let mut complete = 0;
    let mut at = 0;
    // Where fragments end, by the boxes of the file itself.
    let mut ends = Vec::new();
    while at < whole.len() {
        let size = u32::from_be_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
        if &whole[at + 4..at + 8] == b"mdat" {
            let runs = read(whole[..at + size].to_vec()).unwrap().2.len();
            ends.push((at + size, runs));
        }
        at += size;
    }
    assert!(ends.len() >= 3, "{ends:?}");
    assert_eq!(ends.last().unwrap().1, frames.len());
    for length in (0..whole.len()).step_by(1000) {
        let found = read(whole[..length].to_vec()).map_or(0, |(_, _, frames)| frames.len());
        let sure = ends.iter().rev().find(|(end, _)| *end <= length).map_or(0, |(_, frames)| *frames);
        assert!(found >= sure && found >= complete, "{length}: {found} of {sure}");
        complete = sure;
        if length % 5000 == 0 && sure > 0 {
            let file = folder.put("cut.mp4", &whole[..length]);
            let packets = std::process::Command::new("ffprobe")
                .args(["-v", "quiet", "-show_entries", "packet=size", "-of", "csv=p=0"])
                .arg(&file)
                .output()
                .unwrap();
            let theirs = String::from_utf8(packets.stdout).unwrap().lines().filter(|line| !line.is_empty()).count();
            assert!(theirs >= sure, "{length}: ffprobe found {theirs} of {sure}");
        }
    }
}

#[test]
fn what_was_flushed_plays() {
    let folder = Folder::new();
    let source = folder.make("source.mp4", &[PICTURES, TONE, H264, OPUS]);
    let (tracks, _, frames) = read_file(&source);
    let drain = Shared(Arc::default(), true);
    let mut mux = mp4::create(Box::new(drain.clone()), &tracks).unwrap();
    for (count, frame) in frames.iter().enumerate() {
        mux.write(frame).unwrap();
        mux.flush().unwrap();
        if count % 10 == 9 {
            let file = folder.put("now.mp4", &drain.bytes());
            // The last frame of each track waits for the next to tell how long it lasts.
            assert_eq!(packets(&file).len(), count + 1 - 2);
            assert_eq!(read(drain.bytes()).unwrap().2.len(), count + 1 - 2);
        }
    }
    mux.finish().unwrap();
    mux.finish().unwrap();
    assert_eq!(mux.write(&frames[0]).unwrap_err().code(), "closed");
    let file = folder.put("end.mp4", &drain.bytes());
    // A pipe cannot go back to say how long it was; the index at the end leads to it.
    let (head, tail) = (drain.bytes(), read(drain.bytes()).unwrap().1.unwrap());
    let at = head.windows(4).position(|name| name == b"mehd").unwrap();
    assert_eq!(head[at + 8..at + 16], [0; 8]);
    assert!((tail.as_secs_f64() - 2.0065).abs() < 0.02, "{tail:?}");
    assert_eq!(packets(&file).len(), frames.len());
    assert_eq!(decoded(&file, "0:v"), decoded(&source, "0:v"));
}

fn track(codec: Codec) -> Track {
    let kind = codec.kind().unwrap();
    let channels = if kind == Kind::Audio { 2 } else { 0 };
    Track { kind, codec, named: codec.name().into(), size: (0, 0), channels, pre_skip: 0, flaw: None }
}

fn sound(ms: u64) -> Frame {
    // A packet of 20 ms (RFC 6716, 3.1: configuration 31, one frame, stereo).
    Frame { track: 0, pts: Duration::from_millis(ms), keyframe: true, data: vec![0xfc, 0xff, 0xfe].into() }
}

#[test]
fn odd_times_stay_in_order() {
    let folder = Folder::new();
    let file = folder.path("a.mp4");
    let times = [40, 60, 60, 50, 100, 5000, 5020, 7_200_000, 7_200_020];
    let frames = times.map(sound);
    write(Box::new(File::create(&file).unwrap()), &[track(Codec::Opus)], &frames);
    let told: Vec<f64> = packets(&file).iter().map(|packet| packet.pts).collect();
    let tick = 1.0 / 48_000.0;
    let expected = [0.04, 0.06, 0.06 + tick, 0.06 + 2.0 * tick, 0.1, 5.0, 5.02, 7200.0, 7200.02];
    for (told, expected) in told.iter().zip(expected) {
        assert!((told - expected).abs() < 1e-5, "{told} {expected}");
    }
    let told =
        super::files::silent("ffprobe", &["-show_entries", "format=start_time,duration", "-of", "csv=p=0"], &file);
    assert_eq!(told.trim(), "0.040000,7200.040000");
    // A day between two frames is no duration of a sample.
    let frames = [sound(0), sound(86_400_000), sound(86_400_020)];
    let (_, duration, read) = {
        write(Box::new(File::create(&file).unwrap()), &[track(Codec::Opus)], &frames);
        read_file(&file)
    };
    assert_eq!(read, frames);
    assert_eq!(duration, Some(Duration::from_millis(86_400_040)));
    assert_eq!(packets(&file).len(), 3);
}

#[test]
fn tracks_that_start_late_or_never_do_not_hold_the_others() {
    let folder = Folder::new();
    let source = folder.make("source.mp4", &[PICTURES, H264]);
    let (_, _, pictures) = read_file(&source);
    let tracks = [track(Codec::Opus), track(Codec::H264)];
    // Sound from the start, pictures after a second, the first of them no keyframe.
    let mut frames: Vec<Frame> = (0..100).map(|number| sound(number * 20)).collect();
    let late = Duration::from_secs(1);
    frames.extend(pictures.iter().skip(10).map(|frame| Frame { track: 1, pts: frame.pts + late, ..frame.clone() }));
    frames.sort_by_key(|frame| frame.pts);
    let file = folder.path("late.mp4");
    write(Box::new(File::create(&file).unwrap()), &tracks, &frames);
    let told = packets(&file);
    let first = told.iter().find(|packet| packet.stream == 1).unwrap();
    assert!((first.pts - 1.8).abs() < 2e-5 && first.keyframe, "{first:?}");
    assert_eq!(told.iter().filter(|packet| packet.stream == 0).count(), 100);

    // Pictures never begin: after ten seconds the file is one of sound.
    let drain = Shared::default();
    let mut mux = mp4::create(Box::new(drain.clone()), &tracks).unwrap();
    for number in 0..600 {
        mux.write(&sound(number * 20)).unwrap();
        mux.write(&Frame { track: 1, pts: Duration::from_millis(number * 20), ..pictures[1].clone() }).unwrap();
    }
    mux.flush().unwrap();
    let file = folder.put("never.mp4", &drain.bytes());
    assert_eq!(packets(&file).len(), 599);
    mux.finish().unwrap();

    // No keyframe of anything.
    let mut mux = mp4::create(Box::new(Shared::default()), &tracks[1..]).unwrap();
    mux.write(&Frame { track: 0, ..pictures[1].clone() }).unwrap();
    assert_eq!(mux.finish().unwrap_err().code(), "media_file");
}

#[test]
fn a_change_of_size_goes_on_in_the_same_file() {
    let folder = Folder::new();
    let small = folder.make("small.mp4", &[PICTURES, H264]);
    let large = folder.make("large.mp4", &["-f lavfi -i testsrc2=s=320x180:r=25:d=2", H264]);
    let (tracks, _, mut frames) = read_file(&small);
    frames.extend(
        read_file(&large).2.into_iter().map(|frame| Frame { pts: frame.pts + Duration::from_secs(2), ..frame }),
    );
    let file = folder.path("both.mp4");
    write(Box::new(File::create(&file).unwrap()), &tracks, &frames);
    let told = super::files::silent("ffprobe", &["-show_entries", "frame=width", "-of", "csv=p=0"], &file);
    let widths: Vec<&str> =
        told.lines().map(|line| line.trim_end_matches(',')).filter(|line| !line.is_empty()).collect();
    assert_eq!(widths, [["192"; 50], ["320"; 50]].concat());
    assert_eq!(read_file(&file).2.len(), 100);
}

#[test]
fn what_the_format_does_not_hold_is_refused() {
    for codec in [Codec::Vp8, Codec::Other] {
        let wrong = Track { codec, ..track(Codec::Vp9) };
        let error = mp4::create(Box::new(Shared::default()), &[wrong]).err().unwrap();
        assert_eq!((error.code(), error.message().contains("Track 1")), ("media_codec", true));
    }
    assert_eq!(mp4::create(Box::new(Shared::default()), &[]).err().unwrap().code(), "media_codec");
    let mut mux = mp4::create(Box::new(Shared::default()), &[track(Codec::Opus)]).unwrap();
    assert_eq!(mux.write(&Frame { track: 1, ..sound(0) }).unwrap_err().code(), "argument");
}

/// A disk with room for so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().min(self.0);
        self.0 -= some;
        if some == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(some) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Full {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_full_disk_is_told_once() {
    let mut mux = mp4::create(Box::new(Full(3000)), &[track(Codec::Opus)]).unwrap();
    let told = (0..1000).find_map(|number| mux.write(&sound(number * 20)).err()).unwrap();
    assert_eq!(told.code(), "io");
    assert_eq!(mux.write(&sound(30_000)).unwrap_err().code(), "closed");
    mux.flush().unwrap();
    mux.finish().unwrap();
}
