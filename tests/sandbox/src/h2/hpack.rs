//! Header compression (RFC 7541): a whole decoder, and an encoder that never indexes anything, so that what a fault
//! puts on the wire leaves no trace in the client's tables.

use std::collections::VecDeque;
use std::sync::LazyLock;

/// Size of the dynamic table that clients may use: the default, which we never change.
const TABLE_MAX_BYTES: usize = 4096;
/// A header list above this size is refused: nothing that tests a client sends more.
const LIST_MAX_BYTES: usize = 4 << 20;

/// Name and value.
pub type Field = (Vec<u8>, Vec<u8>);

/// RFC 7541 appendix A.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
];

/// Lengths of the Huffman codes of RFC 7541 appendix B, by symbol, the last for the end of the string. The codes
/// themselves follow: codes of the same length ascend with their symbols, and longer ones follow the shorter.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6,
    12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15,
    5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20,
    22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
    23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26,
    27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// Symbols in the order of their codes, and for each length the first code, how many there are, and where they begin.
struct Codes {
    symbols: Vec<u16>,
    lengths: [(u32, u32, usize); 31],
}

static CODES: LazyLock<Codes> = LazyLock::new(|| {
    let mut symbols: Vec<u16> = (0..257).collect();
    symbols.sort_by_key(|symbol| (LENGTHS[usize::from(*symbol)], *symbol));
    let mut lengths = [(0, 0, 0); 31];
    let (mut code, mut at) = (0_u32, 0);
    for (length, row) in lengths.iter_mut().enumerate() {
        let count = LENGTHS.iter().filter(|found| usize::from(**found) == length).count();
        code <<= 1;
        *row = (code, u32::try_from(count).unwrap_or(0), at);
        code += row.1;
        at += count;
    }
    Codes { symbols, lengths }
});

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let codes = &*CODES;
    let mut out = Vec::with_capacity(bytes.len() * 2);
    let (mut code, mut length) = (0_u32, 0);
    for byte in bytes {
        for bit in (0..8).rev() {
            code = code << 1 | u32::from(byte >> bit & 1);
            length += 1;
            let Some((first, count, at)) = codes.lengths.get(length) else { return Err("a Huffman code was unknown") };
            if code >= *first && code - first < *count {
                let symbol = codes.symbols[at + (code - first) as usize];
                out.push(u8::try_from(symbol).map_err(|_| "a Huffman string held its end mark")?);
                (code, length) = (0, 0);
            }
        }
    }
    // Padding is the beginning of the end mark: at most seven ones (RFC 7541 section 5.2).
    if length > 7 || code != (1 << length) - 1 {
        return Err("a Huffman string was badly padded");
    }
    Ok(out)
}

struct Reading<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reading<'_> {
    fn byte(&mut self) -> Result<u8, &'static str> {
        let byte = *self.bytes.get(self.at).ok_or("a header block was cut short")?;
        self.at += 1;
        Ok(byte)
    }

    /// An integer whose first byte, with `bits` bits of it, was read already (RFC 7541 section 5.1).
    fn integer(&mut self, first: u8, bits: u8) -> Result<usize, &'static str> {
        let most = (1_usize << bits) - 1;
        let mut value = usize::from(first) & most;
        if value < most {
            return Ok(value);
        }
        for shift in (0..28).step_by(7) {
            let byte = self.byte()?;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("an integer in a header block was too large")
    }

    fn string(&mut self) -> Result<Vec<u8>, &'static str> {
        let first = self.byte()?;
        let length = self.integer(first, 7)?;
        let bytes = self.bytes.get(self.at..self.at + length).ok_or("a header block was cut short")?;
        self.at += length;
        if first & 0x80 == 0 { Ok(bytes.to_vec()) } else { unpack(bytes) }
    }
}

/// The decoder of one connection.
pub struct Decoder {
    table: VecDeque<Field>,
    size: usize,
    max: usize,
}

impl Decoder {
    /// With an empty table.
    pub fn new() -> Self {
        Self { table: VecDeque::new(), size: 0, max: TABLE_MAX_BYTES }
    }

