//! Tracks that cannot go: the message says which and why, and its command makes a file that goes.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    bed::{Folder, ask, attach, open, start, try_ask},
    course::{close, failed, told, usable},
    guard::ten,
    media::{probe, samples::sample},
};

/// One with HEVC in it.
fn hevc(folder: &Folder) -> std::path::PathBuf {
    let path = folder.path("hevc.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args("-nostdin -v error -f lavfi -i testsrc2=size=160x120:rate=30:duration=1 -c:v libx265 -x265-params log-level=none".split(' '));
    assert!(ffmpeg.arg(&path).status().unwrap().success());
    path
}

#[test]
fn tracks_that_cannot_go() {
    let janus = start();
    let folder = Folder::new();
    let mut files = vec![(hevc(&folder), 0, "hevc|hvc1|hev1|h265")];
    for (name, track, codec) in [
        ("h264_aac.mp4", 1, "aac"),
        ("h264_aac.mkv", 1, "aac"),
        ("vorbis.webm", 1, "vorbis"),
        ("vorbis.ogg", 0, "vorbis"),
        ("h264_bframes.mp4", 0, "h264"),
        ("h264_bframes.mkv", 0, "h264|avc"),
        ("h264_bframes.h264", 0, "h264"),
        ("opus_surround.ogg", 0, "opus"),
    ] {
        // A name that a shell would not take for one.
        let path = folder.path(&format!("it's {} {name}", files.len()));
        fs::copy(sample(name), &path).unwrap();
        files.push((path, track, codec));
    }
    let mut commands = Vec::new();
    ten("unfit tracks", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        for (path, track, codec) in &files {
            let error = failed(&handle, &json!({"play_from": path}));
            let detail = told(&error);
            let name = path.display().to_string();
            assert_eq!((error.code(), &detail["outcome"]), ("media_codec", &json!("not_sent")), "{error:?}");
            assert_eq!((&detail["path"], &detail["track"]), (&json!(name), &json!(track)), "{error:?}");
            // As the file names it, which each container does in its way.
            let named = detail["codec"].as_str().unwrap().to_lowercase();
            assert!(codec.split('|').any(|codec| named.contains(codec)), "{detail}");
            let command = detail["command"].as_str().unwrap().to_owned();
            for part in [&name, &format!("track {track}"), &command] {
                assert!(error.message().contains(part), "{part} in {error}");
            }
            if turn == 0 {
                eprintln!("{error}");
                commands.push(command);
            }
        }
        usable(&handle);
        close(&session);
    });
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    for command in commands {
        let before = list(&folder);
        let mut shell = Command::new("sh");
        let done =
            shell.arg("-c").arg(format!("{command} -nostdin -v error")).current_dir(folder.path("")).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
        let after = list(&folder);
        let made = after.iter().find(|path| !before.contains(path)).unwrap_or_else(|| panic!("{command} made none"));
        let kinds: Vec<_> = probe::streams(Path::new(made)).into_iter().map(|stream| stream.kind).collect();
        let end = try_ask(&handle, "media", &json!({"play_from": made, "duration": 0.3}));
        let end = end.unwrap_or_else(|error| panic!("{command}: {error:?}"));
        assert_eq!(end["tracks"].as_array().unwrap().len(), kinds.len(), "{end}");
        for track in end["tracks"].as_array().unwrap() {
            assert!(track["received"]["frames"].as_u64().unwrap() > 0, "{command}: {end}");
        }
        fs::remove_file(made).unwrap();
    }
    close(&session);
}

fn list(folder: &Folder) -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// The other tracks of such a file go, where the host asks for them alone.
#[test]
fn the_others_go_alone() {
    let janus = start();
    ten("the fit track alone", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let end = ask(
            &handle,
            "media",
            json!({"play_from": sample("h264_aac.mp4"), "tracks": [{"kind": "video"}], "duration": 0.3}),
        );
        assert_eq!(end["tracks"].as_array().unwrap().len(), 1, "{end}");
        close(&session);
    });
}

/// The server takes another codec than the file has.
#[test]
fn no_codec_in_common() {
    let janus = start();
    let session = open(&janus);
    let keeper = attach(&session, "videoroom");
    ask(&keeper, "create", json!({"room": 5, "videocodec": "h264"}));
    ten("no common codec", &[], |turn| {
        let session = open(&janus);
        let check = |plugin: &str, arguments: &Value| {
            let handle = attach(&session, plugin);
            let error = failed(&handle, arguments);
            let detail = told(&error);
            if turn == 0 {
                eprintln!("{error} {detail}");
            }
            assert_eq!((error.code(), &detail["codec"]), ("media_codec", &json!("vp8")), "{error:?}");
            assert_eq!(detail["path"], arguments["play_from"], "{error:?}");
            assert_eq!(detail["outcome"], "unknown", "{error:?}");
            handle
        };
        // The room says so itself, before there is an answer.
        let handle = attach(&session, "videoroom");
        let error = failed(&handle, &json!({"play_from": sample("vp8.ivf"), "room": 5, "role": "publisher"}));
        assert_eq!(error.code(), "plugin_invalid_element", "{error:?}");
        assert!(error.message().contains("codec"), "{error:?}");
        // Nobody is left in the room as a publisher without anything.
        assert_eq!(
            ask(&handle, "listparticipants", json!({"room": 5}))["participants"]
                .as_array()
                .map(|all| { all.iter().filter(|one| one["publisher"] == true).count() }),
            Some(0)
        );
        let handle = check("echotest", &json!({"play_from": sample("vp8.ivf"), "body": {"videocodec": "h264"}}));
        usable(&handle);
        close(&session);
    });
    close(&session);
}
