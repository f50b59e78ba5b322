//! What is played and what is recorded by one session of media, and the numbers of both.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    opened,
    order::Order,
    running::{News, Running},
};
use crate::{
    backends::Progress,
    clock,
    engine::{
        media::{
            Codec, container,
            flow::{Came, Control, Place, Recorder, Report, Written, intake::Expected, places},
            peer::{Agreed, Arrived, Connection, Statistics},
        },
        reactor::promise::{self, Taker},
    },
    error::{Error, Result},
    log,
    sys::lock::Mutex,
    value::{Object, Tree},
};

/// A track of the connection, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// As it was agreed.
    pub agreed: Agreed,
    /// The feed that it brings.
    pub feed: Option<Tree>,
}

impl Track {
    /// Its name.
    pub fn mid(&self) -> &str {
        &self.agreed.mid
    }

    /// Whether something can come of it.
    pub fn receives(&self) -> bool {
        self.agreed.direction.receives() && self.agreed.codec.is_some()
    }
}

/// What is played and recorded.
#[derive(Default)]
pub struct Files(Mutex<State>);

#[derive(Default)]
struct State {
    control: Option<Arc<Control>>,
    tapes: Vec<Tape>,
    /// Frames that came, by track, and when the last one did.
    came: Vec<Came>,
    bytes: u64,
    last: Option<Instant>,
    /// Since when media flows.
    since: Option<Instant>,
    /// The last numbers of the connection, and how long media flowed.
    kept: Option<(Statistics, Duration)>,
    /// Files are being completed: what comes now comes too late for them, for the numbers and for the host.
    over: bool,
    trouble: Option<Error>,
}

/// One file that is written.
struct Tape {
    path: Box<str>,
    mids: Vec<Box<str>>,
    recorder: Arc<Recorder>,
    done: Option<Taker<()>>,
    over: bool,
}

impl Files {
    /// A file is played.
    pub fn play(&self, control: &Arc<Control>) {
        self.0.lock().control = Some(Arc::clone(control));
    }

    /// Media flows from now on.
    pub fn flows(&self) {
        self.0.lock().since.get_or_insert_with(clock::now);
    }

    /// Whether frames still count.
    pub fn take(&self) -> bool {
        !self.0.lock().over
    }

    /// A frame came.
    pub fn frame(&self, frame: &Arrived) {
        let mut state = self.0.lock();
        state.last = Some(clock::now());
        state.bytes += frame.data.len() as u64;
        let at = state.came.iter().position(|came| came.mid == frame.mid).unwrap_or(state.came.len());
        if at == state.came.len() {
            state.came.push(Came { mid: frame.mid.clone(), frames: 0, keyframes: 0 });
        }
        if let Some(came) = state.came.get_mut(at) {
            came.frames += 1;
            came.keyframes += u64::from(frame.keyframe);
        }
        let of_it = |tape: &&Tape| !tape.over && tape.mids.contains(&frame.mid);
        let recorder = state.tapes.iter().find(of_it).map(|tape| Arc::clone(&tape.recorder));
        drop(state);
        if let Some(recorder) = recorder {
            recorder.take(frame);
        }
    }

    /// The other side wants a keyframe.
    pub fn keyframe_wanted(&self, mid: &str) {
        let control = self.0.lock().control.clone();
        if let Some(control) = control {
            control.keyframe_wanted(mid);
        }
    }

    /// Whether a file is played by that track.
    pub fn plays(&self, mid: &str) -> bool {
        let control = self.0.lock().control.clone();
        control.is_some_and(|control| control.played().tracks.iter().any(|track| *track.mid == *mid))
    }

