//! The session's one thread for the host's code: push callbacks in order, and submitted calls.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use parking_lot::{Condvar, Mutex};

use super::HostCode;
use crate::{
    engine::errands::{Errand, Errands},
    error::{Error, Result, code},
    sys::{self, panic::contain},
};

/// One thing to do; it owns what it needs.
pub type Job = Errand;

/// The thread and its work. Started by the first job, ended by [`Worker::finish`].
#[derive(Clone, Default)]
pub struct Worker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    running: bool,
    stopping: bool,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Worker {
    /// Adds a job at the end; starts the thread when there is none.
    ///
    /// # Errors
    /// `closed` when the worker was stopped, `limit` when no thread can be had. The job is dropped then.
    pub fn run(&self, job: Job) -> Result<()> {
        self.run_if(|| Ok(()), job)
    }

    /// The same, when `allowed` holds at the moment in which the job gets its place: nobody adds one in between.
    ///
    /// # Errors
    /// Those of [`Worker::run`] and of `allowed`.
    pub fn run_if(&self, allowed: impl FnOnce() -> Result<()>, job: Job) -> Result<()> {
        // Declared before the lock, so that a refused job is dropped after it: that may run the host's code.
        let job = job;
        let mut state = self.shared.state.lock();
        if state.stopping {
            return Err(Error::new(&code::CLOSED, "the session was closed"));
        }
        allowed()?;
        if !state.running {
            let shared = Arc::clone(&self.shared);
            let thread = sys::thread::spawn("haft-worker", move || serve(&shared))
                .map_err(|error| Error::new(&code::LIMIT, format!("no thread could be started: {error}")))?;
            state.thread = Some(thread);
            state.running = true;
        }
        state.jobs.push_back(job);
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Lets the thread end after the jobs that wait now. Never blocks.
    pub fn stop(&self) {
        self.shared.state.lock().stopping = true;
        self.shared.changed.notify_all();
    }

    /// Stops and waits for the thread until `deadline`; false when it is still in the host's code then. On the worker
    /// itself it only stops.
    pub fn finish(&self, deadline: Instant) -> bool {
        self.stop();
        if HostCode::on_worker() {
            return true;
        }
        let mut state = self.shared.state.lock();
        while state.running {
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() && state.running {
                return false;
            }
        }
        let thread = state.thread.take();
        drop(state);
        // It has left its loop: the join is short, and tells the host that no thread is left.
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        true
    }

    /// Whether the thread exists.
    pub fn is_running(&self) -> bool {
        self.shared.state.lock().running
    }
}

impl Errands for Worker {
    fn run(&self, errand: Errand) -> Result<()> {
        Worker::run(self, errand)
    }
}

fn serve(shared: &Shared) {
    HostCode::become_worker();
    let mut state = shared.state.lock();
    loop {
        if let Some(job) = state.jobs.pop_front() {
            drop(state);
            // A panic is logged there, and the worker goes on with the next job.
            let _ = contain(job);
            state = shared.state.lock();
        } else if state.stopping {
            state.running = false;
            drop(state);
            shared.changed.notify_all();
            return;
        } else {
            shared.changed.wait(&mut state);
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("running", &self.is_running()).finish()
    }
}
