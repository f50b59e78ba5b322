//! How media ends, and what a handle and the host have of it afterwards.

use std::time::{Duration, Instant};

use haft::{args::Args, session::Session};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, open, start, try_ask, until},
    janus::relay::{Relay, Side},
    media::samples::sample,
};

fn frames(handle: &haft::session::Session, count: usize) {
    for _ in 0..count {
        until(handle, |event| {
            assert!(event.failure().is_none(), "{:?}", event.failure());
            event.value()?.root().get("pts").map(drop)
        });
    }
}

/// The server answers no `stop` of who watches a mountpoint that is gone, or of which nothing was seen.
#[test]
fn a_mountpoint_that_goes_or_shows_nothing_is_left_at_once() {
    let janus = start();
    let session = open(&janus);
    let keeper = attach(&session, "streaming");
    let media = json!([{"type": "video", "mid": "v", "port": 0, "pt": 96, "codec": "vp8"}]);
    for id in [5, 6] {
        ask(&keeper, "create", json!({"type": "rtp", "id": id, "secret": "s", "media": media}));
    }
    let viewer = attach(&session, "streaming");
    let begun = Instant::now();
    for _ in 0..2 {
        let shown = ask(&viewer, "media", json!({"id": 5, "until": "connected"}));
        assert_eq!(shown["state"], "flowing", "{shown}");
        assert_eq!(ask(&viewer, "media_stop", json!({}))["end"], "stopped");
    }
    hear(&viewer, "webrtcup");
    let id = viewer.submit(Some("media"), None, &args(&json!({"id": 6}))).unwrap();
    until(&viewer, |event| (crate::bed::json(event)["janus"] == "webrtcup").then_some(()));
    ask(&keeper, "destroy", json!({"id": 6, "secret": "s"}));
    let end = answered(&viewer, id).unwrap();
    assert!(["ended", "hangup"].contains(&end["end"].as_str().unwrap()), "{end}");
    // A goodbye that nobody answers was waited for as long as a request is, thirty seconds.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    session.close(&haft::args::Args::new()).unwrap();
}

/// A Janus takes down whatever connection a handle has by then when it is done with the last one, some time after it has said
/// that it has hung up. Without a pause every fortieth of these had no way to the server, or lost it at once.
#[test]
fn a_handle_has_one_connection_after_the_other() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let arguments = json!({"tracks": [{"codec": "opus"}], "until": "connected", "timeout": 10});
    let mut stopped: Option<Instant> = None;
    for _ in 0..10 {
        let shown = ask(&handle, "media", arguments.clone());
        assert_eq!(shown["state"], "flowing", "{shown}");
        assert!(stopped.is_none_or(|stopped| stopped.elapsed() >= Duration::from_millis(200)));
        stopped = Some(Instant::now());
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
    }
}

/// The plugin does not forget that it was set up, and offers another connection only by `restart`.
#[test]
fn a_text_room_can_be_set_up_again() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "textroom");
    for _ in 0..3 {
        let joined = ask(&handle, "join", json!({"room": 1234, "username": "ann"}));
        assert_eq!(joined["textroom"], "success", "{joined}");
        assert_eq!(ask(&handle, "message", json!({"room": 1234, "text": "x"}))["textroom"], "success");
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
    }
}

/// A connection that ends takes its participant out of the room of AudioBridge.
#[test]
fn an_audio_bridge_is_joined_again() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "audiobridge");
    let there = || ask(&handle, "listparticipants", json!({"room": 1234}))["participants"].as_array().unwrap().len();
    ask(&handle, "join", json!({"room": 1234, "display": "x"}));
    let speak = json!({"room": 1234, "tracks": [{"kind": "audio"}], "duration": 0.2});
    for _ in 0..2 {
        assert_eq!(ask(&handle, "media", speak.clone())["end"], "duration");
        assert_eq!(there(), 0);
    }
    // What fails behind the join leaves as well.
    let wrong = json!({"room": 1234, "tracks": [{"kind": "audio"}], "timeout": "1ms"});
    try_ask(&handle, "media", &wrong).unwrap_err();
    assert_eq!(ask(&handle, "media", speak)["end"], "duration");
    assert_eq!(there(), 0);
    // Pictures are refused before anything is sent, with what to do about it.
    let error = try_ask(&handle, "media", &json!({"room": 1234, "play_from": sample("vp8_opus.webm")})).unwrap_err();
    let detail: Value = serde_json::from_str(&haft::value::Tree::Object(error.detail().clone()).to_json()).unwrap();
    assert_eq!((error.code(), &detail["outcome"]), ("media_codec", &json!("not_sent")), "{error:?}");
    assert!(error.message().contains(r#"[{"kind": "audio"}]"#), "{error:?}");
    // A room that is not the one that was joined was not asked for.
    ask(&handle, "join", json!({"room": 1234}));
    let error = try_ask(&handle, "media", &json!({"room": 4321, "tracks": [{"kind": "audio"}]})).unwrap_err();
    assert_eq!(error.known_outcome().map(|outcome| format!("{outcome:?}")).as_deref(), Some("NotSent"), "{error:?}");
}

/// A join that was not answered in time is taken back behind its answer, so that nobody is left in the room.
#[test]
fn a_join_that_came_too_late_is_taken_back() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = Session::create(&format!("janus+{server}"), &Args::new()).unwrap();
    let handle = attach(&session, "audiobridge");
    relay.hold_behind(|side, message| side == Side::Client && message["body"]["request"] == "join");
    let late = json!({"room": 1234, "tracks": [{"kind": "audio"}], "timeout": "300ms"});
    assert_eq!(try_ask(&handle, "media", &late).unwrap_err().code(), "total_timeout");
    relay.hold(false);
    relay.wait(|messages| {
        let left = |message: &Value| message["plugindata"]["data"]["audiobridge"] == "left";
        messages.iter().any(|(side, message)| *side == Side::Server && left(message))
    });
    let list = ask(&handle, "listparticipants", json!({"room": 1234}));
    assert_eq!(list["participants"], json!([]), "{list}");
    let speak = json!({"room": 1234, "tracks": [{"kind": "audio"}], "duration": 0.2});
    assert_eq!(ask(&handle, "media", speak)["end"], "duration");
}

