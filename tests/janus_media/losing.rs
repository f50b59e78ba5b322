//! Media when the signalling is lost: WebRTC has a way of its own.

use haft::{args::Args, session::Kind, session::Session};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, start, until},
    files::frames,
    janus::relay::Relay,
    media::{probe::without_a_word, samples::sample},
};

fn open(url: &str, recover: &str) -> Session {
    let options = json!({"recover": recover, "retry_delay": "10ms"});
    Session::create(&format!("janus+{url}"), &args(&options)).unwrap()
}

fn frame(handle: &Session) {
    until(handle, |event| event.value()?.root().get("pts").map(drop));
}

#[test]
fn media_goes_on_over_a_cut_that_is_claimed() {
    let janus = Janus::start(&Setup { reclaim: 60, ..Setup::default() }).unwrap();
    let folder = Folder::new();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, "claim");
    let handle = attach(&session, "echotest");
    hear(&handle, "haft.media");
    let to = folder.path("whole.webm");
    let arguments = json!({"play_from": sample("vp8_opus.webm"), "record_to": to});
    let id = handle.submit(Some("media"), None, &args(&arguments)).unwrap();
    for _ in 0..30 {
        frame(&handle);
    }
    relay.cut();
    until(&handle, |event| (event.kind() == Kind::Restored).then_some(()));
    for _ in 0..30 {
        frame(&handle);
    }
    let end = answered(&handle, id).unwrap();
    assert_eq!(end["end"], "played", "{end}");
    assert!(frames(&to, "v:0") == frames(&sample("vp8_opus.webm"), "v:0"));
    // The handle is as good as before.
    let again = ask(&handle, "media", json!({"tracks": [{"kind": "video"}], "duration": "200ms"}));
    assert_eq!(again["end"], "duration", "{again}");
}

#[test]
fn a_session_that_is_made_again_has_no_media() {
    let janus = start();
    let folder = Folder::new();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, "recreate");
    let handle = attach(&session, "echotest");
    hear(&handle, "haft.media");
    let to = folder.path("part.webm");
    let arguments = json!({"play_from": sample("vp8_opus.webm"), "record_to": to, "loop": true});
    let id = handle.submit(Some("media"), None, &args(&arguments)).unwrap();
    for _ in 0..60 {
        frame(&handle);
    }
    relay.cut();
    // The server ends it with the session; who hears of that first says it.
    match answered(&handle, id) {
        Ok(end) => assert_eq!(end["end"], "hangup", "{end}"),
        Err((word, detail)) => assert_eq!(word, "session_lost", "{detail}"),
    }
    let (whole, part) = (frames(&sample("vp8_opus.webm"), "v:0"), frames(&to, "v:0"));
    assert!(part.len() >= 20 && part[..] == whole[..part.len()], "{}", part.len());
    without_a_word(&to);
    // Its new handle takes another.
    let again = ask(&handle, "media", json!({"tracks": [{"kind": "video"}], "duration": "200ms"}));
    assert_eq!(again["end"], "duration", "{again}");
    let error: Value = ask(&handle, "media_stop", json!({}));
    assert_eq!(error["end"], "duration");
    session.close(&Args::new()).unwrap();
}
