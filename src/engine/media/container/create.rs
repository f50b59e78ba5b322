//! A file that is written: its name's ending tells the format, and a format holds what it holds.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{Drain, Mux, annexb, ivf, matroska, mp4, ogg, open};
use crate::{
    engine::media::{
        Codec::{self, Av1, H264, Opus, Vp8, Vp9},
        Frame, Track,
    },
    error::{Error, Result, code},
};

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One track of VP8, VP9 or AV1.
    Ivf,
    /// One track of Opus.
    Ogg,
    /// One track of H.264, without times.
    AnnexB,
    /// VP8, VP9, AV1, Opus.
    WebM,
    /// Everything.
    Matroska,
    /// H.264, VP9, AV1, Opus.
    Mp4,
}

struct Holds {
    format: Format,
    name: &'static str,
    endings: &'static [&'static str],
    codecs: &'static [Codec],
    /// It has one track alone.
    single: bool,
}

const FORMATS: [Holds; 6] = [
    Holds { format: Format::Ivf, name: "IVF", endings: &["ivf"], codecs: &[Vp8, Vp9, Av1], single: true },
    Holds { format: Format::Ogg, name: "Ogg", endings: &["ogg", "opus", "oga"], codecs: &[Opus], single: true },
    Holds {
        format: Format::AnnexB,
        name: "a stream of H.264",
        endings: &["h264", "264"],
        codecs: &[H264],
        single: true,
    },
    Holds { format: Format::WebM, name: "WebM", endings: &["webm"], codecs: &[Vp8, Vp9, Av1, Opus], single: false },
    Holds {
        format: Format::Matroska,
        name: "Matroska",
        endings: &["mkv", "mka"],
        codecs: &[Vp8, Vp9, H264, Av1, Opus],
        single: false,
    },
    Holds {
        format: Format::Mp4,
        name: "MP4",
        endings: &["mp4", "m4v", "m4a"],
        codecs: &[Vp9, H264, Av1, Opus],
        single: false,
    },
];

impl Holds {
    fn fits(&self, tracks: &[Track]) -> bool {
        !(self.single && tracks.len() != 1)
            && tracks.iter().all(|track| self.codecs.contains(&track.codec) && track.codec.kind() == Some(track.kind))
    }
}

/// The format that a name asks for, if it can hold these tracks. Nothing is opened.
///
/// # Errors
/// `argument` for an ending that means none, `media_codec` for tracks that it cannot hold, which names the endings that can.
pub fn format(path: &Path, tracks: &[Track]) -> Result<Format> {
    let name = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let Some(asked) = FORMATS.iter().find(|one| one.endings.contains(&&*ending)) else {
        let known = listed(FORMATS.iter().flat_map(|one| one.endings.iter().map(|ending| format!(".{ending}"))), "or");
        let why = format!("{name} could not be made: a name of media ends in {known}");
        return Err(Error::argument(why).with("path", &*name.to_string()));
    };
    if !tracks.is_empty() && asked.fits(tracks) {
        return Ok(asked.format);
    }
    let codecs = listed(asked.codecs.iter().map(|codec| codec.name().to_owned()), "or");
    let count = if asked.single { "one track of" } else { "tracks of" };
    let mut why = format!("{name} could not be made: {} holds {count} {codecs}, and ", asked.name);
    if tracks.is_empty() {
        why += "there was no track";
    } else {
        let were = listed(tracks.iter().map(|track| track.named_codec().to_owned()), "and");
        let _ = write!(why, "{} {were}", if tracks.len() == 1 { "this was" } else { "these were" });
        let able = FORMATS.iter().filter(|one| one.fits(tracks)).filter_map(|one| one.endings.first());
        let able = listed(able.map(|ending| format!(".{ending}")), "or");
        if !able.is_empty() {
            let _ = write!(why, "; {able} can hold {}", if tracks.len() == 1 { "it" } else { "them" });
        }
    }
    Err(Error::new(&code::MEDIA_CODEC, why).with("path", &*name.to_string()))
}

/// `a, b or c`.
fn listed(words: impl Iterator<Item = String>, last: &str) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

impl Track {
    fn named_codec(&self) -> &str {
        if self.codec == Codec::Other { &self.named } else { self.codec.name() }
    }
}

/// Makes a file, or empties one that is there; not before it is known that it can hold the tracks.
///
/// # Errors
/// Those of [`format`], `io` for a file that cannot be made. The detail has its `path`.
pub fn create(path: &Path, tracks: &[Track]) -> Result<Box<dyn Mux>> {
    let format = format(path, tracks)?;
    let name = path.display().to_string();
    let file = file(path).map_err(|error| error.with("path", &*name))?;
    let inner = create_drain(Box::new(BufWriter::with_capacity(64 << 10, file)), tracks, format);
    Ok(Box::new(Named { inner: inner.map_err(|error| open::named(error, &name))?, name: name.into() }))
}

/// Writes a file into a drain; what it can hold was asked of [`format`].
///
/// # Errors
/// `media_codec` for what it cannot hold after all.
pub fn create_drain(drain: Box<dyn Drain>, tracks: &[Track], format: Format) -> Result<Box<dyn Mux>> {
    let fits = FORMATS.iter().any(|one| one.format == format && one.fits(tracks));
    let Some(first) = tracks.first().filter(|_| fits) else {
        return Err(Error::new(&code::MEDIA_CODEC, "the tracks do not fit into the format"));
    };
    match format {
        Format::Ivf => Ok(Box::new(ivf::Writer::new(drain, first))),
        Format::Ogg => Ok(Box::new(ogg::Writer::new(drain, first))),
        Format::AnnexB => Ok(Box::new(annexb::Writer::new(drain))),
        Format::WebM | Format::Matroska => matroska::create(drain, tracks, format == Format::WebM),
        Format::Mp4 => mp4::create(drain, tracks),
    }
}

/// A regular file, emptied when it is known to be one.
fn file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).custom_flags(libc::O_NONBLOCK);
    let refused = |error: &std::io::Error| open::refused("made", path, error);
    let file = options.open(path).map_err(|error| refused(&error))?;
    open::regular("made", path, &file)?;
    file.set_len(0).map_err(|error| refused(&error))?;
    Ok(file)
}

/// A writer whose errors name the file.
struct Named {
    name: Box<str>,
    inner: Box<dyn Mux>,
}

impl Mux for Named {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        self.inner.write(frame).map_err(|error| open::named(error, &self.name))
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush().map_err(|error| open::named(error, &self.name))
    }

    fn finish(&mut self) -> Result<()> {
        self.inner.finish().map_err(|error| open::named(error, &self.name))
    }
}
