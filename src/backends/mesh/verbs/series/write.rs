//! Replaces the points of an interval. What is wrong with them is told before anything is sent; what no message can hold is
//! written in chunks whose intervals touch, in order, up to the first that fails.

use std::sync::Arc;

use super::ask;
use crate::{
    args::Args,
    backends::{
        Answer, Plain,
        mesh::{
            form::{Guid, encode},
            points::{Chunk, Points, given, step_ms},
            schema::{Kind, tables::time_series},
            verbs::{Ask, Plan, Way},
            wire,
        },
    },
    engine::{
        arrow::{self, Outflow},
        grpc::{
            frame::PREFIX,
            protobuf::{put_bytes, put_varint},
        },
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

const WRITE: &str = "/volue.mesh.grpc.time_series.v1alpha.TimeseriesService/WriteTimeseries";
/// Bytes of the field with the session's id.
const SESSION: usize = 20;
/// Points that have no more bytes are sent as a whole.
const WHOLE: usize = 64 << 10;
/// What an Arrow stream has before its columns, about.
const HEADS: usize = 512;

/// A write.
struct Write {
    target: Tree,
    points: Points,
    chunks: Vec<Chunk>,
}

/// The plan of `write_series`.
pub(super) fn plan(ask: &Ask<'_>) -> Result<Box<dyn Plan>> {
    let value = ask.need("points")?;
    let series = given("points", value)?;
    // What a read told beside the points, given as it is or as the item of several that the points are in.
    let read = match ask.get("meta") {
        Some(meta) => Some(meta.as_object().ok_or_else(|| {
            Error::option("meta", format!("meta was {}; what a read told was expected", meta.kind_name()))
        })?),
        None => value.as_object().filter(|item| item.contains("series")),
    };
    let target = match (ask.target, read) {
        (Some(target), _) => ask::target("target", &Tree::from(target))?,
        (None, Some(read)) => Tree::Object(ask::of_members("target", read)?),
        (None, None) => Tree::from(ask.target()?),
    };
    let (mut start, mut end) = ask::ends(ask)?;
    if let Some(interval) =
        read.and_then(|read| read.get("interval")).filter(|interval| start.or(end).is_none() && !interval.is_null())
    {
        // A read brings points around its interval too (5.6). Nothing lies between them and it, so that what they were
        // read with can be written back with them.
        let span = ask::Span::read(interval)?;
        start = Some(series.times.first().map_or(span.start, |first| span.start.min(*first)));
        end = Some(series.times.last().map_or(span.end, |last| span.end.max(last.saturating_add(1000))));
    }
    let points = Points::new(series, start, end)?;
    let resolution = ask.get("resolution").or(read.and_then(|read| read.get("resolution")));
    if let Some(step) = resolution.and_then(Tree::as_str).and_then(step_ms) {
        points.fit(step)?;
    }
    let (start, end) = points.interval();
    let rest = head(&target, start, end)?.len() + SESSION + 2 * 6;
    let chunks = points.split(rest)?;
    Ok(Box::new(Write { target, points, chunks }))
}

/// The arguments of the write that the first chunks of one that failed were; none when there was no such chunk.
pub(in crate::backends::mesh::verbs) fn written(args: &Args, error: &Error) -> Option<Args> {
    let written = error.detail().get("written")?;
    let count = usize::try_from(written.get("points")?.as_int()?).ok().filter(|count| *count > 0)?;
    let [start, end] = written.get("interval")?.as_array()? else { return None };
    let value = args.get("points")?;
    let series = given("points", value).ok()?;
    let chunk = Chunk { points: 0..count, start: start.as_int()?, end: end.as_int()? };
    let mut own = args.clone();
    // What an item of a read told beside its points may name the target.
    if let Some(item) = value.as_object().filter(|item| item.contains("series") && args.get("meta").is_none()) {
        let mut meta = item.clone();
        meta.remove("series");
        own.set("meta", Tree::Object(meta));
    }
    own.set("points", Tree::Series(chunk.series(&series)));
    own.set("interval", Tree::Null);
    own.set("start", chunk.start);
    own.set("end", chunk.end);
    Some(own)
}

/// The series without its points.
fn head(target: &Tree, start: i64, end: i64) -> Result<Vec<u8>> {
    let mut series = Object::with_capacity(2);
    series.insert("id", target.clone());
    series.insert("interval", ask::Span { start, end }.tree());
    encode(Kind::Message(&time_series::TIMESERIES), &Tree::Object(series))
}

impl Write {
    /// The request of a chunk, framed, up to its points; `room` is for what follows. All lengths are known before, so that
    /// the points are turned into bytes where they are sent from.
    fn front(&self, session: Guid, chunk: &Chunk, room: usize) -> Result<Vec<u8>> {
        let head = head(&self.target, chunk.start, chunk.end)?;
        let size = arrow::size(chunk.points.len());
        let mut data = Vec::with_capacity(6);
        if size > 0 {
            // Field 4 of the series.
            put_varint(4 << 3 | 2, &mut data);
            put_varint(size as u64, &mut data);
        }
        let mut out = Vec::with_capacity(PREFIX + SESSION + 12 + head.len() + data.len() + room);
        out.extend_from_slice(&[0; PREFIX]);
        let mut guid = Vec::with_capacity(18);
        put_bytes(1, session.wire(), &mut guid);
        put_bytes(1, &guid, &mut out);
        put_varint(2 << 3 | 2, &mut out);
        put_varint((head.len() + data.len() + size) as u64, &mut out);
        out.extend_from_slice(&head);
        out.extend_from_slice(&data);
        let length = u32::try_from(out.len() - PREFIX + size)
            .map_err(|_| Error::new(&code::LIMIT, "a message of 4 GiB or more cannot be sent"))?;
        if let Some(place) = out.get_mut(1..PREFIX) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        Ok(out)
    }

    /// The request of a chunk, framed, as a whole.
    fn frame(&self, session: Guid, chunk: &Chunk) -> Result<Arc<[u8]>> {
        let mut out = self.front(session, chunk, arrow::size(chunk.points.len()))?;
        let all = self.points.series();
        let times = all.times.get(chunk.points.clone()).unwrap_or_default();
        let flags = all.flags.get(chunk.points.clone()).unwrap_or_default();
        let values = all.values.get(chunk.points.clone()).unwrap_or_default();
        arrow::append(&mut out, times, flags, values);
        Ok(out.into())
    }

    /// What a thread sends: a long one as it goes, not as a whole.
    fn data(&self, session: Guid, chunk: &Chunk) -> Result<Tree> {
        if arrow::size(chunk.points.len()) <= WHOLE {
            return Ok(Tree::Bytes(self.frame(session, chunk)?));
        }
        let front = self.front(session, chunk, HEADS)?;
        Ok(Tree::Reader(Arc::new(Outflow::new(front, Arc::clone(self.points.series()), chunk.points.clone()))))
    }
}

impl Plan for Write {
    fn one(&self, session: Guid) -> Result<Option<(String, Arc<[u8]>)>> {
        match self.chunks.as_slice() {
            [chunk] => Ok(Some((WRITE.to_owned(), self.frame(session, chunk)?))),
            _ => Ok(None),
        }
    }

    fn show(&self, answer: &dyn Answer, most: usize) -> Result<Box<dyn Answer>> {
        wire::slices(answer, most)?;
        Ok(Box::new(Plain::new(&Tree::Null, Object::default())))
    }

    fn run(&self, way: &Way) -> Result<Box<dyn Answer>> {
        for (index, chunk) in self.chunks.iter().enumerate() {
            let sent = way
                .send_made(WRITE, &|| self.data(way.session, chunk))
                .and_then(|answer| self.show(&*answer, way.most()));
            sent.map_err(|error| if self.chunks.len() > 1 { self.up_to(index, chunk, error) } else { error })?;
        }
        Ok(Box::new(Plain::new(&Tree::Null, Object::default())))
    }
}

impl Write {
    /// A failure with what was written before it.
    fn up_to(&self, index: usize, chunk: &Chunk, error: Error) -> Error {
        let mut written = Object::with_capacity(4);
        let count = |number: usize| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        written.insert("points", count(chunk.points.start));
        written.insert("chunks", count(index));
        written.insert("of", count(self.chunks.len()));
        written.insert("interval", ask::Span { start: self.points.interval().0, end: chunk.start }.tree());
        let error = error.with("written", Tree::Object(written));
        // "Not sent" would be said of the whole.
        match error.known_outcome() {
            Some(Outcome::NotSent) if index > 0 => error.outcome(Outcome::Applied),
            _ => error,
        }
    }
}
