//! What the server has forgotten is made again: sessions, handles, and what they had declared there.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use haft::{
    args::Args,
    session::{Event, Kind, Session},
};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, hear, id, inspect, message, next, open, shown, start, value, why},
    janus::{
        offer,
        probe::admin,
        relay::{Relay, Side},
    },
};

pub const CALLS: &str = "janus.plugin.videocall";
pub const BRIDGE: &str = "janus.plugin.audiobridge";

/// What makes it again.
pub fn again() -> Value {
    json!({"recover": "recreate", "retry_delay": "20ms", "max_retries": 500})
}

/// What a submitted call was answered.
pub fn answer(event: &Event) -> Value {
    assert_eq!(event.kind(), Kind::Response);
    event.response().map_or_else(|| panic!("{:?}", why(event)), value)
}

/// LOST and RESTORED of one handle, in that order and without anything else; what RESTORED says.
pub fn restored(session: &Session) -> Value {
    next(session, Kind::Lost);
    shown(&next(session, Kind::Restored))
}

/// What is closed while a server starts, which may take it more than one try.
pub enum Door {
    Relay(Relay),
    /// A link to a socket.
    Path(PathBuf, PathBuf),
}

impl Door {
    pub fn shut(&self) {
        match self {
            Door::Relay(relay) => relay.refuse(true),
            Door::Path(link, _) => fs::remove_file(link).unwrap(),
        }
    }

    pub fn open(&self) {
        match self {
            Door::Relay(relay) => relay.refuse(false),
            Door::Path(link, socket) => symlink(socket, link).unwrap(),
        }
    }
}

/// Everything that is no media: a room that the server has of itself, a name, a participant of a mixer, each as it was; and
/// one that is only in the memory of the old server.
fn declares_everything(janus: &Janus, server: &str, door: &Door) {
    let session = open(server, &again());
    let handles = [attach(&session, ROOM), attach(&session, CALLS), attach(&session, BRIDGE), attach(&session, ROOM)];
    let [publisher, caller, singer, own] = &handles;
    let joined = ask(publisher, "join", &json!({"ptype": "publisher", "room": 1234, "display": "me"})).unwrap();
    // By the message of the host's own making as well.
    let register = json!({"body": {"request": "register", "username": "jane"}});
    ask(caller, "message", &register).unwrap();
    ask(singer, "join", &json!({"room": 1234, "display": "singer"})).unwrap();
    ask(singer, "configure", &json!({"muted": true})).unwrap();
    let room = ask(own, "create", &json!({})).unwrap()["room"].clone();
    ask(own, "join", &json!({"ptype": "publisher", "room": room})).unwrap();
    let (old, olds) = (id(&session), handles.each_ref().map(id));

    door.shut();
    janus.kill().unwrap();
    next(&session, Kind::Lost);
    // Asked while nobody is there: it goes to the new handle, behind what makes that one what it was.
    let late = own.submit(Some("exists"), None, &args(&json!({"room": 1234}))).unwrap();
    janus.restart().unwrap();
    door.open();
    let told = shown(&next(&session, Kind::Restored));
    let (new, news) = (id(&session), handles.each_ref().map(id));
    assert_ne!(new, old);
    assert_eq!((&told["old_id"], &told["id"], &told["unknown"]), (&json!(old), &json!(new), &json!([])));
    let listed = told["handles"].as_array().unwrap();
    assert_eq!(listed.len(), 4, "{told}");
    for (handle, (before, now)) in handles.iter().zip(olds.iter().zip(&news)) {
        let one = listed.iter().find(|one| one["old_id"] == *before).unwrap();
        assert_eq!(one["id"], *now, "{told}");
        assert_ne!(before, now);
        // It hears of itself alone.
        let own = restored(handle);
        assert_eq!((&own["old_id"], &own["id"], &own["handles"]), (&json!(old), &json!(new), &json!([one])));
    }
    let of = |at: usize| listed.iter().find(|one| one["old_id"] == olds[at]).unwrap();
    let names =
        |list: &Value| -> Vec<Value> { list.as_array().unwrap().iter().map(|one| one["request"].clone()).collect() };
    assert_eq!(names(&of(0)["restored"]), ["join"], "{told}");
    assert_eq!(of(0)["restored"][0]["answer"]["videoroom"], "joined");
    // The id that the server had chosen is the same again.
    assert_eq!(of(0)["restored"][0]["answer"]["id"], joined["id"]);
    assert_eq!(names(&of(1)["restored"]), ["register"], "{told}");
    assert_eq!(names(&of(2)["restored"]), ["join", "configure"], "{told}");
    assert_eq!((&of(3)["restored"], names(&of(3)["not_restored"])), (&json!([]), vec![json!("join")]), "{told}");
    let lacks = &of(3)["not_restored"][0];
    assert_eq!((&lacks["reason"], &lacks["server_code"], &lacks["room"]), (&json!("refused"), &json!(426), &room));

    let response = own.poll(30_000).unwrap().unwrap();
    assert_eq!(
        (response.kind(), response.id(), answer(&response)["exists"].clone()),
        (Kind::Response, late, json!(true))
    );
    // As the server sees it.
    let there =
        |handle: &Session| ask(handle, "listparticipants", &json!({"room": 1234})).unwrap()["participants"].clone();
    assert_eq!((&there(own)[0]["display"], &there(own)[0]["id"]), (&json!("me"), &joined["id"]));
    assert_eq!((&there(singer)[0]["display"], &there(singer)[0]["muted"]), (&json!("singer"), &json!(true)));
    assert_eq!(ask(caller, "list", &json!({})).unwrap()["result"]["list"], json!(["jane"]));
    assert_eq!(inspect(&session, "handles").as_array().unwrap().len(), 4);
    session.close(&Args::new()).unwrap();
    assert_eq!(admin(janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
}

#[test]
fn by_websocket_everything_is_as_it_was() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    declares_everything(&janus, &server, &Door::Relay(relay));
}

#[test]
fn by_http_too() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.http);
    declares_everything(&janus, &server, &Door::Relay(relay));
}

