//! A component becomes a file (verbs.md `download`): from the server's store in one stretch or several, from any other
//! location through its accessor.

use std::sync::Arc;

use md5::{Digest, Md5};

use super::{
    fetch::{Fetch, Head, Kind, other_content},
    landing::{Landing, block},
    notes::Notes,
    pause::{delay, pause},
    piece::Sum,
    plan, ranges,
    storage::veiled,
    tally::Tally,
    terms::{Terms, may_pass},
};
use crate::{
    args::Args,
    backends::ftrack::{accessors::Source, components::Errand},
    engine::{
        http::{client, policy::hooks::question},
        net::cancel::cancelled,
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

/// What the host said of a download.
pub struct Wanted {
    save_to: Option<Tree>,
    resume: bool,
    parts: Option<u64>,
    /// Whether length and sum are compared with what is known.
    check: bool,
}

impl Wanted {
    /// Reads the arguments.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args) -> Result<Wanted> {
        let parts = plan::wanted(args)?;
        let (resume, check) = (args.bool("resume")?.unwrap_or(false), args.bool("check")?.unwrap_or(true));
        Ok(Wanted { save_to: args.get("save_to").cloned(), resume, parts, check })
    }
}

/// Where the bytes are.
pub enum Origin {
    /// In the server's store.
    Server(String),
    /// Behind an accessor.
    Other(Arc<dyn Source>),
}

/// What a download brought.
#[derive(Debug, Default)]
pub struct Brought {
    /// Bytes that moved.
    pub moved: u64,
    /// Bytes that were there before.
    pub resumed_at: u64,
    /// The bytes, when they were to be in memory.
    pub bytes: Option<Vec<u8>>,
}

/// How much came, and what it must be.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Bytes that there are now.
    pub size: u64,
    /// Bytes that were there before.
    pub resumed_at: u64,
    /// What there must be, as the storage told it.
    pub total: Option<u64>,
    /// The sum that the storage told.
    pub expected: Option<Sum>,
    /// The sum of what came, when it came in order from the first byte on.
    pub sum: Option<Sum>,
}

/// Downloads. `find` tells where the bytes are, and how many the component is known to have; it is asked when there is a
/// place for them.
///
/// # Errors
/// What the storage, the accessor or the file system says; `protocol` when what came is not what is known of the
/// component; `cancelled`. What came stays for `resume`.
pub fn download(
    errand: &Errand<'_>,
    wanted: &Wanted,
    find: impl FnOnce() -> Result<(Origin, Option<u64>)>,
) -> Result<Brought> {
    let terms = Terms::of_download(errand.args)?;
    let mut landing = Landing::open(wanted.save_to.as_ref(), wanted.resume)?;
    let arrived = find().and_then(|(origin, size)| {
        let arrived = match origin {
            Origin::Server(component) => {
                let fetch = Fetch { core: Arc::clone(errand.core), terms, component };
                from_server(errand, &fetch, &mut landing, wanted)?
            }
            Origin::Other(source) => copy(errand, &*source, &mut landing)?,
        };
        if wanted.check {
            compare(errand, &landing, &arrived, size)?;
        }
        Ok(arrived)
    });
    land(landing, arrived.map_err(|error| veiled(error, &errand.core.login)))
}

fn from_server(errand: &Errand<'_>, fetch: &Fetch, landing: &mut Landing, wanted: &Wanted) -> Result<Arrived> {
    if let Landing::File(partial) = &*landing {
        let known = if wanted.resume { partial.known() } else { None };
        let several = wanted.parts.is_some_and(|parts| parts > 1);
        if several || known.as_ref().is_some_and(|notes| !notes.courses.is_empty()) {
            if let Some(arrived) = ranges::fetch(errand, fetch, partial, known, wanted.parts.unwrap_or(1))? {
                return Ok(arrived);
            }
            // The storage gives no stretches: it comes whole.
            return in_order(errand, fetch, landing, None);
        }
        let have = known.map(|notes| (partial.len(), notes.tag)).filter(|(size, _)| *size > 0);
        return in_order(errand, fetch, landing, have);
    }
    in_order(errand, fetch, landing, None)
}

/// In one stretch, from where it was left off.
fn in_order(
    errand: &Errand<'_>,
    fetch: &Fetch,
    landing: &mut Landing,
    mut have: Option<(u64, String)>,
) -> Result<Arrived> {
    let tally = Tally::of_download(errand.progress.as_ref(), 1);
    let resumed_at = have.as_ref().map_or(0, |(size, _)| *size);
    let mut course = Course { arrived: Arrived { resumed_at, ..Arrived::default() }, tag: None, hash: None, given: 0 };
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match course.go(errand, fetch, landing, have.take(), tally.as_ref()) {
            Ok(true) => return Ok(course.end()),
            // What was there is of no use: once more from the start, which is no failure.
            Ok(false) => {
                tries -= 1;
                continue;
            }
            Err(error) => error,
        };
        errand.cancel.check()?;
        if tries >= fetch.terms.tries || !may_pass(&error) {
            return Err(error);
        }
        let wait = delay(tries);
        if !fetch.terms.has_time_for(wait) {
            return Err(error);
        }
        have = course.tag.clone().map(|tag| (course.arrived.size, tag)).filter(|(size, _)| *size > 0);
        if pause(errand.cancel, wait) {
            return Err(cancelled());
        }
    }
}

/// A download in order, over its tries.
struct Course {
    arrived: Arrived,
    tag: Option<String>,
    /// Of all bytes so far; none when some were there before.
    hash: Option<Md5>,
    /// Bytes that the host has had.
    given: u64,
}

