//! With the real Janus: the signalling is haft's own.

use std::{time::Duration, time::Instant};

use haft::{
    engine::media::{
        Codec, Kind,
        peer::{Connection, Direction},
    },
    session::Kind as Event,
};
use serde_json::{Value, json};

use crate::{
    bed::{Heard, Party, all, mid, wish},
    room::{offered, publish, up, watch},
    samples,
    talk::{ECHO, TEXT, ask, attach, hear, next, open, start},
};

#[test]
fn an_echo_is_bit_exact() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&echo, "webrtcup");
    let party = Party::new();
    let wishes = [wish(Codec::Opus, Direction::SendRecv), wish(Codec::Vp8, Direction::SendRecv)];
    party.link.plan(&wishes, Some("JanusDataChannel")).unwrap();
    let offer = party.link.offer(false).unwrap();
    let body =
        json!({"body": {"audio": true, "video": true}, "jsep": {"type": "offer", "sdp": offer, "trickle": false}});
    let answer = ask(&echo, "message", &body).unwrap();
    let answered = Instant::now();
    party.link.accept(answer["jsep"]["sdp"].as_str().unwrap()).unwrap();
    party.connected();
    println!("from the answer to connected: {:?}", answered.elapsed());
    next(&echo, Event::Message);
    let (audio, video) = (mid(&party, Kind::Audio), mid(&party, Kind::Video));
    let mut first = None;
    for (at, frame) in samples::of(Codec::Vp8).iter().enumerate() {
        party.link.write(&video, Duration::from_millis(40) * at as u32, frame).unwrap();
        let arrived = party.frame();
        let pts = arrived.pts - *first.get_or_insert(arrived.pts);
        assert_eq!(
            (pts, &*arrived.mid, arrived.keyframe),
            (Duration::from_millis(40) * at as u32, &*video, at % 25 == 0)
        );
        assert!(arrived.data == *frame, "frame {at}");
    }
    for (at, packet) in samples::of(Codec::Opus).iter().enumerate() {
        party.link.write(&audio, Duration::from_millis(20) * at as u32, packet).unwrap();
        let arrived = party.frame();
        assert!(arrived.data == *packet && *arrived.mid == *audio, "packet {at}");
    }
    party.link.say("JanusDataChannel", false, b"hello").unwrap();
    let (label, binary, text) = party.data();
    assert_eq!((&*label, binary, &*text), ("JanusDataChannel", false, &b"Janus EchoTest here! You wrote: hello"[..]));
    let statistics = party.link.statistics();
    let (_, sent, received) = statistics.tracks.iter().find(|(name, ..)| **name == *video).unwrap();
    let frames = |numbers: &Option<haft::engine::media::peer::Numbers>| numbers.as_ref().unwrap().frames;
    assert_eq!((frames(sent), frames(received)), (50, 50));
    println!("{statistics:?}");
    // The server ends it: a goodbye of DTLS.
    ask(&echo, "hangup_webrtc", &json!({})).unwrap();
    let error = party.until(|heard| match heard {
        Heard::Over(error) => Some(error),
        _ => None,
    });
    assert!(error.is_none(), "{error:?}");
}

