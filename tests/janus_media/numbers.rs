//! Statistics as events: what they tell of a file of known rate, how often, and what of losses and of the server's limits.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use haft::{
    args::Args,
    session::{Event, Kind, Session},
};
use haft_sandbox::janus::Janus;
use serde_json::{Value, json};

use crate::{
    bed::{answered, args, ask, attach, json, open, start, until},
    datagrams::{Fate, Relay, is_rtp},
    media::samples::{bytes, sample},
};

fn listen(handle: &Session, interval: &Value) -> u64 {
    handle.subscribe("haft.statistics", &args(&json!({"interval": interval})), None, 0).unwrap()
}

/// What a subscription told, if it is one of its events.
fn told(event: &Event, subscription: u64) -> Option<Value> {
    (event.kind() == Kind::Message && event.id() == subscription).then(|| json(event))
}

fn track<'a>(shown: &'a Value, kind: &str) -> &'a Value {
    shown["tracks"].as_array().unwrap().iter().find(|track| track["kind"] == kind).unwrap()
}

/// Plays to the end: what the subscription told, and what the call was answered.
fn played(handle: &Session, subscription: u64, arguments: &Value) -> (Vec<Value>, Value) {
    let id = handle.submit(Some("media"), None, &args(arguments)).unwrap();
    let mut all = Vec::new();
    let end = loop {
        let (event, end) = until(handle, |event| {
            if let Some(shown) = told(event, subscription) {
                return Some((Some(shown), None));
            }
            let ours = event.kind() == Kind::Response && event.id() == id;
            ours.then(|| (None, Some(event.response().map_or(Value::Null, crate::bed::value))))
        });
        all.extend(event);
        if let Some(end) = end {
            break end;
        }
    };
    (all, end)
}

#[test]
fn the_rate_of_a_file_and_its_keyframes_are_told() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let second = listen(&handle, &json!("1s"));
    let (all, end) = played(&handle, second, &json!({"play_from": sample("vp8.ivf")}));
    // The last one is what the call was answered, and before it one in each second of five.
    assert_eq!(all.last(), Some(&end));
    assert!((4..=8).contains(&all.len()), "{}", all.len());
    assert!(all[..all.len() - 1].iter().all(|shown| shown["state"] == "flowing"), "{all:?}");
    let times: Vec<f64> = all.iter().map(|shown| shown["duration"].as_f64().unwrap()).collect();
    assert!(times.is_sorted() && times[0] >= 1.0, "{times:?}");
    // 150 frames, and a keyframe each second (tests/media/samples.txt).
    let (sent, received) = (&track(&end, "video")["sent"], &track(&end, "video")["received"]);
    for way in [sent, received] {
        assert_eq!((&way["frames"], &way["keyframes"]), (&json!(150), &json!(5)), "{end}");
    }
    // What the file has in a second: 32 bytes of head, and 12 before each frame, are not sent.
    let rate = (bytes("vp8.ivf").len() - 32 - 150 * 12) as f64 * 8.0 / 5.0;
    for way in ["sent", "received"] {
        let rates: Vec<f64> = all
            .iter()
            .filter_map(|shown| track(shown, "video")[way]["bitrate"].as_f64())
            .filter(|rate| *rate > 0.0)
            .collect();
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        assert!((0.8..1.2).contains(&(mean / rate)), "{way}: {rates:?}, and the file has {rate}");
    }
    let rtt = end["rtt"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&rtt), "{end}");
    assert!(received["jitter"].as_f64().unwrap() < 1.0, "{end}");
    // What inspect shows now is the same.
    let shown = handle.inspect("media", &Args::new()).unwrap();
    assert_eq!(crate::bed::value(&shown), end);
}

#[test]
fn each_subscriber_has_an_interval_of_its_own() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let often = listen(&handle, &json!(0.1));
    let never = listen(&handle, &json!("1h"));
    let begun = json!({"play_from": sample("vp8_one.ivf"), "loop": true});
    let id = handle.submit(Some("media"), None, &args(&begun)).unwrap();
    let next = |of: u64| {
        until(&handle, |event| {
            assert!(told(event, never).is_none_or(|shown| shown["state"] == "ended"));
            told(event, of)
        })
    };
    let times: Vec<f64> = (0..5).map(|_| next(often)["duration"].as_f64().unwrap()).collect();
    assert!(times[0] >= 0.1 && times.windows(2).all(|two| two[1] > two[0]), "{times:?}");
    // One that comes later, while the other has gone.
    handle.unsubscribe(often);
    let late = listen(&handle, &json!("200ms"));
    assert_eq!(next(late)["state"], "flowing");
    assert_eq!(next(late)["state"], "flowing");
    ask(&handle, "media_stop", json!({}));
    let mut last = Vec::new();
    while last.len() < 2 {
        let (of, shown) =
            until(&handle, |event| Some((event.id(), [late, never].iter().find_map(|of| told(event, *of))?)));
        if shown["state"] == "ended" {
            last.push((of, shown["end"].clone()));
        }
    }
    last.sort_by_key(|(of, _)| *of);
    assert_eq!(last, [(never, json!("stopped")), (late, json!("stopped"))]);
    assert_eq!(answered(&handle, id).unwrap()["end"], "stopped");
    // A subscription outlives a session of media, and hears the end of one that never began.
    let error = crate::bed::try_ask(&handle, "media", &json!({"play_from": "/nowhere.ivf"})).unwrap_err();
    assert_eq!(error.code(), "io");
}

