//! Opus into Ogg: RFC 7845. A page has about a second, so that a recording that is cut off lacks no more than that.

use std::io::Write;

use super::page::{FIRST, LAST, Page};
use crate::{
    engine::media::{
        Frame, Track,
        codec::opus::{self, Header},
        container::{Drain, Mux, input::unwritten},
    },
    error::{Error, Result, code},
    log,
};

/// Samples on a page.
const PAGE_SAMPLES: u64 = opus::RATE as u64;
/// What libopus puts in front; a stream whose encoder does not say has it, too.
const PRE_SKIP: u16 = 312;
/// The longest gap that is filled: an hour, in samples.
const GAP_MAX: u64 = 3_600 * opus::RATE as u64;

/// A file that is written.
pub struct Writer {
    drain: Box<dyn Drain>,
    header: Header,
    serial: u32,
    sequence: u32,
    begun: bool,
    /// The time of the first frame, in samples.
    first: u64,
    /// Where the next frame begins, in samples.
    position: u64,
    page: Page,
    /// How many samples are on the page.
    samples: u64,
    /// The first byte of the last packet: its mode.
    last: Option<u8>,
}

impl Writer {
    /// For one track of Opus, which was checked. Its heads are written with the first frame.
    #[must_use]
    pub fn new(drain: Box<dyn Drain>, track: &Track) -> Writer {
        let mut random = [0; 4];
        // Streams are told apart by it when files are joined; one number is as good as another.
        let _ = getrandom::fill(&mut random);
        let serial = u32::from_le_bytes(random);
        let pre_skip = if track.pre_skip == 0 { PRE_SKIP } else { track.pre_skip };
        // WebRTC names two channels, whatever is in the packets.
        let channels = if track.channels == 1 { 1 } else { 2 };
        let header = Header::new(channels, pre_skip);
        let (begun, sequence, first, position, samples) = (false, 0, 0, 0, 0);
        Writer { drain, header, serial, sequence, begun, first, position, page: page(), samples, last: None }
    }

    fn begin(&mut self) -> Result<()> {
        self.begun = true;
        let head = self.header.bytes();
        self.put(Page { flags: FIRST, granule: Some(0), ..packed(&head) })?;
        let maker = concat!("haft ", env!("CARGO_PKG_VERSION"));
        let mut tags = b"OpusTags".to_vec();
        tags.extend_from_slice(&u32::try_from(maker.len()).unwrap_or(0).to_le_bytes());
        tags.extend_from_slice(maker.as_bytes());
        tags.extend_from_slice(&[0; 4]);
        self.put(Page { granule: Some(0), ..packed(&tags) })
    }

    /// Numbers a page and writes it.
    fn put(&mut self, mut page: Page) -> Result<()> {
        (page.serial, page.sequence) = (self.serial, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        self.drain.write_all(&page.bytes()).map_err(|error| unwritten(&error))
    }

    /// Writes the page that was begun, if there is something on it.
    fn turn(&mut self, flags: u8) -> Result<()> {
        if self.page.lacing.is_empty() && flags == 0 {
            return Ok(());
        }
        let page = std::mem::replace(&mut self.page, page());
        self.samples = 0;
        self.put(Page { flags, granule: Some(self.position), ..page })
    }
}

fn page() -> Page {
    Page { flags: 0, granule: None, serial: 0, sequence: 0, lacing: Vec::new(), body: Vec::new() }
}

/// A page with one short packet.
fn packed(packet: &[u8]) -> Page {
    let mut page = page();
    lay(&mut page, packet);
    page
}

fn lay(page: &mut Page, packet: &[u8]) {
    page.lacing.resize(page.lacing.len() + packet.len() / 255, 255);
    page.lacing.push(u8::try_from(packet.len() % 255).unwrap_or(0));
    page.body.extend_from_slice(packet);
}

impl Writer {
    /// Fills what was lost or not sent up to a time with packets that have a decoder make something up, as section 4.1 asks
    /// for: granules may not jump. What is less than half a packet is a clock that was rounded.
    fn fill(&mut self, time: u64) -> Result<()> {
        let Some(empty) = self.last.map(|last| [last & !3]) else { return Ok(()) };
        let samples = opus::samples(&empty).unwrap_or(960);
        let gap = time.saturating_sub(self.position).min(GAP_MAX);
        for _ in 0..(gap + u64::from(samples) / 2) / u64::from(samples) {
            self.lay(&empty, samples)?;
        }
        Ok(())
    }

    fn lay(&mut self, packet: &[u8], samples: u32) -> Result<()> {
        if self.page.lacing.len() + packet.len() / 255 + 1 > 255 {
            self.turn(0)?;
        }
        lay(&mut self.page, packet);
        self.position += u64::from(samples);
        self.samples += u64::from(samples);
        if self.samples >= PAGE_SAMPLES {
            self.turn(0)?;
        }
        Ok(())
    }
}

impl Mux for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let Some(samples) = opus::samples(&frame.data) else {
            log::warn(c"media", || "a malformed packet of Opus was not written".to_owned());
            return Ok(());
        };
        let segments = frame.data.len() / 255 + 1;
        if segments > 255 {
            return Err(Error::new(
                &code::LIMIT,
                format!("a packet of {} bytes was too large for Ogg", frame.data.len()),
            ));
        }
        let time = (frame.pts.as_nanos() * u128::from(opus::RATE) + 500_000_000) / 1_000_000_000;
        let time = u64::try_from(time).unwrap_or(u64::MAX);
        if !self.begun {
            self.begin()?;
            self.first = time;
        }
        self.fill(time.saturating_sub(self.first))?;
        self.lay(&frame.data, samples)?;
        self.last = frame.data.first().copied();
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.turn(0)?;
        self.drain.flush().map_err(|error| unwritten(&error))
    }

    fn finish(&mut self) -> Result<()> {
        if !self.begun {
            self.begin()?;
        }
        self.turn(LAST)?;
        self.drain.flush().map_err(|error| unwritten(&error))
    }
}
