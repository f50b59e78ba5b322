//! Reads several series in one call: the answers come in the order of the targets. One that is too long for a message is
//! read on its own, and the rest goes on behind it.

use std::{collections::VecDeque, sync::Arc};

use super::{
    Found, Single, another_number,
    ask::{self, Span, Transform},
};
use crate::{
    backends::{
        Answer, Plain, Rest,
        mesh::{
            form::{Guid, encode},
            points::LIMIT,
            schema::{Kind, tables::time_series},
            verbs::{Ask, Plan, Way, way::is_too_large},
            wire::{self, Messages},
        },
    },
    error::{Error, Result},
    value::{Document, Object, Tree},
};

const READ: &str = "/volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTimeseriesStream";
const TRANSFORM: &str = "/volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTransformedTimeseries";
/// What a target takes in a request besides its text, at the most: id, key, interval, transformation.
const AROUND: usize = 128;

/// A read of several series.
struct Several {
    targets: Arc<[Tree]>,
    span: Span,
    transform: Option<Transform>,
    trim: bool,
    stream: bool,
}

/// The plan of `read_series` with `targets`.
pub(super) fn plan(ask: &Ask<'_>, targets: &Tree) -> Result<Box<dyn Plan>> {
    let list = targets
        .as_array()
        .ok_or_else(|| Error::option("targets", format!("targets was {}; a list was expected", targets.kind_name())))?;
    let named = |(index, value): (usize, &Tree)| {
        ask::target("targets", value).map_err(|error| error.with("index", i64::try_from(index).unwrap_or(i64::MAX)))
    };
    Ok(Box::new(Several {
        targets: list.iter().enumerate().map(named).collect::<Result<_>>()?,
        span: ask::span(ask)?,
        transform: Transform::read(ask)?,
        trim: ask.args.bool("trim")?.unwrap_or(false),
        stream: ask.args.bool("stream")?.unwrap_or(false),
    }))
}

impl Several {
    fn message(&self, session: Guid, targets: &[Tree]) -> Result<(&'static str, Vec<u8>)> {
        let mut fields = Object::with_capacity(3);
        fields.insert("session_id", Tree::from(session.to_string()));
        if let Some(transform) = &self.transform {
            fields.insert(
                "requests",
                Tree::Array(targets.iter().map(|target| transform.request(target, self.span)).collect()),
            );
            let message =
                encode(Kind::Message(&time_series::READ_TRANSFORMED_TIMESERIES_REQUEST), &Tree::Object(fields))?;
            return Ok((TRANSFORM, message));
        }
        fields.insert("timeseries_ids", Tree::Array(targets.to_vec()));
        fields.insert("interval", self.span.tree());
        Ok((READ, encode(Kind::Message(&time_series::READ_TIMESERIES_STREAM_REQUEST), &Tree::Object(fields))?))
    }

    /// How many of the targets from here on have room in one request.
    fn fitting(&self, from: usize) -> usize {
        let mut left = LIMIT;
        let fits = |target: &&Tree| {
            let length = target.get("path").and_then(Tree::as_str).map_or(0, str::len) + AROUND;
            left.checked_sub(length).map(|rest| left = rest).is_some()
        };
        // One that has no room at all is the server's to refuse.
        self.targets.iter().skip(from).take_while(fits).count().max(1)
    }

    fn trimmed(&self, mut found: Found) -> Found {
        if self.trim {
            found.tidy(self.span);
        }
        found
    }

    fn course(&self, way: &Way) -> Course {
        let several = Several { targets: Arc::clone(&self.targets), transform: self.transform.clone(), ..*self };
        Course { several, way: way.clone(), messages: None, until: 0, next: 0, ready: VecDeque::new(), failed: false }
    }
}

impl Plan for Several {
    fn one(&self, session: Guid) -> Result<Option<(String, Arc<[u8]>)>> {
        if self.stream || self.targets.is_empty() || self.fitting(0) < self.targets.len() {
            return Ok(None);
        }
        let (path, message) = self.message(session, &self.targets)?;
        Ok(Some((path.to_owned(), wire::frame(&message)?)))
    }

