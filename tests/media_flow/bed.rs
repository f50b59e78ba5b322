//! A connection that notes, a worker that works when it is told to, and files of frames made by hand.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use haft::{
    clock::{self, control::Frozen},
    engine::{
        errands::{Errand, Errands},
        media::{
            Codec, Frame, Kind, Track,
            container::{Demux, Mux},
            flow::{Control, Player, Reel, Route},
            peer::{Agreed, Connection, Direction, Statistics, Wish},
        },
    },
    error::{Error, Result, code},
};
use parking_lot::Mutex;

pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What a connection was given, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub moment: Duration,
    pub mid: String,
    pub pts: Duration,
    pub data: Arc<[u8]>,
}

/// A connection that notes what it gets.
pub struct Ear {
    start: Instant,
    pub notes: Mutex<Vec<Note>>,
    pub full: AtomicBool,
    pub broken: AtomicBool,
    pub asked: Mutex<Vec<(Duration, String)>>,
}

impl Ear {
    pub fn new() -> Arc<Ear> {
        Arc::new(Ear {
            start: clock::now(),
            notes: Mutex::default(),
            full: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            asked: Mutex::default(),
        })
    }

    pub fn since(&self) -> Duration {
        clock::now().duration_since(self.start)
    }

    /// Moment and time of the frames of a track, in milliseconds.
    pub fn heard(&self, mid: &str) -> Vec<(u128, u128)> {
        let notes = self.notes.lock();
        let notes = notes.iter().filter(|note| note.mid == mid);
        notes.map(|note| (note.moment.as_millis(), note.pts.as_millis())).collect()
    }

    pub fn asks(&self) -> Vec<(u128, String)> {
        self.asked.lock().iter().map(|(moment, mid)| (moment.as_millis(), mid.clone())).collect()
    }
}

impl Connection for Ear {
    fn plan(&self, _: &[Wish], _: Option<&str>) -> Result<()> {
        Ok(())
    }
    fn turn(&self, _: &str, _: Direction) -> Result<()> {
        Ok(())
    }
    fn retire(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn withdraw(&self) {}
    fn hush(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn offer(&self, _: bool) -> Result<String> {
        Ok(String::new())
    }
    fn accept(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn answer(&self, _: &str, _: &dyn Fn(&Agreed) -> Direction) -> Result<String> {
        Ok(String::new())
    }
    fn tracks(&self) -> Vec<Agreed> {
        Vec::new()
    }
    fn candidate(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn write(&self, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(Error::new(&code::MEDIA_STATE, "the connection was over"));
        }
        if self.full.load(Ordering::Relaxed) {
            return Err(Error::new(&code::LIMIT, "too much waited"));
        }
        self.notes.lock().push(Note { moment: self.since(), mid: mid.to_owned(), pts, data: Arc::clone(data) });
        Ok(())
    }
    fn say(&self, _: &str, _: bool, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn ask_keyframe(&self, mid: &str) {
        self.asked.lock().push((self.since(), mid.to_owned()));
    }
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }
    fn close(&self) {}
}

/// Does errands when it is told to.
#[derive(Default)]
pub struct Bench {
    errands: Mutex<VecDeque<Errand>>,
    pub closed: AtomicBool,
    pub done: AtomicUsize,
}

impl Bench {
    pub fn new() -> Arc<Bench> {
        Arc::default()
    }

    /// Does what there is to do; whether there was something.
    pub fn work(&self) -> bool {
        let mut worked = false;
        loop {
            let Some(errand) = self.errands.lock().pop_front() else { return worked };
            errand();
            self.done.fetch_add(1, Ordering::Relaxed);
            worked = true;
        }
    }

    pub fn waiting(&self) -> usize {
        self.errands.lock().len()
    }
}

impl Errands for Bench {
    fn run(&self, errand: Errand) -> Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::new(&code::CLOSED, "the session was closed"));
        }
        self.errands.lock().push_back(errand);
        Ok(())
    }
}

/// A file of these frames.
pub struct Tape {
    tracks: Vec<Track>,
    frames: VecDeque<Frame>,
    /// How it ends: with this error.
    pub trouble: Option<Error>,
    duration: Option<Duration>,
    /// Counts what was read.
    pub read: Arc<AtomicUsize>,
}

impl Tape {
    pub fn new(tracks: &[Track], frames: Vec<Frame>) -> Tape {
        Tape { tracks: tracks.to_vec(), frames: frames.into(), trouble: None, duration: None, read: Arc::default() }
    }
}

