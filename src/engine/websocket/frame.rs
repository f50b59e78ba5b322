//! Heads of frames, masks and close codes (RFC 6455 5.2, 5.3, 5.5.1, 7.4).

use std::io::Cursor;

pub use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

/// Bytes that a control frame carries, at most (RFC 6455 5.5).
pub const CONTROL_LIMIT: usize = 125;
/// Bytes of a close reason, at most: the code takes two.
pub const REASON_LIMIT: usize = CONTROL_LIMIT - 2;
/// The longest head that a server sends: two bytes and a length of eight; a mask would make four more.
pub const HEAD_LIMIT: usize = 14;

/// Why this side fails a connection: the code that it says, and a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fail {
    /// 1002, 1007 or 1009.
    pub code: u16,
    /// What was wrong; it is the reason in the close frame as well.
    pub reason: &'static str,
}

/// The peer broke the protocol.
#[must_use]
pub const fn broken(reason: &'static str) -> Fail {
    Fail { code: 1002, reason }
}

/// The payload was not what it was said to be.
#[must_use]
pub const fn garbled(reason: &'static str) -> Fail {
    Fail { code: 1007, reason }
}

/// More came than was allowed.
#[must_use]
pub const fn too_big(reason: &'static str) -> Fail {
    Fail { code: 1009, reason }
}

/// Reads the head at the front of `bytes`: the head, how long it is, and how long the payload; `None` until it is there.
///
/// # Errors
/// 1002 for an opcode that there is not.
#[inline]
pub fn read_head(bytes: &[u8]) -> Result<Option<(FrameHeader, usize, u64)>, Fail> {
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(None) => Ok(None),
        // The position lies inside the slice.
        #[expect(clippy::cast_possible_truncation, reason = "a head has at most 14 bytes")]
        Ok(Some((head, length))) => Ok(Some((head, cursor.position() as usize, length))),
        Err(_) => Err(broken("a frame had a reserved opcode")),
    }
}

/// Masks or unmasks `bytes`, of which the first is the `at`-th of its frame.
pub fn mask(bytes: &mut [u8], key: [u8; 4], at: u64) {
    let turn = (at % 4) as usize;
    let mut key = key;
    key.rotate_left(turn);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
}

/// How a connection ended, in the peer's words or ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Close {
    /// The code; 1005 when the frame had none, 1006 when there was no frame.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

impl Close {
    /// The code that says that a close frame had none.
    pub const NO_CODE: u16 = 1005;
    /// The code that says that there was no close frame.
    pub const LOST: u16 = 1006;

    /// A code and a reason.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Close {
        Close { code, reason: reason.into() }
    }

    /// The end of a connection that ended without one.
    #[must_use]
    pub fn lost() -> Close {
        Close::new(Close::LOST, "")
    }

    /// Whether a frame may carry this code (RFC 6455 7.4.1 and the registry behind it).
    #[must_use]
    pub fn is_sendable(code: u16) -> bool {
        // The registry got 1014 (bad gateway) after the list of the frame layer was made.
        code == 1014 || CloseCode::from(code).is_allowed()
    }

    /// Reads the payload of a close frame.
    ///
    /// # Errors
    /// 1002 for half a code or one that no frame may carry, 1007 for a reason that is not UTF-8.
    pub fn read(payload: &[u8]) -> Result<Close, Fail> {
        match payload {
            [] => Ok(Close::new(Close::NO_CODE, "")),
            [_] => Err(broken("a close frame had half a code")),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !Close::is_sendable(code) {
                    return Err(broken("a close frame had a code that none may have"));
                }
                let reason = std::str::from_utf8(reason).map_err(|_| garbled("a close reason was not UTF-8"))?;
                Ok(Close::new(code, reason))
            }
        }
    }

    /// The payload of the frame that says it; without a code it is empty.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        if !Close::is_sendable(self.code) {
            return Vec::new();
        }
        let reason = shortened(&self.reason);
        [&self.code.to_be_bytes(), reason.as_bytes()].concat()
    }
}

/// As much of a reason as a frame holds.
fn shortened(reason: &str) -> &str {
    let end = (0..=REASON_LIMIT.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end));
    reason.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_continue_where_they_stopped() {
        // RFC 6455 5.7: "Hello", masked with 37 fa 21 3d.
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let masked = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        for cut in 0..=5 {
            let mut bytes = *b"Hello";
            let (front, back) = bytes.split_at_mut(cut);
            mask(front, key, 0);
            mask(back, key, cut as u64);
            assert_eq!(bytes, masked, "cut at {cut}");
        }
        let mut long: Vec<u8> = (0..=255).collect();
        mask(&mut long, key, 3);
        let expected: Vec<u8> = (0..=255u8).enumerate().map(|(at, byte)| byte ^ key[(at + 3) % 4]).collect();
        assert_eq!(long, expected);
    }

    #[test]
    fn codes_that_a_frame_may_carry() {
        // RFC 6455 7.4.1, 7.4.2; 1012 to 1014 are from the registry.
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(Close::read(&u16::to_be_bytes(code)).unwrap(), Close::new(code, ""), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert_eq!(Close::read(&u16::to_be_bytes(code)).unwrap_err().code, 1002, "{code}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let payload = Close::new(1000, "ä".repeat(100)).payload();
        assert_eq!(payload.len(), 2 + 122);
        assert_eq!(Close::read(&payload).unwrap().reason, "ä".repeat(61));
    }
}
