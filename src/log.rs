//! The host's log hook: process-wide, off until it is set (style.md rule 17).
//!
//! Asking whether a level is wanted is one relaxed load, so that a line that nobody wants costs nothing: its text is
//! made by a closure. No lock is held while the hook runs, and a line written from within the hook is dropped.
//! Secrets never get here: they are wrapped in [`crate::secret::Secret`], which formats as `***`.

use std::{
    cell::Cell,
    ffi::{CStr, CString},
    mem,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use crate::sys::lock::Mutex;

/// How much a line matters; the numbers are those of `haft.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i32)]
pub enum Level {
    /// Something failed that should not have.
    Error = 1,
    /// Something is odd, and the work goes on.
    Warn = 2,
    /// Milestones of a session.
    Info = 3,
    /// Everything that helps to find a fault.
    Debug = 4,
}

/// What receives the lines. Its drop tells that no line will follow.
pub trait Sink: Send + Sync {
    /// Takes one line; `place` names the part of the library.
    fn write(&self, level: Level, place: &CStr, message: &CStr);
}

/// The highest level that is wanted; 0 is none.
static MOST: AtomicI32 = AtomicI32::new(0);
static SINK: Mutex<Option<Arc<dyn Sink>>> = Mutex::new(None);

/// The lock is held for a copy of a pointer only.
const PATIENCE: Duration = Duration::from_millis(100);

thread_local! {
    /// The hook is running on this thread.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Replaces the hook. The old one is dropped here, or when the last line under way on another thread returns.
pub fn set(sink: Option<Arc<dyn Sink>>, most: i32) {
    let most = if sink.is_some() { most } else { 0 };
    let old = {
        let mut current = SINK.lock();
        MOST.store(most, Ordering::Relaxed);
        mem::replace(&mut *current, sink)
    };
    // Host code runs in the drop: not under the lock.
    drop(old);
}

/// Whether a line of this level would reach anybody.
pub fn enabled(level: Level) -> bool {
    level as i32 <= MOST.load(Ordering::Relaxed)
}

/// Writes a line; `message` is called only when somebody wants it.
pub fn write<M: Into<Vec<u8>>>(level: Level, place: &CStr, message: impl FnOnce() -> M) {
    if enabled(level) {
        deliver(level, place, message().into());
    }
}

#[cold]
fn deliver(level: Level, place: &CStr, mut message: Vec<u8>) {
    if INSIDE.get() {
        return;
    }
    // In a forked child it may be held by a thread that does not exist there; then nothing is written.
    let Some(sink) = SINK.try_lock_for(PATIENCE).and_then(|sink| sink.clone()) else { return };
    // A NUL would cut the line short.
    message.retain(|byte| *byte != 0);
    let Ok(message) = CString::new(message) else { return };
    INSIDE.set(true);
    sink.write(level, place, &message);
    INSIDE.set(false);
}

/// Writes an error.
pub fn error<M: Into<Vec<u8>>>(place: &CStr, message: impl FnOnce() -> M) {
    write(Level::Error, place, message);
}

/// Writes a warning.
pub fn warn<M: Into<Vec<u8>>>(place: &CStr, message: impl FnOnce() -> M) {
    write(Level::Warn, place, message);
}

/// Writes a milestone.
pub fn info<M: Into<Vec<u8>>>(place: &CStr, message: impl FnOnce() -> M) {
    write(Level::Info, place, message);
}

/// Writes a detail.
pub fn debug<M: Into<Vec<u8>>>(place: &CStr, message: impl FnOnce() -> M) {
    write(Level::Debug, place, message);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct Recorder {
        lines: Arc<Mutex<Vec<String>>>,
        drops: Arc<AtomicUsize>,
    }

    impl Sink for Recorder {
        fn write(&self, level: Level, place: &CStr, message: &CStr) {
            // Must be dropped, or this would never end.
            error(c"again", || "from within");
            self.lines.lock().push(format!("{level:?} {} {}", place.to_string_lossy(), message.to_string_lossy()));
        }
    }

    impl Drop for Recorder {
        fn drop(&mut self) {
            self.drops.fetch_add(1, Ordering::SeqCst);
        }
    }

    // One test: the hook belongs to the process.
    #[test]
    fn lines_up_to_the_level_arrive_once_and_without_re_entry() {
        let (lines, drops) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let recorder = || Arc::new(Recorder { lines: lines.clone(), drops: drops.clone() });
        error(c"log", || "nobody hears this");
        set(Some(recorder()), Level::Warn as i32);
        warn(c"log", || "a\0b");
        info(c"log", || -> String { panic!("not wanted, so not made") });
        set(Some(recorder()), Level::Debug as i32);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        debug(c"log", || "fine");
        set(None, Level::Debug as i32);
        assert_eq!(drops.load(Ordering::SeqCst), 2);
        assert!(!enabled(Level::Error));
        assert_eq!(*lines.lock(), ["Warn log ab", "Debug log fine"]);
    }
}
