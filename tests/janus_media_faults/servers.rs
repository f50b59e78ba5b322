//! What servers do to media that flows: hang up, detach, destroy, die, fall silent, come back.

use std::{path::Path, time::Instant};

use haft::{
    args::Args,
    session::{Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, json as shown, open, start, until},
    calls::again,
    course::{FILM, came, close, flowed, usable, whole_rounds},
    guard::ten,
    janus::{probe::admin, relay::Relay},
    media::samples::sample,
};

fn id(session: &Session) -> u64 {
    crate::bed::value(&session.inspect("id", &Args::new()).unwrap()).as_u64().unwrap()
}

fn with(url: &str, options: &Value) -> Session {
    Session::create(&format!("janus+{url}"), &args(options)).unwrap()
}

/// The film there and back into that file, again and again: what the server does ends it, however long that takes. Returns when
/// so many pictures came back.
#[track_caller]
fn rounds(handle: &Session, to: &Path, pictures: usize) -> u64 {
    flowed(handle, &json!({"play_from": sample(FILM), "record_to": to, "loop": true}), pictures)
}

/// The next event of that kind; messages and frames are passed over.
#[track_caller]
fn told(session: &Session, kind: Kind) -> Value {
    loop {
        let event = crate::bed::next(session);
        if event.kind() == kind {
            return shown(&event);
        }
    }
}

#[test]
fn a_server_that_hangs_up() {
    let janus = start();
    let folder = Folder::new();
    ten("hung up", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        let request = json!({"janus": "hangup_webrtc", "session_id": id(&session), "handle_id": id(&handle)});
        assert_eq!(admin(&janus, request)["janus"], "success");
        let end = answered(&handle, call).unwrap();
        assert_eq!(
            (&end["state"], &end["end"], &end["files"][0]["complete"]),
            (&json!("ended"), &json!("hangup"), &json!(true))
        );
        whole_rounds(&to, 10);
        usable(&handle);
        close(&session);
    });
}

#[test]
fn a_server_that_detaches_the_handle() {
    let janus = start();
    let folder = Folder::new();
    ten("detached", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        let request = json!({"janus": "detach_handle", "session_id": id(&session), "handle_id": id(&handle)});
        assert_eq!(admin(&janus, request)["janus"], "success");
        let ended = answered(&handle, call);
        match &ended {
            Ok(end) => assert_eq!(end["end"], "hangup"),
            Err((code, _)) => assert_eq!(code, "handle_lost", "{ended:?}"),
        }
        whole_rounds(&to, 10);
        // The session is as good as before.
        usable(&attach(&session, "echotest"));
        close(&session);
    });
}

#[test]
fn a_server_that_destroys_the_session() {
    let janus = start();
    let folder = Folder::new();
    ten("destroyed", &[], |turn| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        assert_eq!(admin(&janus, json!({"janus": "destroy_session", "session_id": id(&session)}))["janus"], "success");
        // The connection is ended by the server as well, and is the first to tell.
        let ended = answered(&handle, call);
        match &ended {
            Ok(end) => assert_eq!(end["end"], "hangup"),
            Err((code, _)) => assert_eq!(code, "session_lost", "{ended:?}"),
        }
        whole_rounds(&to, 10);
        let _ = session.close(&Args::new());
    });
}

/// Killed: nothing is said to anybody. What came is in the file, which is completed.
#[test]
fn a_server_that_dies() {
    let janus = start();
    let folder = Folder::new();
    ten("killed", &[], |turn| {
        if janus.pid().is_none() {
            janus.restart().unwrap();
        }
        let session = with(&janus.ws, &json!({"retry_delay": "10ms", "max_retries": 2}));
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        janus.kill().unwrap();
        let (code, detail) = answered(&handle, call).unwrap_err();
        assert!(["connection_lost", "session_lost", "connect", "closed"].contains(&&*code), "{code} {detail}");
        whole_rounds(&to, 10);
        let _ = session.close(&Args::new());
    });
}

/// Killed and started anew: the session is made again, media is not, and its host is told.
#[test]
fn a_server_that_is_started_anew() {
    let janus = start();
    let folder = Folder::new();
    ten("restarted", &[], |turn| {
        let session = with(&janus.ws, &json!({"recover": "recreate", "retry_delay": "20ms", "max_retries": 1000}));
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        janus.kill().unwrap();
        janus.restart().unwrap();
        let (code, detail) = answered(&handle, call).unwrap_err();
        assert_eq!(code, "session_lost", "{detail}");
        whole_rounds(&to, 10);
        told(&session, Kind::Restored);
        usable(&handle);
        close(&session);
    });
}

