//! What is refused before anything is sent.

use haft::value::Tree;
use serde_json::json;

use crate::{
    bed::{attach, open, start, try_ask},
    media::samples::sample,
};

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let janus = start();
    let session = open(&janus);
    let file = sample("vp8.ivf").display().to_string();
    let track = json!([{"kind": "video", "codec": "vp8"}]);
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
        ("recordplay", json!({"tracks": track}), "argument", "body"),
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
    let staged = handle.stage(Some("media"), None, &crate::bed::args(&json!({"tracks": track}))).unwrap_err();
    assert_eq!(staged.code(), "unsupported");
}
