//! Media with somebody else at the other end: the Python client `janus_client`, which decodes and encodes for itself, and
//! ffmpeg, which feeds mountpoints.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[allow(dead_code, reason = "shared")]
mod media;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bed::{ROOM, args, ask, attach, hear, open, shown, start, value};
use haft::session::{Kind, Session};
use haft_tools::native::scratch;
use media::{feed::Feed, other::Other, probe, samples::sample};
use serde_json::{Value, json};

const STREAMING: &str = "janus.plugin.streaming";
const CALL: &str = "janus.plugin.videocall";

/// A room 5 for codecs of these names.
fn room(keeper: &Session, videocodec: &str) {
    ask(keeper, "create", &json!({"room": 5, "videocodec": videocodec, "bitrate": 0})).unwrap();
}

/// Panics unless these are all in the sample, one after the other, the first after the last.
#[track_caller]
fn follow<T: PartialEq + std::fmt::Debug>(came: &[T], sample: &[T]) {
    let first = sample.iter().position(|one| *one == came[0]).expect("the first is in the sample");
    for (at, one) in came.iter().enumerate() {
        let expected = (first + at) % sample.len();
        assert!(*one == sample[expected], "{at} of {} behind {first}: not as {expected} of the sample", came.len());
    }
}

fn hashes(path: &Path, stream: usize) -> Vec<String> {
    probe::packets_of(path, stream).into_iter().map(|packet| packet.sha256).collect()
}

/// What was recorded is whole: read without a word, from a keyframe on, this many pictures and packets of sound at least.
#[track_caller]
fn recorded(path: &Path, pictures: usize, sound: usize) {
    probe::without_a_word(path);
    let streams = probe::streams(path);
    let of = |kind: &str| streams.iter().position(|stream| stream.kind == kind).expect(kind);
    let (video, audio) = (probe::packets_of(path, of("video")), probe::packets_of(path, of("audio")));
    assert!(video[0].keyframe, "the first is one to begin with");
    assert!(video.len() >= pictures && audio.len() >= sound, "{} and {} packets", video.len(), audio.len());
    assert_eq!(probe::decoded(path, "v").len(), video.len(), "each is a picture");
    // Both are of the same moments: they begin together, and go as the film does. Which of them the other party has sent more of by
    // the end is its own affair: pictures take it longer to make.
    let apart = video[0].pts_ns - audio[0].pts_ns;
    assert!(apart.abs() < 500_000_000, "{apart} ns between the beginnings");
    for (packets, each) in [(&video, 1_000_000_000 / 30), (&audio, 20_000_000)] {
        let lasted = packets.last().unwrap().pts_ns - packets[0].pts_ns;
        let late = lasted - each * i64::try_from(packets.len() - 1).unwrap();
        assert!(late.abs() < 500_000_000, "{late} ns late after {lasted}");
    }
}

/// The film again and again for two minutes: the other party begins it when it publishes, plays it once, and nobody knows how
/// long those who join take.
fn film(folder: &str) -> PathBuf {
    let long = scratch(folder).join("film.webm");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y", "-stream_loop", "23", "-i"]).arg(sample("vp8_opus.webm"));
    assert!(ffmpeg.args(["-c", "copy"]).arg(&long).status().unwrap().success());
    long
}

/// Media until two seconds of pictures and three of sound have come, whatever time the other party takes for them, and what else
/// is to happen meanwhile has.
#[track_caller]
fn media_while(handle: &Session, order: &Value, meanwhile: impl FnOnce()) -> Value {
    hear(handle, "haft.media");
    let id = handle.submit(Some("media"), None, &args(order)).unwrap();
    let (mut seen, mut heard) = (0, 0);
    while seen < 60 || heard < 150 {
        let event = handle.poll(30_000).unwrap().expect("nothing came in time");
        assert_ne!(event.kind(), Kind::Response, "it ended: {:?}", event.failure().map(|failure| failure.error()));
        let kind = shown(&event)["kind"].clone();
        seen += usize::from(kind == "video");
        heard += usize::from(kind == "audio");
    }
    meanwhile();
    ask(handle, "media_stop", &json!({})).unwrap();
    loop {
        let event = handle.poll(30_000).unwrap().expect("no answer came in time");
        if event.kind() == Kind::Response && event.id() == id {
            return event.response().map_or_else(|| panic!("{:?}", event.failure().map(|it| it.error())), value);
        }
    }
}

