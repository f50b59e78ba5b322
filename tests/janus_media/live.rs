//! Frames of the host to the server, and of the server to the host.

use std::sync::Arc;

use haft::{args::Args, session::Kind, value::Tree};
use serde_json::{Value, json};

use crate::{
    bed::{answered, args, ask, attach, hear, json, open, start, try_ask, until},
    media::samples::bytes,
};

/// The frames of an IVF file, with their times in seconds.
pub fn ivf(name: &str) -> Vec<(f64, Vec<u8>)> {
    let file = bytes(name);
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (rate, scale) = (f64::from(number(16)), f64::from(number(20)));
    let mut at = 32;
    let mut frames = Vec::new();
    while at + 12 <= file.len() {
        let size = number(at) as usize;
        let time = u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap());
        frames.push((time as f64 * scale / rate, file[at + 12..at + 12 + size].to_vec()));
        at += 12 + size;
    }
    frames
}

fn frame(mid: Option<&str>, data: Tree, pts: Tree) -> Args {
    let mut args = Args::new();
    if let Some(mid) = mid {
        args.set("mid", mid);
    }
    args.set("data", data);
    args.set("pts", pts);
    args
}

#[test]
fn frames_of_the_host_come_back_as_they_were() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    hear(&handle, "haft.media");
    hear(&handle, "data");
    let begun = ask(
        &handle,
        "media",
        json!({"tracks": [{"kind": "video", "codec": "vp8"}], "channel": "talk", "until": "connected"}),
    );
    assert_eq!(begun["state"], "flowing", "{begun}");
    let track = &begun["tracks"][0];
    assert_eq!(
        (&track["kind"], &track["codec"], &track["direction"]),
        (&json!("video"), &json!("vp8"), &json!("sendrecv"))
    );
    let mid = track["mid"].as_str().unwrap();
    let frames = ivf("vp8.ivf");
    for (at, (pts, data)) in frames.iter().take(40).enumerate() {
        let data = Tree::Bytes(Arc::from(&**data));
        // The only track needs no name.
        let mid = (at % 2 == 0).then_some(mid);
        handle.request(Some("write_frame"), None, &frame(mid, data, Tree::Double(*pts))).unwrap();
    }
    for (at, (pts, data)) in frames.iter().take(40).enumerate() {
        let (found, shown) = until(&handle, |event| {
            let root = event.value()?.root();
            let data = root.get("data")?.bytes()?.to_vec();
            root.get("mid")?;
            Some((
                data,
                (root.get("pts")?.double()?, root.get("keyframe")?.truth()?, root.get("codec")?.as_str()?.to_owned()),
            ))
        });
        assert_eq!(&found, data, "frame {at}");
        assert!((shown.0 - pts).abs() < 0.001, "frame {at}: {} instead of {pts}", shown.0);
        assert_eq!((shown.1, &*shown.2), (at == 0 || at == 30, "vp8"), "frame {at}");
    }
    handle.request(Some("write_frame"), None, &args(&json!({"label": "talk", "data": "hello"}))).unwrap();
    let heard = until(&handle, |event| Some(json(event)).filter(|value| value["label"] == "talk"));
    assert_eq!(heard["data"], "Janus EchoTest here! You wrote: hello");
    for (arguments, word, key) in [
        (json!({"pts": 9, "mid": mid}), "argument", "data"),
        (json!({"pts": 9, "data": "text", "mid": mid}), "argument", "data"),
        (json!({"label": "talk", "data": 7}), "argument", "data"),
        (json!({"label": "talk", "data": "x", "pts": 1}), "argument", "pts"),
    ] {
        let error = try_ask(&handle, "write_frame", &arguments).unwrap_err();
        let found = error.detail().get("key").and_then(Tree::as_str);
        assert_eq!((error.code(), found), (word, Some(key)), "{arguments}: {error:?}");
    }
    let data = || Tree::Bytes(Arc::from(&frames[0].1[..]));
    for (mid, data, pts, word, key) in [
        (Some(mid), data(), Tree::Double(f64::NAN), "argument", "pts"),
        (Some(mid), data(), Tree::Double(-1.0), "argument", "pts"),
        (Some(mid), data(), Tree::Double(0.0), "argument", "pts"),
        (Some(mid), data(), Tree::Null, "argument", "pts"),
        (Some("nine"), data(), Tree::Double(90.0), "argument", "mid"),
        (Some(mid), Tree::Bytes(Arc::from(&[][..])), Tree::Double(90.0), "argument", "data"),
    ] {
        let error = handle.request(Some("write_frame"), None, &frame(mid, data, pts.clone())).unwrap_err();
        let found = error.detail().get("key").and_then(Tree::as_str);
        assert_eq!((error.code(), found), (word, Some(key)), "{mid:?} {pts:?}: {error:?}");
    }
    let error = try_ask(&handle, "media", &json!({"channel": true})).unwrap_err();
    assert_eq!(error.code(), "busy");
    let end = ask(&handle, "media_stop", json!({}));
    assert_eq!((&end["state"], &end["end"]), (&json!("ended"), &json!("stopped")));
    assert_eq!(end["tracks"][0]["received"]["frames"], 40);
    assert_eq!(end["tracks"][0]["sent"]["frames"], 40);
    // It is shown as long as there is no other.
    let shown: Value =
        serde_json::from_str(&handle.inspect("media", &Args::new()).unwrap().value().unwrap().root().to_json())
            .unwrap();
    assert_eq!(shown["end"], "stopped");
    let error = handle.request(Some("write_frame"), None, &frame(None, data(), Tree::Double(99.0))).unwrap_err();
    assert_eq!(error.code(), "media_state");
}

#[test]
fn the_end_comes_from_every_side() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let tracks = json!([{"kind": "video", "codec": "vp8"}]);
    // Time.
    let end = ask(&handle, "media", json!({"tracks": tracks, "duration": "300ms"}));
    assert_eq!(end["end"], "duration");
    // Again, on the same handle, after each end.
    let begin = || handle.submit(Some("media"), None, &args(&json!({"tracks": tracks, "tag": "m"}))).unwrap();
    hear(&handle, "webrtcup");
    let up = || {
        until(&handle, |event| {
            assert_ne!(event.kind(), Kind::Response, "{:?}", event.failure());
            (event.kind() == Kind::Message).then_some(())
        });
    };
    let id = begin();
    up();
    let stopped = ask(&handle, "media_stop", json!({}));
    assert_eq!(stopped["end"], "stopped");
    assert_eq!(answered(&handle, id).unwrap()["end"], "stopped");
    // The host cancels the call.
    let id = begin();
    up();
    handle.cancel(id);
    assert_eq!(answered(&handle, id).unwrap_err().0, "cancelled");
    // The server hangs up.
    let id = begin();
    up();
    ask(&handle, "hangup_webrtc", json!({}));
    assert_eq!(answered(&handle, id).unwrap()["end"], "hangup");
    // The handle goes.
    let id = begin();
    up();
    ask(&handle, "detach", json!({}));
    assert_eq!(answered(&handle, id).unwrap()["end"], "hangup");
    let error = try_ask(&handle, "media", &json!({"tracks": tracks})).unwrap_err();
    assert_eq!(error.code(), "closed");
    // The session goes.
    let handle = attach(&session, "echotest");
    hear(&handle, "webrtcup");
    let id = handle.submit(Some("media"), None, &args(&json!({"tracks": tracks}))).unwrap();
    until(&handle, |event| (event.kind() == Kind::Message).then_some(()));
    session.close(&Args::new()).unwrap();
    assert_eq!(answered(&handle, id).unwrap_err().0, "cancelled");
}
