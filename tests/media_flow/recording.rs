//! What arrives goes into a file.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use haft::{
    clock::{
        self,
        control::{Frozen, freeze},
    },
    engine::media::{
        Codec, Kind,
        flow::{
            Creator, Recorder, Recording, Written,
            intake::{Expected, HELD},
            spool::WAITING,
        },
        peer::Arrived,
    },
    error::{Error, Result, code},
};

use crate::bed::{Bench, Ear, Shelf, ms};

struct Set {
    clock: Frozen,
    ear: Arc<Ear>,
    bench: Arc<Bench>,
    recorder: Arc<Recorder>,
    recording: Option<Recording>,
    end: Option<Result<Written>>,
}

const SOUND: &str = "0";
/// 20 ms of CELT in two channels, and in one (RFC 6716 3.1).
const STEREO: u8 = 0xFC;
const MONO: u8 = 0xF8;
const PICTURES: &str = "1";

fn arrived(mid: &str, pts: u64, keyframe: bool) -> Arrived {
    let codec = if mid == SOUND { Codec::Opus } else { Codec::Vp8 };
    // The first byte of a packet of Opus says that it has two channels.
    let data = vec![if mid == SOUND { STEREO } else { u8::from(keyframe) }; 100].into();
    Arrived { mid: mid.into(), codec, pts: ms(pts), keyframe, contiguous: true, data }
}

fn torn(pts: u64) -> Arrived {
    Arrived { contiguous: false, ..arrived(PICTURES, pts, false) }
}

impl Set {
    fn new(mids: &[&str], careful: bool, creator: Creator) -> Set {
        Set::named("/nowhere/out.webm", mids, careful, creator)
    }

    fn named(path: &str, mids: &[&str], careful: bool, creator: Creator) -> Set {
        let clock = freeze();
        let (ear, bench) = (Ear::new(), Bench::new());
        let kind = |mid: &str| if mid == SOUND { Kind::Audio } else { Kind::Video };
        let expected: Vec<_> = mids.iter().map(|mid| Expected { mid: (*mid).into(), kind: kind(mid) }).collect();
        let (recording, recorder) =
            Recorder::new(path, &expected, careful, creator, Arc::clone(&ear) as _, Arc::clone(&bench) as _);
        let mut set = Set { clock, ear, bench, recorder, recording: Some(recording), end: None };
        set.poll();
        set
    }

    fn poll(&mut self) {
        let Some(recording) = self.recording.as_mut().filter(|_| self.end.is_none()) else { return };
        if let Poll::Ready(end) = recording.poll_record(&mut Context::from_waker(Waker::noop())) {
            self.end = Some(end);
        }
    }

    fn settle(&mut self) {
        loop {
            self.poll();
            if !self.bench.work() {
                return;
            }
        }
    }

    /// Moves the clock in small steps, as nothing else may come.
    fn pass(&mut self, time: Duration) {
        let end = clock::now() + time;
        while clock::now() < end {
            self.clock.advance(ms(10).min(end - clock::now()));
            self.settle();
        }
    }

    fn take(&mut self, frames: impl IntoIterator<Item = Arrived>) {
        frames.into_iter().for_each(|frame| self.recorder.take(&frame));
        self.settle();
    }

    fn finish(&mut self) -> Result<Written> {
        self.recorder.finish();
        self.settle();
        self.end.take().unwrap()
    }
}

/// The file begins when each track has its first frame, with the earliest of all as its start.
#[test]
fn tracks_begin_together_and_stay_in_step() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    set.take([arrived(SOUND, 520, true), arrived(SOUND, 540, true), arrived(PICTURES, 500, false)]);
    // Pictures want a keyframe first.
    assert!(shelf.0.lock().tracks.is_empty());
    set.pass(ms(100));
    set.take([arrived(PICTURES, 540, true), arrived(SOUND, 560, true), arrived(PICTURES, 580, false)]);
    set.pass(ms(1000));
    let kept = shelf.0.lock();
    let tracks: Vec<_> = kept.tracks.iter().map(|track| (track.kind, track.codec, track.channels)).collect();
    assert_eq!(tracks, [(Kind::Audio, Codec::Opus, 2), (Kind::Video, Codec::Vp8, 0)]);
    drop(kept);
    assert_eq!((shelf.times(0), shelf.times(1)), (vec![0, 20, 40], vec![20, 60]));
    let written = set.finish().unwrap();
    assert_eq!((written.frames, written.duration, written.complete), (5, ms(100), true));
    assert!(shelf.0.lock().finished);
    let taken = set.recorder.taken();
    assert_eq!((taken[0].frames, taken[0].left_out), (3, 0));
    assert_eq!((taken[1].frames, taken[1].keyframes, taken[1].left_out, taken[1].bytes), (2, 1, 1, 200));
}

