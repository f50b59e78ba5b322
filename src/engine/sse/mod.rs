//! Server-sent events: the stream as the WHATWG HTML standard has it (section 9.2), and when it is asked for again.
//! Neither reads a clock or a socket.

pub mod course;
pub mod parser;
