//! EchoTest with files: what comes back is what went out.

use std::path::{Path, PathBuf};

use haft::{args::Args, session::Kind};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, open, start, try_ask, until},
    media::{
        probe::{copied, decoded, without_a_word},
        samples::sample,
    },
};

/// The frames of a file, by their sums.
pub fn frames(path: &Path, track: &str) -> Vec<(String, usize)> {
    let filter =
        if path.to_string_lossy().contains("h264") && track.starts_with('v') { "h264_mp4toannexb" } else { "null" };
    copied(path, track, filter)
}

fn echoed(plays: &str, records: &str, tracks: &[&str]) -> Value {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let (from, to): (PathBuf, PathBuf) = (sample(plays), folder.path(records));
    let end = ask(&handle, "media", json!({"play_from": from, "record_to": to}));
    assert_eq!((&end["state"], &end["end"]), (&json!("ended"), &json!("played")), "{end}");
    for track in tracks {
        let (sent, back) = (frames(&from, track), frames(&to, track));
        assert_eq!(back.len(), sent.len(), "{plays} {track}: {end}");
        if plays.contains("h264") {
            // Start codes of three bytes and of four mean the same.
            assert!(decoded(&to, track) == decoded(&from, track), "{plays} {track}");
        } else {
            assert!(back == sent, "{plays} {track}");
        }
    }
    without_a_word(&to);
    let file = &end["files"][0];
    assert_eq!((&file["path"], &file["complete"]), (&json!(to), &json!(true)), "{end}");
    assert_eq!(file["bytes"].as_u64(), Some(to.metadata().unwrap().len()));
    session.close(&Args::new()).unwrap();
    end
}

#[test]
fn a_film_of_vp8_comes_back() {
    let end = echoed("vp8_opus.webm", "back.webm", &["v:0", "a:0"]);
    let tracks = end["tracks"].as_array().unwrap();
    for (kind, codec, frames) in [("video", "vp8", 150), ("audio", "opus", 251)] {
        let track = tracks.iter().find(|track| track["kind"] == kind).unwrap();
        assert_eq!((&track["codec"], &track["direction"]), (&json!(codec), &json!("sendrecv")));
        assert_eq!((&track["sent"]["frames"], &track["received"]["frames"]), (&json!(frames), &json!(frames)), "{end}");
        assert_eq!(track["received"]["lost"], 0, "{end}");
    }
    let duration = end["duration"].as_f64().unwrap();
    assert!((4.9..8.0).contains(&duration), "{duration}");
    for phase in ["ice", "dtls"] {
        assert!(end["ice"][phase].as_f64().unwrap() < 5.0, "{end}");
    }
    assert!(end["ice"]["remote"].as_str().unwrap().starts_with("127.0.0.1:"), "{end}");
}

#[test]
fn a_film_of_h264_comes_back() {
    echoed("h264_opus.mp4", "back.h264.mp4", &["v:0", "a:0"]);
}

#[test]
fn pictures_of_vp9_come_back() {
    echoed("vp9.ivf", "back.ivf", &["v:0"]);
}

#[test]
fn sound_comes_back() {
    echoed("opus.ogg", "back.ogg", &["a:0"]);
}

#[test]
fn sound_in_one_channel_comes_back_in_one() {
    for (name, ending, channels) in
        [("opus_mono.ogg", "ogg", "1"), ("opus_mono.ogg", "webm", "1"), ("opus_mono.ogg", "mp4", "1"), ("opus.ogg", "mp4", "2")]
    {
        let janus = start();
        let folder = Folder::new();
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("back.{ending}"));
        ask(&handle, "media", json!({"play_from": sample(name), "record_to": to, "duration": "1500ms"}));
        let mut probe = std::process::Command::new("ffprobe");
        probe.args(["-v", "error", "-show_entries", "stream=channels", "-of", "csv=p=0"]).arg(&to);
        let shown = probe.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), channels, "{name} {ending}");
        without_a_word(&to);
    }
}

