//! A file played over a connection: each frame goes out when its moment has come, all tracks by one start.
//!
//! Frames are read by errands, some two seconds ahead. What is late (the reactor, the disk, a connection whose buffers are
//! full) is caught up with at twice the pace, fifty milliseconds of media at a time, since more at once would be lost on the
//! way; nothing is left out. Who is late by more than a second does not hurry: the rest is played that much later.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    super::peer::Connection,
    fit::Route,
    reel::{Batch, Reel},
    schedule::{Due, Schedule},
};
use crate::{
    clock,
    engine::{
        errands::{self, Errands, Kept, Reply},
        reactor::timer::Timer,
    },
    error::{Error, Result, Status, code},
    sys::lock::Mutex,
};

/// How much media goes out at once when it is late.
pub const BURST: Duration = Duration::from_millis(50);
/// The time between two such bursts: twice the pace of the file.
pub const BREATH: Duration = Duration::from_millis(25);
/// From here on the rest is played later instead.
pub const LATE: Duration = Duration::from_secs(1);
/// When a connection that is full is tried again.
const FULL: Duration = Duration::from_millis(5);
/// How long that is done.
const STUCK: Duration = Duration::from_secs(10);

/// What of a track has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The track of the connection.
    pub mid: Box<str>,
    /// Frames.
    pub frames: u64,
    /// Keyframes among them.
    pub keyframes: u64,
    /// Bytes of frames.
    pub bytes: u64,
    /// Frames before the first keyframe, which nobody could show.
    pub left_out: u64,
    /// Frames whose time was not after the one before.
    pub mended: u64,
    /// How often the other side asked for a keyframe, which a file cannot give.
    pub keyframes_wanted: u64,
}

/// How far a player has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// The name of the file.
    pub path: Box<str>,
    /// By track.
    pub tracks: Vec<Sent>,
    /// Media time, over all rounds.
    pub position: Duration,
    /// How long the file is, when it says so.
    pub duration: Option<Duration>,
    /// Rounds that are ready or were played.
    pub rounds: u64,
    /// By how much the rest was moved, because frames came too late.
    pub stalled: Duration,
}

/// What others have of a player that runs; all may be called on any thread.
#[derive(Default)]
pub struct Control(Mutex<State>);

#[derive(Default)]
struct State {
    started: bool,
    stopped: bool,
    waker: Option<Waker>,
    played: Played,
}

impl Control {
    /// The connection is there: the first frame goes out as soon as it has been read.
    pub fn start(&self) {
        self.change(|state| state.started = true);
    }

    /// Ends it after the frame that is going out.
    pub fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The other side wants a keyframe: noted, as the next one of the file is all there is.
    pub fn keyframe_wanted(&self, mid: &str) {
        if let Some(track) = self.0.lock().played.tracks.iter_mut().find(|track| *track.mid == *mid) {
            track.keyframes_wanted += 1;
        }
    }

    /// How far it has come.
    pub fn played(&self) -> Played {
        self.0.lock().played.clone()
    }

    /// Bytes of frames that have gone.
    pub fn bytes(&self) -> u64 {
        self.0.lock().played.tracks.iter().map(|track| track.bytes).sum()
    }
}

/// A file on its way; polled on the reactor.
pub struct Player {
    worker: Arc<dyn Errands>,
    connection: Arc<dyn Connection>,
    control: Arc<Control>,
    routes: Vec<Route>,
    wanted: Arc<[bool]>,
    again: bool,
    /// Where the file is.
    file: Place,
    /// Reading has begun and goes on until enough is ready.
    filling: bool,
    schedule: Schedule,
    trouble: Option<Error>,
    timer: Timer,
    /// When media time was zero.
    zero: Option<Instant>,
    /// Nothing goes out before.
    not_before: Option<Instant>,
    /// What the connection had no room for, and since when.
    held: Option<Due>,
    full: Option<Instant>,
}

enum Place {
    Here(Kept<Reel>),
    Away(Reply<Batch>),
    Rewinding(Reply<(Reel, Result<bool>)>),
    Gone,
}

