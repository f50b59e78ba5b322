//! Several spans of one series, a few at a time on the one connection: their calls are the reactor's, and the thread of the
//! caller reads their points as they come.

use std::{collections::VecDeque, sync::Arc, task::Poll};

use super::{Found, Single, Span, Spans, too_dense};
use crate::{
    backends::{
        Late,
        mesh::{
            points::{Piece, join},
            refusal,
            verbs::{Way, way::is_too_large},
            wire,
        },
    },
    engine::{
        net::cancel::Cancel,
        reactor::{
            caller::Caller,
            promise::{self, Taker},
        },
    },
    error::{Error, Result, code},
    value::Tree,
};

/// How many calls are under way at once. Their answers are held until they are read.
const AT_ONCE: usize = 4;

/// A call under way. Dropping it cancels it.
struct Flight {
    span: Span,
    cancel: Arc<Cancel>,
    taker: Taker<Late>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Reads the spans, which touch, and joins them.
pub(super) fn read(single: &Single, way: &Way, mut spans: Spans) -> Result<Found> {
    // Halves of what was still too long, before what comes behind it.
    let mut waiting = VecDeque::new();
    let mut flights: Vec<Flight> = Vec::new();
    let mut read: Vec<(Span, Found)> = Vec::new();
    loop {
        while flights.len() < AT_ONCE
            && let Some(span) = waiting.pop_front().or_else(|| spans.next())
        {
            match launch(single, way, span)? {
                Some(flight) => flights.push(flight),
                None => take(single, slow(single, way, span), span, &mut waiting, &mut read)?,
            }
        }
        if flights.is_empty() {
            return Ok(joined(read));
        }
        let (at, late) = first(way, &mut flights)?;
        // Held until its answer was read: letting go of it ends it.
        let flight = flights.swap_remove(at);
        let span = flight.span;
        let found = match late.and_then(|late| late().map_err(refusal::on_the_way)) {
            Ok(answer) => {
                way.used();
                Single::only(&*answer, way.most())
            }
            Err(error) => Err(error),
        };
        let found = match found.map_err(|error| way.terms.told(error)) {
            // Somebody who may wait gets another token.
            Err(error) if refusal::wants_token(&error) => slow(single, way, span),
            found => found,
        };
        take(single, found, span, &mut waiting, &mut read)?;
    }
}

/// Keeps what was read of a span, or has it read in halves.
fn take(
    single: &Single,
    found: Result<Found>,
    span: Span,
    waiting: &mut VecDeque<Span>,
    read: &mut Vec<(Span, Found)>,
) -> Result<()> {
    match found {
        Err(error) if is_too_large(&error) => {
            let halves = single.halves(span).ok_or_else(too_dense)?;
            halves.into_iter().rev().for_each(|half| waiting.push_front(half));
        }
        found => read.push((span, found?)),
    }
    Ok(())
}

/// One span on the caller's own thread.
fn slow(single: &Single, way: &Way, span: Span) -> Result<Found> {
    let (path, message) = single.message(way.session, single.around(span))?;
    Single::only(&*way.send(path, &wire::frame(&message)?)?, way.most())
}

fn launch(single: &Single, way: &Way, span: Span) -> Result<Option<Flight>> {
    let (path, message) = single.message(way.session, single.around(span))?;
    let cancel = Arc::<Cancel>::default();
    let Some(pending) = way.begin(path, &wire::frame(&message)?, &cancel)? else { return Ok(None) };
    let (giver, taker) = promise::pair();
    way.core.lent.reactor.run(async move { giver.give(pending.await) })?;
    Ok(Some(Flight { span, cancel, taker }))
}

/// Waits for whichever is answered first.
fn first(way: &Way, flights: &mut [Flight]) -> Result<(usize, Result<Late>)> {
    let gone = || Error::new(&code::CLOSED, "the session was closed while a series was read");
    let found = Caller::new().wait(Some(&way.terms.cancel), None, |cx| {
        for (at, flight) in flights.iter_mut().enumerate() {
            if let Poll::Ready(late) = flight.taker.poll_take(cx) {
                return Poll::Ready((at, late.ok_or_else(gone)));
            }
        }
        Poll::Pending
    })?;
    found.ok_or_else(gone)
}

/// The whole: the points of all, and what was told of the first, with the interval from the first to the last.
fn joined(mut read: Vec<(Span, Found)>) -> Found {
    read.sort_by_key(|(span, _)| span.start);
    let end = |found: &Found, at: usize| {
        found.meta.get("interval").and_then(Tree::as_array).and_then(|ends| ends.get(at)).and_then(Tree::as_int)
    };
    let start = read.iter().filter_map(|(_, found)| end(found, 0)).min();
    let last = read.iter().filter_map(|(_, found)| end(found, 1)).max();
    let mut meta = read.first().map(|(_, found)| found.meta.clone()).unwrap_or_default();
    if let (Some(start), Some(end)) = (start, last) {
        meta.insert("interval", Span { start, end }.tree());
    }
    let piece = |(span, found): (Span, Found)| Piece {
        start: span.start,
        end: span.end,
        series: Arc::unwrap_or_clone(found.series),
    };
    Found { series: Arc::new(join(read.into_iter().map(piece).collect())), meta }
}
