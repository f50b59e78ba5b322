//! The writer: a head without samples, then fragments (ISO/IEC 14496-12, 8.8), each of which plays as soon as it is there. The
//! head is written when each track has shown what its frames are like.

use std::{io::SeekFrom, time::Duration};

use super::{
    super::{
        super::{Codec, Frame, Track},
        Drain, Mux,
    },
    PLACE,
    build::Build,
    describe,
    head::{self, DEPENDS, STANDS_ALONE},
    voice::Voice,
};
use crate::{
    error::{Error, Result, code},
    log,
};

/// A fragment is so long at most, in nanoseconds, and has so many bytes.
const FRAGMENT: u64 = 1_000_000_000;
const FRAGMENT_BYTES: usize = 8 << 20;
/// So long, and for so many bytes of the others, is waited for the first keyframe of a track.
const WAIT: Duration = Duration::from_secs(10);
const WAIT_BYTES: usize = 32 << 20;

/// A fragment that decoding of a track can begin at.
struct Entrance {
    voice: usize,
    ticks: u64,
    /// Where the fragment begins.
    at: u64,
    /// Which of the tracks in the fragment it is, from 1.
    place: u8,
}

/// A file that is written.
pub(super) struct Writer {
    drain: Box<dyn Drain>,
    voices: Vec<Voice>,
    /// Frames that came before the head could be written.
    waiting: Option<Vec<Frame>>,
    /// Bytes written so far.
    at: u64,
    /// Where the duration is put in the end.
    duration_at: u64,
    sequence: u32,
    /// The fragments that decoding of a track can begin at.
    index: Vec<Entrance>,
    /// Nothing is written any more: it is complete, or a write failed.
    closed: bool,
}

impl Writer {
    pub(super) fn new(drain: Box<dyn Drain>, tracks: &[Track]) -> Result<Writer> {
        if tracks.is_empty() {
            return Err(Error::new(&code::MEDIA_CODEC, "An MP4 file needs a track"));
        }
        for (place, track) in tracks.iter().enumerate() {
            let fits = matches!(track.codec, Codec::H264 | Codec::Vp9 | Codec::Av1 | Codec::Opus);
            if !fits {
                let what =
                    format!("Track {} ({}) cannot be written to MP4; WebM holds it", place + 1, track.codec.name());
                return Err(Error::new(&code::MEDIA_CODEC, what));
            }
        }
        let voices = (1..).zip(tracks).map(|(id, track)| Voice::new(id, track)).collect();
        let waiting = Some(Vec::new());
        Ok(Writer { drain, voices, waiting, at: 0, duration_at: 0, sequence: 0, index: Vec::new(), closed: false })
    }

    /// Keeps a frame until the head can be written.
    fn wait(&mut self, frame: &Frame) -> Result<()> {
        let Some(voice) = self.voices.get_mut(frame.track) else { return Ok(()) };
        if voice.entry.is_none() {
            voice.entry = describe::entry(&voice.track, &frame.data);
            if voice.entry.is_none() {
                log::debug(PLACE, || format!("A frame of track {} before its first keyframe was left out", voice.id));
            }
        }
        let known = voice.entry.is_some();
        let Some(waiting) = &mut self.waiting else { return Ok(()) };
        if known {
            waiting.push(frame.clone());
        }
        let bytes: usize = waiting.iter().map(|frame| frame.data.len()).sum();
        let earliest = waiting.iter().map(|frame| frame.pts).min().unwrap_or(frame.pts);
        let late = bytes > WAIT_BYTES || frame.pts.saturating_sub(earliest) > WAIT;
        if late || self.voices.iter().all(|voice| voice.entry.is_some()) {
            self.begin()?;
        }
        Ok(())
    }