    /// Records what these tracks bring: new ones into files of their own, and the files of those that are gone are completed.
    ///
    /// # Errors
    /// `closed`, `limit`.
    pub fn record(&self, order: &Order, running: &Arc<Running>, link: &Arc<dyn Connection>) -> Result<()> {
        let Some(pattern) = order.record_to.as_deref() else { return Ok(()) };
        let Some(handle) = running.handle.upgrade() else { return Ok(()) };
        let tracks: Vec<Track> = running.tracks().into_iter().filter(Track::receives).collect();
        self.part(&tracks);
        let has_file = |mid: &str| {
            let state = self.0.lock();
            state.tapes.iter().any(|tape| !tape.over && tape.mids.iter().any(|other| **other == *mid))
        };
        let fresh: Vec<&Track> = tracks.iter().filter(|track| !has_file(track.mid())).collect();
        let feeds: Vec<String> = fresh.iter().map(|track| feed_word(track.feed.as_ref())).collect();
        let known: Vec<Place<'_>> = fresh
            .iter()
            .zip(&feeds)
            .map(|(track, feed)| Place { feed, mid: track.mid(), kind: track.agreed.kind })
            .collect();
        for (path, members) in places(pattern, &known) {
            let path = self.unused(path);
            let of: Vec<&&Track> = members.iter().filter_map(|at| fresh.get(*at)).collect();
            let agreed: Vec<_> = of.iter().map(|track| as_in_a_file(&track.agreed)).collect();
            container::format(Path::new(&path), &agreed)?;
            let expected: Vec<Expected> =
                of.iter().map(|track| Expected { mid: track.agreed.mid.clone(), kind: track.agreed.kind }).collect();
            let name = PathBuf::from(&path);
            let played = order.play_from.clone();
            let creator = Arc::new(move |tracks: &[crate::engine::media::Track]| {
                opened::distinct(played.as_deref(), &name)?;
                container::create(&name, tracks)
            });
            let worker = Arc::clone(&running.worker);
            let (recording, recorder) = Recorder::new(&path, &expected, true, creator, Arc::clone(link), worker);
            let (giver, taker) = promise::pair();
            let tape = Tape {
                path: path.into(),
                mids: expected.into_iter().map(|track| track.mid).collect(),
                recorder,
                done: Some(taker),
                over: false,
            };
            self.0.lock().tapes.push(tape);
            let own = Arc::clone(running);
            handle.session.line.lent.reactor.run(async move {
                let done = Box::pin(recording.record()).await;
                own.files.recorded(done);
                own.tell(News::Recorded);
                giver.give(());
            })?;
        }
        Ok(())
    }

    /// Completes the files of which no track is left.
    fn part(&self, tracks: &[Track]) {
        let mut state = self.0.lock();
        let lives = |mid: &str| tracks.iter().any(|track| track.mid() == mid);
        let mut gone = Vec::new();
        for tape in state.tapes.iter_mut().filter(|tape| !tape.over) {
            if !tape.mids.iter().any(|mid| lives(mid)) {
                tape.over = true;
                gone.push(Arc::clone(&tape.recorder));
            }
        }
        drop(state);
        for recorder in gone {
            recorder.finish();
        }
    }

    /// A name that no other file of this session has: a feed may leave and come again.
    fn unused(&self, path: String) -> String {
        let state = self.0.lock();
        let used = |path: &str| state.tapes.iter().any(|tape| *tape.path == *path);
        if !used(&path) {
            return path;
        }
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let dot = path.get(name..).and_then(|name| name.rfind('.')).map_or(path.len(), |dot| name + dot);
        let (stem, ending) = path.split_at(dot);
        let numbered = (2..=u32::MAX).map(|number| format!("{stem}-{number}{ending}")).find(|path| !used(path));
        numbered.unwrap_or(path)
    }

    fn recorded(&self, done: Result<Written>) {
        match done {
            Ok(written) => log::debug(c"media", || format!("{} was completed", written.path)),
            Err(error) => {
                log::warn(c"media", || format!("a recording has ended: {error}"));
                self.0.lock().trouble.get_or_insert(error);
            }
        }
    }

    /// Whether all that is recorded goes well.
    ///
    /// # Errors
    /// Why a recording ended; once.
    pub fn check(&self) -> Result<()> {
        self.0.lock().trouble.take().map_or(Ok(()), Err)
    }

