//! Packets that a server may send, and should not.

use haft::{
    args::Args,
    session::{Kind, Session},
};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::{
    bed::{login, sandbox, url},
    hearing::{call, connected, drained, hub, members, messages, publish, settle, subscribe},
};

/// Has the server send a packet as it is.
fn send(sandbox: &Sandbox, packet: &str) {
    let encoded: String = packet.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(sandbox.ftrack_order(&format!("hub=packet&text={encoded}")).unwrap()["connections"], 1);
}

fn event(sandbox: &Sandbox, event: &Value) {
    send(sandbox, &format!("5:::{}", json!({"name": "ftrack.event", "args": [event]})));
}

#[test]
fn what_means_nothing_is_left_alone() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    subscribe(&session, "topic=t", "{}");
    settle(&session);
    for packet in [
        "8::",
        "9::x",
        "10::",
        "garbage",
        "",
        ":",
        "5:x",
        "5::",
        "5:::",
        "5:::{",
        "5:::{}",
        "5:::[]",
        "5:::null",
        "5:::{\"args\":[]}",
        "5:::{\"args\":[1]}",
        "5:::{\"args\":[{\"topic\":\"t\"},{\"topic\":\"t\"}]}",
        "3:::text: more",
        "4:::{\"topic\":\"t\"}",
        "7:::complaint",
        "6:::",
        "6:::x",
        "6:::4711",
        "6:::4711+[{\"success\":true}]",
        "6:::1",
        "6:::2+",
        "6:::1+[{\"success\":false,\"message\":\"exists\"}]",
        "1::",
        "1::",
        "2::",
        "2:::",
    ] {
        send(&sandbox, packet);
    }
    event(&sandbox, &json!({"topic": "t", "data": {"n": 0}, "target": "no expression"}));
    event(&sandbox, &json!({"topic": 5}));
    event(&sandbox, &json!({"topic": "t", "data": {"n": 1}}));
    // Another name, no data, keys that nobody knows, an endpoint, a number, and no id: events all the same.
    send(
        &sandbox,
        "5:7:/end:{\"name\":\"other\",\"args\":[{\"topic\":\"t\",\"data\":{\"n\":2},\"more\":{\"a\":[1]}}]}",
    );
    event(&sandbox, &json!({"topic": "t"}));
    let heard = messages(&session, 3);
    assert_eq!(members(&heard, "n"), [json!(1), json!(2), Value::Null]);
    assert_eq!((&heard[1]["more"], &heard[1]["in_reply_to_event"]), (&json!({"a": [1]}), &Value::Null));
    settle(&session);
    assert!(drained(&session).iter().all(|event| event.kind() != Kind::Lost));
    assert_eq!((&hub(&session)["state"], &hub(&session)["losses"]), (&json!("connected"), &json!(0)));
    assert_eq!(hub(&session)["unacknowledged"], 0);
}

#[test]
fn an_event_comes_once() {
    let sandbox = sandbox();
    let session = connected(&sandbox, "jenkins");
    subscribe(&session, "topic=t", "{}");
    settle(&session);
    let twice = json!({"topic": "t", "id": "same", "data": {"n": 1}});
    event(&sandbox, &twice);
    event(&sandbox, &twice);
    // Without an id nobody can tell.
    event(&sandbox, &json!({"topic": "t", "data": {"n": 2}}));
    event(&sandbox, &json!({"topic": "t", "data": {"n": 2}}));
    sandbox.ftrack_order("hub=duplicate").unwrap();
    publish(&session, "t", &json!({"n": 3}));
    publish(&session, "t", &json!({"n": 4}));
    assert_eq!(members(&messages(&session, 5), "n"), [1, 2, 2, 3, 4]);
    settle(&session);
    assert!(drained(&session).is_empty());
}

#[test]
fn a_refused_event_is_told() {
    let sandbox = sandbox();
    // The server's language is Python's; the dialect of a session without it knows nothing that the server does not.
    let session = connected(&sandbox, "jenkins");
    sandbox.ftrack_order("hub=lose").unwrap();
    let id = session.submit(Some("publish"), Some("t"), &Args::new()).unwrap();
    // Packets are numbered from 1: the hub's own subscription, and this one.
    send(&sandbox, "6:::2+[{\"success\":false,\"message\":\"not today\"}]");
    let event = session.poll(30_000).unwrap().unwrap();
    let error = event.failure().unwrap().error();
    assert_eq!((event.id(), error.code()), (id, "event_rejected"));
    assert_eq!(super::bed::detail(error, "server_text"), "not today");
    sandbox.ftrack_order("hub=lose").unwrap();
    let error = call(&session, "publish", "t", r#"{"timeout": "30ms"}"#).unwrap_err();
    assert_eq!((error.code(), super::bed::detail(&error, "outcome")), ("total_timeout", json!("unknown")));
    sandbox.ftrack_order("hub=lose").unwrap();
    let id = session.submit(Some("publish"), Some("t"), &Args::new()).unwrap();
    session.cancel(id);
    let event = session.poll(30_000).unwrap().unwrap();
    assert_eq!(event.failure().unwrap().error().code(), "cancelled");
}

/// Python renames the reference of a reply everywhere, and looks for the text anywhere.
#[test]
fn the_python_dialect_is_kept_to_where_it_is_asked_for() {
    for (compat, inner, count) in [("{}", "inReplyToEvent", 1), (r#"{"compat": "python"}"#, "in_reply_to_event", 2)] {
        let sandbox = sandbox();
        let session = Session::create(&url(&sandbox), &login(compat)).unwrap();
        call(&session, "connect", "", "{}").unwrap();
        let ours = subscribe(&session, "topic=begin*", "{}");
        subscribe(&session, "topic=gin*", "{}");
        settle(&session);
        event(&sandbox, &json!({"topic": "begin", "id": "1", "inReplyToEvent": "e", "data": {"inReplyToEvent": 1}}));
        let heard = messages(&session, count);
        assert_eq!((&heard[0]["in_reply_to_event"], &heard[0]["data"]), (&json!("e"), &json!({inner: 1})));
        settle(&session);
        assert!(drained(&session).is_empty());
        session.unsubscribe(ours);
    }
}
