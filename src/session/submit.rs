//! Submitted calls: on the reactor, which sends the worker on errands where the host's code or a file takes part; what
//! is staged, committed and rolled back on the worker. Either way the outcome comes exactly once, as a RESPONSE event.

use std::{
    cell::RefCell,
    future::poll_fn,
    sync::{Arc, Weak, atomic::Ordering},
    task::{Context, Poll, Wake, Waker},
};

use crate::sys::lock::Mutex;

use super::{
    Event, Handle, INFLIGHT_MAX, Kind, Response, not_sent, staged,
    subscribe::{answer, push_listener},
    tickets::Ticket,
};
use crate::{
    args::Args,
    backends::{Call, Late, Pending, Progress, Staging},
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Outcome, Result, code},
    options::{self, scope},
    sys::{self, panic::contain},
    value::{Object, Tree},
};

/// What a submitted call does.
enum Work {
    Commit,
    Rollback,
    Stage,
    Request,
}

impl Work {
    fn of(verb: Option<&str>, args: &Args) -> Result<Work> {
        Ok(match verb {
            Some("haft.commit") => Work::Commit,
            Some("haft.rollback") => Work::Rollback,
            _ if args.bool("stage")?.unwrap_or(false) => Work::Stage,
            _ => Work::Request,
        })
    }

    fn run(&self, handle: &Handle, call: &Call<'_>) -> Result<Response> {
        call.cancel.check()?;
        match self {
            Work::Commit => staged::commit(handle, call.args, call.cancel),
            Work::Rollback => {
                staged::rollback(handle);
                handle.backend.undo(call.args, call.cancel)?;
                Ok(Response::of_value(&Tree::Null, Object::default()))
            }
            Work::Stage => staged::stage(handle, call),
            Work::Request => handle.call(call),
        }
    }
}

