//! Streaming, AudioBridge and Record&Play with files.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, open, start, until},
    files::frames,
    media::{
        probe::{packets, without_a_word},
        samples::sample,
    },
};

/// A process that ends with the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_mountpoint_is_recorded() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let keeper = attach(&session, "streaming");
    let media = json!([{"type": "video", "mid": "v", "port": 0, "pt": 96, "codec": "vp8"}]);
    let made = ask(&keeper, "create", json!({"type": "rtp", "id": 5, "pin": "p", "secret": "s", "media": media}));
    let port = made["stream"]["ports"][0]["port"].as_u64().unwrap();
    let ffmpeg = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i"])
        .arg(sample("vp8.ivf"))
        .args(["-c", "copy", "-payload_type", "96", "-f", "rtp"])
        .arg(format!("rtp://127.0.0.1:{port}?pkt_size=1200"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _ffmpeg = Guarded(ffmpeg);
    let viewer = attach(&session, "streaming");
    let error = crate::bed::try_ask(&viewer, "media", &json!({"id": 5})).unwrap_err();
    assert_eq!(error.code(), "plugin_missing_element", "{error:?}");
    let viewer = attach(&session, "streaming");
    hear(&viewer, "haft.media");
    let to = folder.path("seen.webm");
    let id =
        viewer.submit(Some("media"), None, &args(&json!({"id": 5, "body": {"pin": "p"}, "record_to": to}))).unwrap();
    for _ in 0..60 {
        until(&viewer, |event| {
            assert!(event.failure().is_none(), "{:?}", event.failure());
            event.value()?.root().get("pts").map(drop)
        });
    }
    // The mountpoint goes.
    ask(&keeper, "destroy", json!({"id": 5, "secret": "s"}));
    let end = answered(&viewer, id).unwrap();
    assert!(["ended", "hangup"].contains(&end["end"].as_str().unwrap()), "{end}");
    let (whole, part) = (frames(&sample("vp8.ivf"), "v:0"), frames(&to, "v:0"));
    assert!(part.len() > 10 && part.iter().all(|frame| whole.contains(frame)), "{} of {}", part.len(), whole.len());
    without_a_word(&to);
}

#[test]
fn sound_goes_over_a_bridge() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let (one, other) = (attach(&session, "audiobridge"), attach(&session, "audiobridge"));
    let to = folder.path("mixed.ogg");
    hear(&other, "haft.media");
    let hears = other
        .submit(Some("media"), None, &args(&json!({"room": 1234, "record_to": to, "body": {"display": "hears"}})))
        .unwrap();
    until(&other, |event| {
        assert!(event.failure().is_none(), "{:?}", event.failure());
        event.value()?.root().get("pts").map(drop)
    });
    let end = ask(&one, "media", json!({"room": 1234, "play_from": sample("opus.ogg"), "duration": 2}));
    assert_eq!(end["end"], "duration", "{end}");
    let end = ask(&other, "media_stop", json!({}));
    assert_eq!(end["files"][0]["complete"], true, "{end}");
    assert_eq!(answered(&other, hears).unwrap()["end"], "stopped");
    without_a_word(&to);
    assert!(packets(&to).len() > 80, "{}", packets(&to).len());
    // Both have left the room, which they had joined for it.
    let list = ask(&one, "listparticipants", json!({"room": 1234}));
    assert_eq!(list["participants"], json!([]), "{list}");
}

#[test]
fn the_server_records_and_plays() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = attach(&session, "recordplay");
    let arguments = json!({"play_from": sample("vp8_opus.webm"), "id": 7, "body": {"name": "n"}, "duration": 3});
    let end = ask(&handle, "media", arguments);
    assert_eq!(end["end"], "duration", "{end}");
    let keeper = attach(&session, "recordplay");
    ask(&keeper, "update", json!({}));
    let list: Value = ask(&keeper, "list", json!({}));
    assert_eq!(list["list"][0]["id"], 7, "{list}");
    let to = folder.path("again.webm");
    let end = ask(&handle, "media", json!({"id": 7, "record_to": to}));
    assert!(["ended", "hangup"].contains(&end["end"].as_str().unwrap()), "{end}");
    let (whole, part) = (frames(&sample("vp8_opus.webm"), "v:0"), frames(&to, "v:0"));
    assert!(
        part.len() > 30 && part.iter().all(|frame| whole.contains(frame)),
        "{} of {}: {end}",
        part.len(),
        whole.len()
    );
    without_a_word(&to);
}
