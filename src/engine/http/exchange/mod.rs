//! One HTTP/1.1 request for one answer.
//!
//! [`machine`] and [`framing`] know the protocol and no socket: bytes in, bytes out, driven by `ureq-proto`. [`head`]
//! reads answer heads with all the leniency that real servers need and keeps them as they came. [`carrier`] drives the
//! machine on the caller's own thread, `flow` on the reactor, and [`answer`] is what comes out of both. See design.md section 3, spec/http.md
//! 1.11, 1.12, 1.17 and 2.3.

pub mod answer;
pub mod carrier;
mod flow;
pub mod framing;
pub mod head;
mod hold;
mod inflow;
pub mod machine;
pub mod order;
mod streamed;
mod switch;
mod talk;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Marks, Upgraded};
pub use carrier::Carrier;
pub use order::{Order, Payload, Watch};
pub(in crate::engine::http) use streamed::Streamed;
pub use switch::{Switch, switch};
