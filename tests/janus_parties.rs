//! The Python client `janus_client` as the other party, plug-in by plug-in that it knows: what one side does, the other hears.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[path = "janus/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod janus;

use bed::{ROOM, TEXT, args, ask, attach, hear, message, open, start};
use haft_sandbox::janus::{ADMIN_SECRET, ROOM_SECRET};
use janus::{client::Client, offer};
use serde_json::{Value, json};

fn data(told: &Value) -> &Value {
    &told["plugindata"]["data"]
}

/// What the Python client was brought by its only step.
fn brought(told: &Value) -> &Value {
    &told["results"][0]["value"]
}

/// All of its steps brought what they bring, and no error.
#[track_caller]
fn went_well(told: &Value) {
    for result in told["results"].as_array().unwrap() {
        assert!(result.as_object().unwrap().contains_key("value"), "{told}");
    }
}

#[test]
fn in_one_video_room() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let keeper = attach(&session, ROOM);
    ask(&keeper, "create", &json!({"room": 5, "notify_joining": true, "secret": "s"})).unwrap();
    let joined = ask(&keeper, "join", &json!({"room": 5, "ptype": "publisher", "id": 1, "display": "haft"})).unwrap();
    assert_eq!(joined["attendees"], json!([]));
    hear(&keeper, "event");
    let mut client = Client::start();
    let join = json!({"on": "a", "python": "a.join_as_publisher(5, publisher_id=7, display='python')"});
    let told = client.begin(&json!({"ws": janus.ws, "handles": {"a": "videoroom"}, "steps": [join]}));
    assert_eq!(brought(&told)["id"], 7, "{told}");
    assert_eq!(data(&message(&keeper))["joining"], json!({"id": 7, "display": "python"}));
    // It is heard by the other side what this one does,
    let other = attach(&session, ROOM);
    ask(&other, "join", &json!({"room": 5, "ptype": "publisher", "id": 2})).unwrap();
    let told = client.go_on(&["event(a)", "a.list_participants(5)"]);
    assert_eq!(data(brought(&told))["joining"]["id"], 2, "{told}");
    let ids: Vec<u64> =
        told["results"][1]["value"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(ids.len() == 3 && [1, 2, 7].iter().all(|id| ids.contains(id)), "{told}");
    assert_eq!(data(&message(&keeper))["joining"]["id"], 2);
    // and here what that one does.
    let told = client.go_on(&["a.kick_participant(5, 2, 's')"]);
    went_well(&told);
    assert_eq!(data(&message(&keeper))["kicked"], 2);
    ask(&keeper, "kick", &json!({"room": 5, "id": 7, "secret": "s"})).unwrap();
    let told = client.go_on(&["event(a)", "event(a)"]);
    let heard: Vec<&Value> = told["results"].as_array().unwrap().iter().map(|one| data(&one["value"])).collect();
    assert!(heard.iter().any(|data| data["reason"] == "kicked"), "{told}");
    assert_eq!(data(&message(&keeper))["kicked"], 7);
    client.end();
}

#[test]
fn in_one_video_call() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let phone = attach(&session, "janus.plugin.videocall");
    ask(&phone, "register", &json!({"username": "haft"})).unwrap();
    hear(&phone, "event");
    let mut client = Client::start();
    let register = json!({"on": "a", "python": "a.register('python')"});
    let told = client.begin(&json!({"ws": janus.ws, "handles": {"a": "videocall"}, "steps": [register]}));
    went_well(&told);
    let listed = ask(&phone, "list", &json!({})).unwrap();
    let mut users: Vec<&str> =
        listed["result"]["list"].as_array().unwrap().iter().map(|user| user.as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["haft", "python"]);
    // This side calls, that one hears it and hangs up.
    let offered = json!({"username": "python", "jsep": {"type": "offer", "sdp": offer(), "trickle": false}});
    let calling = ask(&phone, "call", &offered).unwrap();
    assert_eq!(calling["result"]["event"], "calling");
    let told = client.go_on(&["event(a)"]);
    let called = &data(brought(&told))["result"];
    assert_eq!((&called["event"], &called["username"]), (&json!("incomingcall"), &json!("haft")), "{told}");
    went_well(&client.go_on(&["a.hangup()"]));
    let ended = message(&phone);
    assert_eq!(data(&ended)["result"]["event"], "hangup", "{ended}");
    assert_eq!(data(&ended)["result"]["username"], "python", "{ended}");
    client.end();
}

