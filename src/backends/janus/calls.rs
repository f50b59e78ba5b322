//! How calls are done: on the caller's own thread, or as futures on the reactor. Both end with the same answer.

use std::{sync::Arc, time::Instant};

use super::{
    answer,
    line::{Line, Request},
    settings,
};
use crate::{
    args::Args,
    backends::{Answer, Call, Late, Pending},
    clock,
    engine::reactor::vigil::Vigil,
    error::Result,
};

/// When a call is over at the latest.
///
/// # Errors
/// `argument`.
pub fn deadline(line: &Line, args: &Args) -> Result<Instant> {
    let time = match settings::timeout(args)? {
        Some(time) => time,
        None => line.terms().timeout,
    };
    Ok(clock::now() + time)
}

/// Does one and waits.
///
/// # Errors
/// What the server refused, what goes wrong on the way.
pub fn wait(
    line: &Arc<Line>,
    request: Request,
    call: &Call<'_>,
    plugin: &str,
    deadline: Instant,
) -> Result<Box<dyn Answer>> {
    let message = line.ask(request, true)?.wait(call.cancel, deadline)?;
    answer::read(message, plugin, call.verb == Some("raw"))
}

/// Begins one; the order of the begins is the order on the wire.
///
/// # Errors
/// What cannot be begun.
pub fn begin(line: &Arc<Line>, request: Request, call: &Call<'_>, plugin: &str, deadline: Instant) -> Result<Pending> {
    let asked = line.ask(request, false)?;
    let (cancel, plugin, is_raw): (_, Box<str>, _) = (Arc::clone(call.cancel), plugin.into(), call.verb == Some("raw"));
    Ok(Box::pin(async move {
        let mut vigil = Vigil::new(cancel);
        let done = asked.wait_on(&mut vigil, deadline).await;
        let late: Late = Box::new(move || done.and_then(|message| answer::read(message, &plugin, is_raw)));
        late
    }))
}
