//! A session through the C interface, with JSON on this side: what a host in C would do.

use std::{
    ffi::{CStr, CString},
    ptr,
};

use haft::ffi::{arguments, errors, library, responses, sessions, values};
use serde_json::Value;

/// A session handle.
pub struct Handle(*mut sessions::haft_session);

// SAFETY: the header says that a session may be used from any thread.
unsafe impl Send for Handle {}

/// An error's code and message, and all of its detail.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub detail: Value,
}

/// What a call brought.
pub type Outcome = Result<Value, Failure>;

/// Arguments, freed when dropped.
struct Arguments(*mut arguments::haft_args);

impl Arguments {
    fn new(json: &Value) -> Arguments {
        // SAFETY: the pointers are the library's own, or text that lives through the call.
        unsafe {
            let args = arguments::haft_args_new();
            arguments::haft_args_set_json(args, ptr::null(), text(&json.to_string()).as_ptr());
            Arguments(args)
        }
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        // SAFETY: it was made by haft_args_new and is freed once.
        unsafe { arguments::haft_args_free(self.0) }
    }
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// A verb of a session that answers.
type Verb = unsafe extern "C" fn(
    *mut sessions::haft_session,
    *const std::ffi::c_char,
    *const std::ffi::c_char,
    *const arguments::haft_args,
    *mut *mut responses::haft_response,
    *mut *mut errors::haft_error,
) -> i32;

impl Handle {
    /// Opens a session.
    pub fn open(url: &str, options: &Value) -> Result<Handle, Failure> {
        let args = Arguments::new(options);
        let (mut session, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: all pointers are live; the out-parameters may be written.
        let status = unsafe { sessions::haft_session_create(text(url).as_ptr(), args.0, &mut session, &mut error) };
        if status == 0 { Ok(Handle(session)) } else { Err(failure(error)) }
    }

    /// Does a verb now.
    pub fn request(&self, verb: &str, target: Option<&str>, json: &Value) -> Outcome {
        self.verb(sessions::haft_session_request, verb, target, json)
    }

    /// Records a verb.
    pub fn stage(&self, verb: &str, target: Option<&str>, json: &Value) -> Outcome {
        self.verb(sessions::haft_session_stage, verb, target, json)
    }

    fn verb(&self, call: Verb, verb: &str, target: Option<&str>, json: &Value) -> Outcome {
        let (args, verb, target) = (Arguments::new(json), text(verb), target.map(text));
        let target = target.as_ref().map_or(ptr::null(), |target| target.as_ptr());
        // SAFETY: all pointers are live; the out-parameters may be written.
        outcome(|response, error| unsafe { call(self.0, verb.as_ptr(), target, args.0, response, error) })
    }

    /// The pages of a query, until so many entities have come.
    pub fn pages(&self, target: &str, json: &Value, wanted: usize) -> Outcome {
        let (args, verb, target) = (Arguments::new(json), text("query"), text(target));
        let (mut stream, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: as above; what came is freed once.
        unsafe {
            let status =
                sessions::haft_session_request(self.0, verb.as_ptr(), target.as_ptr(), args.0, &mut stream, &mut error);
            if status != 0 {
                return Err(failure(error));
            }
            let mut all = Vec::new();
            let mut failed = None;
            while all.len() < wanted && failed.is_none() {
                let mut last = false;
                match outcome(|page, error| {
                    let status = responses::haft_response_next(stream, page, error);
                    last = status == 0 && (*page).is_null();
                    status
                }) {
                    _ if last => break,
                    Ok(page) => all.extend(page.as_array().unwrap().clone()),
                    Err(error) => failed = Some(error),
                }
            }
            responses::haft_response_free(stream);
            all.truncate(wanted);
            failed.map_or(Ok(all.into()), Err)
        }
    }

    pub fn commit(&self, json: &Value) -> Outcome {
        let args = Arguments::new(json);
        // SAFETY: as above.
        outcome(|response, error| unsafe { sessions::haft_session_commit(self.0, args.0, response, error) })
    }

    pub fn rollback(&self) -> Outcome {
        let args = Arguments::new(&serde_json::json!({}));
        // SAFETY: as above.
        outcome(|_, error| unsafe { sessions::haft_session_rollback(self.0, args.0, error) })
    }

    pub fn inspect(&self, what: &str, json: &Value) -> Outcome {
        let (args, what) = (Arguments::new(json), text(what));
        // SAFETY: as above.
        outcome(|response, error| unsafe {
            sessions::haft_session_inspect(self.0, what.as_ptr(), args.0, response, error)
        })
    }

    pub fn close(&self) -> Outcome {
        // SAFETY: as above; NULL stands for no arguments.
        outcome(|_, error| unsafe { sessions::haft_session_close(self.0, ptr::null(), error) })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was made by haft_session_create and is freed once.
        unsafe { sessions::haft_session_free(self.0) }
    }
}

fn outcome(call: impl FnOnce(*mut *mut responses::haft_response, *mut *mut errors::haft_error) -> i32) -> Outcome {
    let (mut response, mut error) = (ptr::null_mut(), ptr::null_mut());
    if call(&mut response, &mut error) != 0 {
        return Err(failure(error));
    }
    if response.is_null() {
        return Ok(Value::Null);
    }
    // SAFETY: the response is ours, and freed after its value was copied.
    unsafe {
        let value = json(responses::haft_response_value(response));
        responses::haft_response_free(response);
        Ok(value)
    }
}

/// # Safety
/// The value is NULL or alive.
unsafe fn json(value: *const values::haft_value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    // SAFETY: the text is ours, and freed after it was copied.
    unsafe {
        let text = values::haft_value_json(value);
        let read = serde_json::from_str(CStr::from_ptr(text).to_str().unwrap()).unwrap();
        library::haft_string_free(text);
        read
    }
}

fn failure(error: *mut errors::haft_error) -> Failure {
    assert!(!error.is_null(), "a failure without an error");
    // SAFETY: the error is ours, and freed after it was copied.
    unsafe {
        let message = CStr::from_ptr(errors::haft_error_message(error)).to_str().unwrap().to_owned();
        let detail = json(errors::haft_error_detail(error));
        errors::haft_error_free(error);
        Failure { message, detail }
    }
}
