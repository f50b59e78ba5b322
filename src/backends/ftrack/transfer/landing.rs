//! Where a download goes: a file, the host's provider, or memory.
//!
//! A file is written beside its name as `NAME.part` and takes the name when it is whole and was compared with what is
//! known of it, so that nothing else ever has the name of a whole one.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    BLOCK,
    notes::Notes,
    piece::{self, Sum},
};
use crate::{
    backends::ftrack::accessors::Source,
    engine::{
        http::{client, policy::hooks::question},
        net::{cancel::Cancel, limits::reason},
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Provider, Tree},
};

/// The most that a download into memory may have.
const MOST_IN_MEMORY: u64 = 1 << 30;

/// Where it goes.
pub enum Landing {
    /// A file.
    File(Partial),
    /// The host, in order.
    Provider(Arc<dyn Provider>),
    /// Memory.
    Memory(Vec<u8>),
}

/// A file on its way.
pub struct Partial {
    path: PathBuf,
    part: PathBuf,
    tag: PathBuf,
    file: Arc<File>,
    /// It was made for this download.
    fresh: bool,
}

impl Landing {
    /// Reads `save_to`. A file is opened at once: that it cannot be written is known before anything is asked for.
    ///
    /// # Errors
    /// `argument` for another type, `io`.
    pub fn open(value: Option<&Tree>, resume: bool) -> Result<Landing> {
        match value {
            None | Some(Tree::Null) if !resume => Ok(Landing::Memory(Vec::new())),
            None | Some(Tree::Null) => Err(Error::option("resume", "resume was asked for without save_to")),
            Some(Tree::Provider(provider)) if !resume => Ok(Landing::Provider(Arc::clone(provider))),
            Some(Tree::Provider(_)) => {
                Err(Error::option("resume", "resume was asked for with a provider, which cannot tell what it has"))
            }
            Some(Tree::Text(path)) if !path.is_empty() => Partial::open(Path::new(&**path)).map(Landing::File),
            Some(_) => Err(Error::option("save_to", "save_to was neither a path nor a provider")),
        }
    }

    /// Begins at the first byte: what was there before is of no use.
    ///
    /// # Errors
    /// `io`; `protocol` when a provider has had bytes already.
    pub fn begin(&mut self, had: u64) -> Result<()> {
        match self {
            Landing::File(partial) => partial.clear(),
            Landing::Memory(bytes) => {
                bytes.clear();
                Ok(())
            }
            Landing::Provider(_) if had == 0 => Ok(()),
            Landing::Provider(_) => {
                Err(Error::new(&code::PROTOCOL, "the content changed while it was handed to the host")
                    .outcome(Outcome::Applied))
            }
        }
    }

    /// Writes what comes at `at`.
    ///
    /// # Errors
    /// What the file system or the host says.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Landing::File(partial) => partial.write(at, bytes),
            Landing::Memory(all) if all.len() as u64 + bytes.len() as u64 > MOST_IN_MEMORY => {
                Err(Error::new(&code::LIMIT, "the component was too large for memory; save_to takes it elsewhere")
                    .with("key", "save_to"))
            }
            Landing::Memory(all) => {
                all.extend_from_slice(bytes);
                Ok(())
            }
            Landing::Provider(provider) => {
                let arguments = Object::from_iter([("bytes", Tree::Bytes(bytes.into()))]);
                client::ask(&**provider, question("save_to", "write", arguments)).map(drop)
            }
        }
    }
}

impl Partial {
    fn open(path: &Path) -> Result<Partial> {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (part, tag) = (beside(".part"), beside(".part.tag"));
        if path.is_dir() {
            return Err(failed(path, "written", &io::Error::from(io::ErrorKind::IsADirectory))
                .with("key", "save_to")
                .outcome(Outcome::NotSent));
        }
        let unusable =
            |error: &io::Error| failed(&part, "opened", error).with("key", "save_to").outcome(Outcome::NotSent);
        loop {
            let fresh = !part.exists();
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part);
            let file = file.map_err(|error| unusable(&error))?;
            // Two that write one file would make a mixture of both; where files cannot be locked nobody can tell.
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                let message = format!("another download is writing {}", part.display());
                return Err(Error::new(&code::BUSY, message).with("key", "save_to").outcome(Outcome::NotSent));
            }
            // Until it was locked the other one may have put it in place: then it is no longer ours to write.
            let known = file.metadata().map_err(|error| unusable(&error))?;
            if std::fs::metadata(&part).is_ok_and(|named| (named.dev(), named.ino()) == (known.dev(), known.ino())) {
                return Ok(Partial { path: path.into(), part, tag, file: Arc::new(file), fresh });
            }
        }
    }

    /// The same file, for a thread.
    pub fn share(&self) -> Partial {
        Partial {
            path: self.path.clone(),
            part: self.part.clone(),
            tag: self.tag.clone(),
            file: Arc::clone(&self.file),
            fresh: self.fresh,
        }
    }

    /// What is known of what is there.
    pub fn known(&self) -> Option<Notes> {
        Notes::read(&self.tag)
    }

    /// How many bytes are there.
    pub fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |known| known.len())
    }

    /// Forgets what is there.
    ///
    /// # Errors
    /// `io`.
    pub fn clear(&self) -> Result<()> {
        // The notes must not outlive the content that they are of.
        self.forget();
        self.file.set_len(0).map_err(|error| failed(&self.part, "emptied", &error))
    }

    /// Forgets what is known, so that nothing goes on with it.
    pub fn forget(&self) {
        let _ = std::fs::remove_file(&self.tag);
    }

    /// Keeps what is known.
    ///
    /// # Errors
    /// `io`.
    pub fn note(&self, notes: &Notes) -> Result<()> {
        std::fs::write(&self.tag, notes.text()).map_err(|error| failed(&self.tag, "written", &error))
    }

    /// Writes at a place; several threads may, each at its own.
    ///
    /// # Errors
    /// `io`.
    pub fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_all_at(bytes, at).map_err(|error| failed(&self.part, "written", &error))
    }

    /// The file takes its name.
    ///
    /// # Errors
    /// `io`.
    pub fn put_in_place(&self) -> Result<()> {
        std::fs::rename(&self.part, &self.path).map_err(|error| failed(&self.part, "put in place", &error))?;
        self.forget();
        self.unlock();
        Ok(())
    }

    /// A child of a fork may have the file as well: it would keep the lock.
    fn unlock(&self) {
        let _ = self.file.unlock();
    }

    /// Nothing came: what was made for it goes.
    pub fn leave(&self) {
        if self.fresh && self.len() == 0 {
            let _ = std::fs::remove_file(&self.part);
        }
        self.unlock();
    }

    /// The sum of what is there.
    ///
    /// # Errors
    /// `io`, `cancelled`.
    pub fn sum(&self, cancel: &Cancel) -> Result<(Sum, u64)> {
        piece::sum(self, cancel)
    }
}

impl Source for Partial {
    fn size(&self) -> Option<u64> {
        Some(self.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(buffer, offset).map_err(|error| failed(&self.part, "read", &error))
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::new(&code::IO, format!("{} could not be {what}: {}", path.display(), reason(error)))
        .transient(false)
        .outcome(Outcome::Applied)
}

/// A buffer for one stretch.
pub fn block() -> Vec<u8> {
    vec![0; BLOCK]
}
