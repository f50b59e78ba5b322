//! The server's own store (spec/ftrack.md 1.1, 9.4). Resource identifiers are identifiers of components.

use std::sync::Arc;

use super::{Accessor, Refusal, Source, Stored, refused};
use crate::{
    backends::ftrack::{
        components::Errand,
        transfer::{self, Order, Parcel, Place, Remote, Terms},
    },
    error::{Error, Outcome, Result, Status},
    value::Tree,
};

/// Bytes in the server location.
#[derive(Debug, Default)]
pub struct ServerAccessor;

impl Accessor for ServerAccessor {
    fn name(&self) -> String {
        "server".into()
    }

    fn open(&self, errand: &Errand<'_>, identifier: &str) -> Result<Arc<dyn Source>> {
        let remote = Remote::open(errand, identifier).map_err(|error| failed("open", identifier, error))?;
        Ok(Arc::new(remote))
    }

    fn write(&self, errand: &Errand<'_>, identifier: &str, stored: &Stored<'_>) -> Result<u64> {
        let source = Arc::clone(stored.source);
        // What a source does not tell is counted; in one part, where it is read twice anyway.
        let size = source.size();
        let stretches = match size.filter(|_| !errand.core.login.python) {
            Some(size) => transfer::parts(size, transfer::wanted_parts(errand.args)?)?,
            None => Vec::new(),
        };
        let parcel = Parcel {
            component: identifier.to_owned(),
            file_name: transfer::file_name(stored.entity),
            source,
            size: size.unwrap_or_default(),
        };
        transfer::store(errand, parcel, &stretches).map_err(|error| failed("write", identifier, error))
    }

    /// Nobody can ask the server: as with the official client, nothing is ever there.
    fn exists(&self, _errand: &Errand<'_>, _identifier: &str) -> Result<bool> {
        Ok(false)
    }

    fn is_file(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Err(refused(Refusal::Unsupported, "is_file", identifier, ""))
    }

    fn is_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Err(refused(Refusal::Unsupported, "is_container", identifier, ""))
    }

    fn remove(&self, errand: &Errand<'_>, identifier: &str) -> Result<()> {
        let login = &errand.core.login;
        let (url, params) = transfer::question(login, Place::Remove, identifier);
        let mut args = Terms::of_download(errand.args)?.args()?;
        args.set("params", params);
        let order = Order { method: "GET", url: &url, args, cancel: errand.cancel, progress: None };
        let mut answer = errand.core.storage.send(login, order).map_err(|error| failed("remove", identifier, error))?;
        match answer.status() {
            200..=299 => {
                let _ = answer.drain();
                Ok(())
            }
            status => {
                let error = transfer::refused(status, "the server refused to remove it", &url, Some(&mut *answer));
                Err(failed("remove", identifier, transfer::veiled(error, login)))
            }
        }
    }

    fn make_container(&self, _errand: &Errand<'_>, _identifier: &str, _recursive: bool) -> Result<()> {
        Ok(())
    }

    fn get_container(&self, _errand: &Errand<'_>, _identifier: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn url(&self, errand: &Errand<'_>, identifier: &str) -> Result<String> {
        let login = &errand.core.login;
        Ok(match errand.args.get("thumbnail") {
            None | Some(Tree::Null | Tree::Bool(false)) => transfer::address(login, Place::Get, identifier, None),
            Some(Tree::Bool(true)) => transfer::address(login, Place::Thumbnail, identifier, None),
            Some(_) => {
                let wrong = || Error::option("thumbnail", "thumbnail was neither a boolean nor a number of pixels");
                let size = errand.args.int("thumbnail")?.filter(|size| *size > 0).ok_or_else(wrong)?;
                transfer::address(login, Place::Thumbnail, identifier, Some(size))
            }
        })
    }
}

/// The accessor's error for what went wrong underneath. What the file, the host or the call itself is to blame for stays
/// as it is.
fn failed(operation: &str, identifier: &str, error: Error) -> Error {
    if matches!(error.status(), Status::Cancelled | Status::Argument | Status::Internal)
        || matches!(error.code(), "io" | "provider" | "total_timeout")
    {
        return error;
    }
    let kind = match error.status() {
        Status::NotFound => Refusal::NotFound,
        Status::Auth | Status::Denied => Refusal::Denied,
        _ => Refusal::Failed,
    };
    let transient = error.is_retryable();
    let mut out = refused(kind, operation, identifier, error.message())
        .transient(transient)
        .outcome(error.known_outcome().unwrap_or(Outcome::Unknown));
    for name in ["phase", "http_status", "server_text", "server_code", "exception", "url", "part"] {
        if let Some(value) = error.detail().get(name) {
            out = out.with(name, Tree::clone(value));
        }
    }
    if kind == Refusal::Failed { out.status_as(error.status()) } else { out }
}