impl Player {
    /// Plays these tracks of a file, `again` and again or once. Frames are read from now on, and go out from
    /// [`Control::start`] on.
    #[must_use]
    pub fn new(
        reel: Reel,
        routes: Vec<Route>,
        again: bool,
        connection: Arc<dyn Connection>,
        worker: Arc<dyn Errands>,
    ) -> (Player, Arc<Control>) {
        let mut wanted = vec![false; reel.tracks().len()];
        for route in &routes {
            if let Some(one) = wanted.get_mut(route.track) {
                *one = true;
            }
        }
        let lanes: Vec<_> = routes.iter().map(|route| (route.track, route.kind)).collect();
        let played = Played {
            path: (&**reel.path()).into(),
            tracks: routes.iter().map(|route| Sent { mid: route.mid.clone(), ..Sent::default() }).collect(),
            duration: reel.duration(),
            rounds: 1,
            ..Played::default()
        };
        let control = Arc::new(Control(Mutex::new(State { played, ..State::default() })));
        let player = Player {
            file: Place::Here(Kept::new(reel, Some(Arc::clone(&worker)))),
            worker,
            connection,
            control: Arc::clone(&control),
            routes,
            wanted: wanted.into(),
            again,
            filling: true,
            schedule: Schedule::new(&lanes),
            trouble: None,
            timer: Timer::default(),
            zero: None,
            not_before: None,
            held: None,
            full: None,
        };
        (player, control)
    }

    /// Plays it to its end.
    ///
    /// # Errors
    /// Those of [`Player::poll_play`].
    pub async fn play(mut self) -> Result<()> {
        poll_fn(|cx| self.poll_play(cx)).await
    }

    /// Does what is due now. Ready when the last frame has been shown, or after [`Control::stop`].
    ///
    /// # Errors
    /// What is wrong with the file, when all before has been played; what the connection says of a frame; `closed` when there
    /// is no worker to read.
    pub fn poll_play(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let started = {
            let mut state = self.control.0.lock();
            if state.stopped {
                return Poll::Ready(Ok(()));
            }
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            state.started
        };
        self.read(cx)?;
        if !started {
            return Poll::Pending;
        }
        loop {
            match self.step(clock::now()) {
                Step::Over(end) => return Poll::Ready(end),
                Step::Until(moment) if self.timer.is_over(moment, cx) => self.read(cx)?,
                // The timer wakes us, or the errand.
                Step::Until(_) | Step::Read => return Poll::Pending,
            }
        }
    }

