//! One request for the bytes of a component in the server's store, and a component as a source of bytes.

use std::sync::Arc;

use super::{
    piece::{Sum, from_base64},
    put::refused,
    storage::{Order, Place, question, veiled},
    terms::Terms,
};
use crate::{
    backends::{
        Answer,
        ftrack::{Core, accessors::Source, components::Errand},
    },
    engine::net::cancel::Cancel,
    error::{Error, Outcome, Result, code},
    sys::lock::Mutex,
    value::{Object, Tree},
};

/// What an answer brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// All bytes, from the first on.
    Whole,
    /// A stretch that begins here.
    Part(u64),
    /// None: the asked stretch is behind the end.
    Beyond,
}

/// An answer at its head.
pub struct Head {
    /// What follows.
    pub kind: Kind,
    /// How many bytes the component has, when it was told.
    pub total: Option<u64>,
    /// What identifies the content byte by byte: an ETag that is not weak, else a date.
    pub tag: Option<String>,
    /// The sum of all bytes, when it was told.
    pub sum: Option<Sum>,
    /// The rest.
    pub answer: Box<dyn Answer>,
}

/// Who asks, and for what.
#[derive(Clone)]
pub struct Fetch {
    pub(super) core: Arc<Core>,
    pub(super) terms: Terms,
    pub(super) component: String,
}

impl Fetch {
    /// Asks for all bytes, or for a stretch, on the condition that the content is still the one of `tag`.
    ///
    /// # Errors
    /// `http_status` for what is neither bytes nor behind the end; what goes wrong on the way.
    pub fn ask(&self, stretch: Option<(u64, Option<u64>)>, tag: Option<&str>, cancel: &Arc<Cancel>) -> Result<Head> {
        let login = &self.core.login;
        let (url, params) = question(login, Place::Get, &self.component);
        let mut args = self.terms.args()?;
        args.set("params", params);
        let mut headers = Object::with_capacity(3);
        // What is on disk must be what the server counts.
        headers.insert("Accept-Encoding", Tree::from("identity"));
        if let Some((from, to)) = stretch {
            let to = to.map(|to| (to - 1).to_string()).unwrap_or_default();
            headers.insert("Range", Tree::from(format!("bytes={from}-{to}")));
            if let Some(tag) = tag {
                headers.insert("If-Range", Tree::from(tag));
            }
        }
        args.set("headers", Tree::Object(headers));
        let order = Order { method: "GET", url: &url, args, cancel, progress: None };
        let mut answer = self.core.storage.send(login, order)?;
        let range = text(&*answer, "content-range");
        let kind = match (answer.status(), stretch) {
            (200, _) => Kind::Whole,
            (206, Some(_)) => match range.as_deref().and_then(range_start) {
                Some(from) => Kind::Part(from),
                None => {
                    return Err(Error::new(&code::PROTOCOL, "the storage sent a part and did not say which")
                        .outcome(Outcome::Applied));
                }
            },
            (416, Some(_)) => Kind::Beyond,
            (status, _) => {
                let error = refused(status, "the storage refused a download", &url, Some(&mut *answer));
                return Err(veiled(error, login).outcome(Outcome::Applied));
            }
        };
        let total = match kind {
            Kind::Whole => text(&*answer, "content-length").and_then(|length| length.trim().parse().ok()),
            _ => range.as_deref().and_then(range_total),
        };
        let sum = if kind == Kind::Beyond { None } else { sum(&*answer, kind == Kind::Whole) };
        Ok(Head { kind, total, tag: tag_of(&*answer), sum, answer })
    }
}

fn text(answer: &dyn Answer, name: &str) -> Option<String> {
    answer.header(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// What identifies the content: a weak tag does not say that the bytes are the same (RFC 9110 13.1.5), and what is coded
/// is not what a range counts.
fn tag_of(answer: &dyn Answer) -> Option<String> {
    if answer.header("content-encoding").is_some() {
        return None;
    }
    match text(answer, "etag") {
        Some(tag) if tag.starts_with("W/") => None,
        Some(tag) => Some(tag),
        None => text(answer, "last-modified"),
    }
}

/// The sum of the whole content: `Content-MD5` is that of what is sent (RFC 1864), `x-goog-hash` that of the object.
fn sum(answer: &dyn Answer, whole: bool) -> Option<Sum> {
    if answer.header("content-encoding").is_some() {
        return None;
    }
    let hashes = text(answer, "x-goog-hash").unwrap_or_default();
    let object = hashes.split(',').find_map(|hash| from_base64(hash.trim().strip_prefix("md5=")?));
    object.or_else(|| text(answer, "content-md5").filter(|_| whole).and_then(|sum| from_base64(&sum)))
}

/// The first byte of a Content-Range (RFC 9110 14.4).
fn range_start(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.trim().parse().ok()
}

/// The size that it tells: `bytes 0-4/9`, `bytes */9`.
fn range_total(range: &str) -> Option<u64> {
    range.rsplit('/').next()?.trim().parse().ok()
}

/// A component in the server's store as a source: one stream as long as it is read in order.
pub struct Remote {
    fetch: Fetch,
    cancel: Arc<Cancel>,
    tag: Option<String>,
    size: Option<u64>,
    /// Where the stream stands.
    stream: Mutex<Option<(u64, Box<dyn Answer>)>>,
}

impl Remote {
    /// Opens it: the first bytes are on their way.
    ///
    /// # Errors
    /// `http_status`, with the status `not_found` when there is nothing.
    pub fn open(errand: &Errand<'_>, component: &str) -> Result<Remote> {
        let fetch = Fetch {
            core: Arc::clone(errand.core),
            terms: Terms::of_download(errand.args)?,
            component: component.to_owned(),
        };
        let head = fetch.ask(None, None, errand.cancel)?;
        let stream = Mutex::new(Some((0, head.answer)));
        Ok(Remote { fetch, cancel: Arc::clone(errand.cancel), tag: head.tag, size: head.total, stream })
    }
}

impl Source for Remote {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        if self.size.is_some_and(|size| offset >= size) || buffer.is_empty() {
            return Ok(0);
        }
        // Taken out meanwhile: another thread that wants bytes opens a stream of its own.
        let taken = self.stream.lock().take().filter(|(at, _)| *at == offset);
        let mut answer = match taken {
            Some((_, answer)) => answer,
            None => {
                let head = self.fetch.ask(Some((offset, None)), self.tag.as_deref(), &self.cancel)?;
                match head.kind {
                    Kind::Beyond => return Ok(0),
                    Kind::Part(from) if from == offset => head.answer,
                    Kind::Whole if offset == 0 => head.answer,
                    _ => return Err(other_content()),
                }
            }
        };
        let count = answer.read(buffer).map_err(|error| veiled(error, &self.fetch.core.login))?;
        *self.stream.lock() = Some((offset + count as u64, answer));
        Ok(count)
    }
}

/// The content is not the one that was begun with.
pub fn other_content() -> Error {
    Error::new(
        &code::PROTOCOL,
        "the storage sent another content than before, or another part of it than was asked for",
    )
    .outcome(Outcome::Applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_range_says() {
        for (range, start, total) in [
            ("bytes 0-499/1234", Some(0), Some(1234)),
            ("bytes 500-999/*", Some(500), None),
            ("bytes */1234", None, Some(1234)),
            ("items 0-4/9", None, Some(9)),
            ("", None, None),
        ] {
            assert_eq!((range_start(range), range_total(range)), (start, total), "{range}");
        }
    }
}
