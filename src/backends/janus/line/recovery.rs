//! What becomes of sessions after a loss (spec/janus.md 2.6): each is claimed on the new connection before anything else
//! goes out there; what the server has forgotten is made again or ends, as the host wants.

use std::sync::Arc;

use super::{
    super::{refusal, session::Session, settings::Recover, transactions::Stage},
    Line, Request, again,
    fate::{Fared, tell},
    recreate,
};
use crate::{
    backends::Change,
    clock,
    engine::reactor::vigil::Vigil,
    error::{Error, Outcome, Result},
    log,
    value::Tree,
};

/// What became of one session on a new connection.
pub enum Fate {
    /// It is there.
    Restored,
    /// It is made again from here on.
    Astray,
    /// It is not, and its handle ends with this.
    Ended(Error),
}

impl Line {
    /// Looks for all sessions on a new connection, all at once: claims them where the carrier needs it, asks for them where
    /// not.
    ///
    /// # Errors
    /// What ends the connection again.
    pub(super) async fn restore(
        self: &Arc<Self>,
        claims: bool,
        vigil: &mut Vigil,
    ) -> Result<Vec<(Arc<Session>, Fate)>> {
        let sessions: Vec<Arc<Session>> =
            self.state.lock().members.iter().filter(|session| session.id().is_some()).cloned().collect();
        let recreates = self.terms().recover == Recover::Recreate;
        // A server that lets nobody claim has nothing to be claimed (trap 7).
        let vain = recreates && claims && self.promised("reclaim-session-timeout").is_some_and(|time| time.is_zero());
        let deadline = clock::now() + self.terms().timeout;
        let mut asked = Vec::with_capacity(sessions.len());
        let mut fates = Vec::with_capacity(sessions.len());
        for session in sessions {
            if session.is_astray() || (vain && session.stray()) {
                fates.push((session, Fate::Astray));
                continue;
            }
            let request = match claims {
                true => Request::new("claim"),
                false => Request::new("keepalive").acked(),
            };
            let claim = self.ask(Request { ahead: true, ..request.of(&session) }, false)?;
            asked.push((session, claim));
        }
        for (session, claim) in asked {
            let answer = claim.wait_on(vigil, deadline).await?;
            let fate = match refusal::number(answer.root()) {
                None => Fate::Restored,
                Some(refusal::NO_SESSION) if recreates && session.stray() => Fate::Astray,
                Some(_) => Fate::Ended(refusal::core(answer.root())),
            };
            fates.push((session, fate));
        }
        Ok(fates)
    }

    /// What the server had taken of a session that it has forgotten: events that would answer come no more. What was not
    /// taken yet will be refused, and can be sent again.
    fn doubt_taken(&self, session: &Arc<Session>, why: &Error) {
        let of_it = |request: &Request| request.session.as_ref().is_some_and(|it| Arc::ptr_eq(it, session));
        let mut state = self.state.lock();
        let taken = state
            .table
            .take_all(|entry| entry.stage == Stage::Acked && !entry.it.request.ahead && of_it(&entry.it.request));
        drop(state);
        for (number, entry) in taken {
            session.doubt(entry.it.request.handle.as_ref(), entry.it.request.verb(), &self.named(&entry, number));
            if let Some(giver) = entry.it.giver {
                giver.give(Err(again(why).outcome(Outcome::Unknown)));
            }
        }
    }
}

/// The server has forgotten a session while the connection stands (a `timeout` event, 458 to a request).
pub(in super::super) fn forgotten(session: &Arc<Session>, error: Error) {
    log::debug(c"janus", || format!("the server has forgotten a session: {error}"));
    if session.is_astray() {
        return;
    }
    if session.line.terms().recover == Recover::Recreate && session.stray() {
        session.line.doubt_taken(session, &error);
        session.tell(&|| Change::Lost(again(&error)));
        recreate::begin(session);
    } else {
        session.ended(Tree::Null, Some(error));
    }
}

/// Tells a session what became of it.
pub(super) fn settle(session: &Arc<Session>, fate: Fate) {
    match fate {
        Fate::Restored => {
            // The server's word that it has detached one may have gone with the connection.
            let (over, there): (Vec<_>, Vec<_>) =
                session.handles().into_iter().partition(|handle| handle.is_detached());
            over.iter().for_each(|handle| handle.ended(None));
            let fared = there.iter().filter_map(|handle| Some(Fared::new(handle, handle.id()?))).collect();
            tell(session, session.id().unwrap_or(0), fared);
        }
        Fate::Astray => recreate::begin(session),
        Fate::Ended(error) => session.ended(Tree::Null, Some(error)),
    }
}
