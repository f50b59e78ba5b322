//! Section "Sessions" of the header.

use std::{
    ffi::{c_char, c_int, c_void},
    ptr,
    sync::{Arc, atomic::Ordering},
};

use super::{
    arguments::{self, haft_args, haft_drop_fn},
    errors::haft_error,
    events::{HeldEvent, haft_event},
    handle,
    host::{HostCallback, HostData},
    library::haft_status,
    owned::{Kept, SessionHandle, give, of},
    plugins,
    responses::{self, haft_response},
    text,
    values::haft_value,
};
use crate::{
    args::Args,
    error::Result,
    session::{Callback, Session},
    sys::{fork, panic},
};

/// A session with a server: a login, its connection, its options, its staged work, its events.
///
/// Made by haft_session_create or haft_session_attach, left with haft_session_close, let go with haft_session_free.
/// Counted: haft_session_retain adds an owner. Every call may be made from any thread at any time.
///
/// Functions: haft_session_create, _retain, _attach, _configure, _request, _submit, _stage, _prepare, _commit, _rollback,
/// _cancel, _subscribe, _unsubscribe, _poll, _fd, _inspect, _close, _free.
pub struct haft_session {
    _opaque: [u8; 0],
}

/// Takes an event, which is yours: free it, or hand it on. Runs on the session's worker thread, one call at a time; any
/// call of the library is allowed inside, except haft_session_poll. It must not throw and not longjmp.
pub type haft_event_fn = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *mut haft_event)>;

/// What a plug-in library exports as haft_plugin_register; anything but HAFT_OK leaves it out. It retains the session to
/// keep it. One that also exports `const uint32_t haft_plugin_version = HAFT_VERSION_NUMBER;` is called only by a library
/// that it was made for.
pub type haft_plugin_fn = Option<
    unsafe extern "C" fn(session: *mut haft_session, version_number: u32, arguments: *const haft_value) -> haft_status,
>;

/// What request, submit, stage and prepare have in common.
struct Call<'a> {
    handle: Kept,
    verb: Option<&'a str>,
    target: Option<&'a str>,
    args: &'a Args,
}

impl<'a> Call<'a> {
    /// Reads the parameters.
    ///
    /// # Errors
    /// As the readers of the parameters.
    #[inline]
    unsafe fn read(
        session: *const haft_session,
        verb: *const c_char,
        target: *const c_char,
        args: *const haft_args,
    ) -> Result<Call<'a>> {
        // SAFETY: the caller passes on the host's pointers.
        unsafe {
            Ok(Call {
                handle: of(session)?,
                verb: text::optional(verb, "verb")?,
                target: text::optional(target, "target")?,
                args: arguments::given(args)?,
            })
        }
    }
}

/// Writes a response, when the host wants it.
unsafe fn answer(handle: &SessionHandle, response: crate::session::Response, out: *mut *mut haft_response) {
    if !out.is_null() {
        // SAFETY: not NULL, and the caller passes on the host's pointer.
        unsafe { out.write(responses::give(response, handle.generation)) };
    }
}

/// Opens a session. The scheme of `url` picks the back end: "https://host/base". It waits where the back end has to log
/// in; a session over HTTP opens no connection yet.
///
/// @param url      the server
/// @param args     options, copied; may be NULL
/// @param session  out: the session, to free with haft_session_free
/// @param error    out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_create(
    url: *const c_char,
    args: *const haft_args,
    session: *mut *mut haft_session,
    error: *mut *mut haft_error,
) -> haft_status {
    panic::silence();
    fork::watch();
    entry!(fallible, error: error, clear: [session], {
        let url = text::required(url, "url")?;
        handle::needed(session, "session")?;
        let args = arguments::given(args)?;
        let made = Session::create(url, args)?;
        let plugins = made.plug_ins();
        let made = give(made);
        if let Some(plugins) = plugins {
            plugins::register(made, plugins);
        }
        session.write(made);
        Ok(())
    })
}

