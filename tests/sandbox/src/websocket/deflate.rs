//! permessage-deflate (RFC 7692): what is agreed, and the packing of messages.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::request::Args;

/// What ends a sync flush; left out on the wire (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Messages above this size are refused when they are unpacked.
const MESSAGE_MAX_BYTES: usize = 1 << 30;

/// What was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The server forgets its window after each message.
    pub server_forgets: bool,
    /// The client does.
    pub client_forgets: bool,
    /// Size of the server's window, if the client set one.
    pub server_bits: Option<u8>,
    /// Size of the client's window, if it is limited.
    pub client_bits: Option<u8>,
}

impl Terms {
    /// The value of Sec-WebSocket-Extensions.
    pub fn header(&self) -> String {
        let mut text = "permessage-deflate".to_owned();
        if self.server_forgets {
            text.push_str("; server_no_context_takeover");
        }
        if self.client_forgets {
            text.push_str("; client_no_context_takeover");
        }
        for (name, bits) in [("server", self.server_bits), ("client", self.client_bits)] {
            if let Some(bits) = bits {
                text.push_str(&format!("; {name}_max_window_bits={bits}"));
            }
        }
        text
    }
}

/// The first offer that can be taken. `takeover=0` and `client_takeover=0` ask for windows that are forgotten,
/// `client_bits=N` limits the client's window where it says that it can.
pub fn terms(offers: &str, args: &Args) -> Option<Terms> {
    offers.split(',').find_map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        if parts.next() != Some("permessage-deflate") {
            return None;
        }
        let mut terms = Terms {
            server_forgets: args.get("takeover") == Some("0"),
            client_forgets: args.get("client_takeover") == Some("0"),
            ..Terms::default()
        };
        for part in parts {
            let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            let bits = value.and_then(|text| text.trim_matches('"').parse::<u8>().ok());
            match (name, value, bits) {
                ("server_no_context_takeover", None, _) => terms.server_forgets = true,
                ("client_no_context_takeover", None, _) => terms.client_forgets = true,
                ("server_max_window_bits", _, Some(bits @ 8..=15)) => terms.server_bits = Some(bits),
                ("client_max_window_bits", None, _) | ("client_max_window_bits", _, Some(8..=15)) => {
                    terms.client_bits = args.get("client_bits").and_then(|text| text.parse().ok());
                }
                _ => return None,
            }
        }
        Some(terms)
    })
}

/// Both directions of one connection.
pub struct Deflate {
    pack: Compress,
    unpack: Decompress,
    terms: Terms,
}

impl Deflate {
    /// On these terms. Where the client wants a smaller window than ours, nothing is compressed at all: stored blocks
    /// look back at nothing.
    pub fn new(terms: Terms) -> Self {
        let level =
            if terms.server_bits.is_some_and(|bits| bits < 15) { Compression::none() } else { Compression::fast() };
        Self { pack: Compress::new(level, false), unpack: Decompress::new(false), terms }
    }

    /// A message's payload, packed.
    pub fn pack(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        if plain.is_empty() {
            // An empty block (RFC 7692 section 7.2.3.6).
            return Ok(vec![0]);
        }
        let mut out = Vec::with_capacity(plain.len() / 2 + 64);
        let before = self.pack.total_in();
        loop {
            out.reserve(plain.len() / 2 + 64);
            let done = usize::try_from(self.pack.total_in() - before).unwrap_or(0);
            self.pack.compress_vec(&plain[done..], &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
            let all = self.pack.total_in() - before == plain.len() as u64;
            if all && out.len() < out.capacity() {
                break;
            }
        }
        if out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if self.terms.server_forgets {
            self.pack.reset();
        }
        Ok(out)
    }

    /// A message's payload, unpacked.
    pub fn unpack(&mut self, packed: &[u8]) -> io::Result<Vec<u8>> {
        let input = [packed, &TAIL].concat();
        let mut out = Vec::with_capacity(input.len() * 3);
        let before = self.unpack.total_in();
        loop {
            out.reserve(input.len() * 3);
            let done = usize::try_from(self.unpack.total_in() - before).unwrap_or(0);
            let status = self
                .unpack
                .decompress_vec(&input[done..], &mut out, FlushDecompress::Sync)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let all = self.unpack.total_in() - before == input.len() as u64;
            if (all && out.len() < out.capacity()) || status == flate2::Status::StreamEnd {
                break;
            }
            if out.len() > MESSAGE_MAX_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message was too large"));
            }
        }
        if self.terms.client_forgets {
            self.unpack.reset(false);
        }
        Ok(out)
    }
}

/// A small payload that unpacks to `size` zeros.
pub fn bomb(size: u64) -> io::Result<Vec<u8>> {
    let zeros = vec![0; 1 << 20];
    let mut pack = Compress::new(Compression::best(), false);
    let mut out = Vec::new();
    while pack.total_in() < size {
        out.reserve(64 << 10);
        let count = usize::try_from(size - pack.total_in()).unwrap_or(usize::MAX).min(zeros.len());
        pack.compress_vec(&zeros[..count], &mut out, FlushCompress::None).map_err(io::Error::other)?;
    }
    out.reserve(64 << 10);
    pack.compress_vec(&[], &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse_pairs;

    #[test]
    fn messages_come_through() {
        let mut one = Deflate::new(Terms::default());
        let long: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 251).to_le_bytes()).collect();
        for message in [&b"Hello"[..], b"Hello", b"", &long, b"after"] {
            let packed = one.pack(message).unwrap();
            assert_eq!(one.unpack(&packed).unwrap(), message);
        }
        // RFC 7692 section 7.2.3.1.
        let mut fresh = Deflate::new(Terms::default());
        assert_eq!(fresh.unpack(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).unwrap(), b"Hello");
        // Section 7.2.3.2: the second message looks back at the first.
        assert_eq!(fresh.unpack(&[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap(), b"Hello");
    }

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let none = Args(Vec::new());
        assert_eq!(terms("x-webkit, permessage-deflate; server_max_window_bits=16", &none), None);
        let taken = terms("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=10", &none).unwrap();
        assert_eq!(taken.header(), "permessage-deflate; server_max_window_bits=10");
        let asked = Args(parse_pairs("client_bits=9&takeover=0"));
        let taken = terms("permessage-deflate; client_max_window_bits", &asked).unwrap();
        assert_eq!(taken.header(), "permessage-deflate; server_no_context_takeover; client_max_window_bits=9");
    }

    #[test]
    fn a_bomb_is_small() {
        let packed = bomb(10 << 20).unwrap();
        assert!(packed.len() < 20_000, "{}", packed.len());
        assert_eq!(Deflate::new(Terms::default()).unpack(&packed).unwrap().len(), 10 << 20);
    }
}
