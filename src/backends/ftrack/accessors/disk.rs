//! Files below a prefix (spec/ftrack.md 9.4).
//!
//! A file is written beside its place and put there when it is whole: who looks meanwhile finds nothing, and what fails
//! half-way leaves nothing. What is there already is never replaced, also when it came after somebody looked.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use super::{Accessor, Refusal, Source, Stored, path, refusal::system, refused};
use crate::{
    backends::{
        Progress,
        ftrack::{components::Errand, store::uuid},
    },
    error::Result,
    sys::lock::Mutex,
};

/// Files on disks of this machine.
#[derive(Debug)]
pub struct DiskAccessor {
    /// Absolute and without a slash at the end; empty when identifiers are paths as they are.
    prefix: String,
}

impl DiskAccessor {
    /// All files of this machine: identifiers are paths as they are.
    pub fn whole() -> DiskAccessor {
        DiskAccessor { prefix: String::new() }
    }

    /// Files below `prefix`, in which `~` and variables are expanded.
    ///
    /// # Errors
    /// `accessor_filesystem_path` when a relative one leads nowhere.
    pub fn new(prefix: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<DiskAccessor> {
        if prefix.is_empty() {
            return Ok(DiskAccessor::whole());
        }
        let expanded = path::expanded(prefix, variable);
        let absolute = std::path::absolute(&expanded).map_err(|error| system("open", prefix, &error))?;
        let absolute = absolute.to_str().ok_or_else(|| refused(Refusal::Path, "open", prefix, "it is not UTF-8"))?;
        Ok(DiskAccessor { prefix: path::normal(absolute) })
    }

    /// Where an identifier leads, without asking the disk.
    fn place(&self, operation: &str, identifier: &str) -> Result<String> {
        if identifier.contains('\0') {
            return Err(refused(Refusal::Path, operation, identifier, "it has a NUL"));
        }
        if self.prefix.is_empty() {
            return Ok(if identifier.is_empty() { String::new() } else { path::normal(identifier) });
        }
        let whole = if identifier.starts_with('/') {
            path::normal(identifier)
        } else {
            path::normal(&format!("{}/{identifier}", self.prefix))
        };
        if path::below(&self.prefix, &whole).is_none() {
            return Err(refused(Refusal::Path, operation, identifier, ""));
        }
        Ok(whole)
    }
}

impl Accessor for DiskAccessor {
    fn name(&self) -> String {
        "disk".into()
    }

    fn open(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Arc<dyn Source>> {
        let place = self.place("open", identifier)?;
        let file = File::open(&place).map_err(|error| system("open", identifier, &error))?;
        let found = file.metadata().map_err(|error| system("open", identifier, &error))?;
        if found.is_dir() {
            return Err(refused(Refusal::Invalid, "open", identifier, "it is a directory"));
        }
        let size = found.is_file().then_some(found.len());
        Ok(Arc::new(Opened { identifier: identifier.to_owned(), size, file: Mutex::new((file, 0)) }))
    }

    fn write(&self, errand: &Errand<'_>, identifier: &str, stored: &Stored<'_>) -> Result<u64> {
        let place = self.place("write", identifier)?;
        let failed = |error: &io::Error| match error.kind() {
            ErrorKind::NotFound => refused(Refusal::ParentNotFound, "write", identifier, &error.to_string()),
            _ => system("write", identifier, error),
        };
        let beside = Beside::new(&place)?;
        let mut file = File::create_new(&beside.0).map_err(|error| failed(&error))?;
        let mut chunk = vec![0; stored.chunk_bytes.max(1)];
        let mut moved = 0u64;
        loop {
            errand.go_on()?;
            let count = stored.source.read_at(moved, &mut chunk)?;
            let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            file.write_all(bytes).map_err(|error| failed(&error))?;
            moved += count as u64;
            if let Some(tell) = &errand.progress {
                tell(Progress { sent: moved, to_send: stored.source.size(), ..Progress::default() });
            }
        }
        if let Some(size) = stored.source.size().filter(|size| *size != moved) {
            let why = format!("the source had {moved} bytes and not {size}");
            return Err(refused(Refusal::Failed, "write", identifier, &why));
        }
        file.flush().map_err(|error| failed(&error))?;
        drop(file);
        beside.put(Path::new(&place)).map_err(|error| failed(&error))?;
        Ok(moved)
    }

    fn exists(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Ok(Path::new(&self.place("exists", identifier)?).exists())
    }

    fn is_file(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Ok(Path::new(&self.place("is_file", identifier)?).is_file())
    }

    fn is_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Ok(Path::new(&self.place("is_container", identifier)?).is_dir())
    }