    fn show(&self, answer: &dyn Answer, most: usize) -> Result<Box<dyn Answer>> {
        let mut items = Vec::with_capacity(self.targets.len());
        for message in wire::slices(answer, most)? {
            items.extend(Found::all(message)?.into_iter().map(|found| self.trimmed(found).item()));
        }
        if items.len() != self.targets.len() {
            return Err(another_number());
        }
        Ok(Box::new(Plain::new(&Tree::Array(items), Object::default())))
    }

    fn run(&self, way: &Way) -> Result<Box<dyn Answer>> {
        let mut course = self.course(way);
        if self.stream {
            // A refusal of the call comes out of the call.
            course.ahead()?;
            return Ok(Box::new(Stream {
                course,
                meta: Document::from_object(&Object::default()),
                rest: Rest::default(),
            }));
        }
        let mut items = Vec::with_capacity(self.targets.len());
        while let Some(found) = course.next()? {
            items.push(found.item());
        }
        Ok(Box::new(Plain::new(&Tree::Array(items), Object::default())))
    }
}

/// The series one after the other, over as many calls as it takes.
struct Course {
    several: Several,
    way: Way,
    /// The call under way, for the targets up to `until`.
    messages: Option<Messages>,
    until: usize,
    /// The target that is answered next.
    next: usize,
    ready: VecDeque<Found>,
    failed: bool,
}

impl Course {
    /// The next series; `None` behind the last; an error once.
    fn next(&mut self) -> Result<Option<Found>> {
        if self.failed {
            return Ok(None);
        }
        let next = self.ahead().map(|()| self.ready.pop_front().map(|found| self.several.trimmed(found)));
        self.failed = next.is_err();
        next
    }

    /// The next one as an answer of its own.
    fn item(&mut self) -> Result<Option<Box<dyn Answer>>> {
        let found = self.next()?;
        Ok(found.map(|found| Box::new(Plain::new(&found.item(), Object::default())) as Box<dyn Answer>))
    }

    /// Sees to it that the next one is there, unless there is none.
    fn ahead(&mut self) -> Result<()> {
        while self.ready.is_empty() && (self.next < self.several.targets.len() || self.messages.is_some()) {
            match self.step() {
                Err(error) if is_too_large(&error) && self.next < self.several.targets.len() => {
                    // The rest of the call is not waited for.
                    self.messages = None;
                    let target = self.several.targets.get(self.next).cloned().unwrap_or_default();
                    let single = Single::among(target, self.several.span, self.several.transform.clone());
                    self.ready.push_back(single.find(&self.way)?);
                    self.next += 1;
                }
                step => step?,
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        let messages = match &mut self.messages {
            Some(messages) => messages,
            none => {
                self.until = self.next + self.several.fitting(self.next);
                let targets =
                    self.several.targets.get(self.next..self.until.min(self.several.targets.len())).unwrap_or_default();
                self.until = self.next + targets.len();
                let (path, message) = self.several.message(self.way.session, targets)?;
                let messages = self.way.core.wire.stream(path, &message, &self.way.terms)?;
                self.way.used();
                none.insert(messages)
            }
        };
        match messages.next()? {
            Some(message) => {
                let found = Found::all(&message)?;
                self.next += found.len();
                self.ready.extend(found);
                if self.next > self.until { Err(another_number()) } else { Ok(()) }
            }
            None => {
                self.messages = None;
                if self.next == self.until { Ok(()) } else { Err(another_number()) }
            }
        }
    }
}

/// The answers one by one.
struct Stream {
    course: Course,
    meta: Box<Document>,
    rest: Rest,
}

impl Answer for Stream {
    fn body(&self) -> &[u8] {
        self.rest.body()
    }

    fn value(&self) -> Option<&Document> {
        self.rest.value()
    }

    fn meta(&self) -> &Document {
        &self.meta
    }

    fn drain(&mut self) -> Result<()> {
        let Stream { course, rest, .. } = self;
        if course.failed { Ok(()) } else { rest.gather(|| course.item()) }
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        self.course.item()
    }
}
