//! A file that is written: clusters of unknown size that are a playable file at any cut; what is known at the end alone is
//! put in when the file can go back.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    ebml::{id, put_id, put_size, put_unsigned, put_void, wide_size},
    head::{self, Cue, SEEK_HEAD_ROOM, TICK, TRACKS_ROOM},
    output::Output,
};
use crate::{
    engine::media::{
        Codec, Frame, Kind, Track,
        codec::{self, av1, h264, opus},
        container::{Drain, FRAME_MAX, Mux},
    },
    error::{Error, Result, code},
    log,
};

/// How long a frame waits for those of other tracks that belong before it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the head of the file waits for the first keyframe of each video track.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// What may wait for either, in bytes.
const WAITING_MAX: usize = 8 << 20;
/// The most of a cluster, in ticks and bytes.
const CLUSTER_TICKS: i64 = 5_000;
const CLUSTER_BYTES: u64 = 5 << 20;
/// The least between two places of the index, in ticks, and the most of them.
const CUE_TICKS: u64 = 500;
const CUES_MAX: usize = 100_000;
/// The most tracks: their numbers take one byte.
const TRACKS_MAX: usize = 126;

/// A track and what waits of it.
struct Lane {
    track: Track,
    /// The private data of its codec, when they are known.
    private: Vec<u8>,
    /// What the head of the file needs is known.
    known: bool,
    waiting: VecDeque<Frame>,
    /// The time of the last frame, and how long the one before it was shown.
    last: Option<Duration>,
    step: Duration,
}

/// A cluster that is open.
struct Cluster {
    /// Where it begins in the file.
    at: u64,
    /// Its time in ticks.
    time: u64,
    /// Whether it holds a frame.
    used: bool,
}

/// Where the parts of the head are in the file.
struct Places {
    /// The first byte of the segment's content.
    segment: u64,
    info: u64,
    tracks: u64,
    /// How much room the list of tracks has.
    room: usize,
}

/// A file that is written.
pub struct Writer {
    output: Output,
    webm: bool,
    lanes: Vec<Lane>,
    waiting: usize,
    places: Option<Places>,
    cluster: Option<Cluster>,
    cues: Vec<Cue>,
    cue_ticks: u64,
    /// The track whose keyframes begin clusters.
    guide: usize,
    /// When the last frame ends, in ticks.
    end: u64,
    finished: bool,
}