    /// Writes the head, and takes the frames that waited for it.
    fn begin(&mut self) -> Result<()> {
        let waiting = self.waiting.take().unwrap_or_default();
        for voice in self.voices.iter_mut().filter(|voice| voice.track.codec == Codec::Opus && voice.entry.is_none()) {
            voice.entry = describe::entry(&voice.track, &[]);
        }
        for voice in self.voices.iter().filter(|voice| voice.entry.is_none()) {
            log::warn(PLACE, || format!("Track {} was left out: no keyframe of it came", voice.id));
        }
        self.align(&waiting);
        let lines: Vec<_> = self.voices.iter().filter_map(Voice::line).collect();
        if lines.is_empty() {
            self.closed = true;
            return Err(Error::new(&code::MEDIA_FILE, "No keyframe came: nothing was written"));
        }
        let (head, duration_at) = head::head(&lines);
        self.duration_at = duration_at as u64;
        self.put(&head)?;
        waiting.iter().try_for_each(|frame| self.take(frame))
    }

    /// The samples of Opus that are not shown stand before the time that the first frame is shown at; the whole file is moved so
    /// that nothing comes before 0 and sound and pictures stay in step.
    fn align(&mut self, waiting: &[Frame]) {
        let skip = |voice: &Voice| match voice.track.codec {
            Codec::Opus => i128::from(voice.track.pre_skip) * 1_000_000_000 / i128::from(voice.scale),
            _ => 0,
        };
        let room = self.voices.iter().enumerate().filter(|(_, voice)| voice.entry.is_some()).map(|(place, voice)| {
            let first = waiting.iter().filter(|frame| frame.track == place).map(|frame| frame.pts).min();
            first.map_or(0, |first| i128::try_from(first.as_nanos()).unwrap_or(0)) + skip(voice)
        });
        let most = self.voices.iter().map(skip).max().unwrap_or(0);
        let earlier = room.min().unwrap_or(0).min(most);
        for voice in &mut self.voices {
            voice.offset = skip(voice) - earlier;
        }
    }

    fn take(&mut self, frame: &Frame) -> Result<()> {
        let Some(voice) = self.voices.get_mut(frame.track).filter(|voice| voice.entry.is_some()) else { return Ok(()) };
        let gap = voice.take(frame);
        let full = frame.keyframe && self.main() == Some(frame.track)
            || gap
            || self.voices.iter().map(|voice| voice.bytes).sum::<usize>() >= FRAGMENT_BYTES
            || self.voices.iter().any(|voice| voice.span() >= FRAGMENT);
        if full { self.fragment() } else { Ok(()) }
    }

    /// The track whose keyframes begin fragments: the first with pictures.
    fn main(&self) -> Option<usize> {
        self.voices.iter().position(|voice| voice.entry.is_some() && voice.track.codec != Codec::Opus)
    }

    /// Writes what is complete as a fragment.
    fn fragment(&mut self) -> Result<()> {
        if self.voices.iter().all(|voice| voice.queue.is_empty()) {
            return Ok(());
        }
        self.sequence += 1;
        let mut data = Vec::with_capacity(self.voices.iter().map(|voice| voice.bytes).sum::<usize>() + 1024);
        let mut offsets = Vec::new();
        let mut build = Build::default();
        build.nest(b"moof", |build| {
            build.full(b"mfhd", 0, 0, |build| build.u32(self.sequence));
            for voice in self.voices.iter().filter(|voice| !voice.queue.is_empty()) {
                offsets.push(run(build, voice, &mut data));
            }
        });
        let head = build.len() + 8;
        for (at, offset) in offsets {
            build.set_u32(at, head + offset);
        }
        build.u32(u32::try_from(data.len() + 8).unwrap_or(u32::MAX));
        build.put(b"mdat");
        // Where sound is not alone, the pictures tell where to begin.
        let sound = self.main().is_none();
        let mut place = 0;
        for (number, voice) in self.voices.iter_mut().enumerate() {
            let Some(first) = voice.queue.first() else { continue };
            place += 1;
            if first.keyframe && (sound || voice.track.codec != Codec::Opus) {
                self.index.push(Entrance { voice: number, ticks: first.ticks, at: self.at, place });
            }
            voice.queue.clear();
            voice.bytes = 0;
        }
        self.put(&build.bytes())?;
        self.put(&data)
    }