/// The time before a track's first frame is not how long that is shown.
#[test]
fn a_track_that_begins_late_makes_a_file_no_longer() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    set.take((0..46).map(|at| arrived(SOUND, at * 20, true)));
    set.take([arrived(PICTURES, 860, true), arrived(PICTURES, 900, false)]);
    set.pass(ms(1000));
    let written = set.finish().unwrap();
    assert_eq!((shelf.times(1), written.duration), (vec![860, 900], ms(940)));
}

/// What the first half second has says how many channels there are: until then the file waits, or until there are two.
#[test]
fn sound_in_one_channel_is_mono() {
    let packet = |at: u64, kind: u8| Arrived { data: vec![kind; 100].into(), ..arrived(SOUND, at * 20, true) };
    let channels = |shelf: &Shelf| shelf.0.lock().tracks.iter().map(|track| track.channels).collect::<Vec<_>>();
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND], true, shelf.creator());
    for at in 0..25 {
        set.take([packet(at, MONO)]);
        assert!(channels(&shelf).is_empty(), "{at}");
        set.pass(ms(20));
    }
    assert_eq!(channels(&shelf), [1]);
    // What comes later is written as it is.
    set.take([packet(25, STEREO)]);
    assert_eq!(set.finish().unwrap().frames, 26);
    drop(set);
    for (packets, expected) in [(vec![packet(0, MONO), packet(1, STEREO)], 2), (vec![packet(0, MONO)], 1)] {
        let shelf = Shelf::default();
        let mut set = Set::new(&[SOUND], true, shelf.creator());
        let count = packets.len() as u64;
        set.take(packets);
        assert_eq!(set.finish().unwrap().frames, count);
        assert_eq!(channels(&shelf), [expected]);
    }
}

/// A keyframe is asked for at once, and each second until it comes; never for sound.
#[test]
fn a_keyframe_is_asked_for_until_it_comes() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    let ask = |moment: u128| (moment, PICTURES.to_owned());
    assert_eq!(set.ear.asks(), [ask(0)]);
    set.take([arrived(PICTURES, 0, false)]);
    set.pass(ms(2500));
    assert_eq!(set.ear.asks(), [ask(0), ask(1000), ask(2000)]);
    set.take([arrived(PICTURES, 2500, true)]);
    set.pass(ms(5000));
    assert_eq!(set.ear.asks().len(), 3);
    set.finish().unwrap();
    // The sound that never came is not in the file, and that is told.
    assert_eq!(shelf.0.lock().tracks.len(), 1);
    assert!(set.recorder.taken()[0].absent && !set.recorder.taken()[1].absent);
}

/// A track that sends nothing is given up after two seconds, and what comes of it later is left out; one that sends is
/// waited for.
#[test]
fn a_track_that_never_comes_holds_nothing_up() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    set.take([arrived(SOUND, 0, true)]);
    set.pass(ms(1990));
    assert!(shelf.0.lock().tracks.is_empty());
    set.pass(ms(10));
    assert_eq!(shelf.0.lock().tracks.len(), 1);
    set.take([arrived(PICTURES, 2000, true), arrived(SOUND, 2000, true)]);
    set.finish().unwrap();
    assert_eq!(shelf.times(0), [0, 2000]);
    assert_eq!(set.recorder.taken()[1].left_out, 1);
    drop(set);
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    for at in 0..250 {
        set.take([arrived(SOUND, at * 40, true), arrived(PICTURES, at * 40, false)]);
        set.pass(ms(40));
    }
    assert!(shelf.0.lock().tracks.is_empty());
    set.take([arrived(PICTURES, 10_000, true)]);
    set.finish().unwrap();
    assert_eq!((shelf.times(0).len(), shelf.times(1)), (250, vec![10_000]));
}

/// What is held back for a track that does not come has a bound.
#[test]
fn what_is_held_back_is_bounded() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    let data: Arc<[u8]> = vec![0; 1 << 20].into();
    for at in 0..8 {
        assert!(shelf.0.lock().tracks.is_empty());
        set.take([Arrived { data: Arc::clone(&data), ..arrived(PICTURES, at * 40, at == 0) }]);
    }
    assert_eq!(HELD, 8 << 20);
    assert_eq!(shelf.0.lock().tracks.len(), 1);
    set.finish().unwrap();
    assert_eq!(shelf.times(0).len(), 8);
}

