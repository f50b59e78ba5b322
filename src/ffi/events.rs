//! Section "Events" of the header.

use std::{
    ffi::{c_char, c_void},
    ptr,
    sync::Arc,
};

use super::{
    errors::haft_error,
    handle::{self, Boxed, Handle},
    host::HostData,
    owned,
    responses::{self, haft_response},
    value_pointer,
    values::haft_value,
};
use crate::session::Event;

/// Something that happened: a message, the answer of a submitted request, a change of the session's state.
///
/// Made by haft_session_poll or passed to a haft_event_fn; it is yours: free it with haft_event_free, before or after
/// its session. Calls that only read may run concurrently.
///
/// Functions: haft_event_kind, _id, _topic, _value, _response, _take_response, _error, _user_data, _free.
pub struct haft_event {
    _opaque: [u8; 0],
}

/// An event that the host owns.
pub struct HeldEvent {
    event: Event,
    generation: u32,
    /// Keeps the data of a pull subscription from being dropped while the host may still ask for it.
    data: Option<Arc<HostData>>,
}

impl HeldEvent {
    /// Wraps an event.
    pub(super) fn new(event: Event, generation: u32, data: Option<Arc<HostData>>) -> HeldEvent {
        HeldEvent { event, generation, data }
    }
}

impl Handle for haft_event {
    type Inner = HeldEvent;
    type Hold = Boxed;
}

/// What an event is about. New kinds will appear: ignore unknown ones.
pub type haft_kind = i32;
/// something subscribed to
pub const HAFT_EVENT_MESSAGE: haft_kind = 1;
/// a submitted request finished
pub const HAFT_EVENT_RESPONSE: haft_kind = 2;
/// bytes moved for a request that asked for it
pub const HAFT_EVENT_PROGRESS: haft_kind = 3;
/// connection lost, being restored
pub const HAFT_EVENT_LOST: haft_kind = 4;
/// restored; subscriptions are back
pub const HAFT_EVENT_RESTORED: haft_kind = 5;
/// the queue overflowed; count in the value
pub const HAFT_EVENT_DROPPED: haft_kind = 6;
/// the last event of a session
pub const HAFT_EVENT_CLOSED: haft_kind = 7;
/// a subscription ended by itself; the error says why, unless it was in order
pub const HAFT_EVENT_ENDED: haft_kind = 8;

/// Gives the kind.
///
/// @param event  the event; NULL is answered with 0
/// @return one of HAFT_EVENT_...
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_kind(event: *const haft_event) -> haft_kind {
    entry!(otherwise: 0, { handle::borrow(event).map_or(0, |held| held.event.kind() as haft_kind) })
}

/// Gives the number of the subscription or of the submitted request that the event belongs to.
///
/// @param event  the event; NULL is answered with 0
/// @return the number that haft_session_subscribe or haft_session_submit gave, or 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_id(event: *const haft_event) -> u64 {
    entry!(otherwise: 0, { handle::borrow(event).map_or(0, |held| held.event.id()) })
}

/// Gives the topic of a message, or the `tag` of a submitted request.
///
/// @param event  the event; NULL is answered with ""
/// @return text that lives as long as the event, never NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_topic(event: *const haft_event) -> *const c_char {
    entry!(otherwise: c"".as_ptr(), { handle::borrow(event).map_or(c"", |held| held.event.topic()).as_ptr() })
}

/// Gives what the event carries.
///
/// @param event  the event; NULL is answered with NULL
/// @return a value that lives as long as the event; NULL when there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_value(event: *const haft_event) -> *const haft_value {
    entry!(otherwise: ptr::null(), { value_pointer::root(handle::borrow(event).and_then(|held| held.event.value())) })
}

/// Gives the answer of a submitted request.
///
/// @param event  the event; NULL is answered with NULL
/// @return a response that lives as long as the event; NULL when there is none, or when it was taken
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_response(event: *const haft_event) -> *const haft_response {
    entry!(otherwise: ptr::null(), {
        handle::borrow(event).and_then(|held| held.event.response()).map_or(ptr::null(), handle::lend)
    })
}

/// Moves the answer of a submitted request out of its event. What was borrowed from it before is gone.
///
/// @param event  the event; NULL is answered with NULL. No other thread may use it meanwhile
/// @return a response to free with haft_response_free; NULL when there is none, or when it was taken
/// @since 0.1.0
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_take_response(event: *mut haft_event) -> *mut haft_response {
    entry!(otherwise: ptr::null_mut(), {
        let Some(held) = handle::borrow_mut(event) else { return ptr::null_mut() };
        held.event.take_response().map_or(ptr::null_mut(), |response| responses::give(response, held.generation))
    })
}

/// Gives the reason when what the event is about failed.
///
/// @param event  the event; NULL is answered with NULL
/// @return an error that lives as long as the event; NULL when nothing failed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_error(event: *const haft_event) -> *const haft_error {
    entry!(otherwise: ptr::null(), {
        handle::borrow(event).and_then(|held| held.event.failure()).map_or(ptr::null(), handle::lend)
    })
}

/// Gives the user_data of the subscription that the event belongs to. It stays good as long as the event: the
/// subscription's `drop` waits for it.
///
/// @param event  the event; NULL is answered with NULL
/// @return what haft_session_subscribe was given; NULL for other events, and for events that were still waiting when
///         their subscription was ended and its `drop` ran
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_user_data(event: *const haft_event) -> *mut c_void {
    entry!(otherwise: ptr::null_mut(), {
        let Some(held) = handle::borrow(event) else { return ptr::null_mut() };
        match &held.data {
            Some(data) => data.pointer(),
            None => ptr::with_exposed_provenance_mut(held.event.user_data()),
        }
    })
}

/// Frees an event, with all that was borrowed from it.
///
/// @param event  the event, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_event_free(event: *mut haft_event) {
    entry!(otherwise: (), {
        if let Some(held) = handle::take(event) {
            owned::let_go(held.generation, held);
        }
    });
}
