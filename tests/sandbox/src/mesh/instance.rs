//! When the recurrences of events take place (section 4.11).

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use tonic::Status;

use super::pb::UtcInterval;
use super::pb::availability::restriction_recurrence::RecurrenceOneof;
use super::pb::availability::{
    Recurrence, RecurrenceType, RestrictionInstance, RestrictionRecurrence, RevisionInstance, RevisionRecurrence,
};
use super::store::Event;
use super::time::{LAST_MS, ends_ms, millis, timestamp};

/// Instances of one recurrence that are looked at: one without an end would never end.
const INSTANCES_MAX: usize = 100_000;

/// Where and with which value an event takes place.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    pub start: i64,
    pub end: i64,
    pub value: f64,
}

impl Instance {
    fn interval(&self) -> UtcInterval {
        UtcInterval { start_time: Some(timestamp(self.start)), end_time: Some(timestamp(self.end)) }
    }

    /// As that of a revision.
    pub fn revision(&self) -> RevisionInstance {
        RevisionInstance { period: Some(self.interval()) }
    }

    /// As that of a restriction.
    pub fn restriction(&self) -> RestrictionInstance {
        RestrictionInstance { period: Some(self.interval()), value: self.value }
    }
}

/// Refuses a recurrence that contradicts itself.
pub fn check(recurrence: Option<&Recurrence>) -> Result<(), Status> {
    let recurrence = recurrence.ok_or_else(|| Status::invalid_argument("the recurrence is not set"))?;
    let once = recurrence.recurrence_type() == RecurrenceType::None;
    match recurrence.recur_every {
        Some(_) if once => {
            Err(Status::invalid_argument("recur_every must not be set for an event that takes place once"))
        }
        Some(0) => Err(Status::invalid_argument("recur_every must be at least 1")),
        None if !once => Err(Status::invalid_argument("recur_every must be set for an event that recurs")),
        _ => Ok(()),
    }
}

fn span(kind: RecurrenceType, count: i64) -> Option<Span> {
    match kind {
        RecurrenceType::None => None,
        RecurrenceType::Daily => count.try_into().ok().map(|count: i32| count.days()),
        RecurrenceType::Weekly => count.try_into().ok().map(|count: i32| count.weeks()),
        RecurrenceType::Monthly => count.try_into().ok().map(|count: i32| count.months()),
        RecurrenceType::Yearly => i16::try_from(count).ok().map(|count| count.years()),
    }
}

/// All beginnings up to `until`, counted from the first, so that the 31st stays the 31st where there is one.
fn beginnings(recurrence: &Recurrence, first: i64, until: i64) -> Vec<i64> {
    let until = until.min(recurrence.recur_until.as_ref().map_or(LAST_MS, millis));
    let mut all = vec![first];
    let Ok(from) = Timestamp::from_millisecond(first) else { return all };
    let from = from.to_zoned(TimeZone::UTC);
    let every = i64::from(recurrence.recur_every.unwrap_or(1).max(1));
    let mut count = every;
    while let Some(span) = span(recurrence.recurrence_type(), count) {
        let Ok(next) = from.checked_add(span) else { break };
        let next = next.timestamp().as_millisecond();
        if next > until || all.len() >= INSTANCES_MAX {
            break;
        }
        all.push(next);
        count += every;
    }
    all
}

/// The instances of a revision's recurrence that begin before `until`.
pub fn of_revision(recurrence: &RevisionRecurrence, until: i64) -> Vec<Instance> {
    let Some(kind) = &recurrence.recurrence else { return Vec::new() };
    let Ok((start, end)) = ends_ms(recurrence.period.as_ref()) else { return Vec::new() };
    let all = beginnings(kind, start, until).into_iter();
    all.map(|at| Instance { start: at, end: at + (end - start), value: 0.0 }).collect()
}

/// The instances of a restriction that begin before `until`. Of a complex one, each point holds until the next.
pub fn of_restriction(recurrence: &RestrictionRecurrence, until: i64) -> Vec<Instance> {
    match &recurrence.recurrence_oneof {
        Some(RecurrenceOneof::BasicRecurrence(basic)) => {
            let Some(kind) = &basic.recurrence else { return Vec::new() };
            let Ok((start, end)) = ends_ms(basic.period.as_ref()) else { return Vec::new() };
            let all = beginnings(kind, start, until).into_iter();
            all.map(|at| Instance { start: at, end: at + (end - start), value: basic.value }).collect()
        }
        Some(RecurrenceOneof::ComplexRecurrence(complex)) => {
            let Some(kind) = &complex.recurrence else { return Vec::new() };
            let points: Vec<_> = complex
                .values
                .iter()
                .filter_map(|point| Some((millis(point.timestamp.as_ref()?), point.value)))
                .collect();
            let Some((first, _)) = points.first().copied() else { return Vec::new() };
            let mut all = Vec::new();
            for begin in beginnings(kind, first, until) {
                for pair in points.windows(2) {
                    let (start, end) = (pair[0].0 - first + begin, pair[1].0 - first + begin);
                    all.push(Instance { start, end, value: pair[0].1 });
                }
                if points.len() == 1 {
                    all.push(Instance { start: begin, end: begin, value: points[0].1 });
                }
            }
            all
        }
        None => Vec::new(),
    }
}

/// The instances of an event that begin or end in `[start, end)`, earliest first.
pub fn search(event: &Event, start: i64, end: i64) -> Vec<Instance> {
    let mut all = match event {
        Event::Revision(revision, _) => revision.recurrences.iter().flat_map(|one| of_revision(one, end)).collect(),
        Event::Restriction(restriction) => {
            restriction.restriction_recurrence.as_ref().map(|one| of_restriction(one, end)).unwrap_or_default()
        }
    };
    all.retain(|one| (start <= one.start && one.start < end) || (start < one.end && one.end <= end));
    all.sort_by_key(|one| (one.start, one.end));
    all
}

/// The one that is on at a moment.
pub fn active(all: &[Instance], now: i64) -> Option<&Instance> {
    all.iter().find(|one| one.start <= now && now < one.end)
}
