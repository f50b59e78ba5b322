//! Locations: storages, each with the way to its bytes and the way to name places in it (spec/ftrack.md 9.2).

mod builtin;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use builtin::{CONNECT, ORIGIN, REVIEW, SERVER, UNMANAGED};

use super::{accessors::Accessor, structures::Structure};
use crate::sys::lock::Mutex;

/// The priority of a location that was given none.
pub const PRIORITY: i64 = 95;

/// Where it is noted that a component is in a location.
pub enum Register {
    /// On the server, as a `ComponentLocation`.
    Server,
    /// Here: resource identifiers by component.
    Memory(Mutex<FxHashMap<Box<str>, Box<str>>>),
}

/// One storage, as this session can use it.
pub struct Location {
    /// The identifier of its entity.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Lower ones are preferred.
    pub priority: i64,
    /// The way to its bytes; without one it can be read about, and no more.
    pub accessor: Option<Arc<dyn Accessor>>,
    /// The way to name places.
    pub structure: Option<Arc<dyn Structure>>,
    /// Whether bytes are moved into it and removed from it; else only noted where they are.
    pub moves_data: bool,
    /// Where components are registered.
    pub register: Register,
    /// Whether what a component is added from is a resource identifier here, as for the origin.
    pub takes_paths: bool,
}

/// The locations that this session knows how to use, by preference.
#[derive(Default)]
pub struct Locations(Vec<Arc<Location>>);

impl Locations {
    /// One by its identifier.
    pub fn get(&self, id: &str) -> Option<&Arc<Location>> {
        self.0.iter().find(|location| *location.id == *id)
    }

    /// One by its name.
    pub fn named(&self, name: &str) -> Option<&Arc<Location>> {
        self.0.iter().find(|location| *location.name == *name)
    }

    /// Adds one, in the place of another of the same identifier.
    pub fn put(&mut self, location: Location) {
        self.0.retain(|known| known.id != location.id);
        let at = self.0.partition_point(|known| known.priority <= location.priority);
        self.0.insert(at, Arc::new(location));
    }

    /// All, the preferred ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Location>> {
        self.0.iter()
    }
}
