//! Rooms in which somebody leaves, says nothing, or which are no more.

use haft::{
    args::Args,
    session::{Kind, Session},
};
use haft_sandbox::janus::Janus;
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, ask, attach, hear, open, start, until},
    course::{begin, came, close, failed, flowed, good, told},
    guard::ten,
    media::{probe, samples::sample},
};

fn room(janus: &Janus) -> Session {
    let session = open(janus);
    let keeper = attach(&session, "videoroom");
    ask(&keeper, "create", json!({"room": 5, "bitrate": 0, "publishers": 9}));
    session
}

/// One that publishes the film, again and again.
fn publisher(session: &Session, feed: u64) -> Session {
    let handle = attach(session, "videoroom");
    ask(&handle, "join", json!({"room": 5, "ptype": "publisher", "id": feed}));
    ask(&handle, "media", json!({"play_from": sample("vp8_opus.webm"), "loop": true, "until": "connected"}));
    handle
}

/// Waits until it is seen by those who join: the server knows of media a moment later than we.
fn published(handle: &Session, feed: u64) {
    loop {
        let seen = ask(handle, "listparticipants", json!({"room": 5}));
        if seen["participants"].as_array().unwrap().iter().any(|one| one["id"] == feed && one["publisher"] == true) {
            return;
        }
        std::thread::yield_now();
    }
}

fn hold(janus: &Janus) -> Session {
    room(janus)
}

/// The feed leaves: its file is complete, and the subscriber is told what happened.
fn leaves(way: &str) {
    let janus = start();
    let keeper = hold(&janus);
    let folder = Folder::new();
    ten(way, &[], |turn| {
        let session = open(&janus);
        let feed = (100 + turn) as u64;
        let from = publisher(&session, feed);
        published(&from, feed);
        let handle = attach(&session, "videoroom");
        let to = folder.path(&format!("{way}-{turn}.webm"));
        let id = flowed(&handle, &json!({"room": 5, "feeds": [feed], "record_to": to, "timeout": "20s"}), 40);
        match way {
            "close" => from.close(&Args::new()).unwrap(),
            verb => drop(ask(&from, verb, json!({}))),
        }
        let ended = answered(&handle, id);
        if turn == 0 {
            eprintln!("{way}: {:?}", ended.as_ref().map(|end| end["end"].clone()));
        }
        let end = ended.unwrap();
        assert_eq!((&end["state"], &end["files"][0]["complete"]), (&json!("ended"), &json!(true)), "{end}");
        good(&to);
        assert!(probe::packets(&to).len() > 10);
        close(&session);
    });
    close(&keeper);
}

#[test]
fn a_feed_that_leaves_by_media_stop() {
    leaves("media_stop");
}

#[test]
fn a_feed_that_unpublishes() {
    leaves("unpublish");
}

#[test]
fn a_feed_that_is_detached() {
    leaves("detach");
}

#[test]
fn a_feed_that_is_closed() {
    leaves("close");
}

/// One feed of two leaves: the other goes on.
#[test]
fn one_feed_of_two_that_leaves() {
    let janus = start();
    let keeper = hold(&janus);
    let folder = Folder::new();
    ten("one of two", &[], |turn| {
        let session = open(&janus);
        let feeds = [100 + turn as u64, 200 + turn as u64];
        let (one, other) = (publisher(&session, feeds[0]), publisher(&session, feeds[1]));
        feeds.iter().for_each(|feed| published(&one, *feed));
        let handle = attach(&session, "videoroom");
        let to = folder.path(&format!("{turn}-{{feed}}.webm"));
        let id = flowed(&handle, &json!({"room": 5, "feeds": feeds, "record_to": to}), 100);
        ask(&one, "detach", json!({}));
        came(&handle, 60);
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
        let end = answered(&handle, id).unwrap();
        assert_eq!(end["files"].as_array().unwrap().len(), 2, "{end}");
        for feed in feeds {
            let to = folder.path(&format!("{turn}-{feed}.webm"));
            good(&to);
            assert!(probe::packets(&to).len() > 10, "{feed}");
        }
        drop(other);
        close(&session);
    });
    close(&keeper);
}

