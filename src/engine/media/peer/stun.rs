//! The part of STUN that tells how a socket is seen from outside: a Binding request and its answer (RFC 8489 5, 6, 14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What tells STUN from older protocols (5).
const COOKIE: u32 = 0x2112_A442;
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const FAILURE: u16 = 0x0111;
const MAPPED: u16 = 0x0001;
const XOR_MAPPED: u16 = 0x0020;
/// What may stand in an answer and is of no interest, although it is below 0x8000: what must be understood (14). Some are of
/// RFC 3489, whose servers are still about.
const KNOWN: [u16; 12] = [0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0B, 0x14, 0x15, 0x1E];

/// The number of a request, which its answer repeats.
pub type Number = [u8; 12];

/// What a server said to the request of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The address that the request came from.
    Mapped(SocketAddr),
    /// It refused, or its answer cannot be used.
    Failed,
}

/// A request.
#[must_use]
pub fn request(number: &Number) -> Vec<u8> {
    let mut request = Vec::with_capacity(20);
    request.extend(REQUEST.to_be_bytes());
    request.extend(0_u16.to_be_bytes());
    request.extend(COOKIE.to_be_bytes());
    request.extend(number);
    request
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The answer to a request, and its number; `None` for everything else.
#[must_use]
pub fn answer(datagram: &[u8]) -> Option<(Number, Answer)> {
    let kind = short(datagram, 0)?;
    let length = usize::from(short(datagram, 2)?);
    let cookie = u32::from_be_bytes(*datagram.get(4..)?.first_chunk()?);
    let number: Number = *datagram.get(8..)?.first_chunk()?;
    let attributes = datagram.get(20..)?;
    if cookie != COOKIE || !length.is_multiple_of(4) || attributes.len() != length || !matches!(kind, SUCCESS | FAILURE)
    {
        return None;
    }
    let mapped = if kind == SUCCESS { mapped(attributes, &number) } else { None };
    Some((number, mapped.map_or(Answer::Failed, Answer::Mapped)))
}

/// The address of an answer; the old attribute counts only when the new one is not there.
fn mapped(mut attributes: &[u8], number: &Number) -> Option<SocketAddr> {
    let (mut plain, mut hidden) = (None, None);
    while !attributes.is_empty() {
        let (kind, length) = (short(attributes, 0)?, usize::from(short(attributes, 2)?));
        let value = attributes.get(4..4 + length)?;
        match kind {
            XOR_MAPPED => hidden = hidden.or(Some(address(value, Some(number))?)),
            MAPPED => plain = plain.or(Some(address(value, None)?)),
            kind if kind < 0x8000 && !KNOWN.contains(&kind) => return None,
            _ => {}
        }
        attributes = attributes.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
    }
    hidden.or(plain)
}

/// An address (14.1); hidden behind the cookie and the number when that is given (14.2), as some routers change addresses
/// wherever they see them.
fn address(value: &[u8], number: Option<&Number>) -> Option<SocketAddr> {
    let mask = |at: usize| match number {
        None => 0,
        Some(number) => {
            let cookie = COOKIE.to_be_bytes();
            cookie.iter().chain(number).nth(at).copied().unwrap_or_default()
        }
    };
    let family = *value.get(1)?;
    let port = u16::from_be_bytes([value.get(2)? ^ mask(0), value.get(3)? ^ mask(1)]);
    let rest = value.get(4..)?;
    let ip = match family {
        1 => {
            let mut bytes: [u8; 4] = rest.try_into().ok()?;
            bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask(at));
            IpAddr::V4(Ipv4Addr::from(bytes))
        }
        2 => {
            let mut bytes: [u8; 16] = rest.try_into().ok()?;
            bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask(at));
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of RFC 5769 2.2 and 2.3, without what signs them.
    fn vector(family: &[u8]) -> Vec<u8> {
        let mut attributes = vec![0x80, 0x22, 0, 0x0b];
        attributes.extend(b"test vector ");
        attributes.extend([0, 0x20, 0, u8::try_from(family.len()).unwrap()]);
        attributes.extend(family);
        let mut answer = vec![1, 1, 0, u8::try_from(attributes.len()).unwrap(), 0x21, 0x12, 0xa4, 0x42];
        answer.extend([0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]);
        answer.extend(attributes);
        answer
    }

    #[test]
    fn the_answers_of_the_test_vectors_are_read() {
        let four = vector(&[0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        let (number, said) = answer(&four).unwrap();
        assert_eq!(number, [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]);
        assert_eq!(said, Answer::Mapped("192.0.2.1:32853".parse().unwrap()));
        let six = vector(&[
            0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9,
            0xd9,
        ]);
        let expected = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        assert_eq!(answer(&six).unwrap().1, Answer::Mapped(expected));
    }

    #[test]
    fn what_is_no_answer_is_none_and_what_cannot_be_used_has_failed() {
        let good = vector(&[0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        for cut in 0..good.len() {
            assert_eq!(answer(&good[..cut]), None, "{cut}");
        }
        let changed = |at: usize, byte: u8| {
            let mut changed = good.clone();
            changed[at] = byte;
            answer(&changed).map(|(_, said)| said)
        };
        // A request, another protocol, an error, a family that nobody has, and an attribute that must be understood.
        assert_eq!(changed(0, 0), None);
        assert_eq!(changed(4, 0), None);
        assert_eq!(changed(1, 0x11), Some(Answer::Failed));
        assert_eq!(changed(41, 3), Some(Answer::Failed));
        assert_eq!(changed(20, 0x7f), Some(Answer::Failed));
        // An attribute longer than the message.
        assert_eq!(changed(39, 9), Some(Answer::Failed));
        // The old attribute.
        let mut old = good.clone();
        old.splice(36.., [0, 1, 0, 8, 0, 1, 0x12, 0x34, 192, 0, 2, 7]);
        assert_eq!(answer(&old).unwrap().1, Answer::Mapped("192.0.2.7:4660".parse().unwrap()));
    }
}
