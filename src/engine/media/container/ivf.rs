//! IVF: a head of 32 bytes, and frames with their size and time. One track of VP8, VP9 or AV1.
//!
//! There is no standard; the tools of libvpx and libaom, and ffmpeg, are what is followed. They differ in the field behind
//! the time base: libvpx counts frames there, ffmpeg the duration in ticks. It is written as ffmpeg reads it, and believed
//! when the file's size allows it.

use std::{
    io::{Seek, SeekFrom, Write},
    sync::Arc,
    time::Duration,
};

use super::{
    Demux, Drain, FRAME_MAX, Mux, Source,
    input::{Input, broken, unwritten},
};
use crate::{
    engine::media::{Codec, Frame, Kind, Track, codec},
    error::{Error, Result, code},
    log,
};

/// What a file begins with.
pub const MAGIC: &[u8; 4] = b"DKIF";
const HEAD: usize = 32;
/// More bytes in a second than this, and the duration was a number of frames.
const BYTES_MAX: u128 = 12_500_000;
/// Encoders that leave a frame out may write one of no bytes; so many of them are a hole in the file.
const EMPTY_MAX: u32 = 10_000;
/// The ticks in a second of what is written: those of RTP, so that no time is rounded twice.
const RATE: u32 = 90_000;

/// A file that is read.
pub struct Reader {
    input: Input,
    track: [Track; 1],
    /// A tick is `scale / rate` seconds.
    rate: u32,
    scale: u32,
    first: Option<u64>,
    duration: Option<Duration>,
}

impl Reader {
    /// Reads the head.
    ///
    /// # Errors
    /// `media_file` for a head that is none, `io`.
    pub fn open(source: Box<dyn Source>) -> Result<Reader> {
        let mut input = Input::new(source)?;
        let head = input.take(HEAD)?;
        let Some(head) = head.first_chunk::<HEAD>().filter(|head| head.starts_with(MAGIC)) else {
            return Err(broken(format!("its head of IVF ended after {} of 32 bytes", head.len())));
        };
        let short = |at: usize| {
            let bytes = head.get(at..).and_then(|rest| rest.first_chunk()).copied();
            bytes.map_or(0, u16::from_le_bytes)
        };
        let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
        let name = head.get(8..12).unwrap_or_default();
        let codec = match name {
            b"VP80" => Codec::Vp8,
            b"VP90" => Codec::Vp9,
            b"AV01" => Codec::Av1,
            _ => Codec::Other,
        };
        let (rate, scale) = (long(16), long(20));
        if rate == 0 || scale == 0 {
            return Err(broken(format!("its time base was {scale}/{rate} of a second")));
        }
        let length = input.length()?;
        let begin = u64::from(short(6)).max(HEAD as u64);
        input.go(begin)?;
        let duration = time(u64::from(long(24)), rate, scale).filter(|duration| {
            u128::from(length.saturating_sub(begin)) * 1_000_000_000 < BYTES_MAX * duration.as_nanos()
        });
        let track = Track {
            kind: Kind::Video,
            codec,
            named: String::from_utf8_lossy(name).trim_end_matches(['\0', ' ']).into(),
            size: (u32::from(short(12)), u32::from(short(14))),
            channels: 0,
            pre_skip: 0,
            flaw: None,
        };
        Ok(Reader { input, track: [track], rate, scale, first: None, duration })
    }

    fn codec(&self) -> Codec {
        let [track] = &self.track;
        track.codec
    }
}

