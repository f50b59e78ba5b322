//! Section "Arguments" of the header: what the host writes.

use std::{
    ffi::{c_char, c_void},
    ptr,
    sync::{Arc, OnceLock},
};

use super::{
    CBool,
    handle::{self, Boxed, Handle},
    host::{HostData, HostProvider, HostReader},
    library::haft_status,
    text, value_pointer,
    values::haft_value,
};
use crate::{
    args::Args,
    error::{Error, Result},
    sys::panic,
    value::{Series, Tree},
};

/// Named arguments of a call.
///
/// Made by haft_args_new, filled by the setters, passed to any number of calls, freed with haft_args_free. Everything
/// is copied on the way in. One thread writes at a time; calls that only read may run concurrently. Setters return
/// nothing: the first mistake sticks, and the call that takes the arguments reports it and names the key.
///
/// A bare key is an argument or an option (`timeout`), a dotted key an entry of a group, split at the first dot
/// (`headers.X-Trace`); `[]` at its end appends (`params.q[]`). The same key set twice replaces.
///
/// Functions: haft_args_new, _set, _set_int, _set_double, _set_bool, _set_null, _set_json, _set_value, _set_bytes,
/// _set_series, _set_reader, _set_provider, _value, _free.
pub struct haft_args {
    _opaque: [u8; 0],
}

impl Handle for haft_args {
    type Inner = Args;
    type Hold = Boxed;
}

/// Gives bytes of the host: writes up to `size` of them to `buffer` and returns how many, 0 at the end, a negative
/// number to abort the call. With `buffer` NULL and `size` 0 it goes back to the start and returns 0, or a negative
/// number if it cannot. Runs on the calling thread, or on the worker thread of the session for submitted work.
pub type haft_read_fn = Option<unsafe extern "C" fn(user_data: *mut c_void, buffer: *mut c_void, size: usize) -> i64>;

/// Answers a question of the library. `call` is an object of `provider`, `method` and `arguments`; the answer goes
/// into `reply`, which is the library's and valid for the duration of the call. HAFT_E_NOT_FOUND means absent; any
/// other negative number fails the call that asked, with the text under `message` of the reply.
pub type haft_provide_fn =
    Option<unsafe extern "C" fn(user_data: *mut c_void, call: *const haft_value, reply: *mut haft_args) -> haft_status>;

/// Lets go of user_data. Runs exactly once, after the last use of user_data, on any thread, also when the call that
/// took it failed.
pub type haft_drop_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The arguments of a call, whose first mistake is reported here; NULL is no arguments.
///
/// # Errors
/// The mistake that was made while they were written.
pub(super) unsafe fn given<'a>(args: *const haft_args) -> Result<&'a Args> {
    static NONE: OnceLock<Args> = OnceLock::new();
    // SAFETY: the caller passes on the host's pointer.
    match unsafe { handle::borrow(args) } {
        Some(args) => args.check().map(|()| args),
        None => Ok(NONE.get_or_init(Args::new)),
    }
}

/// Sets one argument; a mistake sticks to the args.
unsafe fn set(args: *mut haft_args, key: *const c_char, value: impl FnOnce() -> Result<Tree>) {
    // SAFETY: the caller passes on the host's pointers.
    let (args, key) = unsafe { (handle::borrow_mut(args), text::required(key, "key")) };
    let Some(args) = args else { return };
    match key {
        Ok(key) => match value() {
            Ok(value) => args.set(key, value),
            Err(mistake) => args.set_mistake(about(key, &mistake)),
        },
        Err(mistake) => args.set_mistake(mistake),
    }
}

/// The mistake in a value, told about its key.
#[cold]
fn about(key: &str, mistake: &Error) -> Error {
    Error::option(key, format!("{} for the argument `{key}`", mistake.message()))
}

/// Makes an empty set of arguments.
///
/// @return arguments to free with haft_args_free
/// @since 0.1.0
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_new() -> *mut haft_args {
    panic::silence();
    entry!(otherwise: ptr::null_mut(), { handle::give(Box::new(Args::new())) })
}

/// Sets a text.
///
/// @param args  the arguments; NULL is ignored
/// @param key   the name
/// @param text  UTF-8, copied
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set(args: *mut haft_args, key: *const c_char, text: *const c_char) {
    entry!(otherwise: (), { set(args, key, || text::required(text, "text").map(Tree::from)) });
}

/// Sets a whole number.
///
/// @param args   the arguments; NULL is ignored
/// @param key    the name
/// @param value  the number; durations are in seconds
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_int(args: *mut haft_args, key: *const c_char, value: i64) {
    entry!(otherwise: (), { set(args, key, || Ok(Tree::Int(value))) });
}

/// Sets a number.
///
/// @param args   the arguments; NULL is ignored
/// @param key    the name
/// @param value  the number; durations are in seconds
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_double(args: *mut haft_args, key: *const c_char, value: f64) {
    entry!(otherwise: (), { set(args, key, || Ok(Tree::Double(value))) });
}

