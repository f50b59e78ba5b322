//! Janus.

pub mod plugins;