/// What so many ticks are. `None` beyond five centuries.
fn time(ticks: u64, rate: u32, scale: u32) -> Option<Duration> {
    let nanoseconds = u128::from(ticks) * u128::from(scale) * 1_000_000_000 / u128::from(rate);
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

impl Demux for Reader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn duration(&self) -> Option<Duration> {
        self.duration
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        for _ in 0..EMPTY_MAX {
            let place = self.input.at();
            let mut head = [0; 12];
            let filled = self.input.fill(&mut head)?;
            if filled == 0 {
                return Ok(None);
            }
            let [a, b, c, d, ticks @ ..] = head;
            let size = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            if filled == head.len() && size > FRAME_MAX {
                return Err(broken(format!("the frame at byte {place} was said to have {size} bytes")));
            }
            let data = self.input.take(if filled == head.len() { size } else { 0 })?;
            if filled < head.len() || data.len() < size {
                log::warn(c"media", || format!("an IVF file ended in the frame at byte {place}"));
                return Ok(None);
            }
            if data.is_empty() {
                continue;
            }
            let ticks = u64::from_le_bytes(ticks);
            let first = *self.first.get_or_insert(ticks);
            let Some(pts) = time(ticks.saturating_sub(first), self.rate, self.scale) else {
                return Err(broken(format!("the frame at byte {place} had the time {ticks}")));
            };
            let data: Arc<[u8]> = match self.codec() {
                Codec::Av1 => match codec::av1::bare(&data) {
                    Some(bare) if bare.is_empty() => continue,
                    Some(bare) => Arc::from(&*bare),
                    None => {
                        log::warn(c"media", || format!("the AV1 frame at byte {place} was broken and left out"));
                        continue;
                    }
                },
                _ => data.into(),
            };
            let keyframe = codec::head(self.codec(), &data).keyframe;
            return Ok(Some(Frame { track: 0, pts, keyframe, data }));
        }
        let place = self.input.at();
        Err(broken(format!("before byte {place} there were {EMPTY_MAX} frames in a row with nothing in them")))
    }
}

/// A file that is written.
pub struct Writer {
    drain: Box<dyn Drain>,
    track: Track,
    begun: bool,
    first: Duration,
    /// The time of the last frame, and how long the one before it was, in ticks.
    last: u64,
    step: u64,
    frames: u64,
}

impl Writer {
    /// For one track of video, which was checked. The head is written with the first frame, which knows the size.
    #[must_use]
    pub fn new(drain: Box<dyn Drain>, track: &Track) -> Writer {
        let track = track.clone();
        Writer { drain, track, begun: false, first: Duration::ZERO, last: 0, step: 0, frames: 0 }
    }

    fn begin(&mut self, frame: Option<&Frame>) -> Result<()> {
        let known = frame.and_then(|frame| codec::head(self.track.codec, &frame.data).size);
        let (width, height) = known.unwrap_or(self.track.size);
        let side = |side| u16::try_from(side).unwrap_or(0).to_le_bytes();
        let name = match self.track.codec {
            Codec::Vp8 => b"VP80",
            Codec::Vp9 => b"VP90",
            _ => b"AV01",
        };
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&[0, 0, 32, 0]);
        head.extend_from_slice(name);
        head.extend_from_slice(&side(width));
        head.extend_from_slice(&side(height));
        head.extend_from_slice(&RATE.to_le_bytes());
        head.extend_from_slice(&1u32.to_le_bytes());
        head.resize(HEAD, 0);
        self.begun = true;
        self.first = frame.map_or(Duration::ZERO, |frame| frame.pts);
        self.put(&head)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.drain.write_all(bytes).map_err(|error| unwritten(&error))
    }
}

impl Mux for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if !self.begun {
            self.begin(Some(frame))?;
        }
        let delimiter: &[u8] = if self.track.codec == Codec::Av1 { &codec::av1::DELIMITER } else { &[] };
        let Some(size) =
            u32::try_from(delimiter.len() + frame.data.len()).ok().filter(|size| *size as usize <= FRAME_MAX)
        else {
            return Err(Error::new(
                &code::LIMIT,
                format!("a frame of {} bytes was too large for IVF", frame.data.len()),
            ));
        };
        let time = frame.pts.saturating_sub(self.first).as_nanos() * u128::from(RATE);
        let mut ticks = u64::try_from((time + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX);
        if self.frames > 0 {
            // Two frames of one time are none to readers.
            ticks = ticks.max(self.last.saturating_add(1));
            self.step = ticks - self.last;
        }
        let mut head = [0; 12];
        let (left, right) = head.split_at_mut(4);
        left.copy_from_slice(&size.to_le_bytes());
        right.copy_from_slice(&ticks.to_le_bytes());
        self.put(&head)?;
        self.put(delimiter)?;
        self.put(&frame.data)?;
        (self.last, self.frames) = (ticks, self.frames + 1);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.drain.flush().map_err(|error| unwritten(&error))
    }

    fn finish(&mut self) -> Result<()> {
        if !self.begun {
            self.begin(None)?;
        }
        self.flush()?;
        let length = u32::try_from(self.last.saturating_add(self.step)).unwrap_or(u32::MAX);
        // What cannot go back lacks the duration, and is complete all the same.
        if self.drain.seek(SeekFrom::Start(24)).is_ok() {
            self.put(&length.to_le_bytes())?;
            self.flush()?;
            self.drain.seek(SeekFrom::End(0)).map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }
}
