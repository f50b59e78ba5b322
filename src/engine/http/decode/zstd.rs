//! zstd (RFC 8878), any number of frames.
//!
//! The decoder below takes whole blocks, and would decode all blocks that it is given before anything is taken from
//! it. So blocks are collected here and given one at a time: what is in memory is the window and one block.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Broken, Coding};

/// The largest window that is kept, as in the original decoder's default.
const WINDOW_MAX: u64 = 128 * 1024 * 1024;
const MAGIC: u32 = 0xfd2f_b528;
/// The first of sixteen magic numbers of frames to be skipped.
const SKIPPABLE: u32 = 0x184d_2a50;
/// The largest block.
const BLOCK_MAX: usize = 128 * 1024;

/// Undoes `zstd`.
#[derive(Default)]
pub(super) struct Zstd {
    /// Input that is no whole block or header yet.
    held: Vec<u8>,
    /// The frame that is read.
    frame: Option<Frame>,
    /// How much of a skippable frame is still to be passed over.
    skip: u64,
}

struct Frame {
    decoder: FrameDecoder,
    checksum: bool,
    finished: bool,
}

impl Coding for Zstd {
    fn step(&mut self, input: &[u8], out: &mut [u8], end: bool) -> Result<(usize, usize), Broken> {
        let mut taken = 0;
        loop {
            if let Some(frame) = &mut self.frame {
                let given = frame.decoder.read(out).map_err(|_| "it was not valid zstd data")?;
                if given > 0 {
                    return Ok((taken, given));
                }
                if frame.finished {
                    frame.check()?;
                    self.frame = None;
                }
            }
            let rest = input.get(taken..).unwrap_or_default();
            if self.skip > 0 {
                let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len());
                self.skip -= count as u64;
                taken += count;
                if count == 0 {
                    return if end { Err("it ended early") } else { Ok((taken, 0)) };
                }
                continue;
            }
            let wanted = match &self.frame {
                None => header_length(&self.held)?,
                Some(frame) => frame.block_length(&self.held)?,
            };
            if self.held.len() < wanted {
                let count = (wanted - self.held.len()).min(rest.len());
                self.held.extend_from_slice(rest.get(..count).unwrap_or_default());
                taken += count;
                if count == 0 {
                    let inside = self.frame.is_some() || !self.held.is_empty();
                    return if end && inside { Err("it ended early") } else { Ok((taken, 0)) };
                }
                continue;
            }
            self.whole()?;
            self.held.clear();
        }
    }
}

impl Zstd {
    /// Reads a whole header or block from what is held.
    fn whole(&mut self) -> Result<(), Broken> {
        const BROKEN: Broken = "it was not valid zstd data";
        match &mut self.frame {
            Some(frame) => {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                frame.finished = frame.decoder.decode_blocks(&*self.held, one).map_err(|_| BROKEN)?;
            }
            None => {
                if let [a, b, c, d, e, f, g, h] = *self.held
                    && u32::from_le_bytes([a, b, c, d]) & !0xf == SKIPPABLE
                {
                    self.skip = u64::from(u32::from_le_bytes([e, f, g, h]));
                    return Ok(());
                }
                let mut decoder = FrameDecoder::new();
                decoder.init(&*self.held).map_err(|_| BROKEN)?;
                let checksum = self.held.get(4).is_some_and(|descriptor| descriptor & 4 != 0);
                self.frame = Some(Frame { decoder, checksum, finished: false });
            }
        }
        Ok(())
    }
}

impl Frame {
    /// How many bytes the next block has, with its header, and the checksum after the last one.
    fn block_length(&self, held: &[u8]) -> Result<usize, Broken> {
        let &[a, b, c, ..] = held else { return Ok(3) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let size = (header >> 3) as usize;
        let content = match (header >> 1) & 3 {
            // One byte, repeated.
            1 => 1,
            3 => return Err("it had a block of an unknown kind"),
            _ => size,
        };
        if size > BLOCK_MAX {
            return Err("it had a block that was too large");
        }
        Ok(3 + content + if header & 1 == 1 && self.checksum { 4 } else { 0 })
    }

    fn check(&self) -> Result<(), Broken> {
        let said = self.decoder.get_checksum_from_data();
        match said {
            Some(said) if Some(said) != self.decoder.get_calculated_checksum() => Err("its checksum was wrong"),
            _ => Ok(()),
        }
    }
}

/// How many bytes the frame's header has, as far as what is held tells, and whether its window can be kept.
fn header_length(held: &[u8]) -> Result<usize, Broken> {
    let Some(magic) = held.first_chunk::<4>() else { return Ok(4) };
    let magic = u32::from_le_bytes(*magic);
    if magic & !0xf == SKIPPABLE {
        return Ok(8);
    }
    if magic != MAGIC {
        return Err("it did not begin as zstd does");
    }
    let Some(descriptor) = held.get(4) else { return Ok(5) };
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0);
    let content = match descriptor >> 6 {
        0 => usize::from(single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let length = 5 + usize::from(!single) + dictionary + content;
    if held.len() >= length {
        let window = if single {
            let mut bytes = [0; 8];
            for (to, from) in bytes.iter_mut().zip(held.get(length - content..length).unwrap_or_default()) {
                *to = *from;
            }
            u64::from_le_bytes(bytes)
        } else {
            let descriptor = u64::from(held.get(5).copied().unwrap_or(0));
            let base = 1u64 << (10 + (descriptor >> 3));
            base + base / 8 * (descriptor & 7)
        };
        if window > WINDOW_MAX {
            return Err("it asked for too large a window");
        }
    }
    Ok(length)
}
