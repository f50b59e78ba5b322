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
    engine::net::limits::reason,
    backends::Answer,
    engine::http::{client, headers::Headers, policy::hooks::question},
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
            Tree::Provider(_) => Err(Error::option("resume", "resume was asked for with a provider, which cannot tell what it has")),
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

    /// Writes the body of a 2xx; other answers keep theirs in memory. True when the file is there as a whole.
    ///
    /// # Errors
    /// What the connection or the file system says; the part stays for `resume`.
    pub fn save(self, answer: &mut HttpAnswer) -> Result<bool> {
        let status = answer.finished.hop.status;
        match self {
            Target::File(partial) if partial.is_whole(answer, status) => {
                answer.fill()?;
                partial.put_in_place(answer, partial.size(), partial.size()).map(|()| true)
            }
            _ if !(200..300).contains(&status) => answer.fill().map(|()| false),
            Target::File(partial) => partial.save(answer, status).map(|()| true),
            Target::Provider(provider) => to_provider(&*provider, answer).map(|()| true),
        }
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
        Error::new(&code::IO, format!("{} could not be {what}: {}", self.part.display(), reason(error))).outcome(Outcome::Applied)
    }

    fn save(&self, answer: &mut HttpAnswer, status: u16) -> Result<()> {
        // A range that the caller asked for itself is saved as it comes.
        let goes_on = status == 206 && self.have.is_some();
        let begins = answer.fields().get_text("content-range").and_then(|range| range_start(&range));
        if goes_on && begins != Some(self.size()) {
            let message = "the server sent another part of the content than was asked for";
            return Err(Error::new(&code::PROTOCOL, message).outcome(Outcome::Applied));
        }
        let mut file = if goes_on {
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
        let mut saved = began;
        let mut piece = vec![0; PIECE];
        loop {
            let count = answer.stream.read(&mut piece).map_err(|error| answer.named(error))?;
            let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            file.write_all(bytes).map_err(|error| self.failed("written", &error))?;
            saved += count as u64;
        }
        drop(file);
        self.put_in_place(answer, began, saved)
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

fn to_provider(provider: &dyn Provider, answer: &mut HttpAnswer) -> Result<()> {
    let mut piece = vec![0; PIECE];
    let outcome = loop {
        match answer.stream.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                let bytes = piece.get(..count).unwrap_or_default();
                let arguments = Object::from_iter([("bytes", Tree::Bytes(bytes.into()))]);
                if let Err(error) = client::ask(provider, question("save_to", "write", arguments)) {
                    break Err(error);
                }
            }
            Err(error) => break Err(answer.named(error)),
        }
    };
    let word = if outcome.is_ok() { "complete" } else { "failed" };
    let closed = client::ask(provider, question("save_to", "close", Object::from_iter([("outcome", word)])));
    outcome.and(closed.map(drop))
}

#[cfg(test)]
mod tests {
    use super::{range_start, unsatisfied_size};

    #[test]
    fn the_start_of_a_range() {
        for (range, start) in
            [("bytes 0-499/1234", Some(0)), ("bytes 500-999/*", Some(500)), ("bytes */1234", None), ("items 0-4/9", None), ("", None)]
        {
            assert_eq!(range_start(range), start, "{range}");
        }
        assert_eq!(unsatisfied_size("bytes */1234"), Some(1234));
        assert_eq!(unsatisfied_size("bytes 0-4/1234"), None);
    }
}
