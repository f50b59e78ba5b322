//! HTTP/2 (RFC 9113): one connection for each route, which all calls of a session share.
//!
//! The connection itself is served on the reactor ([`line`]), over the same streams, proxies and TLS as HTTP/1.1
//! ([`transport`]). A call opens its own stream and moves its own bytes ([`exchange`], `talk`, [`incoming`]), on the thread of a
//! blocking call or on the reactor; what differs is how it waits ([`patience`]). So a host that does not read its
//! answer stops that stream and no other. Which connection carries a call, and whether the server speaks HTTP/2 at all,
//! is the matter of [`lines`]. The reasons are in docs/decisions/http2.md; see design.md section 3.

pub mod exchange;
mod fault;
mod head;
pub mod incoming;
pub mod line;
pub mod lines;
pub mod patience;
mod place;
mod tact;
mod talk;
mod tally;
mod transport;

pub use exchange::{Errand, Exchanged, Made};
pub use lines::Lines;
pub use patience::{Patience, at_once};