/// Adds an owner to a session, who frees it once more.
///
/// @param session  the session; NULL is answered with NULL
/// @return the same session, to free with haft_session_free
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_retain(session: *mut haft_session) -> *mut haft_session {
    entry!(otherwise: ptr::null_mut(), {
        if let Some(handle) = handle::borrow(session) {
            handle.owners.fetch_add(1, Ordering::Relaxed);
        }
        handle::retain(session)
    })
}

/// Narrows a session to a child that shares its connection and its options: another base path, a WebSocket, an entity,
/// a plugin handle.
///
/// @param session  the parent
/// @param name     what to attach to, in the words of the back end
/// @param args     options of the child, copied; may be NULL
/// @param child    out: a session, to free with haft_session_free, before or after its parent
/// @param error    out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_attach(
    session: *mut haft_session,
    name: *const c_char,
    args: *const haft_args,
    child: *mut *mut haft_session,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [child], {
        let handle = of(session)?;
        let name = text::required(name, "name")?;
        handle::needed(child, "child")?;
        let args = arguments::given(args)?;
        child.write(give(handle.session.attach(name, args)?));
        Ok(())
    })
}

/// Changes the options of a session for the calls that follow. What is given merges over what is there; null drops.
///
/// @param session  the session
/// @param args     options, copied
/// @param error    out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_configure(
    session: *mut haft_session,
    args: *const haft_args,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [], {
        let handle = of(session)?;
        handle.session.configure(arguments::given(args)?)
    })
}

/// Does something now, and waits for the answer on the calling thread. An answer that the server gave is no failure,
/// whatever its status, unless `raise_for_status` asks for that.
///
/// @param session   the session
/// @param verb      what to do, such as "GET"; NULL with what haft_session_prepare gave
/// @param target    to what, such as "/items"; NULL where the verb needs none
/// @param args      arguments and options; may be NULL
/// @param response  out: the answer, to free with haft_response_free. May be NULL
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_request(
    session: *mut haft_session,
    verb: *const c_char,
    target: *const c_char,
    args: *const haft_args,
    response: *mut *mut haft_response,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [response], {
        let call = Call::read(session, verb, target, args)?;
        answer(&call.handle, call.handle.session.request(call.verb, call.target, call.args)?, response);
        Ok(())
    })
}

/// Starts something and does not wait: the answer comes as one event of the kind HAFT_EVENT_RESPONSE, also when it
/// failed.
///
/// @param session  the session; the event goes to its queue
/// @param verb     what to do; NULL with what haft_session_prepare gave
/// @param target   to what; NULL where the verb needs none
/// @param args     arguments and options, copied; may be NULL
/// @param id       out: the number of the event and for haft_session_cancel. May be NULL
/// @param error    out: why it could not be started; free it. May be NULL
/// @return HAFT_OK, HAFT_E_LIMIT when too much is in flight or unread, or another negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_submit(
    session: *mut haft_session,
    verb: *const c_char,
    target: *const c_char,
    args: *const haft_args,
    id: *mut u64,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [id], {
        let call = Call::read(session, verb, target, args)?;
        handle::put(id, call.handle.session.submit(call.verb, call.target, call.args)?);
        Ok(())
    })
}

/// Puts something on the list of what haft_session_commit does. Every session that shares the login shares the list; with
/// Mesh each session on the server has a list of its own.
///
/// @param session   the session
/// @param verb      what to do; NULL with what haft_session_prepare gave
/// @param target    to what; NULL where the verb needs none
/// @param args      arguments and options, copied; may be NULL
/// @param response  out: what is known before the commit, to free with haft_response_free. May be NULL
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_stage(
    session: *mut haft_session,
    verb: *const c_char,
    target: *const c_char,
    args: *const haft_args,
    response: *mut *mut haft_response,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [response], {
        let call = Call::read(session, verb, target, args)?;
        answer(&call.handle, call.handle.session.stage(call.verb, call.target, call.args)?, response);
        Ok(())
    })
}

