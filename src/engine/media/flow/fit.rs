//! Which tracks of a file can go over a connection, said before anything is sent: with the reason why one cannot, and the
//! command that makes a file that can. Nothing is transcoded here.

use std::fmt::Write as _;

use super::super::{Codec, Kind, Track, peer::Agreed};
use crate::error::{Error, Result, code};

/// A track that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// What it carries; `None`: any.
    pub kind: Option<Kind>,
    /// How it is encoded; `None`: any.
    pub codec: Option<Codec>,
    /// The track of the connection that it is for, when that is said.
    pub mid: Option<Box<str>>,
}

/// A track of a file that will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its place in the file's list.
    pub track: usize,
    /// What it carries.
    pub kind: Kind,
    /// How.
    pub codec: Codec,
    /// The track of the connection that was asked for.
    pub mid: Option<Box<str>>,
}

/// A track of a file and the one of the connection that it goes out by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its place in the file's list.
    pub track: usize,
    /// What it carries.
    pub kind: Kind,
    /// Where it goes.
    pub mid: Box<str>,
}

/// The tracks of the file `path` that go: those that are wanted, or all.
///
/// # Errors
/// `media_codec` for one that cannot go, or is not there; the detail has `path`, `track` (counted from 0), `codec` and
/// `command`.
pub fn fit(path: &str, tracks: &[Track], wanted: Option<&[Want]>) -> Result<Vec<Chosen>> {
    if tracks.is_empty() {
        let why = format!("{path} had neither sound nor pictures in it");
        return Err(Error::new(&code::MEDIA_FILE, why).with("path", path));
    }
    let mut chosen = Vec::new();
    let Some(wanted) = wanted else {
        for (place, track) in tracks.iter().enumerate() {
            check(path, tracks, place, track)?;
            chosen.push(Chosen { track: place, kind: track.kind, codec: track.codec, mid: None });
        }
        return Ok(chosen);
    };
    for want in wanted {
        let free = |place: &usize| chosen.iter().all(|other: &Chosen| other.track != *place);
        let alike = |track: &Track| {
            want.kind.is_none_or(|kind| kind == track.kind) && want.codec.is_none_or(|codec| codec == track.codec)
        };
        let fitting = || tracks.iter().enumerate().filter(|(place, track)| free(place) && alike(track));
        let sound = fitting().find(|(_, track)| trouble(track).is_none());
        let Some((place, track)) = sound.or_else(|| fitting().next()) else {
            // One of that kind in another codec says more than that there is none.
            let other = tracks
                .iter()
                .enumerate()
                .find(|(place, track)| free(place) && want.kind.is_some_and(|kind| kind == track.kind));
            return Err(missing(path, tracks, want, other));
        };
        check(path, tracks, place, track)?;
        chosen.push(Chosen { track: place, kind: track.kind, codec: track.codec, mid: want.mid.clone() });
    }
    Ok(chosen)
}

/// Which track of the connection each goes out by: the one that was asked for, else the next free one of its kind and codec.
///
/// # Errors
/// `media_codec` when the other side does not take it.
pub fn route(path: &str, chosen: &[Chosen], agreed: &[Agreed]) -> Result<Vec<Route>> {
    let mut routes: Vec<Route> = Vec::new();
    // Those that were asked for by name first, or another would have taken their place.
    let (named, others): (Vec<_>, Vec<_>) = chosen.iter().partition(|one| one.mid.is_some());
    for one in named.into_iter().chain(others) {
        let open = |track: &&Agreed| {
            let free = routes.iter().all(|route| route.mid != track.mid);
            free && track.kind == one.kind && one.mid.as_ref().is_none_or(|mid| *mid == track.mid)
        };
        let goes = |track: &&Agreed| track.codec == Some(one.codec) && track.direction.sends();
        let Some(track) = agreed.iter().filter(open).find(goes) else {
            let took: Vec<_> = agreed.iter().filter(open).filter_map(|track| Some(track.codec?.name())).collect();
            let (kind, codec) = (one.kind.name(), one.codec.name());
            let why = if took.is_empty() {
                format!("the other side took no further {kind}: track {} of {path} was left over", one.track)
            } else {
                format!(
                    "the other side takes {kind} as {}, and track {} of {path} was {codec}",
                    took.join(", "),
                    one.track
                )
            };
            let error = Error::new(&code::MEDIA_CODEC, why).with("path", path).with("codec", codec);
            return Err(error.with("track", i64::try_from(one.track).unwrap_or(-1)));
        };
        routes.push(Route { track: one.track, kind: one.kind, mid: track.mid.clone() });
    }
    routes.sort_by_key(|route| route.track);
    Ok(routes)
}

/// Why a track cannot go.
fn trouble(track: &Track) -> Option<String> {
    if let Some(flaw) = &track.flaw {
        return Some(flaw.trim_end_matches('.').to_owned());
    }
    match track.codec.kind() {
        None => Some(format!("WebRTC carries no {}", track.named)),
        Some(kind) if kind != track.kind => Some(format!("{} was none for {}", track.named, track.kind.name())),
        Some(_) => None,
    }
}

