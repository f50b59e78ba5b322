//! System calls: the only place outside `ffi` that may be `unsafe`.

pub mod environment;
pub mod eventfd;
pub mod fork;
pub mod poll;
pub mod socket;
pub mod thread;