/// Gives what would be sent, as arguments that can be looked at, changed, and passed to haft_session_request with a
/// NULL verb and a NULL target. Nothing is sent.
///
/// @param session   the session
/// @param verb      what to do
/// @param target    to what; NULL where the verb needs none
/// @param args      arguments and options; may be NULL
/// @param prepared  out: arguments to free with haft_args_free
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_prepare(
    session: *mut haft_session,
    verb: *const c_char,
    target: *const c_char,
    args: *const haft_args,
    prepared: *mut *mut haft_args,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [prepared], {
        let call = Call::read(session, verb, target, args)?;
        handle::needed(prepared, "prepared")?;
        let ready = call.handle.session.prepare(call.verb, call.target, call.args)?;
        prepared.write(handle::give(Box::new(ready)));
        Ok(())
    })
}

/// Does what is staged, in order, and waits. Where the server has no transactions, it stops at the first failure: what
/// was done has left the list, the rest stays, `index` in the detail tells the place.
///
/// @param session   the session, or any other that shares its list
/// @param args      options; may be NULL
/// @param response  out: an array of `index`, `status` and `value`, to free with haft_response_free; each item whole
///                  by haft_response_next. May be NULL
/// @param error     out: why it failed, with the partial results; free it. May be NULL
/// @return HAFT_OK, also when nothing is staged; or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_commit(
    session: *mut haft_session,
    args: *const haft_args,
    response: *mut *mut haft_response,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [response], {
        let handle = of(session)?;
        answer(&handle, handle.session.commit(arguments::given(args)?)?, response);
        Ok(())
    })
}

/// Forgets what is staged.
///
/// @param session  the session, or any other that shares its list
/// @param args     options; may be NULL
/// @param error    out: why it failed; free it. May be NULL
/// @return HAFT_OK, also when nothing is staged; or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_rollback(
    session: *mut haft_session,
    args: *const haft_args,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [], {
        let handle = of(session)?;
        handle.session.rollback(arguments::given(args)?)
    })
}

/// Ends a call under way with HAFT_E_CANCELLED. It never waits, and may be called at any time, by any thread, but not by
/// a signal handler.
///
/// @param session  the session; NULL is ignored
/// @param id       the number of the call; 0 for all of this session
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_cancel(session: *mut haft_session, id: u64) {
    entry!(otherwise: (), {
        if let Ok(handle) = of(session) {
            handle.session.cancel(id);
        }
    });
}

/// Hears events. Without a callback they wait in the session's queue for haft_session_poll.
///
/// @param session    the session
/// @param topic      what to hear, in the words of the back end; "haft.state" and "haft.response" everywhere
/// @param args       options, copied; may be NULL
/// @param callback   takes the events, or NULL to poll for them
/// @param user_data  passed to the callback, and shown by haft_event_user_data
/// @param drop       runs exactly once, after the last use of user_data, also when this call fails; may be NULL
/// @param id         out: the number of the subscription. May be NULL
/// @param error      out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_subscribe(
    session: *mut haft_session,
    topic: *const c_char,
    args: *const haft_args,
    callback: haft_event_fn,
    user_data: *mut c_void,
    drop: haft_drop_fn,
    id: *mut u64,
    error: *mut *mut haft_error,
) -> haft_status {
    let data = HostData::new(user_data, drop);
    entry!(fallible, error: error, clear: [id], {
        let handle = of(session)?;
        let topic = text::required(topic, "topic")?;
        let args = arguments::given(args)?;
        let address = user_data.expose_provenance();
        let number = match HostCallback::new(callback, data) {
            Ok(push) => {
                let push: Box<dyn Callback> = Box::new(push);
                handle.session.subscribe(topic, args, Some(push), address)?
            }
            Err(data) => {
                let bond = handle.session.subscribe_bound(topic, args, None, address)?;
                let number = bond.id();
                if drop.is_some() {
                    handle.pulls.lock().living.push((bond, Arc::new(data)));
                }
                number
            }
        };
        handle::put(id, number);
        Ok(())
    })
}

