//! The wire of socket.io 0.9 (protocol "1") without sockets: what a packet says, and how one is written
//! (spec/ftrack.md 7.1, 7.2). Carried by WebSocket messages; who sends what when is the business of the back end.

pub mod handshake;
pub mod packet;

pub use handshake::Admission;
pub use packet::Packet;
