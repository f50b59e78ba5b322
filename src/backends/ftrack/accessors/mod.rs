//! Accessors: how the bytes behind a resource identifier are reached (spec/ftrack.md 9.1, 9.4, 10).
//!
//! | file | what |
//! |---|---|
//! | `disk`, `path` | files below a prefix |
//! | `server` | the server's own store |
//! | `host` | the host's own, as the provider `accessor.NAME` |
//! | `refusal` | their errors |
//!
//! All of them may wait, touch files and run code of the host: they are called on the thread of a call, with no lock
//! held.

mod disk;
mod host;
mod path;
mod refusal;
mod server;

use std::sync::Arc;

pub use disk::DiskAccessor;
pub use host::HostAccessor;
pub use refusal::{Refusal, refused};
pub use server::ServerAccessor;

use super::components::Errand;
use crate::{error::Result, value::Object};

/// Where bytes come from. Reads may come from several threads at once, each at a place of its own.
pub trait Source: Send + Sync {
    /// The number of bytes, when it is known before they are read.
    fn size(&self) -> Option<u64>;

    /// Fills the front of `buffer` with what is at `offset`; fewer bytes do not mean the end, 0 does. Whoever reads
    /// one byte after the other in order has the least to wait for.
    ///
    /// # Errors
    /// Those of the accessor.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
}

/// What is to be stored.
pub struct Stored<'a> {
    /// The identifier of the component.
    pub component: &'a str,
    /// What is known of it: type, key, `name`, `file_type`, `size`.
    pub entity: &'a Object,
    /// Its bytes.
    pub source: &'a Arc<dyn Source>,
    /// How many bytes are moved at once (`FTRACK_API_FILE_CHUNK_SIZE`).
    pub chunk_bytes: usize,
}

/// A way to the bytes of a location. What an accessor cannot do is `accessor_unsupported_operation`.
pub trait Accessor: Send + Sync {
    /// The word in snapshots: `disk`, `server`, or the name of the host's.
    fn name(&self) -> String;

    /// Whether it is code of the host, which has threads of its own to run on.
    fn runs_host_code(&self) -> bool {
        false
    }

    /// Opens what is there for reading.
    ///
    /// # Errors
    /// `accessor_resource_not_found`, `accessor_permission_denied`, `accessor_operation_failed`.
    fn open(&self, errand: &Errand<'_>, identifier: &str) -> Result<Arc<dyn Source>>;

    /// Stores all bytes of a source; nobody was there when it was asked before. How many bytes there were.
    ///
    /// # Errors
    /// The same; `cancelled`; those of the source.
    fn write(&self, errand: &Errand<'_>, identifier: &str, stored: &Stored<'_>) -> Result<u64>;

    /// Whether something is there.
    ///
    /// # Errors
    /// `accessor_filesystem_path`, `accessor_operation_failed`.
    fn exists(&self, errand: &Errand<'_>, identifier: &str) -> Result<bool>;

    /// Whether it is a file.
    ///
    /// # Errors
    /// As [`Accessor::exists`].
    fn is_file(&self, errand: &Errand<'_>, identifier: &str) -> Result<bool>;

    /// Whether it holds others.
    ///
    /// # Errors
    /// As [`Accessor::exists`].
    fn is_container(&self, errand: &Errand<'_>, identifier: &str) -> Result<bool>;

    /// Whether it is a sequence of files.
    ///
    /// # Errors
    /// As [`Accessor::exists`].
    fn is_sequence(&self, _errand: &Errand<'_>, identifier: &str) -> Result<bool> {
        Err(refused(Refusal::Unsupported, "is_sequence", identifier, ""))
    }

    /// What a container holds, as identifiers.
    ///
    /// # Errors
    /// `accessor_resource_not_found`, `accessor_resource_invalid` for what is none.
    fn list(&self, _errand: &Errand<'_>, identifier: &str) -> Result<Vec<String>> {
        Err(refused(Refusal::Unsupported, "list", identifier, ""))
    }

    /// Removes a file, or a container that is empty.
    ///
    /// # Errors
    /// `accessor_resource_not_found`, `accessor_container_not_empty`.
    fn remove(&self, errand: &Errand<'_>, identifier: &str) -> Result<()>;

    /// Makes a container, and with `recursive` those above it. One that is there is left alone.
    ///
    /// # Errors
    /// `accessor_parent_resource_not_found` when one above is missing, `accessor_permission_denied`.
    fn make_container(&self, errand: &Errand<'_>, identifier: &str, recursive: bool) -> Result<()>;

    /// The container that something is in; `None` when there is no such thing here.
    ///
    /// # Errors
    /// `accessor_parent_resource_not_found` when it is outside of what can be reached.
    fn get_container(&self, errand: &Errand<'_>, identifier: &str) -> Result<Option<String>>;

    /// Where it is on a disk.
    ///
    /// # Errors
    /// `accessor_filesystem_path` when that is outside of what can be reached.
    fn filesystem_path(&self, _errand: &Errand<'_>, identifier: &str) -> Result<String> {
        Err(refused(Refusal::Unsupported, "get_filesystem_path", identifier, ""))
    }

    /// Where it can be fetched. May carry credentials: it goes to the host and nowhere else.
    ///
    /// # Errors
    /// `accessor_unsupported_operation`.
    fn url(&self, _errand: &Errand<'_>, identifier: &str) -> Result<String> {
        Err(refused(Refusal::Unsupported, "get_url", identifier, ""))
    }
}
