//! The head of a file: `moov` with its tracks (ISO/IEC 14496-12, 8.2 to 8.6). A track that cannot be used is left out with a line
//! in the log; the others can be.

use std::{ops::Range, sync::Arc};

use super::{
    super::super::{Kind, Track},
    PLACE,
    boxes::{Fields, Name, children, descend, find, spell},
    entry::{self, Entry},
    fragment::Defaults,
    tables::Walk,
};
use crate::log;

/// More tracks than any file that is played.
const TRACKS_MAX: usize = 64;

/// When samples are shown, seen from the start of the file: the edit list of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// Nothing is shown before, in nanoseconds.
    pub(super) wait: i128,
    /// What is shown first, in ticks of the track.
    pub(super) from: i64,
    /// What is not shown any more, in ticks of the track.
    pub(super) until: Option<i64>,
}

/// A track of the head.
#[derive(Clone, Debug)]
pub(super) struct Trak {
    pub(super) id: u32,
    pub(super) track: Track,
    /// Ticks in a second.
    pub(super) scale: u32,
    pub(super) edit: Edit,
    pub(super) entries: Arc<[Entry]>,
    pub(super) walk: Walk,
    pub(super) defaults: Defaults,
    enabled: bool,
}

/// What the head says.
#[derive(Debug, Default)]
pub(super) struct Movie {
    pub(super) traks: Vec<Trak>,
    /// In nanoseconds.
    pub(super) length: Option<u64>,
    /// More comes in fragments.
    pub(super) fragmented: bool,
    /// Why tracks were left out.
    pub(super) left_out: Vec<String>,
}

/// Reads the body of a `moov`.
pub(super) fn read(all: &Arc<[u8]>) -> Movie {
    let whole = 0..all.len();
    let header = find(all, whole.clone(), b"mvhd").and_then(|body| times(Fields::at(all, body)));
    let (scale, length) = header.unwrap_or((0, None));
    let extends = find(all, whole.clone(), b"mvex");
    let mut movie = Movie { fragmented: extends.is_some(), ..Movie::default() };
    let extended = extends.clone().and_then(|mvex| find(all, mvex, b"mehd")).and_then(|body| {
        let mut fields = Fields::at(all, body);
        let (version, _) = fields.full()?;
        fields.wide(version)
    });
    // The head of a fragmented file counts what stands in the head itself: mostly nothing.
    let length = if movie.fragmented { extended } else { length };
    movie.length = length.filter(|length| *length > 0).and_then(|length| nanoseconds(length, scale));

    for (place, (_, body)) in children(all, whole).filter(|(name, _)| name == b"trak").enumerate() {
        let number = place + 1;
        if place >= TRACKS_MAX {
            movie.left_out.push(format!("The tracks from number {number} on were left out"));
            break;
        }
        match trak(all, body, scale, movie.fragmented) {
            Ok(mut trak) => {
                trak.defaults = extends.clone().and_then(|mvex| defaults(all, mvex, trak.id)).unwrap_or_default();
                movie.traks.push(trak);
            }
            Err(why) => movie.left_out.push(format!("Track {number} was left out: {why}")),
        }
    }
    // One that is off counts as absent (8.3.2), as the pictures of chapters are; when all are off, that means nothing.
    if movie.traks.iter().any(|trak| trak.enabled) {
        let off = movie.traks.iter().filter(|trak| !trak.enabled);
        movie.left_out.extend(
            off.map(|trak| format!("The track of number {} in the file was left out: it was switched off", trak.id)),
        );
        movie.traks.retain(|trak| trak.enabled);
    }
    for line in &movie.left_out {
        log::info(PLACE, || line.clone());
    }
    movie
}

