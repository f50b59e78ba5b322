//! The barrier in every entry: no panic leaves the library, and the error out-parameter is always written
//! (style.md rules 5 and 7).

use super::{
    errors::haft_error,
    handle,
    library::{HAFT_OK, haft_status},
};
use crate::{
    error::{Error, Result},
    session::Failure,
    sys::panic::contain,
};

/// The body of an entry.
///
/// `fallible` answers a status: the out-parameters in `clear` become NULL or 0 before the body runs, so that they are
/// on every failure; the error out-parameter is written in any case. A session that the body holds is poisoned as a
/// panic passes by it.
/// `otherwise` answers the body's value, or the neutral one after a panic.
macro_rules! entry {
    (fallible, error: $error:expr, clear: [$($out:expr),*], $body:block) => {{
        // SAFETY: the promises of the host (head of this folder) cover every pointer that the body and the
        // out-parameters name, for the duration of this call.
        #[allow(unused_unsafe, reason = "not every body touches a pointer")]
        unsafe {
            $($crate::ffi::barrier::clear($out);)*
            $crate::ffi::barrier::finish($crate::sys::panic::contain(|| -> $crate::error::Result<()> { $body }), $error)
        }
    }};
    (otherwise: $neutral:expr, $body:block) => {{
        // SAFETY: as above.
        #[allow(unused_unsafe, reason = "not every body touches a pointer")]
        $crate::sys::panic::contain(|| unsafe { $body }).unwrap_or_else(|_| $neutral)
    }};
}

/// Turns what a body left into the status and the error object.
///
/// # Safety
/// `error` is NULL or may be written.
#[inline]
pub unsafe fn finish(outcome: Result<Result<()>>, error: *mut *mut haft_error) -> haft_status {
    match outcome {
        Ok(Ok(())) => {
            // SAFETY: the caller's promise.
            unsafe { handle::put(error, std::ptr::null_mut()) };
            HAFT_OK
        }
        // SAFETY: the caller's promise.
        Ok(Err(failure)) | Err(failure) => unsafe { fail(failure, error) },
    }
}

#[cold]
unsafe fn fail(failure: Error, error: *mut *mut haft_error) -> haft_status {
    let status = failure.status() as haft_status;
    if !error.is_null() {
        // Making the object runs code of the session layer, outside the first guard.
        let object = contain(|| handle::give::<haft_error>(Box::new(Failure::from(failure))));
        // SAFETY: the caller's promise, and it is not NULL.
        unsafe { error.write(object.unwrap_or(std::ptr::null_mut())) };
    }
    status
}

/// Sets an out-parameter to NULL or 0.
///
/// # Safety
/// `out` is NULL or may be written; all bits zero is a value of `T`.
#[inline]
pub unsafe fn clear<T>(out: *mut T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write_bytes(0, 1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ffi::library::{HAFT_E_ARGUMENT, HAFT_E_INTERNAL},
        sys::panic::silence,
    };

    #[test]
    fn a_panic_becomes_a_status() {
        silence();
        let mut out = 7_u64;
        let error: *mut *mut haft_error = std::ptr::null_mut();
        let cleared = &raw mut out;
        let status = entry!(fallible, error: error, clear: [cleared], {
            let nothing: Option<u8> = std::hint::black_box(None);
            nothing.expect("a bug");
            Ok(())
        });
        assert_eq!((status, out), (HAFT_E_INTERNAL, 0));
    }

    #[test]
    fn a_failure_becomes_its_status() {
        let error: *mut *mut haft_error = std::ptr::null_mut();
        let status = entry!(fallible, error: error, clear: [], { Err(Error::argument("no")) });
        assert_eq!(status, HAFT_E_ARGUMENT);
    }

    #[test]
    fn an_accessor_answers_neutrally_after_a_panic() {
        silence();
        assert_eq!(entry!(otherwise: -1, { panic!("a bug") }), -1);
        assert_eq!(entry!(otherwise: -1, { 5 }), 5);
    }
}
