//! Recordings that the disk does not take.

use std::{fs, process::Command};

use serde_json::json;

use crate::{
    bed::{Folder, answered, attach, open, start},
    calls::shown_state,
    course::{FILM, begin, begins_as, came, close, failed, filmed, flowed, told, usable, whole},
    guard::ten,
    media::{disk, probe, samples::sample},
};

/// The disk is full: the call ends with that, the file is as good as it can be, and the handle can go on.
#[test]
fn a_disk_that_is_full_of_matroska() {
    full("disk::a_disk_that_is_full_of_matroska", &["webm", "mkv"]);
}

#[test]
fn a_disk_that_is_full_of_others() {
    full("disk::a_disk_that_is_full_of_others", &["mp4", "ivf"]);
}

fn full(test: &str, endings: &[&str]) {
    // It has run in a process of its own then.
    let Some(small) = disk::small(test, 96) else { return };
    let janus = start();
    for ending in endings.iter().copied() {
        let (film, tracks): (&str, _) = match ending {
            "mp4" => ("h264_opus.mp4", json!([{"kind": "audio"}, {"kind": "video"}])),
            "ivf" => ("vp8.ivf", json!([{"kind": "video"}])),
            _ => (FILM, json!([{"kind": "audio"}, {"kind": "video"}])),
        };
        ten(ending, &[], |turn| {
            let session = open(&janus);
            let handle = attach(&session, "echotest");
            let to = small.join(format!("full.{ending}"));
            let error = failed(&handle, &json!({"play_from": sample(film), "record_to": to, "tracks": tracks}));
            let detail = told(&error);
            if turn == 0 {
                eprintln!("{error} {detail}");
            }
            assert_eq!((error.code(), &detail["path"]), ("io", &json!(to)), "{error:?}");
            assert_eq!(detail["outcome"], "unknown", "{error:?}");
            assert!(error.message().contains("space"), "{error}");
            // What the file has of it is readable.
            if ending == "ivf" {
                // Where nothing marks the end of what is whole, the last picture may be cut.
                let pictures = probe::copied(&sample(film), "v:0", "null");
                let found = probe::copied(&to, "v:0", "null");
                assert_eq!(found[..found.len() - 1], pictures[..found.len() - 1]);
            } else {
                begins_as(&to, film, "v:0", 1);
            }
            fs::remove_file(&to).unwrap();
            usable(&handle);
            close(&session);
        });
    }
}

/// Full before the first byte.
#[test]
fn a_disk_without_any_room() {
    let Some(small) = disk::small("disk::a_disk_without_any_room", 32) else { return };
    fs::write(small.join("all"), vec![7; 40 << 10]).unwrap_err();
    let janus = start();
    ten("no room", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = small.join("none.webm");
        let error = failed(&handle, &json!({"play_from": sample(FILM), "record_to": to}));
        assert_eq!((error.code(), &told(&error)["path"]), ("io", &json!(to)), "{error:?}");
        let _ = fs::remove_file(&to);
        usable(&handle);
        close(&session);
    });
}

/// The call has returned by then: what runs ends, and `inspect` and `media_stop` say why.
#[test]
fn a_disk_that_is_full_in_the_background() {
    let Some(small) = disk::small("disk::a_disk_that_is_full_in_the_background", 64) else { return };
    let janus = start();
    ten("full in the background", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = small.join("full.webm");
        crate::bed::hear(&handle, "hangup");
        let order = json!({"play_from": sample(FILM), "record_to": to, "until": "connected"});
        crate::bed::ask(&handle, "media", order);
        // The server confirms the end.
        crate::bed::until(&handle, |event| (event.kind() == haft::session::Kind::Message).then_some(()));
        let end = crate::bed::ask(&handle, "media_stop", json!({}));
        assert_eq!(end["state"], "ended", "{end}");
        assert_eq!(end["error"]["code"], "io", "{end}");
        assert_eq!(end["error"]["path"], json!(to), "{end}");
        fs::remove_file(&to).unwrap();
        usable(&handle);
        close(&session);
    });
}

