//! The session's threads under every schedule that a search finds: shuttle runs them one step at a time and chooses who
//! is next, at random and by few changes of priority (PCT). A schedule that fails is printed and can be played again.
//!
//! `cargo test --features model --test model`; MODEL_ITERATIONS says how many schedules of each kind (2000).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at what must not be"
)]

mod model {
    mod backend;
    mod bounds;
    mod calls;
    mod ends;
    mod mutants;
    mod pushes;
    mod queue;
    mod search;
}
