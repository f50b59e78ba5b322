//! SIP and NoSIP, as far as they go without anybody to call (Janus specification 3.8).

use serde_json::{Value, json};

use crate::bed::{Plugin, offer, start};

/// A plain description, as a telephone would give it.
const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// The offer of the tests without data, which telephones do not have.
fn voice() -> Value {
    let mut jsep = offer();
    let sdp = jsep["sdp"].as_str().unwrap();
    let end = sdp.find("m=application").unwrap();
    jsep["sdp"] = sdp[..end].replace("BUNDLE 0 1 2", "BUNDLE 0 1").into();
    jsep
}

#[test]
pub fn plain_descriptions_are_made_and_read() {
    let janus = start();
    let plain = Plugin::new(&janus, "nosip");
    let handle = plain.attach();
    let made = handle.ask(
        "generate",
        json!({"info": "mine", "jsep": voice()}),
        json!({"nosip": "event", "result": {"event": "generated", "type": "offer"}}),
    );
    assert!(made["result"]["sdp"].as_str().unwrap().contains("RTP/AVP"), "{made}");
    handle.refused("recording", json!({"action": "start"}), 449, "plugin_error");
    handle.ask("hangup", json!({}), json!({"result": {"event": "hangingup"}}));
    let other = plain.attach();
    other.ask(
        "process",
        json!({"type": "offer", "sdp": PLAIN}),
        json!({"result": {"event": "processed"}, "jsep": {"type": "offer"}}),
    );
    let streams = json!({"streams": [{"type": "audio", "host": "127.0.0.1", "port": 9}]});
    plain.all_were_asked(&[
        ("keyframe", json!({"user": true})),
        ("rtp_forward", streams),
        ("stop_rtp_forward", json!({"stream_id": 1})),
        ("listforwarders", json!({})),
    ]);
}

#[test]
pub fn a_guest_registers_and_everything_else_wants_a_call() {
    let janus = start();
    let sip = Plugin::new(&janus, "sip");
    let handle = sip.attach();
    let wrong_state = |verb: &str, arguments: Value| handle.refused(verb, arguments, 447, "plugin_wrong_state");
    sip.attach().refused("call", json!({"uri": "sip:x@127.0.0.1:9", "jsep": voice()}), 447, "plugin_wrong_state");
    handle.refused("register", json!({"username": "nobody"}), 446, "plugin_error");
    handle.ask(
        "register",
        json!({"type": "guest", "username": "sip:me@127.0.0.1"}),
        json!({"sip": "event", "result": {"event": "registered", "username": "me"}}),
    );
    for verb in ["accept", "update"] {
        wrong_state(verb, json!({}));
    }
    // Refusals that have no number.
    for (verb, arguments) in [
        ("transfer", json!({"uri": "sip:x@127.0.0.1"})),
        ("recording", json!({"action": "start", "audio": true})),
        ("info", json!({"type": "text/plain", "content": "x"})),
        ("dtmf_info", json!({"digit": "1"})),
    ] {
        handle.refused(verb, arguments, 0, "plugin_error");
    }
    // What makes no sense without a call is passed over.
    for (verb, arguments) in [
        ("hold", json!({"direction": "inactive"})),
        ("unhold", json!({})),
        ("hangup", json!({})),
        ("decline", json!({"code": 486})),
    ] {
        handle.unanswered(verb, arguments, "reset", json!({"result": {"event": "reset"}}));
    }
    handle.refused("call", json!({"uri": "nobody", "jsep": voice()}), 446, "plugin_error");
    handle.ask(
        "sipmessage",
        json!({"content": "hello", "uri": "sip:x@127.0.0.1:9"}),
        json!({"result": {"event": "messagesent"}}),
    );
    handle.ask(
        "subscribe",
        json!({"event": "presence", "to": "sip:x@127.0.0.1:9"}),
        json!({"result": {"event": "subscribing"}}),
    );
    handle.ask(
        "unsubscribe",
        json!({"event": "presence", "to": "sip:x@127.0.0.1:9"}),
        json!({"result": {"event": "unsubscribing"}}),
    );
    let _ = handle.try_ask("unregister", &json!({}));
    let streams = json!({"streams": [{"type": "audio", "host": "127.0.0.1", "port": 9}]});
    sip.all_were_asked(&[
        ("progress", json!({})),
        ("send_ringing", json!({})),
        ("keyframe", json!({"user": true})),
        ("rtp_forward", streams),
        ("stop_rtp_forward", json!({"stream_id": 1})),
        ("listforwarders", json!({})),
    ]);
}
