//! What becomes of sessions after a loss (spec/janus.md 2.6): each is claimed on the new connection before anything else
//! goes out there; what the server has forgotten ends.

use std::sync::Arc;

use super::{
    super::{refusal, session::Session},
    Line, Request,
};
use crate::{
    backends::Change,
    clock,
    engine::reactor::vigil::Vigil,
    error::{Error, Result},
    log,
    value::{Object, Tree},
};

/// What became of one session on a new connection.
pub enum Fate {
    /// It is there: what RESTORED says.
    Restored(Tree),
    /// It is not, and its handle ends with this.
    Ended(Error),
}

impl Line {
    /// Claims all sessions, all at once, where the carrier needs it. Those that the server has forgotten end.
    ///
    /// # Errors
    /// What ends the connection again.
    pub(super) async fn restore(
        self: &Arc<Self>,
        claims: bool,
        vigil: &mut Vigil,
    ) -> Result<Vec<(Arc<Session>, Fate)>> {
        let sessions: Vec<Arc<Session>> = self.state.lock().sessions.values().cloned().collect();
        let deadline = clock::now() + self.terms().timeout;
        let mut asked = Vec::with_capacity(sessions.len());
        for session in sessions {
            let claim = if claims {
                let request = Request { ahead: true, ..Request::new("claim").of(&session) };
                Some(self.ask(request, false)?)
            } else {
                None
            };
            asked.push((session, claim));
        }
        let mut fates = Vec::with_capacity(asked.len());
        for (session, claim) in asked {
            let refused = match claim {
                None => None,
                Some(claim) => {
                    let answer = claim.wait_on(vigil, deadline).await?;
                    refusal::number(answer.root()).map(|_| refusal::core(answer.root()))
                }
            };
            let fate = match refused {
                None => Fate::Restored(restored(&session)),
                Some(error) => recreate(&session, error).await,
            };
            fates.push((session, fate));
        }
        Ok(fates)
    }
}

/// What RESTORED says of a session that was claimed: its ids did not change.
fn restored(session: &Session) -> Tree {
    let id = session.id().map_or(Tree::Null, Tree::from);
    let mut value = Object::with_capacity(2);
    value.insert("old_id", id.clone());
    value.insert("id", id);
    Tree::Object(value)
}

/// The server has forgotten a session and the connection is new: the place where `recover: "recreate"` makes it again.
async fn recreate(_session: &Arc<Session>, error: Error) -> Fate {
    Fate::Ended(error)
}

/// The server has forgotten a session while the connection stands (a `timeout` event, 458 to a request).
pub(in super::super) fn forgotten(session: &Arc<Session>, error: Error) {
    log::debug(c"janus", || format!("the server has forgotten a session: {error}"));
    session.ended(Tree::Null, Some(error));
}

/// Tells a session what became of it.
pub(super) fn settle(session: &Arc<Session>, fate: Fate) {
    match fate {
        Fate::Restored(value) => session.tell(&|| Change::Restored(value.clone())),
        Fate::Ended(error) => session.ended(Tree::Null, Some(error)),
    }
}
