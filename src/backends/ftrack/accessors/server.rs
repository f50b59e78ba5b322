//! The server's own store (spec/ftrack.md 1.1, 9.4).

use std::sync::Arc;

use super::{Accessor, Refusal, Source, Stored, refused};
use crate::{backends::ftrack::components::Errand, error::Result};

/// Bytes in the server location. Resource identifiers are identifiers of components.
#[derive(Debug, Default)]
pub struct ServerAccessor;

impl Accessor for ServerAccessor {
    fn name(&self) -> String {
        "server".into()
    }

    fn open(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Arc<dyn Source>> {
        Err(refused(Refusal::Unsupported, "open", identifier, ""))
    }

    fn write(&self, _errand: &Errand<'_>, identifier: &str, _stored: &Stored<'_>) -> Result<u64> {
        Err(refused(Refusal::Unsupported, "write", identifier, ""))
    }

    fn exists(&self, _errand: &Errand<'_>, _identifier: &str) -> Result<bool> {
        Ok(false)
    }

    fn is_file(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Err(refused(Refusal::Unsupported, "is_file", identifier, ""))
    }

    fn is_container(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Err(refused(Refusal::Unsupported, "is_container", identifier, ""))
    }

    fn remove(&self, _errand: &Errand<'_>, identifier: &str) -> Result<()> {
        Err(refused(Refusal::Unsupported, "remove", identifier, ""))
    }

    fn make_container(&self, _errand: &Errand<'_>, _identifier: &str, _recursive: bool) -> Result<()> {
        Ok(())
    }

    fn get_container(&self, _errand: &Errand<'_>, _identifier: &str) -> Result<Option<String>> {
        Ok(None)
    }
}
