//! What stands behind a pointer to a session: who owns it, which process it belongs to, and what becomes of it when a call
//! panics.

use std::{
    mem::ManuallyDrop,
    sync::{Arc, atomic::AtomicUsize},
};

use super::{
    handle::{self, Counted, Handle},
    host::HostData,
    sessions::haft_session,
};
use crate::{
    error::{Error, Result, code},
    session::{Bond, Event, Session},
    sys::{fork, lock::Mutex},
};

/// What the host's counts share. A call adds a count for its own duration: the last free of the host may come while
/// it is under way, from another thread or from inside of it.
pub struct SessionHandle {
    pub session: ManuallyDrop<Session>,
    /// The counts of the host alone.
    pub owners: AtomicUsize,
    pub generation: u32,
    pub pulls: Mutex<Pulls>,
}

/// The data of pull subscriptions that came with a `drop`: the session layer only carries the pointer.
#[derive(Default)]
pub struct Pulls {
    pub living: Vec<(Bond, Arc<HostData>)>,
}

impl Handle for haft_session {
    type Inner = SessionHandle;
    type Hold = Counted;
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        if self.generation == fork::generation() {
            // SAFETY: this is its end, and nothing uses it behind this line.
            unsafe { ManuallyDrop::drop(&mut self.session) }
        }
        // Else we are in a forked child: nothing may be sent, and another thread of the parent may have held a lock of
        // the session for ever. Its memory is left to the end of the process.
    }
}

/// Refuses what was made before a fork.
///
/// # Errors
/// `forked`.
#[inline]
pub(super) fn same_process(generation: u32) -> Result<()> {
    if generation == fork::generation() {
        return Ok(());
    }
    Err(Error::new(&code::FORKED, "it was made before a fork and used in the child"))
}

/// Drops what belongs to a session; in a forked child, leaves it alone for the reasons given at [`SessionHandle`].
pub(super) fn let_go<T>(generation: u32, held: T) {
    let held = ManuallyDrop::new(held);
    if generation == fork::generation() {
        drop(ManuallyDrop::into_inner(held));
    }
}

/// Gives a session away.
pub(super) fn give(session: Session) -> *mut haft_session {
    let session = ManuallyDrop::new(session);
    let (owners, generation) = (AtomicUsize::new(1), fork::generation());
    handle::share(Arc::new(SessionHandle { session, owners, generation, pulls: Mutex::default() }))
}

/// A session for the duration of a call. A panic of the call poisons it: the host may have let go of its own reference
/// by then. A host that unwinds by itself, and calls from a destructor, is no panic of the call.
pub(super) struct Kept {
    pub handle: Arc<SessionHandle>,
    unwound_before: bool,
}

impl std::ops::Deref for Kept {
    type Target = SessionHandle;

    fn deref(&self) -> &SessionHandle {
        &self.handle
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.unwound_before {
            self.handle.session.poison();
        }
    }
}

/// The session of a call.
///
/// # Errors
/// `argument` for NULL, `forked` in a child.
#[inline]
pub(super) unsafe fn of(session: *const haft_session) -> Result<Kept> {
    // SAFETY: the caller passes on the host's pointer.
    let handle = unsafe { handle::keep(session) }.ok_or_else(|| handle::null("session"))?;
    same_process(handle.generation)?;
    Ok(Kept { handle, unwound_before: std::thread::panicking() })
}

impl Pulls {
    /// The data to keep with an event. Events of a subscription that has ended show none.
    pub fn data_of(&self, event: &Event) -> Option<Arc<HostData>> {
        let id = event.id();
        self.living.iter().find(|(living, _)| living.id() == id).map(|(_, data)| data.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        args::Args,
        ffi::{errors::haft_error, sessions::haft_session_free},
        sys::panic,
    };

    fn made() -> *mut haft_session {
        give(Session::create("http://127.0.0.1:1", &Args::new()).unwrap())
    }

    /// The code that a call on the session ends with, or nothing.
    fn after(session: *mut haft_session) -> String {
        // SAFETY: the session lives.
        let kept = unsafe { of(session) }.unwrap();
        kept.session.configure(&Args::new()).map_or_else(|error| error.code().to_owned(), |()| String::new())
    }

    #[test]
    fn a_panic_of_a_call_poisons_its_session_alone() {
        panic::silence();
        let (hit, other) = (made(), made());
        let error: *mut *mut haft_error = std::ptr::null_mut();
        let status = entry!(fallible, error: error, clear: [], {
            let _kept = of(hit)?;
            panic!("a bug")
        });
        assert_eq!(status, crate::ffi::library::HAFT_E_INTERNAL);
        assert_eq!((after(hit).as_str(), after(other).as_str()), (code::POISONED.word, ""));
        // SAFETY: both are ours and were not freed.
        unsafe {
            haft_session_free(hit);
            haft_session_free(other);
        }
    }

    #[test]
    fn a_call_from_a_destructor_of_an_unwinding_host_poisons_nothing() {
        struct Calls(*mut haft_session);
        impl Drop for Calls {
            fn drop(&mut self) {
                assert_eq!(after(self.0), "");
            }
        }
        panic::silence();
        let session = made();
        let unwound: Result<()> = panic::contain(|| {
            let _calls = Calls(session);
            panic!("the host's own")
        });
        assert!(unwound.is_err() && after(session).is_empty());
        // SAFETY: it is ours and was not freed.
        unsafe { haft_session_free(session) };
    }
}