/// A feed that was agreed on and never sends: nothing is made up, and the end comes as it was asked for.
#[test]
fn a_feed_that_never_sends() {
    let janus = start();
    let keeper = hold(&janus);
    let folder = Folder::new();
    ten("silence", &[], |turn| {
        let session = open(&janus);
        let from = attach(&session, "videoroom");
        // The server forgets those that have gone a moment later.
        let feed = 100 + turn;
        ask(&from, "join", json!({"room": 5, "ptype": "publisher", "id": feed}));
        ask(&from, "media", json!({"tracks": [{"kind": "video", "codec": "vp8"}], "until": "connected"}));
        published(&from, feed as u64);
        let handle = attach(&session, "videoroom");
        let to = folder.path(&format!("{turn}.webm"));
        let end = ask(&handle, "media", json!({"room": 5, "feeds": [feed], "record_to": to, "duration": 0.5}));
        if turn == 0 {
            eprintln!("{end}");
        }
        assert_eq!((&end["end"], &end["files"][0]["frames"]), (&json!("duration"), &json!(0)), "{end}");
        assert!(!to.exists(), "no file of nothing");
        close(&session);
    });
    close(&keeper);
}

/// Feeds and rooms that are not there: refused with the plugin's word, and the handle takes others.
#[test]
fn what_is_not_there() {
    let janus = start();
    let keeper = hold(&janus);
    ten("not there", &[], |_| {
        let session = open(&janus);
        for (arguments, code) in [
            (json!({"room": 5, "feeds": [99]}), "plugin_no_such_feed"),
            (json!({"room": 77, "feeds": [7]}), "plugin_no_such_room"),
            (json!({"room": 77, "role": "publisher", "play_from": sample("vp8.ivf")}), "plugin_no_such_room"),
        ] {
            let handle = attach(&session, "videoroom");
            let error = failed(&handle, &arguments);
            assert_eq!(error.code(), code, "{arguments}: {error:?}");
            assert!(told(&error)["server_code"].is_number(), "{error:?}");
        }
        close(&session);
    });
    close(&keeper);
}

/// The room is destroyed under its publisher and its subscriber.
#[test]
fn a_room_that_is_destroyed() {
    let janus = start();
    let folder = Folder::new();
    ten("destroyed room", &[], |turn| {
        let session = open(&janus);
        let keeper = attach(&session, "videoroom");
        ask(&keeper, "create", json!({"room": 5, "bitrate": 0}));
        let from = attach(&session, "videoroom");
        ask(&from, "join", json!({"room": 5, "ptype": "publisher", "id": 7}));
        hear(&from, "hangup");
        let sent = begin(&from, &json!({"play_from": sample("vp8_opus.webm"), "loop": true}));
        // Those who join hear of it.
        while ask(&keeper, "listparticipants", json!({"room": 5}))["participants"][0]["publisher"] != Value::Bool(true)
        {
            std::thread::yield_now();
        }
        let handle = attach(&session, "videoroom");
        let to = folder.path(&format!("{turn}.webm"));
        let id = flowed(&handle, &json!({"room": 5, "feeds": [7], "record_to": to}), 40);
        ask(&keeper, "destroy", json!({"room": 5}));
        assert_eq!(answered(&from, sent).unwrap()["end"], "hangup");
        // The server tells those who subscribe nothing at all: it is theirs to end it.
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
        assert_eq!(answered(&handle, id).unwrap()["files"][0]["complete"], true);
        good(&to);
        close(&session);
    });
}

/// The publisher is thrown out.
#[test]
fn a_publisher_that_is_kicked() {
    let janus = start();
    let keeper = hold(&janus);
    ten("kicked", &[], |turn| {
        let session = open(&janus);
        let from = attach(&session, "videoroom");
        let feed = 100 + turn;
        ask(&from, "join", json!({"room": 5, "ptype": "publisher", "id": feed}));
        hear(&from, "webrtcup");
        let sent = begin(&from, &json!({"play_from": sample("vp8_opus.webm"), "loop": true}));
        until(&from, |event| (event.kind() == Kind::Message).then_some(()));
        let boss = attach(&session, "videoroom");
        boss.request(Some("kick"), None, &crate::bed::args(&json!({"room": 5, "id": feed}))).unwrap();
        let ended = answered(&from, sent);
        if turn == 0 {
            eprintln!("{ended:?}");
        }
        assert!(["hangup", "kicked"].contains(&ended.unwrap()["end"].as_str().unwrap()));
        close(&session);
    });
    close(&keeper);
}