/// Sets a truth value.
///
/// @param args   the arguments; NULL is ignored
/// @param key    the name
/// @param value  true or false
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_bool(args: *mut haft_args, key: *const c_char, value: CBool) {
    entry!(otherwise: (), { set(args, key, || Ok(Tree::Bool(value.get()))) });
}

/// Sets an explicit null, which drops a default (`headers.Accept`) or clears a group (`headers`).
///
/// @param args  the arguments; NULL is ignored
/// @param key   the name
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_null(args: *mut haft_args, key: *const c_char) {
    entry!(otherwise: (), { set(args, key, || Ok(Tree::Null)) });
}

/// Sets what a JSON text says; NaN and infinities are accepted. With a NULL key the text is an object, whose members
/// are set one by one: the way in for other languages. Keys inside the text are not split at dots.
///
/// @param args  the arguments; NULL is ignored
/// @param key   the name, or NULL to merge an object
/// @param json  JSON text in UTF-8, copied
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_json(args: *mut haft_args, key: *const c_char, json: *const c_char) {
    entry!(otherwise: (), {
        let Some(args) = handle::borrow_mut(args) else { return };
        match (text::optional(key, "key"), text::required(json, "json")) {
            (Ok(key), Ok(json)) => args.set_json(key, json),
            (Ok(Some(key)), Err(mistake)) => args.set_mistake(about(key, &mistake)),
            (Err(mistake), _) | (Ok(None), Err(mistake)) => args.set_mistake(mistake),
        }
    });
}

/// Sets a value that was read elsewhere. Readers, providers, bytes and series in it are shared, not copied.
///
/// @param args   the arguments; NULL is ignored
/// @param key    the name
/// @param value  any value, copied
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_value(args: *mut haft_args, key: *const c_char, value: *const haft_value) {
    entry!(otherwise: (), {
        set(args, key, || {
            let node = value_pointer::look(value).ok_or_else(|| handle::null("value"))?;
            Ok(node.to_tree())
        });
    });
}

/// Sets bytes.
///
/// @param args  the arguments; NULL is ignored
/// @param key   the name
/// @param data  the bytes, copied; may be NULL when size is 0
/// @param size  how many
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_bytes(
    args: *mut haft_args,
    key: *const c_char,
    data: *const c_void,
    size: usize,
) {
    entry!(otherwise: (), {
        set(args, key, || Ok(Tree::Bytes(text::items(data.cast::<u8>(), size, "data")?.into())));
    });
}

/// Sets points of a time series, in columns of `count` items each.
///
/// @param args    the arguments; NULL is ignored
/// @param key     the name
/// @param times   UTC milliseconds, copied
/// @param values  the values (NaN where there is none), copied
/// @param flags   the flags, copied; NULL for all 0
/// @param count   how many points
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_series(
    args: *mut haft_args,
    key: *const c_char,
    times: *const i64,
    values: *const f64,
    flags: *const u32,
    count: usize,
) {
    entry!(otherwise: (), {
        set(args, key, || {
            let times = text::items(times, count, "times")?.to_vec();
            let values = text::items(values, count, "values")?.to_vec();
            let flags = if flags.is_null() { vec![0; count] } else { text::items(flags, count, "flags")?.to_vec() };
            Ok(Tree::Series(Arc::new(Series { times, values, flags })))
        });
    });
}

/// Sets a source of bytes, such as a large body, which is read while it is sent.
///
/// @param args       the arguments; NULL only runs `drop`
/// @param key        the name
/// @param size       bytes from start to end, or -1 when that is not known
/// @param read       gives the bytes
/// @param user_data  passed to read
/// @param drop       runs exactly once, after the last use of user_data; may be NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_reader(
    args: *mut haft_args,
    key: *const c_char,
    size: i64,
    read: haft_read_fn,
    user_data: *mut c_void,
    drop: haft_drop_fn,
) {
    let data = HostData::new(user_data, drop);
    entry!(otherwise: (), {
        set(args, key, move || Ok(Tree::Reader(Arc::new(HostReader::new(size, read, data)?))));
    });
}

/// Sets an answerer of the library's questions, such as `auth`.
///
/// @param args       the arguments; NULL only runs `drop`
/// @param key        the name
/// @param provide    answers
/// @param user_data  passed to provide
/// @param drop       runs exactly once, after the last use of user_data; may be NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_set_provider(
    args: *mut haft_args,
    key: *const c_char,
    provide: haft_provide_fn,
    user_data: *mut c_void,
    drop: haft_drop_fn,
) {
    let data = HostData::new(user_data, drop);
    entry!(otherwise: (), {
        set(args, key, move || Ok(Tree::Provider(Arc::new(HostProvider::new(provide, data)?))));
    });
}

/// Shows what was written so far, secrets included.
///
/// @param args  the arguments; NULL is answered with NULL
/// @return an object that lives until the arguments are changed or freed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_value(args: *const haft_args) -> *const haft_value {
    entry!(otherwise: ptr::null(), { value_pointer::root(handle::borrow(args).map(Args::view)) })
}

/// Frees arguments. Calls that took them keep what they need.
///
/// @param args  the arguments, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_args_free(args: *mut haft_args) {
    entry!(otherwise: (), { drop(handle::take(args)) });
}
