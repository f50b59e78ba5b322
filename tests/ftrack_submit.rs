//! Submitted calls of ftrack sessions: they wait together, leave the worker to the host's code, and end as blocking ones do.
//! The suites of blocking calls run here once more with everything submitted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;
#[path = "ftrack_submit/cancelling.rs"]
mod cancelling;
#[path = "ftrack_submit/desk.rs"]
mod desk;
#[path = "ftrack_submit/ending.rs"]
mod ending;
#[path = "ftrack_faults/guard.rs"]
mod guard;
#[path = "ftrack_submit/hosting.rs"]
mod hosting;
#[path = "ftrack_submit/ordering.rs"]
mod ordering;
#[path = "ftrack_submit/overlapping.rs"]
mod overlapping;
#[path = "ftrack_faults/sending.rs"]
mod sending;
#[path = "ftrack_services.rs"]
mod services;
#[path = "ftrack_submit/verbs.rs"]
mod verbs;
