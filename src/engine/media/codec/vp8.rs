//! The head of a VP8 frame: RFC 6386, sections 9.1 and 19.1.

use super::Head;

/// Reads the frame tag and, of a keyframe, the size.
#[must_use]
pub fn head(frame: &[u8]) -> Head {
    match *frame {
        [tag, _, _, 0x9d, 0x01, 0x2a, width_low, width_high, height_low, height_high, ..] if tag & 1 == 0 => {
            // The two highest bits say how a player scales the picture up.
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            Head { keyframe: true, size: Some((side(width_low, width_high), side(height_low, height_high))) }
        }
        _ => Head::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_has_a_start_code_and_a_size() {
        // What libvpx wrote for 176x144; the scales are in the highest bits.
        let mut frame = [0x50, 0x2f, 0x00, 0x9d, 0x01, 0x2a, 0xb0, 0x40, 0x90, 0xc0, 0x00];
        assert_eq!(head(&frame), Head { keyframe: true, size: Some((176, 144)) });
        frame[0] |= 1;
        assert_eq!(head(&frame), Head::default());
        assert_eq!(head(&[0x50, 0x2f, 0x00, 0x9d, 0x01, 0x2b, 0xb0, 0, 0x90, 0, 0]), Head::default());
        for length in 0..10 {
            assert_eq!(head(&[0x50, 0x2f, 0x00, 0x9d, 0x01, 0x2a, 0xb0, 0, 0x90, 0][..length]), Head::default());
        }
    }
}
