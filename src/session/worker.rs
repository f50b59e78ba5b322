//! The session's one thread for the host's code: push callbacks in the order in which their events came, and errands.
//!
//! The events of a push subscription wait in its *box*, which is bounded as a queue is: a callback that hangs makes no
//! memory grow. Each box with something in it has one entry among the due ones, under the number of its oldest event;
//! errands are numbered by the same count, so that everything is done in order of arrival.

use std::{
    cell::Cell,
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque, binary_heap::PeekMut},
    sync::Arc,
    time::Instant,
};

use crate::sys::lock::{Condvar, Mutex};
use rustc_hash::FxBuildHasher;

use super::{
    Callback, Event, HostCode, Kind,
    backlog::{Added, Backlog},
    origin::Origin,
    queue::discard,
};
use crate::{
    engine::errands::{Errand, Errands},
    error::{Error, Result, code},
    log,
    sys::{self, panic::contain},
};

/// One thing to do; it owns what it needs.
pub type Job = Errand;

/// The thread and its work. Started by the first thing to do, ended by [`Worker::finish`].
#[derive(Clone, Default)]
pub struct Worker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told when there is something to do for a thread that sleeps.
    work: Condvar,
    /// Told when the thread has left its loop.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    errands: VecDeque<(u64, Job)>,
    boxes: HashMap<u64, Inbox, FxBuildHasher>,
    /// The boxes with something in them, by the number of their oldest event, or of an older one dropped since.
    due: BinaryHeap<Reverse<(u64, u64)>>,
    /// The number of what comes next.
    next: u64,
    /// Answers in the boxes.
    answers: usize,
    /// The thread waits, and has to be woken.
    asleep: bool,
    running: bool,
    stopping: bool,
    thread: Option<sys::thread::JoinHandle<()>>,
}

/// What waits for one push subscription.
struct Inbox {
    callback: Arc<dyn Callback>,
    origin: Arc<Origin>,
    events: Backlog,
    /// It has had its last event.
    sealed: bool,
}

/// What the thread does next.
enum Task {
    Errand(Job),
    Event(Arc<dyn Callback>, Event),
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
        self.start(&mut state)?;
        let order = state.number();
        state.errands.push_back((order, job));
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    fn start(&self, state: &mut State) -> Result<()> {
        if !state.running {
            let shared = Arc::clone(&self.shared);
            let thread = sys::thread::spawn("haft-worker", move || serve(&shared))
                .map_err(|error| Error::new(&code::LIMIT, format!("no thread could be started: {error}")))?;
            state.thread = Some(thread);
            state.running = true;
        }
        Ok(())
    }

    /// Makes the box of a push subscription.
    pub(super) fn open(&self, origin: &Arc<Origin>, callback: Arc<dyn Callback>) {
        let events = Backlog::with_limit(origin.limit());
        let inbox = Inbox { callback, origin: Arc::clone(origin), events, sealed: false };
        self.shared.state.lock().boxes.insert(origin.id(), inbox);
    }

    /// Adds events to a box, to be delivered after all that came before. Never waits, and needs no memory beyond the
    /// box. The events come back when the subscription has ended; those of a sealed box are discarded.
    pub(super) fn bring(&self, id: u64, events: impl Iterator<Item = Event>) -> std::result::Result<(), Vec<Event>> {
        self.deliver(id, events, false)
    }

    /// The same with the last event, if there is one to be told: nothing comes behind it.
    pub(super) fn seal(&self, id: u64, last: Option<Event>) {
        if let Err(back) = self.deliver(id, last.into_iter(), true) {
            back.into_iter().for_each(discard);
        }
    }