/// The two other parties understand each other: what is missed below is missed by haft.
#[test]
fn the_others_hear_each_other() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let keeper = attach(&session, ROOM);
    room(&keeper, "vp8");
    let file = film("media_others");
    let publisher = Other::start(&json!({"do": "publish", "ws": janus.ws, "room": 5, "id": 7, "file": file}));
    let mut watcher = Other::start(&json!({"do": "watch", "ws": janus.ws, "room": 5, "feed": 7}));
    assert!(watcher.pictures(30).len() >= 30);
    drop(publisher);
}

#[test]
fn python_sees_the_very_pictures_that_haft_publishes() {
    for (codec, name) in [("vp8", "vp8_opus.webm"), ("h264", "h264_opus.mp4")] {
        let janus = start();
        let session = open(&janus.ws, &json!({}));
        let publisher = attach(&session, ROOM);
        room(&publisher, codec);
        ask(&publisher, "join", &json!({"room": 5, "ptype": "publisher", "id": 1, "display": "haft"})).unwrap();
        let play = json!({"play_from": sample(name), "loop": true, "until": "connected"});
        let told = ask(&publisher, "media", &play).unwrap();
        assert_eq!(told["tracks"].as_array().unwrap().len(), 2, "{told}");
        let mut watcher = Other::start(&json!({"do": "watch", "ws": janus.ws, "room": 5, "feed": 1}));
        let pictures = watcher.pictures(60);
        // ffmpeg decodes the sample as well: a picture is what it was on the other side.
        follow(&pictures, &probe::decoded(&sample(name), "v"));
        let told = watcher.ask(&json!({"pictures": 60}));
        assert_eq!(told["size"], json!([320, 240]), "{codec}");
        assert!(told["samples"].as_u64().unwrap() > 48_000, "sound came as well: {}", told["samples"]);
        ask(&publisher, "media_stop", &json!({})).unwrap();
    }
}

#[test]
fn haft_records_what_python_publishes() {
    for codec in ["vp8", "h264"] {
        let janus = start();
        let session = open(&janus.ws, &json!({}));
        let recorder = attach(&session, ROOM);
        room(&recorder, codec);
        let file = film(&format!("media_python_plays_{codec}"));
        let publish = json!({"do": "publish", "ws": janus.ws, "room": 5, "id": 7, "file": file, "videocodec": codec});
        let publisher = Other::start(&publish);
        let folder = scratch(&format!("media_python_publishes_{codec}"));
        let path = folder.join("7.mkv");
        let record = json!({"room": 5, "feeds": [7], "record_to": folder.join("{feed}.mkv")});
        let told = media_while(&recorder, &record, || {});
        drop(publisher);
        assert_eq!(told["files"][0]["path"], path.to_str().unwrap(), "{told}");
        recorded(&path, 40, 100);
        let streams = probe::streams(&path);
        assert!(streams.iter().any(|stream| stream.codec == codec && stream.size == (320, 240)), "{streams:?}");
    }
}

#[test]
fn python_is_called_and_sees_the_file() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let phone = attach(&session, CALL);
    ask(&phone, "register", &json!({"username": "haft"})).unwrap();
    let (file, theirs) = (sample("vp8_opus.webm"), film("media_python_is_called_and_plays"));
    let mut called = Other::start(&json!({"do": "accept", "ws": janus.ws, "username": "python", "file": theirs}));
    called.tell(&json!({"do": "accepted"}));
    let folder = scratch("media_python_is_called");
    let call = json!({
        "role": "caller", "username": "python", "play_from": file, "record_to": folder.join("back.webm"), "loop": true
    });
    let told = media_while(&phone, &call, || {
        assert_eq!(called.answer()["accepted"], true);
        follow(&called.pictures(60), &probe::decoded(&file, "v"));
    });
    assert_eq!(told["tracks"].as_array().unwrap().len(), 2, "{told}");
    recorded(&folder.join("back.webm"), 40, 100);
}

#[test]
fn python_calls_and_sees_the_file() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let phone = attach(&session, CALL);
    ask(&phone, "register", &json!({"username": "haft"})).unwrap();
    let (file, theirs) = (sample("vp8_opus.webm"), film("media_python_calls_and_plays"));
    let folder = scratch("media_python_calls");
    let call = json!({"do": "call", "ws": janus.ws, "username": "python", "to": "haft", "file": theirs});
    let mut caller = Other::starting(&call);
    let take = json!({"role": "callee", "play_from": file, "record_to": folder.join("back.webm"), "loop": true});
    media_while(&phone, &take, || {
        assert_eq!(caller.answer()["called"], true);
        follow(&caller.pictures(60), &probe::decoded(&file, "v"));
    });
    recorded(&folder.join("back.webm"), 40, 100);
}