    /// Whether some of what was sent has not come back, and when the last frame came.
    pub fn on_its_way(&self, now: Instant) -> (bool, Instant) {
        let state = self.0.lock();
        let played = state.control.as_ref().map(|control| control.played()).unwrap_or_default();
        let came = |mid: &str| state.came.iter().find(|came| *came.mid == *mid).map_or(0, |came| came.frames);
        let missing = played.tracks.iter().any(|track| came(&track.mid) < track.frames);
        (missing, state.last.unwrap_or(now))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let state = self.0.lock();
        Progress {
            sent: state.control.as_ref().map_or(0, |control| control.bytes()),
            to_send: None,
            received: state.bytes,
            played: state.control.as_ref().map(|control| control.played().position),
        }
    }

    /// Nothing more is played.
    pub fn stop(&self) {
        let control = self.0.lock().control.clone();
        if let Some(control) = control {
            control.stop();
        }
    }

    /// Keeps the numbers of the connection, which ends. That takes a while, in which frames still come; how long media flowed
    /// is known when it begins to.
    pub fn keep(&self, link: &dyn Connection) {
        let statistics = link.statistics();
        let mut state = self.0.lock();
        let lasts = || state.since.map(|since| clock::now().saturating_duration_since(since)).unwrap_or_default();
        let lasted = state.kept.as_ref().map_or_else(lasts, |(_, lasted)| *lasted);
        state.kept = Some((statistics, lasted));
    }

    /// Completes all files.
    ///
    /// # Errors
    /// The first that could not be.
    pub async fn complete(&self) -> Result<()> {
        for done in self.finish() {
            done.await;
        }
        self.check()
    }

    /// Ends all recordings; each tells when its file is complete.
    fn finish(&self) -> Vec<Taker<()>> {
        let mut state = self.0.lock();
        state.over = true;
        let mut ends = Vec::new();
        let mut recorders = Vec::new();
        for tape in &mut state.tapes {
            tape.over = true;
            recorders.push(Arc::clone(&tape.recorder));
            ends.extend(tape.done.take());
        }
        drop(state);
        for recorder in recorders {
            recorder.finish();
        }
        ends
    }

    /// Shows it all.
    pub fn show(&self, word: &str, link: Option<&dyn Connection>, tracks: &[Track]) -> Object {
        let now = link.map(Connection::statistics);
        let state = self.0.lock();
        let lasts = || state.since.map(|since| clock::now().saturating_duration_since(since));
        let (statistics, duration) = match &state.kept {
            Some((kept, lasted)) => (kept.clone(), *lasted),
            None => (now.unwrap_or_default(), lasts().unwrap_or_default()),
        };
        let played: Vec<_> = state.control.iter().map(|control| control.played()).collect();
        let recorded: Vec<_> =
            state.tapes.iter().map(|tape| (tape.recorder.written(), tape.recorder.taken())).collect();
        let came = state.came.clone();
        drop(state);
        let agreed: Vec<Agreed> = tracks.iter().map(|track| track.agreed.clone()).collect();
        let feeds: Vec<(Box<str>, Tree)> =
            tracks.iter().filter_map(|track| Some((track.agreed.mid.clone(), track.feed.clone()?))).collect();
        let report = Report {
            state: word,
            duration,
            agreed: &agreed,
            feeds: &feeds,
            statistics: &statistics,
            came: &came,
            played: &played,
            recorded: &recorded,
        };
        report.object()
    }
}

/// What will stand in the file of a track that arrives.
fn as_in_a_file(agreed: &Agreed) -> crate::engine::media::Track {
    let codec = agreed.codec.unwrap_or(Codec::Other);
    crate::engine::media::Track {
        kind: agreed.kind,
        codec,
        named: codec.name().into(),
        size: (0, 0),
        channels: 0,
        pre_skip: 0,
        flaw: None,
    }
}

/// A feed in a path.
fn feed_word(feed: Option<&Tree>) -> String {
    match feed {
        Some(Tree::Text(text)) => text.to_string(),
        Some(other) => other.to_json(),
        None => String::new(),
    }
}