/// After a loss the pictures are left out until a keyframe, which is asked for; for two seconds at most.
#[test]
fn damaged_pictures_are_left_out_for_a_while() {
    for (careful, times, left_out) in [
        (true, vec![0, 40, 200, 240, 2280, 2320], 3 + 2),
        (false, vec![0, 40, 80, 120, 160, 200, 240, 280, 2240, 2280, 2320], 0),
    ] {
        let shelf = Shelf::default();
        let mut set = Set::new(&[PICTURES], careful, shelf.creator());
        set.take([arrived(PICTURES, 0, true), arrived(PICTURES, 40, false), torn(80)]);
        assert_eq!(set.ear.asks().last().unwrap().0, 0);
        assert_eq!(set.ear.asks().len(), 2);
        set.take([
            arrived(PICTURES, 120, false),
            torn(160),
            arrived(PICTURES, 200, true),
            arrived(PICTURES, 240, false),
        ]);
        // No keyframe comes this time.
        set.take([torn(280)]);
        set.pass(ms(1960));
        set.take([arrived(PICTURES, 2240, false)]);
        set.pass(ms(40));
        set.take([arrived(PICTURES, 2280, false), arrived(PICTURES, 2320, false)]);
        set.finish().unwrap();
        assert_eq!(shelf.times(0), times, "{careful}");
        let taken = &set.recorder.taken()[0];
        assert_eq!((taken.left_out, taken.gaps), (left_out, 3));
    }
}

/// A gap of sound is no damage.
#[test]
fn sound_goes_on_after_a_loss() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND], true, shelf.creator());
    let lost = Arrived { contiguous: false, ..arrived(SOUND, 60, true) };
    set.take([arrived(SOUND, 0, true), lost, arrived(SOUND, 80, true)]);
    set.finish().unwrap();
    assert_eq!((shelf.times(0), set.recorder.taken()[0].gaps), (vec![0, 60, 80], 1));
    assert!(set.ear.asks().is_empty());
}

/// The worker is sent once a second, and flushes each time: nothing older than that is lost with a killed process.
#[test]
fn what_was_written_is_flushed_each_second() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[PICTURES], true, shelf.creator());
    for at in 0..125 {
        set.take([arrived(PICTURES, at * 40, at == 0)]);
        set.pass(ms(40));
    }
    let flushed = shelf.0.lock().flushed.clone();
    assert_eq!(flushed.len(), 5, "{flushed:?}");
    assert!(flushed.windows(2).all(|pair| pair[1] - pair[0] == 25), "{flushed:?}");
    assert!(set.bench.done.load(Ordering::Relaxed) <= 6);
    // The last frames are flushed also when no more come.
    set.pass(ms(1100));
    assert_eq!(*shelf.0.lock().flushed.last().unwrap(), 125);
    let done = set.bench.done.load(Ordering::Relaxed);
    set.pass(ms(10_000));
    assert!(set.bench.done.load(Ordering::Relaxed) <= done + 1);
    set.finish().unwrap();
}

/// Another codec in mid-stream ends it: what came before is in the file, and the error is told once.
#[test]
fn another_codec_ends_the_recording() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[PICTURES], true, shelf.creator());
    let other = Arrived { codec: Codec::H264, ..arrived(PICTURES, 80, true) };
    set.take([arrived(PICTURES, 0, true), arrived(PICTURES, 40, false), other, arrived(PICTURES, 120, true)]);
    let error = set.end.take().unwrap().unwrap_err();
    assert_eq!(error.code(), "media_codec");
    assert!(error.message().contains("vp8") && error.message().contains("h264"), "{error}");
    assert_eq!(shelf.times(0), [0, 40]);
    assert!(shelf.0.lock().finished && set.recorder.written().complete);
    set.take([arrived(PICTURES, 160, true)]);
    assert!(set.recording.as_mut().unwrap().poll_record(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(shelf.times(0), [0, 40]);
}

/// What is not in the file may change as it likes: a track that was left out, and pictures before their first keyframe.
#[test]
fn another_codec_of_what_was_left_out_is_no_matter() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    let as_vp9 = |frame: Arrived| Arrived { codec: Codec::Vp9, ..frame };
    set.take([arrived(PICTURES, 0, false), as_vp9(arrived(PICTURES, 40, true)), as_vp9(arrived(PICTURES, 80, false))]);
    set.pass(ms(2000));
    assert_eq!(shelf.0.lock().tracks[0].codec, Codec::Vp9);
    set.take([arrived(SOUND, 2000, true), Arrived { codec: Codec::Vp8, ..arrived(SOUND, 2020, true) }]);
    set.finish().unwrap();
    assert_eq!(shelf.times(0), [0, 40]);
}

