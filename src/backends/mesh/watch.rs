//! The topic `series:PATH`: the server tells nobody of changes, so that the series is read again and again, on the
//! reactor, and what is different is told (verbs.md "Mesh", topics). What this session changed and did not commit is seen
//! as well: it is read in the session.

mod difference;

use std::{
    borrow::Cow,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use super::{
    MeshSession, refusal, start,
    verbs::{Found, Single, Span, Way, is_too_large, target},
    wire,
};
use crate::{
    args::Args,
    backends::{Feed, Sink},
    engine::{
        errands,
        net::cancel::Cancel,
        reactor::{beat, vigil::Vigil},
    },
    error::{Error, Result, Status, code},
    log,
    sys::panic::contain,
    value::{Document, Object, Series, Tree},
};
use difference::Difference;

/// What the topics begin with.
const PREFIX: &str = "series:";
/// How often is looked unless the host says it.
const EVERY: Duration = Duration::from_secs(10);
/// No more often than this.
const SOONEST: Duration = Duration::from_millis(10);
/// Answers up to this are read on the reactor, longer ones on the worker.
const SHORT: usize = 64 << 10;

/// Begins a subscription; `None` for another topic.
///
/// # Errors
/// `argument`; what the server says when a session has to be opened.
pub(super) fn subscribe(session: &MeshSession, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
    let Some(path) = topic.strip_prefix(PREFIX) else { return Ok(None) };
    if args.get("answer").is_some() {
        return Err(Error::option("answer", "a series asks nothing that could be answered"));
    }
    let whole = session.core.model.as_deref().map_or(Cow::Borrowed(path), |model| start::path(model, path));
    let target = target("topic", &Tree::from(&*whole))?;
    let span = args.get("interval").filter(|interval| !interval.is_null());
    let span = Span::read(span.ok_or_else(|| Error::option("interval", "the topic series:PATH needs interval"))?)?;
    let every = args.duration("every")?.unwrap_or(EVERY).max(SOONEST);
    let initial = args.bool("initial")?.unwrap_or(false);
    let cancel = Arc::<Cancel>::default();
    let terms = session.terms(args, &cancel)?;
    let id = session.workspace.id(&session.core, &terms)?;
    let watch = Watch {
        way: Way::of(session, id, terms),
        single: Single::watched(target, span),
        sink: Arc::clone(&sink),
        path: path.into(),
        base: initial.then(Arc::default),
        every,
        lost: false,
    };
    let line = Line(Arc::clone(&cancel));
    session.core.lent.reactor.run(async move {
        let ended = Arc::clone(&cancel);
        let mut run: Pin<Box<dyn Future<Output = Error> + Send>> = Box::pin(watch.run(Vigil::new(cancel)));
        let outcome = poll_fn(|cx| match contain(|| run.as_mut().poll(cx)) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(panic),
        })
        .await;
        drop(run);
        if !ended.is_cancelled() {
            sink.end(Some(outcome));
        }
    })?;
    Ok(Some(Box::new(line)))
}

/// The host's end: letting go of it ends the subscription.
struct Line(Arc<Cancel>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// One subscription on the reactor.
struct Watch {
    way: Way,
    single: Single,
    sink: Arc<dyn Sink>,
    path: Box<str>,
    /// The points as they were told last; none yet.
    base: Option<Arc<Series>>,
    every: Duration,
    /// The host was told that it is lost.
    lost: bool,
}

impl Watch {
    /// Looks again and again, until what went wrong will not get better.
    async fn run(mut self, mut vigil: Vigil) -> Error {
        let mut beat = beat::every(self.every);
        loop {
            if let Err(over) = self.roomy(&mut vigil).await {
                return over;
            }
            match self.look(&mut vigil).await {
                Ok(look) => self.tell(look),
                Err(error) if vigil.cancel().is_cancelled() || is_final(&error) => return error,
                Err(error) if self.lost => {
                    log::debug(c"mesh", || format!("series {} could not be read: {error}", self.path))
                }
                Err(error) => {
                    self.lost = true;
                    self.sink.lost(error);
                }
            }
            if let Err(over) = vigil.until(None, |cx| beat.poll_tick(cx)).await {
                return over;
            }
        }
    }

    /// Waits until the host has taken what it was told, if it wants that.
    async fn roomy(&self, vigil: &mut Vigil) -> Result<()> {
        let sink = &self.sink;
        let room = |cx: &mut std::task::Context<'_>| {
            if !sink.holds_back() || sink.room() > 0 {
                return Poll::Ready(());
            }
            sink.when_roomy(cx.waker().clone());
            if sink.room() > 0 { Poll::Ready(()) } else { Poll::Pending }
        };
        vigil.until(None, room).await.map(drop)
    }

    /// One look: the points of now and what is different.
    async fn look(&self, vigil: &mut Vigil) -> Result<Look> {
        let worker = &self.way.core.lent.worker;
        // The time of a call is that of each look.
        let way = self.way.anew();
        let (single, base) = (self.single.clone(), self.base.clone());
        let Some((path, frame)) = self.single.call(self.way.session)? else {
            return errands::fetch(worker, vigil, move || Ok(Look::of(&single.find(&way)?, base))).await?;
        };
        let Some(pending) = way.begin(path, &frame, vigil.cancel())? else {
            return errands::fetch(worker, vigil, move || Ok(Look::of(&single.find(&way)?, base))).await?;
        };
        let answer = (pending.await)().map_err(refusal::on_the_way)?;
        let most = self.way.most();
        if answer.body().len() <= SHORT && wire::slices(&*answer, most).is_ok() {
            self.way.used();
            return Ok(Look::of(&self.single.shown(&*answer, most)?, base));
        }
        // A long one, one that is too long, or one that wants another token.
        errands::fetch(worker, vigil, move || {
            let found = match single.shown(&*answer, most) {
                Err(error) if is_too_large(&error) || refusal::wants_token(&error) => single.find(&way),
                found => found,
            };
            let found = found?;
            way.used();
            Ok(Look::of(&found, base))
        })
        .await?
    }

    fn tell(&mut self, look: Look) {
        if std::mem::take(&mut self.lost) {
            let mut value = Object::with_capacity(1);
            value.insert("path", Tree::from(&*self.path));
            self.sink.restored(Tree::Object(value));
        }
        self.base = Some(look.now);
        if let Some(difference) = look.difference {
            self.sink.bring(&mut std::iter::once(Document::from_tree(&difference.tree(&self.path))));
        }
    }
}

/// What a look has shown.
struct Look {
    now: Arc<Series>,
    /// What has changed since the last one.
    difference: Option<Difference>,
}

impl Look {
    fn of(found: &Found, base: Option<Arc<Series>>) -> Look {
        let now = Arc::clone(&found.series);
        let difference = base.map(|base| Difference::between(&base, &now)).filter(|difference| !difference.is_empty());
        Look { now, difference }
    }
}

/// Whether looking again cannot help.
fn is_final(error: &Error) -> bool {
    const REFUSED: [&str; 5] =
        ["NOT_FOUND", "INVALID_ARGUMENT", "PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED"];
    let refused = error.detail().get("grpc_status").and_then(Tree::as_str).is_some_and(|name| REFUSED.contains(&name));
    let mistake = matches!(
        error.status(),
        Status::Argument
            | Status::State
            | Status::Unsupported
            | Status::Auth
            | Status::Denied
            | Status::NotFound
            | Status::Internal
    );
    refused || mistake || error.code() == code::SESSION_LOST.word
}
