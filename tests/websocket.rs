//! WebSockets as a whole: against a sandbox, against peers that do what they are told byte by byte, and against the
//! `websockets` package of Python.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::print_stdout,
    reason = "a test stops at what must not be, and prints what it measured"
)]

#[path = "websocket/bed.rs"]
mod bed;
#[path = "websocket/breaking.rs"]
mod breaking;
#[path = "websocket/handshake.rs"]
mod handshake;
#[path = "websocket/lasting.rs"]
mod lasting;
#[path = "websocket/pressure.rs"]
mod pressure;
#[path = "websocket/python.rs"]
mod python;
#[path = "websocket/talking.rs"]
mod talking;
