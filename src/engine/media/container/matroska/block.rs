//! The head of a block and its lacing (RFC 9559, section 10).

use super::ebml::{difference, number};

/// A `SimpleBlock`, or the Block of a `BlockGroup`.
#[derive(Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The number of its track.
    pub track: u64,
    /// Its time, from that of the cluster on.
    pub relative: i16,
    /// The keyframe bit, which a `SimpleBlock` alone has.
    pub keyframe: bool,
    /// Its frames.
    pub frames: Vec<&'a [u8]>,
}

impl<'a> Block<'a> {
    /// Takes a block apart; `None` when it cannot be understood.
    pub fn parse(bytes: &'a [u8]) -> Option<Block<'a>> {
        let (track, length, _) = number(bytes)?;
        let (head, body) = bytes.get(length..)?.split_first_chunk::<3>()?;
        let [high, low, flags] = *head;
        let frames = match flags >> 1 & 3 {
            0 => vec![body],
            lacing => {
                let (count, body) = body.split_first()?;
                let count = usize::from(*count) + 1;
                match lacing {
                    1 => xiph(count, body)?,
                    2 => fixed(count, body)?,
                    _ => ebml(count, body)?,
                }
            }
        };
        Some(Block { track, relative: i16::from_be_bytes([high, low]), keyframe: flags & 0x80 != 0, frames })
    }
}

/// Sizes as sums of bytes up to one below 255; the last is what is left.
fn xiph(count: usize, mut body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut sizes = Vec::with_capacity(count);
    for _ in 1..count {
        let mut size = 0;
        loop {
            let (byte, rest) = body.split_first()?;
            body = rest;
            size += usize::from(*byte);
            if *byte < 255 {
                break;
            }
        }
        sizes.push(size);
    }
    split(&sizes, body)
}

/// All of the same size.
fn fixed(count: usize, body: &[u8]) -> Option<Vec<&[u8]>> {
    let size = body.len() / count;
    if size * count == body.len() { split(&vec![size; count - 1], body) } else { None }
}

/// The first size, then differences; the last is what is left.
fn ebml(count: usize, mut body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut sizes = Vec::with_capacity(count);
    let mut size = 0_i64;
    for index in 1..count {
        let length = if index == 1 {
            let (first, length, _) = number(body)?;
            size = i64::try_from(first).ok()?;
            length
        } else {
            let (step, length) = difference(body)?;
            size = size.checked_add(step)?;
            length
        };
        body = body.get(length..)?;
        sizes.push(usize::try_from(size).ok()?);
    }
    split(&sizes, body)
}

/// Frames of these sizes, and one of what is left.
fn split<'a>(sizes: &[usize], mut body: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let mut frames = Vec::with_capacity(sizes.len() + 1);
    for size in sizes {
        let (frame, rest) = body.split_at_checked(*size)?;
        frames.push(frame);
        body = rest;
    }
    frames.push(body);
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes `1, 2, 3 …` after a block's head.
    fn block(flags: u8, lace: &[u8], bytes: usize) -> Vec<u8> {
        let mut block = vec![0x81, 0xFF, 0xFE, flags];
        block.extend_from_slice(lace);
        block.extend((0..bytes).map(|byte| byte as u8));
        block
    }

    fn sizes(block: &[u8]) -> Option<Vec<usize>> {
        Some(Block::parse(block)?.frames.iter().map(|frame| frame.len()).collect())
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 9559, 10.3.2 and 10.3.3: frames of 800, 500 and 1000 bytes.
        assert_eq!(sizes(&block(0x02, &[2, 255, 255, 255, 35, 255, 245], 2300)), Some(vec![800, 500, 1000]));
        assert_eq!(sizes(&block(0x06, &[2, 0x43, 0x20, 0x5E, 0xD3], 2300)), Some(vec![800, 500, 1000]));
        assert_eq!(sizes(&block(0x04, &[2], 2400)), Some(vec![800, 800, 800]));
        // A multiple of 255 ends with a zero.
        assert_eq!(sizes(&block(0x02, &[1, 255, 255, 255, 0], 800)), Some(vec![765, 35]));
    }

    #[test]
    fn a_block_without_lacing() {
        let bytes = block(0x80, &[], 4);
        assert_eq!(
            Block::parse(&bytes),
            Some(Block { track: 1, relative: -2, keyframe: true, frames: vec![&[0, 1, 2, 3]] })
        );
        assert_eq!(sizes(&block(0, &[], 0)), Some(vec![0]));
    }

    #[test]
    fn lies_of_the_lacing() {
        for (flags, lace, bytes) in [
            (0x02, &[1, 255][..], 0),          // a sum without an end
            (0x02, &[1, 200][..], 100),        // more than there is
            (0x04, &[2][..], 100),             // no third of 100
            (0x06, &[1, 0x41][..], 0),         // a size that is cut off
            (0x06, &[2, 0x81, 0x80][..], 100), // 1 - 63
            (0x06, &[][..], 0),                // no count
        ] {
            assert_eq!(sizes(&block(flags, lace, bytes)), None, "{flags} {lace:?}");
        }
        assert!(Block::parse(&[]).is_none());
        assert!(Block::parse(&[0x81, 0, 0]).is_none());
        assert!(Block::parse(&[0x00; 12]).is_none());
    }
}