    /// Has more read when it is time to.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<()> {
        loop {
            match std::mem::replace(&mut self.file, Place::Gone) {
                Place::Gone => return Ok(()),
                Place::Away(mut reply) => match reply.poll(cx) {
                    Poll::Pending => {
                        self.file = Place::Away(reply);
                        return Ok(());
                    }
                    Poll::Ready(batch) => self.filled(batch?)?,
                },
                Place::Rewinding(mut reply) => match reply.poll(cx) {
                    Poll::Pending => {
                        self.file = Place::Rewinding(reply);
                        return Ok(());
                    }
                    Poll::Ready(answer) => {
                        let (reel, same) = answer?;
                        self.rewound(reel, same);
                    }
                },
                Place::Here(reel) => {
                    let position = self.position(clock::now());
                    self.filling = self.schedule.wants(position, self.filling);
                    if !self.filling {
                        self.file = Place::Here(reel);
                        return Ok(());
                    }
                    let (wanted, order) = (Arc::clone(&self.wanted), self.schedule.order(position));
                    let Some(reel) = reel.into_inner() else { return Ok(()) };
                    self.file = Place::Away(errands::send(&self.worker, move || reel.read(&wanted, order))?);
                }
            }
        }
    }

    fn filled(&mut self, batch: Batch) -> Result<()> {
        let Batch { reel, frames, over, trouble } = batch;
        for frame in frames {
            self.schedule.add(frame);
        }
        let again = self.again && trouble.is_none();
        self.trouble = trouble;
        if over && self.schedule.end(again) {
            let mut reel = reel;
            let rewind = move || {
                let same = reel.rewind();
                (reel, same)
            };
            self.file = Place::Rewinding(errands::send(&self.worker, rewind)?);
        } else {
            self.file = Place::Here(Kept::new(reel, Some(Arc::clone(&self.worker))));
        }
        Ok(())
    }

    fn rewound(&mut self, reel: Reel, same: Result<bool>) {
        match same {
            Ok(true) => self.control.0.lock().played.rounds += 1,
            Ok(false) => {
                let path = reel.path();
                self.trouble = Some(
                    Error::new(&code::MEDIA_FILE, format!("{path} had other tracks when it was to be played again"))
                        .with("path", &**path),
                );
            }
            Err(error) => self.trouble = Some(error),
        }
        if self.trouble.is_some() {
            self.schedule.end(false);
        }
        self.file = Place::Here(Kept::new(reel, Some(Arc::clone(&self.worker))));
    }

    fn position(&self, now: Instant) -> Duration {
        self.zero.map(|zero| now.saturating_duration_since(zero)).unwrap_or_default()
    }

    /// Sends what is due, and says what is to be waited for.
    fn step(&mut self, now: Instant) -> Step {
        let mut zero = match self.zero {
            Some(zero) => zero,
            // All tracks begin together: when some of each has been read.
            None if self.schedule.wants(Duration::ZERO, false) => return Step::Read,
            None => *self.zero.insert(now),
        };
        if let Some(moment) = self.not_before.take_if(|moment| *moment > now) {
            self.not_before = Some(moment);
            return Step::Until(moment);
        }
        let next = self.held.as_ref().map(|due| due.at).or_else(|| self.schedule.next());
        let late = next.map(|at| now.saturating_duration_since(zero).saturating_sub(at)).unwrap_or_default();
        if late > LATE {
            zero = zero.checked_add(late).unwrap_or(zero);
            self.zero = Some(zero);
            self.control.0.lock().played.stalled += late;
        }
        let target = now.saturating_duration_since(zero);
        let limit = next.map_or(target, |at| target.min(at.saturating_add(BURST)));
        while let Some(due) = self.held.take().or_else(|| self.schedule.take(limit)) {
            if let Err(error) = self.hand_over(due, now) {
                return Step::Over(Err(error));
            }
            if self.held.is_some() {
                return self.pause(now, FULL);
            }
        }
        if limit < target {
            return self.pause(now, BREATH);
        }
        let moment = match self.schedule.next() {
            Some(at) => at,
            None if self.schedule.is_over() => {
                let end = self.schedule.end_of_sent();
                if target >= end {
                    return Step::Over(self.trouble.take().map_or_else(|| self.verdict(), Err));
                }
                end
            }
            None => return Step::Read,
        };
        zero.checked_add(moment).map_or_else(|| Step::Over(Err(self.unreachable())), Step::Until)
    }

    fn pause(&mut self, now: Instant, time: Duration) -> Step {
        let moment = now + time;
        self.not_before = Some(moment);
        Step::Until(moment)
    }

    /// Gives a frame to the connection; it is held when there is no room.
    fn hand_over(&mut self, due: Due, now: Instant) -> Result<()> {
        let Some(route) = self.routes.get(due.lane) else { return Ok(()) };
        match self.connection.write(&route.mid, due.at, &due.data) {
            Err(error) if error.status() == Status::Limit => {
                if now.saturating_duration_since(*self.full.get_or_insert(now)) >= STUCK {
                    return Err(error);
                }
                self.held = Some(due);
            }
            Err(error) => return Err(error),
            Ok(()) => {
                self.full = None;
                let care = self.schedule.care(due.lane);
                let mut state = self.control.0.lock();
                state.played.position = state.played.position.max(due.at);
                if let Some(track) = state.played.tracks.get_mut(due.lane) {
                    track.frames += 1;
                    track.keyframes += u64::from(due.keyframe);
                    track.bytes += due.data.len() as u64;
                    (track.left_out, track.mended) = (care.left_out, care.mended);
                }
            }
        }
        Ok(())
    }

    /// What is to be said of a file that has been played.
    fn verdict(&self) -> Result<()> {
        let mut state = self.control.0.lock();
        for (lane, route) in self.routes.iter().enumerate() {
            let care = self.schedule.care(lane);
            let Some(track) = state.played.tracks.get_mut(lane) else { continue };
            (track.left_out, track.mended) = (care.left_out, care.mended);
            if track.frames == 0 && track.left_out > 0 {
                let path = &state.played.path;
                let why = format!("{path} had no keyframe in track {}: nobody could have shown it", route.track);
                return Err(Error::new(&code::MEDIA_FILE, why).with("path", &**path));
            }
        }
        Ok(())
    }

    fn unreachable(&self) -> Error {
        let path = self.control.0.lock().played.path.clone();
        let why = format!("{path} had a frame so late that it will never be shown");
        Error::new(&code::MEDIA_FILE, why).with("path", &*path)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // A waker holds on to the reactor that made it, and the control may outlive both.
        let waker = self.control.0.lock().waker.take();
        drop(waker);
    }
}

/// What a player does next.
enum Step {
    /// Waits for this moment.
    Until(Instant),
    /// Waits for frames.
    Read,
    /// It is over.
    Over(Result<()>),
}
