//! A film there and back, whole.

use std::time::{Duration, Instant};

use haft::{args::Args, session::Session};
use haft_sandbox::janus::{ADMIN_SECRET, Janus};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, args, ask, attach, try_ask, value},
    media::{
        probe::{copied, without_a_word},
        samples::sample,
    },
};

/// What is played.
pub const FILM: &str = "vp8_opus.webm";

pub fn session(url: &str) -> Session {
    Session::create(&format!("janus+{url}"), &Args::new()).unwrap()
}

/// Waits until those who join a room see this publisher: the server knows of its media a moment later than we.
pub fn published(handle: &Session, feed: u64) {
    loop {
        let seen = ask(handle, "listparticipants", json!({"room": 1234}));
        if seen["participants"].as_array().unwrap().iter().any(|one| one["id"] == feed && one["publisher"] == true) {
            return;
        }
        std::thread::yield_now();
    }
}

/// The film goes through the EchoTest of a server, with more arguments; each of its frames comes back. What the call says.
#[track_caller]
pub fn whole(session: &Session, more: Value) -> Value {
    through(session, FILM, &["v:0", "a:0"], more)
}

/// The same with a sample and its tracks; `took` is how long the call was.
#[track_caller]
pub fn through(session: &Session, name: &str, tracks: &[&str], more: Value) -> Value {
    let folder = Folder::new();
    let handle = attach(session, "echotest");
    let (from, to) = (sample(name), folder.path("back.webm"));
    let mut order = json!({"play_from": from, "record_to": to});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let began = Instant::now();
    let mut end = try_ask(&handle, "media", &order).unwrap_or_else(|error| panic!("{order}: {error:?}"));
    end["took"] = json!(began.elapsed().as_secs_f64());
    assert_eq!((&end["end"], &end["files"][0]["complete"]), (&json!("played"), &json!(true)), "{end}");
    for track in tracks {
        let (sent, back) = (copied(&from, track, "null"), copied(&to, track, "null"));
        assert!(back == sent, "{track}: {} of {} came back: {end}", back.len(), sent.len());
    }
    without_a_word(&to);
    handle.close(&Args::new()).unwrap();
    end
}

/// The phase of a connection took less than this.
#[track_caller]
pub fn quick(end: &Value, phase: &str, most: Duration) {
    let took = end["ice"][phase].as_f64().unwrap();
    assert!(took < most.as_secs_f64(), "{end}");
}

/// What the server knows of a connection: our candidates, and the pair that is in use.
pub fn known(janus: &Janus, session: &Session, handle: &Session) -> (Vec<String>, String) {
    let number = |of: &Session, what: &str| value(&of.inspect(what, &Args::new()).unwrap());
    let order = json!({"admin_url": janus.admin_http, "admin_secret": ADMIN_SECRET});
    let admin = session.attach("admin", &args(&order)).unwrap();
    let asked = json!({"session_id": number(session, "session_id"), "handle_id": number(handle, "id")});
    let info = ask(&admin, "handle_info", asked);
    admin.close(&Args::new()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{info}")).to_owned();
    let ice = &info["info"]["webrtc"]["ice"];
    let list = ice["remote-candidates"].as_array().unwrap_or_else(|| panic!("{info}"));
    (list.iter().map(text).collect(), text(&ice["selected-pair"]))
}
