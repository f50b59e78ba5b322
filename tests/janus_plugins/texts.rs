//! TextRoom by messages of its handle (Janus specification 3.4).

use serde_json::json;

use crate::bed::{Plugin, start};

#[test]
pub fn every_request_goes_well_or_is_refused_as_documented() {
    let janus = start();
    let texts = Plugin::new(&janus, "textroom");
    let handle = texts.attach();
    handle.ask("create", json!({"room": 5, "secret": "s", "history": 3}), json!({"textroom": "created", "room": 5}));
    handle.refused("create", json!({"room": 5}), 418, "plugin_room_exists");
    handle.ask("exists", json!({"room": 5}), json!({"exists": true}));
    handle.ask("edit", json!({"room": 5, "secret": "s", "new_description": "x"}), json!({"textroom": "edited"}));
    handle.refused("edit", json!({"room": 5, "secret": "wrong"}), 419, "plugin_unauthorized");
    handle.ask(
        "allowed",
        json!({"room": 5, "secret": "s", "action": "add", "allowed": ["t"]}),
        json!({"allowed": ["t"]}),
    );
    handle.ask("listparticipants", json!({"room": 5}), json!({"room": 5, "participants": []}));
    handle.refused("listparticipants", json!({"room": 6}), 417, "plugin_no_such_room");
    handle.refused("kick", json!({"room": 5, "secret": "s", "username": "x"}), 423, "plugin_no_such_user");
    handle.ask("announcement", json!({"room": 5, "secret": "s", "text": "hear"}), json!({"textroom": "success"}));
    handle.refused("restart", json!({}), 416, "plugin_wrong_state");
    handle.ask("setup", json!({}), json!({"textroom": "event", "result": "ok", "jsep": {"type": "offer"}}));
    handle.refused("setup", json!({}), 416, "plugin_wrong_state");
    handle.ask("ack", json!({}), json!({"textroom": "event", "result": "ok"}));
    handle.ask("destroy", json!({"room": 5, "secret": "s"}), json!({"textroom": "destroyed", "room": 5}));
    for (verb, arguments) in
        [("join", json!({"room": 5, "username": "a"})), ("message", json!({"body": {"request": "message"}}))]
    {
        let error = handle.try_ask(verb, &arguments).unwrap_err();
        assert!(["plugin_wrong_state", "plugin_invalid_request"].contains(&error.code()), "{error}");
    }
    handle.ask("list", json!({}), json!({"textroom": "success", "list": [{"room": 1234}]}));
    texts.all_were_asked(&[]);
}

#[test]
pub fn three_clients_list_the_same_rooms() {
    let janus = start();
    let all: Vec<Plugin> = (0..3).map(|_| Plugin::new(&janus, "textroom")).collect();
    let handles: Vec<_> = all.iter().map(Plugin::attach).collect();
    for (at, handle) in (1..).zip(&handles) {
        handle.ask("create", json!({"room": at, "description": format!("of {at}")}), json!({"room": at}));
    }
    for handle in &handles {
        let list = handle.ask("list", json!({}), json!({"textroom": "success"}));
        let mut rooms: Vec<u64> =
            list["list"].as_array().unwrap().iter().map(|room| room["room"].as_u64().unwrap()).collect();
        rooms.sort_unstable();
        assert_eq!(rooms, [1, 2, 3, 1234]);
    }
}