impl Writer {
    /// Takes the tracks.
    pub fn new(drain: Box<dyn Drain>, tracks: &[Track], webm: bool) -> Result<Writer> {
        let format = if webm { "WebM" } else { "Matroska" };
        if tracks.is_empty() || tracks.len() > TRACKS_MAX {
            let count = tracks.len();
            return Err(Error::new(&code::MEDIA_CODEC, format!("a {format} file cannot hold {count} tracks")));
        }
        for (index, track) in tracks.iter().enumerate() {
            if track.codec == Codec::Other || webm && track.codec == Codec::H264 {
                let instead = if track.codec == Codec::H264 { "; Matroska (.mkv) can" } else { "" };
                let message = format!("track {index} ({}) could not be put into a {format} file{instead}", track.named);
                return Err(Error::new(&code::MEDIA_CODEC, message));
            }
            if track.codec == Codec::Opus && track.channels > 2 {
                let message = format!("track {index} had {} channels of Opus; at most two are written", track.channels);
                return Err(Error::new(&code::MEDIA_CODEC, message));
            }
        }
        let lanes = tracks.iter().map(|track| Lane {
            private: if track.codec == Codec::Opus { head::opus_head(track) } else { Vec::new() },
            known: match track.codec {
                Codec::H264 | Codec::Av1 => false,
                _ => track.kind == Kind::Audio || track.size.0 > 0 && track.size.1 > 0,
            },
            track: track.clone(),
            waiting: VecDeque::new(),
            last: None,
            step: Duration::ZERO,
        });
        Ok(Writer {
            output: Output::new(drain),
            webm,
            lanes: lanes.collect(),
            waiting: 0,
            places: None,
            cluster: None,
            cues: Vec::new(),
            cue_ticks: CUE_TICKS,
            guide: tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0),
            end: 0,
            finished: false,
        })
    }

    /// Writes the head, if it is known or cannot wait any longer.
    fn begin(&mut self, now: bool) -> Result<bool> {
        if self.places.is_some() {
            return Ok(true);
        }
        let whole = self.lanes.iter().all(|lane| lane.known);
        if !(now || whole || self.waiting > WAITING_MAX || self.span() >= HEAD_PATIENCE) {
            return Ok(false);
        }
        if !whole && !self.output.goes_back() && !now {
            return Err(Error::new(&code::MEDIA_CODEC, "a video track began without a keyframe"));
        }
        let list = self.list();
        // Void takes nine bytes at least.
        let room = if whole { list.len() } else { list.len() + TRACKS_ROOM };
        let out = self.output.end();
        out.extend(head::ebml(self.webm));
        head::open_ended(out, id::SEGMENT);
        let segment = out.len() as u64;
        put_void(out, SEEK_HEAD_ROOM);
        let info = out.len() as u64;
        out.extend(head::info(None));
        let tracks = out.len() as u64;
        put_void_behind(out, list, room);
        self.places = Some(Places { segment, info, tracks, room });
        Ok(true)
    }

    /// The list of tracks by what is known now.
    fn list(&self) -> Vec<u8> {
        let tracks: Vec<_> = self.lanes.iter().map(|lane| (&lane.track, &*lane.private)).collect();
        head::tracks(&tracks)
    }

    /// From the first frame that waits to the last.
    fn span(&self) -> Duration {
        let first = self.lanes.iter().filter_map(|lane| lane.waiting.front()).map(|frame| frame.pts).min();
        let last = self.lanes.iter().filter_map(|lane| lane.last).max();
        last.unwrap_or_default().saturating_sub(first.unwrap_or(Duration::MAX))
    }

    /// Writes the frames that have waited long enough; all of them when `all` says so.
    fn settle(&mut self, all: bool) -> Result<()> {
        if !self.begin(all)? {
            return Ok(());
        }
        loop {
            let complete = all || self.lanes.iter().all(|lane| !lane.waiting.is_empty());
            if !complete && self.waiting <= WAITING_MAX && self.span() < PATIENCE {
                return Ok(());
            }
            let next = self
                .lanes
                .iter_mut()
                .enumerate()
                .filter_map(|(index, lane)| Some((lane.waiting.front()?.pts, index, lane)))
                .min_by_key(|(pts, index, _)| (*pts, *index));
            let Some((_, index, lane)) = next else { return Ok(()) };
            let Some(frame) = lane.waiting.pop_front() else { return Ok(()) };
            let delay = head::delay(&lane.track);
            self.waiting = self.waiting.saturating_sub(frame.data.len());
            self.put(index, &frame, delay)?;
        }
    }

    /// Writes a frame, with a new cluster before it if it is time.
    fn put(&mut self, index: usize, frame: &Frame, delay: u64) -> Result<()> {
        let ticks = ticks(frame.pts, delay);
        let starts = index == self.guide && frame.keyframe;
        let relative = |cluster: &Cluster| ticks.cast_signed() - cluster.time.cast_signed();
        let fits = self.cluster.as_ref().is_some_and(|cluster| {
            (i64::from(i16::MIN)..CLUSTER_TICKS).contains(&relative(cluster))
                && self.output.at() - cluster.at < CLUSTER_BYTES
                && !(starts && cluster.used && self.lanes.get(index).is_some_and(|lane| lane.track.kind == Kind::Video))
        });
        if !fits {
            self.open_cluster(ticks, starts, index)?;
        }
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        let relative = i16::try_from(relative(cluster)).unwrap_or(0);
        cluster.used = true;
        let out = self.output.end();
        put_id(out, id::SIMPLE_BLOCK);
        put_size(out, frame.data.len() as u64 + 4);
        out.push(u8::try_from(index + 1).unwrap_or(0x7F) | 0x80);
        out.extend(relative.to_be_bytes());
        out.push(if frame.keyframe { 0x80 } else { 0 });
        out.extend_from_slice(&frame.data);
        let length = match self.lanes.get(index) {
            Some(lane) if lane.track.codec == Codec::Opus => {
                opus::samples(&frame.data).map_or(0, |samples| u64::from(samples) / 48)
            }
            Some(lane) => ticks_of(lane.step),
            None => 0,
        };
        self.end = self.end.max(ticks_of(frame.pts) + length);
        Ok(())
    }

    /// Begins a cluster.
    fn open_cluster(&mut self, time: u64, starts: bool, index: usize) -> Result<()> {
        self.close_cluster()?;
        self.output.relieve()?;
        let at = self.output.at();
        let out = self.output.end();
        head::open_ended(out, id::CLUSTER);
        put_unsigned(out, id::TIMESTAMP, time);
        self.cluster = Some(Cluster { at, time, used: false });
        let due = self.cues.last().is_none_or(|cue| time >= cue.time + self.cue_ticks);
        if let Some(places) = self.places.as_ref().filter(|_| starts && due) {
            self.cues.push(Cue { time, track: index as u64 + 1, cluster: at - places.segment });
            if self.cues.len() > CUES_MAX {
                // Of a recording that lasts for days, every second place will do.
                let mut keep = false;
                self.cues.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.cue_ticks *= 2;
            }
        }
        Ok(())
    }

    /// Gives the open cluster its size. Without, it ends where the next begins.
    fn close_cluster(&mut self) -> Result<()> {
        let Some(cluster) = self.cluster.take() else { return Ok(()) };
        let size = self.output.at() - cluster.at - 12;
        self.output.replace(cluster.at + 4, &wide_size(size))?;
        Ok(())
    }

    /// Learns from a frame what the head of the file needs.
    fn learn(&mut self, index: usize, data: &[u8]) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(index).filter(|lane| !lane.known) else { return Ok(()) };
        let found = codec::head(lane.track.codec, data);
        match lane.track.codec {
            Codec::H264 => match h264::Configuration::of(data).and_then(|configuration| configuration.bytes()) {
                Some(private) => lane.private = private,
                None => return Ok(()),
            },
            Codec::Av1 => match av1::configuration(data) {
                Some(private) => lane.private = private,
                None => return Ok(()),
            },
            _ if found.size.is_none() => return Ok(()),
            _ => {}
        }
        lane.track.size = found.size.unwrap_or(lane.track.size);
        lane.known = true;
        // The head may be written already; then there is room for it.
        if let Some(Places { tracks, room, .. }) = self.places {
            let list = self.list();
            if list.len() == room || list.len() + 9 <= room {
                let mut out = Vec::new();
                put_void_behind(&mut out, list, room);
                self.output.replace(tracks, &out)?;
            }
        }
        Ok(())
    }

    /// Completes the file: the index, the duration, the sizes.
    fn complete(&mut self) -> Result<()> {
        self.settle(true)?;
        self.close_cluster()?;
        let Some(places) = &self.places else { return self.output.flush() };
        let mut parts = vec![(id::INFO, places.info - places.segment), (id::TRACKS, places.tracks - places.segment)];
        if self.output.goes_back() {
            if !self.cues.is_empty() {
                parts.push((id::CUES, self.output.at() - places.segment));
                let cues = head::cues(&self.cues);
                self.output.end().extend(cues);
            }
            let size = self.output.at() - places.segment;
            self.output.replace(places.info, &head::info(Some(self.end)))?;
            self.output.replace(places.segment, &head::seek_head(&parts))?;
            self.output.replace(places.segment - 8, &wide_size(size))?;
        }
        self.output.flush()
    }
}

