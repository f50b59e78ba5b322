//! TextRoom over its data channel (Janus specification 3.4).

use serde_json::json;

use crate::bed::{ask, attach, data, hear, open, start, try_ask, until};

#[test]
fn rooms_are_talked_in_over_the_data_channel() {
    let janus = start();
    let session = open(&janus);
    let (one, other) = (attach(&session, "textroom"), attach(&session, "textroom"));
    hear(&one, "event:message");
    hear(&one, "event:join");
    hear(&one, "event:leave");
    hear(&one, "data");
    // The first verb sets the channel up.
    let joined = ask(&one, "join", json!({"room": 1234, "username": "ann", "display": "Ann"}));
    assert_eq!(joined["textroom"], "success");
    assert_eq!(joined["participants"], json!([]));
    let joined = ask(&other, "join", json!({"room": 1234, "username": "bob"}));
    assert_eq!(joined["participants"], json!([{"username": "ann", "display": "Ann"}]));
    assert_eq!(ask(&other, "message", json!({"room": 1234, "text": "grüß dich"}))["textroom"], "success");
    // Over `data` as it came, and as an event of the plugin.
    let raw = until(&one, |event| {
        let text = event.value()?.root().at("/data")?.as_str()?.to_owned();
        text.contains("grüß").then_some(text)
    });
    assert!(raw.contains("\"from\""), "{raw}");
    let heard = until(&one, |event| Some(data(event)).filter(|data| data["textroom"] == "message"));
    assert_eq!((&heard["from"], &heard["text"], &heard["room"]), (&json!("bob"), &json!("grüß dich"), &json!(1234)));
    // To one alone, without an answer.
    assert_eq!(ask(&other, "message", json!({"room": 1234, "text": "psst", "to": "ann", "ack": false})), json!({}));
    let heard = until(&one, |event| Some(data(event)).filter(|data| data["textroom"] == "message"));
    assert_eq!((&heard["text"], &heard["whisper"]), (&json!("psst"), &json!(true)));
    ask(&other, "leave", json!({"room": 1234}));
    let heard = until(&one, |event| Some(data(event)).filter(|data| data["textroom"] == "leave"));
    assert_eq!(heard["username"], "bob");
    // Requests over the channel are refused as any other.
    for (verb, arguments, number, word) in [
        ("message", json!({"room": 1, "text": "x"}), 417, "plugin_no_such_room"),
        ("join", json!({"room": 1234, "username": "ann"}), 421, "plugin_already_joined"),
        ("leave", json!({"room": 99}), 417, "plugin_no_such_room"),
    ] {
        let error = try_ask(&one, verb, &arguments).unwrap_err();
        let found = error.detail().get("server_code").and_then(haft::value::Tree::as_int);
        assert_eq!((error.code(), found), (word, Some(number)), "{verb} {arguments}: {error:?}");
    }
    // What was found here was not sent.
    for (verb, arguments, key) in [
        ("join", json!({"room": 1234}), "username"),
        ("message", json!({"room": 1234, "text": 7}), "text"),
        ("message", json!({"room": 1234, "txt": "x"}), "txt"),
    ] {
        let error = try_ask(&one, verb, &arguments).unwrap_err();
        assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some(key), "{verb} {arguments}: {error:?}");
        assert_eq!(error.known_outcome().map(|outcome| format!("{outcome:?}")).as_deref(), Some("NotSent"));
    }
    let shown = one.inspect("media", &haft::args::Args::new()).unwrap();
    let shown = shown.value().unwrap().root().at("/state").and_then(|state| state.as_str()).map(str::to_owned);
    assert_eq!(shown.as_deref(), Some("flowing"));
    // It is over by a word, and begins again by the next request.
    assert_eq!(ask(&one, "media_stop", json!({}))["end"], "stopped");
    assert_eq!(ask(&one, "join", json!({"room": 1234, "username": "ann2"}))["textroom"], "success");
    session.close(&haft::args::Args::new()).unwrap();
}
