//! Frames of WebSocket (RFC 6455 section 5.2), good ones and those that only faults send.

/// Operation codes.
pub mod opcode {
    #![allow(missing_docs, reason = "the names are those of RFC 6455 section 11.8")]
    pub const CONTINUATION: u8 = 0;
    pub const TEXT: u8 = 1;
    pub const BINARY: u8 = 2;
    pub const CLOSE: u8 = 8;
    pub const PING: u8 = 9;
    pub const PONG: u8 = 10;
}

/// The first byte and the ways in which a frame can be odd.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Whether it is the last of its message.
    pub fin: bool,
    /// The three reserved bits; 4 is RSV1, which says "compressed".
    pub reserved: u8,
    /// What it is.
    pub opcode: u8,
}

impl Shape {
    /// A whole message of that kind.
    pub fn whole(opcode: u8) -> Self {
        Self { fin: true, reserved: 0, opcode }
    }

    /// The same, not the last of its message.
    pub fn open(self) -> Self {
        Self { fin: false, ..self }
    }

    /// The same with these reserved bits.
    pub fn reserved(self, reserved: u8) -> Self {
        Self { reserved, ..self }
    }

    /// The first byte.
    pub fn byte(self) -> u8 {
        u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode
    }
}

/// Appends a frame without a mask, as servers send it.
pub fn put(out: &mut Vec<u8>, shape: Shape, payload: &[u8]) {
    out.push(shape.byte());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..=125), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6455 section 5.7.
    #[test]
    fn frames_are_those_of_the_rfc() {
        let mut out = Vec::new();
        put(&mut out, Shape::whole(opcode::TEXT), b"Hello");
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        out.clear();
        put(&mut out, Shape::whole(opcode::TEXT).open(), b"Hel");
        put(&mut out, Shape::whole(opcode::CONTINUATION), b"lo");
        assert_eq!(out, [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f]);
        out.clear();
        put(&mut out, Shape::whole(opcode::BINARY), &[0; 256]);
        assert_eq!(out[..4], [0x82, 0x7e, 0x01, 0x00]);
        out.clear();
        put(&mut out, Shape::whole(opcode::BINARY), &vec![0; 65_536]);
        assert_eq!(out[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
