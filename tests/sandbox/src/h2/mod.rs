//! A server for HTTP/2 (RFC 9113), written here for the same reason as the one for HTTP/1.1: the log shows fields,
//! pseudo-header fields and stream numbers as they came, and the faults send frames that no library would send, on
//! the same connection as well-behaved answers.

pub mod frame;
mod hpack;
mod multiplex;
mod receive;
mod stream;
mod tuning;

pub use hpack::{put_field, put_status};
pub use multiplex::serve;
pub use stream::Stream;
pub use tuning::{Reports, Tuning};
