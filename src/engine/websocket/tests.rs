//! The protocol without sockets: every kind of frame that the Autobahn suite sends to a client, written from RFC 6455 and
//! RFC 7692, whole and in every cut.

mod bench;
mod compression;
mod frames;
mod sending;
mod shortcut;
