//! Many sessions of media: one after the other, and at once.

use std::{fs, thread};

use haft::args::Args;
use haft_sandbox::janus::{Janus, Setup};
use serde_json::json;

use crate::{
    bed::{Folder, answered, ask, attach, open, start},
    course::{begin, close},
    guard::ten,
    media::{probe, samples::sample},
};

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let pages: u64 = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Two thousand, one after the other: there and back with a keyframe, into a file. Memory does not grow.
#[test]
fn thousands_one_after_the_other() {
    let total: u32 = std::env::var("HAFT_MEDIA_SESSIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let to = folder.path("x.ivf");
    let (mut settled, mut last) = (0, 0);
    for number in 0..total {
        let handle = attach(&session, "echotest");
        let end = ask(&handle, "media", json!({"play_from": sample("vp8_one.ivf"), "record_to": to}));
        assert_eq!((&end["end"], &end["files"][0]["frames"]), (&json!("played"), &json!(1)), "{number}: {end}");
        handle.close(&Args::new()).unwrap();
        last = resident();
        if number == total / 4 {
            settled = last;
        }
        if number % 100 == 0 {
            eprintln!("{number}: {} KiB", last >> 10);
        }
    }
    let grown = last.saturating_sub(settled);
    // A session of media takes half a megabyte: a leak of one in a hundred would show.
    assert!(grown < 4 << 20, "{grown} bytes more after {total} sessions");
    close(&session);
}

/// Fifty at once, each with a file in and a file out.
#[test]
fn fifty_at_once() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let folder = Folder::new();
    let session = open(&janus);
    let handles: Vec<_> = (0..50).map(|_| attach(&session, "echotest")).collect();
    let ids: Vec<_> = handles
        .iter()
        .enumerate()
        .map(|(number, handle)| {
            begin(
                handle,
                &json!({"play_from": sample("vp8_small.ivf"), "record_to": folder.path(&format!("{number}.ivf"))}),
            )
        })
        .collect();
    let sent = probe::copied(&sample("vp8_small.ivf"), "v:0", "null");
    for (number, (handle, id)) in handles.iter().zip(ids).enumerate() {
        let end = answered(handle, id).unwrap();
        assert_eq!(end["end"], "played", "{end}");
        let to = folder.path(&format!("{number}.ivf"));
        assert!(probe::copied(&to, "v:0", "null") == sent, "{number}: {end}");
    }
    close(&session);
}

/// As many sessions, each on a line and a reactor of its own.
#[test]
fn ten_lines_at_once() {
    let janus = start();
    ten("ten lines", &[], |_| {
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    let session = open(&janus);
                    let handle = attach(&session, "echotest");
                    assert_eq!(ask(&handle, "media", json!({"play_from": sample("vp8_one.ivf")}))["end"], "played");
                    close(&session);
                });
            }
        });
    });
}
