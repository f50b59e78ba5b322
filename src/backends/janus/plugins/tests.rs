//! The tables against the specification, and what is made of arguments by them. That the server agrees is shown by
//! `tests/janus_plugins.rs`.

use super::{
    Again, Checked, Declared, Jsep, Keeps, PLUGINS, Plugin, Way, check,
    field::{self, Kind},
    find, refused,
};
use crate::{
    args::Args,
    error::{Error, Status},
    value::{Document, Tree},
};

fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

fn plugin(name: &str) -> &'static Plugin {
    find(&format!("janus.plugin.{name}")).unwrap()
}

fn checked(name: &str, verb: &str, json: &str) -> Result<Checked, Error> {
    check(plugin(name), verb, &args(json), |key| ["id", "timeout", "tag", "jsep"].contains(&key))
}

fn body(name: &str, verb: &str, json: &str) -> String {
    Tree::Object(checked(name, verb, json).unwrap().body).to_json()
}

fn mistake(name: &str, verb: &str, json: &str) -> (String, String) {
    let error = checked(name, verb, json).unwrap_err();
    assert_eq!(error.detail().get("outcome").and_then(Tree::as_str), Some("not_sent"), "{error}");
    (error.detail().get("key").and_then(Tree::as_str).unwrap_or_default().to_owned(), error.message().to_owned())
}

#[test]
fn tables_are_well_formed() {
    for plugin in &PLUGINS {
        let texts = plugin
            .requests
            .iter()
            .flat_map(|request| request.fields.iter().chain(request.cases.iter().flat_map(|case| case.fields)));
        for text in texts.chain(plugin.groups.iter().map(|(_, text)| text)) {
            assert_eq!(field::read(text).count(), text.split_ascii_whitespace().count(), "{text}");
            for field in field::read(text) {
                match field.kind {
                    // A slip in a type would be taken for a list of words.
                    Kind::Word(words) => assert!(words.contains('|'), "{}: {field:?}", plugin.package),
                    Kind::Many(group) | Kind::One(group) => {
                        assert!(!plugin.group(group).is_empty(), "{}: {group}", plugin.package)
                    }
                    _ => {}
                }
            }
        }
        for (at, request) in plugin.requests.iter().enumerate() {
            assert!(
                plugin.requests.iter().skip(at + 1).all(|other| other.name != request.name),
                "{} twice",
                request.name
            );
            assert!(
                !["message", "trickle", "hangup_webrtc", "detach", "raw"].contains(&request.name)
                    || request.way == Way::Channel
            );
            for case in request.cases {
                assert!(case.when.iter().all(|(name, _)| request.has(name)), "{}", request.name);
            }
            let names: &[&str] = match request.keeps {
                Keeps::Ends(names, _) => names,
                Keeps::BeginsAs(name, _) => &[name],
                _ => &[],
            };
            assert!(names.iter().all(|name| plugin.request(name).is_some()), "{}", request.name);
            assert!(request.way != Way::Sync || request.jsep == Jsep::No, "{}", request.name);
        }
        assert!(plugin.refusals.is_sorted_by_key(|(number, _)| number), "{}", plugin.package);
    }
}

#[test]
fn requests_are_answered_as_the_specification_says() {
    let table = [
        ("echotest", "", "echo"),
        (
            "videoroom",
            "create edit destroy list exists allowed kick moderate listparticipants listforwarders rtp_forward stop_rtp_forward \
             enable_recording publish_remotely unpublish_remotely listremotes add_remote_publisher update_remote_publisher \
             remove_remote_publisher",
            "join joinandconfigure publish unpublish configure subscribe unsubscribe update start pause switch leave",
        ),
        ("videocall", "", "list register call accept set hangup"),
        ("textroom", "list listparticipants exists create edit announcement allowed kick destroy", "setup ack restart"),
        (
            "audiobridge",
            "create edit destroy list exists allowed mute unmute mute_room unmute_room kick kick_all listparticipants resetdecoder \
             rtp_forward stop_rtp_forward listforwarders play_file is_playing stop_file enable_recording enable_mjrs \
             suspend resume listannouncements stop_all_files denoise_enable denoise_disable",
            "join configure changeroom leave hangup",
        ),
        (
            "streaming",
            "list info create edit destroy recording enable disable kick_all",
            "watch start pause stop configure switch",
        ),
        ("recordplay", "update list configure", "record play start pause resume stop"),
        (
            "sip",
            "",
            "register unregister subscribe unsubscribe call accept update decline transfer hold unhold hangup recording info sipmessage \
             dtmf_info reset progress send_ringing keyframe rtp_forward stop_rtp_forward listforwarders",
        ),
        ("nosip", "", "generate process hangup recording keyframe rtp_forward stop_rtp_forward listforwarders"),
        ("voicemail", "", "record update stop"),
    ];
    assert_eq!(table.len(), PLUGINS.len());
    for (name, sync, later) in table {
        for (way, expected) in [(Way::Sync, sync), (Way::Later, later)] {
            let mut known: Vec<&str> =
                plugin(name).requests.iter().filter(|request| request.way == way).map(|request| request.name).collect();
            let mut expected: Vec<&str> = expected.split_ascii_whitespace().collect();
            (known.sort_unstable(), expected.sort_unstable());
            assert_eq!(known, expected, "{name} {way:?}");
        }
    }
}

