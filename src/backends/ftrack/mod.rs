//! The ftrack back end (spec/ftrack.md): entities, unit of work, event hub, components.

pub mod hub;
pub mod query;
pub mod schema;
pub mod unit;
