//! Streaming: every request, and what a viewer hears of its mountpoint (Janus specification 3.6).

use serde_json::json;

use crate::bed::{Plugin, start};

#[test]
pub fn every_request_goes_well_or_is_refused_as_documented() {
    let janus = start();
    let streams = Plugin::new(&janus, "streaming");
    let keeper = streams.attach();
    keeper.ask("list", json!({}), json!({"streaming": "list", "list": []}));
    let video = json!([{"type": "video", "mid": "v", "port": 0, "pt": 96, "codec": "vp8"}]);
    for id in [5, 6] {
        let made = keeper.ask(
            "create",
            json!({"type": "rtp", "id": id, "name": format!("n{id}"), "secret": "s", "media": video}),
            json!({"streaming": "created", "created": format!("n{id}"), "stream": {"id": id, "type": "live"}}),
        );
        assert!(made["stream"]["ports"][0]["port"].as_u64().unwrap() > 0, "{made}");
    }
    keeper.ask(
        "create",
        json!({"type": "rtp", "id": 7, "audio": true, "audioport": 0, "audiopt": 111, "audiocodec": "opus"}),
        json!({"streaming": "created"}),
    );
    keeper.refused("create", json!({"type": "rtp", "id": 5, "media": video}), 456, "plugin_error");
    keeper.refused("create", json!({"type": "ondemand", "filename": "/none"}), 456, "plugin_error");
    keeper.ask("info", json!({"id": 5, "secret": "s"}), json!({"streaming": "info", "info": {"id": 5, "name": "n5"}}));
    keeper.refused("info", json!({"id": 9}), 455, "plugin_no_such_item");
    keeper.ask("edit", json!({"id": 5, "secret": "s", "new_description": "x"}), json!({"streaming": "edited"}));
    keeper.refused("edit", json!({"id": 5, "secret": "wrong"}), 457, "plugin_unauthorized");
    // Without the flag servers of 1.1 fall over a stream that is not recorded.
    keeper.ask("disable", json!({"id": 5, "secret": "s", "stop_recording": false}), json!({"streaming": "ok"}));
    keeper.ask("enable", json!({"id": 5, "secret": "s"}), json!({"streaming": "ok"}));
    let folder = janus.dir.join("recordings/v");
    let record = json!({"id": 5, "secret": "s", "action": "start", "media": [{"mid": "v", "filename": folder}]});
    keeper.ask("recording", record, json!({"streaming": "ok"}));
    keeper.ask(
        "recording",
        json!({"id": 5, "secret": "s", "action": "stop", "media": [{"mid": "v"}]}),
        json!({"streaming": "ok"}),
    );

    let viewer = streams.attach();
    viewer.refused("watch", json!({"id": 9}), 455, "plugin_no_such_item");
    viewer.refused("configure", json!({"mid": "0", "send": false}), 455, "plugin_no_such_item");
    viewer.hear("event");
    viewer.ask("watch", json!({"id": 5}), json!({"result": {"status": "preparing"}, "jsep": {"type": "offer"}}));
    viewer.ask(
        "configure",
        json!({"mid": "v", "send": true}),
        json!({"streaming": "event", "result": {"event": "configured"}}),
    );
    viewer.ask("pause", json!({}), json!({"result": {"status": "pausing"}}));
    viewer.ask("start", json!({}), json!({"result": {"status": "starting"}}));
    viewer.ask("switch", json!({"id": 6}), json!({"result": {"switched": "ok", "id": 6}}));
    keeper.ask("destroy", json!({"id": 6, "secret": "s"}), json!({"streaming": "destroyed", "destroyed": 6}));
    assert_eq!(viewer.event()["result"]["status"], "stopped");
    let other = streams.attach();
    other.ask("watch", json!({"id": 5}), json!({"jsep": {"type": "offer"}}));
    // Nobody has seen any of it: there is nothing to stop, and nothing is said.
    other.unanswered("stop", json!({}), "start", json!({"result": {"status": "starting"}}));
    keeper.ask("kick_all", json!({"id": 5, "secret": "s"}), json!({"streaming": "kicked_all"}));
    streams.all_were_asked(&[]);
}
