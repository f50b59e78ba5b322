//! Calls that come at the wrong moment: on what is closed, twice, too early, too late.

use std::thread;

use haft::{args::Args, session::Kind};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, json as shown, open, start, try_ask, until},
    course::{FILM, begin, close, failed, filmed, flowed, told, usable, whole},
    guard::ten,
    janus::relay::{Relay, Side},
    media::samples::sample,
};

fn live() -> Value {
    json!({"tracks": [{"kind": "video", "codec": "vp8"}], "until": "connected"})
}

#[test]
fn media_on_what_is_closed() {
    let janus = start();
    ten("closed", &[], |_| {
        let session = open(&janus);
        let (detached, handle) = (attach(&session, "echotest"), attach(&session, "echotest"));
        ask(&detached, "detach", json!({}));
        handle.close(&Args::new()).unwrap();
        let refused = |on, verb| {
            let error = try_ask(on, verb, &live()).unwrap_err();
            assert_eq!(error.code(), "closed", "{verb}: {error:?}");
            // A session that knows of its end says nothing of what it did not look at.
            assert!([Value::Null, "not_sent".into()].contains(&told(&error)["outcome"]), "{verb}: {error:?}");
        };
        // As soon as the server has taken the detach; everything, once its end was told.
        refused(&detached, "media");
        while crate::bed::next(&detached).kind() != Kind::Closed {}
        for on in [&detached, &handle] {
            for verb in ["media", "media_stop", "write_frame"] {
                refused(on, verb);
            }
        }
        // The session itself has no media at all.
        assert_eq!(failed(&session, &live()).code(), "unsupported");
        close(&session);
        assert_eq!(failed(&session, &live()).code(), "closed");
    });
}

#[test]
fn media_that_runs_already() {
    let janus = start();
    ten("twice", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        // Both at once: one of them runs.
        let (one, other) = (begin(&handle, &live()), begin(&handle, &live()));
        let ends: Vec<_> = [one, other].into_iter().map(|id| answered_any(&handle, id)).collect();
        let busy: Vec<_> = ends.iter().filter_map(|end| end.as_ref().err()).collect();
        assert_eq!(busy.len(), 1, "{ends:?}");
        assert_eq!((&*busy[0].0, &busy[0].1["outcome"]), ("busy", &json!("not_sent")));
        let error = failed(&handle, &live());
        assert_eq!((error.code(), &told(&error)["outcome"]), ("busy", &json!("not_sent")));
        let end = ask(&handle, "media_stop", json!({}));
        assert_eq!(end["end"], "stopped");
        usable(&handle);
        close(&session);
    });
}

/// The answers of two may come in any order.
fn answered_any(handle: &haft::session::Session, id: u64) -> Result<Value, (String, Value)> {
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<(u64, Result<Value, (String, Value)>)>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    loop {
        let kept = KEPT.with_borrow_mut(|kept| {
            let at = kept.iter().position(|(of, _)| *of == id)?;
            Some(kept.swap_remove(at).1)
        });
        if let Some(kept) = kept {
            return kept;
        }
        let event = crate::bed::next(handle);
        if event.kind() != Kind::Response {
            continue;
        }
        let end = match event.failure() {
            Some(failure) => Err((failure.error().code().to_owned(), told(failure.error()))),
            None => Ok(event.response().map_or(Value::Null, crate::bed::value)),
        };
        KEPT.with_borrow_mut(|kept| kept.push((event.id(), end)));
    }
}

#[test]
fn media_stop_without_media() {
    let janus = start();
    ten("nothing to stop", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        assert_eq!(ask(&handle, "media_stop", json!({})), Value::Null);
        usable(&handle);
        // What was last is told again.
        for _ in 0..2 {
            assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "played");
        }
        close(&session);
    });
}

/// The moments of setting it up, and how to get there: what the relay has seen.
const MOMENTS: [&str; 4] = ["at once", "asked", "answered", "flowing"];

fn is_offer(side: Side, message: &Value) -> bool {
    side == Side::Client && message["jsep"]["type"] == "offer"
}

fn is_answer(side: Side, message: &Value) -> bool {
    side == Side::Server && message["jsep"]["type"] == "answer"
}

/// Ended in every phase: stopped, cancelled, closed, detached, freed.
#[test]
fn stopped_in_every_phase() {
    ends_in_every_phase("stop");
}

#[test]
fn cancelled_in_every_phase() {
    ends_in_every_phase("cancel");
}

#[test]
fn closed_in_every_phase() {
    ends_in_every_phase("close");
}

#[test]
fn detached_in_every_phase() {
    ends_in_every_phase("detach");
}

#[test]
fn closed_with_its_session_in_every_phase() {
    ends_in_every_phase("close session");
}

#[test]
fn freed_in_every_phase() {
    ends_in_every_phase("free");
}

