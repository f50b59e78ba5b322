//! A request that asks the server to speak another protocol on the same connection from then on (RFC 9110 7.8), on the
//! reactor. The connection is always a new one, and no pool knows it.

use std::sync::Arc;

use super::{
    answer::{Answer, Marks, Opening},
    carrier::explain,
    flow::WiredLease,
    hold::Hold,
    machine::{Machine, Outbound},
    order::Payload,
    talk::{Counts, Talk, Trouble},
};
use crate::{
    clock,
    engine::{
        net::{
            limits::{Guard, Limits},
            pool::{Pool, PoolOptions},
            route::Route,
        },
        reactor::{dial, vigil::Vigil, wire::Wired},
    },
    error::Result,
};

/// What the server made of it.
pub enum Switch {
    /// The connection speaks the other protocol; what was received of it already is in its buffer.
    Done(Box<Wired>, Vec<u8>),
    /// An ordinary answer, with its body still to be read on the reactor.
    Refused(Box<Answer>),
}

/// Sends `head`, which asks for the switch, over a connection of its own.
///
/// # Errors
/// Those of connecting and of an exchange.
pub async fn switch(route: &Arc<Route>, head: &[u8], limits: &Limits, vigil: &mut Vigil) -> Result<Switch> {
    let cancel = Arc::clone(vigil.cancel());
    let mut machine = Machine::start("GET", head, Outbound::None)?;
    let mut marks = Marks::at(clock::now());
    let (mut wired, steps) = Box::pin(dial::establish(route, limits, vigil)).await?;
    marks.resolved = Some(steps.resolved);
    marks.connected = Some(steps.connected);
    marks.secured = steps.secured;
    let Wired { watched, connection } = &mut *wired;
    let mut talk = Talk {
        connection,
        machine: &mut machine,
        guard: Guard::exchange(limits, &cancel),
        watch: None,
        counts: Counts::default(),
        sent_at: None,
        first_at: None,
        head_at: None,
        touched: false,
        early: None,
        farewell: None,
    };
    let result = talk.run_on(watched, vigil, head, &mut Payload::None, None).await;
    let counts = talk.counts;
    (marks.sent, marks.first, marks.head) = (talk.sent_at, talk.first_at, talk.head_at);
    let opening = match result {
        Ok(head) => Opening { head, marks, reused: false, counts, limits: *limits, cancel: &cancel, watch: None },
        Err(Trouble::Stale(error) | Trouble::Failed(error)) => return Err(explain(error, false, counts)),
    };
    let lease = WiredLease { wired: Some(wired), place: None, home: Arc::new(Pool::new(PoolOptions::default())) };
    let mut answer = Answer::open(Hold::Wired(lease), machine, opening)?;
    if answer.status == 101
        && let Hold::Wired(lease) = &mut answer.hold
        && let Some(wired) = lease.wired.take()
    {
        return Ok(Switch::Done(wired, std::mem::take(&mut answer.raw_head)));
    }
    Ok(Switch::Refused(Box::new(answer)))
}