#[test]
fn refusals_have_the_numbers_of_the_specification() {
    for (name, numbers) in [
        ("echotest", "411 412 413 414"),
        ("videoroom", "421 422 423 424 425 426 427 428 429 430 431 432 433 434 435 436 437 499"),
        ("videocall", "470 471 472 473 474 475 476 477 478 479 480 481 482 483 499"),
        ("textroom", "411 412 413 414 415 416 417 418 419 420 421 422 423 499"),
        ("audiobridge", "480 481 482 483 484 485 486 487 488 489 490 491 492 493 494 499"),
        ("streaming", "450 451 452 453 454 455 456 457 458 459 460 470"),
        ("recordplay", "411 412 413 414 415 416 417 418 419 420 499"),
        ("sip", "440 441 442 443 444 445 446 447 448 449 450 451 452 453 454 499"),
        ("nosip", "440 441 442 443 444 445 446 447 448 449 450 499"),
        ("voicemail", "460 461 462 463 464 465 466 467 468 499"),
    ] {
        for number in numbers.split(' ') {
            let number: i64 = number.parse().unwrap();
            assert!(plugin(name).refusals.iter().any(|(known, _)| *known == number), "{name} {number}");
        }
    }
    let error = refused("janus.plugin.videoroom", Some(426), "No such room (77)");
    assert_eq!((error.status(), error.code()), (Status::NotFound, "plugin_no_such_room"));
    assert_eq!(error.message(), "janus.plugin.videoroom refused: No such room (77)");
    let of = |name: &str, number| refused(plugin(name).package, Some(number), "").status();
    assert_eq!(of("videoroom", 433), Status::Denied);
    assert_eq!(of("videoroom", 427), Status::Conflict);
    assert_eq!(of("streaming", 455), Status::NotFound);
    assert_eq!(of("textroom", 420), Status::Conflict);
    assert_eq!(of("videocall", 7), Status::Remote);
    assert_eq!(refused("janus.plugin.mine", Some(426), "x").status(), Status::Remote);
}