impl Course {
    /// One try; false when what is there cannot be gone on with.
    fn go(
        &mut self,
        errand: &Errand<'_>,
        fetch: &Fetch,
        landing: &mut Landing,
        have: Option<(u64, String)>,
        tally: Option<&Arc<Tally>>,
    ) -> Result<bool> {
        let stretch = have.as_ref().map(|(size, _)| (*size, None));
        let head = fetch.ask(stretch, have.as_ref().map(|(_, tag)| tag.as_str()), errand.cancel)?;
        let size = have.map_or(0, |(size, _)| size);
        match head.kind {
            Kind::Part(from) if from == size => {
                self.arrived.size = size;
                if self.given < size {
                    self.hash = None;
                }
            }
            Kind::Part(_) => return Err(other_content()),
            Kind::Beyond if head.total == Some(size) => {
                // The connection broke behind the last byte.
                self.arrived.size = size;
                self.arrived.total = head.total;
                return Ok(true);
            }
            Kind::Beyond if size > 0 => {
                landing.begin(self.given)?;
                self.arrived = Arrived::default();
                return Ok(false);
            }
            Kind::Beyond => return Err(other_content()),
            Kind::Whole => {
                landing.begin(self.given)?;
                self.arrived = Arrived::default();
                self.hash = Some(Md5::new());
                if let (Landing::File(partial), Some(tag)) = (&*landing, &head.tag) {
                    partial.note(&Notes { tag: tag.clone(), ..Notes::default() })?;
                }
            }
        }
        let Head { total, tag, sum, mut answer, .. } = head;
        self.arrived.total = total;
        self.arrived.expected = sum.or(self.arrived.expected.take());
        self.tag = tag;
        let mut block = block();
        loop {
            errand.cancel.check()?;
            let count = answer.read(&mut block)?;
            let came = block.get(..count).unwrap_or_default();
            if came.is_empty() {
                return Ok(true);
            }
            landing.write(self.arrived.size, came)?;
            if let Some(hash) = &mut self.hash {
                hash.update(came);
            }
            self.arrived.size += count as u64;
            self.given = self.arrived.size;
            if let Some(tally) = tally {
                tally.moved(0, self.arrived.size - self.arrived.resumed_at);
            }
        }
    }

    fn end(self) -> Arrived {
        Arrived { sum: self.hash.map(|hash| hash.finalize().into()), ..self.arrived }
    }
}

/// From anywhere, in order.
fn copy(errand: &Errand<'_>, source: &dyn Source, landing: &mut Landing) -> Result<Arrived> {
    let tally = Tally::of_download(errand.progress.as_ref(), 1);
    landing.begin(0)?;
    let (mut at, mut block) = (0, block());
    loop {
        errand.go_on()?;
        let count = source.read_at(at, &mut block)?;
        if count == 0 {
            return Ok(Arrived { size: at, total: source.size(), ..Arrived::default() });
        }
        landing.write(at, block.get(..count).unwrap_or_default())?;
        at += count as u64;
        if let Some(tally) = &tally {
            tally.moved(0, at);
        }
    }
}

/// Whether what came is what is known of the component.
fn compare(errand: &Errand<'_>, landing: &Landing, arrived: &Arrived, size: Option<u64>) -> Result<()> {
    let wrong = |what: String| {
        if let Landing::File(partial) = landing {
            partial.forget();
        }
        Err(Error::new(&code::PROTOCOL, what).outcome(Outcome::Applied))
    };
    if let Some(total) = arrived.total.filter(|total| *total != arrived.size) {
        return wrong(format!("{} bytes came of {total} that were announced", arrived.size));
    }
    let sum = match (arrived.expected, arrived.sum, landing) {
        (None, ..) => None,
        (Some(_), Some(sum), _) => Some(sum),
        (Some(_), None, Landing::File(partial)) => Some(partial.sum(errand.cancel)?.0),
        (Some(_), None, _) => None,
    };
    match (arrived.expected, sum) {
        (Some(expected), Some(sum)) if expected != sum => {
            wrong("the bytes that came do not have the sum that was announced".into())
        }
        // Sums are the better witness: the size of a component is what somebody wrote down.
        (Some(_), Some(_)) => Ok(()),
        _ => match size.filter(|size| *size > 0 && *size != arrived.size) {
            Some(size) => wrong(format!("{} bytes came of a component that has {size}", arrived.size)),
            None => Ok(()),
        },
    }
}

/// Puts it where it was to go, or ends it as a failure.
fn land(landing: Landing, outcome: Result<Arrived>) -> Result<Brought> {
    let brought = |arrived: Arrived, bytes| Brought {
        moved: arrived.size - arrived.resumed_at,
        resumed_at: arrived.resumed_at,
        bytes,
    };
    match landing {
        Landing::Memory(bytes) => outcome.map(|arrived| brought(arrived, Some(bytes))),
        Landing::File(partial) => {
            let arrived = outcome.inspect_err(|_| partial.leave())?;
            partial.put_in_place()?;
            Ok(brought(arrived, None))
        }
        Landing::Provider(provider) => {
            let word = if outcome.is_ok() { "complete" } else { "failed" };
            let arguments = Object::from_iter([("outcome", word)]);
            let closed = client::ask(&*provider, question("save_to", "close", arguments));
            let arrived = outcome?;
            closed?;
            Ok(brought(arrived, None))
        }
    }
}
