//! System calls: the only place outside `ffi` that may be `unsafe`.

#![allow(unsafe_code, reason = "system calls are what this folder is for")]

pub mod atomic;
pub mod environment;
pub mod eventfd;
pub mod fork;
pub mod gss;
pub mod library;
pub mod lock;
pub mod panic;
pub mod poll;
pub mod readiness;
pub mod socket;
pub mod thread;
pub mod zone;