#[test]
fn it_is_told_how_far_it_is() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    hear(&handle, "media");
    let id = handle
        .submit(
            Some("media"),
            None,
            &args(&json!({"play_from": sample("vp8_one.ivf"), "loop": true, "progress": true})),
        )
        .unwrap();
    let mut last = 0;
    for _ in 0.. {
        let bytes = until(&handle, |event| {
            (event.kind() == Kind::Progress && event.id() == id)
                .then(|| crate::bed::json(event)["sent"].as_u64().unwrap())
        });
        assert!(bytes >= last, "{bytes} after {last}");
        if last > 0 && bytes > last {
            break;
        }
        last = bytes;
    }
    ask(&handle, "media_stop", json!({}));
    let end = answered(&handle, id).unwrap();
    assert_eq!(end["end"], "stopped");
    assert!(end["played"][0]["rounds"].as_u64().unwrap() > 1, "{end}");
}

#[test]
fn a_file_is_complete_however_it_ends() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    for way in ["stop", "cancel", "hangup", "detach", "close"] {
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{way}.webm"));
        hear(&handle, "haft.media");
        let id = handle
            .submit(Some("media"), None, &args(&json!({"play_from": sample("vp8_opus.webm"), "record_to": to})))
            .unwrap();
        // A second of it.
        for _ in 0..30 {
            until(&handle, |event| {
                event
                    .value()
                    .and_then(|value| value.root().get("kind")?.as_str().map(str::to_owned))
                    .filter(|kind| kind == "video")
            });
        }
        match way {
            "stop" => drop(ask(&handle, "media_stop", json!({}))),
            "cancel" => handle.cancel(id),
            "hangup" => drop(ask(&handle, "hangup_webrtc", json!({}))),
            "detach" => drop(ask(&handle, "detach", json!({}))),
            _ => handle.close(&Args::new()).unwrap(),
        }
        let ended = answered(&handle, id);
        match way {
            "stop" => assert_eq!(ended.unwrap()["end"], "stopped"),
            "hangup" | "detach" => assert_eq!(ended.unwrap()["end"], "hangup"),
            _ => assert_eq!(ended.unwrap_err().0, "cancelled"),
        }
        let (sent, back) = (frames(&sample("vp8_opus.webm"), "v:0"), frames(&to, "v:0"));
        assert!(back.len() >= 30, "{way}: {}", back.len());
        assert_eq!(back, sent[..back.len()], "{way}");
        without_a_word(&to);
    }
}

#[test]
fn files_that_cannot_go_are_refused_before_anything_is_sent() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let empty = folder.path("empty.webm");
    std::fs::write(&empty, b"").unwrap();
    let odd = folder.path("odd.webm");
    std::fs::write(&odd, b"this is no film at all, and longer than any magic").unwrap();
    for (arguments, word) in [
        (json!({"play_from": folder.path("none.webm")}), "io"),
        (json!({"play_from": folder.path("")}), "io"),
        (json!({"play_from": empty}), "media_file"),
        (json!({"play_from": odd}), "media_file"),
        (json!({"play_from": sample("h264_bframes.h264")}), "media_codec"),
        (json!({"play_from": sample("vorbis.ogg")}), "media_codec"),
        (json!({"play_from": sample("vp8.ivf"), "record_to": folder.path("x.mp4")}), "media_codec"),
        (json!({"play_from": sample("vp8_opus.webm"), "record_to": folder.path("x.ivf")}), "media_codec"),
        (json!({"play_from": sample("vp8.ivf"), "record_to": folder.path("x.avi")}), "argument"),
        (json!({"play_from": sample("vp8.ivf"), "tracks": [{"kind": "audio"}]}), "media_codec"),
    ] {
        let error = try_ask(&handle, "media", &arguments).unwrap_err();
        assert_eq!(error.code(), word, "{arguments}: {error:?}");
        let outcome = error.detail().get("outcome").and_then(|outcome| outcome.as_str());
        assert_eq!(outcome, Some("not_sent"), "{arguments}");
    }
    assert!(std::fs::read_dir(folder.path("")).unwrap().count() == 2, "nothing was written");
    // One track of two, into a file that holds one.
    let to = folder.path("{kind}.ivf");
    let end = ask(
        &handle,
        "media",
        json!({"play_from": sample("vp8_opus.webm"), "tracks": [{"kind": "video"}], "record_to": to, "duration": 1}),
    );
    assert_eq!(end["tracks"].as_array().unwrap().len(), 1, "{end}");
    assert!(folder.path("video.ivf").is_file());
}
