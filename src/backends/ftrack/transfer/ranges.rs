//! A download in several stretches at once. Each is tried and gone on with by itself; all must be of the same content.

use std::sync::Arc;

use super::{
    AT_ONCE,
    crew::{self, Job},
    download::Arrived,
    fetch::{Fetch, Kind, other_content},
    landing::{Partial, block},
    notes::{Course, Notes},
    pause::{delay, pause},
    plan::{Stretch, evenly},
    tally::Tally,
    terms::may_pass,
};
use crate::{
    backends::ftrack::components::Errand,
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Result},
    sys::lock::Mutex,
};

/// How much may come before it is written down how far a stretch is.
const NOTED_EVERY: u64 = 16 << 20;

/// Gets what is missing. `None` when the storage gives no stretches, or nothing that tells whether two are of the same
/// content.
///
/// # Errors
/// The first stretch that failed for good; `cancelled`. What came is written down, for `resume`.
pub fn fetch(
    errand: &Errand<'_>,
    fetch: &Fetch,
    partial: &Partial,
    known: Option<Notes>,
    parts: u64,
) -> Result<Option<Arrived>> {
    // One byte tells how many there are, and of what.
    let head = fetch.ask(Some((0, Some(1))), None, errand.cancel)?;
    let (Kind::Part(0), Some(total), Some(tag)) = (head.kind, head.total, head.tag) else { return Ok(None) };
    let expected = head.sum;
    drop(head.answer);
    let courses = match known.filter(|notes| notes.tag == tag) {
        Some(notes) if notes.courses.is_empty() => after(partial.len().min(total), total, parts),
        Some(notes) if notes.total == Some(total) => there(notes.courses, partial.len()),
        _ => {
            partial.clear()?;
            after(0, total, parts)
        }
    };
    let resumed_at = courses.iter().map(|course| course.at - course.stretch.from).sum();
    let desk = Arc::new(Desk {
        partial: partial.share(),
        notes: Mutex::new(Notes { tag: tag.clone(), total: Some(total), courses: courses.clone() }),
    });
    desk.note()?;
    let tally = Tally::of_download(errand.progress.as_ref(), courses.len());
    let open: Vec<usize> =
        courses.iter().enumerate().filter(|(_, course)| course.at < course.stretch.to).map(|(at, _)| at).collect();
    let threads = usize::try_from(parts).unwrap_or(AT_ONCE).clamp(1, AT_ONCE);
    let (own, fetch, begun) = (Arc::clone(&desk), fetch.clone(), courses);
    let job: Job<()> = Arc::new(move |at, cancel| {
        let Some(course) = begun.get(at) else { return Ok(()) };
        stretch(&own, &fetch, &tag, at, *course, tally.as_ref(), cancel)
    });
    let outcome = crew::work(errand.cancel, threads, open.into_iter(), job);
    // How far they are is written down whatever became of them.
    let noted = desk.note();
    outcome?;
    noted?;
    Ok(Some(Arrived { size: total, resumed_at, total: Some(total), expected, sum: None }))
}

/// What of the stretches can be there in a file of so many bytes: it may have been shortened, or be another one than when
/// they were written down.
fn there(mut courses: Vec<Course>, len: u64) -> Vec<Course> {
    for course in &mut courses {
        course.at = course.at.min(len).max(course.stretch.from);
    }
    courses
}

/// What is left behind what is there, in so many stretches.
fn after(have: u64, total: u64, parts: u64) -> Vec<Course> {
    let mut courses = Vec::new();
    if have > 0 {
        courses.push(Course { stretch: Stretch { from: 0, to: have }, at: have });
    }
    if have < total || total == 0 {
        courses.extend(evenly(total - have, parts).into_iter().map(|Stretch { from, to }| {
            let stretch = Stretch { from: from + have, to: to + have };
            Course { stretch, at: stretch.from }
        }));
    }
    courses
}

/// The file and what is known of it, for all threads.
struct Desk {
    partial: Partial,
    notes: Mutex<Notes>,
}

impl Desk {
    fn note(&self) -> Result<()> {
        // Held while it is written, so that an older state does not come last.
        let notes = self.notes.lock();
        self.partial.note(&notes)
    }

    fn came(&self, number: usize, at: u64) {
        if let Some(course) = self.notes.lock().courses.get_mut(number) {
            course.at = at;
        }
    }
}

/// One stretch, as often as it is tried.
fn stretch(
    desk: &Desk,
    fetch: &Fetch,
    tag: &str,
    number: usize,
    mut course: Course,
    tally: Option<&Arc<Tally>>,
    cancel: &Arc<Cancel>,
) -> Result<()> {
    let (mut tries, begun) = (0, course.at);
    loop {
        tries += 1;
        let error: Error = match once(desk, fetch, tag, number, &mut course, begun, tally, cancel) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        cancel.check()?;
        if tries >= fetch.terms.tries || !may_pass(&error) {
            return Err(error);
        }
        let wait = delay(tries);
        if !fetch.terms.has_time_for(wait) {
            return Err(error);
        }
        if pause(cancel, wait) {
            return Err(cancelled());
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one try of one stretch, nobody else calls it")]
fn once(
    desk: &Desk,
    fetch: &Fetch,
    tag: &str,
    number: usize,
    course: &mut Course,
    begun: u64,
    tally: Option<&Arc<Tally>>,
    cancel: &Arc<Cancel>,
) -> Result<()> {
    let to = course.stretch.to;
    let head = fetch.ask(Some((course.at, Some(to))), Some(tag), cancel)?;
    if head.kind != Kind::Part(course.at) || head.tag.as_deref() != Some(tag) {
        // The other stretches are of another content as well: nothing of it is of use.
        desk.partial.forget();
        return Err(other_content());
    }
    let (mut answer, mut block, mut noted) = (head.answer, block(), course.at);
    while course.at < to {
        let room = usize::try_from(to - course.at).unwrap_or(usize::MAX).min(block.len());
        let count = answer.read(block.get_mut(..room).unwrap_or_default())?;
        if count == 0 {
            return Err(Error::new(&crate::error::code::INCOMPLETE_READ, "a stretch of a download ended early"));
        }
        desk.partial.write(course.at, block.get(..count).unwrap_or_default())?;
        course.at += count as u64;
        desk.came(number, course.at);
        if let Some(tally) = tally {
            tally.moved(number, course.at - begun);
        }
        if course.at - noted >= NOTED_EVERY {
            noted = course.at;
            desk.note()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_asked_for_again() {
        let shape = |have, total, parts| {
            after(have, total, parts)
                .iter()
                .map(|course| (course.stretch.from, course.stretch.to, course.at))
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(0, 10, 2), [(0, 5, 0), (5, 10, 5)]);
        assert_eq!(shape(4, 10, 2), [(0, 4, 4), (4, 7, 4), (7, 10, 7)]);
        assert_eq!(shape(10, 10, 3), [(0, 10, 10)]);
    }
}