/// Stopped for longer than the other side may be silent: the way is lost, and after `timeout` so is media. Ten at once, as
/// that takes its time.
#[test]
fn a_server_that_falls_silent() {
    let janus = Janus::start(&Setup { reclaim: 600, session_timeout: 0, ..Setup::default() }).unwrap();
    let folder = Folder::new();
    let session = open(&janus);
    let handles: Vec<_> = (0..10).map(|_| attach(&session, "echotest")).collect();
    let to = |number: usize| folder.path(&format!("{number}.webm"));
    let mut calls = Vec::new();
    for (number, handle) in handles.iter().enumerate() {
        let order = json!({"play_from": sample(FILM), "record_to": to(number), "timeout": "3s", "loop": true});
        calls.push(flowed(handle, &order, 10));
    }
    let began = Instant::now();
    janus.freeze().unwrap();
    let ended: Vec<_> = handles.iter().zip(calls).map(|(handle, call)| answered(handle, call)).collect();
    assert!(began.elapsed().as_secs() < 40, "{:?}", began.elapsed());
    janus.thaw().unwrap();
    for (number, (handle, ended)) in handles.iter().zip(ended).enumerate() {
        let (code, detail) = ended.unwrap_err();
        assert_eq!(
            (&*code, &detail["phase"], &detail["outcome"]),
            ("media_ice", &json!("ice"), &json!("unknown")),
            "{detail}"
        );
        whole_rounds(&to(number), 10);
        usable(handle);
    }
    close(&session);
}

/// Stopped for a moment: what flows goes on.
#[test]
fn a_server_that_is_silent_for_a_moment() {
    let janus = Janus::start(&Setup { reclaim: 600, session_timeout: 0, ..Setup::default() }).unwrap();
    ten("silent for a moment", &[], |_| {
        let session = open(&janus);
        let handle = attach(&session, "echotest");
        let call = flowed(&handle, &json!({"play_from": sample("vp8.ivf"), "loop": true}), 10);
        janus.freeze().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        janus.thaw().unwrap();
        came(&handle, 30);
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
        answered(&handle, call).unwrap();
        close(&session);
    });
}

/// The connection of the signalling is cut, and the session claimed: media goes on all the time, and after it.
#[test]
fn a_connection_that_is_claimed() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let folder = Folder::new();
    ten("claimed", &[], |turn| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = with(&server, &json!({"recover": "claim", "retry_delay": "10ms", "max_retries": 1000}));
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let call = rounds(&handle, &to, 10);
        relay.refuse(true);
        relay.cut();
        told(&handle, Kind::Lost);
        came(&handle, 15);
        relay.refuse(false);
        told(&handle, Kind::Restored);
        came(&handle, 15);
        assert_eq!(ask(&handle, "media_stop", json!({}))["end"], "stopped");
        assert_eq!(answered(&handle, call).unwrap()["end"], "stopped");
        whole_rounds(&to, 40);
        usable(&handle);
        close(&session);
    });
}

/// The server hangs up while nobody can be told: it is known afterwards, at the latest by the silence of the other side.
#[test]
fn a_hangup_that_nobody_hears() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let folder = Folder::new();
    ten("an unheard hangup", &[], |turn| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = with(&server, &json!({"recover": "claim", "retry_delay": "10ms", "max_retries": 1000}));
        let handle = attach(&session, "echotest");
        let to = folder.path(&format!("{turn}.webm"));
        let ids = (id(&session), id(&handle));
        let call = rounds(&handle, &to, 10);
        relay.refuse(true);
        relay.cut();
        told(&handle, Kind::Lost);
        let request = json!({"janus": "hangup_webrtc", "session_id": ids.0, "handle_id": ids.1});
        assert_eq!(admin(&janus, request)["janus"], "success");
        let end = answered(&handle, call).unwrap();
        assert_eq!(end["end"], "hangup");
        relay.refuse(false);
        told(&handle, Kind::Restored);
        whole_rounds(&to, 10);
        usable(&handle);
        close(&session);
    });
}

/// Nothing is lost of a session whose connection goes while it is set up.
#[test]
fn a_connection_that_is_cut_during_the_set_up() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    ten("cut in the set-up", &[], |turn| {
        let (relay, server) = Relay::of(&janus.ws);
        let session = with(&server, &json!({"recover": "claim", "retry_delay": "10ms", "max_retries": 1000}));
        let handle = attach(&session, "echotest");
        hear(&handle, "hangup");
        relay.cut_after(60 + 40 * turn);
        let call = handle.submit(Some("media"), None, &args(&json!({"play_from": sample("vp8_one.ivf")}))).unwrap();
        let ended = loop {
            let event = crate::bed::next(&handle);
            if event.kind() == Kind::Response && event.id() == call {
                break event.failure().map(|failure| failure.error().code().to_owned());
            }
        };
        if let Some(code) = &ended {
            assert_eq!(code, "connection_lost");
            until(&handle, |event| (event.kind() == Kind::Restored).then_some(()));
        }
        if ended.is_none() {
            usable(&handle);
        } else if !again(&handle) {
            // Janus 1.1.2 may keep a handle for good whose connection was hung up while it was being made.
            usable(&attach(&session, "echotest"));
        }
        close(&session);
    });
}
