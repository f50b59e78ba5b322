//! The bytes of a protobuf message (protobuf.dev, "Encoding"): numbered fields of four shapes. What a field means is the
//! matter of whoever knows the message.

use crate::error::{Error, Result, code};

/// What a field looks like on the wire.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Wire<'a> {
    /// A variable-length number.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Bytes with their length before them.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32(u32),
}

/// The fields of a message, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Those of a message.
    #[must_use]
    pub fn new(message: &'a [u8]) -> Fields<'a> {
        Fields(message)
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next field; `None` is the end.
    ///
    /// # Errors
    /// `protocol` when it is cut off or of no known shape.
    pub fn next_field(&mut self) -> Result<Option<(u32, Wire<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0).ok_or_else(damaged)?;
        let wire = match key & 7 {
            0 => Wire::Varint(varint(&mut self.0)?),
            1 => Wire::Fixed64(u64::from_le_bytes(take(&mut self.0)?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| damaged())?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
                self.0 = rest;
                Wire::Bytes(bytes)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(take(&mut self.0)?)),
            _ => return Err(damaged()),
        };
        Ok(Some((number, wire)))
    }
}

/// Takes a variable-length number from the front.
///
/// # Errors
/// `protocol` when it is cut off or too long.
pub fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for at in 0..10 {
        let (first, rest) = bytes.split_first().ok_or_else(damaged)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << (7 * at);
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged())
}

fn take<const COUNT: usize>(bytes: &mut &[u8]) -> Result<[u8; COUNT]> {
    let (taken, rest) = bytes.split_first_chunk::<COUNT>().ok_or_else(damaged)?;
    *bytes = rest;
    Ok(*taken)
}

/// Bytes that are no message.
#[must_use]
pub fn damaged() -> Error {
    Error::new(&code::PROTOCOL, "a message of the server was damaged")
}

/// Appends a number.
pub fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field of a number.
pub fn put_number(number: u32, value: u64, out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3, out);
    put_varint(value, out);
}

/// Appends a field of eight bytes.
pub fn put_fixed64(number: u32, value: u64, out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field of bytes.
pub fn put_bytes(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends a field that holds what `fill` writes.
///
/// # Errors
/// That of `fill`.
pub fn put_nested(number: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    put_varint(u64::from(number) << 3 | 2, out);
    // One byte is enough for most lengths; longer ones move what was written.
    let at = out.len();
    out.push(0);
    fill(out)?;
    let length = out.len() - at - 1;
    let mut prefix = Vec::with_capacity(5);
    put_varint(length as u64, &mut prefix);
    out.splice(at..=at, prefix);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_encoding_guide_shows_them() {
        // {1: 150}, {2: "testing"}, {3: {1: 150}} from the guide.
        let message = [&[0x08, 0x96, 0x01][..], &[0x12, 0x07], b"testing", &[0x1a, 0x03, 0x08, 0x96, 0x01]].concat();
        let mut fields = Fields::new(&message);
        assert_eq!(fields.next_field().unwrap(), Some((1, Wire::Varint(150))));
        assert_eq!(fields.next_field().unwrap(), Some((2, Wire::Bytes(b"testing"))));
        assert_eq!(fields.next_field().unwrap(), Some((3, Wire::Bytes(&[0x08, 0x96, 0x01]))));
        assert_eq!(fields.next_field().unwrap(), None);
        let mut out = Vec::new();
        put_number(1, 150, &mut out);
        put_bytes(2, b"testing", &mut out);
        put_nested(3, &mut out, |out| {
            put_number(1, 150, out);
            Ok(())
        })
        .unwrap();
        assert_eq!(out, message);
    }

    #[test]
    fn a_long_nested_message_gets_a_long_length() {
        let mut out = Vec::new();
        put_nested(1, &mut out, |out| {
            out.resize(out.len() + 300, 7);
            Ok(())
        })
        .unwrap();
        assert_eq!(out.len(), 303);
        assert_eq!(Fields::new(&out).next_field().unwrap(), Some((1, Wire::Bytes(&[7; 300]))));
    }

    #[test]
    fn what_is_cut_off_or_no_field_is_refused() {
        for bad in [
            &[0x08][..],
            &[0x08, 0x80],
            &[0x12, 0x05, 1],
            &[0x09, 1, 2],
            &[0x0d, 1],
            &[0x0b],
            &[0x00, 0x01],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            assert_eq!(Fields::new(bad).next_field().unwrap_err().code(), "protocol", "{bad:?}");
        }
        let endless = [0xff; 11];
        assert!(varint(&mut &endless[..]).is_err());
    }
}
