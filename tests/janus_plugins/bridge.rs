//! AudioBridge: every request, and what participants hear of each other (Janus specification 3.5).

use serde_json::{Value, json};

use crate::bed::{Plugin, offer, start};

#[test]
pub fn every_request_goes_well_or_is_refused_as_documented() {
    let janus = start();
    let bridge = Plugin::new(&janus, "audiobridge");
    let keeper = bridge.attach();
    keeper.ask(
        "create",
        json!({"room": 5, "secret": "s", "sampling_rate": 16000, "allow_rtp_participants": true}),
        json!({"audiobridge": "created", "room": 5}),
    );
    keeper.ask("create", json!({"room": 6, "sampling_rate": 16000}), json!({"audiobridge": "created"}));
    keeper.refused("create", json!({"room": 5}), 486, "plugin_room_exists");
    keeper.ask("edit", json!({"room": 5, "secret": "s", "new_description": "x"}), json!({"audiobridge": "edited"}));
    keeper.ask("list", json!({}), json!({"audiobridge": "success"}));
    keeper.ask("exists", json!({"room": 7}), json!({"exists": false}));
    keeper.ask("allowed", json!({"room": 5, "secret": "s", "action": "enable"}), json!({"allowed": []}));
    keeper.ask(
        "allowed",
        json!({"room": 5, "secret": "s", "action": "add", "allowed": ["t"]}),
        json!({"allowed": ["t"]}),
    );
    bridge.attach().refused("join", json!({"room": 5}), 489, "plugin_unauthorized");
    keeper.ask("allowed", json!({"room": 5, "secret": "s", "action": "disable"}), json!({}));
    keeper.ask(
        "enable_recording",
        json!({"room": 5, "record": false, "secret": "s"}),
        json!({"audiobridge": "success"}),
    );
    keeper.ask("enable_mjrs", json!({"room": 5, "mjrs": false, "secret": "s"}), json!({"audiobridge": "success"}));
    let forward = json!({"room": 5, "secret": "s", "port": 9, "host": "127.0.0.1"});
    let forwarded = keeper.ask("rtp_forward", forward, json!({"audiobridge": "success", "room": 5}));
    let listed = keeper.ask("listforwarders", json!({"room": 5, "secret": "s"}), json!({"audiobridge": "forwarders"}));
    assert_eq!(listed["rtp_forwarders"][0]["stream_id"], forwarded["stream_id"], "{listed}");
    keeper.ask(
        "stop_rtp_forward",
        json!({"room": 5, "secret": "s", "stream_id": forwarded["stream_id"]}),
        json!({"audiobridge": "success"}),
    );
    for (verb, more) in
        [("play_file", json!({"filename": "/none.opus"})), ("is_playing", json!({})), ("stop_file", json!({}))]
    {
        let mut arguments = json!({"room": 5, "secret": "s", "file_id": "f"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        // Built with or without the library that plays files.
        match (verb, keeper.try_ask(verb, &arguments)) {
            ("is_playing", Ok(answer)) => assert_eq!(answer["playing"], false),
            ("stop_file", Ok(answer)) => assert_eq!(answer["file_id"], "f"),
            (_, answer) => assert!(answer.unwrap_err().code().starts_with("plugin_"), "{verb}"),
        }
    }

    let one = bridge.attach();
    one.refused("configure", json!({"muted": true}), 487, "plugin_not_joined");
    one.refused("join", json!({"room": 7}), 485, "plugin_no_such_room");
    one.ask(
        "join",
        json!({"room": 5, "id": 1, "display": "one"}),
        json!({"audiobridge": "joined", "id": 1, "participants": []}),
    );
    one.refused("join", json!({"room": 5}), 491, "plugin_already_joined");
    bridge.attach().refused("join", json!({"room": 5, "id": 1}), 490, "plugin_id_taken");
    one.ask("configure", json!({"muted": true}), json!({"audiobridge": "event", "result": "ok"}));
    one.ask("configure", json!({"jsep": offer()}), json!({"result": "ok", "jsep": {"type": "answer"}}));
    keeper.ask(
        "listparticipants",
        json!({"room": 5}),
        json!({"participants": [{"id": 1, "display": "one", "muted": true}]}),
    );
    keeper.ask("unmute", json!({"room": 5, "id": 1, "secret": "s"}), json!({"audiobridge": "success"}));
    keeper.ask("mute", json!({"room": 5, "id": 1, "secret": "s"}), json!({"audiobridge": "success"}));
    keeper.refused("mute", json!({"room": 5, "id": 2, "secret": "s"}), 492, "plugin_no_such_user");
    keeper.ask("mute_room", json!({"room": 5, "secret": "s"}), json!({"audiobridge": "success"}));
    keeper.ask("unmute_room", json!({"room": 5, "secret": "s"}), json!({"audiobridge": "success"}));
    one.ask("resetdecoder", json!({}), json!({"audiobridge": "success"}));
    one.ask("changeroom", json!({"room": 6, "id": 1}), json!({"audiobridge": "roomchanged", "room": 6, "id": 1}));
    one.ask("leave", json!({}), json!({"audiobridge": "left", "room": 6, "id": 1}));
    one.ask("hangup", json!({}), json!({"audiobridge": "hangingup"}));
    keeper.ask("kick_all", json!({"room": 5, "secret": "s"}), json!({"audiobridge": "success"}));
    keeper.refused("kick", json!({"room": 5, "id": 1, "secret": "s"}), 492, "plugin_no_such_user");
    keeper.ask("destroy", json!({"room": 5, "secret": "s"}), json!({"audiobridge": "destroyed"}));
    let who = json!({"room": 5, "id": 1});
    bridge.all_were_asked(&[
        ("suspend", who.clone()),
        ("resume", who.clone()),
        ("denoise_enable", who.clone()),
        ("denoise_disable", who),
        ("listannouncements", json!({"room": 5})),
        ("stop_all_files", json!({"room": 5})),
    ]);
}

#[test]
pub fn participants_hear_of_each_other_in_order() {
    let janus = start();
    let bridge = Plugin::new(&janus, "audiobridge");
    let (one, two) = (bridge.attach(), bridge.attach());
    one.ask("join", json!({"room": 1234, "id": 1}), json!({}));
    one.hear("event");
    two.ask("join", json!({"room": 1234, "id": 2, "display": "two"}), json!({"participants": [{"id": 1}]}));
    two.ask("configure", json!({"muted": true}), json!({}));
    two.ask("leave", json!({}), json!({}));
    let names: Vec<Value> = (0..3).map(|_| one.event()).collect();
    assert_eq!((&names[0]["audiobridge"], &names[0]["participants"][0]["id"]), (&json!("joined"), &json!(2)));
    assert_eq!((&names[1]["audiobridge"], &names[1]["participants"][0]["muted"]), (&json!("event"), &json!(true)));
    assert_eq!(names[2], json!({"audiobridge": "event", "room": 1234, "leaving": 2}));
}
