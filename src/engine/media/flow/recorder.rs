//! What arrives over a connection put into a file. Frames are taken on the reactor, without a wait; the worker writes them
//! in batches, and hands them to the system each second. A recording that cannot go on (the disk is full or too slow, a track
//! goes on in another codec) ends with an error, once, and with the file as good as it can be; the connection is not touched.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    super::peer::{Arrived, Connection},
    intake::{Expected, Intake, Taken},
    spool::{Creator, Queue, Spool, Written},
};
use crate::{
    clock,
    engine::{
        errands::{self, Errands, Kept, Reply},
        reactor::timer::Timer,
    },
    error::{Error, Result},
    log,
    sys::lock::Mutex,
};

/// How long a frame waits at most until it is handed to the system: what a killed process loses.
pub const FLUSH: Duration = Duration::from_secs(1);
/// From here on what waits is written at once, in bytes.
const BATCH: usize = 1 << 20;

/// The side of a recording that frames are given to; all may be called on any thread, and nothing waits.
pub struct Recorder {
    state: Mutex<State>,
    queue: Arc<Queue>,
}

struct State {
    intake: Intake,
    /// It takes no more.
    over: bool,
    /// Why it took no more.
    trouble: Option<Error>,
    waker: Option<Waker>,
}

/// The side that is polled on the reactor, and writes.
pub struct Recording {
    recorder: Arc<Recorder>,
    connection: Arc<dyn Connection>,
    worker: Arc<dyn Errands>,
    file: Place,
    timer: Timer,
    /// Since when something waits, or was written without a flush.
    since: Option<Instant>,
    /// The worker has been sent for the first time: the file exists, or cannot be made.
    begun: bool,
}

enum Place {
    Here(Kept<Spool>),
    Writing(Reply<(Spool, Result<()>)>),
    Finishing(Reply<(Spool, Result<()>)>),
    Gone,
}

impl Recorder {
    /// Records these tracks into the file `path`, which `creator` makes when they are known. `careful` leaves pictures out
    /// that a loss has damaged.
    #[must_use]
    pub fn new(
        path: &str,
        expected: &[Expected],
        careful: bool,
        creator: Creator,
        connection: Arc<dyn Connection>,
        worker: Arc<dyn Errands>,
    ) -> (Recording, Arc<Recorder>) {
        let queue = Queue::new(path);
        let spool = Spool::new(Arc::clone(&queue), creator);
        let intake = Intake::new(expected, careful);
        let state = Mutex::new(State { intake, over: false, trouble: None, waker: None });
        let recorder = Arc::new(Recorder { state, queue });
        let recording = Recording {
            recorder: Arc::clone(&recorder),
            connection,
            file: Place::Here(Kept::new(spool, Some(Arc::clone(&worker)))),
            worker,
            timer: Timer::default(),
            since: None,
            begun: false,
        };
        (recording, recorder)
    }

