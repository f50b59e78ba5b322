//! Publishing and hearing: what comes, in which order, with which names; and what is told about mistakes.

use haft::{
    args::Args,
    error::Status,
    session::{Kind, Session},
};
use serde_json::{Value, json};

use super::{
    bed::{Bed, args, detail, login, sandbox, url},
    hearing::{call, connected, drained, hub, members, messages, next, open, publish, settle, shown, subscribe},
};

#[test]
fn what_one_publishes_the_other_hears() {
    let sandbox = sandbox();
    let (one, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
    let id = subscribe(&other, "topic=test.* and data.n>1", "{}");
    settle(&other);
    for n in 0..4 {
        publish(&one, "test.numbers", &json!({"n": n, "text": "ü: \"x\""}));
    }
    let event = next(&other, Kind::Message);
    assert_eq!((event.id(), event.topic().to_str().unwrap()), (id, "topic=test.* and data.n>1"));
    let value = shown(&event);
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "id", "in_reply_to_event", "sent", "source", "target", "topic"]);
    assert_eq!(value["data"], json!({"n": 2, "text": "ü: \"x\""}));
    assert_eq!((&value["source"]["id"], &value["source"]["user"]), (&hub(&one)["id"], &json!({"username": "jenkins"})));
    assert_eq!(
        (&value["topic"], &value["target"], &value["in_reply_to_event"]),
        (&json!("test.numbers"), &json!(""), &Value::Null)
    );
    assert_eq!(members(&messages(&other, 1), "n"), [3]);
    assert!(drained(&other).is_empty());
    // Nobody hears what is not for them, and one who publishes hears itself.
    subscribe(&one, "topic=test.numbers", r#"{"metadata": {"applicationId": "maya"}, "id": "mine"}"#);
    call(&one, "publish", "test.numbers", r#"{"data": {"n": 9}, "event_target": "applicationId=nuke"}"#).unwrap();
    call(
        &one,
        "publish",
        "test.numbers",
        r#"{"data": {"n": 10}, "event_target": "id=mine and applicationId=maya", "source": {"id": "me"}}"#,
    )
    .unwrap();
    let heard = messages(&one, 1);
    assert_eq!((members(&heard, "n"), &heard[0]["source"]["id"]), (vec![json!(10)], &json!("me")));
    other.unsubscribe(id);
    settle(&other);
    publish(&one, "test.numbers", &json!({"n": 11}));
    assert_eq!(members(&messages(&one, 1), "n"), [11]);
    assert!(drained(&other).is_empty());
}

#[test]
fn a_commit_is_heard_by_others() {
    let bed = Bed::new();
    let other = connected(&bed.sandbox, "martin");
    subscribe(&other, "topic=ftrack.update and source.user.username=jenkins", "{}");
    settle(&other);
    bed.call("update", &format!("Task/{}", super::bed::TASK), r#"{"data": {"name": "heard"}}"#);
    let event = messages(&other, 1).remove(0);
    assert_eq!(event["data"]["entities"][0]["action"], "update");
    assert_eq!(event["data"]["entities"][0]["changes"]["name"]["new"], "heard");
}

#[test]
fn replies_come_to_whoever_waits() {
    let sandbox = sandbox();
    let (one, other) = (connected(&sandbox, "jenkins"), connected(&sandbox, "martin"));
    subscribe(&other, "topic=test.ask", "{}");
    settle(&other);
    let asked = one.submit(Some("publish"), Some("test.ask"), &args(r#"{"replies": {"count": 2}}"#)).unwrap();
    let question = messages(&other, 1).remove(0);
    let id = question["id"].as_str().unwrap();
    call(&other, "reply", id, r#"{"data": {"n": 1}}"#).unwrap();
    call(&other, "reply", id, r#"{"data": {"n": 2}, "source": {"id": "desk"}}"#).unwrap();
    call(&other, "reply", id, r#"{"data": {"n": 3}}"#).unwrap();
    let answer = next(&one, Kind::Response);
    assert_eq!(answer.id(), asked);
    let replies: Value = serde_json::from_str(&answer.response().unwrap().value().unwrap().root().to_json()).unwrap();
    let replies = replies.as_array().unwrap();
    assert_eq!(members(replies, "n"), [1, 2]);
    for reply in replies {
        assert_eq!((&reply["topic"], &reply["in_reply_to_event"]), (&json!("ftrack.meta.reply"), &json!(id)));
        assert_eq!(reply["target"], format!("id={}", hub(&one)["id"].as_str().unwrap()));
    }
    assert_eq!(
        (&replies[1]["source"]["id"], &replies[1]["source"]["user"]["username"]),
        (&json!("desk"), &json!("martin"))
    );
    // What comes in time is what there is; and nobody waits any more.
    assert_eq!(
        call(&one, "publish", "test.nobody", r#"{"replies": {"timeout": "30ms", "count": null}}"#).unwrap(),
        json!([])
    );
    assert_eq!(hub(&one)["waiting_for_replies"], 0);
    let error = call(&other, "reply", "nothing", "{}").unwrap_err();
    assert_eq!((error.code(), error.status()), ("not_found", Status::NotFound));
    assert_eq!(call(&other, "stop", "nothing", "{}").unwrap_err().code(), "not_found");
    call(&other, "stop", id, "{}").unwrap();
}

#[test]
fn a_hub_is_only_opened_when_it_is_asked_for() {
    let sandbox = sandbox();
    let session = open(&sandbox, "jenkins", "{}");
    assert_eq!(hub(&session)["state"], "disconnected");
    let error = call(&session, "publish", "test.x", "{}").unwrap_err();
    assert_eq!(
        (error.code(), error.status(), detail(&error, "outcome")),
        ("hub_not_connected", Status::State, json!("not_sent"))
    );
    assert_eq!(call(&session, "publish", "test.x", r#"{"on_error": "ignore"}"#).unwrap(), Value::Null);
    // Stored, and told when there is somebody to tell.
    subscribe(&session, "topic=test.x", "{}");
    call(&session, "connect", "", "{}").unwrap();
    call(&session, "connect", "", "{}").unwrap();
    assert_eq!(hub(&session)["state"], "connected");
    publish(&session, "test.x", &json!({"n": 1}));
    assert_eq!(members(&messages(&session, 1), "n"), [1]);
    let links = || sandbox.ftrack_order("hub=packet&text=8::").unwrap()["connections"].clone();
    assert_eq!(links(), 1);
    // All subscriptions end with it.
    call(&session, "disconnect", "", "{}").unwrap();
    assert_eq!(next(&session, Kind::Ended).topic().to_str().unwrap(), "topic=test.x");
    assert_eq!((&hub(&session)["state"], &hub(&session)["subscriptions"]), (&json!("disconnected"), &json!(0)));
    assert_eq!(call(&session, "publish", "test.x", "{}").unwrap_err().code(), "hub_not_connected");
    call(&session, "disconnect", "", "{}").unwrap();
    call(&session, "connect", "", "{}").unwrap();
    assert_eq!(hub(&session)["state"], "connected");
    session.close(&Args::new()).unwrap();
}

#[test]
fn in_the_background_what_is_published_waits_for_the_connection() {
    let sandbox = sandbox();
    sandbox.ftrack_order("hub=handshake&times=3&status=503").unwrap();
    let session = open(&sandbox, "jenkins", r#"{"auto_connect_event_hub": true}"#);
    subscribe(&session, "topic=test.early", "{}");
    subscribe(&session, "topic=ftrack.meta.connected", "{}");
    publish(&session, "test.early", &json!({"n": 1}));
    publish(&session, "test.early", &json!({"n": 2}));
    call(&session, "connect", "", "{}").unwrap();
    let heard = messages(&session, 3);
    let topics: Vec<&Value> = heard.iter().map(|event| &event["topic"]).collect();
    assert_eq!(topics, ["ftrack.meta.connected", "test.early", "test.early"]);
    assert_eq!(members(&heard[1..], "n"), [1, 2]);
}

#[test]
fn states_are_told() {
    let sandbox = sandbox();
    let session = open(&sandbox, "jenkins", "{}");
    let state = subscribe(&session, "haft.state", "{}");
    call(&session, "connect", "", "{}").unwrap();
    sandbox.ftrack_order("hub=abort").unwrap();
    next(&session, Kind::Restored);
    let mut words = Vec::new();
    // Those before RESTORED were left out by the wait for it; the last is behind LOST and before RESTORED.
    words.extend(drained(&session).iter().filter(|event| event.id() == state).map(shown));
    assert!(words.is_empty(), "{words:?}");
    sandbox.ftrack_order("hub=close").unwrap();
    let lost = next(&session, Kind::Lost);
    assert_eq!(lost.failure().unwrap().error().code(), "connection_lost");
    assert_eq!(detail(lost.failure().unwrap().error(), "close_code"), 1000);
    let ready = next(&session, Kind::Message);
    assert_eq!((ready.id(), shown(&ready)["state"].clone()), (state, json!("ready")));
    next(&session, Kind::Restored);
    assert_eq!(hub(&session)["losses"], 2);
}

#[test]
fn who_is_refused_is_told() {
    let sandbox = sandbox();
    let session = open(&sandbox, "jenkins", "{}");
    for (order, code, status) in [
        ("hub=handshake&status=403", "hub_not_connected", Status::Denied),
        ("hub=handshake&status=401", "hub_not_connected", Status::Auth),
        ("hub=handshake&status=500", "hub_not_connected", Status::Remote),
        ("hub=handshake&status=200&body=a:b:c", "protocol", Status::Protocol),
        ("hub=handshake&status=200&body=a:60:60:xhr-polling", "protocol", Status::Protocol),
        ("hub=upgrade&status=403", "websocket_handshake", Status::Protocol),
    ] {
        sandbox.ftrack_order(order).unwrap();
        let error = call(&session, "connect", "", "{}").unwrap_err();
        assert_eq!((error.code(), error.status()), (code, status), "{order}: {error:?}");
        assert!(!error.message().contains("secret-key"));
        assert_eq!(hub(&session)["state"], "disconnected");
    }
    // A server that does not answer is waited for as long as the call says.
    sandbox.ftrack_order("hub=handshake&status=200&seconds=30").unwrap();
    let error = call(&session, "connect", "", r#"{"timeout": "50ms"}"#).unwrap_err();
    assert_eq!(error.code(), "total_timeout");
    call(&session, "connect", "", "{}").unwrap();
    // The server refuses an event whose target it cannot read: Python's dialect has one more than ours.
    sandbox.ftrack_order("hub=packet&text=7:::no").unwrap();
    session.close(&Args::new()).unwrap();
}

#[test]
fn mistakes_are_told() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    let refused = |topic: &str, json: &str| {
        let error = session.subscribe(topic, &args(json), None, 0).unwrap_err();
        (error.code().to_owned(), error.status(), detail(&error, "key"))
    };
    assert_eq!(refused("topic", "{}"), ("parse".into(), Status::Argument, json!("expression")));
    assert_eq!(refused("topic=x", r#"{"priority": "high"}"#).2, "priority");
    assert_eq!(refused("topic=x", r#"{"metadata": 1}"#).2, "metadata");
    assert_eq!(refused("topic=x", r#"{"answer": 1}"#).2, "answer");
    assert_eq!(refused("topic=x", r#"{"metadata": {"id": 5}}"#).2, "id");
    subscribe(&session, "topic=x", r#"{"id": "one"}"#);
    assert_eq!(
        refused("topic=y", r#"{"metadata": {"id": "one"}}"#),
        ("not_unique".into(), Status::Conflict, json!("id"))
    );
    let own = json!({"id": hub(&session)["id"]}).to_string();
    assert_eq!(refused("topic=y", &own).0, "not_unique");
    for (target, json, key) in [
        ("", "{}", "target"),
        ("t", r#"{"event_target": "a b"}"#, "event_target"),
        ("t", r#"{"on_error": "shrug"}"#, "on_error"),
        ("t", r#"{"replies": 5}"#, "replies"),
        ("t", r#"{"source": "me"}"#, "source"),
        ("t", r#"{"synchronous": true, "replies": true}"#, "replies"),
    ] {
        let error = call(&session, "publish", target, json).unwrap_err();
        assert_eq!(detail(&error, "key"), key, "{target} {json}: {error}");
    }
    let error = call(&session, "pubish", "t", "{}").unwrap_err();
    assert!(error.message().ends_with("the nearest is \"publish\""), "{error}");
}

/// Requests and packets as the official client has them.
#[test]
fn the_handshake_is_pythons() {
    let sandbox = sandbox();
    let session =
        Session::create(&url(&sandbox), &login(r#"{"compat": "python", "headers": {"X-Mine": "1"}}"#)).unwrap();
    call(&session, "connect", "", "{}").unwrap();
    settle(&session);
    session.close(&Args::new()).unwrap();
    let log = sandbox.ftrack_log(0, false);
    let entries: Vec<&Value> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["path"].as_str().unwrap().starts_with("/socket.io/"))
        .collect();
    assert_eq!(entries[0]["headers"]["ftrack-user"], "jenkins");
    assert_eq!(entries[0]["headers"].get("content-type"), None);
    let upgrade = entries.iter().find(|entry| entry["path"].as_str().unwrap().contains("websocket")).unwrap();
    assert_eq!(
        (upgrade["headers"].get("ftrack-user"), &upgrade["headers"]["ftrack-strict-api"]),
        (None, &json!("false"))
    );
    let packets = upgrade["packets"].as_array().unwrap();
    let shape: Vec<(&Value, &Value, &Value)> =
        packets.iter().map(|packet| (&packet["type"], &packet["id"], &packet["data"]["args"][0]["topic"])).collect();
    let event = |id: &'static str, topic: &'static str| (json!("5"), json!(id), json!(topic));
    let expected =
        [event("1+", "ftrack.meta.subscribe"), event("2+", "test.settle"), event("3+", "ftrack.meta.unsubscribe")];
    let expected: Vec<(&Value, &Value, &Value)> = expected.iter().map(|(kind, id, topic)| (kind, id, topic)).collect();
    assert_eq!(shape, expected);
    let data = &packets[0]["data"]["args"][0]["data"];
    assert_eq!(data["subscription"], "topic=ftrack.meta.reply");
    assert!(data["subscriber"]["id"].is_string());
}
