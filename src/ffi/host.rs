//! What the host gives as a function with its data: readers, providers, push callbacks and the log hook.
//!
//! `drop(user_data)` runs exactly once, after the last use, also when the registering call failed: it is the `Drop` of
//! [`HostData`], which is made before anything can fail.

use std::ffi::{CStr, c_void};

use super::{
    arguments::{haft_args, haft_drop_fn, haft_provide_fn, haft_read_fn},
    events::{HeldEvent, haft_event},
    handle,
    library::{haft_level, haft_log_fn},
    sessions::haft_event_fn,
    value_pointer,
};
use crate::{
    args::Args,
    error::{Error, Result, Status, code},
    log,
    session::{Callback, Event, HostCode},
    sys::fork,
    value::{Document, Provider, Reader, Tree},
};

/// The host's data and the function that lets go of it.
pub struct HostData {
    pointer: *mut c_void,
    drop: haft_drop_fn,
}

// SAFETY: the header says that the functions of a triple run on any thread, and that the host sees to its data.
unsafe impl Send for HostData {}
// SAFETY: as above; the pointer itself is only passed on.
unsafe impl Sync for HostData {}

impl HostData {
    /// Takes over the data.
    pub fn new(pointer: *mut c_void, drop: haft_drop_fn) -> HostData {
        HostData { pointer, drop }
    }

    /// The data.
    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for HostData {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // A `close` from inside must not wait for what it is part of.
            let _inside = HostCode::enter();
            // SAFETY: the host gave the two together, and this is the one call.
            unsafe { drop(self.pointer) }
        }
    }
}

/// A byte source of the host.
pub struct HostReader {
    size: Option<u64>,
    read: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64,
    data: HostData,
}

impl HostReader {
    /// A reader of `size` bytes (negative: unknown).
    ///
    /// # Errors
    /// `argument` when there is no function.
    pub fn new(size: i64, read: haft_read_fn, data: HostData) -> Result<HostReader> {
        let read = read.ok_or_else(|| handle::null("read"))?;
        Ok(HostReader { size: u64::try_from(size).ok(), read, data })
    }
}

impl Reader for HostReader {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            // NULL with size 0 means "go back", and some hosts look at the size alone.
            return Ok(0);
        }
        let _inside = HostCode::enter();
        // SAFETY: the host gave the function for this data; the buffer is as long as said.
        let got = unsafe { (self.read)(self.data.pointer, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(got) {
            Ok(got) if got <= buffer.len() => Ok(got),
            Ok(_) => Err(Error::new(&code::PROVIDER, "the reader claimed more bytes than it was given room for")),
            Err(_) => {
                Err(Error::new(&code::PROVIDER, format!("the reader gave up with {got}")).with("server_code", got))
            }
        }
    }

    fn rewind(&self) -> bool {
        let _inside = HostCode::enter();
        // SAFETY: as above; NULL and 0 ask to go back.
        unsafe { (self.read)(self.data.pointer, std::ptr::null_mut(), 0) == 0 }
    }
}

/// An answerer of the host.
pub struct HostProvider {
    provide: unsafe extern "C" fn(*mut c_void, *const super::values::haft_value, *mut haft_args) -> i32,
    data: HostData,
}

impl HostProvider {
    /// A provider.
    ///
    /// # Errors
    /// `argument` when there is no function.
    pub fn new(provide: haft_provide_fn, data: HostData) -> Result<HostProvider> {
        let provide = provide.ok_or_else(|| handle::null("provide"))?;
        Ok(HostProvider { provide, data })
    }
}

impl Provider for HostProvider {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let call = Document::from_tree(&call);
        let reply = std::ptr::from_mut(reply).cast::<haft_args>();
        let _inside = HostCode::enter();
        // SAFETY: the host gave the function for this data; both pointers live for the duration of the call.
        let number = unsafe { (self.provide)(self.data.pointer, value_pointer::show(call.root()), reply) };
        // A number that we do not know is a failure all the same.
        Status::from_number(number).unwrap_or(Status::Remote)
    }
}

/// A push callback of the host.
pub struct HostCallback {
    callback: unsafe extern "C" fn(*mut c_void, *mut haft_event),
    data: HostData,
}

impl HostCallback {
    /// A callback, or the data back when the host wants to pull.
    pub fn new(callback: haft_event_fn, data: HostData) -> std::result::Result<HostCallback, HostData> {
        match callback {
            Some(callback) => Ok(HostCallback { callback, data }),
            None => Err(data),
        }
    }
}

impl Callback for HostCallback {
    fn deliver(&self, event: Event) {
        let event = handle::give(Box::new(HeldEvent::new(event, fork::generation(), None)));
        // SAFETY: the host gave the function for this data; the event is the host's from here on.
        unsafe { (self.callback)(self.data.pointer, event) }
    }
}

/// The log hook of the host.
pub struct HostLog {
    log: unsafe extern "C" fn(*mut c_void, haft_level, *const std::ffi::c_char, *const std::ffi::c_char),
    data: HostData,
}

impl HostLog {
    /// A hook; `None` (and the data let go) when there is no function.
    pub fn new(log: haft_log_fn, data: HostData) -> Option<HostLog> {
        log.map(|log| HostLog { log, data })
    }
}

impl log::Sink for HostLog {
    fn write(&self, level: log::Level, place: &CStr, message: &CStr) {
        let _inside = HostCode::enter();
        // SAFETY: the host gave the function for this data; the texts live for the duration of the call.
        unsafe { (self.log)(self.data.pointer, level as haft_level, place.as_ptr(), message.as_ptr()) }
    }
}
