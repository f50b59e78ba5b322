//! System calls.

pub mod fork;
