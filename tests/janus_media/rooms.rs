//! VideoRoom: a file is published, feeds are recorded while they come and go.

use haft::{
    args::Args,
    session::{Kind, Session},
};
use haft_sandbox::janus::Janus;
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, data, hear, open, start, try_ask, until},
    files::frames,
    janus::relay::{Relay, Side},
    media::{probe::without_a_word, samples::sample},
};

/// Publishes under this number until it is stopped.
fn publisher(session: &Session, id: u64, file: &str) -> Session {
    let handle = attach(session, "videoroom");
    let begun = ask(
        &handle,
        "media",
        json!({"room": 1234, "body": {"id": id, "display": format!("n{id}")}, "play_from": sample(file), "loop": true,
               "until": "connected"}),
    );
    assert_eq!(begun["state"], "flowing", "{begun}");
    assert!(begun["tracks"].as_array().unwrap().iter().all(|track| track["direction"] == "sendonly"), "{begun}");
    handle
}

/// Begins to receive, and waits for pictures of each of so many feeds.
fn recorder(handle: &Session, arguments: &Value, feeds: &[u64]) -> u64 {
    hear(handle, "haft.media");
    let id = handle.submit(Some("media"), None, &args(arguments)).unwrap();
    pictures(handle, feeds);
    id
}

/// Waits for twenty pictures of each of these feeds.
#[track_caller]
fn pictures(handle: &Session, feeds: &[u64]) {
    let mut counts: Vec<u32> = feeds.iter().map(|_| 0).collect();
    while counts.iter().any(|count| *count < 20) {
        let feed = until(handle, |event| {
            assert_ne!(event.kind(), Kind::Response, "{:?} {:?}", event.failure(), crate::bed::json(event));
            let root = event.value()?.root();
            if root.get("kind")?.as_str()? != "video" {
                return None;
            }
            Some((root.get("feed")?.int()?, root.get("keyframe")?.truth()?))
        });
        let (feed, keyframe) = feed;
        let at = feeds.iter().position(|known| i64::try_from(*known).ok() == Some(feed));
        // A file begins with a keyframe.
        if let Some(at) = at
            && (keyframe || counts[at] > 0)
        {
            counts[at] += 1;
        }
    }
}

/// What was recorded is a part of what was played again and again, without a gap.
#[track_caller]
fn is_part(folder: &Folder, name: &str, of: &str) {
    let path = folder.path(name);
    without_a_word(&path);
    let (whole, part) = (frames(&sample(of), "v:0"), frames(&path, "v:0"));
    assert!(part.len() >= 15, "{name}: {} frames", part.len());
    let at = whole.iter().position(|frame| *frame == part[0]).expect("a frame of the file");
    for (place, frame) in part.iter().enumerate() {
        assert_eq!(*frame, whole[(at + place) % whole.len()], "{name}: frame {place}");
    }
}

/// Waits until a file is said to be complete.
#[track_caller]
fn completed(handle: &Session, path: &std::path::Path) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let shown = shown(handle);
        let files = shown["files"].as_array().unwrap();
        if files.iter().any(|file| file["path"] == json!(path) && file["complete"] == true) {
            return;
        }
        assert!(std::time::Instant::now() < end, "{shown}");
        // The others go on meanwhile.
        until(handle, |event| event.value()?.root().get("pts").map(drop));
    }
}

fn shown(handle: &Session) -> Value {
    let shown = handle.inspect("media", &Args::new()).unwrap();
    serde_json::from_str(&shown.value().unwrap().root().to_json()).unwrap()
}

fn joined(janus: &Janus, count: usize) {
    let session = open(janus);
    let handle = attach(&session, "videoroom");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let list = ask(&handle, "listparticipants", json!({"room": 1234}));
        let publishing = list["participants"].as_array().unwrap().iter().filter(|one| one["publisher"] == true).count();
        if publishing == count {
            break;
        }
        assert!(std::time::Instant::now() < until, "{list}");
        std::thread::yield_now();
    }
    session.close(&Args::new()).unwrap();
}

#[test]
fn three_record_what_one_publishes() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let publisher = publisher(&session, 42, "vp8_opus.webm");
    let others: Vec<Session> = (0..3).map(|_| open(&janus)).collect();
    let handles: Vec<Session> = others.iter().map(|other| attach(other, "videoroom")).collect();
    let begin = |(at, handle): (usize, &Session)| {
        let to = folder.path(&format!("{at}-{{feed}}.webm"));
        recorder(handle, &json!({"room": 1234, "feeds": [42], "record_to": to}), &[42])
    };
    let ids: Vec<u64> = handles.iter().enumerate().map(begin).collect();
    // The publisher ends: so do they.
    let end = ask(&publisher, "media_stop", json!({}));
    assert_eq!(end["end"], "stopped", "{end}");
    for (at, (handle, id)) in handles.iter().zip(ids).enumerate() {
        let end = answered(handle, id).unwrap();
        assert_eq!(end["end"], "feeds_left", "{end}");
        // Who sent is known behind the end, beside the numbers of what came.
        for shown in [&end, &shown(handle)] {
            for track in shown["tracks"].as_array().unwrap() {
                assert_eq!((&track["feed"], &track["direction"]), (&json!(42), &json!("inactive")), "{shown}");
                assert!(track["received"]["frames"].as_u64().unwrap() > 0, "{shown}");
            }
        }
        let name = format!("{at}-42.webm");
        assert_eq!(end["files"][0]["path"], json!(folder.path(&name)));
        is_part(&folder, &name, "vp8_opus.webm");
        assert!(!frames(&folder.path(&name), "a:0").is_empty());
    }
    // The handle is in the room still, and publishes again.
    let again = ask(&publisher, "media", json!({"play_from": sample("vp8.ivf"), "duration": "500ms"}));
    assert_eq!(again["end"], "duration", "{again}");
    let error = try_ask(&publisher, "media", &json!({"play_from": sample("vp8.ivf"), "room": 99})).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some("room"), "{error:?}");
}

