//! Structures: under which resource identifier a component is kept in a location (spec/ftrack.md 9.1, 9.4).
//!
//! | file | what |
//! |---|---|
//! | `plain` | the component's identifier; the identifier that it has where it comes from |
//! | `ids` | directories by the identifier's first characters |
//! | `standard` | project, hierarchy, asset, version |
//! | `host` | the host's own, as the provider `structure.NAME` |

mod host;
mod ids;
mod plain;
mod standard;

pub use host::HostStructure;
pub use ids::IdStructure;
pub use plain::{EntityIdStructure, OriginStructure};
pub use standard::StandardStructure;

use super::{components::Errand, store::EntityId};
use crate::error::{Error, Result, code};

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

    /// Whether it is code of the host, which has threads of its own to run on.
    fn runs_host_code(&self) -> bool {
        false
    }

    /// The resource identifier of a component.
    ///
    /// # Errors
    /// `structure` when it cannot be told.
    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String>;
}

/// The kinds of components that structures tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    File,
    Sequence,
    Container,
}

impl Shape {
    fn of(errand: &Errand<'_>, component: EntityId, structure: &str) -> Result<Shape> {
        let kind = errand.kind(component);
        match kind.as_ref().map_or("", |kind| &*kind.name) {
            "FileComponent" => Ok(Shape::File),
            "SequenceComponent" => Ok(Shape::Sequence),
            "ContainerComponent" => Ok(Shape::Container),
            other => Err(untold(errand, component, &format!("the structure {structure:?} has no place for a {other}"))),
        }
    }
}

/// The error that no place can be told.
fn untold(errand: &Errand<'_>, component: EntityId, why: &str) -> Error {
    Error::new(&code::STRUCTURE, format!("the place of {} cannot be told: {why}", errand.address(component)))
}

/// What is before the last slash.
fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The file type of a component, which may have none.
fn file_type(errand: &Errand<'_>, component: EntityId) -> Result<String> {
    Ok(errand.text(component, "file_type")?.unwrap_or_default())
}
