//! Downloads: the body goes to a file or to the host's provider instead of memory.
//!
//! A file is written beside its name as `NAME.part` and takes the name when it is whole, so that a half file never
//! has the name of a whole one. What identifies the content (ETag or Last-Modified) is kept in `NAME.part.tag`: with
//! `resume`, the rest is asked for on the condition that the content is still the same (RFC 9110 13.1.5).

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::answer::HttpAnswer;
use crate::{
    backends::Answer,
    engine::http::{client, headers::Headers, policy::hooks::question},
    engine::net::limits::reason,
    error::{Error, Outcome, Result, code},
    value::{Object, Provider, Tree},
};

/// The size of the pieces that are written.
const PIECE: usize = 128 << 10;

/// Where a body goes.
pub enum Target {
    /// A file, and where an earlier try left off.
    File(Partial),
    /// The host.
    Provider(Arc<dyn Provider>),
}

/// A file on its way.
pub struct Partial {
    path: PathBuf,
    part: PathBuf,
    tag: PathBuf,
    /// Bytes there already, and what identifies the content that they are of.
    have: Option<(u64, String)>,
    resume: bool,
}

impl Target {
    /// Reads `save_to` and `resume`.
    ///
    /// # Errors
    /// `argument` for another type.
    pub fn parse(value: &Tree, resume: bool) -> Result<Target> {
        match value {
            Tree::Provider(provider) if !resume => Ok(Target::Provider(Arc::clone(provider))),
            Tree::Provider(_) => {
                Err(Error::option("resume", "resume was asked for with a provider, which cannot tell what it has"))
            }
            Tree::Text(path) if !path.is_empty() => {
                let path = Path::new(&**path);
                // Known before anything is sent: a change must not be made whose answer has no place to go.
                match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    Some(folder) if !folder.is_dir() => {
                        let message = format!("{} could not be written: there is no such folder", path.display());
                        Err(Error::new(&code::IO, message).transient(false).with("key", "save_to"))
                    }
                    _ => Ok(Target::File(Partial::find(path, resume))),
                }
            }
            _ => Err(Error::option("save_to", "save_to was neither a path nor a provider")),
        }
    }

    /// Asks for the rest alone, when a part is there.
    pub fn condition(&self, headers: &mut Headers) {
        let Target::File(partial) = self else { return };
        if partial.resume {
            // What is on disk must be what the server counts, now and at the next try.
            headers.set("Accept-Encoding", "identity");
        }
        if let Some((size, tag)) = &partial.have {
            headers.set("Range", &format!("bytes={size}-"));
            headers.set("If-Range", tag);
        }
    }

    /// Looks at the head of the answer and decides what becomes of its body: that of a 2xx is written, others keep theirs
    /// in memory.
    ///
    /// # Errors
    /// What the file system says; `protocol` for another part of the content than was asked for.
    pub fn begin(self, answer: &HttpAnswer) -> Result<Plan> {
        let status = answer.finished.hop.status;
        Ok(match self {
            Target::File(partial) if partial.is_whole(answer, status) => Plan::Whole(partial),
            _ if !(200..300).contains(&status) => Plan::Keep,
            Target::File(partial) => Plan::Write(partial.open(answer, status)?),
            Target::Provider(provider) => Plan::Write(Saving::Provider(provider)),
        })
    }

    /// Writes the body as [`Target::begin`] decides. True when it is where it was to go.
    ///
    /// # Errors
    /// What the connection or the file system says; the part stays for `resume`.
    pub fn save(self, answer: &mut HttpAnswer) -> Result<bool> {
        let mut saving = match self.begin(answer)? {
            Plan::Write(saving) => saving,
            plan => return plan.end(answer),
        };
        let mut piece = vec![0; PIECE];
        let outcome = loop {
            match answer.stream.read(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(count) => {
                    if let Err(error) = saving.write(piece.get(..count).unwrap_or_default()) {
                        break Err(error);
                    }
                }
                Err(error) => break Err(answer.named(error)),
            }
        };
        saving.end(outcome, answer)
    }
}

/// What becomes of a body.
pub enum Plan {
    /// It stays in memory: it is not what was to be saved.
    Keep,
    /// There was nothing left to ask for.
    Whole(Partial),
    /// It is written.
    Write(Saving),
}

impl Plan {
    /// Ends one for which nothing is written, with the body in memory. True when the file is there as a whole.
    ///
    /// # Errors
    /// What the connection or the file system says.
    pub fn end(self, answer: &mut HttpAnswer) -> Result<bool> {
        answer.fill()?;
        match self {
            Plan::Whole(partial) => partial.put_in_place(answer, partial.size(), partial.size()).map(|()| true),
            Plan::Keep | Plan::Write(_) => Ok(false),
        }
    }
}

/// A body that is being written.
pub enum Saving {
    /// To a file: how many bytes were there before, and are there now.
    File(Partial, File, u64, u64),
    /// To the host.
    Provider(Arc<dyn Provider>),
}

