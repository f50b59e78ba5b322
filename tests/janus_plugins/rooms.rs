//! VideoRoom: every request, and what publishers hear of each other (Janus specification 3.2).

use serde_json::json;

use crate::bed::{Plugin, ROOM_SECRET, offer, start};

#[test]
pub fn every_request_goes_well_or_is_refused_as_documented() {
    let janus = start();
    let rooms = Plugin::new(&janus, "videoroom");
    let keeper = rooms.attach();
    keeper.ask(
        "create",
        json!({"room": 5, "publishers": 3, "secret": "s", "permanent": false}),
        json!({"videoroom": "created", "room": 5, "permanent": false}),
    );
    keeper.refused("create", json!({"room": 5}), 427, "plugin_room_exists");
    keeper.ask("exists", json!({"room": 5}), json!({"videoroom": "success", "room": 5, "exists": true}));
    keeper.ask("exists", json!({"room": 6}), json!({"exists": false}));
    keeper.refused("edit", json!({"room": 5, "new_description": "x"}), 429, "plugin_missing_element");
    keeper.ask(
        "edit",
        json!({"room": 5, "new_description": "x", "secret": "s"}),
        json!({"videoroom": "edited", "room": 5}),
    );
    let list = keeper.ask("list", json!({}), json!({"videoroom": "success"}));
    let mut descriptions: Vec<_> =
        list["list"].as_array().unwrap().iter().map(|room| room["description"].as_str().unwrap()).collect();
    descriptions.sort_unstable();
    assert_eq!(descriptions, ["Demo Room", "x"]);
    keeper.ask("allowed", json!({"room": 5, "action": "enable", "secret": "s"}), json!({"allowed": []}));
    keeper.ask(
        "allowed",
        json!({"room": 5, "action": "add", "allowed": ["t1"], "secret": "s"}),
        json!({"videoroom": "success", "allowed": ["t1"]}),
    );
    rooms.attach().refused("join", json!({"room": 5, "ptype": "publisher"}), 433, "plugin_unauthorized");
    keeper.ask("allowed", json!({"room": 5, "action": "disable", "secret": "s"}), json!({"room": 5}));
    keeper.ask(
        "listparticipants",
        json!({"room": 5}),
        json!({"videoroom": "participants", "room": 5, "participants": []}),
    );
    keeper.ask(
        "enable_recording",
        json!({"room": 5, "record": false, "secret": "s"}),
        json!({"videoroom": "success", "record": false}),
    );
    keeper.refused(
        "moderate",
        json!({"room": 5, "id": 1, "mid": "0", "mute": true, "secret": "s"}),
        428,
        "plugin_no_such_feed",
    );
    keeper.refused("kick", json!({"room": 5, "id": 1, "secret": "wrong"}), 433, "plugin_unauthorized");
    keeper.refused("kick", json!({"room": 5, "id": 1, "secret": "s"}), 428, "plugin_no_such_feed");

    // A publisher of another server: somebody to forward and to subscribe to.
    let stream = json!([{"type": "video", "mindex": 0, "mid": "0", "codec": "vp8"}]);
    keeper.ask(
        "add_remote_publisher",
        json!({"room": 5, "secret": "s", "id": 77, "display": "far", "streams": stream}),
        json!({"videoroom": "success", "room": 5, "id": 77}),
    );
    // The server answers before the thread of that publisher stands.
    keeper.ask_until(
        "plugin_no_such_feed",
        "update_remote_publisher",
        json!({"room": 5, "secret": "s", "id": 77, "display": "away", "streams": stream}),
        json!({"videoroom": "success"}),
    );
    let forward = json!({"room": 5, "publisher_id": 77, "secret": "s", "host": "127.0.0.1", "streams": [{"mid": "0", "port": 9}]});
    let forwarded = keeper.ask("rtp_forward", forward, json!({"videoroom": "rtp_forward", "publisher_id": 77}));
    let listed =
        keeper.ask("listforwarders", json!({"room": 5, "secret": "s"}), json!({"videoroom": "forwarders", "room": 5}));
    assert_eq!(listed["publishers"][0]["publisher_id"], 77, "{listed}");
    let stop =
        json!({"room": 5, "publisher_id": 77, "secret": "s", "stream_id": forwarded["forwarders"][0]["stream_id"]});
    keeper.ask("stop_rtp_forward", stop, json!({"videoroom": "stop_rtp_forward"}));

    let publisher = rooms.attach();
    publisher.refused("publish", json!({}), 424, "plugin_not_joined");
    publisher.refused("join", json!({"room": 6, "ptype": "publisher"}), 426, "plugin_no_such_room");
    let joined = publisher.ask(
        "join",
        json!({"room": 5, "ptype": "publisher", "id": 1, "display": "p"}),
        json!({"videoroom": "joined", "id": 1, "publishers": [{"id": 77}]}),
    );
    assert!(joined["private_id"].is_u64(), "{joined}");
    publisher.refused("join", json!({"room": 5, "ptype": "publisher"}), 425, "plugin_already_joined");
    publisher.refused("unpublish", json!({}), 435, "plugin_wrong_state");
    publisher.ask("configure", json!({"bitrate": 64000}), json!({"videoroom": "event", "configured": "ok"}));
    publisher.ask(
        "publish",
        json!({"audiocodec": "opus", "jsep": offer()}),
        json!({"configured": "ok", "jsep": {"type": "answer"}}),
    );
    // What is sent on from here comes from here.
    let remote = |id: u64| json!({"room": 5, "publisher_id": id, "secret": "s", "remote_id": "r", "host": "127.0.0.1", "port": 9});
    keeper.refused("publish_remotely", remote(77), 430, "plugin_invalid_element");
    keeper.ask("publish_remotely", remote(1), json!({"videoroom": "success", "remote_id": "r"}));
    keeper.ask(
        "listremotes",
        json!({"room": 5, "publisher_id": 1, "secret": "s"}),
        json!({"videoroom": "success", "list": [{"remote_id": "r"}]}),
    );
    keeper.ask(
        "unpublish_remotely",
        json!({"room": 5, "publisher_id": 1, "secret": "s", "remote_id": "r"}),
        json!({"videoroom": "success"}),
    );
    let other = rooms.attach();
    other.refused("join", json!({"room": 5, "ptype": "publisher", "id": 1}), 436, "plugin_id_taken");
    other.ask(
        "joinandconfigure",
        json!({"room": 5, "ptype": "publisher", "id": 2, "jsep": offer()}),
        json!({"videoroom": "joined", "id": 2, "jsep": {"type": "answer"}}),
    );

    let subscriber = rooms.attach();
    subscriber.refused(
        "join",
        json!({"room": 5, "ptype": "subscriber", "streams": [{"feed": 9}]}),
        428,
        "plugin_no_such_feed",
    );
    subscriber.ask("join", json!({"room": 5, "ptype": "subscriber", "streams": [{"feed": 77, "mid": "0"}]}), json!({"videoroom": "attached", "room": 5, "jsep": {"type": "offer"}, "streams": [{"mid": "0", "feed_id": 77}]}));
    subscriber.ask("pause", json!({}), json!({"paused": "ok"}));
    subscriber.ask("start", json!({}), json!({"started": "ok"}));
    subscriber.ask("configure", json!({"streams": [{"mid": "0", "send": false}]}), json!({"configured": "ok"}));
    subscriber.ask(
        "switch",
        json!({"streams": [{"feed": 77, "mid": "0", "sub_mid": "0"}]}),
        json!({"switched": "ok", "room": 5}),
    );
    subscriber.refused("subscribe", json!({"streams": [{"feed": 9}]}), 428, "plugin_no_such_feed");
    subscriber.ask("subscribe", json!({"streams": [{"feed": 77, "mid": "0"}]}), json!({"room": 5}));
    subscriber.ask("update", json!({"unsubscribe": [{"feed": 77, "mid": "0"}]}), json!({"room": 5}));
    subscriber.ask("unsubscribe", json!({"streams": [{"feed": 77}]}), json!({"room": 5}));
    subscriber.ask("leave", json!({}), json!({"left": "ok"}));

    keeper.ask("remove_remote_publisher", json!({"room": 5, "id": 77, "secret": "s"}), json!({"videoroom": "success"}));
    keeper.ask("destroy", json!({"room": 5, "secret": "s"}), json!({"videoroom": "destroyed", "room": 5}));
    keeper.refused("destroy", json!({"room": 1234, "secret": "wrong"}), 433, "plugin_unauthorized");
    keeper.ask("destroy", json!({"room": 1234, "secret": ROOM_SECRET}), json!({"permanent": false}));
    rooms.all_were_asked(&[]);
}

