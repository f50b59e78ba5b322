//! One part on its way up, tried until it arrives (spec/ftrack.md 9.5).

use std::sync::Arc;

use super::{
    pause::{delay, pause},
    piece::Piece,
    storage::{Order, veiled},
    tally::Tally,
    terms::{Terms, may_pass_up},
};
use crate::{
    backends::{Answer, ftrack::Core},
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Outcome, Result, Status, code},
    log,
    value::{Object, Reader, Tree},
};

/// How much of a refusal is shown.
const EXCERPT: usize = 200;

/// Where one part goes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The signed address.
    pub url: String,
    /// The header fields that the server asked for.
    pub headers: Object,
    /// Its number, from 1; 0 for what goes up whole.
    pub number: u64,
}

/// Sends a part, as often as it takes. What the storage calls it (its ETag, without quotes).
///
/// # Errors
/// The last failure, `cancelled`, `total_timeout`.
pub fn put(
    core: &Core,
    terms: &Terms,
    place: &Place,
    piece: &Arc<Piece>,
    cancel: &Arc<Cancel>,
    tally: &Option<Arc<Tally>>,
) -> Result<Option<String>> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match once(core, terms, place, piece, cancel, tally) {
            Ok(tag) => return Ok(tag),
            Err(error) => error,
        };
        cancel.check()?;
        if tries >= terms.tries || !may_pass_up(&error) {
            return Err(if place.number > 0 { error.with("part", place.number) } else { error });
        }
        let wait = delay(tries);
        log::info(c"ftrack", || {
            format!(
                "part {} of an upload is tried again in {} ms: {}",
                place.number.max(1),
                wait.as_millis(),
                error.message()
            )
        });
        if !terms.has_time_for(wait) {
            return Err(error);
        }
        if pause(cancel, wait) {
            return Err(cancelled());
        }
    }
}

fn once(
    core: &Core,
    terms: &Terms,
    place: &Place,
    piece: &Arc<Piece>,
    cancel: &Arc<Cancel>,
    tally: &Option<Arc<Tally>>,
) -> Result<Option<String>> {
    let mut args = terms.args()?;
    if !place.headers.is_empty() {
        args.set("headers", Tree::Object(place.headers.clone()));
    }
    piece.rewind();
    // What has no bytes says so by its length; the Python client sends it in chunks, of which there is none.
    if piece.size() != Some(0) || core.login.python {
        args.set("data", Tree::Reader(Arc::clone(piece) as Arc<dyn Reader>));
    }
    let part = usize::try_from(place.number.saturating_sub(1)).unwrap_or_default();
    let order = Order { method: "PUT", url: &place.url, args, cancel, progress: Tally::sender(tally, part) };
    let mut answer = core.storage.send(&core.login, order)?;
    let outcome = match answer.status() {
        200..=299 => Ok(tag(&*answer)),
        status => Err(refused(status, "the storage refused an upload", &place.url, Some(&mut *answer))),
    };
    // What is left of the body is read, so that the connection can be used again.
    let _ = answer.drain();
    outcome.map_err(|error| veiled(error, &core.login))
}

fn tag(answer: &dyn Answer) -> Option<String> {
    let text = String::from_utf8_lossy(answer.header("etag")?).into_owned();
    Some(text.trim_matches('"').to_owned()).filter(|text| !text.is_empty())
}

/// What a status that is no success is as an error, with the beginning of what was said.
pub fn refused(status: i32, what: &str, url: &str, answer: Option<&mut dyn Answer>) -> Error {
    let mut said = vec![0; EXCERPT];
    let count = answer.and_then(|answer| answer.read(&mut said).ok()).unwrap_or_default();
    let said = String::from_utf8_lossy(said.get(..count).unwrap_or_default()).trim().to_owned();
    let error = Error::new(&code::HTTP_STATUS, format!("{what} with the status {status}"))
        .status_as(match status {
            401 | 407 => Status::Auth,
            403 => Status::Denied,
            404 | 410 => Status::NotFound,
            409 | 412 => Status::Conflict,
            413 | 429 => Status::Limit,
            _ => Status::Remote,
        })
        .transient(matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504))
        .with("http_status", i64::from(status))
        .with("url", url)
        .outcome(Outcome::NotSent);
    if said.is_empty() { error } else { error.with("server_text", said) }
}
