//! VideoCall: two call each other, with files both ways.

use serde_json::json;

use crate::{
    bed::{Folder, answered, args, ask, attach, hear, open, start, try_ask, until},
    files::frames,
    media::{probe::without_a_word, samples::sample},
};

#[test]
fn both_play_and_record_until_one_hangs_up() {
    let janus = start();
    let folder = Folder::new();
    let (one, other) = (open(&janus), open(&janus));
    let (caller, callee) = (attach(&one, "videocall"), attach(&other, "videocall"));
    // The callee registered by itself, the caller has it done.
    ask(&callee, "register", json!({"username": "bob"}));
    hear(&callee, "haft.media");
    hear(&caller, "haft.media");
    let plays = |file: &str, to: &str| json!({"play_from": sample(file), "record_to": folder.path(to), "loop": true});
    let answers = callee.submit(Some("media"), None, &args(&plays("vp8_opus.webm", "bob.webm"))).unwrap();
    let mut call = plays("vp8_opus.mkv", "ann.mkv");
    call["username"] = json!("bob");
    call["body"] = json!({"username": "ann"});
    let calls = caller.submit(Some("media"), None, &args(&call)).unwrap();
    for handle in [&caller, &callee] {
        for _ in 0..30 {
            until(handle, |event| {
                assert!(event.failure().is_none(), "{:?}", event.failure());
                event.value()?.root().get("pts").map(drop)
            });
        }
    }
    let end = ask(&callee, "media_stop", json!({}));
    assert_eq!(end["end"], "stopped", "{end}");
    assert_eq!(answered(&callee, answers).unwrap()["end"], "stopped");
    let end = answered(&caller, calls).unwrap();
    assert_eq!(end["end"], "hangup", "{end}");
    for (name, of) in [("bob.webm", "vp8_opus.mkv"), ("ann.mkv", "vp8_opus.webm")] {
        let path = folder.path(name);
        without_a_word(&path);
        let (whole, part) = (frames(&sample(of), "v:0"), frames(&path, "v:0"));
        assert!(!part.is_empty() && part.iter().all(|frame| whole.contains(frame)), "{name}");
    }
    // They are who they were, and can call again: the call that came meanwhile is taken.
    hear(&callee, "event:incomingcall");
    let track = json!([{"kind": "video", "codec": "vp8"}]);
    let calls = caller.submit(Some("media"), None, &args(&json!({"username": "bob", "tracks": track}))).unwrap();
    until(&callee, |event| (crate::bed::data(event)["result"]["event"] == "incomingcall").then_some(()));
    let begun = ask(&callee, "media", json!({"until": "connected"}));
    assert_eq!(begun["state"], "flowing", "{begun}");
    assert_eq!(begun["tracks"][0]["direction"], "recvonly", "{begun}");
    ask(&caller, "media_stop", json!({}));
    assert_eq!(answered(&caller, calls).unwrap()["end"], "stopped");
    // Of several codecs that are offered it is that of the file.
    let (caller, callee) = (attach(&one, "videocall"), attach(&other, "videocall"));
    ask(&callee, "register", json!({"username": "bert"}));
    let calls = json!({"username": "bert", "tracks": [{"kind": "video"}], "body": {"username": "ada"}});
    let calls = caller.submit(Some("media"), None, &args(&calls)).unwrap();
    let end = ask(&callee, "media", json!({"play_from": sample("vp9.ivf"), "duration": "500ms"}));
    assert_eq!((&end["tracks"][0]["codec"], &end["end"]), (&json!("vp9"), &json!("duration")), "{end}");
    let end = answered(&caller, calls).unwrap();
    assert_eq!((&end["tracks"][0]["codec"], &end["end"]), (&json!("vp9"), &json!("hangup")), "{end}");
}

#[test]
fn a_call_that_is_not_taken_is_an_error() {
    let janus = start();
    let session = open(&janus);
    let (caller, callee) = (attach(&session, "videocall"), attach(&session, "videocall"));
    let track = json!([{"kind": "video", "codec": "vp8"}]);
    let call = json!({"username": "bob", "tracks": track, "body": {"username": "ann"}});
    let error = try_ask(&caller, "media", &call).unwrap_err();
    assert_eq!(error.code(), "plugin_no_such_user", "{error:?}");
    ask(&callee, "register", json!({"username": "bob"}));
    hear(&callee, "event:incomingcall");
    let id = caller.submit(Some("media"), None, &args(&call)).unwrap();
    until(&callee, |event| (crate::bed::data(event)["result"]["event"] == "incomingcall").then_some(()));
    ask(&callee, "hangup", json!({}));
    let (word, detail) = answered(&caller, id).unwrap_err();
    assert_eq!(word, "media_refused", "{detail}");
    // Nobody calls, and nobody answers.
    let (caller, callee) = (attach(&session, "videocall"), attach(&session, "videocall"));
    ask(&callee, "register", json!({"username": "bill"}));
    let call = json!({"username": "bill", "tracks": track, "body": {"username": "eve"}});
    for (handle, arguments) in [(&callee, json!({"role": "callee"})), (&caller, call)] {
        let mut arguments = arguments;
        arguments["timeout"] = json!("300ms");
        let error = try_ask(handle, "media", &arguments).unwrap_err();
        assert_eq!(error.code(), "total_timeout", "{error:?}");
        assert_eq!(error.detail().get("phase").and_then(|phase| phase.as_str()), Some("signalling"), "{error:?}");
    }
}
