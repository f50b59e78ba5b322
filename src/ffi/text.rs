//! Text and buffers from the host: NULL and bad UTF-8 are answered, never trusted (style.md rules 4 and 6).

use std::{
    ffi::{CStr, CString, c_char},
    slice, str,
};

use super::handle;
use crate::error::{Error, Result};

/// Text that must be there.
///
/// # Errors
/// `argument`, naming the parameter, and the place of the first byte that is not UTF-8.
///
/// # Safety
/// `pointer` is NULL or points at bytes that end with NUL and stay unchanged during `'a`.
#[inline]
pub unsafe fn required<'a>(pointer: *const c_char, name: &'static str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    match unsafe { optional(pointer, name) } {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(handle::null(name)),
        Err(error) => Err(error),
    }
}

/// Text that may be NULL.
///
/// # Errors
/// As [`required`], except for NULL.
///
/// # Safety
/// As [`required`].
#[inline]
pub unsafe fn optional<'a>(pointer: *const c_char, name: &'static str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    match str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(malformed(name, error.valid_up_to())),
    }
}

#[cold]
fn malformed(name: &'static str, at: usize) -> Error {
    Error::option(name, format!("`{name}` was not UTF-8 at byte {at}"))
}

/// A buffer to read; NULL is allowed when it is empty.
///
/// # Errors
/// `argument`, naming the parameter that was NULL or too large.
///
/// # Safety
/// `pointer` is NULL or points at `count` items that stay unchanged during `'a`.
#[expect(clippy::disallowed_methods, reason = "this is the one checked form")]
pub unsafe fn items<'a, T>(pointer: *const T, count: usize, name: &'static str) -> Result<&'a [T]> {
    match count {
        0 => Ok(&[]),
        _ if pointer.is_null() => Err(handle::null(name)),
        _ if count > limit::<T>() => Err(Error::option(name, format!("`{name}` was said to be longer than memory"))),
        // SAFETY: not NULL, not longer than an object can be, and the caller's promise.
        _ => Ok(unsafe { slice::from_raw_parts(pointer, count) }),
    }
}

/// A buffer to fill; NULL is allowed when it is empty.
///
/// # Errors
/// As [`items`].
///
/// # Safety
/// `pointer` is NULL or points at `size` bytes that nobody else uses during `'a`.
#[expect(clippy::disallowed_methods, reason = "this is the one checked form")]
pub unsafe fn buffer<'a>(pointer: *mut u8, size: usize, name: &'static str) -> Result<&'a mut [u8]> {
    match size {
        0 => Ok(&mut []),
        _ if pointer.is_null() => Err(handle::null(name)),
        // A host that says "as much as you like" gets what one object can hold.
        // SAFETY: not NULL, not longer than an object can be, and the caller's promise.
        _ => Ok(unsafe { slice::from_raw_parts_mut(pointer, size.min(limit::<u8>())) }),
    }
}

/// The largest number of items that one object in memory can have.
const fn limit<T>() -> usize {
    let size = size_of::<T>();
    isize::MAX as usize / if size == 0 { 1 } else { size }
}

/// Text for the host to free with `haft_string_free`; NUL inside would end it early and is left out.
pub fn give(text: String) -> *mut c_char {
    let text = CString::new(text).unwrap_or_else(|error| {
        let mut bytes = error.into_vec();
        bytes.retain(|byte| *byte != 0);
        CString::new(bytes).unwrap_or_default()
    });
    text.into_raw()
}

/// Takes back what [`give`] gave.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not taken before.
pub unsafe fn take(pointer: *mut c_char) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { CString::from_raw(pointer) });
    }
}

/// Shows bytes that a NUL follows in memory, with their size.
///
/// # Safety
/// `size` is NULL or may be written.
pub unsafe fn show(bytes: Option<&[u8]>, size: *mut usize) -> *const c_char {
    let bytes = bytes.unwrap_or_default();
    // SAFETY: the caller's promise.
    unsafe { handle::put(size, bytes.len()) };
    // An empty slice need not point anywhere.
    if bytes.is_empty() { c"".as_ptr() } else { bytes.as_ptr().cast() }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn null_and_bad_bytes_name_the_parameter() {
        // SAFETY: literals and NULL.
        unsafe {
            assert_eq!(required(c"é".as_ptr(), "verb").ok(), Some("é"));
            assert_eq!(optional(ptr::null(), "verb").ok(), Some(None));
            let error = required(ptr::null(), "verb").err().map(|error| error.message().to_owned());
            assert_eq!(error.as_deref(), Some("`verb` was NULL"));
            let error = required(c"ab\xff".as_ptr(), "topic").err().map(|error| error.message().to_owned());
            assert_eq!(error.as_deref(), Some("`topic` was not UTF-8 at byte 2"));
        }
    }

    #[test]
    fn buffers_may_be_null_when_empty() {
        // SAFETY: no item is read.
        unsafe {
            assert!(items::<u8>(ptr::null(), 0, "data").is_ok_and(<[u8]>::is_empty));
            assert!(items::<u8>(ptr::null(), 1, "data").is_err());
            assert!(items::<i64>(ptr::dangling(), usize::MAX / 4, "times").is_err());
            assert!(buffer(ptr::null_mut(), 0, "buffer").is_ok());
        }
    }

    #[test]
    fn given_text_ends_at_its_end() {
        let pointer = give("a\0b".into());
        // SAFETY: it was given just now.
        unsafe {
            assert_eq!(CStr::from_ptr(pointer), c"ab");
            take(pointer);
            take(ptr::null_mut());
        }
    }
}
