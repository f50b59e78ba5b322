//! Makes a session again that the server has forgotten (verbs.md: `recover: "recreate"`): a new session, its handles, and
//! what they had declared there. All handles go side by side; what one handle declared goes one after the other, in the
//! order in which it was.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        envelope::Members,
        handle::Handle,
        plugins::Again,
        refusal,
        session::{Before, Origin, Session},
    },
    Asked, Brings, Request,
    fate::{Fared, tell},
};
use crate::{
    clock,
    engine::{
        backoff::{Backoff, Jitter, Plan},
        net::cancel::Cancel,
        reactor::vigil::Vigil,
    },
    error::{Error, Result, Status, code},
    log,
    value::{Document, Object, Tree},
};

/// The id that was wished for is another session's.
const TAKEN: i64 = 468;
/// When a name or an id is asked for again that is taken: as a rule by the old handle, whose end takes the server a moment.
const TAKEN_YET: Plan = Plan {
    delay: Duration::from_millis(50),
    factor: 2.0,
    max_delay: Duration::from_secs(1),
    max_retries: Some(8),
    jitter: Jitter::Equal,
};

/// Begins to make a session again that is astray. Whoever was at it on a connection before gives way.
pub(super) fn begin(session: &Arc<Session>) {
    let Some((before, cancel)) = session.restorer() else { return };
    let own = Arc::clone(session);
    let begun = session.line.lent.reactor.run(async move { Box::pin(run(&own, before, &cancel)).await });
    if let Err(error) = begun {
        session.ended(Tree::Null, Some(error));
    }
}

async fn run(session: &Arc<Session>, before: Before, cancel: &Arc<Cancel>) {
    let mut vigil = Vigil::new(Arc::clone(cancel));
    let mut backoff = Backoff::new(session.line.terms().plan);
    loop {
        let error = match again(session, &before, &mut vigil).await {
            Ok(fared) => {
                if session.found(cancel) {
                    tell(session, before.id, fared);
                    session.line.flush();
                }
                return;
            }
            Err(error) => error,
        };
        // The next connection begins anew.
        if cancel.is_cancelled() || error.code() == code::CONNECTION_LOST.word {
            return;
        }
        let delay = may_pass(&error).then(|| backoff.next_delay()).flatten();
        let Some(delay) = delay else {
            log::warn(c"janus", || format!("a session could not be made again: {error}"));
            return session.ended(Tree::Null, Some(error));
        };
        if session.exists() {
            let _ = session.line.tell(session.destruction());
        }
        log::debug(c"janus", || format!("a session is made again in {} ms: {error}", delay.as_millis()));
        if vigil.sleep(delay).await.is_err() {
            return;
        }
    }
}

/// Whether another try may succeed: the server takes no sessions for now, or has forgotten the new one as well.
fn may_pass(error: &Error) -> bool {
    error.is_retryable()
        || error.code() == code::SESSION_LOST.word
        || matches!(error.status(), Status::Io | Status::Timeout)
}

async fn again(session: &Arc<Session>, before: &Before, vigil: &mut Vigil) -> Result<Vec<Fared>> {
    let deadline = clock::now() + session.line.terms().timeout;
    create(session, vigil, deadline).await?;
    let mut fared = attach(session, before, vigil, deadline).await?;
    declare(session, &mut fared, vigil, deadline).await?;
    Ok(fared)
}

fn ask(request: Request, session: &Arc<Session>) -> Result<Asked> {
    session.line.ask(Request { ahead: true, ..request }, false)
}

async fn create(session: &Arc<Session>, vigil: &mut Vigil, deadline: Instant) -> Result<()> {
    let create = || Request { brings: Brings::Session(Arc::clone(session)), ..Request::new("create") };
    // The host's choice, where it made one: somebody else may have it by now.
    if let Origin::Created(Some(id)) = session.origin() {
        let members = Members::default().with("id", &Tree::from(id));
        let answer = ask(Request { members, ..create() }, session)?.wait_on(vigil, deadline).await?;
        match refusal::number(answer.root()) {
            None => return Ok(()),
            Some(TAKEN) => {}
            Some(_) => return Err(refusal::core(answer.root())),
        }
    }
    let answer = ask(create(), session)?.wait_on(vigil, deadline).await?;
    refusal::number(answer.root()).map_or(Ok(()), |_| Err(refusal::core(answer.root())))
}

