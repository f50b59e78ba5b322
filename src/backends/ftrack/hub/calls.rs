//! The hub's verbs, each as a future for the reactor (verbs.md "ftrack": `publish`, `reply`, `connect`, `disconnect`).

use std::{sync::Arc, time::{Duration, Instant}};

use super::{
    Hub, Phase,
    event::Draft,
    expression::Expression,
};
use crate::{
    args::Args,
    clock,
    engine::{
        net::cancel::Cancel,
        reactor::{
            promise::{self, Taker},
            vigil::Vigil,
        },
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

/// How long a call waits unless it says otherwise, as in Python.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long replies are waited for unless the call says otherwise, as in JavaScript.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// How many replies are waited for, and how long.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Wanted {
    count: Option<usize>,
    timeout: Duration,
}

/// What a publish is asked to do.
pub struct Publish {
    draft: Draft,
    /// To this session's subscriptions alone, answers collected.
    pub synchronous: bool,
    ignore_errors: bool,
    replies: Option<Wanted>,
    patience: Duration,
}

impl Hub {
    /// Reads the arguments of `publish`.
    ///
    /// # Errors
    /// `argument`, `parse`.
    pub fn publish(&self, topic: &str, args: &Args) -> Result<Publish> {
        if topic.is_empty() {
            return Err(Error::option("target", "an event needs a topic"));
        }
        let data = args.get("data").cloned().unwrap_or_else(|| Tree::Object(Object::default()));
        let source = self.me.complete(args.object("source")?.cloned().unwrap_or_default());
        let mut draft = Draft::new(topic, data, source)?;
        let target = args.str("event_target")?.unwrap_or_default();
        if !target.is_empty() {
            Expression::parse(target, self.dialect()).map_err(|error| error.with("key", "event_target"))?;
        }
        draft.target = target.into();
        let ignore_errors = match args.str("on_error")? {
            None | Some("raise") => false,
            Some("ignore") => true,
            Some(other) => {
                return Err(Error::option("on_error", format!("on_error was {other:?}; it takes \"raise\" or \"ignore\"")));
            }
        };
        let synchronous = args.bool("synchronous")?.unwrap_or(false);
        let replies = wanted(args)?;
        if synchronous && replies.is_some() {
            return Err(Error::option("replies", "a synchronous event has results and no replies"));
        }
        let patience = patience(args)?;
        Ok(Publish { draft, synchronous, ignore_errors, replies, patience })
    }

    /// Publishes to this session's own subscriptions, on the calling thread.
    ///
    /// # Errors
    /// `parse`.
    pub fn publish_here(self: &Arc<Self>, publish: &Publish) -> Result<Tree> {
        self.synchronously(&publish.draft).map(Tree::Array)
    }

    /// Publishes and waits: for the acknowledgement when a connection stands, and for replies when they are wanted.
    ///
    /// # Errors
    /// `hub_not_connected`, `limit`, `event_rejected`, `total_timeout`, `cancelled`.
    pub fn publish_away(self: &Arc<Self>, publish: Publish, cancel: Arc<Cancel>) -> impl Future<Output = Result<Tree>> + Send + use<> {
        let start = clock::now();
        let wait = publish.replies.map(|wanted| Wait::begin(self, &publish.draft.id, wanted));
        let mut taker = None;
        // Sent here, so that what is submitted goes out in the order of the submits.
        let sent = self.send(&publish.draft, |phase| acknowledgement(phase, &mut taker));
        let hub = Arc::clone(self);
        async move {
            let ignore = publish.ignore_errors;
            let outcome = match sent {
                Ok(()) => hub.settled(&publish, taker, wait, start, cancel).await,
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if ignore && error.code() != code::CANCELLED.word => Ok(Tree::Null),
                outcome => outcome,
            }
        }
    }

    async fn settled(
        &self,
        publish: &Publish,
        taker: Option<Taker<Result<()>>>,
        wait: Option<Wait>,
        start: Instant,
        cancel: Arc<Cancel>,
    ) -> Result<Tree> {
        let mut vigil = Vigil::new(cancel);
        if let Some(mut taker) = taker {
            match vigil.until(Some(start + publish.patience), |cx| taker.poll_take(cx)).await {
                Ok(Some(given)) => given.unwrap_or(Ok(()))?,
                Ok(None) => return Err(self.given_up(publish, late())),
                Err(error) => return Err(self.given_up(publish, error)),
            }
        }
        let Some(wait) = wait else { return Ok(Tree::Null) };
        let id = &publish.draft.id;
        let until = start + wait.wanted.timeout;
        let came = vigil.until(Some(until), |cx| self.state.lock().replies.poll(id, cx)).await;
        let replies = wait.take();
        came?;
        Ok(Tree::Array(replies))
    }

    /// Nobody waits any more: an event that was not sent is not.
    fn given_up(&self, publish: &Publish, error: Error) -> Error {
        let taken_back = self.state.lock().outgoing.withdraw(&publish.draft.id);
        error.outcome(if taken_back { Outcome::NotSent } else { Outcome::Unknown })
    }

    /// Publishes a reply to an event that was heard, and waits as `publish` does.
    ///
    /// # Errors
    /// `not_found`, and as for `publish`.
    pub fn reply(self: &Arc<Self>, to: &str, args: &Args, cancel: Arc<Cancel>) -> Result<impl Future<Output = Result<Tree>> + Send + use<>> {
        let data = args.get("data").cloned().unwrap_or_else(|| Tree::Object(Object::default()));
        let own = args.object("source")?.cloned().unwrap_or_default();
        let draft = self.reply_to(to, data, own)?;
        let patience = patience(args)?;
        let publish = Publish { draft, synchronous: false, ignore_errors: false, replies: None, patience };
        Ok(self.publish_away(publish, cancel))
    }

    /// Connects; with `wait` until the connection stands, else in the background for as long as it takes.
    ///
    /// # Errors
    /// What connecting fails with; `total_timeout`, `cancelled`.
    pub fn connect(self: &Arc<Self>, args: &Args, cancel: Arc<Cancel>) -> Result<impl Future<Output = Result<Tree>> + Send + use<>> {
        let wait = args.bool("wait")?.unwrap_or(true);
        let until = clock::now() + patience(args)?;
        let (giver, taker) = promise::pair::<Result<()>>();
        let (giver, taker) = if wait { (Some(giver), Some(taker)) } else { (None, None) };
        let ours = self.begin(!wait, giver)?;
        let hub = Arc::clone(self);
        Ok(async move {
            let Some(mut taker) = taker else { return Ok(Tree::Null) };
            let mut vigil = Vigil::new(cancel);
            let outcome = vigil.until(Some(until), |cx| taker.poll_take(cx)).await;
            let error = match outcome {
                Ok(Some(given)) => return given.unwrap_or_else(|| Err(super::line::not_connected())).map(|()| Tree::Null),
                Ok(None) => late(),
                Err(error) => error,
            };
            if ours {
                hub.call_off();
            }
            Err(error)
        })
    }

    /// Connects in the background, for as long as it takes.
    ///
    /// # Errors
    /// `limit`, `closed`.
    pub fn connect_in_background(self: &Arc<Self>) -> Result<()> {
        self.begin(true, None).map(drop)
    }

    /// A connection that nobody waits for any more is not made.
    fn call_off(&self) {
        let state = self.state.lock();
        let cancel = state.cancel.clone().filter(|_| state.phase == Phase::Connecting);
        drop(state);
        if let Some(cancel) = cancel {
            cancel.cancel();
        }
    }

    /// Ends all subscriptions and disconnects; with `wait` until it is over.
    ///
    /// # Errors
    /// `total_timeout`, `cancelled`.
    pub fn disconnect(self: &Arc<Self>, args: &Args, cancel: Arc<Cancel>) -> Result<impl Future<Output = Result<Tree>> + Send + use<>> {
        let wait = args.bool("wait")?.unwrap_or(true);
        let until = clock::now() + patience(args)?;
        let (giver, mut taker) = promise::pair::<()>();
        self.end(Some(giver));
        Ok(async move {
            if !wait {
                return Ok(Tree::Null);
            }
            let mut vigil = Vigil::new(cancel);
            match vigil.until(Some(until), |cx| taker.poll_take(cx)).await? {
                Some(_) => Ok(Tree::Null),
                None => Err(late()),
            }
        })
    }

    /// Disconnects before `deadline`, for the close of the session.
    ///
    /// # Errors
    /// `total_timeout`; what is left ends at once then.
    pub fn close(&self, deadline: Instant) -> Result<()> {
        let (giver, mut taker) = promise::pair::<()>();
        self.end(Some(giver));
        let gone = crate::engine::reactor::caller::Caller::new().wait(None, Some(deadline), |cx| taker.poll_take(cx))?;
        if gone.is_none() {
            self.abandon();
            return Err(Error::new(&code::TOTAL_TIMEOUT, "the event hub did not end before the time-out of close").phase("close"));
        }
        Ok(())
    }
}

/// Who waits for the acknowledgement: nobody while there is no connection, because the event is kept for it.
fn acknowledgement(phase: Phase, taker: &mut Option<Taker<Result<()>>>) -> Option<promise::Giver<Result<()>>> {
    if phase != Phase::Ready {
        return None;
    }
    let (giver, taken) = promise::pair();
    *taker = Some(taken);
    Some(giver)
}

/// A wait for replies, which ends with it.
struct Wait {
    hub: Arc<Hub>,
    id: Box<str>,
    wanted: Wanted,
}

impl Wait {
    fn begin(hub: &Arc<Hub>, id: &str, wanted: Wanted) -> Wait {
        hub.state.lock().replies.expect(id, wanted.count);
        Wait { hub: Arc::clone(hub), id: id.into(), wanted }
    }

    fn take(&self) -> Vec<Tree> {
        self.hub.state.lock().replies.take(&self.id)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// `replies: {timeout, count}`, or true for one.
fn wanted(args: &Args) -> Result<Option<Wanted>> {
    let standard = Wanted { count: Some(1), timeout: REPLY_TIMEOUT };
    match args.get("replies") {
        None | Some(Tree::Null | Tree::Bool(false)) => Ok(None),
        Some(Tree::Bool(true)) => Ok(Some(standard)),
        Some(Tree::Object(members)) => {
            let mut wanted = standard;
            for (name, value) in members.iter() {
                match (name, value) {
                    ("timeout", value) => wanted.timeout = crate::args::duration("replies.timeout", value)?.unwrap_or(REPLY_TIMEOUT),
                    // All that come.
                    ("count", Tree::Null) => wanted.count = None,
                    ("count", value) => {
                        let count = value.as_int().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
                        let wrong = || Error::option("replies.count", "count was neither a positive number nor null");
                        wanted.count = Some(count.ok_or_else(wrong)?);
                    }
                    (other, _) => {
                        let message = format!("replies has no member {other:?}; it has timeout and count");
                        return Err(Error::option("replies", message));
                    }
                }
            }
            Ok(Some(wanted))
        }
        Some(_) => Err(Error::option("replies", "replies was neither a boolean nor {timeout, count}")),
    }
}

/// How long a call waits.
fn patience(args: &Args) -> Result<Duration> {
    let time = match args.get("timeout") {
        Some(Tree::Array(pair)) => pair.get(1).map_or(Ok(None), |read| crate::args::duration("timeout", read))?,
        _ => args.duration("timeout")?,
    };
    Ok(time.unwrap_or(TIMEOUT))
}

fn late() -> Error {
    Error::new(&code::TOTAL_TIMEOUT, "the event server did not answer in time").phase("total")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<Wanted>> {
        let mut args = Args::new();
        args.set_json(None, json);
        wanted(&args)
    }

    #[test]
    fn how_many_replies_and_how_long() {
        let standard = Wanted { count: Some(1), timeout: REPLY_TIMEOUT };
        for (json, wanted) in [
            ("{}", None),
            (r#"{"replies": false}"#, None),
            (r#"{"replies": true}"#, Some(standard)),
            (r#"{"replies": {}}"#, Some(standard)),
            (r#"{"replies": {"count": 3, "timeout": "250ms"}}"#, Some(Wanted { count: Some(3), timeout: Duration::from_millis(250) })),
            (r#"{"replies": {"count": null}}"#, Some(Wanted { count: None, ..standard })),
        ] {
            assert_eq!(read(json).unwrap(), wanted, "{json}");
        }
        for (json, key) in [
            (r#"{"replies": 1}"#, "replies"),
            (r#"{"replies": {"count": 0}}"#, "replies.count"),
            (r#"{"replies": {"timeout": "soon"}}"#, "replies.timeout"),
            (r#"{"replies": {"most": 1}}"#, "replies"),
        ] {
            let error = read(json).unwrap_err();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{json}");
        }
    }
}
