//! Candidates that come later, servers reached otherwise, and calls from where they cannot be made.

use std::sync::{Arc, mpsc};

use haft::{
    args::Args,
    session::{Callback, Event, Kind, Session},
    value::Tree,
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, next, open, start, until},
    files::frames,
    media::samples::sample,
};

#[test]
fn candidates_may_come_later_from_both_sides() {
    let janus = Janus::start(&Setup::full_trickle()).unwrap();
    let session = open(&janus);
    for trickle in [true, false] {
        let handle = attach(&session, "echotest");
        let arguments =
            json!({"tracks": [{"kind": "video"}, {"kind": "audio"}], "trickle": trickle, "duration": "100ms"});
        let end = ask(&handle, "media", arguments);
        assert_eq!((&end["end"], &end["tracks"][1]["codec"]), (&json!("duration"), &json!("opus")), "{end}");
    }
}

#[test]
fn it_is_the_same_over_http_and_a_unix_socket() {
    let janus = start();
    for url in [format!("janus+{}", janus.http), format!("janus+unix:{}", janus.unix.display())] {
        let session = Session::create(&url, &Args::new()).unwrap();
        let handle = attach(&session, "echotest");
        let end = ask(&handle, "media", json!({"play_from": sample("vp8_small.ivf")}));
        assert_eq!(end["end"], "played", "{url}: {end}");
        assert_eq!(end["tracks"][0]["sent"]["frames"], end["tracks"][0]["received"]["frames"], "{url}: {end}");
        session.close(&Args::new()).unwrap();
    }
}

#[test]
fn a_file_that_goes_on_behind_the_call_is_completed_by_the_close() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    hear(&handle, "haft.media");
    let to = folder.path("back.webm");
    let begun = ask(
        &handle,
        "media",
        json!({"play_from": sample("vp8_opus.webm"), "record_to": to, "loop": true, "until": "connected"}),
    );
    assert_eq!((&begun["state"], begun["end"].is_null()), (&json!("flowing"), true), "{begun}");
    for _ in 0..100 {
        until(&handle, |event| event.value()?.root().get("pts").map(drop));
    }
    session.close(&Args::new()).unwrap();
    let (whole, part) = (frames(&sample("vp8_opus.webm"), "v:0"), frames(&to, "v:0"));
    assert!(part.len() >= 30 && part[..] == whole[..part.len()], "{}", part.len());
}

/// Calls media from a callback.
struct Inside {
    handle: Arc<Session>,
    tell: mpsc::Sender<(String, Value)>,
}

impl Callback for Inside {
    fn deliver(&self, _event: Event) {
        let call = |arguments: Value| {
            let done = self.handle.request(Some("media"), None, &args(&arguments));
            done.map_or_else(|error| error.code().to_owned(), |_| "done".to_owned())
        };
        let with_files = call(json!({"play_from": sample("vp8_small.ivf")}));
        let without = call(json!({"tracks": [{"kind": "video"}], "duration": "50ms"}));
        let _ = self.tell.send((with_files, json!(without)));
    }
}

#[test]
fn a_callback_does_not_wait_for_itself() {
    let janus = start();
    let session = open(&janus);
    let (handle, other) = (Arc::new(attach(&session, "echotest")), attach(&session, "echotest"));
    let (tell, heard) = mpsc::channel();
    let inside = Inside { handle: Arc::clone(&handle), tell };
    let id = other.subscribe("webrtcup", &Args::new(), Some(Box::new(inside)), 0).unwrap();
    let other_id =
        other.submit(Some("media"), None, &args(&json!({"tracks": [{"kind": "video"}], "duration": 1}))).unwrap();
    let (with_files, without) = heard.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!((&*with_files, without.as_str()), ("busy", Some("done")));
    assert_eq!(answered(&other, other_id).unwrap()["end"], "duration");
    other.unsubscribe(id);
    session.close(&Args::new()).unwrap();
}

/// Closes a session from a callback.
struct Leaving {
    handle: Arc<Session>,
    frames: std::sync::atomic::AtomicU32,
}

impl Callback for Leaving {
    fn deliver(&self, _event: Event) {
        if self.frames.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 60 {
            // Longer than anybody here waits.
            self.handle.close(&args(&json!({"timeout": 300}))).unwrap();
        }
    }
}

/// The thread that closes is the one that completes the files, for which the close waits.
#[test]
fn a_close_inside_of_a_callback_leaves_files_their_thread() {
    let janus = start();
    let folder = Folder::new();
    let session = open(&janus);
    let handle = Arc::new(attach(&session, "echotest"));
    let to = folder.path("left.webm");
    let leaving = Leaving { handle: Arc::clone(&handle), frames: 0.into() };
    handle.subscribe("haft.media", &Args::new(), Some(Box::new(leaving)), 0).unwrap();
    let arguments = json!({"play_from": sample("vp8_opus.webm"), "record_to": to});
    let id = handle.submit(Some("media"), None, &args(&arguments)).unwrap();
    let answer = next(&handle);
    let word = answer.failure().map(|failure| failure.error().code().to_owned());
    assert_eq!((answer.kind(), answer.id(), word.as_deref()), (Kind::Response, id, Some("cancelled")));
    assert_eq!(next(&handle).kind(), Kind::Closed);
    let (whole, part) = (frames(&sample("vp8_opus.webm"), "v:0"), frames(&to, "v:0"));
    assert!(part.len() >= 10 && part[..] == whole[..part.len()], "{}", part.len());
    session.close(&Args::new()).unwrap();
}

#[test]
fn what_is_not_needed_is_not_said() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    // Nothing ran.
    assert_eq!(ask(&handle, "media_stop", json!({})), Value::Null);
    let shown = handle.inspect("media", &Args::new()).unwrap();
    assert!(shown.value().is_none_or(|value| value.root().is_null()));
    let error = handle.request(Some("write_frame"), None, &args(&json!({"label": "x", "data": "y"}))).unwrap_err();
    assert_eq!(error.code(), "media_state");
    // A stop while it is set up.
    let id = handle.submit(Some("media"), None, &args(&json!({"tracks": [{"kind": "video"}]}))).unwrap();
    let stopped = ask(&handle, "media_stop", json!({}));
    assert_eq!(stopped["state"], "ended", "{stopped}");
    assert_eq!(answered(&handle, id).unwrap()["end"], "stopped");
    // What was described by then was hung up: the handle takes another.
    let end = ask(&handle, "media", json!({"tracks": [{"kind": "video"}], "duration": "100ms"}));
    assert_eq!(end["end"], "duration", "{end}");
    // And a text room keeps its own message beside that of the handle.
    let room = attach(&session, "textroom");
    let listed = ask(&room, "message", json!({"body": {"request": "list"}}));
    assert_eq!(listed["textroom"], "success", "{listed}");
    let error = room.request(Some("message"), None, &args(&json!({"text": "x"}))).unwrap_err();
    assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some("room"));
}