/// Ends a subscription. It never waits: a callback that runs on another thread may still finish, and `drop` runs after
/// it.
///
/// @param session  the session that subscribed; NULL is ignored
/// @param id       the number of the subscription; an unknown one is ignored
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_unsubscribe(session: *mut haft_session, id: u64) {
    entry!(otherwise: (), {
        let Ok(handle) = of(session) else { return };
        handle.session.unsubscribe(id);
        let mut pulls = handle.pulls.lock();
        let Some(at) = pulls.living.iter().position(|(living, _)| living.id() == id) else { return };
        let (bond, data) = pulls.living.swap_remove(at);
        // Its events may still wait in the queue, and must not show data that was let go.
        bond.forget();
        // Host code runs in the drop: not under the lock.
        drop(pulls);
        drop(data);
    });
}

/// Takes the next event out of the session's queue. Several threads may wait; each event goes to one of them.
///
/// @param session     the session
/// @param timeout_ms  how long to wait: 0 only looks, -1 waits for ever
/// @param event       out: the event, to free with haft_event_free; NULL when the time is over
/// @param error       out: why it failed; free it. May be NULL
/// @return HAFT_OK, also when the time is over; HAFT_E_STATE on the worker thread, and after HAFT_EVENT_CLOSED was read
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_poll(
    session: *mut haft_session,
    timeout_ms: i64,
    event: *mut *mut haft_event,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [event], {
        let handle = of(session)?;
        handle::needed(event, "event")?;
        if let Some(next) = handle.session.poll(timeout_ms)? {
            let data = handle.pulls.lock().data_of(&next);
            event.write(handle::give(Box::new(HeldEvent::new(next, handle.generation, data))));
        }
        Ok(())
    })
}

/// Gives a descriptor that is readable while events wait in the session's queue, for select, poll, epoll or kqueue. It
/// belongs to the library: never read, write or close it.
///
/// @param session  the session
/// @return a descriptor that is good until the session is freed, or -1 where there is none
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_fd(session: *mut haft_session) -> c_int {
    entry!(otherwise: -1, { of(session).map_or(-1, |handle| handle.session.fd()) })
}

/// Gives a snapshot of the session's own state, such as "options", "cookies", "stats" or "staged". Secrets show as
/// "***". Nothing is sent.
///
/// @param session   the session
/// @param what      the name of the snapshot
/// @param args      options; may be NULL
/// @param response  out: a response with the value, to free with haft_response_free. May be NULL
/// @param error     out: why it failed; free it. May be NULL
/// @return HAFT_OK, or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_inspect(
    session: *mut haft_session,
    what: *const c_char,
    args: *const haft_args,
    response: *mut *mut haft_response,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [response], {
        let handle = of(session)?;
        let what = text::required(what, "what")?;
        answer(&handle, handle.session.inspect(what, arguments::given(args)?)?, response);
        Ok(())
    })
}

/// Leaves the server politely: children first, calls under way end with HAFT_E_CANCELLED, a waiting haft_session_poll
/// gets HAFT_EVENT_CLOSED. It waits at most `timeout` seconds (5 unless given). Called from a callback, it returns at
/// once and finishes later. The session is then closed; it still has to be freed.
///
/// @param session  the session
/// @param args     options; may be NULL
/// @param error    out: why it failed; free it. May be NULL
/// @return HAFT_OK, also for a second time; or a negative code
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_close(
    session: *mut haft_session,
    args: *const haft_args,
    error: *mut *mut haft_error,
) -> haft_status {
    entry!(fallible, error: error, clear: [], {
        let handle = of(session)?;
        handle.session.close(arguments::given(args)?)
    })
}

/// Drops one owner of a session; the last one lets it go. It never waits, for the network or for a thread: calls under
/// way in other threads end with HAFT_E_CANCELLED, and what is staged is lost: close before. In a forked child it sends nothing.
///
/// @param session  the session, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn haft_session_free(session: *mut haft_session) {
    entry!(otherwise: (), {
        let Some(handle) = handle::release(session) else { return };
        let last = handle.owners.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && handle.generation == fork::generation() {
            handle.session.let_go();
        }
    });
}
