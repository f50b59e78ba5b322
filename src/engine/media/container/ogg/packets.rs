//! Packets out of the pages of one stream: RFC 3533, section 5.

use super::page::{CONTINUED, Page};
use crate::log;

/// The longest packet that is kept: RFC 7845 has none of Opus above 61,440 bytes.
const PACKET_MAX: usize = 1 << 20;

/// The packet that is not whole yet.
#[derive(Debug, Default)]
pub struct Packets {
    partial: Vec<u8>,
    /// There is one; it may have been too long to keep, or its start was lost.
    open: bool,
    lost: bool,
    sequence: Option<u32>,
}

impl Packets {
    /// Takes a page, and hands out each packet that ends there; `None` for one that was lost or too long.
    pub fn take(&mut self, page: &Page, mut each: impl FnMut(Option<&[u8]>)) {
        let missing = self.sequence.is_some_and(|last| page.sequence != last.wrapping_add(1));
        self.sequence = Some(page.sequence);
        if missing {
            log::warn(c"media", || format!("pages before page {} of an Ogg stream were missing", page.sequence));
        }
        let continued = page.flags & CONTINUED != 0;
        if missing || self.open != continued {
            // One of the halves is not there.
            self.partial.clear();
            self.lost = continued;
            self.open = continued;
        }
        let mut rest = &*page.body;
        let mut packet = 0;
        for length in &page.lacing {
            packet += usize::from(*length);
            if *length < 255 {
                let (whole, after) = rest.split_at_checked(packet).unwrap_or((rest, &[]));
                (rest, packet) = (after, 0);
                if self.open {
                    self.keep(whole);
                    let lost = std::mem::take(&mut self.lost);
                    each(if lost { None } else { Some(&self.partial) });
                    self.partial.clear();
                    self.open = false;
                } else {
                    each(Some(whole));
                }
            }
        }
        if packet > 0 {
            self.open = true;
            self.keep(rest);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if self.partial.len() + part.len() > PACKET_MAX {
            self.lost = true;
            self.partial = Vec::new();
        }
        if !self.lost {
            self.partial.extend_from_slice(part);
        }
    }
}
