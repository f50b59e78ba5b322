//! How a verb waits for the server. Each verb is written once, as an `async fn`; what differs is who waits.
//!
//! A blocking call asks on its own thread: there the future never waits, and is done when it was looked at once ([`now`]).
//! Of a submitted call the future only ever runs where the host's code and files may be used: the calling thread or the
//! session's worker. What it waits for, it leaves in its [`Post`], and whoever drives it ([`super::submitted`]) takes that to the
//! reactor.

use std::{
    future::{Future, poll_fn},
    ops::Deref,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use super::Core;
use crate::{
    backends::Call,
    engine::{
        reactor::{promise, vigil::Vigil},
        turn::Held,
    },
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
};

/// Something that is waited for on the reactor.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the verb of a submitted call leaves what it waits for.
#[derive(Default)]
pub struct Post {
    out: Mutex<Option<Wait>>,
    changes: AtomicBool,
}

impl Post {
    /// What the verb waits for now.
    pub fn collect(&self) -> Option<Wait> {
        self.out.lock().take()
    }

    /// Whether a batch was sent of which the session has to learn what became.
    pub fn has_changes(&self) -> bool {
        self.changes.load(Ordering::Relaxed)
    }

    /// Waits elsewhere.
    ///
    /// # Errors
    /// `closed` when nobody does.
    pub async fn away<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let (giver, mut taker) = promise::pair();
        *self.out.lock() = Some(Box::pin(async move { giver.give(work.await) }));
        let brought = poll_fn(|cx| taker.poll_take(cx)).await;
        brought.ok_or_else(gone)
    }
}

/// A call, and how its verb waits.
pub struct Way<'a> {
    call: &'a Call<'a>,
    post: Option<&'a Post>,
}

impl<'a> Way<'a> {
    /// On the thread that calls.
    pub fn here(call: &'a Call<'a>) -> Way<'a> {
        Way { call, post: None }
    }

    /// On the reactor.
    pub fn away(call: &'a Call<'a>, post: &'a Post) -> Way<'a> {
        Way { call, post: Some(post) }
    }

    /// Where to leave what is waited for; `None` when it is to be waited for here.
    pub fn post(&self) -> Option<&'a Post> {
        self.post
    }

    /// From now on the session must learn what became of this call, whether anybody waits for its answer or not.
    pub fn changes(&self) {
        if let Some(post) = self.post {
            post.changes.store(true, Ordering::Relaxed);
        }
    }

    /// The right to commit, which one has at a time.
    ///
    /// # Errors
    /// `busy` for the host's code that a commit waits for; `cancelled`.
    pub async fn turn(&self, core: &Core) -> Result<Held> {
        let Some(post) = self.post else { return core.committing.take(core.lent.worker.is_here()) };
        let (mut place, mut vigil) = (core.committing.place(), Vigil::new(Arc::clone(self.cancel)));
        let held = post.away(async move { vigil.until(None, |cx| Pin::new(&mut place).poll(cx)).await }).await?;
        held.map_err(|error| error.outcome(Outcome::NotSent))?.ok_or_else(gone)
    }
}

impl<'a> Deref for Way<'a> {
    type Target = Call<'a>;

    fn deref(&self) -> &Call<'a> {
        self.call
    }
}

/// What a verb does on the thread that calls.
///
/// # Errors
/// Those of the verb.
pub fn now<T>(verb: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(verb).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(Error::new(&code::INTERNAL, "a verb waited where it should have asked")),
    }
}

fn gone() -> Error {
    Error::new(&code::CLOSED, "the session was closed")
}