    fn list(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Vec<String>> {
        let place = self.place("list", identifier)?;
        let failed = |error: &io::Error| system("list", identifier, error);
        let mut found = Vec::new();
        for entry in fs::read_dir(&place).map_err(|error| failed(&error))? {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            // An identifier is text.
            let Some(name) = name.to_str() else { continue };
            found.push(if identifier.is_empty() {
                name.to_owned()
            } else {
                format!("{}/{name}", identifier.trim_end_matches('/'))
            });
        }
        found.sort_unstable();
        Ok(found)
    }

    fn remove(&self, errand: &Errand<'_>, identifier: &str) -> Result<()> {
        let place = self.place("remove", identifier)?;
        let removed = if self.is_file(errand, identifier)? {
            fs::remove_file(&place)
        } else if self.is_container(errand, identifier)? {
            fs::remove_dir(&place)
        } else {
            return Err(refused(Refusal::NotFound, "remove", identifier, ""));
        };
        removed.map_err(|error| system("remove", identifier, &error))
    }

    fn make_container(&self, _errand: &Errand<'_>, identifier: &str, recursive: bool) -> Result<()> {
        let place = self.place("make_container", identifier)?;
        if place.is_empty() || Path::new(&place).is_dir() {
            return Ok(());
        }
        let made = if recursive { fs::create_dir_all(&place) } else { fs::create_dir(&place) };
        match made {
            Err(error) if error.kind() == ErrorKind::NotFound && !recursive => {
                Err(refused(Refusal::ParentNotFound, "make_container", identifier, &error.to_string()))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if Path::new(&place).is_dir() {
                    Ok(())
                } else {
                    Err(refused(Refusal::Invalid, "make_container", identifier, "a file is there"))
                }
            }
            made => made.map_err(|error| system("make_container", identifier, &error)),
        }
    }

    fn get_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Option<String>> {
        let place = self.place("get_container", identifier)?;
        let above = match place.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((above, _)) => above,
            None => "",
        };
        if self.prefix.is_empty() {
            return Ok(Some(above.to_owned()));
        }
        let inner = path::below(&self.prefix, above);
        let outside = || refused(Refusal::ParentNotFound, "get_container", identifier, "it is outside of the prefix");
        Ok(Some(inner.ok_or_else(outside)?.to_owned()))
    }

    fn filesystem_path(&self, _errand: &Errand<'_>, identifier: &str) -> Result<String> {
        self.place("get_filesystem_path", identifier)
    }
}

/// An open file. Readers take turns: who reads in order never moves.
struct Opened {
    identifier: String,
    size: Option<u64>,
    file: Mutex<(File, u64)>,
}

impl Source for Opened {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut open = self.file.lock();
        let (file, at) = &mut *open;
        let failed = |error: &io::Error| system("read", &self.identifier, error);
        if *at != offset {
            file.seek(SeekFrom::Start(offset)).map_err(|error| failed(&error))?;
            *at = offset;
        }
        loop {
            match file.read(buffer) {
                Ok(count) => {
                    *at += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
    }
}

/// A file that is not in its place yet; gone when it is not put there.
struct Beside(String);

impl Beside {
    fn new(place: &str) -> Result<Beside> {
        let (above, name) = place.rsplit_once('/').map_or(("", place), |(above, name)| (above, name));
        let slash = if place.contains('/') { "/" } else { "" };
        let unique = uuid()?;
        // Short enough beside a name of any length.
        let start: String = name.chars().take(32).collect();
        Ok(Beside(format!("{above}{slash}.{start}.{}.part", unique.get(..8).unwrap_or_default())))
    }

    /// Puts it there unless something is there.
    fn put(&self, place: &Path) -> io::Result<()> {
        match fs::hard_link(&self.0, place) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // A file system without links: looked at once more, as nothing better can be done.
            Err(_) if place.exists() => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.0, place),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Gone already after a rename.
        let _ = fs::remove_file(&self.0);
    }
}
