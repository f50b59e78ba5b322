//! H.264 in the byte stream format (ITU-T H.264 annex B): no container at all, and no times. A picture lasts two ticks of the
//! clock that its parameter sets tell of, or what the caller says, or a 25th of a second.

use std::{collections::VecDeque, io::Write, sync::Arc, time::Duration};

use super::{
    Demux, Drain, FRAME_MAX, Mux, Source,
    input::{Input, broken, unwritten},
};
use crate::{
    engine::media::{
        Codec, Frame, Kind, Track,
        codec::h264::{self, Order, Splitter, kind, kind_of},
    },
    error::{Error, Result, code},
};

const CHUNK: usize = 64 << 10;
/// How far is looked ahead for pictures out of order: two groups of pictures, or so many pictures or bytes.
const AHEAD_FRAMES: usize = 100;
const AHEAD_BYTES: usize = 8 << 20;
/// Parameter sets stand at the start of a stream.
const LEAD_MAX: u64 = 4 << 20;
/// Pictures in a second when nobody says.
const RATE: u64 = 25;

/// Whether a file's first bytes are such a stream: a start code, and a NAL unit of a kind that the standard knows.
#[must_use]
pub fn looks(start: &[u8]) -> bool {
    let zeros = start.iter().take_while(|byte| **byte == 0).count();
    let unit = start.get(zeros + 1..).unwrap_or_default();
    zeros >= 2
        && start.get(zeros) == Some(&1)
        && unit.first().is_some_and(|first| first & 0x80 == 0)
        && (1..=21).contains(&kind_of(unit))
}

/// Whether they are one of H.265, whose heads have two bytes: a video parameter set.
#[must_use]
pub fn looks_like_h265(start: &[u8]) -> bool {
    let zeros = start.iter().take_while(|byte| **byte == 0).count();
    zeros >= 2 && start.get(zeros..zeros + 3) == Some(&[1, 0x40, 0x01])
}

/// Reads NAL units one after the other, with no more of the file in memory than one of them.
struct Stream {
    input: Input,
    buffer: Vec<u8>,
    /// Where the unit begins, and up to where no start code was found.
    begin: usize,
    searched: usize,
    ended: bool,
}

impl Stream {
    /// The next unit, without its start code.
    fn unit(&mut self) -> Result<Option<&[u8]>> {
        loop {
            let from = self.searched.max(self.begin);
            if let Some(found) = self.buffer.get(from..).and_then(h264::start) {
                let (begin, end) = (self.begin, from + found);
                (self.begin, self.searched) = (end + 3, end + 3);
                if self.trimmed(begin, end) > begin {
                    return Ok(self.buffer.get(begin..self.trimmed(begin, end)));
                }
                continue;
            }
            // A start code may lie across the edge.
            self.searched = self.buffer.len().saturating_sub(2).max(self.begin);
            if self.ended {
                let (begin, end) = (self.begin, self.buffer.len());
                (self.begin, self.searched) = (end, end);
                let end = self.trimmed(begin, end);
                return Ok(if end > begin { self.buffer.get(begin..end) } else { None });
            }
            self.more()?;
        }
    }

    fn trimmed(&self, begin: usize, end: usize) -> usize {
        let unit = self.buffer.get(begin..end).unwrap_or_default();
        begin + unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    }

    fn more(&mut self) -> Result<()> {
        if self.begin > 0 {
            self.buffer.drain(..self.begin.min(self.buffer.len()));
            (self.searched, self.begin) = (self.searched - self.begin, 0);
        }
        let filled = self.buffer.len();
        if filled > FRAME_MAX {
            let place = self.input.at().saturating_sub(filled as u64);
            return Err(broken(format!("the NAL unit at byte {place} did not end within 64 MiB")));
        }
        self.buffer.resize(filled + CHUNK, 0);
        let count = self.input.fill(self.buffer.get_mut(filled..).unwrap_or_default())?;
        self.buffer.truncate(filled + count);
        self.ended = count < CHUNK;
        Ok(())
    }
}

/// A file that is read.
pub struct Reader {
    stream: Stream,
    track: [Track; 1],
    splitter: Splitter,
    order: Order,
    /// The access unit so far, and what is in it.
    unit: Vec<u8>,
    sliced: bool,
    ahead: VecDeque<Frame>,
    /// The last parameter sets, each with its start code.
    sets: Vec<u8>,
    frames: u64,
    /// How long a picture is: a part of a second.
    lasts: (u64, u64),
    done: bool,
}

impl Reader {
    /// Reads the first groups of pictures. `rate` is how many pictures there are in a second, if the caller knows better.
    ///
    /// # Errors
    /// `media_file` when there is no picture or no parameter set, `io`.
    pub fn open(source: Box<dyn Source>, rate: Option<f64>) -> Result<Reader> {
        let input = Input::new(source)?;
        let stream = Stream { input, buffer: Vec::new(), begin: 0, searched: 0, ended: false };
        let track = Track {
            kind: Kind::Video,
            codec: Codec::H264,
            named: "h264".into(),
            size: (0, 0),
            channels: 0,
            pre_skip: 0,
            flaw: None,
        };
        let mut reader = Reader {
            stream,
            track: [track],
            splitter: Splitter::default(),
            order: Order::default(),
            unit: Vec::new(),
            sliced: false,
            ahead: VecDeque::new(),
            sets: Vec::new(),
            frames: 0,
            lasts: rate.map_or((1, RATE), of_rate),
            done: false,
        };
        // What is in front of the first start code is no unit.
        reader.stream.unit_start()?;
        reader.look_ahead(rate.is_none())?;
        Ok(reader)
    }

