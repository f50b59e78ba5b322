//! Submitted calls: the reactor waits, the session's worker does what lies between two waits.
//!
//! A verb is one future ([`super::way`]), run step by step. A step goes from one answer of the server to the next request:
//! parsing, merging into the identity map, the layers below it, the journal. Steps may run the host's code and touch files,
//! so they are errands of the worker; the first is done by the calling thread where it needs nothing of that. A step that was
//! begun is never left alone: only between two of them does the end of a call count.

use std::{
    future::{Future, poll_fn},
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{
    Core, FtrackSession,
    verbs::{self, Begin},
    way::{Post, Wait, Way},
};
use crate::{
    args::Args,
    backends::{Answer, Call, Late, Pending, Progress, Staging},
    engine::{
        errands::{self, Kept},
        net::cancel::Cancel,
        reactor::vigil::Vigil,
        turn::Place,
    },
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
};

/// How a call ends.
type Ended = Result<Box<dyn Answer>>;

/// A verb between two steps.
struct Steps {
    verb: Pin<Box<dyn Future<Output = Ended> + Send>>,
    post: Arc<Post>,
}

/// What a step came to.
enum Step {
    Done(Ended),
    Waits(Steps, Wait),
}

impl Steps {
    fn step(mut self) -> Step {
        match self.verb.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Step::Done(done),
            Poll::Pending => match self.post.collect() {
                Some(wait) => Step::Waits(self, wait),
                None => Step::Done(Err(Error::new(&code::INTERNAL, "a verb waited for nothing"))),
            },
        }
    }
}

/// The call's own copy of what the host lent it.
struct Own {
    session: FtrackSession,
    verb: Option<Box<str>>,
    target: Option<Box<str>>,
    args: Args,
    cancel: Arc<Cancel>,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl Own {
    fn of(session: &FtrackSession, call: &Call<'_>) -> Result<Own> {
        let session = FtrackSession {
            core: Arc::clone(&session.core),
            entity: session.entity.clone(),
            flags: Mutex::new(session.flags(call.args)?),
        };
        let (verb, target) = (call.verb.map(Into::into), call.target.map(Into::into));
        let (args, cancel, progress) = (call.args.clone(), Arc::clone(call.cancel), call.progress.clone());
        Ok(Own { session, verb, target, args, cancel, progress })
    }

    fn call(&self) -> Call<'_> {
        Call {
            verb: self.verb.as_deref(),
            target: self.target.as_deref(),
            args: &self.args,
            cancel: &self.cancel,
            progress: self.progress.clone(),
        }
    }

    fn steps(self, staging: Option<Staging>) -> Steps {
        let post = Arc::<Post>::default();
        let own_post = Arc::clone(&post);
        let verb = Box::pin(async move {
            let call = self.call();
            let way = Way::away(&call, &own_post);
            match staging {
                None => self.session.perform(&way).await,
                Some(Staging::Stage) => self.session.list(&way).await,
                Some(Staging::Commit) => self.session.send(&way).await,
                Some(Staging::Rollback) => {
                    self.session.forget();
                    Ok(verbs::null())
                }
            }
        });
        Steps { verb, post }
    }
}

/// Begins a verb; `None` when it has to be done by the worker as a whole.
pub(super) fn begin(session: &FtrackSession, call: &Call<'_>) -> Result<Option<Pending>> {
    let at_once = match verbs::begin(session, call)? {
        Begin::Begun(pending) => return Ok(Some(pending)),
        Begin::Whole => return Ok(None),
        Begin::AtOnce => true,
        Begin::OnWorker => false,
    };
    let core = &session.core;
    // What takes from the staged list has its place among those who fill it.
    let place = verbs::changes_the_list(call, core.login.python).then(|| core.lane.place());
    let steps = Own::of(session, call)?.steps(None);
    let begun = if at_once && place.is_none() && core.layers().is_empty() {
        Begun::Stepped(steps.step())
    } else {
        Begun::Not(steps)
    };
    Ok(Some(Ride::new(core, call).pending(begun, place)))
}

/// Begins what is about the staged list.
pub(super) fn begin_staging(session: &FtrackSession, staging: Staging, call: &Call<'_>) -> Result<Option<Pending>> {
    let core = &session.core;
    let place = core.lane.place();
    let steps = Own::of(session, call)?.steps(Some(staging));
    Ok(Some(Ride::new(core, call).pending(Begun::Not(steps), Some(place))))
}

