//! The atomics of what threads share: the standard library's, or in the model check those whose schedule it explores.

#[cfg(not(feature = "model"))]
pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

#[cfg(feature = "model")]
pub use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
