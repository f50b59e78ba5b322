//! Short ways to a session of media that goes wrong, and to what is left of it.

use std::{path::Path, process::Command};

use haft::{
    args::Args,
    error::Error,
    session::{Kind, Session},
    value::Tree,
};
use serde_json::{Value, json};

use crate::{
    bed::{args, hear, try_ask, until},
    media::{
        probe::{copied, decoded, stream, units},
        samples::sample,
    },
};

/// What most are made of.
pub const FILM: &str = "vp8_opus.webm";

/// What an error says besides its message.
pub fn told(error: &Error) -> Value {
    serde_json::from_str(&Tree::Object(error.detail().clone()).to_json()).unwrap()
}

/// The error of a call that must fail.
#[track_caller]
pub fn failed(handle: &Session, arguments: &Value) -> Error {
    match try_ask(handle, "media", arguments) {
        Err(error) => {
            assert!(!error.message().contains('\n'), "{error}");
            error
        }
        Ok(value) => panic!("media {arguments} was done: {value}"),
    }
}

pub fn begin(handle: &Session, arguments: &Value) -> u64 {
    handle.submit(Some("media"), None, &args(arguments)).unwrap()
}

/// The film there and back into that file, submitted; returns when so many pictures came back.
#[track_caller]
pub fn filmed(handle: &Session, to: &Path, pictures: usize) -> u64 {
    flowed(handle, &json!({"play_from": sample(FILM), "record_to": to}), pictures)
}

/// Submitted; returns when so many pictures came back.
#[track_caller]
pub fn flowed(handle: &Session, arguments: &Value, pictures: usize) -> u64 {
    hear(handle, "haft.media");
    let id = begin(handle, arguments);
    came(handle, pictures);
    id
}

/// Waits for so many pictures more.
#[track_caller]
pub fn came(handle: &Session, pictures: usize) {
    for _ in 0..pictures {
        until(handle, |event| {
            if let (Kind::Response, Some(failure)) = (event.kind(), event.failure()) {
                panic!("it ended: {:?}", failure.error());
            }
            event.value()?.root().get("kind")?.as_str().filter(|kind| *kind == "video").map(drop)
        });
    }
}

/// What is in the recording is what was sent, from its start on, this many pictures at least; and it is a good file.
#[track_caller]
pub fn whole(to: &Path, pictures: usize) {
    begins_as(to, FILM, "v:0", pictures);
    begins_as(to, FILM, "a:0", 0);
    good(to);
}

/// The same of a film that was played again and again: it may have come to its end before what was waited for.
#[track_caller]
pub fn whole_rounds(to: &Path, pictures: usize) {
    for (track, least) in [("v:0", pictures), ("a:0", 0)] {
        let (sent, back) = (copied(&sample(FILM), track, "null"), copied(to, track, "null"));
        assert!(back.len() >= least, "{} of {track} in {}", back.len(), to.display());
        let other = back.iter().zip(sent.iter().cycle()).position(|(back, sent)| back != sent);
        assert_eq!(other, None, "{track} of {}: not as sent, {} of {}", to.display(), back.len(), sent.len());
    }
    good(to);
}

/// It is read without a word, and each of its pictures is decoded. Times are milliseconds there, so that programs that make
/// them whole pictures again, as ffmpeg does unless it is asked for each, may find two at one place in a short file.
#[track_caller]
pub fn good(to: &Path) {
    let read =
        Command::new("ffprobe").args(["-v", "warning", "-of", "json", "-show_packets"]).arg(to).output().unwrap();
    assert!(
        read.status.success() && read.stderr.is_empty(),
        "{}: {}",
        to.display(),
        String::from_utf8_lossy(&read.stderr)
    );
    assert_eq!(decoded(to, "v").len(), copied(to, "v:0", "null").len(), "{}", to.display());
}

/// Its frames are the first of the sample's.
#[track_caller]
pub fn begins_as(to: &Path, name: &str, track: &str, least: usize) {
    begins_like(to, &sample(name), track, least);
}

/// Its frames are the first of the other's. Pictures of H.264 are compared by what is coded in them: containers keep lengths
/// and parameter sets in ways of their own.
#[track_caller]
pub fn begins_like(to: &Path, of: &Path, track: &str, least: usize) {
    let frames = |path: &Path| {
        if track == "v:0" && of.to_string_lossy().contains("h264") {
            let stream = stream(path);
            let coded = units(&stream).into_iter().filter(|unit| matches!(unit[0] & 31, 1 | 5));
            return coded.map(|unit| (format!("{unit:?}"), unit.len())).collect();
        }
        copied(path, track, "null")
    };
    let (sent, back): (Vec<_>, Vec<_>) = (frames(of), frames(to));
    assert!(back.len() >= least, "{} of {track} in {}", back.len(), to.display());
    assert!(back.len() <= sent.len() && back == sent[..back.len()], "{track} of {}: not as sent", to.display());
}

/// The handle can have media again, to its end.
#[track_caller]
pub fn usable(handle: &Session) {
    let again = json!({"play_from": sample("vp8_one.ivf")});
    let end = try_ask(handle, "media", &again).unwrap_or_else(|error| panic!("not again: {error:?}"));
    assert_eq!((&end["end"], &end["tracks"][0]["received"]["frames"]), (&json!("played"), &json!(1)), "{end}");
}

pub fn close(session: &Session) {
    session.close(&Args::new()).unwrap();
}