#[test]
pub fn two_publishers_hear_of_each_other_in_order() {
    let janus = start();
    let (ours, theirs) = (Plugin::new(&janus, "videoroom"), Plugin::new(&janus, "videoroom"));
    let one = ours.attach();
    one.ask("create", json!({"room": 5, "notify_joining": true, "secret": "s"}), json!({}));
    one.hear("event");
    one.ask(
        "join",
        json!({"room": 5, "ptype": "publisher", "id": 1, "display": "one"}),
        json!({"publishers": [], "attendees": []}),
    );
    for round in 2..12 {
        // Who has left a room needs a new handle to join one.
        let two = theirs.attach();
        two.ask(
            "join",
            json!({"room": 5, "ptype": "publisher", "id": round, "display": "two"}),
            json!({"videoroom": "joined", "attendees": [{"id": 1, "display": "one"}]}),
        );
        two.ask("leave", json!({}), json!({"leaving": "ok"}));
    }
    for round in 2..12 {
        assert_eq!(one.event(), json!({"videoroom": "event", "room": 5, "joining": {"id": round, "display": "two"}}));
        assert_eq!(one.event(), json!({"videoroom": "event", "room": 5, "leaving": round}));
    }
    // The one who is thrown out hears it, and so do the others.
    let two = theirs.attach();
    two.hear("event");
    two.ask("join", json!({"room": 5, "ptype": "publisher", "id": 99}), json!({}));
    assert_eq!(one.event()["joining"]["id"], 99);
    one.ask("kick", json!({"room": 5, "id": 99, "secret": "s"}), json!({"videoroom": "success"}));
    assert_eq!(two.event(), json!({"videoroom": "event", "room": 5, "leaving": "ok", "reason": "kicked"}));
    assert_eq!(one.event(), json!({"videoroom": "event", "room": 5, "kicked": 99}));
    one.ask("destroy", json!({"room": 5, "secret": "s"}), json!({}));
    assert_eq!(one.event(), json!({"videoroom": "destroyed", "room": 5}));
}