    /// The fields of a whole block, in order.
    ///
    /// # Errors
    /// What was wrong with it; the connection cannot go on then (RFC 9113 section 4.3).
    pub fn decode(&mut self, block: &[u8]) -> Result<Vec<Field>, &'static str> {
        let mut reading = Reading { bytes: block, at: 0 };
        let (mut fields, mut total): (Vec<Field>, usize) = (Vec::with_capacity(16), 0);
        while reading.at < block.len() {
            let first = reading.byte()?;
            let field = if first & 0x80 != 0 {
                self.entry(reading.integer(first, 7)?)?
            } else if first & 0x40 != 0 {
                let field = self.literal(&mut reading, first, 6)?;
                self.insert(field.clone());
                field
            } else if first & 0x20 != 0 {
                let max = reading.integer(first, 5)?;
                if max > TABLE_MAX_BYTES || !fields.is_empty() {
                    return Err("a table size was out of place or too large");
                }
                self.max = max;
                self.shrink();
                continue;
            } else {
                self.literal(&mut reading, first, 4)?
            };
            total += field.0.len() + field.1.len() + 32;
            if total > LIST_MAX_BYTES {
                return Err("a header list was too large");
            }
            fields.push(field);
        }
        Ok(fields)
    }

    fn entry(&self, index: usize) -> Result<Field, &'static str> {
        let found = match index.checked_sub(1) {
            Some(at) if at < STATIC.len() => {
                STATIC.get(at).map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            }
            Some(at) => self.table.get(at - STATIC.len()).cloned(),
            None => None,
        };
        found.ok_or("a header index was unknown")
    }

    fn literal(&self, reading: &mut Reading<'_>, first: u8, bits: u8) -> Result<Field, &'static str> {
        let name = match reading.integer(first, bits)? {
            0 => reading.string()?,
            index => self.entry(index)?.0,
        };
        Ok((name, reading.string()?))
    }

    fn insert(&mut self, field: Field) {
        self.size += field.0.len() + field.1.len() + 32;
        self.table.push_front(field);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.size > self.max {
            let Some((name, value)) = self.table.pop_back() else { return };
            self.size -= name.len() + value.len() + 32;
        }
    }
}

fn put_integer(out: &mut Vec<u8>, mark: u8, bits: u8, value: usize) {
    let most = (1_usize << bits) - 1;
    if value < most {
        out.push(mark | u8::try_from(value).unwrap_or(0));
        return;
    }
    out.push(mark | u8::try_from(most).unwrap_or(0));
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(0x80 | u8::try_from(rest & 0x7f).unwrap_or(0));
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or(0));
}

/// Appends a field as a literal without indexing. The name is sent as it is, which only faults do with capitals.
pub fn put_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    // Names of the static table stand for themselves; all that is sent often is there.
    match STATIC.iter().position(|(known, _)| known.as_bytes() == name) {
        Some(at) => put_integer(out, 0, 4, at + 1),
        None => {
            out.push(0);
            put_integer(out, 0, 7, name.len());
            out.extend_from_slice(name);
        }
    }
    put_integer(out, 0, 7, value.len());
    out.extend_from_slice(value);
}

/// Appends `:status`.
pub fn put_status(out: &mut Vec<u8>, status: u16) {
    let text = status.to_string();
    match STATIC.iter().position(|(name, value)| *name == ":status" && *value == text) {
        Some(at) => put_integer(out, 0x80, 7, at + 1),
        None => put_field(out, b":status", text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn decoded(decoder: &mut Decoder, hex: &str) -> Vec<(String, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        decoder.decode(&bytes(hex)).unwrap().into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    /// RFC 7541 appendix C.4: three requests on one connection, with Huffman codes.
    #[test]
    fn the_requests_of_the_rfc_are_read() {
        let mut decoder = Decoder::new();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let common = |scheme: &str, path: &str| {
            vec![
                pair(":method", "GET"),
                pair(":scheme", scheme),
                pair(":path", path),
                pair(":authority", "www.example.com"),
            ]
        };
        assert_eq!(decoded(&mut decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff"), common("http", "/"));
        let mut second = common("http", "/");
        second.push(pair("cache-control", "no-cache"));
        assert_eq!(decoded(&mut decoder, "828684be5886a8eb10649cbf"), second);
        let mut third = common("https", "/index.html");
        third.push(pair("custom-key", "custom-value"));
        assert_eq!(decoded(&mut decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"), third);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut block = Vec::new();
        put_status(&mut block, 200);
        assert_eq!(block, [0x88]);
        put_status(&mut block, 299);
        put_field(&mut block, b"x-long", &[b'v'; 300]);
        let fields = Decoder::new().decode(&block).unwrap();
        assert_eq!(fields[1], (b":status".to_vec(), b"299".to_vec()));
        assert_eq!(fields[2], (b"x-long".to_vec(), vec![b'v'; 300]));
    }

    #[test]
    fn broken_blocks_are_refused() {
        for hex in ["80", "be", "40", "4001", "0081ff", "3fe21f", "7fffffffffff"] {
            assert!(Decoder::new().decode(&bytes(hex)).is_err(), "{hex}");
        }
    }
}
