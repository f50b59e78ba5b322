//! Files that cannot be played, or not to their end.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    bed::{Folder, answered, ask, attach, open, start, try_ask},
    course::{begin, begins_as, came, close, failed, good, told, usable},
    guard::ten,
    media::samples::{bytes, sample},
};

const HUGE: u64 = 100 << 30;

/// A file with these bytes at its start, and as long as that.
fn file(folder: &Folder, name: &str, start: &[u8], length: u64) -> PathBuf {
    let path = folder.path(name);
    let mut file = File::create(&path).unwrap();
    file.write_all(start).unwrap();
    file.set_len(length).unwrap();
    path
}

/// Refused before anything is sent, quickly, and with the name of the file.
#[test]
fn files_that_are_no_media() {
    let janus = start();
    let folder = Folder::new();
    let pipe = folder.path("pipe.webm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let directory = folder.path("directory.webm");
    fs::create_dir(&directory).unwrap();
    let mut wrong: Vec<(PathBuf, &str)> = vec![
        (folder.path("missing.webm"), "io"),
        (folder.path("none/missing.webm"), "io"),
        (pipe, "io"),
        (directory, "io"),
        ("/dev/zero".into(), "io"),
        (file(&folder, "empty.webm", b"", 0), "media_file"),
        (file(&folder, "magic.webm", b"GIF89a and then some", 30), "media_file"),
        (file(&folder, "zeros.ivf", b"", 4096), "media_file"),
        (file(&folder, "huge.mp4", b"", HUGE), "media_file"),
    ];
    // The first bytes of each kind, and nothing else.
    for name in ["vp8.ivf", "opus.ogg", "vp8_opus.webm", "vp8_opus.mkv", "h264_opus.mp4", "h264_opus_fragmented.mp4"] {
        for length in [1, 4, 8, 20, 31] {
            let cut = file(&folder, &format!("{length}-{name}"), &bytes(name)[..length], length as u64);
            wrong.push((cut, "media_file"));
        }
    }
    ten("no media", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        for (path, code) in &wrong {
            let began = Instant::now();
            let error = failed(&handle, &json!({"play_from": path}));
            let detail = told(&error);
            let name = path.display().to_string();
            assert_eq!((error.code(), &detail["outcome"]), (*code, &json!("not_sent")), "{name}: {error}");
            assert_eq!(detail["path"], name, "{error:?}");
            assert!(error.message().contains(&name), "{error}");
            assert!(began.elapsed() < Duration::from_secs(5), "{name} took {:?}", began.elapsed());
        }
        usable(&handle);
        close(&session);
    });
}

/// A file that ends too early is played as far as it goes, and what came of it is what it has.
fn is_cut(name: &str, record: &str, pictures: usize) {
    let janus = start();
    let folder = Folder::new();
    let all = bytes(name);
    let cut = file(&folder, &format!("cut-{name}"), &all[..all.len() / 5], (all.len() / 5) as u64);
    let to = folder.path(record);
    ten(name, &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let end = ask(&handle, "media", json!({"play_from": cut, "record_to": to}));
        // As long as it said, and as far as it came.
        let played = &end["played"][0];
        assert!(played["position"].as_f64().unwrap() < 1.5, "{end}");
        begins_as(&to, name, "v:0", pictures);
        good(&to);
        close(&session);
    });
}

#[test]
fn pictures_that_were_cut() {
    is_cut("vp8.ivf", "back.ivf", 29);
}

#[test]
fn a_film_that_was_cut() {
    is_cut("vp8_opus.webm", "back.webm", 28);
}

#[test]
fn a_live_film_that_was_cut() {
    is_cut("vp8_opus_live.webm", "back.webm", 28);
}

#[test]
fn a_film_of_h264_that_was_cut() {
    is_cut("h264_opus_faststart.mp4", "back.mp4", 28);
}

#[test]
fn fragments_that_were_cut() {
    is_cut("h264_opus_fragmented.mp4", "back.mp4", 1);
}

/// Whose index is at its end, which is not there.
#[test]
fn a_film_that_was_cut_before_its_index() {
    let janus = start();
    let folder = Folder::new();
    let all = bytes("h264_opus.mp4");
    let cut = file(&folder, "cut.mp4", &all[..all.len() / 2], (all.len() / 2) as u64);
    ten("no index", &[], |_| {
        let session = open(&janus);
        let error = failed(&attach(&session, "echotest"), &json!({"play_from": cut}));
        assert_eq!((error.code(), &told(&error)["outcome"]), ("media_file", &json!("not_sent")), "{error:?}");
        close(&session);
    });
}

