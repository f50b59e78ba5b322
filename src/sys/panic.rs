//! Contains panics (style.md rule 7): in every entry of the C interface, and around what the threads of the library run.
//!
//! A contained panic becomes an error and a line in the log. It prints nothing, because the standard error belongs to
//! the host: a hook looks whether the panicking thread is inside of [`contain`] and leaves every other panic of the
//! process to the hook that was there before.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::{
    error::{Error, Result, code},
    log,
};

thread_local! {
    /// How many contained bodies this thread is in (callbacks may call back in).
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Where the last contained panic happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a body whose panic ends here. What the body worked on may be half done: the caller drops it, or marks it as
/// poisoned.
///
/// # Errors
/// `internal` after a panic, which was then logged.
#[inline]
pub fn contain<T>(body: impl FnOnce() -> T) -> Result<T> {
    DEPTH.set(DEPTH.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(DEPTH.get() - 1);
    outcome.map_err(|payload| {
        // The payload may have a drop that panics; a leak is the smaller evil.
        let _ = ManuallyDrop::new(payload);
        contained()
    })
}

#[cold]
fn contained() -> Error {
    let place = PLACE.with(RefCell::take);
    log::error(c"panic", || format!("a panic was contained at {place}"));
    Error::new(&code::INTERNAL, "a bug in haft was contained").with("key", place)
}

/// Installs the hook, once. Called before the first session or arguments are made.
pub fn silence() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                return before(info);
            }
            // The place only: the message of a panic may quote what it was working on, secrets included.
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            PLACE.with(|last| *last.borrow_mut() = place);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_inside_and_names_its_place() {
        silence();
        let error = contain(|| contain(|| panic!("a bug")).map(|()| 1)).unwrap().unwrap_err();
        assert_eq!((error.code(), DEPTH.get()), ("internal", 0));
        assert!(error.detail().get("key").and_then(|place| place.as_str()).unwrap().contains("panic.rs:"));
        assert_eq!(contain(|| 5).unwrap(), 5);
    }
}