    fn look_ahead(&mut self, timed: bool) -> Result<()> {
        let (mut keyframes, mut bytes) = (0, 0);
        while keyframes < 3 && self.ahead.len() < AHEAD_FRAMES && bytes < AHEAD_BYTES {
            let frame = self.access_unit()?;
            if let Some(sequence) = self.splitter.parameters().sequence() {
                let [track] = &mut self.track;
                if track.size == (0, 0) {
                    track.size = sequence.size;
                    if let Some((ticks, scale)) = sequence.timing.filter(|_| timed) {
                        self.lasts = (2 * u64::from(ticks), u64::from(scale));
                    }
                }
            }
            let lost = self.sets.is_empty();
            if lost && (frame.is_none() || self.stream.input.at() > LEAD_MAX) {
                let pictures = frame.is_some() || self.frames > 0;
                let lacks = if pictures { "parameter sets" } else { "picture" };
                return Err(broken(format!("it looked like H.264, and had no {lacks}")));
            }
            let Some(frame) = frame else { break };
            if lost {
                // One that was cut off in front: nobody can decode what comes before the first parameter sets.
                continue;
            }
            keyframes += u32::from(frame.keyframe);
            bytes += frame.data.len();
            self.ahead.push_back(frame);
        }
        // Their times were taken before the clock was known, and before it was known which is the first.
        self.frames = self.ahead.len() as u64;
        for (number, frame) in self.ahead.iter_mut().enumerate() {
            frame.pts = time(number as u64, self.lasts);
        }
        if self.order.broken() {
            let [track] = &mut self.track;
            track.flaw =
                Some("it had B-frames: pictures that are shown before others that were decoded earlier".into());
        }
        Ok(())
    }

    /// The next access unit, with parameter sets before an IDR picture.
    fn access_unit(&mut self) -> Result<Option<Frame>> {
        while !self.done {
            let Some(unit) = self.stream.unit()? else {
                self.done = true;
                break;
            };
            let begins = self.splitter.begins(unit);
            self.order.unit(unit);
            let slice = matches!(kind_of(unit), kind::SLICE | kind::PARTITION | kind::IDR);
            if self.unit.len() + unit.len() > FRAME_MAX {
                let place = self.stream.input.at();
                return Err(broken(format!("the picture before byte {place} had more than 64 MiB")));
            }
            let whole = if begins && self.sliced { Some(std::mem::take(&mut self.unit)) } else { None };
            h264::put(&mut self.unit, unit);
            self.sliced = slice || self.sliced && whole.is_none();
            if let Some(whole) = whole {
                return Ok(Some(self.frame(whole)));
            }
        }
        let whole = std::mem::take(&mut self.unit);
        Ok(if std::mem::take(&mut self.sliced) { Some(self.frame(whole)) } else { None })
    }

    fn frame(&mut self, mut data: Vec<u8>) -> Frame {
        let (mut idr, mut sequence, mut picture) = (false, false, false);
        let mut sets = Vec::new();
        for unit in h264::units(&data) {
            match kind_of(unit) {
                kind::IDR => idr = true,
                kind::SEQUENCE => sequence = true,
                kind::PICTURE => picture = true,
                _ => continue,
            }
            if kind_of(unit) != kind::IDR {
                h264::put(&mut sets, unit);
            }
        }
        if sequence && picture {
            self.sets = sets;
        } else if idr && !sequence && !picture {
            // One who comes in here needs them.
            data.splice(..0, self.sets.iter().copied());
        }
        let pts = time(self.frames, self.lasts);
        self.frames += 1;
        Frame { track: 0, pts, keyframe: idr, data: Arc::from(data) }
    }
}

impl Stream {
    /// Goes behind the first start code.
    fn unit_start(&mut self) -> Result<()> {
        self.more()?;
        let begin = self.buffer.get(..CHUNK.min(self.buffer.len())).and_then(h264::start);
        self.begin = begin.map_or(self.buffer.len(), |begin| begin + 3);
        self.searched = self.begin;
        Ok(())
    }
}

/// When the picture of that number is shown.
fn time(number: u64, (part, of): (u64, u64)) -> Duration {
    let nanoseconds = u128::from(number) * u128::from(part) * 1_000_000_000 / u128::from(of.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// How long a picture is when there are so many in a second.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between the two limits nothing is lost")]
fn of_rate(rate: f64) -> (u64, u64) {
    if (0.001..=1e6).contains(&rate) { (1_000_000, (rate * 1e6).round() as u64) } else { (1, RATE) }
}

impl Demux for Reader {
    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn duration(&self) -> Option<Duration> {
        // Known when it is read already.
        self.done.then(|| time(self.frames, self.lasts))
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if let Some(frame) = self.ahead.pop_front() {
            return Ok(Some(frame));
        }
        let frame = self.access_unit()?;
        let [track] = &self.track;
        if self.order.broken() && track.flaw.is_none() {
            let why = format!("up to picture {} it had no B-frames, and there it had", self.frames);
            return Err(Error::new(&code::MEDIA_CODEC, why));
        }
        Ok(frame)
    }
}

/// A file that is written: the access units as they are.
pub struct Writer {
    drain: Box<dyn Drain>,
}

impl Writer {
    /// For one track of H.264, which was checked.
    #[must_use]
    pub fn new(drain: Box<dyn Drain>) -> Writer {
        Writer { drain }
    }
}

impl Mux for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.drain.write_all(&frame.data).map_err(|error| unwritten(&error))
    }

    fn flush(&mut self) -> Result<()> {
        self.drain.flush().map_err(|error| unwritten(&error))
    }

    fn finish(&mut self) -> Result<()> {
        self.flush()
    }
}
