//! Section "Responses" of the header.

use std::{
    ffi::{c_char, c_void},
    ptr,
};

use super::{
    errors::haft_error,
    handle::{self, Borrowed, Boxed, Handle},
    library::haft_status,
    owned, text, value_pointer,
    values::haft_value,
};
use crate::session::Response;

/// An answer.
///
/// Made by haft_session_request and its like, through their `haft_response **response`; it is yours: free it with
/// haft_response_free, before or after its session. Those lent by errors and events (`const haft_response *`) live as
/// long as their owner. Calls that only read may run concurrently; haft_response_read and haft_response_next may not.
///
/// Functions: haft_response_status, _header, _body, _value, _meta, _read, _next, _free.
pub struct haft_response {
    _opaque: [u8; 0],
}

// What a pointer shows is always a `Response`: errors and events lend theirs. What the host owns is one with more
// behind it, so that taking it needs the other type.
impl Handle for haft_response {
    type Inner = Response;
    type Hold = Borrowed;
}

/// A response that the host owns. The response stands first: the two pointers are one.
#[repr(C)]
pub(super) struct HeldResponse {
    response: Response,
    generation: u32,
}

struct Held;

impl Handle for Held {
    type Inner = HeldResponse;
    type Hold = Boxed;
}

/// Gives a response away.
pub(super) fn give(response: Response, generation: u32) -> *mut haft_response {
    handle::give::<Held>(Box::new(HeldResponse { response, generation })).cast()
}

/// Gives the HTTP status.
///
/// @param response  the response; NULL is answered with 0
/// @return the status of the answer, or 0 where the back end has none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_status(response: *const haft_response) -> i32 {
    entry!(otherwise: 0, { handle::borrow(response).map_or(0, Response::status) })
}

/// Gives a header field of the answer; several of one name are joined with ", ".
///
/// @param response  the response; NULL is answered with NULL
/// @param name      the name, in any case
/// @return text that lives as long as the response; NULL when there is no such field
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_header(response: *const haft_response, name: *const c_char) -> *const c_char {
    entry!(otherwise: ptr::null(), {
        let Ok(name) = text::required(name, "name") else { return ptr::null() };
        let field = handle::borrow(response).and_then(|response| response.header(name));
        field.map_or(ptr::null(), |field| text::show(Some(field), ptr::null_mut()))
    })
}

/// Gives the body as it is after decoding. A NUL follows it in memory.
///
/// @param response  the response; NULL is answered with ""
/// @param size      out: how many bytes. May be NULL
/// @return bytes that live as long as the response, never NULL; empty while the response is streamed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_body(response: *const haft_response, size: *mut usize) -> *const c_char {
    entry!(otherwise: c"".as_ptr(), { text::show(handle::borrow(response).map(Response::body), size) })
}

/// Gives the parsed value. It is parsed at the first call, by the thread that asks.
///
/// @param response  the response; NULL is answered with NULL
/// @return a value that lives as long as the response; NULL when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_value(response: *const haft_response) -> *const haft_value {
    entry!(otherwise: ptr::null(), { value_pointer::root(handle::borrow(response).and_then(Response::value)) })
}

/// Gives what is known about the answer: for HTTP `url`, `reason`, `headers`, `history`, `timings` and more.
///
/// @param response  the response; NULL is answered with NULL
/// @return an object that lives as long as the response
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_meta(response: *const haft_response) -> *const haft_value {
    entry!(otherwise: ptr::null(), { value_pointer::root(handle::borrow(response).map(Response::meta)) })
}

/// Reads on in a streamed body, and waits for bytes within the time-outs of the call. A body that is in memory is read
/// from there. With a NULL buffer and the size 0, what is left of the stream is read into the response: from then on
/// haft_response_body and haft_response_value have it. Of a stream of pages or messages that is an array of what
/// haft_response_next has not given yet, as the call without `stream` has it; after an error there is none.
///
/// @param response  the response; one thread at a time
/// @param buffer    where the bytes go; NULL to read the rest into the response
/// @param size      how many at most
/// @param got       out: how many were read; 0 is the end. With a NULL buffer, the size of the body. May be NULL
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, also at the end
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_read(
    response: *mut haft_response,
    buffer: *mut c_void,
    size: usize,
    got: *mut usize,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [got], {
        let held = handle::borrow_mut::<Held>(response.cast()).ok_or_else(|| handle::null("response"))?;
        owned::same_process(held.generation)?;
        let read = if buffer.is_null() && size == 0 {
            held.response.drain()?;
            held.response.body().len()
        } else {
            held.response.read(text::buffer(buffer.cast(), size, "buffer")?)?
        };
        handle::put(got, read);
        Ok(())
    })
}

/// Gives the next page, message or committed item of a response that has several.
///
/// @param response  the response; one thread at a time
/// @param item      out: the next one, to free with haft_response_free; NULL at the end
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, also at the end
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_next(
    response: *mut haft_response,
    item: *mut *mut haft_response,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [item], {
        let held = handle::borrow_mut::<Held>(response.cast()).ok_or_else(|| handle::null("response"))?;
        handle::needed(item, "item")?;
        owned::same_process(held.generation)?;
        if let Some(next) = held.response.next()? {
            item.write(give(next, held.generation));
        }
        Ok(())
    })
}

/// Frees a response, with all that was borrowed from it. Freed before its end, a streamed one ends its connection. It
/// never waits.
///
/// @param response  the response, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_response_free(response: *mut haft_response) {
    entry!(otherwise: (), {
        if let Some(held) = handle::take::<Held>(response.cast()) {
            owned::let_go(held.generation, held);
        }
    });
}
