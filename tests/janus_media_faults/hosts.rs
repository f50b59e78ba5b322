//! Hosts that are slow: their queues overflow and their callbacks take their time, and media goes on.

use std::sync::{Arc, Condvar, Mutex};

use haft::{
    args::Args,
    session::{Callback, Event, Kind},
};
use serde_json::json;

use crate::{
    bed::{Folder, answered, args, attach, hear, open, start, until},
    course::{FILM, begin, came, close, failed, told, usable, whole},
    guard::ten,
    media::samples::sample,
};

/// Nobody polls while the film goes: the oldest frames are dropped and counted, the file has all of them.
#[test]
fn a_host_that_does_not_poll() {
    let janus = start();
    let folder = Folder::new();
    ten("not polled", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        handle.subscribe("haft.media", &args(&json!({"queue_max": 5})), None, 0).unwrap();
        let to = folder.path(&format!("{turn}.webm"));
        let order = json!({"play_from": sample(FILM), "record_to": to, "duration": 1.5});
        let end = crate::bed::ask(&handle, "media", order);
        let (mut dropped, mut heard) = (0, 0);
        while let Some(event) = handle.poll(0).unwrap() {
            match event.kind() {
                Kind::Dropped => {
                    dropped += crate::bed::json(&event)["dropped"]
                        .as_u64()
                        .or(crate::bed::json(&event)["count"].as_u64())
                        .unwrap()
                }
                Kind::Message => heard += 1,
                _ => {}
            }
        }
        let arrived: u64 =
            end["tracks"].as_array().unwrap().iter().map(|track| track["received"]["frames"].as_u64().unwrap()).sum();
        assert_eq!((heard, dropped + heard), (5, arrived), "{end}");
        let written = end["files"][0]["frames"].as_u64().unwrap();
        assert_eq!(written, arrived, "{end}");
        whole(&to, 20);
        close(&session);
    });
}

#[derive(Default)]
struct Gate(Mutex<(bool, bool)>, Condvar);

impl Gate {
    fn open(&self) {
        self.0.lock().unwrap().0 = true;
        self.1.notify_all();
    }

    /// Waits until somebody stands before it.
    fn reached(&self) {
        let state = self.0.lock().unwrap();
        drop(self.1.wait_while(state, |state| !state.1).unwrap());
    }

    fn pass(&self) {
        let mut state = self.0.lock().unwrap();
        state.1 = true;
        self.1.notify_all();
        drop(self.1.wait_while(state, |state| !state.0).unwrap());
    }
}

struct Slow(Arc<Gate>);

impl Callback for Slow {
    fn deliver(&self, _event: Event) {
        self.0.pass();
    }
}

/// A callback keeps the worker, who reads and writes the files, for three seconds: two are read ahead, so that the film stalls
/// for a moment, and is then played and recorded to its end without a frame less.
#[test]
fn a_callback_that_takes_three_seconds() {
    let janus = start();
    let folder = Folder::new();
    for turn in 0..3 {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let gate = Arc::<Gate>::default();
        handle.subscribe("webrtcup", &Args::new(), Some(Box::new(Slow(Arc::clone(&gate)))), 0).unwrap();
        let to = folder.path(&format!("{turn}.webm"));
        let id = begin(&handle, &json!({"play_from": sample(FILM), "record_to": to}));
        gate.reached();
        std::thread::sleep(std::time::Duration::from_secs(3));
        gate.open();
        let end = answered(&handle, id).unwrap();
        assert_eq!(end["end"], "played", "{end}");
        whole(&to, 150);
        close(&session);
    }
}

/// The host's thread waits for media inside of a callback: refused with files, which it would have to read itself.
#[test]
fn media_inside_of_a_callback() {
    struct Inside(haft::session::Session, std::sync::mpsc::Sender<(String, String)>);

    impl Callback for Inside {
        fn deliver(&self, _event: Event) {
            let error = failed(&self.0, &json!({"play_from": sample(FILM)}));
            let outcome = told(&error)["outcome"].as_str().unwrap_or_default().to_owned();
            let _ = self.1.send((error.code().to_owned(), outcome));
        }
    }

    let janus = start();
    let session = open(&janus);
    let (handle, other) = (attach(&session, "echotest"), attach(&session, "echotest"));
    let (sender, receiver) = std::sync::mpsc::channel();
    handle.subscribe("webrtcup", &Args::new(), Some(Box::new(Inside(other, sender))), 0).unwrap();
    usable(&handle);
    assert_eq!(receiver.recv().unwrap(), ("busy".to_owned(), "not_sent".to_owned()));
    close(&session);
}