/// How far a call had come before the reactor had it.
enum Begun {
    Not(Steps),
    Stepped(Step),
}

/// A call on the reactor.
struct Ride {
    core: Arc<Core>,
    cancel: Arc<Cancel>,
}

impl Ride {
    fn new(core: &Arc<Core>, call: &Call<'_>) -> Ride {
        Ride { core: Arc::clone(core), cancel: Arc::clone(call.cancel) }
    }

    /// The rest of the call, for the reactor.
    fn pending(self, begun: Begun, place: Option<Place>) -> Pending {
        // What is never begun holds the host's arguments: whoever drops it must be allowed to.
        let begun = self.keep(begun);
        Box::pin(async move {
            let outcome = self.run(begun, place).await;
            drop(self);
            Box::new(move || outcome) as Late
        })
    }

    /// What may hold things of the host goes by way of the worker, if it goes on the reactor.
    fn keep<T: Send + 'static>(&self, it: T) -> Kept<T> {
        Kept::new(it, Some(Arc::clone(&self.core.lent.worker)))
    }

    async fn run(&self, begun: Kept<Begun>, place: Option<Place>) -> Ended {
        let turn = match place {
            Some(mut place) => {
                let mut vigil = Vigil::new(Arc::clone(&self.cancel));
                vigil.until(None, |cx| Pin::new(&mut place).poll(cx)).await.map_err(unsent)?
            }
            None => None,
        };
        let mut step = match begun.into_inner() {
            Some(Begun::Stepped(step)) => step,
            Some(Begun::Not(steps)) => self.step(steps).await.map_err(unsent)?,
            None => return Err(gone()),
        };
        loop {
            let (steps, wait) = match step {
                Step::Done(done) => {
                    // The next one may be under way before the host hears of this one's end.
                    drop(turn);
                    return done;
                }
                Step::Waits(steps, wait) => (self.keep(steps), wait),
            };
            // It heeds the cancel itself, and brings what is known then.
            wait.await;
            let Some(steps) = steps.into_inner() else { return Err(gone()) };
            step = self.step(steps).await.map_err(|error| error.outcome(Outcome::Unknown))?;
        }
    }

    /// The next step, done by the worker.
    ///
    /// # Errors
    /// `cancelled` when the worker had not begun it, `closed` when it never will: the verb was let go of.
    async fn step(&self, steps: Steps) -> Result<Step> {
        // The session has to learn what became of a batch, whoever waits for it.
        let (must, here) = (steps.post.has_changes(), !self.needs_worker());
        let waiting = Arc::new(Mutex::new(Some(self.keep(steps))));
        let taken = Arc::clone(&waiting);
        let sent = errands::send(&self.core.lent.worker, move || {
            let steps = taken.lock().take();
            steps.and_then(Kept::into_inner).map(Steps::step)
        });
        let ended = match sent {
            Err(refused) => refused,
            Ok(mut reply) => {
                let next = poll_fn(|cx| {
                    if let Poll::Ready(brought) = reply.poll(cx) {
                        return Poll::Ready(Ok(brought));
                    }
                    // Under the lock: a step that is being done may heed the cancel itself, and only one can.
                    let waiting = waiting.lock();
                    let stays = waiting.is_none() || (must && !here);
                    if stays {
                        Poll::Pending
                    } else {
                        self.cancel.heed(cx).map_or_else(|end| Poll::Ready(Err(end)), |_| Poll::Pending)
                    }
                });
                match next.await {
                    // What is half done is not to be used any more: whoever looks at this future sees to that.
                    Ok(Err(panic)) if panic.code() == code::INTERNAL.word => resume_unwind(Box::new(())),
                    Ok(brought) => return brought?.ok_or_else(gone),
                    Err(cancelled) => cancelled,
                }
            }
        };
        let left = waiting.lock().take();
        match left.and_then(Kept::into_inner) {
            Some(steps) if must && here => Ok(steps.step()),
            left => {
                drop(left.map(|steps| self.keep(steps)));
                Err(ended)
            }
        }
    }

    /// Whether steps may use files or run the host's code.
    fn needs_worker(&self) -> bool {
        self.core.journal.is_some() || !self.core.layers().is_empty()
    }
}

fn unsent(error: Error) -> Error {
    error.outcome(Outcome::NotSent)
}

fn gone() -> Error {
    Error::new(&code::CLOSED, "the session was closed")
}