/// A file that cannot be made or written ends it with the system's words and the path; nothing is written after it.
#[test]
fn a_failing_file_ends_the_recording() {
    let refuse: Creator = Arc::new(|_| Err(Error::new(&code::IO, "there was no such folder")));
    let mut set = Set::new(&[PICTURES], true, refuse);
    set.take([arrived(PICTURES, 0, true)]);
    set.pass(ms(1000));
    let error = set.end.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.detail().get("path").unwrap().as_str()), ("io", Some("/nowhere/out.webm")));
    set.take([arrived(PICTURES, 40, true)]);
    drop(set);
    let shelf = Shelf::default();
    shelf.0.lock().fails_at = Some(30);
    let mut set = Set::new(&[PICTURES], true, shelf.creator());
    for at in 0..100 {
        set.take([arrived(PICTURES, at * 40, at == 0)]);
        set.pass(ms(40));
    }
    let error = set.end.take().unwrap().unwrap_err();
    assert!(error.message().contains("no space"), "{error}");
    assert_eq!(shelf.0.lock().frames.len(), 30);
    assert!(!shelf.0.lock().finished && !set.recorder.written().complete);
    assert_eq!(set.recorder.written().frames, 30);
}

/// A disk that does not follow ends it; what waited is written all the same.
#[test]
fn a_disk_that_is_too_slow_ends_the_recording() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[PICTURES], true, shelf.creator());
    let data: Arc<[u8]> = vec![0; 4 << 20].into();
    for at in 0..20 {
        set.recorder.take(&Arrived { data: Arc::clone(&data), ..arrived(PICTURES, at * 40, at == 0) });
        set.poll();
    }
    set.settle();
    let error = set.end.take().unwrap().unwrap_err();
    assert_eq!(error.code(), "limit");
    assert!(error.message().contains("/nowhere/out.webm") && error.message().contains("64 MiB"), "{error}");
    assert_eq!(shelf.0.lock().frames.len() << 22, WAITING);
    assert!(shelf.0.lock().finished);
}

/// Nothing came: there is no file, and no error either.
#[test]
fn without_a_frame_there_is_no_file() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
    set.take([arrived(PICTURES, 0, false)]);
    set.pass(ms(40_000));
    let written = set.finish().unwrap();
    assert_eq!((written.frames, written.complete), (0, false));
    assert!(shelf.0.lock().tracks.is_empty());
}

/// Whoever is dropped in the middle, and wherever the file is then: it is completed with all that was taken.
#[test]
fn a_recording_that_is_dropped_completes_its_file() {
    // Before the file has begun; while the file is here; while it is with the worker; with no worker left.
    for case in 0..4 {
        let shelf = Shelf::default();
        let mut set = Set::new(&[SOUND, PICTURES], true, shelf.creator());
        set.take([arrived(PICTURES, 0, true), arrived(PICTURES, 40, false)]);
        if case > 0 {
            set.take([arrived(SOUND, 20, true)]);
            set.pass(ms(1000));
        }
        if case == 2 {
            set.recorder.take(&arrived(PICTURES, 80, false));
            set.poll();
            set.clock.advance(ms(1500));
            set.poll();
            assert_eq!(set.bench.waiting(), 1);
        }
        set.recorder.take(&arrived(PICTURES, 120, false));
        set.bench.closed.store(case == 3, Ordering::Relaxed);
        set.recording = None;
        set.bench.work();
        assert!(shelf.0.lock().finished, "{case}");
        let count = shelf.0.lock().frames.len();
        assert_eq!(count, [3, 4, 5, 4][case], "{case}");
        assert!(set.recorder.written().complete);
        set.recorder.take(&arrived(PICTURES, 160, false));
        assert_eq!(shelf.0.lock().frames.len(), count);
    }
}

/// A session that is closed before the end says so, and the file is complete.
#[test]
fn without_a_worker_it_ends() {
    let shelf = Shelf::default();
    let mut set = Set::new(&[PICTURES], true, shelf.creator());
    set.take([arrived(PICTURES, 0, true)]);
    set.pass(ms(500));
    set.bench.closed.store(true, Ordering::Relaxed);
    set.take([arrived(PICTURES, 40, false)]);
    set.pass(ms(1000));
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "closed");
    assert_eq!((shelf.times(0), shelf.0.lock().finished), (vec![0, 40], true));
}

/// The size that is told is that of the file on the disk.
#[test]
fn the_size_is_that_of_the_file() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("media_flow_size.bin");
    let shelf = Shelf::default();
    let (inner, file) = (shelf.creator(), path.clone());
    let creator: Creator = Arc::new(move |tracks| {
        fs::write(&file, [0; 1234]).unwrap();
        inner(tracks)
    });
    let mut set = Set::named(path.to_str().unwrap(), &[PICTURES], true, creator);
    set.take([arrived(PICTURES, 0, true)]);
    let written = set.finish().unwrap();
    assert_eq!((written.bytes, &*written.path), (1234, path.to_str().unwrap()));
    fs::remove_file(path).unwrap();
}
