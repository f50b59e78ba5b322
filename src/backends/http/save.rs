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
    engine::{
        http::{client, headers::Headers, policy::hooks::question},
        net::limits::reason,
    },
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
    /// Bytes there already, when they are worth going on with.
    have: u64,
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
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder
                    && !folder.is_dir()
                {
                    // Found before anything is sent: a request whose answer has no place may still change something.
                    let message = format!("the folder {} was not there to save to", folder.display());
                    let error = Error::new(&code::IO, message).transient(false).with("key", "save_to");
                    return Err(error.outcome(Outcome::NotSent));
                }
                Ok(Target::File(Partial::find(path, resume)))
            }
            _ => Err(Error::option("save_to", "save_to was neither a path nor a provider")),
        }
    }

    /// Asks for the rest alone, when a part is there.
    pub fn condition(&self, headers: &mut Headers) {
        let Target::File(partial) = self else { return };
        if partial.have == 0 {
            return;
        }
        let Ok(tag) = std::fs::read_to_string(&partial.tag) else { return };
        headers.set("Range", &format!("bytes={}-", partial.have));
        headers.set("If-Range", tag.trim());
        // A range of compressed bytes is of no use to whoever holds the plain ones.
        headers.set("Accept-Encoding", "identity");
    }

    /// Writes the body of a 200 or 206; other answers keep theirs in memory.
    ///
    /// # Errors
    /// What the connection or the file system says; the part stays for `resume`.
    pub fn save(self, answer: &mut HttpAnswer) -> Result<()> {
        let status = answer.finished.hop.status;
        if !(200..300).contains(&status) {
            return answer.fill();
        }
        match self {
            Target::File(partial) => partial.save(answer, status),
            Target::Provider(provider) => to_provider(&*provider, answer),
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
        let have = if resume && tag.is_file() { part.metadata().map_or(0, |meta| meta.len()) } else { 0 };
        Partial { path: path.into(), part, tag, have }
    }

    fn save(self, answer: &mut HttpAnswer, status: u16) -> Result<()> {
        let failed = |what: &str, error: &io::Error| {
            let message = format!("{} could not be {what}: {}", self.part.display(), reason(error));
            Error::new(&code::IO, message).transient(false).outcome(Outcome::Applied)
        };
        let begins = answer.fields().get_text("content-range").and_then(|range| range_start(&range));
        if status == 206 && begins != Some(self.have) {
            let message = "the server sent another part of the content than was asked for";
            return Err(Error::new(&code::PROTOCOL, message).outcome(Outcome::Applied));
        }
        let goes_on = status == 206 && self.have > 0;
        let opened = if goes_on {
            OpenOptions::new().append(true).open(&self.part)
        } else {
            File::create(&self.part)
        };
        let mut file = opened.map_err(|error| failed("opened", &error))?;
        if !goes_on {
            let fields = answer.fields();
            let strong = fields.get_text("etag").filter(|tag| !tag.starts_with("W/"));
            match strong.or_else(|| fields.get_text("last-modified")) {
                Some(tag) => std::fs::write(&self.tag, tag.as_bytes()).map_err(|error| failed("tagged", &error))?,
                None => {
                    let _ = std::fs::remove_file(&self.tag);
                }
            }
        }
        let mut piece = vec![0; PIECE];
        let mut saved = if goes_on { self.have } else { 0 };
        loop {
            let count = answer.stream.read(&mut piece).map_err(|error| answer.named(error))?;
            let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            file.write_all(bytes).map_err(|error| failed("written", &error))?;
            saved += count as u64;
        }
        file.flush().map_err(|error| failed("written", &error))?;
        drop(file);
        std::fs::rename(&self.part, &self.path).map_err(|error| failed("put in place", &error))?;
        let _ = std::fs::remove_file(&self.tag);
        answer.note("saved", Tree::Int(i64::try_from(saved).unwrap_or(i64::MAX)));
        answer.note("resumed_at", Tree::Int(if goes_on { i64::try_from(self.have).unwrap_or(0) } else { 0 }));
        Ok(())
    }
}

/// The first byte of a Content-Range (RFC 9110 14.4).
fn range_start(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.trim().parse().ok()
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
    use super::{Target, range_start};
    use crate::value::Tree;

    #[test]
    fn a_missing_folder_is_told_before_anything_is_sent() {
        let error = Target::parse(&Tree::from("/no such folder/file"), false).err().unwrap();
        assert_eq!(error.message(), "the folder /no such folder was not there to save to");
        assert_eq!(error.known_outcome(), Some(crate::error::Outcome::NotSent));
        assert!(!error.is_retryable());
        assert!(Target::parse(&Tree::from("file"), false).is_ok());
    }

    #[test]
    fn the_start_of_a_range() {
        for (range, start) in
            [("bytes 0-499/1234", Some(0)), ("bytes 500-999/*", Some(500)), ("bytes */1234", None), ("items 0-4/9", None), ("", None)]
        {
            assert_eq!(range_start(range), start, "{range}");
        }
    }
}