/// The host ends media inside of a callback, whose thread would complete the file: it is told how far it is by then, and the
/// file is complete when its call is answered.
#[test]
fn media_stopped_inside_of_a_callback() {
    struct Stops(std::sync::Weak<haft::session::Session>, std::sync::mpsc::Sender<serde_json::Value>);

    impl Callback for Stops {
        fn deliver(&self, _event: Event) {
            if let Some(handle) = self.0.upgrade() {
                let _ = self.1.send(crate::bed::ask(&handle, "media_stop", json!({})));
            }
        }
    }

    let janus = start();
    let folder = Folder::new();
    ten("stopped inside", &[], |turn| {
        let session = open(&janus);
        let handle = Arc::new(attach(&session, "echotest"));
        let (sender, receiver) = std::sync::mpsc::channel();
        let stops = Box::new(Stops(Arc::downgrade(&handle), sender));
        handle.subscribe("haft.media", &Args::new(), Some(stops), 0).unwrap();
        let to = folder.path(&format!("{turn}.webm"));
        let id = begin(&handle, &json!({"play_from": sample(FILM), "record_to": to}));
        let inside = receiver.recv().unwrap();
        assert_eq!((&inside["state"], inside.get("end")), (&json!("ending"), None), "{inside}");
        assert!(inside["played"][0]["path"].is_string(), "{inside}");
        assert_eq!(inside["files"][0]["path"], json!(to), "{inside}");
        let end = answered(&handle, id).unwrap();
        assert_eq!((&end["state"], &end["end"]), (&json!("ended"), &json!("stopped")), "{end}");
        assert_eq!(end["files"][0]["complete"], true, "{end}");
        close(&session);
    });
}

/// A callback keeps the worker for ever: the set-up ends in time all the same.
#[test]
fn a_callback_that_does_not_return() {
    let janus = start();
    ten("a stuck worker", &[], |_| {
        let session = open(&janus);
        let (handle, other) = (attach(&session, "echotest"), attach(&session, "echotest"));
        let gate = Arc::<Gate>::default();
        handle.subscribe("webrtcup", &Args::new(), Some(Box::new(Slow(Arc::clone(&gate)))), 0).unwrap();
        let live = json!({"tracks": [{"kind": "video", "codec": "vp8"}], "until": "connected"});
        let id = begin(&handle, &live);
        gate.reached();
        answered(&handle, id).unwrap();
        // With a file, which nobody opens.
        let id = begin(&other, &json!({"play_from": sample(FILM), "timeout": "300ms"}));
        let (code, detail) = answered(&other, id).unwrap_err();
        assert_eq!((&*code, &detail["outcome"]), ("total_timeout", &json!("not_sent")), "{detail}");
        gate.open();
        close(&session);
    });
}

/// A subscription that would have its source wait is refused, and media goes on without it.
#[test]
fn a_subscription_that_would_wait() {
    let janus = start();
    let folder = Folder::new();
    ten("a waiting subscription", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let made = handle.subscribe("haft.media", &args(&json!({"queue_max": 5, "overflow": "wait"})), None, 0);
        let refused = made.unwrap_err();
        assert_eq!((refused.code(), &told(&refused)["key"]), ("argument", &json!("overflow")), "{refused:?}");
        let to = folder.path(&format!("{turn}.webm"));
        let end = crate::bed::ask(&handle, "media", json!({"play_from": sample(FILM), "record_to": to, "duration": 1}));
        assert_eq!(end["end"], "duration");
        whole(&to, 10);
        close(&session);
    });
}

/// A host that goes away in mid-stream without hearing what is left for it.
#[test]
fn events_that_nobody_took() {
    let janus = start();
    ten("left events", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        hear(&handle, "haft.media");
        hear(&handle, "haft.media");
        let id = begin(&handle, &json!({"play_from": sample(FILM), "duration": 1}));
        came(&handle, 2);
        until(&handle, |event| (event.id() == id && event.kind() == Kind::Response).then_some(()));
        drop(handle);
        close(&session);
    });
}