/// A film with a hundred gigabytes of nothing behind it: what is in it is played and recorded, then it is said what is wrong.
#[test]
fn files_that_have_a_hole() {
    let janus = start();
    let folder = Folder::new();
    // MP4 says where each frame is; whatever else there is does not matter. Ogg looks for its next page for a while.
    for (name, record, track, wrong) in [
        ("vp8_small.ivf", "back.ivf", "v:0", true),
        ("vp8_opus.webm", "back.webm", "v:0", true),
        ("h264_opus.mp4", "back.mp4", "v:0", false),
    ] {
        let hole = file(&folder, name, &bytes(name), HUGE);
        let to = folder.path(record);
        for _ in 0..2 {
            let session = open(&janus);
            let handle = attach(&session, "echotest");
            let ended = try_ask(&handle, "media", &json!({"play_from": hole, "record_to": to}));
            match ended {
                Ok(end) => assert!(!wrong && end["end"] == "played", "{name}: {end}"),
                Err(error) => {
                    let detail = told(&error);
                    assert!(wrong, "{name}: {error:?}");
                    assert_eq!((error.code(), &detail["path"]), ("media_file", &json!(hole)), "{error:?}");
                    assert_eq!(detail["outcome"], "unknown", "{error:?}");
                }
            }
            begins_as(&to, name, track, if name == "vp8_small.ivf" { 55 } else { 145 });
            good(&to);
            close(&session);
        }
    }
}

/// Nothing in it, again and again: that is no way to keep a processor busy.
#[test]
fn a_file_without_frames_that_is_played_again() {
    let janus = start();
    let folder = Folder::new();
    let none = file(&folder, "none.ivf", &bytes("vp8.ivf")[..32], 32);
    ten("no frames", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let ended = try_ask(&handle, "media", &json!({"play_from": none, "loop": true, "duration": 5}));
        match ended {
            Ok(end) => assert_eq!(end["end"], "played", "{end}"),
            Err(error) => assert_eq!(error.code(), "media_file", "{error:?}"),
        }
        close(&session);
    });
}

/// Overwritten, cut and made longer while it is played: nobody is killed by it, and what came is recorded.
#[test]
fn files_that_shrink_while_they_are_played() {
    change(&["emptied", "cut"]);
}

#[test]
fn files_that_change_while_they_are_played() {
    change(&["grown", "overwritten"]);
}

#[test]
fn files_that_are_removed_while_they_are_played() {
    change(&["removed"]);
}

fn change(ways: &[&str]) {
    let janus = start();
    for way in ways.iter().copied() {
        let folder = Folder::new();
        ten(way, &[], |turn| {
            let session = open(&janus);
            let handle = attach(&session, "echotest");
            let path = folder.path(&format!("{turn}.webm"));
            fs::copy(sample("vp8_opus.webm"), &path).unwrap();
            crate::bed::hear(&handle, "haft.media");
            let to = folder.path(&format!("{turn}.back.webm"));
            let shrinks = ["emptied", "cut"].contains(&way);
            let duration = if shrinks { 20.0 } else { 3.2 };
            let id = begin(&handle, &json!({"play_from": path, "record_to": to, "duration": duration}));
            came(&handle, 3);
            let open_file = || OpenOptions::new().write(true).open(&path).unwrap();
            match way {
                "emptied" => open_file().set_len(0).unwrap(),
                "cut" => open_file().set_len(200_000).unwrap(),
                "grown" => OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0; 100_000]).unwrap(),
                "overwritten" => drop(fs::copy(sample("vp8.webm"), &path).unwrap()),
                _ => fs::remove_file(&path).unwrap(),
            }
            let end = answered(&handle, id).unwrap();
            let ways: &[&str] = match way {
                "emptied" | "cut" => &["played"],
                "overwritten" => &["played", "duration"],
                _ => &["duration"],
            };
            assert!(ways.contains(&end["end"].as_str().unwrap()), "{way}: {end}");
            assert_eq!(end["files"][0]["complete"], true, "{end}");
            if way == "overwritten" {
                // Whatever was read of it: no more is promised than a file.
                assert!(crate::media::probe::packets(&to).len() > 40, "{end}");
            } else {
                begins_as(&to, "vp8_opus.webm", "v:0", 45);
                good(&to);
            }
            close(&session);
        });
    }
}
