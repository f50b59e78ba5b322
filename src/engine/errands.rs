//! Work that may wait and may run the host's code, done on a thread that is there for it.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::sys::lock::Mutex;

use super::reactor::{self, vigil::Vigil};
use crate::{
    error::{Error, Result, code},
    sys::{panic::contain, thread},
};

/// One thing to do; it owns what it needs.
pub type Errand = Box<dyn FnOnce() + Send>;

/// Who does errands: the session's worker. What the reactor must not do itself (ask a provider, read a host's reader,
/// write a file) it sends there.
pub trait Errands: Send + Sync {
    /// Does it soon, after those that came before. Never blocks.
    ///
    /// # Errors
    /// `closed` when nobody does errands any more, `limit` when no thread can be had. The errand is dropped then.
    fn run(&self, errand: Errand) -> Result<()>;

    /// Whether this is the thread that does them: it must not wait for what needs an errand to be done.
    fn is_here(&self) -> bool {
        false
    }
}

/// Does none: for a back end that is used without a session.
#[derive(Debug, Default)]
pub struct Nobody;

impl Errands for Nobody {
    fn run(&self, _errand: Errand) -> Result<()> {
        Err(Error::new(&code::CLOSED, "there was no worker"))
    }
}

/// Sends somebody on an errand that brings something back. A reply that nobody waits for any more is dropped by the
/// worker, and so is what is in it.
///
/// # Errors
/// Those of [`Errands::run`].
pub fn send<T: Send + 'static>(
    worker: &Arc<dyn Errands>,
    errand: impl FnOnce() -> T + Send + 'static,
) -> Result<Reply<T>> {
    let shared = Arc::new(Mutex::new(Slot { brought: None, waker: None, left: false }));
    let courier = Courier { shared: Arc::clone(&shared), done: false };
    let errand = Kept::new(errand, Some(Arc::clone(worker)));
    worker.run(Box::new(move || {
        let mut courier = courier;
        if let Some(errand) = errand.into_inner() {
            courier.bring(contain(errand));
        }
    }))?;
    Ok(Reply { shared, worker: Arc::clone(worker) })
}

/// The same, waited for on the reactor. The end of the call does not wait for the errand.
///
/// # Errors
/// Those of [`send`]; `cancelled`; `internal` when the errand panicked.
pub async fn fetch<T: Send + 'static>(
    worker: &Arc<dyn Errands>,
    vigil: &mut Vigil,
    errand: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let mut reply = send(worker, errand)?;
    match vigil.until(None, |cx| reply.poll(cx)).await? {
        Some(brought) => brought,
        None => Err(lost()),
    }
}

/// What an errand will bring back.
pub struct Reply<T: Send + 'static> {
    shared: Arc<Mutex<Slot<T>>>,
    worker: Arc<dyn Errands>,
}

struct Slot<T> {
    brought: Option<Result<T>>,
    waker: Option<Waker>,
    /// The waiting side is gone.
    left: bool,
}

impl<T: Send + 'static> Reply<T> {
    /// What it brought; `internal` when it panicked, `closed` when it was never done.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let mut slot = self.shared.lock();
        match slot.brought.take() {
            Some(brought) => Poll::Ready(brought),
            None => {
                if !slot.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    slot.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        let mut slot = self.shared.lock();
        slot.left = true;
        let (brought, waker) = (slot.brought.take(), slot.waker.take());
        drop(slot);
        drop(waker);
        if let Some(Ok(brought)) = brought {
            drop(Kept::new(brought, Some(Arc::clone(&self.worker))));
        }
    }
}

/// The errand's side: it brings something back in any case.
struct Courier<T> {
    shared: Arc<Mutex<Slot<T>>>,
    done: bool,
}

impl<T> Courier<T> {
    fn bring(&mut self, it: Result<T>) {
        self.done = true;
        let mut slot = self.shared.lock();
        if slot.left {
            drop(slot);
            // Here, where the host's code may run.
            drop(it);
            return;
        }
        slot.brought = Some(it);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Courier<T> {
    fn drop(&mut self) {
        if !self.done {
            self.bring(Err(lost()));
        }
    }
}

fn lost() -> Error {
    Error::new(&code::CLOSED, "the session was closed")
}

/// Something that may hold on to the host's readers and providers, whose drop is the host's code: where it goes on the
/// reactor, it goes by way of the worker.
pub struct Kept<T: Send + 'static> {
    it: Option<T>,
    /// None when there is nothing of the host in it.
    worker: Option<Arc<dyn Errands>>,
}

impl<T: Send + 'static> Kept<T> {
    /// Keeps it; `worker` lets it go, unless nothing of the host is in it.
    pub fn new(it: T, worker: Option<Arc<dyn Errands>>) -> Kept<T> {
        Kept { it: Some(it), worker }
    }

    /// What is kept; none after [`Kept::into_inner`] alone.
    pub fn get(&mut self) -> Option<&mut T> {
        self.it.as_mut()
    }

    /// The same, to look at.
    pub fn peek(&self) -> Option<&T> {
        self.it.as_ref()
    }

    /// Takes it out.
    pub fn into_inner(mut self) -> Option<T> {
        self.it.take()
    }
}

impl<T: Send + 'static> Drop for Kept<T> {
    fn drop(&mut self) {
        let Some(it) = self.it.take() else { return };
        let Some(worker) = self.worker.take().filter(|_| reactor::is_here()) else { return };
        // A worker that refuses drops the errand here and now; this keeps hold of what is in it.
        let it = Arc::new(Mutex::new(Some(it)));
        let errand = |it: Arc<Mutex<Option<T>>>| {
            move || {
                let it = it.lock().take();
                drop(it);
            }
        };
        if worker.run(Box::new(errand(Arc::clone(&it)))).is_err() {
            // Without a thread it goes here, which is better than never.
            let _ = thread::spawn("haft-worker", errand(it));
        }
    }
}
