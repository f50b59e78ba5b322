//! Section "Library" of the header: statuses, version, log hook.

use std::{
    ffi::{c_char, c_void},
    ptr,
    sync::Arc,
};

use super::{arguments::haft_drop_fn, host::HostData, host::HostLog, text};
use crate::{
    backends::SCHEMES,
    error::Status,
    log::{self, Sink},
};

/// What became of a call: HAFT_OK, or a negative code.
///
/// Numbers are never changed. New ones will appear: treat an unknown one as a failure like the others.
pub type haft_status = i32;
/// success
pub const HAFT_OK: haft_status = 0;
/// NULL, bad UTF-8, unknown option, bad URL
pub const HAFT_E_ARGUMENT: haft_status = -1;
/// closed, busy, or in a forked child
pub const HAFT_E_STATE: haft_status = -2;
/// this back end has no such verb
pub const HAFT_E_UNSUPPORTED: haft_status = -3;
/// resolve, connect, read, write
pub const HAFT_E_IO: haft_status = -4;
/// handshake or certificate
pub const HAFT_E_TLS: haft_status = -5;
/// the phase is in the detail
pub const HAFT_E_TIMEOUT: haft_status = -6;
/// by the host
pub const HAFT_E_CANCELLED: haft_status = -7;
/// who are you?
pub const HAFT_E_AUTH: haft_status = -8;
/// you may not
pub const HAFT_E_DENIED: haft_status = -9;
/// there is no such thing
pub const HAFT_E_NOT_FOUND: haft_status = -10;
/// with the server's state
pub const HAFT_E_CONFLICT: haft_status = -11;
/// the server refused; see the detail
pub const HAFT_E_REMOTE: haft_status = -12;
/// the answer could not be understood
pub const HAFT_E_PROTOCOL: haft_status = -13;
/// a size, rate or queue limit was reached
pub const HAFT_E_LIMIT: haft_status = -14;
/// a bug in haft: a panic was contained
pub const HAFT_E_INTERNAL: haft_status = -15;

/// How much a line of the log matters.
pub type haft_level = i32;
/// something failed that should not have
pub const HAFT_LOG_ERROR: haft_level = 1;
/// something is odd, the work goes on
pub const HAFT_LOG_WARN: haft_level = 2;
/// milestones of a session
pub const HAFT_LOG_INFO: haft_level = 3;
/// all that helps to find a fault
pub const HAFT_LOG_DEBUG: haft_level = 4;

/// Takes one line of the log: `where` names the part of the library, `message` is one line without secrets. Both live
/// for the duration of the call. Runs on any thread; a line written from within is dropped.
pub type haft_log_fn = Option<
    unsafe extern "C" fn(user_data: *mut c_void, level: haft_level, r#where: *const c_char, message: *const c_char),
>;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// A part of the version as a number.
#[expect(clippy::indexing_slicing, reason = "it runs while compiling")]
const fn number(text: &str) -> u32 {
    let (digits, mut at, mut number) = (text.as_bytes(), 0, 0);
    while at < digits.len() {
        number = number * 10 + (digits[at] - b'0') as u32;
        at += 1;
    }
    number
}

pub(super) const VERSION_NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | number(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | number(env!("CARGO_PKG_VERSION_PATCH"));

/// The features that this build has, beside the schemes.
const FEATURES: &[(&str, bool)] = &[("media", cfg!(feature = "media")), ("redis", cfg!(feature = "redis"))];

/// Gives the version of the library, such as "1.2.3".
///
/// @return text that lives for ever
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// Gives the version of the library as a number: 0x010203 for 1.2.3. Compare it with HAFT_VERSION_NUMBER, the
/// version of this header: a header newer than the library is no error in itself.
///
/// @return major << 16 | minor << 8 | patch
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_version_number() -> u32 {
    VERSION_NUMBER
}

/// Tells whether this build has a scheme ("https") or a feature ("media").
///
/// @param name  the scheme or the feature; NULL is answered with false
/// @return true when it is there
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_supports(name: *const c_char) -> bool {
    entry!(otherwise: false, { text::required(name, "name").is_ok_and(is_supported) })
}

fn is_supported(name: &str) -> bool {
    SCHEMES.contains(&name) || FEATURES.contains(&(name, true))
}

/// Frees a text that the library returned as `char *`.
///
/// @param string  the text, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_string_free(string: *mut c_char) {
    entry!(otherwise: (), { text::take(string) });
}

/// Sets the log hook of the process; before that, the library is silent. Another hook replaces the first, whose
/// `drop` then runs as soon as no line is being written any more. Secrets never appear in the log.
///
/// Any thread may call it. No lock is held while the hook runs.
///
/// @param log        the hook, or NULL to be silent again
/// @param user_data  passed to the hook
/// @param drop       runs exactly once, after the last use of user_data; may be NULL
/// @param most       the highest level that is wanted, such as HAFT_LOG_INFO; 0 is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_log_set(log: haft_log_fn, user_data: *mut c_void, drop: haft_drop_fn, most: haft_level) {
    let data = HostData::new(user_data, drop);
    entry!(otherwise: (), {
        let hook = HostLog::new(log, data).map(|hook| Arc::new(hook) as Arc<dyn Sink>);
        log::set(hook, most);
    });
}

/// Names a status, such as "HAFT_E_TIMEOUT".
///
/// @param status  any number
/// @return text that lives for ever; "unknown status" for a number that this library does not know
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_status_name(status: haft_status) -> *const c_char {
    entry!(otherwise: ptr::from_ref(c"").cast(), {
        Status::from_number(status).map_or(c"unknown status", Status::name).as_ptr()
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn the_numbers_of_the_header_are_those_of_the_statuses() {
        let numbers = [
            HAFT_OK,
            HAFT_E_ARGUMENT,
            HAFT_E_STATE,
            HAFT_E_UNSUPPORTED,
            HAFT_E_IO,
            HAFT_E_TLS,
            HAFT_E_TIMEOUT,
            HAFT_E_CANCELLED,
            HAFT_E_AUTH,
            HAFT_E_DENIED,
            HAFT_E_NOT_FOUND,
            HAFT_E_CONFLICT,
            HAFT_E_REMOTE,
            HAFT_E_PROTOCOL,
            HAFT_E_LIMIT,
            HAFT_E_INTERNAL,
        ];
        assert_eq!(numbers, Status::ALL.map(|status| status as i32));
    }

    #[test]
    fn versions_agree() {
        assert_eq!(number("0"), 0);
        assert_eq!(number("207"), 207);
        // SAFETY: texts that live for ever.
        unsafe {
            assert_eq!(CStr::from_ptr(haft_version()).to_str(), Ok(env!("CARGO_PKG_VERSION")));
            assert_eq!(CStr::from_ptr(haft_status_name(7)), c"unknown status");
            assert_eq!(CStr::from_ptr(haft_status_name(-6)), c"HAFT_E_TIMEOUT");
            assert!(
                haft_supports(c"https".as_ptr())
                    && haft_supports(c"janus+ws".as_ptr())
                    && haft_supports(c"media".as_ptr()) == cfg!(feature = "media")
                    && !haft_supports(c"gopher".as_ptr())
                    && !haft_supports(ptr::null())
            );
        }
    }
}
