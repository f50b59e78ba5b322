//! An accessor of the host's own (verbs.md "Provider protocol", `accessor.NAME`).

use std::sync::Arc;

use super::{Accessor, Refusal, Source, Stored, refused};
use crate::{
    args::Args,
    backends::{Progress, ftrack::components::Errand},
    error::{Error, Result, Status},
    log,
    sys::atomic::{AtomicBool, Ordering},
    value::{Object, Provider, Tree},
};

/// The host reaches the bytes.
pub struct HostAccessor {
    /// The name that it was given under.
    pub name: Box<str>,
    /// The host's code.
    pub provider: Arc<dyn Provider>,
}

/// What a provider's refusal of an operation stands for.
fn meant(status: Status) -> Refusal {
    match status {
        Status::NotFound => Refusal::NotFound,
        Status::Unsupported => Refusal::Unsupported,
        Status::Denied | Status::Auth => Refusal::Denied,
        Status::Conflict => Refusal::NotEmpty,
        Status::Argument => Refusal::Invalid,
        _ => Refusal::Failed,
    }
}

/// The host's code, asked for one accessor.
#[derive(Clone)]
struct Asked {
    name: Box<str>,
    provider: Arc<dyn Provider>,
}

impl Asked {
    fn ask(&self, method: &str, identifier: &str, arguments: Object) -> Result<Option<Tree>> {
        let mut call = Object::with_capacity(3);
        call.insert("provider", Tree::from(format!("accessor.{}", self.name)));
        call.insert("method", Tree::from(method));
        call.insert("arguments", Tree::Object(arguments));
        let mut reply = Args::new();
        match self.provider.call(Tree::Object(call), &mut reply) {
            Status::Ok => {
                reply.check()?;
                Ok(reply.get("value").cloned())
            }
            failed => {
                let why = reply.str("message").ok().flatten().unwrap_or_default();
                Err(refused(meant(failed), method, identifier, why))
            }
        }
    }

    fn handle(&self, method: &str, identifier: &str, handle: &Tree, more: &[(&str, Tree)]) -> Result<Option<Tree>> {
        let mut arguments = Object::with_capacity(more.len() + 1);
        arguments.insert("handle", handle.clone());
        for (name, value) in more {
            arguments.insert(name, value.clone());
        }
        self.ask(method, identifier, arguments)
    }
}

impl HostAccessor {
    fn asked(&self) -> Asked {
        Asked { name: self.name.clone(), provider: Arc::clone(&self.provider) }
    }

    fn ask(&self, method: &str, identifier: &str) -> Result<Option<Tree>> {
        let mut arguments = Object::with_capacity(1);
        arguments.insert("identifier", Tree::from(identifier));
        self.asked().ask(method, identifier, arguments)
    }

    fn open_as(&self, identifier: &str, mode: &str, more: &[(&str, Tree)]) -> Result<Tree> {
        let mut arguments = Object::with_capacity(2 + more.len());
        arguments.insert("identifier", Tree::from(identifier));
        arguments.insert("mode", Tree::from(mode));
        for (name, value) in more {
            arguments.insert(name, value.clone());
        }
        Ok(self.asked().ask("open", identifier, arguments)?.unwrap_or_default())
    }

