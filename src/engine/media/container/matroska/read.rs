//! A file that is read. Its elements are taken as a flat row: segments, clusters and what stands in a cluster of unknown size
//! come after each other, so that it does not matter which of the sizes are known.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    block::Block,
    ebml::{Children, child, float, id, text, unsigned},
    entry::Entry,
    input::{Element, Found, Input, broken},
};
use crate::{
    engine::media::{
        Codec, Frame, Kind, Track,
        codec::{h264::Order, opus},
        container::{Demux, FRAME_MAX},
    },
    error::Result,
    log,
};

/// The most that a list of tracks may take, in bytes.
const TRACKS_MAX: u64 = 16 << 20;

/// The most elements before the first cluster; more are nothing that a writer makes.
const ELEMENTS_MAX: usize = 1 << 20;

/// How far it is looked ahead when a file is opened: pictures of H.264, frames of all, bytes.
const PICTURES_AHEAD: usize = 48;
const FRAMES_AHEAD: usize = 1024;
const BYTES_AHEAD: usize = 8 << 20;

/// A frame that waits, with its time before anything was added to all of them.
struct Ready {
    track: usize,
    at: i64,
    keyframe: bool,
    data: Arc<[u8]>,
}

/// A file that is read.
pub struct Reader {
    input: Input,
    tracks: Vec<Track>,
    entries: Vec<Entry>,
    duration: Option<Duration>,
    /// How many nanoseconds a tick has.
    scale: u64,
    /// The time of the cluster, in ticks, and its end when that is known.
    time: u64,
    cluster_end: Option<u64>,
    /// When the next frame of a track of sound is due if nothing is missing.
    due: Vec<Option<i64>>,
    queue: VecDeque<Ready>,
    queued: usize,
    /// What is added to all times, so that the first is not before the start.
    shift: i64,
    over: bool,
    scratch: Vec<u8>,
}

impl Reader {
    /// Reads up to the first frames.
    pub fn open(source: Box<dyn super::Source>) -> Result<Reader> {
        let mut reader = Reader {
            input: Input::new(source)?,
            tracks: Vec::new(),
            entries: Vec::new(),
            duration: None,
            scale: 1_000_000,
            time: 0,
            cluster_end: None,
            due: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            shift: 0,
            over: false,
            scratch: Vec::new(),
        };
        let segment = reader.segment()?;
        reader.head(segment)?;
        reader.look_ahead()?;
        Ok(reader)
    }

    /// Reads the head of the file and goes into its segment.
    fn segment(&mut self) -> Result<u64> {
        match self.input.element()? {
            Found::Element(element) if element.id == id::EBML => {
                let size = element.end.map(|end| end - element.body);
                if size.is_none_or(|size| size > 1 << 16) || !self.input.content(element, &mut self.scratch)? {
                    return Err(broken(element.at, "its head was cut off"));
                }
                let kind = child(&self.scratch, id::DOC_TYPE).map(text).unwrap_or_default();
                if !matches!(&*kind, "webm" | "matroska") {
                    return Err(broken(element.at, &format!("it was of the type {kind:.40}")));
                }
            }
            _ => return Err(broken(0, "it did not begin as one")),
        }
        for _ in 0..ELEMENTS_MAX {
            match self.input.element()? {
                Found::Element(Element { id: id::SEGMENT, body, .. }) => return Ok(body),
                Found::Element(Element { end: Some(end), .. }) if end <= self.input.length() => self.input.go(end)?,
                _ => break,
            }
        }
        Err(broken(self.input.at(), "it ended before its segment"))
    }

