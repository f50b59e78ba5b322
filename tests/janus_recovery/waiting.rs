//! What is asked while a session is lost, and what was on its way when it was.

use haft::{error::Outcome, session::Kind};
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{ECHO, ROOM, args, ask, attach, hear, id, message, next, open, shown, start, why},
    janus::{
        probe::admin,
        relay::{Relay, Side},
    },
    recreating::{again, answer, restored},
};

/// The bodies that the client sent, of all connections.
fn bodies(relay: &Relay) -> Vec<Value> {
    let said =
        relay.messages().into_iter().filter(|(side, message)| *side == Side::Client && message["janus"] == "message");
    said.map(|(_, message)| message["body"].clone()).collect()
}

/// A message that may have been done is told as such, to its caller and in RESTORED, and is never sent again.
#[test]
fn what_may_have_been_done_is_named_and_not_repeated() {
    for (recover, reclaim) in [("claim", 60), ("recreate", 60), ("recreate", 0)] {
        let janus = Janus::start(&Setup { reclaim, ..Setup::default() }).unwrap();
        let (relay, server) = Relay::of(&janus.ws);
        let mut options = again();
        options["recover"] = recover.into();
        let session = open(&server, &options);
        let (room, other) = (attach(&session, ROOM), attach(&session, ROOM));
        ask(&session, "info", &json!({})).unwrap();
        let (old, handle) = (id(&session), id(&room));
        let before = relay.messages().len();
        janus.freeze().unwrap();
        room.submit(Some("create"), None, &args(&json!({"room": 5}))).unwrap();
        session.submit(Some("ping"), None, &args(&json!({}))).unwrap();
        relay.wait(|messages| messages.iter().skip(before).filter(|(side, _)| *side == Side::Client).count() == 2);
        relay.cut();
        janus.thaw().unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let event = session.poll(30_000).unwrap().unwrap();
            seen.push(event.kind());
            if event.kind() == Kind::Restored {
                let told = shown(&event);
                let unknown = &told["unknown"];
                assert_eq!((&told["old_id"], unknown.as_array().unwrap().len()), (&json!(old), 1), "{told}");
                assert_eq!((&unknown[0]["verb"], &unknown[0]["handle"]), (&json!("create"), &json!(handle)), "{told}");
                assert!(unknown[0]["transaction"].is_string(), "{told}");
            }
        }
        // What changes nothing was asked again, and answered.
        assert_eq!(seen[0], Kind::Lost);
        assert!(seen.contains(&Kind::Restored) && seen.contains(&Kind::Response), "{seen:?}");
        let mut own = (None, None);
        for _ in 0..3 {
            let event = room.poll(30_000).unwrap().unwrap();
            match event.kind() {
                Kind::Lost => {}
                Kind::Response => own.0 = Some(why(&event)),
                Kind::Restored => own.1 = Some(shown(&event)["unknown"].clone()),
                other => panic!("{other:?}"),
            }
        }
        let (code, _, detail) = own.0.unwrap();
        assert_eq!((&*code, &detail["outcome"]), ("connection_lost", &json!("unknown")));
        assert_eq!(own.1.unwrap().as_array().unwrap().len(), 1);
        assert_eq!(restored(&other)["unknown"], json!([]));
        let sent = bodies(&relay);
        assert_eq!(sent.iter().filter(|body| body["request"] == "create").count(), 1, "{sent:?}");
    }
}

/// Held while there is no server, bounded by their own time, and sent in their order to what is there then.
#[test]
fn what_waits_goes_out_behind_the_restore() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &again());
    let room = attach(&session, ROOM);
    ask(&room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
    relay.refuse(true);
    janus.kill().unwrap();
    next(&room, Kind::Lost);
    let rooms: Vec<u64> = (100..150).collect();
    for number in &rooms {
        room.submit(Some("exists"), None, &args(&json!({"room": number}))).unwrap();
    }
    let late = ask(&room, "exists", &json!({"room": 1, "timeout": "30ms"})).unwrap_err();
    assert_eq!((late.code(), late.known_outcome()), ("total_timeout", Some(Outcome::NotSent)));
    janus.restart().unwrap();
    relay.refuse(false);
    let told = shown(&next(&room, Kind::Restored));
    assert_eq!(told["handles"][0]["restored"][0]["request"], "join");
    for _ in &rooms {
        assert_eq!(answer(&next(&room, Kind::Response))["exists"], false);
    }
    let sent: Vec<Value> = bodies(&relay).iter().map(|body| body["room"].clone()).collect();
    // The join of before, the join again, and those that waited.
    let wanted: Vec<Value> = [1234, 1234].iter().chain(&rooms).map(|number| json!(number)).collect();
    assert_eq!(sent, wanted);
    // All of them to the new handle.
    let news = relay.messages().into_iter().filter(|(side, message)| {
        *side == Side::Client && message["handle_id"] == id(&room) && message["session_id"] == id(&session)
    });
    assert_eq!(news.count(), rooms.len() + 1);
}

