//! Files that are written, as ffprobe, ffmpeg, mkvmerge and our reader see them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::kit::{Folder, Packet, Paper, decoded, load, packets, probed, read, run, same};
use crate::engine::media::{Codec, Frame, Track, codec};

const VP8: &str = "-c:v libvpx -g 25 -deadline realtime";
const OPUS: &str = "-c:a libopus -b:a 32k";

/// Writes a file.
fn write(tracks: &[Track], frames: &[Frame], webm: bool, paper: &Paper) {
    let mut file = super::super::create(Box::new(paper.clone()), tracks, webm).unwrap();
    for frame in frames {
        file.write(frame).unwrap();
    }
    file.finish().unwrap();
}

/// The tracks and frames of a film that ffmpeg makes, and where it is.
fn film(folder: &Folder, name: &str, arguments: &str) -> (Vec<Track>, Vec<Frame>, PathBuf) {
    let path = folder.film(name, arguments);
    let (tracks, frames) = read(&load(&path)).unwrap();
    (tracks, frames, path)
}

/// Frames without the sound's first samples, which a decoder leaves out.
fn in_order(frames: &[Frame]) -> Vec<Packet> {
    let mut packets = packets(frames);
    packets.sort_by_key(|packet| (packet.track, packet.pts));
    packets
}

#[test]
fn what_is_written_is_what_was_read() {
    let folder = Folder::new("written");
    for (name, arguments) in [
        ("vp8.webm", VP8),
        ("vp9.webm", "-c:v libvpx-vp9 -g 25 -deadline realtime -cpu-used 8"),
        ("av1.webm", "-c:v libaom-av1 -g 25 -usage realtime -cpu-used 8 -lag-in-frames 0"),
        ("h264.mkv", "-c:v libx264 -g 25 -preset ultrafast -bf 0 -pix_fmt yuv420p"),
    ] {
        for maps in ["-map 0 -map 1", "-map 0", "-map 1"] {
            let (tracks, frames, source) = film(&folder, name, &format!("{maps} {arguments} {OPUS}"));
            for pipe in [false, true] {
                let what = format!("{name} {maps} {pipe}");
                let paper = Paper { pipe, ..Paper::default() };
                write(&tracks, &frames, name.ends_with("webm"), &paper);
                let (again, back) = read(&paper.bytes()).unwrap();
                assert_eq!(again, tracks, "{what}");
                same(&in_order(&back), &in_order(&frames), &what);
                let path = folder.path(&format!("written-{name}"));
                std::fs::write(&path, paper.bytes()).unwrap();
                // The same packets, and nothing that ffprobe warns of.
                let (mut ours, mut theirs) = (probed(&path), probed(&source));
                for packets in [&mut ours, &mut theirs] {
                    packets.sort_by_key(|packet| (packet.track, packet.pts));
                }
                if !name.starts_with("h264") {
                    same(&ours, &theirs, &what);
                }
                // Decoders see the same pictures and samples. How much of the last packet counts (DiscardPadding) is not kept.
                let sums = |path| -> Vec<String> {
                    let text = decoded(path);
                    let of = |stream: usize| {
                        let lines = text.lines().filter(move |line| line.starts_with(&format!("{stream},")));
                        lines.map(|line| line.rsplit(',').next().unwrap().to_owned()).collect::<Vec<_>>()
                    };
                    let mut sums: Vec<_> = tracks.iter().enumerate().map(|(index, _)| of(index)).collect();
                    for (sums, _) in sums.iter_mut().zip(&tracks).filter(|(_, track)| track.codec == Codec::Opus) {
                        sums.pop();
                    }
                    sums.concat()
                };
                assert!(sums(&path) == sums(&source), "{what}: {}", path.display());
                let told = run("ffprobe", "-v warning -show_entries format=duration -of csv=p=0", &path);
                match pipe {
                    // ffprobe estimates nothing of a stream without a duration.
                    true => assert_eq!(told.trim(), "N/A", "{what}"),
                    false => assert!((told.trim().parse::<f64>().unwrap() - 2.0).abs() < 0.03, "{what}: {told}"),
                }
            }
        }
    }
}