fn ends_in_every_phase(way: &str) {
    let janus = start();
    let folder = Folder::new();
    for moment in MOMENTS {
        let what = format!("{way} {moment}");
        ten(&what, &[], |turn| {
            let (relay, server) = Relay::of(&janus.ws);
            let session = haft::session::Session::create(&format!("janus+{server}"), &Args::new()).unwrap();
            let handle = attach(&session, "echotest");
            let to = folder.path(&format!("{way}-{moment}-{turn}.webm").replace(' ', "-"));
            let order = json!({"play_from": sample(FILM), "record_to": to});
            if moment == "asked" {
                relay.hold(true);
            }
            let id = match moment {
                "flowing" => flowed(&handle, &order, 3),
                _ => begin(&handle, &order),
            };
            match moment {
                "answered" => relay.wait(|seen| seen.iter().any(|(side, message)| is_answer(*side, message))),
                "asked" => {
                    // It waits in the relay; what runs says so.
                    while shown_state(&handle) != "signalling" {
                        thread::yield_now();
                    }
                }
                _ => {}
            }
            let release = relay_later(&relay, moment == "asked");
            match way {
                "stop" => {
                    let end = ask(&handle, "media_stop", json!({}));
                    assert!(end["end"] == "stopped", "{what}: {end}");
                }
                "cancel" => handle.cancel(id),
                "close" => handle.close(&Args::new()).unwrap(),
                "detach" => drop(ask(&handle, "detach", json!({}))),
                "close session" => session.close(&Args::new()).unwrap(),
                _ => {
                    drop(handle);
                    release.join().unwrap();
                    drop(session);
                    return;
                }
            }
            release.join().unwrap();
            let ended = answered(&handle, id);
            match (way, &ended) {
                ("stop", Ok(end)) => assert_eq!(end["end"], "stopped", "{what}"),
                ("detach", Ok(end)) => assert_eq!(end["end"], "hangup", "{what}"),
                // The plugin may have been asked for something when its handle went.
                ("detach", Err((code, _))) => assert_eq!(code, "handle_lost", "{what}: {ended:?}"),
                ("cancel" | "close" | "close session", Err((code, _))) => assert_eq!(code, "cancelled", "{what}"),
                _ => panic!("{what}: {ended:?}"),
            }
            if moment == "flowing" {
                whole(&to, 3);
            }
            if matches!(way, "stop" | "cancel") && !again(&handle) {
                // Janus 1.1.2 may keep a handle for good whose connection was hung up while it was being made.
                assert!(moment != "flowing", "{what}");
                eprintln!("{what}: not again on this handle");
                usable(&attach(&session, "echotest"));
            }
            drop(handle);
            let _ = session.close(&Args::new());
        });
    }
}

/// Whether the handle has media again.
pub fn again(handle: &haft::session::Session) -> bool {
    let again = json!({"play_from": sample("vp8_one.ivf"), "timeout": "8s"});
    match try_ask(handle, "media", &again) {
        Ok(end) => end["end"] == "played",
        Err(error) => {
            assert!(
                ["webrtc_state", "total_timeout", "media_refused", "media_ice", "media_dtls"].contains(&error.code()),
                "{error:?}"
            );
            false
        }
    }
}

pub fn shown_state(handle: &haft::session::Session) -> String {
    let shown = handle.inspect("media", &Args::new()).unwrap();
    shown.value().and_then(|value| value.root().get("state")?.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Lets the line go when the call that is to end it has begun: a close that waits for the goodbye would wait for the relay.
fn relay_later(relay: &Relay, held: bool) -> thread::JoinHandle<()> {
    if held {
        relay.hold(false);
    }
    thread::spawn(|| ())
}

/// Whoever waits for media on a thread of its own is let go by a close.
#[test]
fn a_close_while_a_thread_waits() {
    let janus = start();
    let folder = Folder::new();
    ten("close while waiting", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        hear(&handle, "haft.media");
        let to = folder.path(&format!("{turn}.webm"));
        let order = json!({"play_from": sample(FILM), "record_to": to});
        thread::scope(|scope| {
            let waiting = scope.spawn(|| try_ask(&handle, "media", &order));
            for _ in 0..3 {
                until(&handle, |event| (event.kind() == Kind::Message).then(|| shown(event)));
            }
            handle.close(&Args::new()).unwrap();
            let error = waiting.join().unwrap().unwrap_err();
            assert!(["closed", "cancelled"].contains(&error.code()), "{error:?}");
        });
        whole(&to, 1);
        close(&session);
    });
}

/// Freed without a close: nothing is waited for, and the file is completed all the same.
#[test]
fn a_handle_that_is_freed() {
    let janus = start();
    let folder = Folder::new();
    let mut turns = 0;
    ten("freed", &[], |turn| {
        turns = turn + 1;
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        filmed(&handle, &to, 5);
        drop(handle);
        close(&session);
        whole(&to, 5);
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}-all.webm"));
        filmed(&handle, &to, 5);
        drop(handle);
        drop(session);
    });
    for turn in 0..turns {
        whole(&folder.path(&format!("{turn}-all.webm")), 1);
    }
}

/// A call of which nobody hears any more.
#[test]
fn a_cancel_that_comes_twice() {
    let janus = start();
    ten("cancelled twice", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let id = handle.submit(Some("media"), None, &args(&json!({"play_from": sample(FILM)}))).unwrap();
        handle.cancel(id);
        handle.cancel(id);
        assert_eq!(answered(&handle, id).unwrap_err().0, "cancelled");
        handle.cancel(id);
        usable(&handle);
        close(&session);
    });
}
