//! What a track carries: the sample entries of `stsd` (ISO/IEC 14496-12, 8.5.2), with what each codec adds (14496-15 for H.264,
//! the VP and AV1 bindings, the one of Opus), and the older forms of sound of `QuickTime`.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::{
    super::super::{
        Codec, Kind,
        codec::{self, av1, h264},
    },
    boxes::{Fields, Name, children, descend, find, spell},
};

/// One way in which the frames of a track are described.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) codec: Codec,
    /// As ffmpeg names the codec.
    pub(super) named: Box<str>,
    pub(super) size: (u32, u32),
    pub(super) channels: u8,
    pub(super) pre_skip: u16,
    /// Why it cannot be sent, as `Track::flaw`.
    pub(super) flaw: Option<Box<str>>,
    form: Form,
}

/// How a sample becomes a frame.
#[derive(Clone, Debug)]
enum Form {
    /// It is one.
    Plain,
    /// NAL units behind their lengths, parameter sets apart.
    Avc(h264::Configuration),
    /// The sequence header, which a keyframe may lack.
    Av1 { sequence: Box<[u8]> },
}

/// The descriptions of a track, from the `stsd` whose body is `body`.
pub(super) fn read(all: &[u8], body: Range<usize>, kind: Kind) -> Vec<Entry> {
    let mut fields = Fields::at(all, body.clone());
    // The count is not needed: the entries are boxes, and tell their ends.
    if fields.full().and_then(|_| fields.u32()).is_none() {
        return Vec::new();
    }
    children(all, body.start + 8..body.end).take(256).map(|(name, body)| entry(all, name, body, kind)).collect()
}

fn entry(all: &[u8], name: Name, body: Range<usize>, kind: Kind) -> Entry {
    let (inner, mut entry) = match kind {
        Kind::Video => video(all, &body),
        Kind::Audio => audio(all, &body),
    };
    let mut name = name;
    if matches!(&name, b"encv" | b"enca" | b"drmi" | b"drms") {
        let protection = find(all, inner.clone(), b"sinf");
        let original = protection.clone().and_then(|sinf| find(all, sinf, b"frma"));
        let scheme = protection.and_then(|sinf| find(all, sinf, b"schm")).and_then(|body| {
            let mut fields = Fields::at(all, body);
            fields.full()?;
            fields.name()
        });
        let how = scheme.map(|scheme| format!(" ({})", spell(scheme))).unwrap_or_default();
        entry.flaw = Some(format!("it was encrypted{how}").into());
        name = original.and_then(|body| Fields::at(all, body).name()).unwrap_or(name);
    }
    let found = |name: &Name| find(all, inner.clone(), name).map(|body| Fields::at(all, body));
    let (codec, named) = match &name {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => (Codec::H264, "h264".into()),
        b"vp08" => (Codec::Vp8, "vp8".into()),
        b"vp09" => (Codec::Vp9, "vp9".into()),
        b"av01" => (Codec::Av1, "av1".into()),
        b"Opus" => (Codec::Opus, "opus".into()),
        _ => (Codec::Other, name_of(all, name, inner.clone())),
    };
    (entry.codec, entry.named) = (codec, named);
    match codec {
        Codec::H264 => match found(b"avcC").and_then(|fields| h264::Configuration::parse(fields.rest())) {
            Some(configuration) => entry.form = Form::Avc(configuration),
            None => entry.flaw = Some("it had no configuration of H.264 (box `avcC`) that could be read".into()),
        },
        Codec::Av1 => {
            let sequence = found(b"av1C").and_then(|fields| av1::configured(fields.rest()));
            entry.form = Form::Av1 { sequence: sequence.unwrap_or_default().into() };
        }
        Codec::Opus => opus(&mut entry, found(b"dOps")),
        _ => {}
    }
    entry
}

/// The fixed part of a video entry, and where its boxes are.
fn video(all: &[u8], body: &Range<usize>) -> (Range<usize>, Entry) {
    let mut fields = Fields::at(all, body.clone());
    let size = fields.take(24).and_then(|_| Some((u32::from(fields.u16()?), u32::from(fields.u16()?))));
    (body.start.saturating_add(78)..body.end, Entry { size: size.unwrap_or_default(), ..Entry::default() })
}

/// The fixed part of a sound entry, which has three lengths, and where its boxes are.
fn audio(all: &[u8], body: &Range<usize>) -> (Range<usize>, Entry) {
    let mut fields = Fields::at(all, body.clone());
    let mut read = || {
        fields.take(8)?;
        let version = fields.u16()?;
        fields.take(6)?;
        let channels = u32::from(fields.u16()?);
        fields.take(10)?;
        Some(match version {
            1 => (channels, 28 + 16),
            2 => {
                fields.take(12)?;
                (fields.u32()?, 28 + 36)
            }
            _ => (channels, 28),
        })
    };
    let (channels, length) = read().unwrap_or((0, 28));
    let entry = Entry { channels: u8::try_from(channels).unwrap_or(u8::MAX), ..Entry::default() };
    (body.start.saturating_add(length)..body.end, entry)
}