#[test]
fn a_room_offers_what_others_publish() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (publishing, publisher, joined) = publish(&session);
    // The subscriber is offered both, and takes them.
    let (watching, subscriber) = watch(&session, &joined);
    let tracks = subscriber.link.tracks();
    let shape: Vec<_> = tracks.iter().map(|track| (track.kind, track.direction, track.codec)).collect();
    let expected = [(Kind::Audio, Some(Codec::Opus)), (Kind::Video, Some(Codec::Vp8))];
    assert_eq!(shape, expected.map(|(kind, codec)| (kind, Direction::RecvOnly, codec)));
    assert!(tracks.iter().all(|track| track.stream.is_some()), "{tracks:?}");
    // Who begins to watch needs a keyframe.
    let wanted = publisher.until(|heard| match heard {
        Heard::Wanted(mid) => Some(mid),
        _ => None,
    });
    assert_eq!(wanted, mid(&publisher, Kind::Video));
    for (mid, there, codec, time) in
        [(mid(&publisher, Kind::Video), 1, Codec::Vp8, 40), (mid(&publisher, Kind::Audio), 0, Codec::Opus, 20)]
    {
        for (at, frame) in samples::of(codec).iter().enumerate() {
            publisher.link.write(&mid, Duration::from_millis(time) * at as u32, frame).unwrap();
            let arrived = subscriber.frame();
            assert!(arrived.mid == tracks[there].mid && arrived.data == *frame, "{codec:?} {at}");
        }
    }
    // One is not watched any more: the server offers anew, and the other goes on.
    let body =
        json!({"request": "unsubscribe", "streams": [{"feed": joined["id"], "mid": mid(&publisher, Kind::Video)}]});
    let updated = ask(&watching, "message", &json!({"body": body})).unwrap();
    let answer = subscriber.link.answer(offered(&updated), &all).unwrap();
    let jsep = json!({"type": "answer", "sdp": answer, "trickle": false});
    ask(&watching, "message", &json!({"body": {"request": "start"}, "jsep": jsep})).unwrap();
    let ways: Vec<_> = subscriber.link.tracks().iter().map(|track| track.direction).collect();
    assert_eq!(ways, [Direction::RecvOnly, Direction::Inactive]);
    let audio = mid(&publisher, Kind::Audio);
    for (at, packet) in (200..).zip(samples::of(Codec::Opus)) {
        publisher.link.write(&audio, Duration::from_millis(20) * at, &packet).unwrap();
        assert!(subscriber.frame().data == packet);
    }
    // The publisher leaves.
    ask(&publishing, "message", &json!({"body": {"request": "unpublish"}})).unwrap();
    assert!(publisher.over().is_none());
}

#[test]
fn a_room_of_texts_is_data_alone() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let texts = attach(&session, TEXT);
    let asked = ask(&texts, "setup", &json!({})).unwrap();
    let party = Party::new();
    let answer = party.link.answer(offered(&asked), &all).unwrap();
    party.link.plan(&[], Some("JanusDataChannel")).unwrap();
    let jsep = json!({"type": "answer", "sdp": answer, "trickle": false});
    ask(&texts, "ack", &json!({"jsep": jsep})).unwrap();
    party.connected();
    assert_eq!(party.channel(), "JanusDataChannel");
    let join = json!({"textroom": "join", "transaction": "1", "room": 1234, "username": "haft"}).to_string();
    party.link.say("JanusDataChannel", false, join.as_bytes()).unwrap();
    // What others are told of us comes beside the answer.
    let said = loop {
        let (_, binary, said) = party.data();
        let said: Value = serde_json::from_slice(&said).unwrap();
        assert!(!binary);
        if said["transaction"] == "1" {
            break said;
        }
    };
    assert_eq!(said["textroom"], "success");
}

#[test]
fn an_echo_goes_on_over_a_restart_of_ice() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    hear(&echo, "webrtcup");
    let party = Party::new();
    party.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    let describe = |restart: bool| {
        let offer = party.link.offer(restart).unwrap();
        let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
        let answer = ask(&echo, "message", &json!({"body": {"video": true}, "jsep": jsep})).unwrap();
        party.link.accept(offered(&answer)).unwrap();
    };
    describe(false);
    party.connected();
    up(&echo);
    let video = mid(&party, Kind::Video);
    let frames = samples::of(Codec::Vp8);
    for (at, frame) in frames.iter().enumerate() {
        if at == 25 {
            describe(true);
        }
        party.link.write(&video, Duration::from_millis(40) * at as u32, frame).unwrap();
        assert!(party.frame().data == *frame, "frame {at}");
    }
}

#[test]
fn an_echo_of_every_codec_is_bit_exact() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    for codec in [Codec::Vp9, Codec::H264, Codec::Av1] {
        let echo = attach(&session, ECHO);
        hear(&echo, "webrtcup");
        let party = Party::new();
        party.link.plan(&[wish(codec, Direction::SendRecv)], None).unwrap();
        let offer = party.link.offer(false).unwrap();
        let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
        let answer = ask(&echo, "message", &json!({"body": {"videocodec": codec.name()}, "jsep": jsep})).unwrap();
        party.link.accept(offered(&answer)).unwrap();
        party.connected();
        up(&echo);
        let video = mid(&party, Kind::Video);
        for (at, frame) in samples::of(codec).iter().enumerate() {
            party.link.write(&video, Duration::from_millis(40) * at as u32, frame).unwrap();
            assert!(party.frame().data == *frame, "{codec:?} {at}");
        }
        party.link.close();
    }
}