/// Begins a call and brings its outcome as one RESPONSE event.
pub(super) fn submit(handle: &Arc<Handle>, verb: Option<&str>, target: Option<&str>, args: &Args) -> Result<u64> {
    handle.ready()?;
    let work = Work::of(verb, args).map_err(not_sent)?;
    match work {
        Work::Commit | Work::Rollback => options::check(args, scope::COMMIT, handle.backend.name()),
        Work::Stage | Work::Request => handle.check_call(args),
    }
    .map_err(not_sent)?;
    let tag: Box<str> = args.str("tag").map_err(not_sent)?.unwrap_or_default().into();
    let unread = handle.hearer().queue.responses() + handle.shared.worker.answers();
    if handle.shared.tickets.count() + unread >= INFLIGHT_MAX {
        return Err(not_sent(Error::new(&code::LIMIT, format!("{INFLIGHT_MAX} calls were in flight or unread"))));
    }
    let progress = args.bool("progress").map_err(not_sent)?.unwrap_or(false);
    let ticket = handle.open_submitted(verb, args, tag.clone()).map_err(not_sent)?;
    let (id, cancel) = (ticket.id(), Arc::clone(&ticket.cancel));
    let progress = progress.then(|| progress_events(handle, id, &tag));
    // The call keeps the handle, not the host's reference: a free meanwhile cancels it.
    let delivery = Delivery { inner: Some(Inner { handle: Arc::clone(handle), ticket, id, tag }) };
    let call = Call { verb, target, args, cancel: &cancel, progress: progress.clone() };
    let begun = match &work {
        Work::Request => handle.backend.begin(&call),
        Work::Stage => handle.backend.begin_staging(Staging::Stage, &call),
        Work::Commit => handle.backend.begin_staging(Staging::Commit, &call),
        Work::Rollback => handle.backend.begin_staging(Staging::Rollback, &call),
    };
    match begun {
        Ok(None) => {}
        Ok(Some(pending)) => {
            on_reactor(handle, pending, delivery)?;
            if matches!(work, Work::Request) {
                handle.shared.calls.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(id);
        }
        Err(error) => {
            delivery.bring(Box::new(|| Err(error)));
            return Ok(id);
        }
    }
    on_worker(handle, work, verb, target, args, progress, delivery)?;
    Ok(id)
}

fn on_worker(
    handle: &Arc<Handle>,
    work: Work,
    verb: Option<&str>,
    target: Option<&str>,
    args: &Args,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    mut delivery: Delivery,
) -> Result<()> {
    let args = args.clone();
    let (verb, target): (Option<Box<str>>, Option<Box<str>>) = (verb.map(Into::into), target.map(Into::into));
    let Some(inner) = delivery.inner.take() else { return Ok(()) };
    let (id, cancel) = (inner.id, Arc::clone(&inner.ticket.cancel));
    inner.ticket.lay_by();
    let inner = Arc::new(Mutex::new(Some(inner)));
    let own = Arc::clone(&inner);
    let job = move || {
        let Some(Inner { handle, mut ticket, id, tag }) = own.lock().take() else { return };
        if !ticket.begin() {
            return;
        }
        ticket.cancel.heed_no_more();
        let (verb, target) = (verb.as_deref(), target.as_deref());
        let call = Call { verb, target, args: &args, cancel: &ticket.cancel, progress };
        let outcome = contain(|| work.run(&handle, &call)).unwrap_or_else(|panic| {
            handle.poisoned.store(true, Ordering::Relaxed);
            Err(panic)
        });
        // Readers and providers are let go before the host hears that the call is over.
        drop(args);
        if ticket.give_id_back() {
            answer(&handle, Event::new(Kind::Response).with_id(id).with_topic(&tag).with_outcome(outcome));
        }
        drop(ticket);
    };
    // Checked again with the worker's lock held: no call comes to stand behind the end of a close.
    let queued = handle.shared.worker.run_if(|| handle.ready(), Box::new(job));
    if queued.is_err() {
        let inner = inner.lock().take();
        return match inner {
            Some(inner) => inner.refuse(queued),
            None => queued,
        };
    }
    // The worker may be in the host's code for long: until the call's turn comes, a cancel answers for it.
    let waiting =
        Waker::from(Arc::new(Waiting { handle: Arc::downgrade(handle), cancel: Arc::downgrade(&cancel), id }));
    if cancel.heed(&mut Context::from_waker(&waiting)).is_err() {
        waiting.wake();
    }
    Ok(())
}

/// A call that waits for the worker, as its cancel handle sees it.
struct Waiting {
    handle: Weak<Handle>,
    cancel: Weak<Cancel>,
    id: u64,
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let (Some(handle), Some(cancel)) = (self.handle.upgrade(), self.cancel.upgrade()) else { return };
        if cancel.is_cancelled()
            && let Some((kept, tag)) = handle.shared.tickets.claim(self.id, &cancel)
        {
            let error = cancelled().outcome(Outcome::NotSent);
            answer(&handle, Event::new(Kind::Response).with_id(self.id).with_topic(&tag).with_outcome(Err(error)));
            handle.shared.tickets.end(kept, &cancel);
        }
        let_go(handle);
    }
}

fn on_reactor(handle: &Arc<Handle>, mut pending: Pending, delivery: Delivery) -> Result<()> {
    let mut delivery = Some(delivery);
    // A close gives the seat up, and no call takes it again behind its back.
    let begun = handle.shared.reactor.run_if(
        || handle.ready(),
        || {
            let mut delivery = delivery.take();
            async move {
                let late = poll_fn(|cx| match contain(|| pending.as_mut().poll(cx)) {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(late)) => Poll::Ready(Ok(late)),
                    Err(panic) => Poll::Ready(Err(panic)),
                })
                .await;
                drop(pending);
                let Some(delivery) = delivery.take() else { return };
                match late {
                    Ok(late) => delivery.bring_soon(late),
                    Err(panic) => {
                        delivery.poison();
                        delivery.bring(Box::new(|| Err(panic)));
                    }
                }
            }
        },
    );
    match begun {
        Ok(()) => begun,
        Err(_) => match delivery.and_then(|mut delivery| delivery.inner.take()) {
            Some(inner) => inner.refuse(begun),
            None => begun,
        },
    }
}

/// Brings one outcome, whatever happens: a call that the reactor forgets ends cancelled.
struct Delivery {
    inner: Option<Inner>,
}

struct Inner {
    handle: Arc<Handle>,
    ticket: Ticket,
    id: u64,
    tag: Box<str>,
}

impl Inner {
    /// The call was refused: told by the return value, and not by an event as well, unless a close has answered for it.
    fn refuse(mut self, refused: Result<()>) -> Result<()> {
        if self.ticket.give_id_back() { refused } else { Ok(()) }
    }
}