    /// A frame arrived. Those of other tracks than the expected ones are passed over.
    pub fn take(&self, frame: &Arrived) {
        let mut steps = Vec::new();
        let mut state = self.state.lock();
        if state.over {
            return;
        }
        let waited = self.queue.waiting();
        let taken = state.intake.take(frame, clock::now(), &mut steps);
        let waiting = taken.and_then(|()| if steps.is_empty() { Ok(waited) } else { self.queue.add(&mut steps) });
        let wakes = match waiting {
            // The first one sets the time of the next errand.
            Ok(waiting) => waited == 0 || (waiting >= BATCH && waited < BATCH) || state.intake.is_due(),
            Err(error) => {
                (state.over, state.trouble) = (true, Some(error));
                true
            }
        };
        let waker = if wakes { state.waker.take() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ends it: what was taken is written, and the file completed.
    pub fn finish(&self) {
        let mut state = self.state.lock();
        self.settle(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn settle(&self, state: &mut State) {
        state.over = true;
        let mut steps = Vec::new();
        state.intake.settle(&mut steps);
        if let Err(error) = self.queue.add(&mut steps) {
            state.trouble.get_or_insert(error);
        }
    }

    /// What is in the file by now.
    pub fn written(&self) -> Written {
        self.queue.written()
    }

    /// What became of the tracks.
    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().intake.taken()
    }
}

impl Recording {
    /// Writes until [`Recorder::finish`].
    ///
    /// # Errors
    /// Those of [`Recording::poll_record`].
    pub async fn record(mut self) -> Result<Written> {
        poll_fn(|cx| self.poll_record(cx)).await
    }

    /// Does what is due. Ready when the file has been completed after [`Recorder::finish`].
    ///
    /// # Errors
    /// Why the recording had to end: the system's (`disk full`), `limit` when the disk is too slow, `media_codec` for a
    /// change of codec, `closed` when there is no worker. The file is as complete as it can be then.
    pub fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<Result<Written>> {
        loop {
            let (over, next) = self.look(cx);
            match std::mem::replace(&mut self.file, Place::Gone) {
                Place::Gone => return Poll::Ready(Ok(self.recorder.written())),
                Place::Writing(mut reply) => match reply.poll(cx) {
                    Poll::Ready(back) => {
                        let (spool, done) = back?;
                        self.file = Place::Here(Kept::new(spool, Some(Arc::clone(&self.worker))));
                        if let Err(error) = done {
                            self.recorder.state.lock().over = true;
                            self.file = Place::Gone;
                            return Poll::Ready(Err(error));
                        }
                        continue;
                    }
                    Poll::Pending => self.file = Place::Writing(reply),
                },
                Place::Finishing(mut reply) => match reply.poll(cx) {
                    Poll::Ready(back) => {
                        let (spool, done) = back?;
                        drop(Kept::new(spool, Some(Arc::clone(&self.worker))));
                        let trouble = self.recorder.state.lock().trouble.take();
                        let end = trouble.map_or(done, Err);
                        return Poll::Ready(end.map(|()| self.recorder.written()));
                    }
                    Poll::Pending => {
                        self.file = Place::Finishing(reply);
                        return Poll::Pending;
                    }
                },
                Place::Here(spool) => {
                    if self.send(spool, over)? {
                        continue;
                    }
                }
            }
            let flush = self.since.and_then(|since| since.checked_add(FLUSH));
            let away = matches!(self.file, Place::Writing(_));
            let Some(moment) = next.into_iter().chain(flush.filter(|_| !away)).min() else { return Poll::Pending };
            if !self.timer.is_over(moment, cx) {
                return Poll::Pending;
            }
        }
    }

    /// Looks after what does not come by itself: whether it is over, and the next moment to look.
    fn look(&mut self, cx: &mut Context<'_>) -> (bool, Option<Instant>) {
        let now = clock::now();
        let mut steps = Vec::new();
        let mut state = self.recorder.state.lock();
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        if state.over {
            // After an error of what arrived, what was held back before is good.
            self.recorder.settle(&mut state);
            return (true, None);
        }
        state.intake.look(now, &mut steps);
        if let Err(error) = self.recorder.queue.add(&mut steps) {
            (state.over, state.trouble) = (true, Some(error));
        }
        let (asks, next, over) = (state.intake.asks(now), state.intake.next(), state.over);
        drop(state);
        for mid in asks {
            self.connection.ask_keyframe(&mid);
        }
        (over, next)
    }

    /// Sends the worker when it is time to; false when it is not.
    fn send(&mut self, spool: Kept<Spool>, over: bool) -> Result<bool> {
        let now = clock::now();
        let waiting = self.recorder.queue.waiting();
        let empty = self.recorder.queue.is_empty();
        if !empty {
            self.since.get_or_insert(now);
        }
        let flushes = self.since.is_some_and(|since| now.saturating_duration_since(since) >= FLUSH);
        // A file that cannot be made is told at once.
        if !over && waiting < BATCH && !flushes && (self.begun || empty) {
            self.file = Place::Here(spool);
            return Ok(false);
        }
        self.begun = true;
        if flushes {
            self.since = None;
        }
        let Some(mut spool) = spool.into_inner() else { return Ok(false) };
        // The end of a long queue is written in turns, as everything is.
        let finishes = over && waiting < BATCH;
        let errand = move || {
            let done = if finishes { spool.finish() } else { spool.work(flushes) };
            (spool, done)
        };
        let reply = errands::send(&self.worker, errand)?;
        self.file = if finishes { Place::Finishing(reply) } else { Place::Writing(reply) };
        Ok(true)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Whoever has the file now completes it.
        let mut state = self.recorder.state.lock();
        self.recorder.settle(&mut state);
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        if let Some(error) = self.recorder.state.lock().trouble.take() {
            log::warn(c"media", || format!("{error}"));
        }
    }
}