#[test]
fn with_the_same_text_rooms() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let texts = attach(&session, TEXT);
    let mut client = Client::start();
    let create =
        json!({"on": "a", "python": "a.create_room(room=77, description='theirs', secret='s', is_private=False)"});
    let told = client.begin(&json!({"ws": janus.ws, "handles": {"a": "textroom"}, "steps": [create]}));
    went_well(&told);
    let listed = ask(&texts, "list", &json!({})).unwrap();
    let theirs = listed["list"].as_array().unwrap().iter().find(|room| room["room"] == 77).expect("their room");
    assert_eq!(theirs["description"], "theirs");
    ask(&texts, "create", &json!({"room": 78, "description": "ours"})).unwrap();
    ask(&texts, "destroy", &json!({"room": 77, "secret": "s"})).unwrap();
    let told = client.go_on(&["a.list_rooms()"]);
    let rooms: Vec<u64> =
        brought(&told).as_array().unwrap().iter().map(|room| room["room"].as_u64().unwrap()).collect();
    assert!(rooms.contains(&78) && !rooms.contains(&77), "{told}");
    client.end();
}

#[test]
fn an_echo_and_the_admin_api_beside_each_other() {
    let janus = start();
    let session = open(&janus.ws, &json!({"lazy": true}));
    let options = json!({"admin_url": format!("janus+{}", janus.admin_ws), "admin_secret": ADMIN_SECRET});
    let admin = session.attach("admin", &args(&options)).unwrap();
    let mut client = Client::start();
    let settings = json!({"on": "admin", "python": "admin.set_session_timeout(77)"});
    let told = client.begin(&json!({"ws": janus.ws, "admin_ws": janus.admin_ws, "steps": [settings]}));
    went_well(&told);
    client.end();
    assert_eq!(ask(&admin, "get_status", &json!({})).unwrap()["status"]["session_timeout"], 77);
    // Its handle of the echo test is seen by this side, which ends it.
    client.begin(&json!({"ws": janus.ws, "handles": {"a": "echotest"}, "steps": []}));
    let sessions = ask(&admin, "list_sessions", &json!({})).unwrap()["sessions"].clone();
    let theirs = sessions.as_array().unwrap().first().expect("their session").clone();
    let handles = ask(&admin, "list_handles", &json!({"session_id": theirs})).unwrap()["handles"].clone();
    let handle = handles.as_array().unwrap().first().expect("their handle").clone();
    let info = ask(&admin, "handle_info", &json!({"session_id": theirs, "handle_id": handle})).unwrap();
    assert_eq!(info["info"]["plugin"], "janus.plugin.echotest");
    ask(&admin, "detach_handle", &json!({"session_id": theirs, "handle_id": handle})).unwrap();
    let told = client.go_on(&["event(a)"]);
    assert_eq!(brought(&told)["janus"], "detached", "{told}");
    client.end();
    // The rooms of the server are what both find there.
    let room = attach(&session, ROOM);
    let list = json!({"on": "a", "python": "a.list_rooms()"});
    let told = client.begin(&json!({"ws": janus.ws, "handles": {"a": "videoroom"}, "steps": [list]}));
    assert_eq!(brought(&told), &ask(&room, "list", &json!({})).unwrap()["list"]);
    client.end();
    ask(&room, "destroy", &json!({"room": 1234, "secret": ROOM_SECRET})).unwrap();
}
