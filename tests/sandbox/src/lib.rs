//! Stand-in servers on loopback, for everyone who writes or tests a client: HTTP with well-behaved and awkward
//! answers, every kind of certificate, proxies, and a log of the bytes that were received.
//!
//! It knows nothing of the library that is tested against it, and is never adapted to it: an endpoint does what the
//! protocols say, or breaks them in the way that its name says. The endpoints are listed in `README.md`.

#![deny(missing_docs)]
#![deny(unsafe_code)]

mod certificate;
mod endpoint;
mod exchange;
mod ftrack;
mod h2;
pub mod janus;
mod log;
mod mesh;
mod proxy;
mod request;
mod sandbox;
mod server;
mod socks;
mod state;
mod websocket;
mod wire;

pub use certificate::KEY_PASSWORD;
pub use ftrack::Setup as FtrackSetup;
pub use mesh::Setup as MeshSetup;
pub use request::{Args, parse_pairs};
pub use sandbox::{Options, Sandbox};
pub use state::Fault;