fn trak(all: &Arc<[u8]>, body: Range<usize>, movie_scale: u32, fragmented: bool) -> Result<Trak, String> {
    let missing = |name: &str| format!("it had no box `{name}` that could be read");
    let inside = |path: &[&Name]| descend(all, body.clone(), path);
    let kind = inside(&[b"mdia", b"hdlr"]).and_then(|body| {
        let mut fields = Fields::at(all, body);
        fields.take(8)?;
        fields.name()
    });
    let kind = match &kind.ok_or_else(|| missing("hdlr"))? {
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        other => return Err(format!("it was neither sound nor pictures (`{}`)", spell(*other))),
    };
    let (enabled, id) = inside(&[b"tkhd"])
        .and_then(|body| {
            let mut fields = Fields::at(all, body);
            let (version, flags) = fields.full()?;
            fields.take(if version == 1 { 16 } else { 8 })?;
            Some((flags & 1 != 0, fields.u32()?))
        })
        .ok_or_else(|| missing("tkhd"))?;
    let (scale, _) =
        inside(&[b"mdia", b"mdhd"]).and_then(|body| times(Fields::at(all, body))).ok_or_else(|| missing("mdhd"))?;
    if scale == 0 {
        return Err("it had no ticks in a second".into());
    }
    let table = inside(&[b"mdia", b"minf", b"stbl"]).ok_or_else(|| missing("stbl"))?;
    let entries = find(all, table.clone(), b"stsd").map(|body| entry::read(all, body, kind)).unwrap_or_default();
    let first = entries.first().ok_or_else(|| missing("stsd"))?;
    let walk = Walk::new(all, table).ok_or_else(|| "its tables of samples could not be read".to_owned())?;
    if walk.is_empty() && !fragmented {
        return Err("it had no samples".into());
    }
    let (mut edit, edits_flaw) = edits(all, inside(&[b"edts", b"elst"]), movie_scale, scale);
    if fragmented {
        // It was written before the end was known.
        edit.until = None;
    }

    let mut flaw = entries.iter().find_map(|entry| entry.flaw.clone());
    if let Some(other) = entries.iter().find(|entry| entry.codec != first.codec) {
        flaw = flaw
            .or_else(|| Some(format!("it changed its codec from {} to {}", first.named, other.named).into()));
    }
    if outside(all, inside(&[b"mdia", b"minf", b"dinf", b"dref"])) {
        flaw = flaw.or_else(|| Some("The samples of the track lay in another file".into()));
    }
    if kind == Kind::Video && walk.reorders() {
        flaw = flaw.or_else(|| Some(super::REORDERED.into()));
    }
    let track = Track {
        kind,
        codec: first.codec,
        named: first.named.clone(),
        size: first.size,
        channels: first.channels,
        pre_skip: first.pre_skip,
        flaw: flaw.or(edits_flaw),
    };
    Ok(Trak { id, track, scale, edit, entries: entries.into(), walk, defaults: Defaults::default(), enabled })
}

/// The ticks in a second and the length of `mvhd` and `mdhd`, which begin alike.
fn times(mut fields: Fields<'_>) -> Option<(u32, Option<u64>)> {
    let (version, _) = fields.full()?;
    fields.take(if version == 1 { 16 } else { 8 })?;
    let scale = fields.u32()?;
    let length = fields.wide(version)?;
    let unknown = if version == 1 { u64::MAX } else { u64::from(u32::MAX) };
    Some((scale, Some(length).filter(|length| *length != unknown)))
}

fn nanoseconds(ticks: u64, scale: u32) -> Option<u64> {
    let scale = u128::from(scale);
    (u128::from(ticks) * 1_000_000_000).checked_add(scale / 2)?.checked_div(scale)?.try_into().ok()
}

/// `trex` of a track.
fn defaults(all: &[u8], mvex: Range<usize>, id: u32) -> Option<Defaults> {
    children(all, mvex).filter(|(name, _)| name == b"trex").find_map(|(_, body)| {
        let mut fields = Fields::at(all, body);
        fields.full()?;
        if fields.u32()? != id {
            return None;
        }
        let entry = fields.u32()?.saturating_sub(1);
        Some(Defaults { entry, duration: fields.u32()?, size: fields.u32()?, flags: fields.u32()? })
    })
}

/// Whether `dref` names other files: an entry without the flag "in this file".
fn outside(all: &[u8], dref: Option<Range<usize>>) -> bool {
    let Some(body) = dref else { return false };
    children(all, body.start.saturating_add(8)..body.end)
        .any(|(_, body)| Fields::at(all, body).full().is_some_and(|(_, flags)| flags & 1 == 0))
}

/// An edit list as what WebRTC can follow: a wait, then one stretch. Cuts inside, and other speeds, take decoding.
fn edits(all: &[u8], elst: Option<Range<usize>>, movie_scale: u32, scale: u32) -> (Edit, Option<Box<str>>) {
    let mut edit = Edit::default();
    let Some(body) = elst else { return (edit, None) };
    let mut fields = Fields::at(all, body);
    let Some((version, _)) = fields.full() else { return (edit, None) };
    let Some(count) = fields.u32() else { return (edit, None) };
    let mut begun = false;
    for _ in 0..count {
        let length = fields.wide(version);
        let from = if version == 1 {
            fields.u64().map(u64::cast_signed)
        } else {
            fields.u32().map(|from| i64::from(from.cast_signed()))
        };
        let (Some(length), Some(from), Some(rate)) = (length, from, fields.u32()) else { break };
        // Edits count in ticks of the movie, rounded.
        let ticks = u128::from(length) * u128::from(scale);
        let ticks = i64::try_from(ticks.checked_div(u128::from(movie_scale)).unwrap_or(0)).unwrap_or(i64::MAX);
        let slack = i64::from(scale.checked_div(movie_scale).unwrap_or(0)) + 1;
        if from < 0 {
            if !begun {
                edit.wait += nanoseconds(length, movie_scale).map_or(0, i128::from);
            }
            continue;
        }
        if rate != 0x0001_0000 {
            return (edit, Some("its edit list had another speed than that of decoding".into()));
        }
        let joined = begun && edit.until.is_none_or(|until| from.abs_diff(until) <= slack.unsigned_abs());
        if begun && !joined {
            return (edit, Some("its edit list had cuts, which only a decoder can follow".into()));
        }
        if !begun {
            edit.from = from;
        }
        // In files that are written as they are recorded the length is not known, and is 0.
        edit.until = (length > 0).then(|| from.saturating_add(ticks).saturating_add(slack));
        begun = true;
    }
    (edit, None)
}