#[test]
fn arguments_become_the_body() {
    assert_eq!(
        body("videoroom", "create", r#"{"room": 5, "publishers": 6.0, "record": false}"#),
        r#"{"request":"create","room":5,"publishers":6,"record":false}"#
    );
    assert_eq!(
        body("videoroom", "exists", r#"{"room": "lobby", "timeout": 3, "tag": "x"}"#),
        r#"{"request":"exists","room":"lobby"}"#
    );
    assert_eq!(body("echotest", "echo", r#"{"audio": true}"#), r#"{"audio":true}"#);
    assert_eq!(body("sip", "sipmessage", r#"{"content": "hi"}"#), r#"{"request":"message","content":"hi"}"#);
    // A field is the field, whatever option has its name; the same name is the option where there is no such field.
    assert_eq!(body("videoroom", "kick", r#"{"room": 5, "id": 7}"#), r#"{"request":"kick","room":5,"id":7}"#);
    assert_eq!(body("videoroom", "exists", r#"{"room": 5, "id": 7}"#), r#"{"request":"exists","room":5}"#);
    // Null is what was not given.
    assert_eq!(body("videoroom", "list", r#"{"admin_key": null}"#), r#"{"request":"list"}"#);
    let nested = r#"{"room": 5, "ptype": "Subscriber", "streams": [{"feed": 1.0, "mid": "0", "crossrefid": null}]}"#;
    assert_eq!(
        body("videoroom", "join", nested),
        r#"{"request":"join","room":5,"ptype":"Subscriber","streams":[{"feed":1,"mid":"0"}]}"#
    );
    let rtp = r#"{"room": 5, "rtp": {"ip": "127.0.0.1", "port": 5000}}"#;
    assert_eq!(body("audiobridge", "join", rtp), r#"{"request":"join","room":5,"rtp":{"ip":"127.0.0.1","port":5000}}"#);
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    for (name, verb, json, key, message) in [
        (
            "videoroom",
            "create",
            r#"{"bitrate": -1}"#,
            "bitrate",
            "bitrate was -1; create takes a positive integer there",
        ),
        (
            "videoroom",
            "create",
            r#"{"bitrate": 1.5}"#,
            "bitrate",
            "bitrate was 1.5; create takes a positive integer there",
        ),
        (
            "videoroom",
            "create",
            r#"{"bitrate": "9"}"#,
            "bitrate",
            "bitrate was text; create takes a positive integer there",
        ),
        ("videoroom", "create", r#"{"record": 1}"#, "record", "record was 1; create takes a boolean there"),
        ("videoroom", "create", r#"{"secret": 1234}"#, "secret", "secret was a number; create takes a string there"),
        (
            "videoroom",
            "create",
            r#"{"allowed": ["a", 1]}"#,
            "allowed[1]",
            "allowed[1] was 1; create takes a string there",
        ),
        (
            "videoroom",
            "create",
            r#"{"room": 12345678901234567890}"#,
            "room",
            "room was 12345678901234567890; create takes a positive integer or a string there",
        ),
        (
            "videoroom",
            "create",
            r#"{"publisher": 3}"#,
            "publisher",
            r#"create of janus.plugin.videoroom has no field "publisher"; the nearest is "publishers""#,
        ),
        ("videoroom", "exists", "{}", "room", "exists needs room: a positive integer or a string"),
        ("videoroom", "exists", r#"{"room": null}"#, "room", "exists needs room: a positive integer or a string"),
        (
            "videoroom",
            "exsts",
            "{}",
            "verb",
            r#"janus.plugin.videoroom has no request "exsts"; the nearest is "exists""#,
        ),
        ("videoroom", "join", r#"{"room": 1}"#, "ptype", "join needs ptype: a string"),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "listener"}"#,
            "ptype",
            r#"ptype was "listener"; join takes publisher, subscriber there"#,
        ),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "publisher", "feed": 4}"#,
            "feed",
            "join takes feed with ptype subscriber alone",
        ),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "subscriber", "streams": [{"feed": 1}, {"mid": "0"}]}"#,
            "streams[1].feed",
            "join needs streams[1].feed: a positive integer or a string",
        ),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "subscriber", "streams": [{"feed": 1, "mid": 0}]}"#,
            "streams[0].mid",
            "streams[0].mid was 0; join takes a string there",
        ),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "subscriber", "streams": [{"feed": 1, "midd": "0"}]}"#,
            "streams[0].midd",
            r#"join of janus.plugin.videoroom has no field "streams[0].midd"; the nearest is "mid""#,
        ),
        (
            "videoroom",
            "join",
            r#"{"room": 1, "ptype": "subscriber", "streams": [7]}"#,
            "streams[0]",
            "streams[0] was 7; join takes an object there",
        ),
        ("videoroom", "list", r#"{"jsep": {"type": "offer", "sdp": ""}}"#, "jsep", "list takes no jsep"),
        ("videoroom", "publish", r#"{"jsep": {"type": "offer"}}"#, "jsep.sdp", "jsep had no sdp"),
        ("videoroom", "publish", r#"{"jsep": "v=0"}"#, "jsep", "jsep was text; an object was expected"),
        ("videocall", "call", r#"{"username": "bob"}"#, "jsep", "call needs jsep: the description of a media session"),
        (
            "textroom",
            "join",
            r#"{"room": 1, "username": "a"}"#,
            "verb",
            r#"janus.plugin.textroom takes "join" over the data channel of the handle alone"#,
        ),
        (
            "streaming",
            "create",
            r#"{"type": "rtp", "audio": true, "audioport": 0}"#,
            "audiopt",
            "create needs audiopt: a positive integer",
        ),
        ("streaming", "create", r#"{"type": "live"}"#, "filename", "create needs filename: a string"),
        (
            "streaming",
            "create",
            r#"{"type": "live", "filename": "f", "url": "u"}"#,
            "url",
            "create takes url with type rtsp alone",
        ),
        (
            "streaming",
            "recording",
            r#"{"id": 1, "action": "start", "audio": true}"#,
            "audio",
            "audio was a boolean; recording takes a string there",
        ),
        ("recordplay", "record", r#"{"name": ""}"#, "name", "name was empty; record takes a non-empty string there"),
    ] {
        let (found, said) = mistake(name, verb, json);
        assert_eq!(found, key, "{verb} {json}: {said}");
        assert_eq!(said, message);
    }
    // Packets may be described in either way; what the old one demands is not asked of the new one.
    let media = r#"{"type": "rtp", "audio": true, "media": [{"type": "audio", "mid": "a", "port": 0}]}"#;
    assert!(checked("streaming", "create", media).is_ok());
    assert!(
        !mistake("videoroom", "create", r#"{"secret": 987654321}"#).1.contains("987654321"),
        "secrets are not shown"
    );
}

fn again(declared: &Declared) -> Vec<(String, bool)> {
    let shown = |again: &Again| (Tree::Object(again.body.clone()).to_json(), again.media);
    declared.again().iter().map(shown).collect()
}

fn well(declared: &mut Declared, name: &str, verb: &str, json: &str, answer: &str) {
    let done = checked(name, verb, json).unwrap();
    let answer = Document::from_json(answer.as_bytes().to_vec()).unwrap();
    declared.went_well(&done, Some(answer.root()), false);
}

#[test]
fn what_a_handle_declared_is_made_again() {
    let mut declared = Declared::default();
    let mut room = |verb: &str, json: &str, answer: &str| {
        well(&mut declared, "videoroom", verb, json, answer);
        again(&declared)
    };
    let joined = (r#"{"request":"join","room":5,"ptype":"publisher","id":77}"#.to_owned(), false);
    assert_eq!(
        room("join", r#"{"room": 5, "ptype": "publisher"}"#, r#"{"videoroom": "joined", "id": 77}"#),
        [joined.clone()]
    );
    room("configure", r#"{"bitrate": 1000, "display": "me"}"#, "{}");
    let configured = (r#"{"request":"configure","bitrate":2000,"display":"me"}"#.to_owned(), false);
    assert_eq!(room("configure", r#"{"bitrate": 2000}"#, "{}"), [joined.clone(), configured.clone()]);
    let published = (r#"{"request":"publish"}"#.to_owned(), true);
    let offer = r#"{"jsep": {"type": "offer", "sdp": "v=0"}}"#;
    assert_eq!(room("publish", offer, "{}"), [joined.clone(), configured.clone(), published]);
    assert_eq!(room("unpublish", "{}", "{}"), [joined, configured]);
    assert_eq!(room("listparticipants", r#"{"room": 5}"#, "{}").len(), 2);
    assert_eq!(room("leave", "{}", "{}"), []);

    let mut declared = Declared::default();
    well(&mut declared, "audiobridge", "changeroom", r#"{"room": 6}"#, r#"{"audiobridge": "roomchanged", "id": 3}"#);
    assert_eq!(again(&declared), [(r#"{"request":"join","room":6,"id":3}"#.to_owned(), false)]);

    let mut declared = Declared::default();
    for event in ["a", "b"] {
        well(&mut declared, "sip", "subscribe", &format!(r#"{{"event": "{event}"}}"#), "{}");
    }
    well(&mut declared, "sip", "unsubscribe", r#"{"event": "a"}"#, "{}");
    assert_eq!(again(&declared), [(r#"{"request":"subscribe","event":"b"}"#.to_owned(), false)]);
    declared.forget();
    assert!(declared.again().is_empty());

    let mut declared = Declared::default();
    well(&mut declared, "videoroom", "join", r#"{"room": 5, "ptype": "subscriber", "streams": [{"feed": 1}]}"#, "{}");
    well(&mut declared, "videoroom", "subscribe", r#"{"streams": [{"feed": 2}]}"#, "{}");
    assert!(declared.again()[0].altered);
}

#[test]
fn events_have_names() {
    for (name, data, expected) in [
        ("videoroom", r#"{"videoroom": "joined", "room": 1}"#, Some("joined")),
        ("videoroom", r#"{"videoroom": "event", "publishers": []}"#, Some("publishers")),
        ("videoroom", r#"{"videoroom": "event", "unpublished": 3}"#, Some("unpublished")),
        ("videoroom", r#"{"videoroom": "event", "leaving": "ok", "reason": "kicked"}"#, Some("leaving")),
        ("videoroom", r#"{"videoroom": "event", "error_code": 426}"#, Some("error")),
        ("videoroom", r#"{"videoroom": "stopped-talking"}"#, Some("stopped-talking")),
        ("videoroom", r#"{"videoroom": "event", "new": 1}"#, Some("event")),
        ("videocall", r#"{"videocall": "event", "result": {"event": "incomingcall"}}"#, Some("incomingcall")),
        ("videocall", r#"{"videocall": "event", "result": {"list": []}}"#, None),
        ("streaming", r#"{"streaming": "event", "result": {"status": "preparing"}}"#, Some("preparing")),
        ("streaming", r#"{"streaming": "event", "result": {"switched": "ok", "id": 3}}"#, Some("switched")),
        ("echotest", r#"{"echotest": "event", "result": "done"}"#, Some("done")),
        ("textroom", r#"{"textroom": "kicked"}"#, Some("kicked")),
        ("audiobridge", r#"{"audiobridge": "event", "participants": []}"#, Some("participants")),
        ("sip", r#"{"sip": "event", "result": {"event": "registered"}}"#, Some("registered")),
        ("recordplay", r#"{"recordplay": "event", "result": {"status": "stopped"}}"#, Some("stopped")),
        ("voicemail", r#"{"voicemail": "event", "status": "started"}"#, Some("started")),
        ("sip", "{}", None),
    ] {
        let document = Document::from_json(data.as_bytes().to_vec()).unwrap();
        assert_eq!(plugin(name).event_name(document.root()), expected, "{name} {data}");
    }
}
