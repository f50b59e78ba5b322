//! What a fault must not leave behind, and a log that must not tell the key.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ffi::CStr,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use haft::{
    error::Error,
    log::{self, Level, Sink},
    session::Session,
};

/// How often each fault comes.
pub const TIMES: usize = 10;
/// Before it is measured: what is made once and kept.
const BEFORE: usize = 3;
/// What tables and pools may take more when they are in use for longer; a session that is left takes a hundred times that.
const SLACK: i64 = 24 << 10;

/// Counts the bytes that live.
struct Counting;

static LIVING: AtomicI64 = AtomicI64::new(0);

fn size(layout: Layout) -> i64 {
    i64::try_from(layout.size()).unwrap_or(i64::MAX)
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVING.fetch_add(size(layout), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVING.fetch_sub(size(layout), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// The lines of the log since they were looked at last.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Sink for Lines {
    fn write(&self, _level: Level, place: &CStr, message: &CStr) {
        self.0.lock().unwrap().push(format!("{}: {}", place.to_string_lossy(), message.to_string_lossy()));
    }
}

impl Lines {
    /// Hears everything that is logged.
    pub fn hear() -> Lines {
        let lines = Lines::default();
        log::set(Some(Arc::new(lines.clone())), Level::Debug as i32);
        lines
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Brings a fault about ten times, and looks at what is left: no secret in the log, no descriptor, thread, memory.
pub fn ten(what: &str, secrets: &[&str], mut fault: impl FnMut(usize)) {
    let lines = Lines::hear();
    let mut state = (0, 0, 0);
    for turn in 0..BEFORE + TIMES {
        if turn == BEFORE {
            state = settled(|_| true);
        }
        fault(turn);
        for line in lines.take() {
            assert!(secrets.iter().all(|secret| !line.contains(secret)), "{what}: the log told a secret: {line}");
        }
    }
    let (descriptors, threads, memory) = state;
    let left = settled(|(now_descriptors, now_threads, now_memory)| {
        now_descriptors <= descriptors && now_threads <= threads && now_memory - memory <= SLACK
    });
    assert!(left.0 <= descriptors, "{what}: {descriptors} descriptors became {}", left.0);
    assert!(left.1 <= threads, "{what}: {threads} threads became {}", left.1);
    assert!(left.2 - memory <= SLACK, "{what}: {} bytes more", left.2 - memory);
    log::set(None, 0);
}

/// Descriptors, threads and memory, once they are as wanted and nobody is leaving any more: the sandbox and the reactor
/// take a moment to notice that somebody has gone.
fn settled(wanted: impl Fn((usize, usize, i64)) -> bool) -> (usize, usize, i64) {
    let now = || (entries("/proc/self/fd"), entries("/proc/self/task"), LIVING.load(Ordering::Relaxed));
    let late = Instant::now() + Duration::from_secs(10);
    let (mut last, mut same) = (now(), 0);
    while Instant::now() < late {
        std::thread::sleep(Duration::from_millis(3));
        let next = now();
        same = if next == last { same + 1 } else { 0 };
        last = next;
        if same > 5 && wanted(last) {
            break;
        }
    }
    last
}

/// An error is told without secrets, however it is shown.
pub fn clean(error: &Error, secrets: &[&str]) {
    let shown = format!("{error} {error:?} {:?} {}", error.detail(), error.message());
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "an error told a secret: {shown}");
    assert!(!error.message().contains('\n'), "{}", error.message());
}

/// So is a session.
pub fn discreet(session: &Session, secrets: &[&str]) {
    for what in [
        "options",
        "headers",
        "cookies",
        "url",
        "backend",
        "stats",
        "pool",
        "adapters",
        "server_information",
        "hub",
        "cache",
        "operations",
        "subscriptions",
    ] {
        let Ok(shown) = session.inspect(what, &haft::args::Args::new()) else { continue };
        let shown = crate::bed::value(&shown).to_string();
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "the snapshot {what} told a secret: {shown}");
    }
}
