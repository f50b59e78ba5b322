//! Files that cannot be played, or not to their end.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, attach, open, start, try_ask},
    course::{begin, came, close, failed, told, usable},
    guard::ten,
    media::{
        probe::{copied, without_a_word},
        samples::{bytes, sample},
    },
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

/// How it ended and what came back of it.
fn played(path: &Path, to: &Path) -> (Result<Value, (String, Value)>, Vec<(String, usize)>) {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let ended = try_ask(&handle, "media", &json!({"play_from": path, "record_to": to}));
    let ended = ended.map_err(|error| (error.code().to_owned(), told(&error)));
    close(&session);
    let back = if to.exists() { copied(to, "v:0", "null") } else { Vec::new() };
    (ended, back)
}

/// What is there is played; then it is said that the rest is missing, and the recording is good.
#[test]
fn files_that_were_cut() {
    for (name, record, filter) in [
        ("vp8.ivf", "back.ivf", "null"),
        ("vp8_opus.webm", "back.webm", "null"),
        ("h264_opus.mp4", "back.mp4", "h264_mp4toannexb"),
        ("h264_opus_faststart.mp4", "back.mp4", "h264_mp4toannexb"),
        ("h264_opus_fragmented.mp4", "back.mp4", "h264_mp4toannexb"),
    ] {
        let folder = Folder::new();
        let all = bytes(name);
        let cut = file(&folder, &format!("cut-{name}"), &all[..all.len() / 5], (all.len() / 5) as u64);
        let to = folder.path(record);
        let (ended, _) = played(&cut, &to);
        eprintln!("{name}: {ended:?}");
        if to.exists() {
            let (sent, back) = (copied(&sample(name), "v:0", filter), copied(&to, "v:0", filter));
            assert_eq!(back, sent[..back.len()], "{name}");
            eprintln!("{name}: {}", back.len());
            without_a_word(&to);
        }
    }
}

/// A film with a hundred gigabytes of nothing behind it.
#[test]
fn files_that_have_a_hole() {
    for (name, record) in [("vp8_small.ivf", "back.ivf"), ("vp8_opus.webm", "back.webm"), ("h264_opus.mp4", "back.mp4"), ("opus.ogg", "back.ogg")] {
        let folder = Folder::new();
        let hole = file(&folder, name, &bytes(name), HUGE);
        let to = folder.path(record);
        let (ended, _) = played(&hole, &to);
        eprintln!("{name}: {ended:?}");
    }
}

/// Overwritten, cut and made longer while it is played: nobody is killed by it, and what came is recorded.
#[test]
fn files_that_change_while_they_are_played() {
    let janus = start();
    for way in ["emptied", "cut", "grown", "replaced", "removed"] {
        let folder = Folder::new();
        ten(way, &[], |turn| {
            let session = open(&janus);
            let handle = attach(&session, "echotest");
            let path = folder.path(&format!("{turn}.webm"));
            fs::copy(sample("vp8_opus.webm"), &path).unwrap();
            crate::bed::hear(&handle, "haft.media");
            let to = folder.path(&format!("{turn}.back.webm"));
            let id = begin(&handle, &json!({"play_from": path, "record_to": to, "duration": 3.2}));
            came(&handle, 3);
            let open_file = || OpenOptions::new().write(true).open(&path).unwrap();
            match way {
                "emptied" => open_file().set_len(0).unwrap(),
                "cut" => open_file().set_len(200_000).unwrap(),
                "grown" => OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0; 100_000]).unwrap(),
                "replaced" => drop(fs::copy(sample("vp8.webm"), &path).unwrap()),
                _ => fs::remove_file(&path).unwrap(),
            }
            let ended = answered(&handle, id);
            if turn == 0 {
                eprintln!("{way}: {ended:?}");
            }
            close(&session);
        });
    }
}