impl Demux for Tape {
    fn tracks(&self) -> &[Track] {
        &self.tracks
    }
    fn duration(&self) -> Option<Duration> {
        self.duration
    }
    fn next(&mut self) -> Result<Option<Frame>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        match (self.frames.pop_front(), self.trouble.take()) {
            (Some(frame), trouble) => {
                self.trouble = trouble;
                Ok(Some(frame))
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }
}

pub fn track(kind: Kind, codec: Codec) -> Track {
    let (size, channels) = if kind == Kind::Video { ((320, 240), 0) } else { ((0, 0), 2) };
    Track { kind, codec, named: codec.name().into(), size, channels, pre_skip: 0, flaw: None }
}

pub fn video() -> Track {
    track(Kind::Video, Codec::Vp8)
}

pub fn sound() -> Track {
    track(Kind::Audio, Codec::Opus)
}

pub fn frame(track: usize, pts: Duration, keyframe: bool, size: usize) -> Frame {
    let mut data = vec![0; size.max(8)];
    data[..8].copy_from_slice(&u64::try_from(pts.as_micros()).unwrap().to_be_bytes());
    Frame { track, pts, keyframe, data: data.into() }
}

/// Frames of one track at these milliseconds; the first is a keyframe.
pub fn frames(track: usize, times: impl IntoIterator<Item = u64>) -> Vec<Frame> {
    times.into_iter().enumerate().map(|(place, time)| frame(track, ms(time), place == 0, 100)).collect()
}

/// In the order of their times, as a file has them.
pub fn woven(mut frames: Vec<Frame>) -> Vec<Frame> {
    frames.sort_by_key(|frame| frame.pts);
    frames
}

/// A player over the ear and the bench.
pub struct Set {
    pub clock: Frozen,
    pub ear: Arc<Ear>,
    pub bench: Arc<Bench>,
    pub control: Arc<Control>,
    pub player: Player,
    pub end: Option<Result<()>>,
}

impl Set {
    pub fn new(clock: Frozen, again: bool, tape: impl Fn() -> Tape + Send + Sync + 'static) -> Set {
        let reel = Reel::open("/films/one.webm", Arc::new(move || Ok(Box::new(tape())))).unwrap();
        Set::of(clock, again, reel)
    }

    pub fn of(clock: Frozen, again: bool, reel: Reel) -> Set {
        let (ear, bench) = (Ear::new(), Bench::new());
        let name =
            |(place, track): (usize, &Track)| Route { track: place, kind: track.kind, mid: place.to_string().into() };
        let routes = reel.tracks().iter().enumerate().map(name).collect();
        let (player, control) = Player::new(reel, routes, again, Arc::clone(&ear) as _, Arc::clone(&bench) as _);
        Set { clock, ear, bench, control, player, end: None }
    }

    /// One look of the player.
    pub fn poll(&mut self) {
        if self.end.is_none()
            && let Poll::Ready(end) = self.player.poll_play(&mut Context::from_waker(Waker::noop()))
        {
            self.end = Some(end);
        }
    }

    /// Lets it do all that it can do now.
    pub fn settle(&mut self) {
        loop {
            self.poll();
            if !self.bench.work() {
                return;
            }
        }
    }

    /// Moves the clock to each moment that the player waits for, until it is over.
    pub fn run(&mut self) {
        self.settle();
        while self.end.is_none() {
            let left = self.clock.awaited(Duration::ZERO..=Duration::from_secs(100_000_000));
            self.clock.advance(left);
            self.settle();
        }
    }

    /// The same for so long.
    pub fn run_for(&mut self, time: Duration) {
        let end = clock::now() + time;
        self.settle();
        while self.end.is_none() && clock::now() < end {
            let left = self.clock.awaited(Duration::ZERO..=Duration::from_secs(100_000_000));
            self.clock.advance(left.min(end.duration_since(clock::now())));
            self.settle();
        }
    }
}

/// A file that keeps what it was given, to be looked at.
#[derive(Clone, Default)]
pub struct Shelf(pub Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
pub struct Kept {
    pub tracks: Vec<Track>,
    pub frames: Vec<Frame>,
    /// Moment and number of frames by then.
    pub flushed: Vec<usize>,
    pub finished: bool,
    /// Writing fails from this frame on.
    pub fails_at: Option<usize>,
    pub dropped: bool,
}

impl Shelf {
    pub fn creator(&self) -> haft::engine::media::flow::Creator {
        let shelf = self.clone();
        Arc::new(move |tracks| {
            shelf.0.lock().tracks = tracks.to_vec();
            Ok(Box::new(shelf.clone()))
        })
    }

    pub fn times(&self, track: usize) -> Vec<u128> {
        self.0.lock().frames.iter().filter(|frame| frame.track == track).map(|frame| frame.pts.as_millis()).collect()
    }
}

impl Mux for Shelf {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let mut kept = self.0.lock();
        assert!(!kept.finished);
        if kept.fails_at.is_some_and(|at| kept.frames.len() >= at) {
            return Err(Error::new(&code::IO, "/films/out.webm could not be written: no space was left"));
        }
        kept.frames.push(frame.clone());
        Ok(())
    }
    fn flush(&mut self) -> Result<()> {
        let mut kept = self.0.lock();
        let count = kept.frames.len();
        kept.flushed.push(count);
        Ok(())
    }
    fn finish(&mut self) -> Result<()> {
        self.0.lock().finished = true;
        Ok(())
    }
}