    /// Reads what stands before the first cluster, and the list of tracks wherever it is.
    fn head(&mut self, segment: u64) -> Result<()> {
        let (mut first, mut told, mut listed) = (None, false, false);
        let mut places = HashMap::new();
        for _ in 0..ELEMENTS_MAX {
            let element = match self.input.element()? {
                Found::Element(element) => element,
                Found::Nonsense if self.resume(1)? => continue,
                Found::End | Found::Nonsense => break,
            };
            match (element.id, element.end) {
                (id::EBML | id::SEGMENT, _) => break,
                (id::CLUSTER, end) => {
                    if first.is_none() {
                        first = Some(element.at);
                        // What stands behind the clusters is found by the list of what is where.
                        for (wanted, have) in [(id::INFO, &mut told), (id::TRACKS, &mut listed)] {
                            if let Some(place) = places.get(&wanted).filter(|_| !*have) {
                                *have = self.at_place(segment, *place, wanted)?;
                            }
                        }
                        self.input.go(element.body)?;
                    }
                    match end {
                        _ if listed => break,
                        Some(end) if end <= self.input.length() => self.input.go(end)?,
                        _ => {}
                    }
                }
                (_, Some(end)) if end <= self.input.length() => {
                    match element.id {
                        id::SEEK_HEAD if end - element.body <= TRACKS_MAX => {
                            if self.input.content(element, &mut self.scratch)? {
                                seek_head(&self.scratch, &mut places);
                            }
                        }
                        id::INFO if !told => told = self.part(element)?,
                        id::TRACKS if !listed => listed = self.part(element)?,
                        _ => {}
                    }
                    self.input.go(end)?;
                }
                (_, None) if self.resume(0)? => {}
                _ => break,
            }
        }
        if !listed {
            return Err(broken(self.input.at(), "it ended before its list of tracks"));
        }
        match first {
            Some(first) => self.input.go(first)?,
            None => self.over = true,
        }
        Ok(())
    }

    /// Reads the part of the file that is said to be at this place of the segment.
    fn at_place(&mut self, segment: u64, place: u64, wanted: u32) -> Result<bool> {
        let Some(at) = segment.checked_add(place).filter(|at| *at < self.input.length()) else { return Ok(false) };
        self.input.go(at)?;
        match self.input.element()? {
            Found::Element(element) if element.id == wanted => self.part(element),
            _ => Ok(false),
        }
    }

    /// Reads `Info` or `Tracks`; whether it was whole.
    fn part(&mut self, element: Element) -> Result<bool> {
        if element.end.is_none_or(|end| end - element.body > TRACKS_MAX) {
            return Err(broken(element.at, "its head said nothing sensible of its size"));
        }
        let mut body = std::mem::take(&mut self.scratch);
        let whole = self.input.content(element, &mut body)?;
        if whole && element.id == id::INFO {
            self.info(&body, element.at)?;
        } else if whole {
            self.list(&body);
        }
        self.scratch = body;
        Ok(whole)
    }

