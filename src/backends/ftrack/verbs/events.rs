//! The verbs of the event hub: each waits on the reactor, whoever asks (verbs.md "ftrack", "Hub").

use std::{pin::Pin, sync::Arc};

use super::{FtrackSession, plain};
use crate::{
    backends::{Answer, Call, Late, Pending},
    engine::reactor::{caller::Caller, promise},
    error::{Error, Result, code},
    value::Tree,
};

/// What a verb waits for.
type Waiting = Pin<Box<dyn Future<Output = Result<Tree>> + Send>>;

/// What there is to do.
enum Work {
    Done(Tree),
    /// The host's code on the calling thread.
    Here,
    Waits(Waiting),
}

/// Does a verb and waits.
pub(super) fn request(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let waiting = match work(session, call)? {
        Work::Done(value) => return Ok(plain(&value)),
        Work::Here => {
            let publish = session.core.hub.publish(named(call)?, call.args)?;
            return session.core.hub.publish_here(&publish).map(|value| plain(&value));
        }
        Work::Waits(waiting) => waiting,
    };
    let (giver, mut taker) = promise::pair();
    session.core.lent.reactor.run(async move { giver.give(waiting.await) })?;
    // What waits there heeds the cancel.
    let outcome = Caller::new().wait(None, None, |cx| taker.poll_take(cx))?.flatten();
    outcome.unwrap_or_else(|| Err(Error::new(&code::CLOSED, "the session was closed"))).map(|value| plain(&value))
}

/// Begins a verb for the reactor.
pub(super) fn begin(session: &FtrackSession, call: &Call<'_>) -> Result<Option<Pending>> {
    let waiting = match work(session, call)? {
        Work::Here => return Ok(None),
        Work::Done(value) => Box::pin(std::future::ready(Ok(value))),
        Work::Waits(waiting) => waiting,
    };
    Ok(Some(Box::pin(async move {
        let outcome = waiting.await;
        let late: Late = Box::new(move || outcome.map(|value| plain(&value)));
        late
    })))
}

fn work(session: &FtrackSession, call: &Call<'_>) -> Result<Work> {
    let (hub, args, cancel) = (&session.core.hub, call.args, Arc::clone(call.cancel));
    Ok(match call.verb {
        Some("publish") => {
            let publish = hub.publish(named(call)?, args)?;
            if publish.synchronous { Work::Here } else { Work::Waits(Box::pin(hub.publish_away(publish, cancel))) }
        }
        Some("reply") => Work::Waits(Box::pin(hub.reply(named(call)?, args, cancel)?)),
        Some("stop") => {
            hub.stop(named(call)?)?;
            Work::Done(Tree::Null)
        }
        Some("connect") => Work::Waits(Box::pin(hub.connect(args, cancel)?)),
        _ => Work::Waits(Box::pin(hub.disconnect(args, cancel)?)),
    })
}

fn named<'a>(call: &Call<'a>) -> Result<&'a str> {
    call.target.ok_or_else(|| Error::option("target", "neither a topic nor an event was named"))
}