#[test]
fn feeds_come_and_go_while_others_are_recorded() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let one = publisher(&session, 1, "vp8_opus.webm");
    let two = publisher(&session, 2, "vp8.ivf");
    joined(&janus, 2);
    let other = open(&janus);
    let handle = attach(&other, "videoroom");
    let id =
        recorder(&handle, &json!({"room": 1234, "feeds": [1, 2], "record_to": folder.path("{feed}.webm")}), &[1, 2]);
    // One leaves: its file is complete, the other goes on.
    hear(&handle, "event:updated");
    ask(&two, "media_stop", json!({}));
    until(&handle, |event| Some(data(event)).filter(|data| data["videoroom"] == "updated"));
    pictures(&handle, &[1]);
    completed(&handle, &folder.path("2.webm"));
    is_part(&folder, "2.webm", "vp8.ivf");
    // A third one comes by the host's own request.
    let three = publisher(&session, 3, "vp8_opus.mkv");
    joined(&janus, 2);
    let updated = ask(&handle, "update", json!({"subscribe": [{"feed": 3}]}));
    assert_eq!(updated["videoroom"], "updated", "{updated}");
    pictures(&handle, &[1, 3]);
    // A track goes over to another feed.
    let four = publisher(&session, 4, "vp8_opus.webm");
    joined(&janus, 3);
    let video = |handle: &Session, feed: Value| {
        let shown = shown(handle);
        let mut tracks = shown["tracks"].as_array().unwrap().iter();
        tracks.find(|track| track["feed"] == feed && track["kind"] == "video").unwrap()["mid"].clone()
    };
    let (theirs, ours) = (video(&four, Value::Null), video(&handle, json!(1)));
    let switch = json!({"streams": [{"feed": 4, "mid": theirs, "sub_mid": ours}]});
    ask(&handle, "switch", switch);
    pictures(&handle, &[4]);
    ask(&one, "media_stop", json!({}));
    ask(&three, "media_stop", json!({}));
    ask(&four, "media_stop", json!({}));
    let end = answered(&handle, id).unwrap();
    assert_eq!(end["end"], "feeds_left", "{end}");
    let files: Vec<&Value> = end["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(files, [&json!(folder.path("1.webm")), &json!(folder.path("2.webm")), &json!(folder.path("3.webm"))]);
    assert!(end["files"].as_array().unwrap().iter().all(|file| file["complete"] == true), "{end}");
    is_part(&folder, "3.webm", "vp8_opus.mkv");
    without_a_word(&folder.path("1.webm"));
}

/// The first keyframe of a feed comes as soon as the server has the answer, and is recorded although it has not said so yet.
#[test]
fn a_feed_is_recorded_from_its_first_keyframe() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let _one = publisher(&session, 1, "vp8.ivf");
    joined(&janus, 1);
    let (relay, server) = Relay::of(&janus.ws);
    let other = Session::create(&format!("janus+{server}"), &Args::new()).unwrap();
    let handle = attach(&other, "videoroom");
    let to = folder.path("{feed}.webm");
    let id = recorder(&handle, &json!({"room": 1234, "feeds": [1], "record_to": to}), &[1]);
    let _two = publisher(&session, 2, "vp8_opus.webm");
    joined(&janus, 2);
    relay.hold_behind(|side, message| side == Side::Client && message["body"]["request"] == "start");
    ask(&handle, "update", json!({"subscribe": [{"feed": 2}]}));
    pictures(&handle, &[2]);
    relay.hold(false);
    let end = ask(&handle, "media_stop", json!({}));
    assert_eq!(answered(&handle, id).unwrap()["end"], "stopped", "{end}");
    is_part(&folder, "2.webm", "vp8_opus.webm");
    assert!(frames(&folder.path("2.webm"), "v:0").len() >= 20, "{end}");
}

#[test]
fn what_the_server_refuses_is_an_error() {
    let janus = start();
    let session = open(&janus);
    for (arguments, word) in [
        (json!({"room": 99, "play_from": sample("vp8.ivf")}), "plugin_no_such_room"),
        (json!({"play_from": sample("vp8.ivf")}), "plugin_not_joined"),
        (json!({"room": 1234, "feeds": [77]}), "plugin_no_such_feed"),
    ] {
        let handle = attach(&session, "videoroom");
        let error = try_ask(&handle, "media", &arguments).unwrap_err();
        assert_eq!(error.code(), word, "{arguments}: {error:?}");
    }
    let keeper = attach(&session, "videoroom");
    ask(&keeper, "create", json!({"room": 7, "videocodec": "vp8"}));
    let handle = attach(&session, "videoroom");
    let error = try_ask(&handle, "media", &json!({"room": 7, "play_from": sample("vp9.ivf")})).unwrap_err();
    assert_eq!(error.code(), "plugin_invalid_element", "{error:?}");
}