    /// Reads `Info`.
    fn info(&mut self, body: &[u8], at: u64) -> Result<()> {
        self.scale = child(body, id::TIMESTAMP_SCALE).map_or(1_000_000, unsigned);
        if self.scale == 0 || i64::try_from(self.scale).is_err() {
            return Err(broken(at, "its ticks had no sensible length"));
        }
        #[expect(clippy::cast_precision_loss, reason = "a scale that is not exact in a double is none that is used")]
        let seconds = child(body, id::DURATION).map_or(0.0, float) * self.scale as f64 / 1e9;
        self.duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero());
        Ok(())
    }

    /// Reads `Tracks`.
    fn list(&mut self, body: &[u8]) {
        for (_, body) in Children(body).filter(|(id, _)| *id == id::TRACK_ENTRY) {
            match Entry::parse(body) {
                Ok(entry) if self.entries.iter().all(|other| other.number != entry.number) => {
                    self.tracks.push(entry.track.clone());
                    self.entries.push(entry);
                    self.due.push(None);
                }
                Ok(entry) => log::warn(c"media", || format!("a second track {} was left out", entry.number)),
                Err(what) => log::info(c"media", || format!("a track was left out: it {what}")),
            }
        }
    }

    /// Reads the first frames: which one is the earliest, and whether pictures come in the order in which they are shown.
    fn look_ahead(&mut self) -> Result<()> {
        let mut missing: Vec<usize> = self
            .entries
            .iter()
            .map(|entry| match entry.track.codec {
                Codec::H264 => PICTURES_AHEAD,
                _ => usize::from(entry.delay > 0),
            })
            .collect();
        let mut orders: HashMap<usize, (Order, i64)> = HashMap::new();
        let mut seen = 0;
        while (seen == 0 || missing.iter().any(|missing| *missing > 0))
            && self.queue.len() < FRAMES_AHEAD
            && self.queued < BYTES_AHEAD
        {
            if !self.step()? {
                break;
            }
            for ready in self.queue.iter().skip(seen) {
                if let Some(missing) = missing.get_mut(ready.track) {
                    *missing = missing.saturating_sub(1);
                }
                let Some(track) = self.tracks.get_mut(ready.track).filter(|track| track.codec == Codec::H264) else {
                    continue;
                };
                let (order, last) = orders.entry(ready.track).or_insert((Order::default(), i64::MIN));
                if (order.take(&ready.data) || ready.at < *last) && track.flaw.is_none() {
                    track.flaw = Some("its frames were not shown in the order of decoding (B-frames)".into());
                }
                *last = ready.at.max(*last);
            }
            seen = self.queue.len();
        }
        self.shift = self.queue.iter().map(|ready| ready.at.saturating_neg()).max().unwrap_or(0).max(0);
        Ok(())
    }

    /// Reads on until a block gave frames; `false` at the end.
    fn step(&mut self) -> Result<bool> {
        let before = self.queue.len();
        while !self.over && self.queue.len() == before {
            if self.cluster_end.is_some_and(|end| self.input.at() >= end) {
                self.cluster_end = None;
            }
            let element = match self.input.element()? {
                Found::Element(element) => element,
                Found::End => {
                    self.over = true;
                    break;
                }
                Found::Nonsense => {
                    self.over = !self.resume(1)?;
                    continue;
                }
            };
            match (element.id, element.end) {
                // Recordings that were joined: another list of tracks follows, which need not be the same.
                (id::EBML | id::SEGMENT, _) => {
                    log::warn(c"media", || format!("a second segment was left out at byte {}", element.at));
                    self.over = true;
                }
                (id::CLUSTER, end) => (self.time, self.cluster_end) = (0, end),
                (_, None) => self.over = !self.resume(0)?,
                (_, Some(end)) if self.cluster_end.is_some_and(|cluster| end > cluster) => {
                    log::warn(c"media", || format!("what did not fit its cluster was left out at byte {}", element.at));
                    let to = self.cluster_end.unwrap_or(end).min(self.input.length());
                    self.input.go(to)?;
                }
                (_, Some(end)) if end > self.input.length() => {
                    log::warn(c"media", || format!("a file ended in the middle of what began at byte {}", element.at));
                    self.over = true;
                }
                (kind @ (id::TIMESTAMP | id::SIMPLE_BLOCK | id::BLOCK_GROUP), Some(end)) => {
                    let size = end - element.body;
                    if size > FRAME_MAX as u64 + (1 << 16) || kind == id::TIMESTAMP && size > 8 {
                        log::warn(c"media", || format!("a frame of {size} bytes was left out at byte {}", element.at));
                    } else {
                        let mut body = std::mem::take(&mut self.scratch);
                        if self.input.content(element, &mut body)? {
                            self.inside(kind, &body, element.at);
                        } else {
                            self.over = true;
                        }
                        // One large frame does not keep its room for the rest of the file.
                        body.clear();
                        body.shrink_to(4 << 20);
                        self.scratch = body;
                    }
                    if !self.over {
                        self.input.go(end)?;
                    }
                }
                (_, Some(end)) => self.input.go(end)?,
            }
        }
        Ok(self.queue.len() > before)
    }

    /// Takes what a cluster holds.
    fn inside(&mut self, kind: u32, body: &[u8], at: u64) {
        let (block, keyframe) = match kind {
            id::TIMESTAMP => return self.time = unsigned(body),
            id::SIMPLE_BLOCK => (Block::parse(body), None),
            _ => {
                let alone = child(body, id::REFERENCE_BLOCK).is_none();
                (child(body, id::BLOCK).and_then(Block::parse), Some(alone))
            }
        };
        match block {
            Some(block) => self.frames(&block, keyframe.unwrap_or(block.keyframe), at),
            None => log::warn(c"media", || format!("a block that could not be understood was left out at byte {at}")),
        }
    }

    /// Puts the frames of a block into the queue.
    fn frames(&mut self, block: &Block, keyframe: bool, place: u64) {
        let Some(track) = self.entries.iter().position(|entry| entry.number == block.track) else { return };
        let (Some(entry), Some(due)) = (self.entries.get(track), self.due.get_mut(track)) else { return };
        let ticks = i128::from(self.time) + i128::from(block.relative);
        let told = ticks * i128::from(self.scale) - i128::from(entry.delay);
        // A tenth of what fits, so that nothing that is added later overflows.
        let limit = i128::from(i64::MAX / 10);
        let mut at = i64::try_from(told.clamp(-limit, limit)).unwrap_or(0);
        // What is unpacked may be more than the block; all of it together is still a frame's worth at most.
        let most = self.queued.saturating_add(FRAME_MAX);
        for raw in &block.frames {
            if self.queued > most {
                log::warn(c"media", || format!("a block with too much in it was cut at byte {place}"));
                break;
            }
            let keyframe = keyframe || entry.track.kind == Kind::Audio;
            let whole = entry.encodings.frame(raw);
            let length = match (entry.track.codec, &whole) {
                (Codec::Opus, Some(packet)) => opus::samples(packet).map(|samples| i64::from(samples) * 62_500 / 3),
                _ => entry.frame,
            };
            // Ticks are too coarse for sound: a packet that is not off by more than the rounding follows the one before.
            let tick = i64::try_from(self.scale).unwrap_or(i64::MAX);
            if let Some(due) = due.filter(|due| entry.track.codec == Codec::Opus && (at - due).abs() <= tick) {
                at = due;
            }
            let data = whole.filter(|whole| !whole.is_empty()).and_then(|whole| entry.form.frame(&whole, keyframe));
            match data {
                Some(data) => {
                    self.queued += data.len();
                    self.queue.push_back(Ready { track, at, keyframe, data });
                }
                None => {
                    log::warn(c"media", || format!("a frame that was empty or broken was left out at byte {place}"));
                }
            }
            at = at.saturating_add(length.unwrap_or(0));
            *due = length.map(|_| at);
        }
    }

    /// Goes on at the next cluster from `beyond` bytes on, after something that could not be understood; `false` when there is
    /// none. What could not be understood may look like the start of a cluster itself.
    fn resume(&mut self, beyond: u64) -> Result<bool> {
        let at = self.input.at();
        self.cluster_end = None;
        self.input.go(at + beyond)?;
        let found = self.input.find_cluster()?;
        log::warn(c"media", || {
            if found {
                format!("{} bytes that could not be understood were left out at byte {at}", self.input.at() - at)
            } else {
                format!("a file ended at byte {at} with what could not be understood")
            }
        });
        Ok(found)
    }
}

impl Demux for Reader {
    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn duration(&self) -> Option<Duration> {
        self.duration
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if self.queue.is_empty() && !self.step()? {
            return Ok(None);
        }
        Ok(self.queue.pop_front().map(|Ready { track, at, keyframe, data }| {
            self.queued = self.queued.saturating_sub(data.len());
            let pts = Duration::from_nanos(u64::try_from(at.saturating_add(self.shift)).unwrap_or(0));
            Frame { track, pts, keyframe, data }
        }))
    }
}

/// Reads where parts of the segment are said to be.
fn seek_head(body: &[u8], places: &mut HashMap<u32, u64>) {
    for (_, seek) in Children(body).filter(|(id, _)| *id == id::SEEK) {
        let part = child(seek, id::SEEK_ID).map(unsigned).and_then(|part| u32::try_from(part).ok());
        if let (Some(part @ (id::INFO | id::TRACKS)), Some(place)) = (part, child(seek, id::SEEK_POSITION)) {
            places.insert(part, unsigned(place));
        }
    }
}