    /// The index of fragments at the end (8.8.9).
    fn index(&mut self) -> Result<()> {
        let mut build = Build::default();
        build.nest(b"mfra", |build| {
            for (place, voice) in self.voices.iter().enumerate().filter(|(_, voice)| voice.entry.is_some()) {
                let rows = self.index.iter().filter(|entrance| entrance.voice == place);
                if rows.clone().next().is_none() {
                    continue;
                }
                build.full(b"tfra", 1, 0, |build| {
                    build.u32(voice.id);
                    // The numbers of track, run and sample in the fragment have one byte each.
                    build.u32(0);
                    build.u32(u32::try_from(rows.clone().count()).unwrap_or(u32::MAX));
                    for entrance in rows {
                        build.u64(entrance.ticks);
                        build.u64(entrance.at);
                        build.put(&[entrance.place, 1, 1]);
                    }
                });
            }
            let length = build.len() + 16;
            build.full(b"mfro", 0, 0, |build| build.u32(u32::try_from(length).unwrap_or(u32::MAX)));
        });
        self.put(&build.bytes())
    }

    /// Puts the duration into the head, in a file that can go back.
    fn duration(&mut self) -> std::io::Result<()> {
        let end = self.voices.iter().map(Voice::end_ms).max().unwrap_or(0);
        if self.drain.seek(SeekFrom::Start(self.duration_at)).is_err() {
            return Ok(());
        }
        self.drain.write_all(&end.to_be_bytes())?;
        self.drain.seek(SeekFrom::End(0)).map(drop)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.drain.write_all(bytes).map_err(|error| {
            self.closed = true;
            unwritable(&error)
        })
    }
}

impl Mux for Writer {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        if self.closed {
            return Err(Error::new(&code::CLOSED, "The file was closed before the frame came"));
        }
        if frame.track >= self.voices.len() {
            return Err(Error::argument(format!("The file has no track {}", frame.track + 1)));
        }
        if self.waiting.is_some() { self.wait(frame) } else { self.take(frame) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.closed || self.waiting.is_some() {
            return Ok(());
        }
        self.fragment()?;
        self.drain.flush().map_err(|error| unwritable(&error))
    }

    fn finish(&mut self) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        if self.waiting.is_some() {
            self.begin()?;
        }
        self.voices.iter_mut().for_each(Voice::end);
        self.fragment()?;
        self.index()?;
        self.closed = true;
        self.duration().and_then(|()| self.drain.flush()).map_err(|error| unwritable(&error))
    }
}

/// The samples of a track in a fragment. Where its offset is to be put, and how far its data is from the start of all data.
fn run(build: &mut Build, voice: &Voice, data: &mut Vec<u8>) -> (usize, usize) {
    let start = data.len();
    let video = voice.track.codec != Codec::Opus;
    let mut offset_at = 0;
    build.nest(b"traf", |build| {
        // Offsets are counted from the start of the fragment.
        build.full(b"tfhd", 0, 0x02_0000, |build| build.u32(voice.id));
        build.full(b"tfdt", 1, 0, |build| build.u64(voice.queue.first().map_or(0, |first| first.ticks)));
        // An offset; of each sample its duration and size, of pictures what they depend on.
        build.full(b"trun", 0, if video { 0x701 } else { 0x301 }, |build| {
            build.u32(u32::try_from(voice.queue.len()).unwrap_or(u32::MAX));
            offset_at = build.len();
            build.u32(0);
            for sample in &voice.queue {
                let before = data.len();
                voice.form(sample, data);
                build.u32(sample.duration);
                build.u32(u32::try_from(data.len() - before).unwrap_or(u32::MAX));
                if video {
                    build.u32(if sample.keyframe { STANDS_ALONE } else { DEPENDS });
                }
            }
        });
    });
    (offset_at, start)
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::new(&code::IO, format!("The file could not be written: {error}")).phase("write")
}
