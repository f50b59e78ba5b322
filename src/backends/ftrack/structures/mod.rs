//! Structures: under which resource identifier a component is kept in a location (spec/ftrack.md 9.1, 9.4).

use super::{components::Errand, store::EntityId};
use crate::error::Result;

/// What an identifier is made for.
pub struct Subject<'a> {
    /// The component.
    pub component: EntityId,
    /// Under which identifier it is where it comes from.
    pub source: Option<&'a str>,
}

/// A way to name places.
pub trait Structure: Send + Sync {
    /// The word in snapshots: `standard`, or the name of the host's.
    fn name(&self) -> String;

    /// The resource identifier of a component.
    ///
    /// # Errors
    /// `structure` when it cannot be told.
    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String>;
}
