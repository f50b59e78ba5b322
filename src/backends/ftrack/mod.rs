//! The ftrack back end (spec/ftrack.md): entities, unit of work, event hub, components.

mod address;
pub mod hub;
pub mod query;
pub mod schema;
pub mod store;
pub mod unit;