impl Delivery {
    fn poison(&self) {
        if let Some(inner) = &self.inner {
            inner.handle.poisoned.store(true, Ordering::Relaxed);
        }
    }

    /// To the push subscription of `haft.response` by way of the worker, else to the queue.
    fn bring(mut self, late: Late) {
        if let Some(parcel) = self.pack(late) {
            Parcel::deliver(vec![parcel]);
        }
    }

    /// The same on the reactor, together with what else has come by the time that its other tasks have had their turn:
    /// waking who waits costs more than all the rest.
    fn bring_soon(mut self, late: Late) {
        let Some(parcel) = self.pack(late) else { return };
        let first = OUTBOX.with_borrow_mut(|outbox| {
            outbox.push(parcel);
            outbox.len() == 1
        });
        if first {
            let post = Post;
            drop(tokio::spawn(async move { drop(post) }));
        }
    }

    fn pack(&mut self, late: Late) -> Option<Parcel> {
        let Inner { handle, mut ticket, id, tag } = self.inner.take()?;
        if !ticket.give_id_back() {
            return None;
        }
        let event = Event::new(Kind::Response).with_id(id).with_topic(&tag).with_late(late);
        Some(Parcel { handle, ticket, event })
    }
}

thread_local! {
    /// What the reactor's calls have brought and nobody was told of yet.
    static OUTBOX: RefCell<Vec<Parcel>> = const { RefCell::new(Vec::new()) };
}

/// Empties the outbox when it goes, also when the reactor ends before its turn.
struct Post;

impl Drop for Post {
    fn drop(&mut self) {
        Parcel::deliver(OUTBOX.take());
    }
}

/// One outcome on its way.
struct Parcel {
    handle: Arc<Handle>,
    ticket: Ticket,
    event: Event,
}

impl Parcel {
    fn deliver(parcels: Vec<Parcel>) {
        let mut parcels = parcels.into_iter().peekable();
        while let Some(Parcel { handle, ticket, event }) = parcels.next() {
            if push_listener(&handle).is_some() {
                answer(&handle, event);
                drop(ticket);
                let_go(handle);
                continue;
            }
            // All that follow for the same handle go together. The tickets go after the events: close waits for them.
            let (mut events, mut done) = (vec![event], vec![(handle, ticket)]);
            while let Some(Parcel { handle, ticket, event }) =
                parcels.next_if(|next| done.first().is_some_and(|(first, _)| Arc::ptr_eq(first, &next.handle)))
            {
                events.push(event);
                done.push((handle, ticket));
            }
            if let Some((handle, _)) = done.first() {
                handle.hearer().queue.push_all(events.into_iter());
            }
            for (handle, ticket) in done {
                drop(ticket);
                let_go(handle);
            }
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(parcel) = self.pack(Box::new(|| Err(cancelled()))) {
            Parcel::deliver(vec![parcel]);
        }
    }
}

/// The host may have let go of the session meanwhile: if this was the last hold, what the session holds of the host goes
/// on a thread that may run the host's code.
pub(super) fn let_go(handle: Arc<Handle>) {
    if let Some(handle) = Arc::into_inner(handle)
        && handle.backend.holds_host_code()
    {
        // Without a thread it goes here, which is better than never.
        let _ = sys::thread::spawn("haft-worker", move || drop(handle));
    }
}

/// Brings PROGRESS events of a submitted call to the queue.
fn progress_events(handle: &Arc<Handle>, id: u64, tag: &str) -> Arc<dyn Fn(Progress) + Send + Sync> {
    // Weak: a stream that the host keeps open must not keep the session.
    let (handle, tag): (_, Box<str>) = (Arc::downgrade(handle), tag.into());
    Arc::new(move |progress| {
        let Some(handle) = handle.upgrade() else { return };
        let number = |bytes: u64| Tree::Int(i64::try_from(bytes).unwrap_or(i64::MAX));
        let mut value = Object::default();
        value.insert("sent", number(progress.sent));
        value.insert("to_send", progress.to_send.map_or(Tree::Null, number));
        value.insert("received", number(progress.received));
        if let Some(played) = progress.played {
            value.insert("played", Tree::Double(played.as_secs_f64()));
        }
        let event = Event::new(Kind::Progress).with_id(id).with_topic(&tag);
        handle.hearer().queue.push(event.with_value(&Tree::Object(value)));
    })
}
