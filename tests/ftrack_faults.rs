//! Faults of ftrack sessions, each ten times: what is told, that nothing is lost and nothing doubled, and that no
//! descriptor, thread or memory is left.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;
#[path = "ftrack_faults/guard.rs"]
mod guard;
#[path = "ftrack_faults/opening.rs"]
mod opening;
#[path = "ftrack_faults/plugging.rs"]
mod plugging;
#[path = "ftrack_faults/sending.rs"]
mod sending;
#[path = "ftrack_faults/using.rs"]
mod using;