#[test]
fn by_a_unix_socket_too() {
    let janus = start();
    let door = Door::Path(janus.dir.join("door.sock"), janus.unix.clone());
    door.open();
    let server = format!("unix:{}", janus.dir.join("door.sock").display());
    declares_everything(&janus, &server, &door);
}

/// Media is gone with the server: it is named, and so is what stands on it. What the host does about it counts for the next
/// time.
#[test]
fn media_is_the_hosts() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &again());
    let (echo, room) = (attach(&session, ECHO), attach(&session, ROOM));
    let description = json!({"type": "offer", "sdp": offer()});
    let body = json!({"body": {"audio": true}, "jsep": description});
    ask(&echo, "message", &body).unwrap();
    ask(&room, "joinandconfigure", &json!({"ptype": "publisher", "room": 1234, "jsep": description})).unwrap();
    ask(&room, "configure", &json!({"bitrate": 128_000})).unwrap();
    relay.refuse(true);
    janus.kill().unwrap();
    janus.restart().unwrap();
    relay.refuse(false);
    let told = restored(&session);
    let lacks = |handle: &Session| {
        let one = told["handles"].as_array().unwrap().iter().find(|one| one["id"] == id(handle)).unwrap().clone();
        assert_eq!(one["restored"], json!([]), "{told}");
        let list = one["not_restored"].as_array().unwrap().clone();
        list.iter().map(|one| format!("{} {}", one["request"], one["reason"])).collect::<Vec<_>>()
    };
    assert_eq!(lacks(&echo), ["\"echo\" \"media\""]);
    assert_eq!(lacks(&room), ["\"joinandconfigure\" \"media\"", "\"configure\" \"earlier\""]);
    ask(&room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
    relay.refuse(true);
    janus.kill().unwrap();
    janus.restart().unwrap();
    relay.refuse(false);
    let told = restored(&session);
    let of = |handle: &Session| told["handles"].as_array().unwrap().iter().find(|one| one["id"] == id(handle)).unwrap();
    assert_eq!((&of(&echo)["restored"], &of(&echo)["not_restored"]), (&json!([]), &json!([])));
    assert_eq!((&of(&room)["restored"][0]["request"], &of(&room)["not_restored"]), (&json!("join"), &json!([])));
}

/// Who left, was thrown out, or has none of its rooms any more is not brought back.
#[test]
fn what_is_over_is_not_made_again() {
    let janus = start();
    let session = open(&janus.ws, &again());
    let handles: Vec<_> = (0..3).map(|_| attach(&session, ROOM)).collect();
    let other = open(&janus.ws, &json!({}));
    let keeper = attach(&other, ROOM);
    let room = ask(&keeper, "create", &json!({})).unwrap()["room"].clone();
    let join = |handle: &Session, room: &Value| {
        ask(handle, "join", &json!({"ptype": "publisher", "room": room})).unwrap()["id"].clone()
    };
    join(&handles[0], &json!(1234));
    ask(&handles[0], "leave", &json!({})).unwrap();
    let id = join(&handles[1], &room);
    hear(&handles[1], "event");
    hear(&handles[2], "event");
    ask(&keeper, "kick", &json!({"room": room, "id": id})).unwrap();
    assert_eq!(message(&handles[1])["plugindata"]["data"]["leaving"], "ok");
    join(&handles[2], &room);
    ask(&keeper, "destroy", &json!({"room": room})).unwrap();
    assert_eq!(message(&handles[2])["plugindata"]["data"]["videoroom"], "destroyed");
    admin(&janus, json!({"janus": "destroy_session", "session_id": crate::bed::id(&session)}));
    ask(&session, "keepalive", &json!({})).unwrap();
    let told = restored(&session);
    for one in told["handles"].as_array().unwrap() {
        assert_eq!((&one["restored"], &one["not_restored"]), (&json!([]), &json!([])), "{told}");
    }
}