async fn attach(session: &Arc<Session>, before: &Before, vigil: &mut Vigil, deadline: Instant) -> Result<Vec<Fared>> {
    let mut asked = Vec::with_capacity(before.handles.len());
    // One that was closed meanwhile is nobody's.
    for (handle, old_id) in before.handles.iter().filter(|(handle, _)| !handle.is_over()) {
        if handle.is_detached() {
            handle.ended(None);
            continue;
        }
        let attach = match handle.wish.plugin {
            Some(_) => Some(ask(handle.attaching(), session)?),
            None => None,
        };
        asked.push((handle, *old_id, attach));
    }
    let mut fared = Vec::with_capacity(asked.len());
    for (handle, old_id, attach) in asked {
        let mut one = Fared::new(handle, old_id);
        match attach {
            None => {
                let message = "the handle could not be attached again: its plugin was not named when it was taken over";
                one.error = Some(Error::new(&code::HANDLE_LOST, message));
            }
            Some(attach) => {
                let answer = attach.wait_on(vigil, deadline).await?;
                forgotten_again(&answer)?;
                if refusal::number(answer.root()).is_some() {
                    one.error = Some(refusal::attach(answer.root(), handle.plugin()));
                }
            }
        }
        fared.push(one);
    }
    Ok(fared)
}

/// The new session is gone as well.
fn forgotten_again(answer: &Document) -> Result<()> {
    match refusal::number(answer.root()) {
        Some(refusal::NO_SESSION) => Err(refusal::core(answer.root())),
        _ => Ok(()),
    }
}

/// Has the handles declare again what they had: the first thing of each, then the second of each, and so on.
async fn declare(session: &Arc<Session>, fared: &mut [Fared], vigil: &mut Vigil, deadline: Instant) -> Result<()> {
    let declared = |one: &Fared| if one.error.is_some() { Vec::new() } else { one.handle.declared() };
    let wanted: Vec<Vec<Again>> = fared.iter().map(declared).collect();
    let most = wanted.iter().map(Vec::len).max().unwrap_or(0);
    for round in 0..most {
        let mut asked = Vec::new();
        for (at, (one, list)) in fared.iter_mut().zip(&wanted).enumerate() {
            let Some(again) = list.get(round) else { continue };
            // Nothing holds without what it stands on.
            let stands = one.not_restored.is_empty();
            match (again.media, stands) {
                (true, _) => one.lacks(again, "media", None),
                (false, false) => one.lacks(again, "earlier", None),
                (false, true) => asked.push((at, again, ask(repeated(&one.handle, again), session)?)),
            }
        }
        let mut backoff = Backoff::new(TAKEN_YET);
        loop {
            let mut taken = Vec::new();
            for (at, again, asked) in asked {
                let answer = asked.wait_on(vigil, deadline).await;
                let Some(one) = fared.get_mut(at) else { continue };
                let refused = match answer {
                    Ok(answer) => {
                        forgotten_again(&answer)?;
                        noted(one, again, &answer)
                    }
                    // Nobody knows what became of it; the handle itself is there.
                    Err(error) if error.code() == code::TOTAL_TIMEOUT.word => {
                        one.lacks(again, "unanswered", None);
                        None
                    }
                    Err(error) => return Err(error),
                };
                match refused {
                    None => {}
                    Some(error) if error.status() == Status::Conflict => taken.push((at, again, error)),
                    Some(error) => one.lacks(again, "refused", Some(error)),
                }
            }
            let delay = if taken.is_empty() { None } else { backoff.next_delay() };
            let delay = delay.filter(|delay| clock::now() + *delay < deadline);
            asked = Vec::with_capacity(taken.len());
            if let Some(delay) = delay {
                vigil.sleep(delay).await?;
            }
            for (at, again, error) in taken {
                let Some(one) = fared.get_mut(at) else { continue };
                match delay {
                    Some(_) => asked.push((at, again, ask(repeated(&one.handle, again), session)?)),
                    None => one.lacks(again, "refused", Some(error)),
                }
            }
            if asked.is_empty() {
                break;
            }
        }
    }
    for one in fared.iter().filter(|one| !one.not_restored.is_empty()) {
        // The host does that again, and it is noted then.
        one.handle.keep(&one.kept);
    }
    Ok(())
}

/// Notes an answer, unless it is a refusal of what was declared.
fn noted(one: &mut Fared, again: &Again, answer: &Document) -> Option<Error> {
    let root = answer.root();
    if refusal::number(root).is_some() {
        return Some(refusal::core(root));
    }
    let data = root.at("/plugindata/data");
    let refused = data.and_then(|data| refusal::plugin(one.handle.plugin(), data));
    if refused.is_none() {
        one.has(again, data.map(|data| data.to_tree()));
    }
    refused
}

fn repeated(handle: &Arc<Handle>, again: &Again) -> Request {
    let body: Object = again.body.clone();
    let members = Members::default().with("body", &Tree::Object(body));
    Request { members, ..Request::new("message").to(handle) }
}