fn check(path: &str, tracks: &[Track], place: usize, track: &Track) -> Result<()> {
    let Some(trouble) = trouble(track) else { return Ok(()) };
    let kind = track.kind.name();
    let mut why = format!("track {place} ({kind}, {}) of {path} could not be sent: {trouble}", track.named);
    let locked = is_locked(track);
    let command = (!locked).then(|| command(path, tracks));
    if let Some(command) = &command {
        let _ = write!(why, "; a file that can be sent is made by: {command}");
    }
    let mut error = Error::new(&code::MEDIA_CODEC, why).with("path", path).with("codec", &*track.named);
    error = error.with("track", i64::try_from(place).unwrap_or(-1));
    Err(match command {
        Some(command) => error.with("command", &*command),
        None => error,
    })
}

fn missing(path: &str, tracks: &[Track], want: &Want, other: Option<(usize, &Track)>) -> Error {
    let codec = want.codec.map(Codec::name).unwrap_or_default();
    let kind = want.kind.or(want.codec.and_then(Codec::kind)).map(Kind::name).unwrap_or_default();
    let what = [codec, kind].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut why = format!("{path} had no {}{}track", what, if what.is_empty() { "further " } else { " " });
    if let Some((place, track)) = other {
        let _ = write!(why, ": its {} track {place} is {}", track.kind.name(), track.named);
    } else {
        let has: Vec<_> = tracks.iter().map(|track| format!("{} ({})", track.kind.name(), track.named)).collect();
        let _ = write!(why, " left: it has {}", has.join(", "));
    }
    Error::new(&code::MEDIA_CODEC, why).with("path", path)
}

/// Who has no key cannot convert it either.
fn is_locked(track: &Track) -> bool {
    track.flaw.as_ref().is_some_and(|flaw| flaw.to_ascii_lowercase().contains("encrypt"))
}

/// The command that makes a file of which every track can go: what can is copied, the rest encoded anew.
#[must_use]
pub fn command(path: &str, tracks: &[Track]) -> String {
    let of = |kind: Kind| tracks.iter().filter(move |track| track.kind == kind);
    let copied = |kind: Kind| of(kind).all(|track| trouble(track).is_none());
    let (video, audio) = (of(Kind::Video).count(), of(Kind::Audio).count());
    let mut options = String::new();
    if video > 1 || audio > 1 {
        for (letter, count) in [("V", video), ("a", audio)] {
            if count > 0 {
                let _ = write!(options, " -map 0:{letter}");
            }
        }
    }
    let h264 = match video {
        0 => {
            // A cover is no video.
            options.push_str(" -vn");
            false
        }
        _ if copied(Kind::Video) => {
            options.push_str(" -c:v copy");
            of(Kind::Video).any(|track| track.codec == Codec::H264)
        }
        _ => {
            options.push_str(" -c:v libx264 -profile:v baseline -pix_fmt yuv420p -bf 0 -g 50");
            true
        }
    };
    match audio {
        0 => options.push_str(" -an"),
        _ if copied(Kind::Audio) => options.push_str(" -c:a copy"),
        _ => options.push_str(" -c:a libopus -ar 48000 -ac 2"),
    }
    let ending = match (video, audio) {
        // Ogg holds one; WebM holds no H.264.
        (0, 1) => "ogg",
        _ if h264 => "mp4",
        _ => "webm",
    };
    format!("ffmpeg -i {}{options} {}", quoted(&guarded(path)), quoted(&guarded(&beside(path, ending))))
}

/// The same name with another ending, and never the same.
fn beside(path: &str, ending: &str) -> String {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let stem = match path.get(name..).and_then(|name| name.rfind('.')) {
        Some(dot) if dot > 0 => path.get(..name + dot).unwrap_or(path),
        _ => path,
    };
    let new = format!("{stem}.{ending}");
    if new.eq_ignore_ascii_case(path) { format!("{stem}-fit.{ending}") } else { new }
}

/// A name that is neither an option nor a protocol to the program.
fn guarded(path: &str) -> String {
    let odd = path.starts_with('-') || (!path.starts_with('/') && path.contains(':'));
    if odd { format!("./{path}") } else { path.to_owned() }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,=@%:".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(char::is_control) {
        let mut quoted = String::from("$'");
        for letter in word.chars() {
            match letter {
                '\'' | '\\' => quoted.extend(['\\', letter]),
                letter if letter.is_control() => {
                    let mut bytes = [0; 4];
                    for byte in letter.encode_utf8(&mut bytes).bytes() {
                        let _ = write!(quoted, "\\x{byte:02x}");
                    }
                }
                letter => quoted.push(letter),
            }
        }
        quoted.push('\'');
        return quoted;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