    fn deliver(
        &self,
        id: u64,
        events: impl Iterator<Item = Event>,
        seals: bool,
    ) -> std::result::Result<(), Vec<Event>> {
        let mut gone = Vec::new();
        let mut state = self.shared.state.lock();
        // After its end the thread is not started again: nobody would join it.
        let over = state.stopping && !state.running;
        let State { boxes, due, next, answers, .. } = &mut *state;
        let Some(inbox) = boxes.get_mut(&id) else {
            drop(state);
            return Err(events.collect());
        };
        if inbox.sealed || over {
            drop(state);
            events.for_each(discard);
            return Ok(());
        }
        let was_empty = inbox.events.is_empty();
        for event in events {
            *next += 1;
            *answers += usize::from(event.kind() == Kind::Response);
            match inbox.events.add(*next, event) {
                Added::New(None) => {}
                Added::New(Some(old)) | Added::Instead(old) => gone.push(old),
            }
        }
        inbox.sealed = seals;
        if was_empty && let Some(first) = inbox.events.first() {
            due.push(Reverse((first, id)));
        }
        let started = if state.due.is_empty() { Ok(()) } else { self.start(&mut state) };
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.shared.work.notify_one();
        }
        gone.into_iter().for_each(discard);
        if let Err(error) = started {
            // They wait for a thread that comes with something later, bounded as ever.
            log::warn(c"session", || format!("events could not be delivered yet: {error}"));
        }
        Ok(())
    }

    /// Takes a box away: no call of its callback begins after this. What waited in it comes back, the callback as well:
    /// dropping that may run the host's code.
    pub(super) fn close(&self, id: u64) -> Option<(Arc<dyn Callback>, Vec<Event>)> {
        let mut state = self.shared.state.lock();
        let mut inbox = state.boxes.remove(&id)?;
        let mut left = Vec::new();
        while let Some(event) = inbox.events.take() {
            state.answers -= usize::from(event.kind() == Kind::Response);
            left.push(event);
        }
        drop(state);
        Some((inbox.callback, left))
    }

    /// How many events wait in a box.
    pub(super) fn waiting(&self, id: u64) -> usize {
        self.shared.state.lock().boxes.get(&id).map_or(0, |inbox| inbox.events.len())
    }

    /// How many events wait in boxes, and how many entries stand for them.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let state = self.shared.state.lock();
        (state.boxes.values().map(|inbox| inbox.events.len()).sum(), state.due.len())
    }

    /// How many answers wait in boxes.
    pub fn answers(&self) -> usize {
        self.shared.state.lock().answers
    }

    /// Lets the thread end after what waits now. Never blocks.
    pub fn stop(&self) {
        let mut state = self.shared.state.lock();
        state.stopping = true;
        state.asleep = false;
        drop(state);
        self.shared.work.notify_one();
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
            if self.shared.ended.wait_until(&mut state, deadline).timed_out() && state.running {
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

    fn is_here(&self) -> bool {
        SERVES.with(Cell::get) == Arc::as_ptr(&self.shared).addr()
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// What came first of all that waits.
    fn take(&mut self) -> Option<Task> {
        while let Some(mut entry) = self.due.peek_mut() {
            let Reverse((order, id)) = *entry;
            if self.errands.front().is_some_and(|(errand, _)| *errand < order) {
                break;
            }
            let Some(inbox) = self.boxes.get_mut(&id) else {
                PeekMut::pop(entry);
                continue;
            };
            match inbox.events.first() {
                // What it stood for was dropped: its turn is that of the oldest that is left.
                Some(first) if first != order => {
                    *entry = Reverse((first, id));
                    continue;
                }
                _ => {}
            }
            let event = inbox.events.take();
            match inbox.events.first() {
                Some(first) => *entry = Reverse((first, id)),
                None => drop(PeekMut::pop(entry)),
            }
            let Some(mut event) = event else { continue };
            if event.kind() == Kind::Dropped {
                event = event.of(&inbox.origin);
            }
            self.answers -= usize::from(event.kind() == Kind::Response);
            return Some(Task::Event(Arc::clone(&inbox.callback), event));
        }
        self.errands.pop_front().map(|(_, job)| Task::Errand(job))
    }
}

#[cfg(feature = "model")]
use shuttle::thread_local;

thread_local! {
    /// Whose work this thread does.
    static SERVES: Cell<usize> = const { Cell::new(0) };
}

fn serve(shared: &Arc<Shared>) {
    HostCode::become_worker();
    SERVES.with(|serves| serves.set(Arc::as_ptr(shared).addr()));
    let mut state = shared.state.lock();
    loop {
        if let Some(task) = state.take() {
            drop(state);
            // A panic is logged there, and the worker goes on with what comes next.
            let _ = contain(|| task.run());
            state = shared.state.lock();
        } else if state.stopping {
            state.running = false;
            drop(state);
            shared.ended.notify_all();
            return;
        } else {
            state.asleep = true;
            shared.work.wait(&mut state);
        }
    }
}

impl Task {
    fn run(self) {
        match self {
            Task::Errand(job) => job(),
            Task::Event(callback, event) => {
                if let Some(origin) = event.counted_by() {
                    origin.take();
                }
                let inside = HostCode::enter();
                callback.deliver(event.settled());
                // Perhaps the last hold: the host's drop runs here.
                drop(callback);
                drop(inside);
            }
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("running", &self.is_running()).finish()
    }
}