impl Mux for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if self.finished {
            return Err(Error::new(&code::CLOSED, "a frame was written to a file that was finished"));
        }
        if frame.data.len() > FRAME_MAX {
            return Err(Error::new(
                &code::LIMIT,
                format!("a frame of {} bytes was too large for a file", frame.data.len()),
            ));
        }
        self.output.relieve()?;
        self.learn(frame.track, &frame.data)?;
        let Some(lane) = self.lanes.get_mut(frame.track) else {
            return Err(Error::argument(format!(
                "a frame of track {}, which the file does not have, was written",
                frame.track
            )));
        };
        let mut pts = frame.pts;
        if let Some(last) = lane.last {
            if pts < last {
                log::warn(c"media", || format!("a frame of track {} came back in time and was moved", frame.track));
                pts = last;
            }
            // Two frames of one time are none to readers; where senders change, frames come as close as that.
            let delay = head::delay(&lane.track);
            if ticks(pts, delay) <= ticks(last, delay) {
                pts = last.saturating_add(Duration::from_nanos(TICK));
            }
            lane.step = pts.saturating_sub(last);
        }
        lane.last = Some(pts);
        let data = match lane.track.codec {
            Codec::H264 => Arc::from(h264::prefixed(&frame.data, true)),
            _ => Arc::clone(&frame.data),
        };
        if data.is_empty() {
            log::warn(c"media", || format!("a frame of track {} that held nothing was left out", frame.track));
            return Ok(());
        }
        self.waiting += data.len();
        lane.waiting.push_back(Frame { pts, data, ..*frame });
        self.settle(false)
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    fn finish(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        self.complete()
    }
}

/// The list of tracks, and nothing behind it up to its room.
fn put_void_behind(out: &mut Vec<u8>, list: Vec<u8>, room: usize) {
    let rest = room.saturating_sub(list.len());
    out.extend(list);
    put_void(out, rest);
}

/// A time in ticks, the delay of the decoder (in nanoseconds) added.
fn ticks(pts: Duration, delay: u64) -> u64 {
    ticks_of(pts.saturating_add(Duration::from_nanos(delay)))
}

/// A time in ticks, rounded.
fn ticks_of(time: Duration) -> u64 {
    u64::try_from((time.as_nanos() + u128::from(TICK / 2)) / u128::from(TICK)).unwrap_or(u64::MAX >> 2)
}