#[test]
fn an_index_leads_to_keyframes() {
    let folder = Folder::new("index");
    let (tracks, frames, _) = film(&folder, "film.webm", &format!("-map 0 -map 1 {VP8} {OPUS}"));
    let paper = Paper::default();
    write(&tracks, &frames, true, &paper);
    let path = folder.path("index.webm");
    std::fs::write(&path, paper.bytes()).unwrap();
    // A jump to 1.5 s begins at the keyframe of 1 s.
    let told = run(
        "ffprobe",
        "-v warning -read_intervals 1.5%+#1 -select_streams v -show_entries packet=pts_time,flags -of csv=p=0",
        &path,
    );
    assert!(told.starts_with("1.0"), "{told}");
    let told = run("mkvinfo", "--all", &path);
    for part in ["Seek head", "Cues", "Cluster", "Duration: 00:00:02.0"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Keyframes at 0 s and 1 s, a cluster each, and one for the sound before the first.
    assert_eq!(told.matches("+ Cue point").count(), 2, "{told}");
    assert_eq!(told.matches("|+ Cluster").count(), 3, "{told}");
    assert!(!told.to_lowercase().contains("unknown"), "{told}");
}

#[test]
fn a_cut_at_any_place_plays_to_there() {
    let folder = Folder::new("cut");
    let (tracks, frames, _) = film(&folder, "film.webm", &format!("-map 0 -map 1 {VP8} {OPUS}"));
    let paper = Paper::default();
    let mut file = super::super::create(Box::new(paper.clone()), &tracks, true).unwrap();
    for frame in &frames {
        file.write(frame).unwrap();
        file.flush().unwrap();
    }
    // The process is killed here: nothing of the end was written. What waited for order is at most a second.
    let whole = paper.bytes();
    let all = read(&whole).unwrap().1;
    assert!(frames.len() - all.len() <= 76, "{} of {}", all.len(), frames.len());
    let path = folder.path("part.webm");
    for cut in (0..=whole.len()).step_by(1000).chain([whole.len()]).filter(|cut| *cut > 0) {
        let ours = read(&whole[..cut]).unwrap().1;
        assert_eq!(packets(&ours), packets(&all[..ours.len()]), "{cut}");
        std::fs::write(&path, &whole[..cut]).unwrap();
        let told = run("ffprobe", "-v error -show_entries packet=size -of csv=p=0", &path);
        let theirs = told.lines().filter(|line| line.trim_end_matches(',').parse::<usize>().is_ok()).count();
        assert!(theirs == ours.len() || theirs == ours.len() + 1, "{cut}: {} {theirs}", ours.len());
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(probed(&path).len(), all.len());
}

/// A track of sound or of pictures whose size is known.
fn track(codec: Codec) -> Track {
    let (size, channels) = if codec == Codec::Opus { ((0, 0), 2) } else { ((320, 240), 0) };
    Track { kind: codec.kind().unwrap(), codec, named: codec.name().into(), size, channels, pre_skip: 0, flaw: None }
}

/// A packet of 20 ms of silence.
fn sound(track: usize, ms: u64) -> Frame {
    Frame { track, pts: Duration::from_millis(ms), keyframe: true, data: Arc::from([0xF8, 0xFF, 0xFE]) }
}

/// Something that stands for a picture.
fn picture(track: usize, ms: u64, keyframe: bool) -> Frame {
    let data = if keyframe { [0x10, 2, 0, 0x9D, 1, 0x2A, 0x40, 1, 0xF0, 0].to_vec() } else { vec![0x11, 2, 0, 7] };
    Frame { track, pts: Duration::from_millis(ms), keyframe, data: data.into() }
}

/// Times and tracks in the order of the file.
fn order(paper: &Paper) -> Vec<(usize, u128)> {
    read(&paper.bytes()).unwrap().1.iter().map(|frame| (frame.track, frame.pts.as_millis())).collect()
}

#[test]
fn tracks_are_interleaved_by_time() {
    let paper = Paper::default();
    // The sound comes 600 ms late, all of it after the pictures.
    let pictures = (0..20).map(|index| picture(1, index * 40, index == 0));
    let frames: Vec<_> = pictures.chain((0..10).map(|index| sound(0, 600 + index * 20))).collect();
    write(&[track(Codec::Opus), track(Codec::Vp8)], &frames, true, &paper);
    let order = order(&paper);
    assert_eq!(order.len(), 30);
    assert!(order.is_sorted_by_key(|(_, pts)| *pts), "{order:?}");
    assert_eq!(order.iter().find(|(track, _)| *track == 0), Some(&(0, 600)));
}

#[test]
fn a_silent_track_is_waited_for_a_second() {
    let paper = Paper::default();
    let tracks = [track(Codec::Opus), track(Codec::Vp8)];
    let mut file = super::super::create(Box::new(paper.clone()), &tracks, true).unwrap();
    for index in 0..=100 {
        file.write(&sound(0, index * 20)).unwrap();
    }
    file.flush().unwrap();
    let waiting = 101 - order(&paper).len();
    assert_eq!(waiting, 50);
    // Pictures that come after all are in the file, although they are late.
    file.write(&picture(1, 500, true)).unwrap();
    file.finish().unwrap();
    assert_eq!(order(&paper).len(), 102);
    assert!(file.write(&sound(0, 3000)).is_err());
    file.finish().unwrap();
}

#[test]
fn gaps_and_steps_back() {
    let paper = Paper::default();
    // A gap of ten minutes, then one that came back in time: it goes a tick behind.
    let frames = [(0, true), (40, false), (600_040, false), (600_000, false), (600_080, true)];
    let frames: Vec<_> = frames.into_iter().map(|(ms, keyframe)| picture(0, ms, keyframe)).collect();
    write(&[track(Codec::Vp8)], &frames, true, &paper);
    assert_eq!(order(&paper), [(0, 0), (0, 40), (0, 600_040), (0, 600_041), (0, 600_080)]);
    let paper = Paper::default();
    let frames = [picture(0, 0, true), Frame { pts: Duration::MAX, ..picture(0, 0, true) }];
    write(&[track(Codec::Vp8)], &frames, true, &paper);
    assert_eq!(order(&paper).len(), 2);
}

#[test]
fn clusters_are_short() {
    let paper = Paper::default();
    let frames: Vec<_> = (0..1000).map(|index| sound(0, index * 20)).collect();
    write(&[track(Codec::Opus)], &frames, true, &paper);
    let bytes = paper.bytes();
    assert_eq!(bytes.windows(4).filter(|four| *four == [0x1F, 0x43, 0xB6, 0x75]).count(), 4);
    let paper = Paper::default();
    let large: Arc<[u8]> = vec![0x11; 1 << 20].into();
    let frames: Vec<_> =
        (0..12).map(|index| Frame { data: Arc::clone(&large), ..picture(0, index * 40, index == 0) }).collect();
    write(&[track(Codec::Vp8)], &frames, true, &paper);
    let bytes = paper.bytes();
    assert_eq!(bytes.windows(4).filter(|four| *four == [0x1F, 0x43, 0xB6, 0x75]).count(), 3);
    assert_eq!(order(&paper).len(), 12);
}

#[test]
fn the_size_comes_from_the_first_keyframe() {
    for (late, pipe) in [(false, false), (true, false), (true, true)] {
        let paper = Paper { pipe, ..Paper::default() };
        let tracks = [Track { size: (0, 0), ..track(Codec::Vp8) }, track(Codec::Opus)];
        let mut file = super::super::create(Box::new(paper.clone()), &tracks, true).unwrap();
        let begins = if late { 7000 } else { 100 };
        let mut done = Ok(());
        for ms in (0..8000).step_by(20) {
            done = done.and_then(|()| file.write(&sound(1, ms)));
            if ms >= begins {
                done = done.and_then(|()| file.write(&picture(0, ms, ms == begins)));
            }
        }
        if late && pipe {
            // Its head cannot be put right later.
            assert_eq!(done.unwrap_err().code(), "media_codec");
            continue;
        }
        done.unwrap();
        file.finish().unwrap();
        assert_eq!(read(&paper.bytes()).unwrap().0[0].size, (320, 240), "{late}");
    }
}

#[test]
fn parameter_sets_that_change_stay_with_their_frames() {
    let folder = Folder::new("change");
    let arguments = "-c:v libx264 -g 25 -preset ultrafast -bf 0 -pix_fmt yuv420p";
    let (tracks, mut frames, _) = film(&folder, "first.mkv", &format!("-map 0 {arguments}"));
    let (_, second, _) = film(&folder, "second.mkv", &format!("-map 0 -s 320x240 {arguments}"));
    let third = frames.clone();
    for (part, frames_of) in [(1, second), (2, third)] {
        let later = Duration::from_secs(part * 2);
        frames.extend(frames_of.into_iter().map(|frame| Frame { pts: frame.pts + later, ..frame }));
    }
    let paper = Paper::default();
    write(&tracks, &frames, false, &paper);
    let back = read(&paper.bytes()).unwrap().1;
    assert_eq!(packets(&back), packets(&frames));
    let sizes: Vec<_> = back.iter().filter_map(|frame| codec::head(Codec::H264, &frame.data).size).collect();
    assert_eq!(sizes, [(160, 120), (160, 120), (320, 240), (320, 240), (160, 120), (160, 120)]);
    let path = folder.path("all.mkv");
    std::fs::write(&path, paper.bytes()).unwrap();
    let told = run("ffprobe", "-v warning -show_entries frame=width -of csv=p=0", &path);
    let widths: Vec<_> =
        told.lines().map(|line| line.trim_end_matches(',')).filter(|width| !width.is_empty()).collect();
    assert_eq!(widths, [["160"; 50], ["320"; 50], ["160"; 50]].concat());
}

#[test]
fn sound_that_is_delayed_stays_in_step() {
    let paper = Paper::default();
    let tracks = [Track { pre_skip: 312, ..track(Codec::Opus) }, track(Codec::Vp8)];
    let frames: Vec<_> = (0..10).flat_map(|index| [sound(0, index * 20), picture(1, index * 20, index == 0)]).collect();
    write(&tracks, &frames, true, &paper);
    let folder = Folder::new("delay");
    let path = folder.path("delay.webm");
    std::fs::write(&path, paper.bytes()).unwrap();
    for packet in probed(&path) {
        assert_eq!(packet.pts % 20, 0, "{packet:?}");
    }
    let (again, frames) = read(&paper.bytes()).unwrap();
    assert_eq!(again[0].pre_skip, 312);
    assert!(frames.iter().all(|frame| frame.pts.as_millis() % 20 <= 1), "{frames:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |tracks: &[Track], webm| match super::super::create(Box::new(Paper::default()), tracks, webm) {
        Ok(_) => panic!("taken"),
        Err(error) => (error.code().to_owned(), error.message().to_owned()),
    };
    let (code, message) = refused(&[track(Codec::H264)], true);
    assert_eq!(code, "media_codec");
    assert!(message.contains(".mkv"), "{message}");
    assert_eq!(refused(&[Track { codec: Codec::Other, ..track(Codec::Opus) }], false).0, "media_codec");
    assert_eq!(refused(&[Track { channels: 6, ..track(Codec::Opus) }], false).0, "media_codec");
    assert_eq!(refused(&[], false).0, "media_codec");
    let mut file = super::super::create(Box::new(Paper::default()), &[track(Codec::Opus)], true).unwrap();
    assert_eq!(file.write(&sound(1, 0)).unwrap_err().code(), "argument");
}

/// A disk with this much room.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.min(bytes.len()) {
            0 => Err(std::io::ErrorKind::StorageFull.into()),
            some => {
                self.0 -= some;
                Ok(some)
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Full {
    fn seek(&mut self, _to: std::io::SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_full_disk_is_an_error_each_time() {
    let mut file = super::super::create(Box::new(Full(1000)), &[track(Codec::Opus)], true).unwrap();
    for index in 0..1000 {
        file.write(&sound(0, index * 20)).unwrap();
    }
    assert_eq!(file.flush().unwrap_err().code(), "io");
    assert_eq!(file.flush().unwrap_err().code(), "io");
    assert_eq!(file.finish().unwrap_err().code(), "io");
}

#[test]
fn frames_of_one_time_are_a_tick_apart() {
    let folder = Folder::new("close");
    let (tracks, mut frames, _) = film(&folder, "close.webm", &format!("-map 0 -map 1 {VP8} {OPUS}"));
    // As they come where the sender changes: at once, less than a tick later, a little back.
    let micros = [0, 33_000, 33_000, 33_400, 32_000, 37_000, 66_000];
    for track in 0..tracks.len() {
        let of_it = frames.iter_mut().filter(|frame| frame.track == track);
        of_it.zip(micros).for_each(|(frame, at)| frame.pts = Duration::from_micros(at));
    }
    let mut counts = [0; 2];
    frames.retain(|frame| {
        counts[frame.track] += 1;
        counts[frame.track] <= micros.len()
    });
    let paper = Paper::default();
    write(&tracks, &frames, true, &paper);
    let path = folder.path("close-written.webm");
    std::fs::write(&path, paper.bytes()).unwrap();
    let packets = probed(&path);
    for track in 0..tracks.len() {
        let times: Vec<_> = packets.iter().filter(|packet| packet.track == track).map(|packet| packet.pts).collect();
        let ms: Vec<_> = times.iter().map(|pts| pts - times[0]).collect();
        assert_eq!(ms, [0, 33, 34, 35, 36, 37, 66], "{track}");
    }
}
