//! The connection that a body comes over, and the room in its buffer.

use super::{carrier::Lease, flow::WiredLease};
use crate::{
    engine::{http::h2::incoming::Incoming, net::connect::Connection},
    error::{Error, Result, code},
};

/// The buffer of a connection that waits; a larger one came from a large head or fast chunks.
pub(super) const KEPT_BUFFER: usize = 16 << 10;
/// The buffer that fast chunks may fill.
const CHUNK_BUFFER: usize = 128 << 10;

/// The connection that a body comes over.
pub(in crate::engine::http) enum Hold {
    /// None: the body is over, or broke off.
    None,
    /// One that is waited for on the caller's own thread.
    Own(Lease),
    /// One that the reactor watches.
    Wired(WiredLease),
    /// A stream of one that others use too.
    Stream(Box<Incoming>),
}

impl Hold {
    pub fn connection(&mut self) -> Option<&mut Connection> {
        match self {
            Hold::None | Hold::Stream(_) => None,
            Hold::Own(lease) => lease.connection.as_deref_mut(),
            Hold::Wired(lease) => lease.wired.as_deref_mut().map(|wired| &mut wired.connection),
        }
    }

    pub(super) fn look(&self) -> Option<&Connection> {
        match self {
            Hold::None | Hold::Stream(_) => None,
            Hold::Own(lease) => lease.connection.as_deref(),
            Hold::Wired(lease) => lease.wired.as_deref().map(|wired| &wired.connection),
        }
    }

    /// The stream, if it is one.
    pub fn incoming(&mut self) -> Option<&mut Incoming> {
        match self {
            Hold::Stream(incoming) => Some(incoming),
            _ => None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Hold::None)
    }
}

/// Makes room behind what was received of a chunked body.
pub(super) fn make_room(connection: &mut Connection) -> Result<()> {
    if connection.end < connection.buffer.len() {
        return Ok(());
    }
    if connection.start > 0 {
        connection.buffer.copy_within(connection.start..connection.end, 0);
        connection.end -= connection.start;
        connection.start = 0;
    }
    let size = connection.buffer.len();
    if connection.end == size && size >= CHUNK_BUFFER {
        return Err(Error::new(&code::CHUNKED_ENCODING, "the chunked body was broken: a line of it was too long"));
    }
    if size < CHUNK_BUFFER {
        // It was filled to the brim: there is more where that came from. Connections of the reactor begin without one.
        connection.buffer.resize((size * 2).clamp(KEPT_BUFFER, CHUNK_BUFFER), 0);
    }
    Ok(())
}
