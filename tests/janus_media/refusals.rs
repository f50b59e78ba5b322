//! What is refused before anything is sent.

use haft::value::Tree;
use serde_json::json;

use crate::{
    bed::{Folder, ask, attach, open, start, try_ask},
    media::samples::sample,
};

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let janus = start();
    let session = open(&janus);
    let file = sample("vp8.ivf").display().to_string();
    let track = json!([{"kind": "video", "codec": "vp8"}]);
    // A name that leads to no file, where nothing but its ending would tell.
    let folder = Folder::new();
    let full = folder.path("full.ivf");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    for (plugin, arguments, word, key) in [
        ("echotest", json!({}), "argument", "play_from"),
        ("echotest", json!({"record_to": "/tmp/x.ivf"}), "argument", "play_from"),
        ("echotest", json!({"play_frm": file}), "argument", "play_frm"),
        ("echotest", json!({"play_from": 7}), "argument", "play_from"),
        ("echotest", json!({"play_from": ""}), "argument", "play_from"),
        ("echotest", json!({"play_from": file, "record_to": "/no/such/folder/x.ivf"}), "argument", "record_to"),
        ("echotest", json!({"play_from": file, "record_to": "/tmp"}), "argument", "record_to"),
        ("echotest", json!({"play_from": file, "role": "publisher"}), "argument", "role"),
        ("echotest", json!({"play_from": file, "room": 1}), "argument", "room"),
        ("echotest", json!({"play_from": file, "until": "soon"}), "argument", "until"),
        ("echotest", json!({"play_from": file, "body": {"bitrat": 1}}), "argument", "body.bitrat"),
        ("echotest", json!({"play_from": file, "body": 1}), "argument", "body"),
        ("echotest", json!({"play_from": file, "body": {"bitrate": -1}}), "argument", "body.bitrate"),
        ("echotest", json!({"play_from": file, "record_to": "/dev/null"}), "argument", "record_to"),
        ("echotest", json!({"play_from": file, "record_to": full}), "argument", "record_to"),
        ("echotest", json!({"play_from": file, "record_to": "/tmp/a\0.ivf"}), "argument", "record_to"),
        ("echotest", json!({"tracks": track, "channel": ""}), "argument", "channel"),
        ("echotest", json!({"tracks": track, "channel": "x".repeat(1025)}), "argument", "channel"),
        ("echotest", json!({"tracks": [{"kind": "video", "codec": "h265"}]}), "media_codec", "tracks"),
        ("echotest", json!({"tracks": [{"kind": "text"}]}), "argument", "tracks"),
        ("echotest", json!({"tracks": [{"kind": "audio", "codec": "vp8"}]}), "argument", "tracks"),
        ("echotest", json!({"tracks": [{}]}), "argument", "tracks"),
        ("echotest", json!({"tracks": [{"kind": "video", "mid": "0"}]}), "argument", "tracks"),
        ("echotest", json!({"tracks": [{"kind": "video", "codek": "vp8"}]}), "argument", "tracks"),
        ("echotest", json!({"tracks": track, "loop": true}), "argument", "loop"),
        ("echotest", json!({"tracks": track, "channel": 1}), "argument", "channel"),
        ("echotest", json!({"tracks": track, "ice_servers": [{"urls": "turn:a.b:1"}]}), "unsupported", "ice_servers"),
        ("echotest", json!({"tracks": track, "ice_servers": [{"url": "stun:a.b:1"}]}), "argument", "ice_servers"),
        ("echotest", json!({"tracks": track, "ice_servers": ["stun:a.b:1"]}), "argument", "ice_servers"),
        ("echotest", json!({"tracks": track, "local_addresses": ["here"]}), "argument", "local_addresses"),
        ("echotest", json!({"tracks": track, "duration": -1}), "argument", "duration"),
        ("echotest", json!({"tracks": track, "duration": 0}), "argument", "duration"),
        ("echotest", json!({"tracks": track, "duration": "0s"}), "argument", "duration"),
        ("videoroom", json!({"room": 1234}), "argument", "play_from"),
        ("videoroom", json!({"role": "viewer"}), "argument", "role"),
        ("videoroom", json!({"feeds": [1]}), "argument", "room"),
        ("videoroom", json!({"role": "subscriber", "room": 1234}), "argument", "feeds"),
        ("videoroom", json!({"feeds": [1], "room": 1234, "play_from": file}), "argument", "feeds"),
        ("videoroom", json!({"feeds": [1, 2], "room": 1234, "record_to": "/tmp/x.webm"}), "argument", "record_to"),
        ("videocall", json!({"role": "caller", "tracks": track}), "argument", "username"),
        ("streaming", json!({}), "argument", "id"),
        ("streaming", json!({"id": 1, "play_from": file}), "argument", "play_from"),
        ("recordplay", json!({}), "argument", "id"),
        ("recordplay", json!({"tracks": track}), "argument", "body.name"),
        ("audiobridge", json!({"room": 1234, "tracks": track}), "argument", "tracks"),
        ("textroom", json!({"record_to": "/tmp/x"}), "argument", "record_to"),
        ("nosip", json!({"play_from": file}), "unsupported", "verb"),
    ] {
        let handle = attach(&session, plugin);
        let error = try_ask(&handle, "media", &arguments).unwrap_err();
        let found = error.detail().get("key").and_then(Tree::as_str);
        assert_eq!((error.code(), found), (word, Some(key)), "{plugin} {arguments}: {error:?}");
        assert_eq!(error.detail().get("outcome").and_then(Tree::as_str), Some("not_sent"), "{plugin} {arguments}");
    }
    let handle = attach(&session, "echotest");
    let error =
        handle.request(Some("media"), Some("target"), &crate::bed::args(&json!({"tracks": track}))).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some("target"));
    // Neither media nor what goes over a data channel is a message, and only those can wait or be looked at.
    let texts = attach(&session, "textroom");
    for (handle, verb) in
        [(&handle, "media"), (&handle, "media_stop"), (&handle, "write_frame"), (&texts, "join"), (&texts, "message")]
    {
        let arguments = crate::bed::args(&json!({"room": 1234, "text": "x"}));
        let staged = handle.stage(Some(verb), None, &arguments).map(drop).unwrap_err();
        let prepared = handle.prepare(Some(verb), None, &arguments).map(drop).unwrap_err();
        for (error, done) in [(staged, "staged"), (prepared, "prepared")] {
            let said = format!("{verb} cannot be {done}: only messages can");
            assert_eq!((error.code(), error.message()), ("unsupported", &*said));
        }
    }
    let written = json!({"room": 1234, "text": "a\0b"});
    let error = try_ask(&texts, "message", &written).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some("text"), "{error:?}");
}

/// A label goes out in one packet, and a longer one had no room in it.
#[test]
fn labels_of_channels_have_an_end() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let shown = ask(&handle, "media", json!({"channel": "x".repeat(1024), "until": "connected"}));
    assert_eq!(shown["state"], "flowing", "{shown}");
    for (label, fine) in [(String::new(), false), ("ä".repeat(513), false), ("ä".repeat(512), true)] {
        let said = try_ask(&handle, "write_frame", &json!({"label": label, "data": "hello"}));
        let key = said.as_ref().err().and_then(|error| error.detail().get("key")?.as_str().map(str::to_owned));
        assert_eq!((said.is_ok(), key.as_deref()), (fine, (!fine).then_some("label")), "{said:?}");
    }
    assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
}
