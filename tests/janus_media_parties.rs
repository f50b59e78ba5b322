//! Media with somebody else at the other end: the Python client `janus_client`, which decodes and encodes for itself, and
//! ffmpeg, which feeds mountpoints.

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

use bed::{ROOM, ask, attach, open, start};
use media::{feed::Feed, other::Other, samples::sample};
use serde_json::{Value, json};

const STREAMING: &str = "janus.plugin.streaming";

/// The two other parties understand each other: what is missed below is missed by haft.
#[test]
fn the_others_hear_each_other() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let keeper = attach(&session, ROOM);
    ask(&keeper, "create", &json!({"room": 5, "videocodec": "vp8", "bitrate": 0})).unwrap();
    let file = sample("vp8_opus.webm");
    let publish = json!({"do": "publish", "ws": janus.ws, "room": 5, "id": 7, "file": file});
    let mut publisher = Other::start(&publish);
    let mut watcher = Other::start(&json!({"do": "watch", "ws": janus.ws, "room": 5, "feed": 7}));
    assert!(watcher.pictures(30).len() >= 30);
    drop(watcher);
    publisher.tell(&json!({"do": "nothing"}));
}

#[test]
fn a_mountpoint_is_fed() {
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
    drop(feeds);
}

/// A mountpoint of VP8 and Opus: its id, and the ports of both.
fn mountpoint(keeper: &haft::session::Session) -> (Value, u16, u16) {
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