/// A handle that may not be attached any more ends with the server's reason; the others go on.
#[test]
fn a_handle_that_is_refused_ends_alone() {
    let janus = Janus::start(&Setup { tokens: true, ..Setup::default() }).unwrap();
    let plugins = json!([ECHO, ROOM]);
    admin(&janus, json!({"janus": "add_token", "token": "mine", "plugins": plugins}));
    let mut options = again();
    options["token"] = "mine".into();
    let session = open(&janus.ws, &options);
    let (echo, room) = (attach(&session, ECHO), attach(&session, ROOM));
    let old = id(&room);
    admin(&janus, json!({"janus": "disallow_token", "token": "mine", "plugins": [ROOM]}));
    admin(&janus, json!({"janus": "destroy_session", "session_id": id(&session)}));
    let late = room.submit(Some("exists"), None, &args(&json!({"room": 1234}))).unwrap();
    // It finds out, and waits.
    next(&room, Kind::Lost);
    assert_eq!(ask(&echo, "message", &json!({"body": {"audio": true}})).unwrap()["result"], "ok");
    let told = restored(&session);
    let refused = told["handles"].as_array().unwrap().iter().find(|one| one["old_id"] == old).unwrap();
    assert_eq!((&refused["id"], &refused["plugin"]), (&Value::Null, &json!(ROOM)));
    assert_eq!(restored(&echo)["handles"][0]["id"], id(&echo));
    // What waited for it was not sent; its end comes behind its answer.
    let response = room.poll(30_000).unwrap().unwrap();
    assert_eq!((response.kind(), response.id()), (Kind::Response, late));
    assert_eq!(why(&response).2["outcome"], "not_sent");
    let (code, _, detail) = why(&next(&room, Kind::Closed));
    assert_eq!((&*code, &detail["server_code"]), ("plugin_attach_fail", &json!(405)));
    ask(&session, "keepalive", &json!({})).unwrap();
}

/// A server that lets nobody claim is not asked to; its word of that is known from the connection before.
#[test]
fn where_nothing_can_be_claimed_nothing_is() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let mut options = again();
    options["create_id"] = 77.into();
    let session = open(&server, &options);
    ask(&session, "info", &json!({})).unwrap();
    while inspect(&session, "server_info") == Value::Null {
        ask(&session, "info", &json!({})).unwrap();
    }
    relay.cut();
    let told = restored(&session);
    // The host's own choice, once more.
    assert_eq!((&told["old_id"], &told["id"]), (&json!(77), &json!(77)));
    let said: Vec<_> = relay.messages().into_iter().filter(|(side, _)| *side == Side::Client).collect();
    assert!(said.iter().all(|(_, message)| message["janus"] != "claim"), "{said:?}");
    ask(&session, "keepalive", &json!({})).unwrap();
    // Somebody else has it meanwhile: another one.
    relay.refuse(true);
    janus.kill().unwrap();
    next(&session, Kind::Lost);
    janus.restart().unwrap();
    let other = open(&janus.ws, &json!({"create_id": 77}));
    relay.refuse(false);
    let told = shown(&next(&session, Kind::Restored));
    assert_eq!((&told["old_id"], &told["id"]), (&json!(77), &json!(id(&session))));
    assert_ne!(id(&session), 77);
    ask(&other, "keepalive", &json!({})).unwrap();
}

/// A name that is taken, as a rule by the old handle, which the server may know for a moment longer, is asked for again.
#[test]
fn a_name_that_is_taken_yet_is_waited_for() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &again());
    let caller = attach(&session, CALLS);
    ask(&caller, "register", &json!({"username": "jane"})).unwrap();
    relay.refuse(true);
    janus.kill().unwrap();
    next(&session, Kind::Lost);
    janus.restart().unwrap();
    let other = open(&janus.ws, &json!({}));
    let holder = attach(&other, CALLS);
    ask(&holder, "register", &json!({"username": "jane"})).unwrap();
    relay.refuse(false);
    let asked = |(side, message): &&(Side, Value)| *side == Side::Client && message["body"]["request"] == "register";
    relay.wait(|messages| messages.iter().filter(asked).count() >= 3);
    other.close(&Args::new()).unwrap();
    let told = shown(&next(&session, Kind::Restored));
    let one = &told["handles"][0];
    assert_eq!((&one["restored"][0]["request"], &one["not_restored"]), (&json!("register"), &json!([])), "{told}");
}
