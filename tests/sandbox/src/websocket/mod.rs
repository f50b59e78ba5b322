//! A server for WebSocket (RFC 6455), written here because the log shows every message as it came and the faults need
//! frames that no library would send.

mod deflate;
mod frame;
mod handshake;
mod socket;

pub use deflate::bomb;
pub use frame::{Shape, opcode, put};
pub use handshake::{Wish, accept_key, upgrade};
pub use socket::{Socket, close_payload};
