//! Event streams through a session: what is asked for, what arrives, when it is asked for again, how it ends. The clock
//! is in the tests' hands: nobody waits for a reconnection time.
#![cfg(debug_assertions)]

#[path = "sse/ending.rs"]
mod ending;
#[path = "sse/flooding.rs"]
mod flooding;
#[path = "sse/hosting.rs"]
mod hosting;
#[path = "sse/oracle.rs"]
mod oracle;
#[path = "sse/peer.rs"]
mod peer;
#[path = "sse/returning.rs"]
mod returning;
#[path = "sse/sandbox.rs"]
mod sandbox;
#[path = "sse/streaming.rs"]
mod streaming;
