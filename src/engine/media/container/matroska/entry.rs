//! A track as the file tells it (RFC 9559, section 5.1.4.1).

use super::{
    ebml::{Children, child, id, text, unsigned},
    packing::{Encodings, Form},
};
use crate::engine::media::{
    Codec, Kind, Track,
    codec::{av1, h264, opus},
};

/// A track and how its frames are read.
#[derive(Debug)]
pub struct Entry {
    /// What blocks call it.
    pub number: u64,
    /// What the rest of the library hears of it.
    pub track: Track,
    /// What a decoder puts out before the sound begins, in nanoseconds: its blocks are late by that.
    pub delay: i64,
    /// How long a frame is, in nanoseconds, when it says so.
    pub frame: Option<i64>,
    /// What is undone first.
    pub encodings: Encodings,
    /// What is done then.
    pub form: Form,
}

impl Entry {
    /// Reads `TrackEntry`. `Err` says what else it is: not sound, not pictures, or unusable.
    pub fn parse(body: &[u8]) -> Result<Entry, String> {
        let (mut number, mut kind, mut named, mut private) = (0, 0, String::new(), &[][..]);
        let (mut delay, mut frame) = (0, None);
        let (mut size, mut channels) = ((0, 0), 0);
        let (mut encodings, mut flaw) = (Encodings::default(), None);
        for (id, body) in Children(body) {
            match id {
                id::TRACK_NUMBER => number = unsigned(body),
                id::TRACK_TYPE => kind = unsigned(body),
                id::CODEC_ID => named = text(body),
                id::CODEC_PRIVATE => private = body,
                id::CODEC_DELAY => delay = i64::try_from(unsigned(body)).unwrap_or(0),
                id::DEFAULT_DURATION => frame = i64::try_from(unsigned(body)).ok().filter(|frame| *frame > 0),
                id::VIDEO => {
                    let pixels = |id| child(body, id).map_or(0, |body| u32::try_from(unsigned(body)).unwrap_or(0));
                    size = (pixels(id::PIXEL_WIDTH), pixels(id::PIXEL_HEIGHT));
                }
                id::AUDIO => {
                    channels = child(body, id::CHANNELS).map_or(1, |body| u8::try_from(unsigned(body)).unwrap_or(0));
                }
                id::CONTENT_ENCODINGS => match Encodings::parse(body) {
                    Ok(parsed) => encodings = parsed,
                    Err(why) => flaw = Some(why.into()),
                },
                _ => {}
            }
        }
        let kind = match kind {
            1 => Kind::Video,
            2 => Kind::Audio,
            _ => return Err(format!("was neither video nor audio ({named})")),
        };
        if number == 0 {
            return Err("had no number".to_owned());
        }
        let codec = match (&*named, kind) {
            ("V_VP8", Kind::Video) => Codec::Vp8,
            ("V_VP9", Kind::Video) => Codec::Vp9,
            ("V_MPEG4/ISO/AVC", Kind::Video) => Codec::H264,
            ("V_AV1", Kind::Video) => Codec::Av1,
            ("A_OPUS", Kind::Audio) => Codec::Opus,
            _ => Codec::Other,
        };
        let mut track = Track {
            kind,
            codec,
            named: named.into(),
            size,
            channels,
            pre_skip: 0,
            flaw: flaw.map(|why: String| why.into()),
        };
        let private = encodings.private(private).unwrap_or_default();
        let form = form(&mut track, &private);
        Ok(Entry { number, track, delay, frame, encodings, form })
    }
}

/// What the private data of the codec say.
fn form(track: &mut Track, private: &[u8]) -> Form {
    match track.codec {
        Codec::H264 if private.is_empty() => Form::Stream,
        Codec::H264 => match h264::Configuration::parse(private) {
            Some(configuration) => {
                if let Some(sequence) = configuration.sequence().filter(|_| track.size == (0, 0)) {
                    track.size = sequence.size;
                }
                Form::Lengths(configuration)
            }
            None => {
                track.flaw.get_or_insert_with(|| "its parameter sets (avcC) could not be read".into());
                Form::Stream
            }
        },
        Codec::Av1 => Form::Units(av1::configured(private).unwrap_or_default().into()),
        Codec::Opus => {
            if let Some(header) = opus::Header::parse(private) {
                track.channels = header.channels;
                track.pre_skip = header.pre_skip;
                if let Some(why) = header.flaw() {
                    track.flaw.get_or_insert(why);
                }
            }
            Form::Plain
        }
        Codec::Vp8 | Codec::Vp9 | Codec::Other => Form::Plain,
    }
}