fn opus(entry: &mut Entry, fields: Option<Fields<'_>>) {
    let read = |mut fields: Fields<'_>| {
        let (_version, channels, pre_skip) = (fields.u8()?, fields.u8()?, fields.u16()?);
        fields.take(6)?;
        Some((channels, pre_skip, fields.u8()?))
    };
    match fields.and_then(read) {
        Some((channels, pre_skip, family)) => {
            (entry.channels, entry.pre_skip) = (channels, pre_skip);
            if family != 0 || channels > 2 {
                entry.flaw.get_or_insert_with(|| {
                    format!("it had {channels} channels (mapping family {family}); WebRTC carries two").into()
                });
            }
        }
        None => entry.flaw = Some("it had no configuration of Opus (box `dOps`) that could be read".into()),
    }
}

/// What ffmpeg calls a codec that cannot be sent. One that is not here goes by the four letters of the file.
fn name_of(all: &[u8], name: Name, inner: Range<usize>) -> Box<str> {
    let known = match &name {
        b"mp4a" | b"mp4v" => {
            let esds = find(all, inner.clone(), b"esds").or_else(|| descend(all, inner, &[b"wave", b"esds"]));
            return match (&name, esds.and_then(|body| object_type(Fields::at(all, body)))) {
                (_, Some(0x60..=0x65)) => "mpeg2video",
                (_, Some(0x6a)) => "mpeg1video",
                (_, Some(0x6c)) => "mjpeg",
                (_, Some(0x69 | 0x6b)) => "mp3",
                (_, Some(0xa5)) => "ac3",
                (_, Some(0xa6)) => "eac3",
                (_, Some(0xa9..=0xac)) => "dts",
                (_, Some(0xdd)) => "vorbis",
                (_, Some(0x20)) | (b"mp4v", _) => "mpeg4",
                _ => "aac",
            }
            .into();
        }
        b"hev1" | b"hvc1" | b"hev2" | b"hvc2" | b"dvhe" | b"dvh1" => "hevc",
        b"vvc1" | b"vvi1" => "vvc",
        b".mp3" | b"mp3 " => "mp3",
        b"ac-3" => "ac3",
        b"ec-3" => "eac3",
        b"fLaC" => "flac",
        b"sowt" => "pcm_s16le",
        b"twos" => "pcm_s16be",
        b"in24" => "pcm_s24be",
        b"in32" => "pcm_s32be",
        b"lpcm" | b"ipcm" => "pcm",
        b"ulaw" => "pcm_mulaw",
        b"alaw" => "pcm_alaw",
        b"samr" => "amr_nb",
        b"sawb" => "amr_wb",
        b"s263" | b"h263" => "h263",
        b"jpeg" | b"mjpa" => "mjpeg",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "dts",
        _ => return spell(name).to_lowercase().into(),
    };
    known.into()
}

/// The kind of stream that an `esds` describes (ISO/IEC 14496-1, 7.2.6.6).
fn object_type(mut fields: Fields<'_>) -> Option<u8> {
    /// The tag of a descriptor; its length, of up to four bytes, is passed over.
    fn tag(fields: &mut Fields<'_>) -> Option<u8> {
        let tag = fields.u8()?;
        for _ in 0..4 {
            if fields.u8()? & 0x80 == 0 {
                break;
            }
        }
        Some(tag)
    }
    fields.full()?;
    let mut found = tag(&mut fields)?;
    if found == 3 {
        fields.u16()?;
        let flags = fields.u8()?;
        if flags & 0x80 != 0 {
            fields.u16()?;
        }
        if flags & 0x40 != 0 {
            let length = fields.u8()?;
            fields.take(usize::from(length))?;
        }
        if flags & 0x20 != 0 {
            fields.u16()?;
        }
        found = tag(&mut fields)?;
    }
    if found == 4 { fields.u8() } else { None }
}

impl Default for Entry {
    fn default() -> Entry {
        let form = Form::Plain;
        Entry { codec: Codec::Other, named: "".into(), size: (0, 0), channels: 0, pre_skip: 0, flaw: None, form }
    }
}

impl Entry {
    /// A sample as the frame that is sent, and whether decoding can begin at it; `None` when the sample is broken.
    pub(super) fn frame(&self, sample: Vec<u8>, sync: bool) -> Option<(Arc<[u8]>, bool)> {
        let frame = match &self.form {
            Form::Plain => sample,
            Form::Avc(configuration) => {
                let stream = configuration.stream(&sample)?;
                let idr = h264::head(&stream).keyframe;
                if sync && !idr && !has_sets(&stream) {
                    // It begins at a recovery point (a file cut out of a broadcast); sets come before it all the same.
                    let mut whole = Vec::with_capacity(stream.len() + 128);
                    let sets = configuration.sequences.iter().chain(&configuration.pictures);
                    sets.for_each(|set| h264::put(&mut whole, set));
                    whole.extend(stream);
                    return Some((whole.into(), true));
                }
                return (!stream.is_empty()).then(|| (stream.into(), sync || idr));
            }
            Form::Av1 { sequence } => {
                let mut frame = match av1::bare(&sample)? {
                    Cow::Borrowed(bare) if bare.len() == sample.len() => sample,
                    bare => bare.into_owned(),
                };
                if sync && av1::sequence(&frame).is_none() {
                    frame.splice(..0, sequence.iter().copied());
                }
                frame
            }
        };
        // What the frame itself says is surer than a table.
        let keyframe = if self.codec == Codec::Other { sync } else { codec::head(self.codec, &frame).keyframe };
        (!frame.is_empty()).then(|| (frame.into(), keyframe))
    }
}

fn has_sets(stream: &[u8]) -> bool {
    h264::units(stream).any(|unit| h264::kind_of(unit) == h264::kind::SEQUENCE)
}