/// However short it was, and whenever it ended, the numbers are the last ones.
#[test]
fn the_last_numbers_are_those_of_the_end() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    hear(&handle, "haft.media");
    let begun = ask(&handle, "media", json!({"tracks": [{"kind": "audio"}], "until": "connected"}));
    assert_eq!(begun["state"], "flowing");
    for at in 0..10 {
        let mut frame = args(&json!({"pts": f64::from(at) * 0.02}));
        frame.set("data", haft::value::Tree::Bytes(std::sync::Arc::from(&[0xFC, 1, 2, 3, 4, 5, 6, 7][..])));
        handle.request(Some("write_frame"), None, &frame).unwrap();
    }
    frames(&handle, 10);
    let end = ask(&handle, "media_stop", json!({}));
    for way in ["sent", "received"] {
        let numbers = &end["tracks"][0][way];
        let found = (&numbers["frames"], &numbers["packets"], &numbers["bytes"]);
        assert_eq!(found, (&json!(10), &json!(10), &json!(80)), "{way}: {end}");
    }
    assert!(end["ice"]["local"].is_string(), "{end}");
}

/// The file that is played is not emptied to be recorded to, by whatever name.
#[test]
fn what_is_played_is_not_recorded_over() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let file = folder.path("a.webm");
    std::fs::copy(sample("vp8_opus.webm"), &file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    std::os::unix::fs::symlink(&file, folder.path("other.webm")).unwrap();
    std::fs::hard_link(&file, folder.path("video.webm")).unwrap();
    for name in ["a.webm", "other.webm", "{kind}.webm"] {
        let call = json!({"play_from": file, "record_to": folder.path(name)});
        let error = try_ask(&handle, "media", &call).unwrap_err();
        let key = error.detail().get("key").and_then(|key| key.as_str());
        assert_eq!((error.code(), key), ("argument", Some("record_to")), "{name}: {error:?}");
        assert_eq!(
            error.known_outcome().map(|outcome| format!("{outcome:?}")).as_deref(),
            Some("NotSent"),
            "{error:?}"
        );
        assert_eq!(std::fs::read(&file).unwrap(), whole, "{name}");
    }
}

/// What the server answers to a call that is over would be taken into the connection of the next one.
#[test]
fn a_call_that_was_not_waited_for_leaves_nothing() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    for _ in 0..5 {
        let late = json!({"tracks": [{"kind": "audio"}], "timeout": 0});
        assert_eq!(try_ask(&handle, "media", &late).unwrap_err().code(), "total_timeout");
        let end = ask(&handle, "media", json!({"tracks": [{"kind": "video"}], "duration": 0.01}));
        assert_eq!(end["end"], "duration", "{end}");
    }
}

#[test]
fn nothing_to_send_and_nowhere_to_be_are_said_first() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    for (arguments, key) in [
        (json!({"play_from": sample("vp8.ivf"), "tracks": []}), "tracks"),
        (json!({"play_from": sample("vp8.ivf"), "local_addresses": ["0.0.0.0"]}), "local_addresses"),
        (json!({"play_from": sample("vp8.ivf"), "local_addresses": ["ff02::1"]}), "local_addresses"),
    ] {
        let error = try_ask(&handle, "media", &arguments).unwrap_err();
        let found = error.detail().get("key").and_then(|key| key.as_str());
        assert_eq!((error.code(), found), ("argument", Some(key)), "{arguments}: {error:?}");
        assert_eq!(
            error.known_outcome().map(|outcome| format!("{outcome:?}")).as_deref(),
            Some("NotSent"),
            "{error:?}"
        );
    }
    let twice = json!({"tracks": [{"kind": "audio"}], "local_addresses": ["127.0.0.1", "127.0.0.1"], "duration": 0.01});
    assert_eq!(ask(&handle, "media", twice)["end"], "duration");
}