/// A folder that goes while it is recorded to: before the file is there, that is an error; behind it, the file lives on.
#[test]
fn a_folder_that_is_removed() {
    let janus = start();
    let folder = Folder::new();
    ten("removed folder", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let place = folder.path("place");
        fs::create_dir(&place).unwrap();
        let to = place.join("x.webm");
        let order = json!({"play_from": sample(FILM), "record_to": to});
        let id = begin(&handle, &order);
        if turn % 2 == 0 {
            // Removed as soon as it has been looked at: before there is anything to be written.
            while shown_state(&handle) == "opening" {
                std::thread::yield_now();
            }
            fs::remove_dir_all(&place).unwrap();
            let (code, detail) = answered(&handle, id).unwrap_err();
            assert_eq!((&*code, &detail["path"]), ("io", &json!(to)), "{detail}");
        } else {
            crate::bed::hear(&handle, "haft.media");
            came(&handle, 45);
            fs::remove_dir_all(&place).unwrap();
            crate::bed::ask(&handle, "media_stop", json!({}));
            answered(&handle, id).unwrap();
        }
        usable(&handle);
        close(&session);
    });
}

/// Places that cannot be written to: known before anything is sent, or when the first frame comes.
#[test]
fn places_that_take_no_file() {
    let janus = start();
    let folder = Folder::new();
    let pipe = folder.path("pipe.webm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let directory = folder.path("{kind}.webm");
    for kind in ["audio", "video"] {
        fs::create_dir(folder.path(&format!("{kind}.webm"))).unwrap();
    }
    ten("no place", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        for to in [&pipe, &directory, &"/proc/none.webm".into(), &"/dev/full/none.webm".into()] {
            let error = failed(&handle, &json!({"play_from": sample(FILM), "record_to": to, "duration": 2}));
            assert!(["io", "argument"].contains(&error.code()), "{error:?}");
            assert!(told(&error)["path"].is_string(), "{error:?}");
        }
        usable(&handle);
        close(&session);
    });
}

/// What is played is not what is written to.
#[test]
fn a_file_that_is_played_and_recorded_to() {
    let janus = start();
    let folder = Folder::new();
    let film = folder.path("film.webm");
    fs::copy(sample(FILM), &film).unwrap();
    let other = folder.path("other.webm");
    std::os::unix::fs::symlink(&film, &other).unwrap();
    let before = fs::read(&film).unwrap();
    ten("itself", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        for to in [&film, &other] {
            let error = failed(&handle, &json!({"play_from": film, "record_to": to, "duration": 1}));
            let detail = told(&error);
            assert_eq!(
                (error.code(), &detail["key"], &detail["outcome"]),
                ("argument", &json!("record_to"), &json!("not_sent"))
            );
        }
        close(&session);
    });
    assert!(fs::read(&film).unwrap() == before, "it is as it was");
}

/// A file that is there already is replaced; one that somebody removes is written to its end.
#[test]
fn a_file_that_was_there() {
    let janus = start();
    let folder = Folder::new();
    ten("overwritten", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path("x.webm");
        fs::write(&to, vec![1; 1 << 20]).unwrap();
        let id = filmed(&handle, &to, 30 + turn);
        crate::bed::ask(&handle, "media_stop", json!({}));
        answered(&handle, id).unwrap();
        whole(&to, 30);
        close(&session);
    });
}

/// Each track in a file of its own, and one of them fails: the other is whole.
#[test]
fn one_file_of_two_that_fails() {
    let Some(small) = disk::small("disk::one_file_of_two_that_fails", 48) else { return };
    let folder = Folder::new();
    let janus = start();
    let room = folder.path("video");
    fs::create_dir(&room).unwrap();
    fs::create_dir(small.join("audio")).unwrap();
    let _ = fs::remove_file(folder.path("audio"));
    std::os::unix::fs::symlink(small.join("audio"), folder.path("audio")).unwrap();
    ten("one of two", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let order = json!({"play_from": sample(FILM), "record_to": folder.path("{kind}/x.webm"), "loop": true});
        let id = flowed(&handle, &order, 1);
        let (code, detail) = answered(&handle, id).unwrap_err();
        assert_eq!((&*code, &detail["path"]), ("io", &json!(folder.path("audio/x.webm"))), "{detail}");
        let good = room.join("x.webm");
        assert!(probe::packets(&good).len() > 30);
        fs::remove_file(small.join("audio/x.webm")).unwrap();
        close(&session);
    });
}
