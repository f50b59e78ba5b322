//! The sessions on a line: they come, are known by their ids and go; with the last one the line ends.

use std::{sync::Arc, time::Instant};

use super::{Line, Phase, Session};
use crate::{
    engine::reactor::{caller::Caller, promise},
    error::{Error, Result, code},
};

impl Line {
    /// A session uses the line from now on.
    pub fn join(&self, session: &Arc<Session>) {
        self.state.lock().members.push(Arc::clone(session));
    }

    /// The session has this id on the server from now on.
    pub fn know(&self, id: u64, session: &Arc<Session>) {
        let mut state = self.state.lock();
        state.sessions.insert(id, Arc::clone(session));
        let road = state.road.clone();
        drop(state);
        if let Some(road) = road {
            road.watch(id);
        }
    }

    /// The server does not know the id any more, or nobody here does.
    pub fn forget(&self, id: u64) {
        let mut state = self.state.lock();
        let session = state.sessions.remove(&id);
        let road = state.road.clone();
        drop(state);
        if let Some(road) = road {
            road.unwatch(id);
        }
        drop(session);
    }

    /// A session does not use the line any more; true when it was the last, and the line is to be ended.
    pub fn part(&self, session: &Arc<Session>) -> bool {
        let mut state = self.state.lock();
        let before = state.members.len();
        state.members.retain(|member| !Arc::ptr_eq(member, session));
        before > 0 && state.members.is_empty()
    }

    /// Ends the connection politely, and waits for that until `deadline`.
    ///
    /// # Errors
    /// `total_timeout`.
    pub fn close(self: &Arc<Self>, deadline: Instant) -> Result<()> {
        let (giver, mut taker) = promise::pair();
        self.leave(Some(giver));
        let over = Caller::new().wait(None, Some(deadline), |cx| taker.poll_take(cx))?;
        if over.is_none() {
            self.abandon();
        }
        let mut done = match over {
            Some(_) => Ok(()),
            None => {
                Err(Error::new(&code::TOTAL_TIMEOUT, "the server did not end the connection in time").phase("close"))
            }
        };
        for carrier in &self.carriers {
            done = done.and(carrier.close(deadline));
        }
        match &self.web {
            Some(web) => done.and(web.close(false, deadline)),
            None => done,
        }
    }

    /// Takes nothing more and ends the connection politely. `departure` hears when it is over. Never waits.
    pub fn leave(&self, departure: Option<promise::Giver<()>>) {
        let mut state = self.state.lock();
        let begins = !std::mem::replace(&mut state.leaving, true);
        let Some(cancel) = state.cancel.clone() else {
            drop(state);
            if let Some(giver) = departure {
                giver.give(());
            }
            return;
        };
        state.departures.extend(departure);
        let road = state.road.clone().filter(|_| begins && state.phase == Phase::Ready);
        drop(state);
        match road {
            Some(road) => road.leave(),
            None if begins => cancel.cancel(),
            None => {}
        }
    }

    /// Ends what runs, at once.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.leaving = true;
        let cancel = state.cancel.clone();
        drop(state);
        if let Some(cancel) = cancel {
            cancel.cancel();
        }
        for carrier in &self.carriers {
            carrier.abandon();
        }
        if let Some(web) = &self.web {
            web.abandon();
        }
    }
}