#[test]
fn a_mountpoint_that_ffmpeg_feeds_is_recorded_as_it_is() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let keeper = attach(&session, STREAMING);
    let (mountpoint, video, audio) = mountpoint(&keeper);
    let feeds = [Feed::start("vp8.ivf", video, 96), Feed::start("opus.ogg", audio, 111)];
    // The server says how long ago it last heard of either.
    loop {
        let info = ask(&keeper, "info", &json!({"id": mountpoint})).unwrap();
        let media = info["info"]["media"].as_array().unwrap();
        if media.iter().all(|one| one["age_ms"].as_u64().is_some_and(|age| age < 1000)) {
            break;
        }
    }
    let folder = scratch("media_mountpoint");
    let path = folder.join("stream.webm");
    let watcher = attach(&session, STREAMING);
    // `id` is the call's own elsewhere, too: here it is the mountpoint's.
    ask(&watcher, "media", &json!({"id": mountpoint, "record_to": path, "duration": 4})).unwrap();
    drop(feeds);
    recorded(&path, 60, 100);
    let streams = probe::streams(&path);
    let of = |kind: &str| streams.iter().position(|stream| stream.kind == kind).unwrap();
    follow(&hashes(&path, of("video")), &hashes(&sample("vp8.ivf"), 0));
    follow(&hashes(&path, of("audio")), &hashes(&sample("opus.ogg"), 0));
}

/// What a process of its own does in the test below: it records until it is killed.
#[test]
#[ignore = "is started by another test"]
#[allow(clippy::disallowed_methods, reason = "the environment is how one process of a test speaks to another")]
fn a_recorder_on_its_own() {
    let Ok(order) = std::env::var("HAFT_TEST_RECORD") else { return };
    let order: Value = serde_json::from_str(&order).unwrap();
    let session = open(order["ws"].as_str().unwrap(), &json!({}));
    let recorder = attach(&session, ROOM);
    ask(&recorder, "media", &order["media"]).unwrap();
}

#[test]
fn a_recorder_that_is_killed_leaves_a_file_that_plays() {
    for (name, codec, ending) in [("vp8_opus.webm", "vp8", "webm"), ("h264_opus.mp4", "h264", "mp4")] {
        let janus = start();
        let session = open(&janus.ws, &json!({}));
        let publisher = attach(&session, ROOM);
        room(&publisher, codec);
        ask(&publisher, "join", &json!({"room": 5, "ptype": "publisher", "id": 1})).unwrap();
        let play = json!({"play_from": sample(name), "loop": true, "until": "connected"});
        ask(&publisher, "media", &play).unwrap();
        let path = scratch(&format!("media_killed_{ending}")).join(format!("killed.{ending}"));
        let order = json!({"ws": janus.ws, "media": {"room": 5, "feeds": [1], "record_to": path}});
        let mut recorder = Command::new(std::env::current_exe().unwrap());
        recorder
            .args(["--exact", "a_recorder_on_its_own", "--ignored", "--nocapture"])
            .env("HAFT_TEST_RECORD", order.to_string());
        let mut recorder = recorder.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        // Three seconds of it are in the file; that it grows is all that tells so.
        while std::fs::metadata(&path).map_or(0, |file| file.len()) < 150_000 {
            assert_eq!(recorder.try_wait().unwrap(), None, "it ended by itself");
            std::thread::yield_now();
        }
        recorder.kill().unwrap();
        recorder.wait().unwrap();
        let pictures = probe::decoded(&path, "v");
        assert!(pictures.len() > 60, "{ending}: {} pictures", pictures.len());
        follow(&pictures, &probe::decoded(&sample(name), "v"));
        assert!(probe::decoded(&path, "a").len() > 100, "{ending}");
        ask(&publisher, "media_stop", &json!({})).unwrap();
    }
}

/// A mountpoint of VP8 and Opus: its id, and the ports of both.
fn mountpoint(keeper: &Session) -> (Value, u16, u16) {
    let media = json!([
        {"type": "video", "mid": "v", "codec": "vp8", "pt": 96, "port": 0, "label": "pictures"},
        {"type": "audio", "mid": "a", "codec": "opus", "pt": 111, "port": 0, "label": "sound"}
    ]);
    let made = ask(keeper, "create", &json!({"type": "rtp", "media": media})).unwrap();
    let ports = made["stream"]["ports"].as_array().unwrap();
    let port = |mid: &str| {
        let one = ports.iter().find(|one| one["mid"] == mid).unwrap();
        u16::try_from(one["port"].as_u64().unwrap()).unwrap()
    };
    (made["stream"]["id"].clone(), port("v"), port("a"))
}
