//! A file that is read: what it is is told by its first bytes, not by its name.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use super::{
    Demux, Source, annexb,
    input::{broken, unread},
    ivf, matroska, mp4, ogg,
};
use crate::{
    engine::{
        media::{Frame, Track},
        net::limits,
    },
    error::{Error, Result, Status, code},
};

/// Opens a file. `rate` is how many pictures in a second there are in one that has no times (H.264), if the caller knows.
///
/// # Errors
/// `io` for one that cannot be opened or read, `media_file` for one that is none of those that are read, or is broken. The
/// detail has its `path`.
pub fn open(path: &Path, rate: Option<f64>) -> Result<Box<dyn Demux>> {
    let name = path.display().to_string();
    let file = file(path).map_err(|why| why.with("path", &*name))?;
    // The message says which file, in front of what is wrong with it.
    open_source(Box::new(file), rate)
        .map_err(|error| named(error, &name))
        .map(|inner| Box::new(Named { name: name.into(), inner }) as _)
}

/// Opens what has the bytes of a file; its errors name none.
///
/// # Errors
/// `media_file`, `io`.
pub fn open_source(mut source: Box<dyn Source>, rate: Option<f64>) -> Result<Box<dyn Demux>> {
    let mut start = [0; 64];
    let length = fill(&mut source, &mut start).and_then(|length| source.seek(SeekFrom::Start(0)).map(|_| length));
    let start = start.get(..length.map_err(|error| unread(&error))?).unwrap_or_default();
    match start {
        [] => Err(broken("it was empty")),
        _ if start.starts_with(ivf::MAGIC) => Ok(Box::new(ivf::Reader::open(source)?)),
        _ if start.starts_with(ogg::MAGIC) => Ok(Box::new(ogg::Reader::open(source)?)),
        _ if start.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) => matroska::open(source),
        [_, _, _, _, kind @ ..] if is_box(kind) => mp4::open(source),
        _ if annexb::looks_like_h265(start) => {
            Err(broken("it was a stream of H.265, which WebRTC does not carry and which is not read"))
        }
        _ if annexb::looks(start) => Ok(Box::new(annexb::Reader::open(source, rate)?)),
        _ => Err(broken(format!(
            "it was {}; IVF, Ogg, WebM, Matroska, MP4 and streams of H.264 are read",
            described(start)
        ))),
    }
}

/// What MP4 files begin with, behind the length.
fn is_box(kind: &[u8]) -> bool {
    const KINDS: [&[u8]; 9] = [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx"];
    KINDS.iter().any(|known| kind.starts_with(known))
}

/// What else it may be, as far as its first bytes tell.
fn described(start: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 10] = [
        (b"RIFF", "a RIFF file (AVI, WAV)"),
        (b"fLaC", "FLAC"),
        (b"ID3", "MP3"),
        (b"FLV", "FLV"),
        (b"#!", "a script"),
        (b"\x47\x40", "an MPEG transport stream"),
        (b"\x00\x00\x01\xba", "an MPEG program stream"),
        (b"\x00\x00\x01\xb3", "a stream of MPEG video"),
        (b"\x12\x00\x0a", "a stream of AV1 without a container"),
        (b"MJR0", "a recording of Janus (janus-pp-rec makes a file of it)"),
    ];
    if start.iter().all(|byte| *byte == 0) {
        return "all zeros at its start".into();
    }
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return (*name).to_owned();
    }
    let first: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("none that is known: it begins with {}", first.join(" "))
}

fn fill(source: &mut Box<dyn Source>, start: &mut [u8]) -> io::Result<usize> {
    let limit = start.len() as u64;
    source.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::with_capacity(start.len());
    source.as_mut().take(limit).read_to_end(&mut bytes)?;
    start.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
    Ok(bytes.len())
}

/// A regular file; pipes are not waited for, as media are read more than once.
fn file(path: &Path) -> Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file.map_err(|error| refused("opened", path, &error))?;
    regular("opened", path, &file)?;
    Ok(file)
}

/// Whether it is a file on a disk.
pub(super) fn regular(done: &str, path: &Path, file: &File) -> Result<()> {
    let kind = file.metadata().map_err(|error| refused(done, path, &error))?.file_type();
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "a directory",
        _ if kind.is_fifo() => "a pipe",
        _ if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "no regular file",
    };
    Err(Error::new(&code::IO, format!("{} could not be {done}: it is {what}", path.display())).transient(false))
}

/// The system's refusal.
pub(super) fn refused(done: &str, path: &Path, error: &io::Error) -> Error {
    let status = match error.kind() {
        io::ErrorKind::NotFound => Status::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Status::Denied,
        _ => Status::Io,
    };
    let why = format!("{} could not be {done}: {}", path.display(), limits::reason(error));
    Error::new(&code::IO, why).status_as(status).transient(false)
}

/// The same error with the name of its file in front.
pub(super) fn named(error: Error, name: &str) -> Error {
    error.reworded("", &format!("{name}: ")).with("path", name)
}

/// A reader whose errors name the file.
struct Named {
    name: Box<str>,
    inner: Box<dyn Demux>,
}

impl Demux for Named {
    fn tracks(&self) -> &[Track] {
        self.inner.tracks()
    }

    fn duration(&self) -> Option<Duration> {
        self.inner.duration()
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        self.inner.next().map_err(|error| named(error, &self.name))
    }
}
