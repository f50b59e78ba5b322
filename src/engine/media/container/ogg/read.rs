//! Opus out of Ogg, with times: RFC 7845, sections 3 and 4.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    packets::Packets,
    page::{FIRST, LAST, Page, Pages},
};
use crate::{
    engine::media::{
        Codec, Frame, Kind, Track,
        codec::opus::{self, Header},
        container::{
            Demux, Source,
            input::{Input, broken},
        },
    },
    error::Result,
    log,
};

/// More streams at once than anybody has.
const STREAMS_MAX: usize = 64;
/// So many pages of heads and comments (with pictures of covers) stand in front at most.
const LEAD_MAX: usize = 1_024;

/// One stream of the file, or one link of a chain of them.
struct Stream {
    serial: u32,
    /// Its track; `None` for one that is left out.
    track: Option<usize>,
    packets: Packets,
    /// How many heads were there; those of Opus are two.
    heads: u8,
    /// What the granules began with, when a packet of sound has come.
    base: Option<u64>,
    /// Where the link begins in its track, and where the next packet does, in samples.
    link: u64,
    position: u64,
    ended: bool,
}

/// A file that is read.
pub struct Reader {
    pages: Pages,
    tracks: Vec<Track>,
    streams: Vec<Stream>,
    frames: VecDeque<Frame>,
    duration: Option<Duration>,
    /// The heads are over: a further first page begins the next link of a chain.
    begun: bool,
}

impl Reader {
    /// Reads up to the first packet of sound.
    ///
    /// # Errors
    /// `media_file` for a file without streams, `io`.
    pub fn open(source: Box<dyn Source>) -> Result<Reader> {
        let pages = Pages::new(Input::new(source)?);
        let (tracks, streams, frames) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut reader = Reader { pages, tracks, streams, frames, duration: None, begun: false };
        for _ in 0..LEAD_MAX {
            let opus = reader.tracks.iter().any(|track| track.codec == Codec::Opus);
            if !reader.frames.is_empty() || reader.begun && !opus || !reader.advance()? {
                break;
            }
        }
        if reader.tracks.is_empty() {
            return Err(broken("it was Ogg, and had no stream of sound or pictures"));
        }
        reader.duration = reader.length()?;
        Ok(reader)
    }

    /// How long the first stream is: what its last page says, if that is the last one of the file.
    fn length(&mut self) -> Result<Option<Duration>> {
        let Some((serial, granule)) = self.pages.last()? else { return Ok(None) };
        let stream = self.streams.iter().find(|stream| stream.serial == serial && stream.track.is_some());
        Ok(stream.and_then(|stream| granule.checked_sub(stream.base?)).map(duration))
    }

    /// Takes the next page; false at the end.
    fn advance(&mut self) -> Result<bool> {
        let Some(page) = self.pages.next()? else { return Ok(false) };
        if page.flags & FIRST != 0 {
            self.begin(&page)?;
        } else {
            self.begun = true;
            self.go_on(&page);
        }
        Ok(true)
    }

    /// A stream begins: its first packet says what it is.
    fn begin(&mut self, page: &Page) -> Result<()> {
        let chained = self.begun;
        self.streams.retain(|stream| !(chained && stream.track.is_none()));
        if self.streams.len() >= STREAMS_MAX {
            return Err(broken("it was Ogg, and had more than 64 streams at once"));
        }
        let mut link = 0;
        let track = match described(&page.body) {
            Some(Err(why)) => {
                log::warn(c"media", || format!("a stream of an Ogg file was left out: {why}"));
                None
            }
            None => None,
            Some(Ok(track)) if !chained => {
                self.tracks.push(track);
                Some(self.tracks.len() - 1)
            }
            Some(Ok(track)) => {
                let before = self.streams.iter().position(|stream| {
                    let of = stream.track.and_then(|track| self.tracks.get(track));
                    of.is_some_and(|of| {
                        (stream.ended || stream.serial == page.serial)
                            && (of.codec, of.channels) == (track.codec, track.channels)
                    })
                });
                let before = before.map(|place| self.streams.swap_remove(place));
                if let Some(before) = &before {
                    link = before.position;
                } else {
                    log::warn(c"media", || {
                        format!("a chained stream of {} was left out: nothing like it came before", track.named)
                    });
                }
                before.and_then(|stream| stream.track)
            }
        };
        // The same number may be used again in the next link of a chain.
        self.streams.retain(|stream| stream.serial != page.serial);
        let mut packets = Packets::default();
        packets.take(page, |_| {});
        self.streams.push(Stream {
            serial: page.serial,
            track,
            packets,
            heads: 1,
            base: None,
            link,
            position: link,
            ended: page.flags & LAST != 0,
        });
        Ok(())
    }