/// What is asked at the very moment of the restore goes behind what was held.
#[test]
fn whoever_asks_at_the_restore_is_not_first() {
    let janus = start();
    let (relay, server) = Relay::of(&janus.ws);
    let session = open(&server, &again());
    let room = attach(&session, ROOM);
    // The more there is to tell, the longer the moment.
    let _others: Vec<_> = (0..10).map(|_| attach(&session, ECHO)).collect();
    ask(&session, "info", &json!({})).unwrap();
    for round in 0..3 {
        let before = relay.messages().len();
        relay.cut();
        next(&room, Kind::Lost);
        let (mut asked, mut answered, mut back) = (0, 0, false);
        let mut begun = None;
        while begun.is_none_or(|end| asked < end) {
            asked += 1;
            room.submit(Some("exists"), None, &args(&json!({"room": asked}))).unwrap();
            while let Some(event) = room.poll(1).unwrap() {
                match event.kind() {
                    Kind::Response => answered += 1,
                    Kind::Restored => back = true,
                    other => panic!("{other:?}"),
                }
            }
            if back && begun.is_none() {
                begun = Some(asked + 50);
            }
        }
        while answered < asked {
            answered += i32::from(room.poll(30_000).unwrap().unwrap().kind() == Kind::Response);
        }
        let said = relay.messages().into_iter().skip(before);
        let said = said.filter(|(side, message)| *side == Side::Client && message["janus"] == "message");
        let rooms: Vec<i64> = said.map(|(_, message)| message["body"]["room"].as_i64().unwrap()).collect();
        assert!(rooms.is_sorted(), "round {round}: {:?}", rooms.windows(2).find(|pair| pair[0] > pair[1]));
    }
}

/// The server ends an unused session: it is there again before anybody asks, and a request that was refused for it goes to
/// the new one.
#[test]
fn a_session_that_times_out_is_there_again() {
    let janus = Janus::start(&Setup::short()).unwrap();
    let mut options = again();
    options["keepalive_interval"] = 0.into();
    let session = open(&janus.ws, &options);
    let room = attach(&session, ROOM);
    ask(&room, "join", &json!({"ptype": "publisher", "room": 1234})).unwrap();
    hear(&session, "timeout");
    let old = id(&session);
    // Real time: the server looks every other second.
    assert_eq!(message(&session)["session_id"], old);
    let lost = next(&session, Kind::Lost);
    assert_eq!(why(&lost).0, "session_lost");
    let told = shown(&next(&session, Kind::Restored));
    assert_eq!((&told["old_id"], &told["id"]), (&json!(old), &json!(id(&session))));
    assert_eq!(told["handles"][0]["restored"][0]["request"], "join");
    assert_eq!(
        ask(&room, "listparticipants", &json!({"room": 1234})).unwrap()["participants"].as_array().unwrap().len(),
        1
    );
}

/// The other session on the line does not hear of it.
#[test]
fn the_others_on_the_line_go_on() {
    let janus = start();
    let session = open(&janus.ws, &again());
    let child = session.attach("session", &args(&json!({}))).unwrap();
    let room = attach(&child, ROOM);
    admin(&janus, json!({"janus": "destroy_session", "session_id": id(&child)}));
    let submitted: Vec<u64> =
        (0..100).map(|number| room.submit(Some("exists"), None, &args(&json!({"room": number}))).unwrap()).collect();
    next(&room, Kind::Lost);
    next(&room, Kind::Restored);
    let answered: Vec<u64> = submitted
        .iter()
        .map(|_| {
            let response = next(&room, Kind::Response);
            assert_eq!(answer(&response)["exists"], false);
            response.id()
        })
        .collect();
    assert_eq!(answered.len(), submitted.len());
    restored(&child);
    ask(&session, "keepalive", &json!({})).unwrap();
    assert!(session.poll(0).unwrap_or(None).is_none(), "the other one heard of it");
}

/// A session that is closed while it is made again leaves nothing, and nobody waits.
#[test]
fn closing_in_between() {
    let janus = start();
    let session = open(&janus.ws, &again());
    let room = attach(&session, ROOM);
    admin(&janus, json!({"janus": "accept_new_sessions", "accept": false}));
    admin(&janus, json!({"janus": "destroy_session", "session_id": id(&session)}));
    room.submit(Some("exists"), None, &args(&json!({"room": 1234}))).unwrap();
    next(&session, Kind::Lost);
    next(&room, Kind::Lost);
    session.close(&args(&json!({}))).unwrap();
    next(&session, Kind::Closed);
    let (code, _, detail) = why(&next(&room, Kind::Response));
    assert!(matches!(&*code, "cancelled" | "closed"), "{code}");
    assert_eq!(detail["outcome"], "not_sent");
    assert_eq!(admin(&janus, json!({"janus": "list_sessions"}))["sessions"], json!([]));
}
