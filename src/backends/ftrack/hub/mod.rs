//! The event hub (spec/ftrack.md 7).

pub mod expression;
