//! UDP sockets of a connection: one for each address of this machine that the other side may reach.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
};

use super::Terms;
use crate::{
    engine::net::limits::reason,
    error::{Error, Result, code},
    log,
};

/// More addresses are not tried: every one is a candidate, and every pair of candidates takes time to check.
const MOST: usize = 12;

/// What may wait to be read, in bytes: a keyframe of a megabyte with what the system adds.
const BUFFER: usize = 4 << 20;

/// Whether the other side could be reached by an address, in general.
fn is_useful(address: IpAddr, loopback: bool) -> bool {
    let here = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified() || address.is_multicast(),
        // They need a scope, which a candidate has no place for.
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_unspecified() || address.is_multicast(),
    };
    !here && (loopback || !address.is_loopback())
}

/// The addresses to bind to, the likeliest first.
fn addresses(terms: &Terms) -> Result<Vec<IpAddr>> {
    if !terms.addresses.is_empty() {
        return Ok(terms.addresses.clone());
    }
    let interfaces = if_addrs::get_if_addrs().map_err(|error| {
        Error::new(&code::IO, format!("the addresses of this machine could not be read: {}", reason(&error)))
    })?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in interfaces.iter().map(if_addrs::Interface::ip) {
        if is_useful(address, terms.loopback) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    // A server on this machine is likeliest found by loopback, every other one by the old protocol.
    addresses.sort_by_key(|address| (!address.is_loopback(), address.is_ipv6()));
    addresses.truncate(MOST);
    Ok(addresses)
}

fn bind(address: IpAddr) -> io::Result<(SocketAddr, UdpSocket)> {
    let socket = UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    // As much of it as the system allows; what it gives by itself is full after 90 datagrams.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
    Ok((socket.local_addr()?, socket))
}

/// Makes the sockets.
///
/// # Errors
/// `io` when there is no address, or none that was given can be bound to.
pub fn open(terms: &Terms) -> Result<Vec<(SocketAddr, UdpSocket)>> {
    let (mut sockets, mut failed) = (Vec::new(), None);
    for address in addresses(terms)? {
        match bind(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => {
                log::debug(c"media", || format!("no socket for {address}: {}", reason(&error)));
                failed = Some((address, error));
            }
        }
    }
    match failed {
        _ if !sockets.is_empty() => Ok(sockets),
        Some((address, error)) => {
            Err(Error::new(&code::IO, format!("no UDP socket could be bound to {address}: {}", reason(&error))))
        }
        None => Err(Error::new(&code::IO, "this machine has no address to be reached by")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_nobody_could_reach_are_left_out() {
        let useful = |text: &str| is_useful(text.parse().unwrap(), false);
        assert!(useful("192.0.2.1") && useful("2001:db8::1") && useful("fd00::1"));
        for text in ["127.0.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "::", "ff02::1"] {
            assert!(!useful(text), "{text}");
        }
        assert!(is_useful("127.0.0.1".parse().unwrap(), true));
    }
}
