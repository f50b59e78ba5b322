//! Fields and options of one name, topics by the names of events, and what is found before anything is sent.

use haft::{args::Args, session::Kind};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::bed::{Plugin, args, open, start};

#[test]
fn a_field_is_the_field_and_the_option_beside_it_is_in_a_group() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let handle = rooms.attach();
    handle.ask("create", json!({"room": 5}), json!({}));
    // Text is no id of a call: `id` is the participant's.
    handle.refused("kick", json!({"room": 5, "id": 7}), 428, "plugin_no_such_feed");
    handle.refused("kick", json!({"room": 5, "id": "seven"}), 430, "plugin_invalid_element");
    let mut own = args(&json!({"room": 5, "id": 7}));
    own.set("haft.id", 31i64);
    assert_eq!(handle.session.submit(Some("kick"), None, &own).unwrap(), 31);
    let event = handle.session.poll(30_000).unwrap().unwrap();
    assert_eq!((event.kind(), event.id()), (Kind::Response, 31));
    assert_eq!(event.failure().unwrap().error().code(), "plugin_no_such_feed");
    // Where the verb has no such field it is the option, as everywhere.
    assert_eq!(handle.session.submit(Some("exists"), None, &args(&json!({"room": 5, "id": 32}))).unwrap(), 32);
    assert_eq!(handle.session.poll(30_000).unwrap().unwrap().id(), 32);
    let mut wrong = Args::new();
    wrong.set("haft.tag", "x");
    let error = handle.session.request(Some("list"), None, &wrong).unwrap_err();
    assert_eq!(error.message(), r#"there is no option "haft.tag"; there is "haft.id""#);
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let handle = rooms.attach();
    for (verb, arguments, code, key) in [
        ("create", json!({"publishers": "6"}), "argument", "publishers"),
        ("create", json!({"colour": "red"}), "argument", "colour"),
        ("crate", json!({}), "unsupported", "verb"),
        ("join", json!({"room": 1234, "ptype": "publisher", "feed": 1}), "argument", "feed"),
    ] {
        let error = handle.try_ask(verb, &arguments).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let detail = |name: &str| error.detail().get(name).and_then(|value| value.as_str().map(str::to_owned));
        assert_eq!((detail("key").as_deref(), detail("outcome").as_deref()), (Some(key), Some("not_sent")), "{error}");
        let staged = handle.session.stage(Some(verb), None, &args(&arguments)).unwrap_err();
        assert_eq!(staged.code(), code, "{staged}");
    }
    // What is not checked by name: any message, and plugins that are not known.
    let body = json!({"body": {"request": "create", "room": 9, "colour": "red"}});
    handle.ask("message", body, json!({"videoroom": "created", "room": 9}));
}

#[test]
fn staged_requests_are_sent_in_order() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let handle = rooms.attach();
    for (verb, arguments) in
        [("create", json!({"room": 5})), ("kick", json!({"room": 5, "id": 7})), ("destroy", json!({"room": 5}))]
    {
        handle.session.stage(Some(verb), None, &args(&arguments)).unwrap();
    }
    assert_eq!(handle.ask("exists", json!({"room": 5}), json!({}))["exists"], false);
    let error = handle.session.commit(&Args::new()).unwrap_err();
    let index = error.detail().get("index").and_then(haft::value::Tree::as_int);
    assert_eq!((error.code(), index), ("plugin_no_such_feed", Some(1)));
    assert_eq!(handle.ask("exists", json!({"room": 5}), json!({}))["exists"], true);
}

#[test]
fn ids_are_text_where_the_server_says_so() {
    let janus = Janus::start(&Setup { string_ids: true, ..Setup::default() }).unwrap();
    let rooms = Plugin::new(&janus, "videoroom");
    let (one, two) = (rooms.attach(), rooms.attach());
    one.ask("create", json!({"room": "lobby"}), json!({"videoroom": "created", "room": "lobby"}));
    one.ask("join", json!({"room": "lobby", "ptype": "publisher", "id": "alice"}), json!({"id": "alice"}));
    two.ask("join", json!({"room": "lobby", "ptype": "publisher", "id": "bob"}), json!({"id": "bob"}));
    two.hear("event:leaving");
    one.ask("kick", json!({"room": "lobby", "id": "bob"}), json!({"videoroom": "success"}));
    assert_eq!(two.event()["reason"], "kicked");
    one.refused("exists", json!({"room": 5}), 430, "plugin_invalid_element");
}

#[test]
fn prepared_requests_are_the_whole_message() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let handle = rooms.attach();
    let prepared = handle.session.prepare(Some("exists"), None, &args(&json!({"room": 1234.0}))).unwrap();
    let shown: Value = serde_json::from_str(&prepared.view().root().to_json()).unwrap();
    assert_eq!(shown["body"], json!({"request": "exists", "room": 1234}), "{shown}");
    let answer = handle.session.request(None, None, &prepared).unwrap();
    assert_eq!(
        crate::bed::value(&answer)["plugindata"]["data"]["exists"]
            .as_bool()
            .or(crate::bed::value(&answer)["exists"].as_bool()),
        Some(true)
    );
}

#[test]
fn events_are_heard_by_their_names() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let (one, two) = (rooms.attach(), rooms.attach());
    one.ask("create", json!({"room": 5, "notify_joining": true}), json!({}));
    one.ask("join", json!({"room": 5, "ptype": "publisher", "id": 1}), json!({"videoroom": "joined"}));
    one.hear("event:leaving");
    two.ask("join", json!({"room": 5, "ptype": "publisher", "id": 2}), json!({"videoroom": "joined"}));
    two.ask("leave", json!({}), json!({"leaving": "ok"}));
    // It joined as well, but that has another name.
    assert_eq!(one.event(), json!({"videoroom": "event", "room": 5, "leaving": 2}));
    let session = open(&janus);
    assert_eq!(session.subscribe("event:leaving", &Args::new(), None, 0).unwrap_err().code(), "unsupported");
    assert_eq!(one.session.subscribe("event:", &Args::new(), None, 0).unwrap_err().code(), "unsupported");
}
