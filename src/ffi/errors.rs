//! Section "Errors" of the header.

use std::{ffi::c_char, ptr};

use super::{
    handle::{self, Boxed, Handle},
    library::{HAFT_OK, haft_status},
    responses::haft_response,
    value_pointer,
    values::haft_value,
};
use crate::session::Failure;

/// Why a call failed: a sentence to show, and a detail to branch on.
///
/// Made by a failing call through its `haft_error **error`, which may be NULL when the status is enough. It is yours:
/// free it with haft_error_free. Calls that only read may run concurrently.
///
/// Functions: haft_error_status, _message, _detail, _response, _is_retryable, _free.
pub struct haft_error {
    _opaque: [u8; 0],
}

impl Handle for haft_error {
    type Inner = Failure;
    type Hold = Boxed;
}

/// Gives the status, the same as the failing call returned.
///
/// @param error  the error; NULL is answered with HAFT_OK
/// @return a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_status(error: *const haft_error) -> haft_status {
    entry!(otherwise: HAFT_OK, {
        handle::borrow(error).map_or(HAFT_OK, |failure| failure.error().status() as haft_status)
    })
}

/// Gives the sentence to show: one line in the past tense, without secrets.
///
/// @param error  the error; NULL is answered with ""
/// @return text that lives as long as the error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_message(error: *const haft_error) -> *const c_char {
    entry!(otherwise: c"".as_ptr(), {
        handle::borrow(error).map_or(c"", |failure| failure.message()).as_ptr()
    })
}

/// Gives the detail: an object with `code` (a stable word such as "connect_timeout") and, where they apply, `phase`,
/// `outcome` ("not_sent", "unknown", "applied": whether a change may have happened), `index`, `http_status`,
/// `server_code`, `server_text`, `exception`, `url` and `key`.
///
/// @param error  the error; NULL is answered with NULL
/// @return an object that lives as long as the error
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_detail(error: *const haft_error) -> *const haft_value {
    entry!(otherwise: ptr::null(), { value_pointer::root(handle::borrow(error).map(Failure::detail)) })
}

/// Gives the failed answer, when there was one.
///
/// @param error  the error; NULL is answered with NULL
/// @return a response that lives as long as the error, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_response(error: *const haft_error) -> *const haft_response {
    entry!(otherwise: ptr::null(), {
        handle::borrow(error).and_then(Failure::response).map_or(ptr::null(), handle::lend)
    })
}

/// Tells whether the same call may succeed later and is safe to repeat: the cause is transient, and the request
/// certainly did not take effect unnoticed.
///
/// @param error  the error; NULL is answered with false
/// @return true when it may be tried again
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_is_retryable(error: *const haft_error) -> bool {
    entry!(otherwise: false, { handle::borrow(error).is_some_and(|failure| failure.error().is_retryable()) })
}

/// Frees an error, with all that was borrowed from it.
///
/// @param error  the error, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_error_free(error: *mut haft_error) {
    entry!(otherwise: (), { drop(handle::take(error)) });
}