#[test]
fn what_is_no_interval_is_refused() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    for (topic, options, key) in [
        ("haft.statistics", json!({"interval": 0.09}), "interval"),
        ("haft.statistics", json!({"interval": 0}), "interval"),
        ("haft.statistics", json!({"interval": -1}), "interval"),
        ("haft.statistics", json!({"interval": "often"}), "interval"),
        ("haft.statistics", json!({"interval": [1]}), "interval"),
        ("haft.statistics", json!({"overflow": "wait"}), "overflow"),
        ("haft.media", json!({"interval": 1}), "interval"),
        ("haft.state", json!({"interval": 1}), "interval"),
    ] {
        let error = handle.subscribe(topic, &args(&options), None, 0).err().expect("it was taken");
        let named = error.detail().get("key").and_then(|key| key.as_str());
        assert_eq!((error.code(), named), ("argument", Some(key)), "{topic} {options}");
    }
}

/// Janus tells with REMB what it was told to take: EchoTest when that is said while media flows.
#[test]
fn what_the_server_takes_is_told() {
    let janus = start();
    let session = open(&janus);
    let handle = attach(&session, "echotest");
    let often = listen(&handle, &json!("100ms"));
    let id = handle.submit(Some("media"), None, &args(&json!({"play_from": sample("vp8.ivf"), "loop": true}))).unwrap();
    for bitrate in [250_000, 2_000_000] {
        until(&handle, |event| told(event, often).filter(|shown| shown["state"] == "flowing"));
        ask(&handle, "echo", json!({"bitrate": bitrate}));
        let shown = until(&handle, |event| {
            told(event, often)
                .filter(|shown| shown["available"] == bitrate || shown["duration"].as_f64().unwrap() > 20.0)
        });
        assert_eq!(shown["available"], bitrate, "{shown}");
    }
    ask(&handle, "media_stop", json!({}));
    assert_eq!(answered(&handle, id).unwrap()["available"], 2_000_000);
}

/// One of ten packets is lost on the way to the server: it asks for them again, and says so.
#[test]
fn losses_are_told() {
    let janus = start();
    let mut count = 0_u32;
    let datagrams = Arc::new(Relay::new(move |out, data| {
        if !(out && is_rtp(data)) {
            return Fate::Pass;
        }
        count += 1;
        if count.is_multiple_of(10) { Fate::Drop } else { Fate::Pass }
    }));
    let session = Session::create(&format!("janus+{}", between(&janus, &datagrams)), &Args::new()).unwrap();
    let handle = attach(&session, "echotest");
    let often = listen(&handle, &json!("200ms"));
    let begun = json!({"play_from": sample("vp8.ivf"), "loop": true, "local_addresses": ["127.0.0.1"]});
    let id = handle.submit(Some("media"), None, &args(&begun)).unwrap();
    let sent = until(&handle, |event| {
        let shown = told(event, often)?;
        assert_eq!(shown["state"], "flowing", "{shown}");
        let sent = track(&shown, "video")["sent"].clone();
        (sent["nacks"].as_u64()? > 0 && sent["loss"].as_f64()? > 0.0).then_some(sent)
    });
    assert!(sent["loss"].as_f64().unwrap() < 0.5, "{sent}");
    ask(&handle, "media_stop", json!({}));
    answered(&handle, id).unwrap();
}

/// The server's HTTP interface behind a relay that has both sides send their datagrams to the other one: in descriptions,
/// ports of candidates are replaced by others that have five digits as well.
fn between(janus: &Janus, datagrams: &Arc<Relay>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = janus.http.clone();
    let rest = url.strip_prefix("http://").unwrap();
    let (server, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (server, here) = (server.to_owned(), listener.local_addr().unwrap());
    let datagrams = Arc::clone(datagrams);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&server) else { continue };
            for (at, from, to) in [(0, client.try_clone().unwrap(), server.try_clone().unwrap()), (1, server, client)] {
                let datagrams = Arc::clone(&datagrams);
                thread::spawn(move || carry(from, to, |data| datagrams.replace(at, data)));
            }
        }
    });
    format!("http://{here}{path}")
}

fn carry(mut from: TcpStream, mut to: TcpStream, replace: impl Fn(&mut [u8])) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        replace(&mut buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
