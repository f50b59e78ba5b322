//! A file that is written: what is for it waits in a [`Queue`], from which the worker takes it. Whoever lets a spool go, it
//! writes what waits and completes the file first; one that failed stays as it was flushed last.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    super::{Frame, Track, container::Mux},
    intake::Step,
};
use crate::{
    clock,
    error::{Error, Result, code},
    log,
    sys::lock::Mutex,
};

/// How long one errand may write.
const TURN: Duration = Duration::from_millis(100);
/// What waits to be written at most, in bytes of frames.
pub const WAITING: usize = 64 << 20;
/// Makes the file when its tracks are known.
pub type Creator = Arc<dyn Fn(&[Track]) -> Result<Box<dyn Mux>> + Send + Sync>;

/// What is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub path: Box<str>,
    /// Frames.
    pub frames: u64,
    /// The size of the file when it was flushed last.
    pub bytes: u64,
    /// How long it plays.
    pub duration: Duration,
    /// The file exists, and is complete.
    pub complete: bool,
}

/// What waits for the file, between those who bring it and the worker.
#[derive(Debug)]
pub struct Queue(Mutex<State>);

#[derive(Debug)]
struct State {
    steps: VecDeque<Step>,
    bytes: usize,
    /// Nothing more is written.
    closed: bool,
    written: Written,
}

impl Queue {
    /// Of the file of this name.
    #[must_use]
    pub fn new(path: &str) -> Arc<Queue> {
        let written = Written { path: path.into(), ..Written::default() };
        Arc::new(Queue(Mutex::new(State { steps: VecDeque::new(), bytes: 0, closed: false, written })))
    }

    /// Adds what is to be done; how many bytes wait by then.
    ///
    /// # Errors
    /// `limit` when too much waits: the steps are dropped then.
    pub fn add(&self, steps: &mut Vec<Step>) -> Result<usize> {
        let size = |step: &Step| if let Step::Write(frame) = step { frame.data.len() } else { 0 };
        let more: usize = steps.iter().map(size).sum();
        let mut state = self.0.lock();
        if state.closed {
            drop(state);
            steps.clear();
            return Ok(0);
        }
        // One frame alone has room in any case.
        if state.bytes > 0 && state.bytes.saturating_add(more) > WAITING {
            let (path, waiting) = (state.written.path.clone(), state.bytes >> 20);
            drop(state);
            steps.clear();
            let why = format!("the recording {path} ended: the disk was {waiting} MiB behind");
            return Err(Error::new(&code::LIMIT, why).with("path", &*path));
        }
        state.bytes += more;
        state.steps.extend(steps.drain(..));
        Ok(state.bytes)
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().bytes
    }

    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        self.0.lock().steps.is_empty()
    }

    /// What is in the file by now.
    pub fn written(&self) -> Written {
        self.0.lock().written.clone()
    }

    fn take(&self) -> Option<Step> {
        let mut state = self.0.lock();
        let step = state.steps.pop_front()?;
        if let Step::Write(frame) = &step {
            state.bytes = state.bytes.saturating_sub(frame.data.len());
        }
        Some(step)
    }

    fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        let steps = std::mem::take(&mut state.steps);
        state.bytes = 0;
        drop(state);
        drop(steps);
    }

    fn note(&self, change: impl FnOnce(&mut Written)) {
        change(&mut self.0.lock().written);
    }
}

/// The file, and what is to be written; it may be used and dropped where files may be touched.
pub struct Spool {
    queue: Arc<Queue>,
    path: Box<str>,
    creator: Creator,
    mux: Option<Box<dyn Mux>>,
    /// By track: the last time, and the one from frame to frame.
    times: Vec<(Duration, Duration)>,
    over: bool,
}

impl Spool {
    /// The file that `creator` makes.
    #[must_use]
    pub fn new(queue: Arc<Queue>, creator: Creator) -> Spool {
        let path = queue.written().path;
        Spool { queue, path, creator, mux: None, times: Vec::new(), over: false }
    }

    /// Writes what waits, for a tenth of a second at most; `flush` hands it to the system, so that it outlives the process.
    ///
    /// # Errors
    /// The file's; nothing can be written after it.
    pub fn work(&mut self, flush: bool) -> Result<()> {
        let end = clock::now() + TURN;
        while clock::now() < end {
            let Some(step) = self.queue.take() else { break };
            self.step(step)?;
        }
        if flush {
            let flushed = self.mux.as_mut().map_or(Ok(()), |mux| mux.flush());
            self.watch(flushed)?;
            self.measure();
        }
        Ok(())
    }

    /// Writes all that waits and completes the file. Without any frame there is none.
    ///
    /// # Errors
    /// The file's.
    pub fn finish(&mut self) -> Result<()> {
        while let Some(step) = self.queue.take() {
            self.step(step)?;
        }
        self.over = true;
        self.queue.close();
        let Some(mut mux) = self.mux.take() else { return Ok(()) };
        let finished = mux.finish();
        // What the file still holds goes with it: only then is its size the last one.
        drop(mux);
        self.watch(finished)?;
        self.measure();
        self.queue.note(|written| written.complete = true);
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Begin(tracks) => {
                let mux = (self.creator)(&tracks);
                self.times = vec![(Duration::ZERO, Duration::ZERO); tracks.len()];
                self.mux = Some(self.watch(mux)?);
                Ok(())
            }
            Step::Write(frame) => {
                let Some(mux) = &mut self.mux else { return Ok(()) };
                let written = mux.write(&frame);
                self.watch(written)?;
                self.count(&frame);
                Ok(())
            }
        }
    }

    fn count(&mut self, frame: &Frame) {
        let Some((last, step)) = self.times.get_mut(frame.track) else { return };
        if let Some(since) = frame.pts.checked_sub(*last).filter(|since| !since.is_zero()) {
            (*last, *step) = (frame.pts, since);
        }
        let end = last.saturating_add(*step);
        self.queue.note(|written| {
            written.frames += 1;
            written.duration = written.duration.max(end);
        });
    }

    /// The first failure ends the file.
    fn watch<T>(&mut self, done: Result<T>) -> Result<T> {
        done.map_err(|error| {
            self.over = true;
            self.mux = None;
            self.queue.close();
            self.measure();
            error.with("path", &*self.path)
        })
    }

    fn measure(&self) {
        if let Ok(about) = std::fs::metadata(&*self.path) {
            self.queue.note(|written| written.bytes = about.len());
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Err(error) = self.finish() {
            log::warn(c"media", || format!("the recording {} could not be completed: {error}", self.path));
        }
    }
}
