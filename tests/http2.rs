//! HTTP/2 against a sandbox, every case once as a blocking call and once as a submitted one: which version is spoken,
//! what is sent and told, streams that share a connection without minding each other, and all that can go wrong.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test stops at what must not be"
)]

#[path = "http2/bed.rs"]
mod bed;
#[path = "http2/choosing.rs"]
mod choosing;
#[path = "http2/failing.rs"]
mod failing;
#[path = "http2/nghttp2.rs"]
mod nghttp2;
#[path = "http2/plain.rs"]
mod plain;
#[path = "http2/sharing.rs"]
mod sharing;
