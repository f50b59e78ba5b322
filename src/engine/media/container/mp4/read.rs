//! The reader: frames of all tracks in the order of decoding, whether the file has one head or comes in fragments.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        super::{Codec, Frame, Kind, Track, codec::h264},
        Demux, Source,
    },
    PLACE, REORDERED,
    boxes::{Outer, Store, find, spell},
    broken, fragment,
    lane::{Lane, moment},
    movie, tail,
};
use crate::{error::Result, log};

/// The largest head that is read: that of a day of video has some ten MiB.
const MOOV_MAX: u64 = 512 << 20;
/// The largest head of a fragment.
pub(super) const MOOF_MAX: u64 = 64 << 20;
/// So many boxes may stand before the head.
const BEFORE_HEAD: usize = 1 << 20;
/// Tracks may come one fragment after the other; frames are put into the order of time over this much, in nanoseconds.
const AHEAD: i128 = 2_000_000_000;
/// How much of fragments' heads is looked through for that at once, in bytes.
const AHEAD_BYTES: u64 = 16 << 20;
/// So many frames at the start are looked at for B-frames, and no more bytes of them.
const PROBED: usize = 100;
const PROBED_BYTES: usize = 8 << 20;
/// So many frames in a row may be broken.
const BROKEN_MAX: u32 = 1000;

/// A file that is read.
pub(super) struct Reader {
    store: Store,
    tracks: Vec<Track>,
    lanes: Vec<Lane>,
    duration: Option<Duration>,
    /// Where the next fragment is looked for; `None` when there are no more.
    fragments: Option<u64>,
    /// So much later is everything shown, in nanoseconds.
    shift: i128,
    /// Frames left out, in a row.
    broken: u32,
}

impl Reader {
    /// Reads the head, and looks at the first frames.
    pub(super) fn open(source: Box<dyn Source>) -> Result<Reader> {
        let mut store = Store::new(source)?;
        let (moov, first_fragment) = head(&mut store)?;
        let size = moov.end - moov.body;
        if size > MOOV_MAX {
            return Err(broken(format!("The head of the file (box `moov`) had {size} bytes; {MOOV_MAX} is the most")));
        }
        let bytes = usize::try_from(size).ok().map(|size| store.read(moov.body, size)).transpose()?.flatten();
        let all: Arc<[u8]> = bytes.ok_or_else(|| broken("The file was cut in its head (box `moov`)".into()))?.into();
        let movie = movie::read(&all);
        if movie.traks.is_empty() {
            let why = match (find(&all, 0..all.len(), b"cmov"), movie.left_out.first()) {
                (Some(_), _) => "its head was compressed",
                (None, Some(why)) => why,
                (None, None) => "its head named none",
            };
            return Err(broken(format!("The file had no track that could be read: {why}")));
        }
        let length = store.length();
        let tracks: Vec<Track> = movie.traks.iter().map(|trak| trak.track.clone()).collect();
        let lanes = movie.traks.iter().enumerate();
        let lanes = lanes
            .filter(|(_, trak)| trak.track.codec != Codec::Other && trak.track.flaw.is_none())
            .map(|(place, trak)| Lane::new(place, trak, length))
            .collect();
        let fragments = movie.fragmented.then(|| first_fragment.unwrap_or(moov.end));
        let mut reader = Reader { store, tracks, lanes, duration: None, fragments, shift: 0, broken: 0 };
        for lane in &mut reader.lanes {
            lane.pull(length);
        }
        reader.prepare()?;
        reader.probe()?;
        let begin = reader.lanes.iter().filter_map(|lane| Some(lane.time(lane.next?.pts()))).min();
        reader.shift = begin.map_or(0, |begin| (-begin).max(0));
        reader.duration = match movie.length.map(Duration::from_nanos) {
            None if movie.fragmented => {
                tail::end(&mut reader.store, &reader.lanes).map(|end| moment(end, reader.shift))
            }
            length => length.map(|length| length + moment(0, reader.shift)),
        };
        Ok(reader)
    }

    /// Finds what makes a track unfit that its tables do not tell: the order of frames in fragments, and in H.264 itself.
    fn probe(&mut self) -> Result<()> {
        let length = self.store.length();
        for lane in self.lanes.iter().filter(|lane| lane.kind == Kind::Video) {
            let Some(track) = self.tracks.get_mut(lane.place) else { continue };
            let (mut order, mut shown, mut bytes) = (h264::Order::default(), i64::MIN, 0);
            for sample in lane.ahead(length).take(PROBED) {
                let mut reordered = sample.pts() < shown;
                shown = sample.pts();
                bytes += sample.size as usize;
                if track.codec == Codec::H264 && bytes <= PROBED_BYTES && !reordered {
                    let Some(bytes) = self.store.read(sample.at, sample.size as usize)? else { break };
                    let entry = lane.entries.get(sample.entry as usize).or(lane.entries.first());
                    let frame = entry.and_then(|entry| entry.frame(bytes, sample.sync));
                    reordered = frame.is_some_and(|(frame, _)| order.take(&frame));
                }
                if reordered {
                    track.flaw = Some(REORDERED.into());
                    break;
                }
            }
        }
        let tracks = &self.tracks;
        self.lanes.retain(|lane| tracks.get(lane.place).is_some_and(|track| track.flaw.is_none()));
        Ok(())
    }

