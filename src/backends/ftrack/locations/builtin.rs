//! The locations that every server has (spec/ftrack.md 9.2).

use std::sync::Arc;

use super::{Location, Locations, Places, Register};
use crate::backends::ftrack::{
    accessors::{Accessor, DiskAccessor, ServerAccessor},
    structures::{EntityIdStructure, OriginStructure},
};

/// Files as they are on this machine, before they are in any location: known to this session alone.
pub const ORIGIN: &str = "ce9b348f-8809-11e3-821c-20c9d081909b";
/// Files that stay where they are.
pub const UNMANAGED: &str = "cb268ecc-8809-11e3-a7e2-20c9d081909b";
/// What was encoded for review.
pub const REVIEW: &str = "cd41be70-8809-11e3-b98a-20c9d081909b";
/// The server's own store.
pub const SERVER: &str = "3a372bde-05bc-11e4-8908-20c9d081909b";
/// That of the desktop application; nobody configures it here.
pub const CONNECT: &str = "07b82a97-8cf9-11e3-9383-20c9d081909b";

/// All of them but the desktop application's; the origin has `places`.
pub fn all(places: Places) -> Locations {
    let mut all = Locations::default();
    let here = |id: &str, name: &str, priority: i64, register: Register| Location {
        id: id.into(),
        name: name.into(),
        priority,
        accessor: Some(Arc::new(DiskAccessor::whole()) as Arc<dyn Accessor>),
        structure: Some(Arc::new(OriginStructure)),
        moves_data: false,
        register,
    };
    all.put(here(ORIGIN, "ftrack.origin", 100, Register::Memory(places)));
    all.put(here(UNMANAGED, "ftrack.unmanaged", 90, Register::Server));
    all.put(here(REVIEW, "ftrack.review", 110, Register::Server));
    all.put(Location {
        id: SERVER.into(),
        name: "ftrack.server".into(),
        priority: 150,
        accessor: Some(Arc::new(ServerAccessor)),
        structure: Some(Arc::new(EntityIdStructure)),
        moves_data: true,
        register: Register::Server,
    });
    all
}
