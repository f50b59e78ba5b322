//! Ways that lead nowhere: candidates of nobody, a handshake that is not done, another certificate, descriptions that are none.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    session::{Kind, Session},
};
use serde_json::{Value, json};

use crate::{
    bed::{answered, args, ask, attach, start, until},
    course::{FILM, begin, close, failed, told},
    guard::ten,
    media::samples::sample,
    signals::{Between, relayed},
    udp::{Fate, Relay, is_dtls},
};

fn order() -> Value {
    json!({"play_from": sample(FILM), "timeout": "3s"})
}

fn open(between: &Between) -> Session {
    Session::create(&format!("janus+{}", between.url), &Args::new()).unwrap()
}

/// Has the description of an answer changed.
fn answers(
    change: impl Fn(&str) -> String + Send + Sync + 'static,
) -> impl Fn(String) -> String + Send + Sync + 'static {
    move |text| {
        let mut message: Value = serde_json::from_str(&text).unwrap();
        match message["jsep"]["sdp"].as_str().map(&change) {
            Some(sdp) => {
                message["jsep"]["sdp"] = sdp.into();
                message.to_string()
            }
            None => text,
        }
    }
}

/// What went wrong, when, and that the session goes on: the next media, which is let through, plays.
#[track_caller]
fn goes_wrong(session: &Session, order: &Value, code: &str, phase: &str) -> Value {
    let handle = attach(session, "echotest");
    let error = failed(&handle, order);
    let detail = told(&error);
    assert_eq!((error.code(), &detail["phase"]), (code, &json!(phase)), "{error:?}");
    // The server took the offer.
    assert_eq!(detail["outcome"], "unknown", "{error:?}");
    let shown = ask(&handle, "media_stop", json!({}));
    assert_eq!(shown["state"], "ended", "{shown}");
    detail
}

