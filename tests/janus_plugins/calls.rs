//! Calls and echoes: VideoCall, EchoTest, Record&Play, VoiceMail (Janus specification 3.1, 3.3, 3.7).

use serde_json::json;

use crate::bed::{Plugin, offer, start};

/// The answer that a client would give to the offer of the tests.
fn answer() -> serde_json::Value {
    let sdp = crate::janus::offer().replace("a=setup:actpass", "a=setup:active");
    json!({"type": "answer", "sdp": sdp, "trickle": false})
}

#[test]
pub fn an_echo_answers_every_setting() {
    let janus = start();
    let echo = Plugin::new(&janus, "echotest");
    let handle = echo.attach();
    handle.refused("echo", json!({}), 413, "plugin_invalid_element");
    handle.ask(
        "echo",
        json!({"audio": true, "video": false, "bitrate": 128_000}),
        json!({"echotest": "event", "result": "ok"}),
    );
    handle.ask("echo", json!({"audio": true, "jsep": offer()}), json!({"result": "ok", "jsep": {"type": "answer"}}));
    echo.all_were_asked(&[]);
}

#[test]
pub fn two_users_call_each_other() {
    let janus = start();
    let (ours, theirs) = (Plugin::new(&janus, "videocall"), Plugin::new(&janus, "videocall"));
    let (alice, bob) = (ours.attach(), theirs.attach());
    // A handle whose offer came to nothing takes a while until it takes another one.
    ours.attach().refused("call", json!({"username": "bob", "jsep": offer()}), 473, "plugin_not_joined");
    alice.ask(
        "register",
        json!({"username": "alice"}),
        json!({"result": {"event": "registered", "username": "alice"}}),
    );
    alice.refused("register", json!({"username": "alice2"}), 477, "plugin_already_joined");
    bob.refused("register", json!({"username": "alice"}), 476, "plugin_id_taken");
    bob.ask("register", json!({"username": "bob"}), json!({"result": {"event": "registered"}}));
    let listed = alice.ask("list", json!({}), json!({"videocall": "event"}));
    let mut users: Vec<_> =
        listed["result"]["list"].as_array().unwrap().iter().map(|user| user.as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["alice", "bob"]);
    // A name of their own each: the server frees one only some time after its handle has gone.
    let rows = [("dave", "carol", 478, "plugin_no_such_user"), ("erin", "erin", 479, "plugin_wrong_state")];
    for (own, name, number, word) in rows {
        let dave = ours.attach();
        dave.ask("register", json!({"username": own}), json!({}));
        dave.refused("call", json!({"username": name, "jsep": offer()}), number, word);
        dave.session.close(&haft::args::Args::new()).unwrap();
    }
    ours.attach().refused("accept", json!({"jsep": offer()}), 481, "plugin_wrong_state");
    alice.hear("event");
    bob.hear("event");
    alice.ask("call", json!({"username": "bob", "jsep": offer()}), json!({"result": {"event": "calling"}}));
    let ring = bob.event();
    assert_eq!(ring["result"], json!({"event": "incomingcall", "username": "alice"}));
    assert_eq!(ring["jsep"]["type"], "offer");
    bob.ask("accept", json!({"jsep": answer()}), json!({"result": {"event": "accepted"}}));
    let taken = alice.event();
    assert_eq!((&taken["result"]["event"], &taken["jsep"]["type"]), (&json!("accepted"), &json!("answer")));
    alice.ask("set", json!({"video": false, "bitrate": 1000}), json!({"result": {"event": "set"}}));
    alice.ask(
        "hangup",
        json!({"reason": "lunch"}),
        json!({"result": {"event": "hangup", "reason": "Explicit hangup"}}),
    );
    let end = bob.event();
    // Who is told first, the peer or its media, is up to the server: the reason is one or the other.
    assert_eq!((&end["result"]["event"], &end["result"]["username"]), (&json!("hangup"), &json!("alice")));
    assert!(["lunch", "Remote WebRTC hangup"].contains(&end["result"]["reason"].as_str().unwrap()), "{end}");
    ours.all_were_asked_by_both(&theirs);
}

#[test]
pub fn recordings_are_made_and_looked_for() {
    let janus = start();
    let plays = Plugin::new(&janus, "recordplay");
    let handle = plays.attach();
    handle.ask("update", json!({}), json!({"recordplay": "ok"}));
    handle.ask("list", json!({}), json!({"recordplay": "list", "list": []}));
    let settings = json!({"settings": {"video-bitrate-max": 1000, "video-keyframe-interval": 5}, "status": "ok"});
    handle.ask("configure", json!({"video-bitrate-max": 1000, "video-keyframe-interval": 5}), settings);
    handle.refused("play", json!({"id": 9}), 416, "plugin_no_such_item");
    handle.refused("start", json!({}), 418, "plugin_wrong_state");
    handle.ask("pause", json!({}), json!({"recordplay": "event"}));
    handle.ask("resume", json!({}), json!({"recordplay": "event"}));
    let made = handle.ask(
        "record",
        json!({"name": "mine", "id": 9, "jsep": offer()}),
        json!({"result": {"status": "recording", "id": 9}, "jsep": {"type": "answer"}}),
    );
    assert_eq!(made["recordplay"], "event");
    handle.ask("stop", json!({}), json!({"result": {"status": "stopped"}}));
    plays.all_were_asked(&[]);
}

#[test]
pub fn voice_mail_wants_a_voice() {
    let janus = start();
    let mail = Plugin::new(&janus, "voicemail");
    let handle = mail.attach();
    handle.ask("record", json!({"jsep": offer()}), json!({"voicemail": "event", "status": "starting"}));
    handle.refused("record", json!({"jsep": offer()}), 465, "plugin_already_joined");
    // It records when there is something to record.
    handle.refused("update", json!({}), 468, "plugin_wrong_state");
    handle.ask("stop", json!({}), json!({"status": "done"}));
    mail.all_were_asked(&[]);
}