    fn go_on(&mut self, page: &Page) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.serial == page.serial) else {
            log::debug(c"media", || format!("a page of an Ogg stream that never began ({}) was left out", page.serial));
            return;
        };
        stream.ended |= page.flags & LAST != 0;
        let Some(track) = stream.track else { return };
        let sound = self.tracks.get(track).is_some_and(|track| track.codec == Codec::Opus);
        if !sound {
            return;
        }
        let (mut found, mut samples) = (Vec::new(), 0);
        let heads = &mut stream.heads;
        stream.packets.take(page, |packet| {
            if *heads < 2 {
                *heads += 1;
                return;
            }
            let Some(packet) = packet else { return };
            match opus::samples(packet) {
                Some(length) => {
                    found.push((u64::from(length), Arc::<[u8]>::from(packet)));
                    samples += u64::from(length);
                }
                None if packet.is_empty() => {}
                None => log::warn(c"media", || "a malformed packet of Opus was left out".to_owned()),
            }
        });
        if found.is_empty() {
            return;
        }
        if let Some(granule) = page.granule {
            // What a stream that was cut off in front begins with; the end of a short one may be trimmed.
            let base = *stream.base.get_or_insert(granule.saturating_sub(samples));
            let begin = stream.link + granule.saturating_sub(samples).saturating_sub(base);
            // A gap. The other way round, the end was trimmed, or the file lies.
            stream.position = stream.position.max(begin);
        }
        for (length, data) in found {
            let pts = duration(stream.position);
            self.frames.push_back(Frame { track, pts, keyframe: true, data });
            stream.position += length;
        }
    }
}

fn duration(samples: u64) -> Duration {
    let rate = u64::from(opus::RATE);
    Duration::from_secs(samples / rate) + Duration::from_nanos(samples % rate * 1_000_000_000 / rate)
}

/// What the first packet of a stream says. `None` for what is neither sound nor pictures.
fn described(packet: &[u8]) -> Option<std::result::Result<Track, &'static str>> {
    const OTHERS: [(&[u8], Kind, &str); 9] = [
        (b"\x01vorbis", Kind::Audio, "vorbis"),
        (b"\x7fFLAC", Kind::Audio, "flac"),
        (b"fLaC", Kind::Audio, "flac"),
        (b"Speex   ", Kind::Audio, "speex"),
        (b"PCM     ", Kind::Audio, "pcm"),
        (b"CELT    ", Kind::Audio, "celt"),
        (b"\x80theora", Kind::Video, "theora"),
        (b"BBCD\0", Kind::Video, "dirac"),
        (b"OVP80", Kind::Video, "vp8 in Ogg"),
    ];
    let track = |kind, codec, named: &str| Track {
        kind,
        codec,
        named: named.into(),
        size: (0, 0),
        channels: 0,
        pre_skip: 0,
        flaw: None,
    };
    if packet.starts_with(b"OpusHead") {
        let Some(header) = Header::parse(packet) else { return Some(Err("its OpusHead could not be read")) };
        let (channels, pre_skip, flaw) = (header.channels, header.pre_skip, header.flaw());
        return Some(Ok(Track { channels, pre_skip, flaw, ..track(Kind::Audio, Codec::Opus, "opus") }));
    }
    if packet.starts_with(b"fishead") {
        return None;
    }
    let known = OTHERS.iter().find(|(magic, ..)| packet.starts_with(magic));
    match known {
        Some((_, kind, named)) => Some(Ok(track(*kind, Codec::Other, named))),
        None => Some(Err("its first packet was not of a codec that is known")),
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
            if let Some(frame) = self.frames.pop_front() {
                return Ok(Some(frame));
            }
            if !self.advance()? {
                return Ok(None);
            }
        }
    }
}
