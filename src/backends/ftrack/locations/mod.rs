//! Locations: storages, each with the way to its bytes and the way to name places in it (spec/ftrack.md 9.2).
//!
//! | file | what |
//! |---|---|
//! | `builtin` | those that every server has |
//! | `scenario` | the one that the server's storage scenario names |
//! | `told` | those that the host tells of |
//! | `kit` | the host's accessors and structures, and what options call them |

mod builtin;
mod kit;
mod scenario;
mod told;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use builtin::{CONNECT, ORIGIN, REVIEW, SERVER, UNMANAGED};
pub use kit::Kit;

use super::{Core, accessors::Accessor, structures::Structure};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::Result,
    log,
    sys::lock::Mutex,
    value::{Document, Object, Tree},
};

/// The priority of a location that was given none.
pub const PRIORITY: i64 = 95;

/// Resource identifiers by component.
pub type Places = Arc<Mutex<FxHashMap<Box<str>, Box<str>>>>;

/// Where it is noted that a component is in a location.
#[derive(Clone)]
pub enum Register {
    /// On the server, as a `ComponentLocation`.
    Server,
    /// Here.
    Memory(Places),
}

/// One storage, as this session can use it.
#[derive(Clone)]
pub struct Location {
    /// The identifier of its entity.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Lower ones are preferred.
    pub priority: i64,
    /// The way to its bytes; without one it can be asked about, and no more.
    pub accessor: Option<Arc<dyn Accessor>>,
    /// The way to name places.
    pub structure: Option<Arc<dyn Structure>>,
    /// Whether bytes are moved into it and removed from it; else only noted where they are.
    pub moves_data: bool,
    /// Where components are registered.
    pub register: Register,
}

impl Location {
    /// `Location/id`.
    pub fn address(&self) -> String {
        let key: super::query::Key = Box::new([(*self.id).into()]);
        super::address::write("Location", &key)
    }

    /// As snapshots show it.
    fn show(&self) -> Tree {
        let mut out = Object::with_capacity(7);
        out.insert("id", Tree::from(&*self.id));
        out.insert("name", Tree::from(&*self.name));
        out.insert("priority", Tree::Int(self.priority));
        out.insert("accessor", self.accessor.as_ref().map_or(Tree::Null, |accessor| Tree::from(accessor.name())));
        out.insert("structure", self.structure.as_ref().map_or(Tree::Null, |structure| Tree::from(structure.name())));
        out.insert("moves_data", Tree::Bool(self.moves_data));
        out.insert("in_memory", Tree::Bool(matches!(self.register, Register::Memory(_))));
        Tree::Object(out)
    }
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

    /// Adds one, in the place of another of the same identifier; behind others of the same priority.
    pub fn put(&mut self, location: Location) {
        self.0.retain(|known| known.id != location.id);
        let at = self.0.partition_point(|known| known.priority <= location.priority);
        self.0.insert(at, Arc::new(location));
    }

    /// All, the preferred ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Location>> {
        self.0.iter()
    }

    /// As the snapshot `locations` shows them.
    pub fn show(&self) -> Tree {
        Tree::Array(self.0.iter().map(|location| location.show()).collect())
    }
}

/// Locations that are made and not used yet.
pub(super) struct Made {
    locations: Locations,
    kit: Kit,
}

/// Makes the locations, as at the start of a session: the built-in ones, that of the storage scenario, those of the host.
/// What is noted in memory stays with `keep`. Nothing has changed yet.
///
/// # Errors
/// `argument` and `not_found` for what the host told; `provider`.
pub(super) fn make(core: &Core, kit: Kit, keep: bool) -> Result<Made> {
    let places = match core.locations.lock().get(ORIGIN).map(|origin| origin.register.clone()) {
        Some(Register::Memory(places)) if keep => places,
        _ => Places::default(),
    };
    let mut locations = builtin::all(places);
    match scenario::location(&core.server.information) {
        Ok(Some(location)) => locations.put(location),
        Ok(None) => {}
        // As in the official client: the session can do without.
        Err(error) => log::warn(c"ftrack", || format!("the storage scenario was not understood: {error}")),
    }
    told::apply(core, &kit, &mut locations, &Args::new(), &Arc::<Cancel>::default())?;
    Ok(Made { locations, kit })
}

impl Made {
    /// From now on they are the session's.
    pub(super) fn install(self, core: &Core) {
        let mut store = core.store.lock();
        for location in self.locations.iter() {
            let mut entity = Object::with_capacity(3);
            entity.insert("__entity_type__", Tree::from("Location"));
            entity.insert("id", Tree::from(&*location.id));
            entity.insert("name", Tree::from(&*location.name));
            // Known from the start, without a question.
            store.merge(Document::from_object(&entity).root());
        }
        drop(store);
        // What was the host's is let go of with no lock held.
        let old = std::mem::replace(&mut *core.locations.lock(), self.locations);
        let old_kit = std::mem::replace(&mut *core.kit.lock(), Arc::new(self.kit));
        drop((old, old_kit));
    }
}
