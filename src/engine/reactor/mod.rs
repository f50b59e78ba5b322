//! The one background thread of the process (design.md section 3, "reactor"): it waits for sockets and timers of every
//! submitted call and moves bytes, nothing else. No host code runs here, no file is touched, no large body parsed.
//!
//! Who needs it holds a [`Lease`]. The first one starts the thread, the last one ends it; one that comes while it is
//! ending starts another. A forked child leaves its parent's alone and has its own, as locks and threads of a parent
//! are of no use there.

pub mod beat;
pub mod caller;
pub mod dial;
pub mod promise;
pub mod seat;
pub mod timer;
pub mod vigil;
pub mod wheel;
pub mod wire;

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use crate::sys::lock::{Condvar, Mutex};
use tokio::runtime::{Builder, Runtime};

use crate::{
    engine::net::limits::reason,
    error::{Error, Result, code},
    sys::{fork, panic::contain, thread},
};

/// Work for the reactor: it must not block.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Jobs begun in a row: then what is under way has its turn, or ten thousand connects would go out before the first
/// answer is read.
const BATCH: usize = 256;
/// Forks inside forks that get a reactor of their own; later ones get none.
const GENERATIONS: usize = 64;

static SLOTS: [Mutex<Option<Arc<Shared>>>; GENERATIONS] = [const { Mutex::new(None) }; GENERATIONS];

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a reactor: nothing may block here, and no code of the host may run.
#[must_use]
pub fn is_here() -> bool {
    // At the very end of a thread there is nothing left to look at.
    HERE.try_with(Cell::get).unwrap_or(false)
}

/// One reactor.
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    jobs: Vec<Job>,
    /// Set while the reactor waits for jobs, under the same lock as the jobs: whoever adds one wakes it, and only then.
    sleeper: Option<Waker>,
    leases: usize,
    running: bool,
    thread: Option<thread::JoinHandle<()>>,
}

/// The right to use the reactor. Dropping it never waits.
#[derive(Debug)]
pub struct Lease {
    shared: Option<Arc<Shared>>,
    generation: u32,
}

/// Takes part in the process's reactor, starting it when there is none.
///
/// # Errors
/// `limit` when the system has no thread or descriptor left.
pub fn lease() -> Result<Lease> {
    let generation = fork::generation();
    let none = |why: &str| Error::new(&code::LIMIT, format!("the reactor could not be started: {why}"));
    let slot = usize::try_from(generation).ok().and_then(|at| SLOTS.get(at));
    let mut slot = slot.ok_or_else(|| none("the process was forked too often"))?.lock();
    if let Some(shared) = &*slot {
        let mut state = shared.state.lock();
        // One without leases is ending.
        if state.leases > 0 && state.running {
            state.leases += 1;
            drop(state);
            return Ok(Lease { shared: Some(Arc::clone(shared)), generation });
        }
    }
    let runtime = Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(|error| none(&reason(&error)))?;
    let state = State { jobs: Vec::new(), sleeper: None, leases: 1, running: true, thread: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), ended: Condvar::new() });
    let own = Arc::clone(&shared);
    let thread = thread::spawn("haft-reactor", move || serve(runtime, &own)).map_err(|error| none(&reason(&error)))?;
    shared.state.lock().thread = Some(thread);
    *slot = Some(Arc::clone(&shared));
    Ok(Lease { shared: Some(shared), generation })
}

impl Lease {
    /// Has the reactor do a job. What it gives back must not wait for anything but the reactor.
    pub fn run(&self, job: impl Future<Output = ()> + Send + 'static) {
        let Some(shared) = &self.shared else { return };
        // The reactor itself need not be woken.
        if is_here()
            && let Ok(here) = tokio::runtime::Handle::try_current()
        {
            drop(here.spawn(job));
            return;
        }
        let mut state = shared.state.lock();
        state.jobs.push(Box::pin(job));
        let sleeper = state.sleeper.take();
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    /// Gives it back, and waits for the end of the thread if it was the last; false when `deadline` came first.
    pub fn finish(mut self, deadline: Instant) -> bool {
        let Some(shared) = self.release() else { return true };
        let mut state = shared.state.lock();
        if state.leases > 0 {
            return true;
        }
        while state.running {
            if shared.ended.wait_until(&mut state, deadline).timed_out() && state.running {
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

    fn release(&mut self) -> Option<Arc<Shared>> {
        let shared = std::mem::ManuallyDrop::new(self.shared.take()?);
        if self.generation != fork::generation() {
            // The parent's: its locks may be held for ever here, and its descriptors are shared with it.
            return None;
        }
        let shared = std::mem::ManuallyDrop::into_inner(shared);
        let mut state = shared.state.lock();
        state.leases -= 1;
        let sleeper = if state.leases == 0 { state.sleeper.take() } else { None };
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
        Some(shared)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(shared) = self.release() else { return };
        let mut state = shared.state.lock();
        // Nobody joins it: what the system keeps for that goes with its end.
        let unjoined = if state.leases == 0 { state.thread.take() } else { None };
        drop(state);
        drop(unjoined);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}

impl Shared {
    /// The jobs that came; `None` when nobody needs the reactor any more.
    fn next(&self, cx: &mut Context<'_>) -> Poll<Option<Vec<Job>>> {
        let mut state = self.state.lock();
        if !state.jobs.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut state.jobs)));
        }
        if state.leases == 0 {
            return Poll::Ready(None);
        }
        state.sleeper = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn serve(runtime: Runtime, shared: &Arc<Shared>) {
    HERE.set(true);
    // Nothing of it may panic; if it does, it must not write to the host's standard error.
    let _ = contain(|| {
        runtime.block_on(async {
            while let Some(jobs) = poll_fn(|cx| shared.next(cx)).await {
                for (at, job) in jobs.into_iter().enumerate() {
                    // A panic is contained there; who waits for the job hears of it by the job's own drop.
                    drop(tokio::spawn(job));
                    if at % BATCH == BATCH - 1 {
                        tokio::task::yield_now().await;
                    }
                }
            }
        })
    });
    // Timers and sockets end here, before anybody hears that the thread has.
    drop(runtime);
    let mut state = shared.state.lock();
    state.running = false;
    let late = std::mem::take(&mut state.jobs);
    drop(state);
    drop(late);
    shared.ended.notify_all();
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;
    use crate::clock;

    #[test]
    fn jobs_run_and_the_last_lease_joins() {
        let (first, second) = (lease().unwrap(), lease().unwrap());
        let (tell, hear) = mpsc::channel();
        for number in 0..1000 {
            let tell = tell.clone();
            first.run(async move {
                tokio::task::yield_now().await;
                tell.send((number, std::thread::current().name().map(str::to_owned))).unwrap();
            });
        }
        drop(tell);
        let mut numbers: Vec<_> = hear.iter().collect();
        assert!(numbers.iter().all(|(_, name)| name.as_deref() == Some("haft-reactor")));
        numbers.sort();
        assert_eq!(numbers.len(), 1000);
        let deadline = clock::now() + Duration::from_secs(10);
        assert!(first.finish(deadline));
        assert!(second.finish(deadline));
        // One that ended is replaced.
        let third = lease().unwrap();
        let (tell, hear) = mpsc::channel();
        third.run(async move { tell.send(()).unwrap() });
        hear.recv().unwrap();
        assert!(third.finish(deadline));
    }
}
