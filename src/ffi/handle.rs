//! Who owns what a C pointer points at, declared once per type: the compiler refuses the wrong free.

use std::{ptr, sync::Arc};

use crate::error::{Error, Result};

/// The host owns the pointer alone.
pub struct Boxed;
/// The host owns one count of it.
pub struct Counted;
/// The host only borrows it.
pub struct Borrowed;

/// An opaque C type and what it stands for.
pub trait Handle {
    /// What the pointer points at.
    type Inner;
    /// How the host owns it: [`Boxed`], [`Counted`] or [`Borrowed`].
    type Hold;
}

/// Gives an object away; [`take`] gets it back.
pub fn give<H: Handle<Hold = Boxed>>(inner: Box<H::Inner>) -> *mut H {
    Box::into_raw(inner).cast()
}

/// Takes back what [`give`] gave; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not taken before.
pub unsafe fn take<H: Handle<Hold = Boxed>>(pointer: *mut H) -> Option<Box<H::Inner>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer.cast()) })
}

/// Gives one count away; [`release`] gets it back.
pub fn share<H: Handle<Hold = Counted>>(inner: Arc<H::Inner>) -> *mut H {
    Arc::into_raw(inner).cast_mut().cast()
}

/// Adds a count.
///
/// # Safety
/// `pointer` is NULL or came from [`share`], and a count of it is still held.
pub unsafe fn retain<H: Handle<Hold = Counted>>(pointer: *mut H) -> *mut H {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        unsafe { Arc::increment_strong_count(pointer.cast::<H::Inner>().cast_const()) };
    }
    pointer
}

/// Takes back one count; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or came from [`share`], and this count of it was not released before.
pub unsafe fn release<H: Handle<Hold = Counted>>(pointer: *mut H) -> Option<Arc<H::Inner>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Arc::from_raw(pointer.cast::<H::Inner>().cast_const()) })
}

/// A count of our own for the duration of a call, which the host may let go of its own meanwhile; `None` for NULL.
///
/// # Safety
/// As [`retain`].
#[inline]
pub unsafe fn keep<H: Handle<Hold = Counted>>(pointer: *const H) -> Option<Arc<H::Inner>> {
    // SAFETY: the caller's promise; the count that is taken back here was added just before.
    (!pointer.is_null()).then(|| unsafe {
        Arc::increment_strong_count(pointer.cast::<H::Inner>());
        Arc::from_raw(pointer.cast::<H::Inner>())
    })
}

/// Shows an object to the host, which must not outlive its owner.
pub fn lend<H: Handle>(inner: &H::Inner) -> *const H {
    ptr::from_ref(inner).cast()
}

/// Looks at an object; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or points at a living object, which nobody changes during `'a`.
#[inline]
pub unsafe fn borrow<'a, H: Handle>(pointer: *const H) -> Option<&'a H::Inner> {
    // SAFETY: the caller's promise.
    unsafe { pointer.cast::<H::Inner>().as_ref() }
}

/// Changes an object; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or points at a living object, which nobody else uses during `'a`.
#[inline]
pub unsafe fn borrow_mut<'a, H: Handle<Hold = Boxed>>(pointer: *mut H) -> Option<&'a mut H::Inner> {
    // SAFETY: the caller's promise.
    unsafe { pointer.cast::<H::Inner>().as_mut() }
}

/// Writes an out-parameter that the host may leave NULL.
///
/// # Safety
/// `out` is NULL or may be written.
#[inline]
pub unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(value) };
    }
}

/// Refuses NULL for a parameter that is needed.
///
/// # Errors
/// `argument`, naming the parameter.
#[inline]
pub fn needed<T>(pointer: *const T, name: &'static str) -> Result<()> {
    if pointer.is_null() { Err(null(name)) } else { Ok(()) }
}

/// The error for a parameter that was NULL.
#[cold]
pub fn null(name: &'static str) -> Error {
    Error::option(name, format!("`{name}` was NULL"))
}