    /// Sees to it that the lane whose sample is decoded first is known: reads fragments until each has one, or it is clear that
    /// one lags behind or ended.
    fn prepare(&mut self) -> Result<()> {
        let mut read = 0;
        while self.fragments.is_some() && self.lanes.iter().any(Lane::idle) && read < AHEAD_BYTES {
            let first = self.lanes.iter().filter_map(Lane::due).min();
            let last = self.lanes.iter().map(|lane| lane.time(lane.expected)).max();
            if let (Some(first), Some(last)) = (first, last)
                && last > first + AHEAD
            {
                break;
            }
            read += self.load()?;
        }
        Ok(())
    }

    /// Reads the head of the next fragment. How many bytes were looked through.
    fn load(&mut self) -> Result<u64> {
        let Some(at) = self.fragments.take() else { return Ok(0) };
        let outer = match self.store.outer(at) {
            Ok(Some(outer)) => outer,
            Ok(None) => return Ok(0),
            Err(error) if error.code() == crate::error::code::MEDIA_FILE.word => {
                log::warn(PLACE, || format!("{}; what follows was left out", error.message()));
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        if &outer.name == b"moov" {
            log::warn(PLACE, || format!("A second head, at byte {at}, and what follows were left out"));
            return Ok(0);
        }
        if !outer.cut {
            self.fragments = Some(outer.end);
        }
        if &outer.name != b"moof" {
            return Ok(outer.body - outer.at);
        }
        let size = outer.end - outer.body;
        let bytes = match usize::try_from(size) {
            Ok(wanted) if size <= MOOF_MAX && !outer.cut => self.store.read(outer.body, wanted)?,
            _ => None,
        };
        let Some(bytes) = bytes else {
            log::warn(PLACE, || format!("The file was cut in the fragment at byte {at}"));
            self.fragments = None;
            return Ok(0);
        };
        let lanes = &self.lanes;
        let known = |id| lanes.iter().find(|lane| lane.id == id).map(|lane| (lane.defaults, lane.expected));
        let length = self.store.length();
        for (id, run, end) in fragment::read(&bytes.into(), at, &known) {
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.id == id) {
                lane.push(run, end);
                if lane.next.is_none() {
                    lane.pull(length);
                }
            }
        }
        Ok(size)
    }

    /// A sample as a frame, unless it is broken or the file ends in it.
    fn frame(&mut self, at: usize) -> Result<Option<Frame>> {
        let length = self.store.length();
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(None) };
        let Some(sample) = lane.next else { return Ok(None) };
        lane.pull(length);
        let entry = lane.entries.get(sample.entry as usize).or(lane.entries.first());
        let Some(bytes) = self.store.read(sample.at, sample.size as usize)? else {
            log::warn(PLACE, || format!("The file ended at byte {}", sample.at));
            (lane.over, lane.next) = (true, None);
            return Ok(None);
        };
        let Some((data, keyframe)) = entry.and_then(|entry| entry.frame(bytes, sample.sync)) else {
            log::warn(PLACE, || format!("The frame at byte {} was broken and was left out", sample.at));
            self.broken += 1;
            if self.broken > BROKEN_MAX {
                let what = format!("No frame of track {} could be read up to byte {}", lane.place + 1, sample.at);
                return Err(broken(what));
            }
            return Ok(None);
        };
        self.broken = 0;
        let pts = sample.pts();
        let time = lane.time(pts);
        if lane.kind == Kind::Video && pts < lane.shown {
            let seconds = moment(time, self.shift).as_secs_f64();
            return Err(broken(format!("{REORDERED}: track {} from {seconds:.3} s on", lane.place + 1)));
        }
        lane.shown = pts;
        Ok(Some(Frame { track: lane.place, pts: moment(time, self.shift), keyframe, data }))
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
        loop {
            self.prepare()?;
            let due = self.lanes.iter().enumerate().filter_map(|(at, lane)| Some((lane.due()?, at)));
            let Some((_, at)) = due.min() else {
                // Looking ahead may have stopped at a bound with nothing found.
                if self.fragments.is_some() && self.lanes.iter().any(Lane::idle) {
                    continue;
                }
                return Ok(None);
            };
            if let Some(frame) = self.frame(at)? {
                return Ok(Some(frame));
            }
        }
    }
}

/// Finds `moov`, and the first fragment if one stands before it.
fn head(store: &mut Store) -> Result<(Outer, Option<u64>)> {
    let (mut at, mut media, mut fragment, mut first) = (0, false, None, None);
    for _ in 0..BEFORE_HEAD {
        let Some(outer) = store.outer(at)? else { break };
        first.get_or_insert(outer.name);
        match &outer.name {
            b"moov" if outer.cut => return Err(broken("The file was cut in its head (box `moov`)".into())),
            b"moov" => return Ok((outer, fragment)),
            b"moof" => fragment = fragment.or(Some(outer.at)),
            b"mdat" => media = true,
            _ => {}
        }
        at = outer.end;
        if outer.cut {
            break;
        }
    }
    Err(broken(match (first, fragment, media) {
        (None, ..) => "The file was empty".into(),
        (_, Some(_), _) => "The file had fragments and no head (box `moov`): it was a part of a longer one".into(),
        (_, _, true) => {
            "The file had no head (box `moov`): its recording was not completed, or its end was cut off".into()
        }
        (Some(name), ..) => format!("The file had no head (box `moov`) and no frames; it began with `{}`", spell(name)),
    }))
}