impl Saving {
    /// Writes a piece.
    ///
    /// # Errors
    /// What the file system or the host says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Saving::File(partial, file, _, saved) => {
                file.write_all(bytes).map_err(|error| partial.failed("written", &error))?;
                *saved += bytes.len() as u64;
                Ok(())
            }
            Saving::Provider(provider) => {
                let arguments = Object::from_iter([("bytes", Tree::Bytes(bytes.into()))]);
                client::ask(&**provider, question("save_to", "write", arguments)).map(drop)
            }
        }
    }

    /// Ends one of which nobody wants to know any more: the part of a file stays, the host hears that it failed.
    pub fn abandon(self) {
        if let Saving::Provider(provider) = self {
            let arguments = Object::from_iter([("outcome", "failed")]);
            let _ = client::ask(&*provider, question("save_to", "close", arguments));
        }
    }

    /// Ends it: a whole file is put in place, the host hears how it ended.
    ///
    /// # Errors
    /// `outcome`'s, or what the file system or the host says.
    pub fn end(self, outcome: Result<()>, answer: &mut HttpAnswer) -> Result<bool> {
        match self {
            Saving::File(partial, file, began, saved) => {
                drop(file);
                outcome?;
                partial.put_in_place(answer, began, saved)?;
            }
            Saving::Provider(provider) => {
                let word = if outcome.is_ok() { "complete" } else { "failed" };
                let arguments = Object::from_iter([("outcome", word)]);
                let closed = client::ask(&*provider, question("save_to", "close", arguments));
                outcome.and(closed.map(drop))?;
            }
        }
        Ok(true)
    }
}

impl Partial {
    fn find(path: &Path, resume: bool) -> Partial {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (part, tag) = (beside(".part"), beside(".part.tag"));
        let known = if resume { std::fs::read_to_string(&tag).ok() } else { None };
        let have = known.and_then(|tag| {
            let size = part.metadata().ok()?.len();
            (size > 0 && !tag.trim().is_empty()).then(|| (size, tag.trim().to_owned()))
        });
        Partial { path: path.into(), part, tag, have, resume }
    }

    /// Bytes there already.
    fn size(&self) -> u64 {
        self.have.as_ref().map_or(0, |(size, _)| *size)
    }

    /// Whether there was nothing left to ask for: the connection broke behind the last byte.
    fn is_whole(&self, answer: &HttpAnswer, status: u16) -> bool {
        let size = || answer.fields().get_text("content-range").and_then(|range| unsatisfied_size(&range));
        self.have.is_some() && status == 416 && size() == Some(self.size())
    }

    fn failed(&self, what: &str, error: &io::Error) -> Error {
        Error::new(&code::IO, format!("{} could not be {what}: {}", self.part.display(), reason(error)))
            .outcome(Outcome::Applied)
    }

    fn open(self, answer: &HttpAnswer, status: u16) -> Result<Saving> {
        // A range that the caller asked for itself is saved as it comes.
        let goes_on = status == 206 && self.have.is_some();
        let begins = answer.fields().get_text("content-range").and_then(|range| range_start(&range));
        if goes_on && begins != Some(self.size()) {
            let message = "the server sent another part of the content than was asked for";
            return Err(Error::new(&code::PROTOCOL, message).outcome(Outcome::Applied));
        }
        let file = if goes_on {
            OpenOptions::new().append(true).open(&self.part)
        } else {
            // The old tag must not outlive the content that it is of.
            remove(&self.tag);
            File::create(&self.part)
        }
        .map_err(|error| self.failed("opened", &error))?;
        if status == 200 {
            self.remember(answer).map_err(|error| self.failed("tagged", &error))?;
        }
        let began = if goes_on { self.size() } else { 0 };
        Ok(Saving::File(self, file, began, began))
    }

    /// Keeps what identifies the content, when a later try could go on with it: a weak tag does not say that the bytes
    /// are the same (RFC 9110 13.1.5), and what was decoded is not what a range counts.
    fn remember(&self, answer: &HttpAnswer) -> io::Result<()> {
        let fields = answer.fields();
        if fields.contains("content-encoding") {
            return Ok(());
        }
        let tag = match fields.get_text("etag") {
            Some(tag) if tag.starts_with("W/") => return Ok(()),
            Some(tag) => tag,
            None => match fields.get_text("last-modified") {
                Some(date) => date,
                None => return Ok(()),
            },
        };
        std::fs::write(&self.tag, tag.as_bytes())
    }

    fn put_in_place(&self, answer: &mut HttpAnswer, began: u64, saved: u64) -> Result<()> {
        std::fs::rename(&self.part, &self.path).map_err(|error| self.failed("put in place", &error))?;
        remove(&self.tag);
        let number = |bytes: u64| Tree::Int(i64::try_from(bytes).unwrap_or(i64::MAX));
        answer.note("saved", number(saved));
        answer.note("resumed_at", number(began));
        Ok(())
    }
}

/// Removes a file that may not be there; nothing depends on it.
fn remove(file: &Path) {
    let _ = std::fs::remove_file(file);
}

/// The first byte of a Content-Range (RFC 9110 14.4).
fn range_start(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.trim().parse().ok()
}

/// The size that a 416 tells: `bytes */1234`.
fn unsatisfied_size(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().strip_prefix("*/")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{range_start, unsatisfied_size};

    #[test]
    fn the_start_of_a_range() {
        for (range, start) in [
            ("bytes 0-499/1234", Some(0)),
            ("bytes 500-999/*", Some(500)),
            ("bytes */1234", None),
            ("items 0-4/9", None),
            ("", None),
        ] {
            assert_eq!(range_start(range), start, "{range}");
        }
        assert_eq!(unsatisfied_size("bytes */1234"), Some(1234));
        assert_eq!(unsatisfied_size("bytes 0-4/1234"), None);
    }
}
