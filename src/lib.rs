//! haft: one session handle over four kinds of server, through a C interface.
//!
//! The public face of this crate is `include/haft.h`; what is `pub` here serves the tests, the tools and the
//! benchmarks. The direction of imports is `ffi -> session -> backends -> engine -> sys`, and all of them may use
//! `value`, `args`, `options`, `error`, `log`, `secret` and `clock` (`tests/layering.rs` holds it).

#[cfg(panic = "abort")]
compile_error!("haft contains panics at its boundary and must be built with panic = \"unwind\"");

pub mod args;
pub mod backends;
pub mod clock;
pub mod engine;
pub mod error;
pub mod ffi;
pub mod log;
pub mod options;
pub mod secret;
pub mod session;
pub mod sys;
pub mod value;
