//! Reads one series. What fits into a message is one call. A longer one is cut: by its resolution, which stands in the head
//! of the message that was too long, else in halves until they fit. The spans are read several at a time.

mod spans;

use std::sync::Arc;

use super::{
    Found, another_number,
    ask::{self, Span, Transform},
};
use crate::{
    backends::{
        Answer,
        mesh::{
            form::{Guid, decode, encode},
            points::{self, step_ms},
            schema::{Kind, tables::time_series},
            verbs::{Ask, Plan, Way, way::is_too_large},
            wire,
        },
    },
    engine::{
        arrow,
        grpc::{
            frame::{PREFIX, begun},
            protobuf::{Fields, Wire},
        },
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

const READ: &str = "/volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTimeseries";
const TRANSFORM: &str = "/volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTransformedTimeseries";

/// The shortest step of a resolution, in milliseconds.
const SHORTEST: i64 = 60_000;
/// A submitted read that would be cut so often in the worst case is still tried in one call.
const HOPED: i64 = 8;
/// What is kept of a message for what is not points: ids, paths, the interval.
const REST: usize = 16 << 10;
/// Room that is made ready at once.
const STEP: usize = 128 << 10;
/// What is read of the head of a message that may be too long.
const HEAD: usize = 64 << 10;

/// A read of one series.
#[derive(Clone, Debug)]
pub(in crate::backends::mesh) struct Single {
    target: Tree,
    span: Span,
    transform: Option<Transform>,
    trim: bool,
}

/// Spans that touch.
type Spans = Box<dyn Iterator<Item = Span>>;

/// What came of one call.
enum Got {
    Found(Found),
    /// It was too long; the step of the series if it is known.
    TooLong(Error, Option<i64>),
}

impl Single {
    /// A read of the points of an interval and of no others.
    pub fn watched(target: Tree, span: Span) -> Single {
        Single { target, span, transform: None, trim: true }
    }

    pub(super) fn plan(ask: &Ask<'_>) -> Result<Single> {
        let target = ask::target("target", &Tree::from(ask.target()?))?;
        Ok(Single {
            target,
            span: ask::span(ask)?,
            transform: Transform::read(ask)?,
            trim: ask.args.bool("trim")?.unwrap_or(false),
        })
    }

    /// One target of several.
    pub(super) fn among(target: Tree, span: Span, transform: Option<Transform>) -> Single {
        Single { target, span, transform, trim: false }
    }

    /// The path and the message of one call.
    ///
    /// # Errors
    /// `argument`.
    pub fn message(&self, session: Guid, span: Span) -> Result<(&'static str, Vec<u8>)> {
        let mut fields = Object::with_capacity(3);
        fields.insert("session_id", Tree::from(session.to_string()));
        if let Some(transform) = &self.transform {
            fields.insert("requests", Tree::Array(vec![transform.request(&self.target, span)]));
            let message =
                encode(Kind::Message(&time_series::READ_TRANSFORMED_TIMESERIES_REQUEST), &Tree::Object(fields))?;
            return Ok((TRANSFORM, message));
        }
        fields.insert("timeseries_id", self.target.clone());
        fields.insert("interval", span.tree());
        Ok((READ, encode(Kind::Message(&time_series::READ_TIMESERIES_REQUEST), &Tree::Object(fields))?))
    }

    /// The one series of an answer that was read as a whole.
    ///
    /// # Errors
    /// `protocol`, `message_too_large`.
    pub fn only(answer: &dyn Answer, most: usize) -> Result<Found> {
        let mut found = Vec::new();
        for message in wire::slices(answer, most)? {
            found.append(&mut Found::all(message)?);
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(another_number()),
        }
    }

    /// The one call that is enough, but for series that are closer than is to be expected.
    ///
    /// # Errors
    /// `argument`.
    pub fn call(&self, session: Guid) -> Result<Option<(&'static str, Arc<[u8]>)>> {
        if self.may_be_long(points::LIMIT, HOPED) {
            return Ok(None);
        }
        let (path, message) = self.message(session, self.span)?;
        Ok(Some((path, wire::frame(&message)?)))
    }

    /// What the answer to that call brought.
    ///
    /// # Errors
    /// What the server refused; `protocol`, `message_too_large`.
    pub fn shown(&self, answer: &dyn Answer, most: usize) -> Result<Found> {
        Ok(self.trimmed(Single::only(answer, most)?))
    }

    /// Reads it.
    ///
    /// # Errors
    /// What the server refused, what went wrong on the way; `message_too_large` when it cannot be cut.
    pub fn find(&self, way: &Way) -> Result<Found> {
        let step = self.transform.as_ref().and_then(|transform| transform.step);
        let known = step.and_then(|step| self.cut(way, Some(step)));
        let spans = match known {
            Some(spans) => spans,
            None => match self.whole(way)? {
                Got::Found(found) => return Ok(self.trimmed(found)),
                Got::TooLong(why, step) => {
                    // A cut within a day, a week, … would change the sum of it.
                    if self.transform.is_some() && self.fixed_step().is_none() {
                        return Err(why);
                    }
                    match self.cut(way, step) {
                        Some(spans) => spans,
                        None => Box::new(self.halves(self.span).ok_or(why)?.into_iter()),
                    }
                }
            },
        };
        spans::read(self, way, spans).map(|found| self.trimmed(found))
    }

    fn fixed_step(&self) -> Option<i64> {
        self.transform.as_ref().and_then(|transform| transform.step)
    }

    fn trimmed(&self, mut found: Found) -> Found {
        if self.trim {
            found.tidy(self.span);
        }
        found
    }

    /// Spans by the step, made as they are read: there may be more of them than memory holds. None when one is enough.
    fn cut(&self, way: &Way, step: Option<i64>) -> Option<Spans> {
        let (Span { start, end }, most) = (self.span, way.most());
        let spans = points::spans(start, end, step.unwrap_or(0), REST.min(most / 2), most);
        let mut spans = spans.map(|(start, end)| Span { start, end });
        let (first, second) = (spans.next()?, spans.next()?);
        Some(Box::new([first, second].into_iter().chain(spans)))
    }

    /// Two spans instead of one, if it is long enough.
    fn halves(&self, span: Span) -> Option<Vec<Span>> {
        let step = self.fixed_step().unwrap_or(1);
        let halves = points::halves(span.start, span.end).filter(|_| span.end - span.start > 2 * step)?;
        Some(halves.map(|(start, end)| Span { start, end }).to_vec())
    }

    /// What is asked for so that the points of a span are all there and right: a step of a transformation that begins
    /// before a cut, or that ends after it, would be made of a part of its points.
    fn around(&self, span: Span) -> Span {
        let Some(step) = self.fixed_step() else { return span };
        Span {
            start: span.start.saturating_sub(step).max(self.span.start),
            end: span.end.saturating_add(step).min(self.span.end),
        }
    }

    /// Whether a message can be too long even if the points are no closer than those of the shortest resolution.
    fn may_be_long(&self, most: usize, times: i64) -> bool {
        let step = self.fixed_step().unwrap_or(SHORTEST);
        let room = i64::try_from(arrow::fitting(most)).unwrap_or(i64::MAX);
        (self.span.end - self.span.start) / step > room.saturating_mul(times)
    }

    /// All of it in one call.
    fn whole(&self, way: &Way) -> Result<Got> {
        let (path, message) = self.message(way.session, self.span)?;
        let frame = wire::frame(&message)?;
        let got = if self.may_be_long(way.most(), 1) {
            careful(way, path, &frame)
        } else {
            way.send(path, &frame).and_then(|answer| Single::only(&*answer, way.most())).map(Got::Found)
        };
        match got {
            Err(error) if is_too_large(&error) => Ok(Got::TooLong(error, None)),
            got => got.map_err(|error| way.terms.told(error)),
        }
    }
}

impl Plan for Single {
    fn one(&self, session: Guid) -> Result<Option<(String, Arc<[u8]>)>> {
        Ok(self.call(session)?.map(|(path, frame)| (path.to_owned(), frame)))
    }

    fn show(&self, answer: &dyn Answer, most: usize) -> Result<Box<dyn Answer>> {
        Ok(self.shown(answer, most)?.alone())
    }

    fn run(&self, way: &Way) -> Result<Box<dyn Answer>> {
        Ok(self.find(way)?.alone())
    }
}

/// One call whose answer is looked at before it is taken in: the rest of a message that is too long stays where it is.
fn careful(way: &Way, path: &str, frame: &Arc<[u8]>) -> Result<Got> {
    let mut answer = way.open(path, frame)?;
    let mut held = vec![0; HEAD];
    let mut filled = 0;
    // The head of the message, or the end of the answer.
    while filled < HEAD && fill(&mut *answer, &mut held, &mut filled)? {}
    let head = held.get(..filled).unwrap_or_default();
    let length = match begun(head, way.most()) {
        Err(error) if is_too_large(&error) => {
            return Ok(Got::TooLong(error, step_of(head.get(PREFIX..).unwrap_or_default())));
        }
        Err(error) => return Err(error),
        Ok(begun) => begun.map_or(0, |(length, _)| length),
    };
    // A byte more than there should be, so that the end is seen.
    let whole = (PREFIX + length + 1).max(HEAD);
    held.reserve_exact(whole - held.len());
    loop {
        // What is made ready is filled at once, while the processor has it at hand.
        if filled == held.len() {
            held.resize((filled + STEP).min(whole), 0);
        }
        if filled == whole || !fill(&mut *answer, &mut held, &mut filled)? {
            break;
        }
    }
    let message = begun(held.get(..filled).unwrap_or_default(), way.most())?
        .and_then(|(length, rest)| rest.split_at_checked(length));
    let torn = message.is_none_or(|(_, rest)| !rest.is_empty());
    wire::end(&*answer, torn)?;
    let mut found = message.map_or(Ok(Vec::new()), |(message, _)| Found::all(message))?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(Got::Found(only)),
        _ => Err(another_number().outcome(Outcome::Applied)),
    }
}

/// Reads on; false at the end.
fn fill(answer: &mut dyn Answer, held: &mut [u8], filled: &mut usize) -> Result<bool> {
    let count =
        answer.read(held.get_mut(*filled..).unwrap_or_default()).map_err(crate::backends::mesh::refusal::on_the_way)?;
    *filled += count;
    Ok(count > 0)
}

/// The step of the series whose message begins like this, if it is a fixed one.
fn step_of(head: &[u8]) -> Option<i64> {
    let series = cut_off(head, 1)?;
    let resolution = cut_off(series, 2)?;
    let told = decode(Kind::Message(&crate::backends::mesh::schema::tables::common::RESOLUTION), resolution).ok()?;
    step_ms(told.get("type")?.as_str()?)
}

/// The content of a field of a message that is not there to its end.
fn cut_off(message: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut rest = message;
    while !rest.is_empty() {
        let mut fields = Fields::new(rest);
        match fields.next_field() {
            Ok(Some((number, Wire::Bytes(bytes)))) if number == wanted => return Some(bytes),
            Ok(Some(_)) => rest = fields.rest(),
            Ok(None) => return None,
            // The field that goes on behind what is there.
            Err(_) => {
                let key = crate::engine::grpc::protobuf::varint(&mut rest).ok()?;
                crate::engine::grpc::protobuf::varint(&mut rest).ok()?;
                return (key == u64::from(wanted) << 3 | 2).then_some(rest);
            }
        }
    }
    None
}

/// Nothing of a series could be read, however short the span.
fn too_dense() -> Error {
    Error::new(&code::MESSAGE_TOO_LARGE, "the points of a millisecond are more than a message holds")
}
