//! The threads of one call: parts are moved by up to [`AT_ONCE`](super::AT_ONCE) of them at a time, and the call's own
//! thread waits. They end with the call: when one part fails for good or the host cancels, the others are cut off.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Result, code},
    sys::{
        lock::Mutex,
        panic::contain,
        thread::{self, JoinHandle},
    },
};

/// Moves one part; the handle ends it from another thread.
pub type Job<T> = Arc<dyn Fn(usize, &Arc<Cancel>) -> Result<T> + Send + Sync>;

struct Shared<T> {
    state: Mutex<State<T>>,
    /// The handle of the whole call: rung whenever a thread has ended.
    call: Arc<Cancel>,
    job: Job<T>,
}

struct State<T> {
    waiting: VecDeque<usize>,
    done: Vec<(usize, T)>,
    failed: Option<Error>,
    running: usize,
}

/// Does the jobs, so many at a time, and waits; what they bring is in the order of `jobs`.
///
/// # Errors
/// The first failure; `cancelled`. No thread is left then.
pub fn work<T: Send + 'static>(
    call: &Arc<Cancel>,
    threads: usize,
    jobs: impl Iterator<Item = usize>,
    job: Job<T>,
) -> Result<Vec<T>> {
    call.check()?;
    let waiting: VecDeque<usize> = jobs.collect();
    let wanted = waiting.len();
    let threads = threads.clamp(1, wanted.max(1));
    let state = State { waiting, done: Vec::with_capacity(wanted), failed: None, running: 0 };
    let shared = Arc::new(Shared { state: Mutex::new(state), call: Arc::clone(call), job });
    if threads == 1 {
        // The handle of the call ends it as well as any.
        shared.state.lock().running = 1;
        shared.serve(call);
        return shared.end(wanted);
    }
    let crew: Vec<(Arc<Cancel>, JoinHandle<()>)> = (0..threads)
        .map_while(|_| {
            let (cancel, own) = (Arc::new(Cancel::default()), Arc::clone(&shared));
            own.state.lock().running += 1;
            let handle = Arc::clone(&cancel);
            match thread::spawn("haft-transfer", move || own.serve(&handle)) {
                Ok(thread) => Some((cancel, thread)),
                Err(_) => {
                    // Those that there are do it all.
                    shared.state.lock().running -= 1;
                    None
                }
            }
        })
        .collect();
    if crew.is_empty() {
        shared.state.lock().running = 1;
        shared.serve(call);
        return shared.end(wanted);
    }
    loop {
        let seen = call.rings();
        let over = {
            let state = shared.state.lock();
            state.running == 0 || state.failed.is_some()
        };
        if over || call.is_cancelled() {
            break;
        }
        call.listen(seen, None);
    }
    for (cancel, _) in &crew {
        // No harm to one that has ended.
        cancel.cancel();
    }
    for (_, thread) in crew {
        drop(thread.join());
    }
    shared.end(wanted)
}

impl<T> Shared<T> {
    fn serve(&self, cancel: &Arc<Cancel>) {
        loop {
            let next = {
                let mut state = self.state.lock();
                if state.failed.is_some() { None } else { state.waiting.pop_front() }
            };
            let Some(at) = next.filter(|_| !cancel.is_cancelled()) else { break };
            let outcome = contain(|| (self.job)(at, cancel)).and_then(|outcome| outcome);
            let mut state = self.state.lock();
            match outcome {
                Ok(brought) => state.done.push((at, brought)),
                Err(error) => {
                    // What follows the first failure is only its consequence.
                    state.failed.get_or_insert(error);
                    break;
                }
            }
        }
        self.state.lock().running -= 1;
        self.call.ring();
    }

    fn end(&self, wanted: usize) -> Result<Vec<T>> {
        let mut state = self.state.lock();
        if self.call.is_cancelled() {
            return Err(cancelled());
        }
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        let mut done = std::mem::take(&mut state.done);
        if done.len() != wanted {
            return Err(Error::new(&code::INTERNAL, "a part of a transfer was lost"));
        }
        done.sort_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, brought)| brought).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn what_is_brought_has_the_order_of_the_jobs() {
        let most = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let seen = Arc::clone(&most);
        let job: Job<usize> = Arc::new(move |at, cancel| {
            let now = seen.0.fetch_add(1, Ordering::SeqCst) + 1;
            seen.1.fetch_max(now, Ordering::SeqCst);
            cancel.wait(Duration::from_millis(20 - at as u64));
            seen.0.fetch_sub(1, Ordering::SeqCst);
            Ok(at * 2)
        });
        let brought = work(&Arc::default(), 3, 0..10, job).unwrap();
        assert_eq!(brought, (0..10).map(|at| at * 2).collect::<Vec<_>>());
        assert_eq!(most.1.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_failure_ends_the_others() {
        let job: Job<()> = Arc::new(|at, cancel| match at {
            1 => Err(Error::new(&code::CONNECT, "one")),
            _ if cancel.wait(Duration::from_secs(60)) => Err(cancelled()),
            _ => Ok(()),
        });
        let start = Instant::now();
        assert_eq!(work(&Arc::default(), 3, 0..9, job).unwrap_err().message(), "one");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_cancel_ends_all_and_a_panic_is_a_failure() {
        let call = Arc::new(Cancel::default());
        let inside = Arc::clone(&call);
        let job: Job<()> = Arc::new(move |at, cancel| {
            if at == 2 {
                inside.cancel();
            }
            cancel.wait(Duration::from_secs(60));
            cancel.check()
        });
        assert_eq!(work(&call, 3, 0..9, job).unwrap_err().code(), "cancelled");
        let job: Job<()> = Arc::new(|_, _| panic!("inside"));
        assert_eq!(work(&Arc::default(), 2, 0..2, job).unwrap_err().code(), "internal");
    }
}
