//! Real files, played and recorded: the same frames at the same times.

use std::{
    fs,
    path::Path,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use haft::{
    clock::control::{Frozen, freeze},
    engine::media::{
        Codec, Kind, Track, codec, container,
        flow::{Recorder, Recording, Reel, Written, intake::Expected},
        peer::Arrived,
    },
    error::Result,
};

use crate::{
    bed::{Bench, Ear, Note, Set, ms},
    media::{
        disk,
        folder::Folder,
        probe::{packets, packets_of, without_a_word},
        samples::sample,
        sum::sha256,
    },
};

fn reel(path: &Path) -> Reel {
    let own = path.to_owned();
    Reel::open(path.to_str().unwrap(), Arc::new(move || container::open(&own, None))).unwrap()
}

/// Plays a whole file, and tells its tracks and what went out.
fn played(clock: Frozen, path: &Path) -> (Vec<Track>, Vec<Note>) {
    let reel = reel(path);
    let tracks = reel.tracks().to_vec();
    let mut set = Set::of(clock, false, reel);
    set.control.start();
    set.run();
    set.end.take().unwrap().unwrap();
    assert_eq!(set.control.played().stalled, Duration::ZERO);
    let notes = set.ear.notes.lock().clone();
    (tracks, notes)
}

/// Each frame of a file goes out at its time, and unchanged.
#[test]
fn real_files_are_played_as_they_are() {
    for name in
        ["vp8.ivf", "vp9.ivf", "opus.ogg", "vp8_opus.webm", "vp9_opus.webm", "vp8_opus_live.webm", "vp9_opus.mp4"]
    {
        let path = sample(name);
        let (tracks, notes) = played(freeze(), &path);
        let all = packets(&path);
        let first = all.iter().map(|packet| packet.pts_ns).min().unwrap();
        assert_eq!(notes.len(), all.len(), "{name}");
        for track in 0..tracks.len() {
            let sent = notes.iter().filter(|note| note.mid == track.to_string());
            for (packet, note) in all.iter().filter(|packet| packet.stream == track).zip(sent) {
                assert_eq!(sha256(&note.data), packet.sha256, "{name} {track} {:?}", note.pts);
                // WebM has milliseconds, and Opus in Ogg begins before zero.
                let due = i128::from(packet.pts_ns - first);
                let off = (i128::try_from(note.pts.as_nanos()).unwrap() - due).abs();
                assert!(off <= 7_500_000, "{name} {track}: {off} ns from {due}");
                assert_eq!(note.moment, note.pts, "{name} {track}");
            }
        }
    }
}

struct Take {
    bench: Arc<Bench>,
    recorder: Arc<Recorder>,
    recording: Recording,
    end: Option<Result<Written>>,
}

impl Take {
    fn new(path: &Path, tracks: &[Track]) -> Take {
        let (ear, bench) = (Ear::new(), Bench::new());
        let expected: Vec<_> = tracks
            .iter()
            .enumerate()
            .map(|(place, track)| Expected { mid: place.to_string().into(), kind: track.kind })
            .collect();
        let own = path.to_owned();
        let creator = Arc::new(move |tracks: &[Track]| container::create(&own, tracks));
        let name = path.to_str().unwrap();
        let (recording, recorder) = Recorder::new(name, &expected, true, creator, ear as _, Arc::clone(&bench) as _);
        Take { bench, recorder, recording, end: None }
    }

    fn settle(&mut self) {
        while self.end.is_none() {
            if let Poll::Ready(end) = self.recording.poll_record(&mut Context::from_waker(Waker::noop())) {
                self.end = Some(end);
            }
            if !self.bench.work() {
                return;
            }
        }
    }

    fn finish(&mut self) -> Result<Written> {
        self.recorder.finish();
        self.settle();
        self.end.take().unwrap()
    }
}

fn arrived(note: &Note, tracks: &[Track]) -> Arrived {
    let track = &tracks[note.mid.parse::<usize>().unwrap()];
    let keyframe = track.kind == Kind::Audio || codec::head(track.codec, &note.data).keyframe;
    let (mid, data) = (note.mid.as_str().into(), Arc::clone(&note.data));
    Arrived { mid, codec: track.codec, pts: note.pts, keyframe, contiguous: true, data }
}

/// What was played is recorded: bit by bit, at the same times, and as ffmpeg likes it.
#[test]
fn what_is_recorded_is_what_was_played() {
    let folder = Folder::new();
    for (source, ending) in [
        ("vp8_opus.webm", "webm"),
        ("vp8_opus.webm", "mkv"),
        ("vp9_opus.webm", "mp4"),
        ("vp9_opus.webm", "webm"),
        ("h264_opus.mp4", "mp4"),
        ("h264_opus.mkv", "mkv"),
        ("av1_opus.webm", "webm"),
        ("opus.ogg", "ogg"),
        ("vp8.ivf", "ivf"),
        ("h264.h264", "h264"),
    ] {
        let (tracks, notes) = played(freeze(), &sample(source));
        let path = folder.path(&format!("out.{ending}"));
        let clock = freeze();
        let mut take = Take::new(&path, &tracks);
        for note in &notes {
            take.recorder.take(&arrived(note, &tracks));
        }
        let written = take.finish().unwrap();
        assert_eq!((written.frames, written.complete), (notes.len() as u64, true), "{source} {ending}");
        assert_eq!(written.bytes, fs::metadata(&path).unwrap().len());
        without_a_word(&path);
        // Read again, it is played as the first one was.
        let (again, second) = played(clock, &path);
        let codecs = |tracks: &[Track]| tracks.iter().map(|track| track.codec).collect::<Vec<_>>();
        let order: Vec<usize> = codecs(&tracks)
            .iter()
            .map(|codec| codecs(&again).iter().position(|other| other == codec).unwrap())
            .collect();
        for (place, other) in order.iter().enumerate() {
            let of = |notes: &[Note], place: usize| -> Vec<(Duration, Arc<[u8]>)> {
                let mine = notes.iter().filter(|note| note.mid == place.to_string());
                mine.map(|note| (note.pts, Arc::clone(&note.data))).collect()
            };
            let (first, second) = (of(&notes, place), of(&second, *other));
            assert_eq!(first.len(), second.len(), "{source} {ending} {place}");
            for (one, two) in first.iter().zip(&second) {
                assert!(one.1 == two.1, "{source} {ending} {place}: another frame at {:?}", one.0);
                let off = one.0.abs_diff(two.0);
                // Milliseconds in Matroska; a byte stream has no times but those of its rate.
                assert!(off <= ms(1), "{source} {ending} {place}: {:?} and {:?}", one.0, two.0);
            }
        }
    }
}

/// A process that is killed leaves a file that plays to the last flush.
#[test]
fn what_was_flushed_outlives_the_process() {
    let folder = Folder::new();
    for (source, ending) in
        [("vp8_opus.webm", "webm"), ("h264_opus.mp4", "mp4"), ("opus.ogg", "ogg"), ("vp8.ivf", "ivf")]
    {
        let (tracks, notes) = played(freeze(), &sample(source));
        let path = folder.path(&format!("killed.{ending}"));
        let clock = freeze();
        let mut take = Take::new(&path, &tracks);
        let (mut moment, mut second) = (Duration::ZERO, Vec::new());
        for note in &notes {
            clock.advance(note.pts.saturating_sub(moment));
            moment = moment.max(note.pts);
            take.recorder.take(&arrived(note, &tracks));
            take.settle();
            if moment >= ms(3500) && second.is_empty() {
                second = fs::read(&path).unwrap();
            }
        }
        // What another process would find then: at least the first two and a half seconds, whole.
        let cut = folder.path(&format!("cut.{ending}"));
        fs::write(&cut, &second).unwrap();
        for (track, info) in tracks.iter().enumerate() {
            let stream = if tracks.len() > 1 { usize::from(info.kind == Kind::Audio) } else { 0 };
            let found = packets_of(&cut, stream);
            let there = notes.iter().filter(|note| note.mid == track.to_string() && note.pts <= ms(2500)).count();
            assert!(found.len() >= there, "{source}: {} of {there} of track {track}", found.len());
            if info.codec != Codec::H264 {
                let mine = notes.iter().filter(|note| note.mid == track.to_string());
                for (packet, note) in found.iter().zip(mine) {
                    assert_eq!(packet.sha256, sha256(&note.data), "{source}");
                }
            }
        }
        take.finish().unwrap();
        without_a_word(&path);
    }
}

/// A disk that is full ends the recording with the system's words; what was flushed is there.
#[test]
fn a_full_disk_ends_the_recording() {
    // It has run in a process of its own then.
    let Some(disk) = disk::small("passing::a_full_disk_ends_the_recording", 128) else { return };
    let mut results = Vec::new();
    for ending in ["webm", "mkv", "mp4"] {
        let (tracks, notes) = played(freeze(), &sample("vp9_opus.webm"));
        let path = disk.join(format!("out.{ending}"));
        let clock = freeze();
        let mut take = Take::new(&path, &tracks);
        let mut moment = Duration::ZERO;
        for note in &notes {
            clock.advance(note.pts.saturating_sub(moment));
            moment = moment.max(note.pts);
            take.recorder.take(&arrived(note, &tracks));
            take.settle();
        }
        let end = take.end.take();
        let found = packets_of(&path, usize::from(tracks[0].kind == Kind::Audio)).len();
        results.push((ending, end, found));
        fs::remove_file(&path).unwrap();
    }
    for (ending, end, found) in results {
        let error = end.unwrap_or_else(|| panic!("{ending} went on")).unwrap_err();
        assert!(error.message().contains("space"), "{ending}: {error}");
        assert!(Path::new(error.detail().get("path").unwrap().as_str().unwrap()).starts_with(&disk));
        assert!(found >= 20, "{ending}: {found} frames");
    }
}