/// Candidates of a machine that says nothing, on both sides.
#[test]
fn candidates_of_nobody() {
    let janus = start();
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port().to_string();
    let between = Between::both(&janus.ws, move |_, text| {
        let mut message: Value = serde_json::from_str(&text).unwrap();
        let Some(sdp) = message["jsep"]["sdp"].as_str() else { return text };
        let lines = sdp.lines().map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            if line.starts_with("a=candidate:") {
                words[5] = &port;
            }
            words.join(" ")
        });
        message["jsep"]["sdp"] = (lines.collect::<Vec<_>>().join("\r\n") + "\r\n").into();
        message.to_string()
    });
    ten("candidates of nobody", &[], |_| {
        let session = open(&between);
        let began = Instant::now();
        goes_wrong(&session, &order(), "total_timeout", "ice");
        assert!((3.0..9.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
        close(&session);
    });
}

/// The same, and nothing comes from the other side either.
#[test]
fn no_way_at_all() {
    let janus = start();
    let relay = Arc::new(Relay::new(|_, _| Fate::Drop));
    let through = Arc::clone(&relay);
    let between = Between::of(&janus.ws, answers(move |sdp| through.answer(&hidden(sdp))));
    ten("no way", &[], |_| {
        let session = open(&between);
        let began = Instant::now();
        goes_wrong(&session, &order(), "total_timeout", "ice");
        assert!((3.0..9.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
        close(&session);
    });
}

/// With other credentials than the server's: what it sends is not taken, so that it does not get through by itself.
fn hidden(sdp: &str) -> String {
    let lines =
        sdp.lines().map(|line| if line.starts_with("a=ice-pwd:") { "a=ice-pwd:0123456789012345678901" } else { line });
    lines.collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// A wrong password: checks of both sides fail.
#[test]
fn a_password_that_is_wrong() {
    let janus = start();
    let between = Between::of(&janus.ws, answers(hidden));
    ten("a wrong password", &[], |_| {
        let session = open(&between);
        goes_wrong(&session, &order(), "total_timeout", "ice");
        close(&session);
    });
}

/// The certificate is not the one of the description.
#[test]
fn another_certificate() {
    let janus = start();
    let between = Between::of(
        &janus.ws,
        answers(|sdp| {
            let lines = sdp.lines().map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
                Some(print) => {
                    let other = if print.starts_with("00") { "01" } else { "00" };
                    format!("a=fingerprint:sha-256 {other}{}", &print[2..])
                }
                None => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\r\n") + "\r\n"
        }),
    );
    ten("another certificate", &[], |_| {
        let session = open(&between);
        goes_wrong(&session, &json!({"play_from": sample(FILM), "timeout": "20s"}), "media_dtls", "dtls");
        close(&session);
    });
}

/// The records of the handshake are lost.
#[test]
fn a_handshake_that_is_not_done() {
    let janus = start();
    ten("no handshake", &[], |_| {
        let relay = Arc::new(Relay::new(|_, data| if is_dtls(data) { Fate::Drop } else { Fate::Pass }));
        let between = relayed(&janus.ws, &relay);
        let session = open(&between);
        let mut order = order();
        order["local_addresses"] = json!(["127.0.0.1"]);
        goes_wrong(&session, &order, "total_timeout", "dtls");
        close(&session);
    });
}

/// Descriptions that cannot be read.
#[test]
fn descriptions_that_are_none() {
    described_by(&["empty", "words", "cut", "binary"]);
}

/// Those that lack something.
#[test]
fn descriptions_that_lack_something() {
    described_by(&["no tracks", "one track", "no fingerprint", "no password"]);
}

/// Those that do not fit.
#[test]
fn descriptions_that_do_not_fit() {
    described_by(&["other codecs", "rejected", "long"]);
}

fn described_by(kinds: &[&'static str]) {
    let janus = start();
    let wrong: Arc<Mutex<&str>> = Arc::default();
    let now = Arc::clone(&wrong);
    let between = Between::of(
        &janus.ws,
        answers(move |sdp| match *now.lock().unwrap() {
            "empty" => String::new(),
            "words" => "this is no description".into(),
            "cut" => sdp[..sdp.len() / 2].to_owned(),
            "binary" => "\u{1}\u{7f}\u{fffd}".repeat(400),
            "no tracks" => sdp.split("m=").next().unwrap().to_owned(),
            "one track" => {
                let mut parts = sdp.split("m=");
                format!("{}m={}", parts.next().unwrap(), parts.next().unwrap())
            }
            "no fingerprint" => {
                sdp.lines().filter(|line| !line.contains("fingerprint")).map(|line| format!("{line}\r\n")).collect()
            }
            "no password" => {
                sdp.lines().filter(|line| !line.contains("ice-")).map(|line| format!("{line}\r\n")).collect()
            }
            "other codecs" => sdp.replace("VP8/90000", "H265/90000").replace("opus/48000", "PCMU/8000"),
            "rejected" => {
                let sdp = sdp.replace("m=video 9", "m=video 0").replace("m=audio 9", "m=audio 0");
                sdp.lines().filter(|line| !line.starts_with("a=group:")).map(|line| format!("{line}\r\n")).collect()
            }
            "long" => format!("{sdp}{}", "a=x:y\r\n".repeat(100_000)),
            _ => sdp.to_owned(),
        }),
    );
    for what in kinds.iter().copied() {
        *wrong.lock().unwrap() = what;
        let quiet = what == "long";
        ten(what, &[], |turn| {
            let session = open(&between);
            let handle = attach(&session, "echotest");
            let ended = crate::bed::try_ask(
                &handle,
                "media",
                &json!({"play_from": sample(FILM), "timeout": "1s", "until": "connected"}),
            );
            if turn == 0 {
                eprintln!("{what}: {:?}", ended.as_ref().map_err(|error| (error.to_string(), told(error))));
            }
            if !quiet {
                let error = ended.unwrap_err();
                assert!(
                    ["media_sdp", "media_codec", "total_timeout", "media_dtls"].contains(&error.code()),
                    "{what}: {error:?}"
                );
                assert_eq!(told(&error)["outcome"], "unknown", "{what}: {error:?}");
                assert!(!error.message().contains("0x"), "{error}");
            }
            close(&session);
        });
    }
}

/// Candidates that come later and are none are passed over or told, and nothing breaks.
#[test]
fn candidates_that_are_none() {
    let janus = haft_sandbox::janus::Janus::start(&haft_sandbox::janus::Setup::full_trickle()).unwrap();
    let between = Between::of(&janus.ws, |text| {
        let mut message: Value = serde_json::from_str(&text).unwrap();
        if message["janus"] != "trickle" || message["candidate"]["candidate"].is_null() {
            return text;
        }
        message["candidate"]["candidate"] = "candidate:x y z".into();
        message.to_string()
    });
    ten("odd candidates", &[], |turn| {
        let session = open(&between);
        let handle = attach(&session, "echotest");
        let id = handle.submit(Some("media"), None, &args(&order())).unwrap();
        let ended = answered(&handle, id);
        if turn == 0 {
            eprintln!("odd candidates: {ended:?}");
        }
        close(&session);
    });
}

/// The end of the handshake is waited for no longer than the host wants: a cancel ends it in each of the phases.
#[test]
fn a_cancel_in_the_phases_of_the_connection() {
    let janus = start();
    for phase in ["ice", "dtls"] {
        ten(phase, &[], |_| {
            let eats = phase == "ice";
            let relay =
                Arc::new(Relay::new(move |_, data| if eats || is_dtls(data) { Fate::Drop } else { Fate::Pass }));
            let between = relayed(&janus.ws, &relay);
            let session = open(&between);
            let handle = attach(&session, "echotest");
            let order = json!({"play_from": sample(FILM), "timeout": "30s", "local_addresses": ["127.0.0.1"]});
            let id = begin(&handle, &order);
            let state = || {
                let shown = handle.inspect("media", &Args::new()).unwrap();
                shown
                    .value()
                    .and_then(|value| value.root().get("state")?.as_str().map(str::to_owned))
                    .unwrap_or_default()
            };
            while state() != phase {
                std::thread::sleep(Duration::from_millis(1));
            }
            handle.cancel(id);
            let ended = until(&handle, |event| {
                (event.kind() == Kind::Response && event.id() == id)
                    .then(|| event.failure().map(|failure| failure.error().code().to_owned()))
            });
            assert_eq!(ended.as_deref(), Some("cancelled"));
            close(&session);
        });
    }
}