    /// A question whose answer is yes or no; absent is no.
    fn truth(&self, method: &str, identifier: &str) -> Result<bool> {
        match self.ask(method, identifier) {
            Ok(Some(Tree::Bool(truth))) => Ok(truth),
            Ok(None | Some(Tree::Null)) => Ok(false),
            Ok(Some(other)) => Err(self.odd(method, identifier, &other)),
            Err(error) if error.status() == Status::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn text(&self, method: &str, identifier: &str) -> Result<Option<String>> {
        match self.ask(method, identifier)? {
            Some(Tree::Text(text)) => Ok(Some(text.to_string())),
            None | Some(Tree::Null) => Ok(None),
            Some(other) => Err(self.odd(method, identifier, &other)),
        }
    }

    fn odd(&self, method: &str, identifier: &str, answer: &Tree) -> Error {
        refused(
            Refusal::Failed,
            method,
            identifier,
            &format!("the accessor {:?} answered {}", self.name, answer.kind_name()),
        )
    }
}

impl Accessor for HostAccessor {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn runs_host_code(&self) -> bool {
        true
    }

    fn open(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Arc<dyn Source>> {
        let handle = self.open_as(identifier, "rb", &[])?;
        // A host that knows the size says so beside its own handle.
        let size = handle.get("size").and_then(Tree::as_int).and_then(|size| u64::try_from(size).ok());
        Ok(Arc::new(Opened {
            asked: self.asked(),
            identifier: identifier.into(),
            handle,
            size,
            failed: AtomicBool::default(),
        }))
    }

    fn write(&self, errand: &Errand<'_>, identifier: &str, stored: &Stored<'_>) -> Result<u64> {
        let told = [
            ("component", Tree::Object(stored.entity.clone())),
            ("size", stored.source.size().map_or(Tree::Null, Tree::from)),
        ];
        let handle = self.open_as(identifier, "wb", &told)?;
        let asked = self.asked();
        let moved = push(&asked, errand, identifier, &handle, stored);
        let outcome = if moved.is_ok() { "complete" } else { "failed" };
        let closed = asked.handle("close", identifier, &handle, &[("outcome", Tree::from(outcome))]);
        match (moved, closed) {
            (Ok(moved), Ok(_)) => Ok(moved),
            // A host without such a method has nothing to finish.
            (Ok(moved), Err(error)) if error.status() == Status::Unsupported => Ok(moved),
            (Ok(_), Err(error)) | (Err(error), _) => Err(error),
        }
    }

    fn exists(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        self.truth("exists", identifier)
    }

    fn is_file(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        self.truth("is_file", identifier)
    }

    fn is_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        self.truth("is_container", identifier)
    }

    fn is_sequence(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        self.truth("is_sequence", identifier)
    }

    fn list(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Vec<String>> {
        match self.ask("list", identifier)? {
            Some(Tree::Array(items)) => Ok(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()),
            None | Some(Tree::Null) => Ok(Vec::new()),
            Some(other) => Err(self.odd("list", identifier, &other)),
        }
    }

    fn remove(&self, _errand: &Errand<'_>, identifier: &str) -> Result<()> {
        self.ask("remove", identifier).map(drop)
    }

    fn make_container(&self, _errand: &Errand<'_>, identifier: &str, recursive: bool) -> Result<()> {
        let mut arguments = Object::with_capacity(2);
        arguments.insert("identifier", Tree::from(identifier));
        arguments.insert("recursive", Tree::Bool(recursive));
        self.asked().ask("make_container", identifier, arguments).map(drop)
    }

    /// A host that has no containers need not know of them.
    fn get_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Option<String>> {
        match self.text("get_container", identifier) {
            Err(error) if matches!(error.status(), Status::Unsupported | Status::NotFound) => Ok(None),
            told => told,
        }
    }

    fn filesystem_path(&self, _errand: &Errand<'_>, identifier: &str) -> Result<String> {
        let told = self.text("filesystem_path", identifier)?;
        told.ok_or_else(|| refused(Refusal::Path, "filesystem_path", identifier, "the accessor told none"))
    }

    fn url(&self, _errand: &Errand<'_>, identifier: &str) -> Result<String> {
        let told = self.text("url", identifier)?;
        told.ok_or_else(|| refused(Refusal::Unsupported, "url", identifier, "the accessor told none"))
    }
}

/// Hands the bytes over, chunk by chunk.
fn push(asked: &Asked, errand: &Errand<'_>, identifier: &str, handle: &Tree, stored: &Stored<'_>) -> Result<u64> {
    let mut chunk = vec![0; stored.chunk_bytes.max(1)];
    let mut moved = 0u64;
    loop {
        errand.go_on()?;
        let count = stored.source.read_at(moved, &mut chunk)?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        asked.handle("write", identifier, handle, &[("offset", Tree::from(moved)), ("bytes", Tree::from(bytes))])?;
        moved += count as u64;
        if let Some(tell) = &errand.progress {
            tell(Progress { sent: moved, to_send: stored.source.size(), ..Progress::default() });
        }
    }
    if let Some(size) = stored.source.size().filter(|size| *size != moved) {
        return Err(refused(
            Refusal::Failed,
            "write",
            identifier,
            &format!("the source had {moved} bytes and not {size}"),
        ));
    }
    Ok(moved)
}

/// Something that the host has opened.
struct Opened {
    asked: Asked,
    identifier: Box<str>,
    handle: Tree,
    size: Option<u64>,
    /// It could not be read.
    failed: AtomicBool,
}

impl Opened {
    fn ask(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let wanted = [("offset", Tree::from(offset)), ("size", Tree::from(buffer.len()))];
        let brought = self.asked.handle("read", &self.identifier, &self.handle, &wanted)?;
        let bytes = match &brought {
            None | Some(Tree::Null) => &[][..],
            // Taken for the end, anything else would cut off what is moved.
            Some(brought) => brought.as_bytes().ok_or_else(|| {
                let why = format!("the accessor {:?} answered {} and not bytes", self.asked.name, brought.kind_name());
                refused(Refusal::Failed, "read", &self.identifier, &why)
            })?,
        };
        match buffer.get_mut(..bytes.len()) {
            Some(front) => {
                front.copy_from_slice(bytes);
                Ok(bytes.len())
            }
            None => {
                let why = format!("the accessor brought {} bytes where {} were asked for", bytes.len(), buffer.len());
                Err(refused(Refusal::Failed, "read", &self.identifier, &why))
            }
        }
    }
}

impl Source for Opened {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.ask(offset, buffer).inspect_err(|_| self.failed.store(true, Ordering::Relaxed))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let outcome = if self.failed.load(Ordering::Relaxed) { "failed" } else { "complete" };
        let closed = self.asked.handle("close", &self.identifier, &self.handle, &[("outcome", Tree::from(outcome))]);
        if let Err(error) = closed
            && error.status() != Status::Unsupported
        {
            log::warn(c"ftrack", || format!("an accessor could not close what it had opened: {error}"));
        }
    }
}
