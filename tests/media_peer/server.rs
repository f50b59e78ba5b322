//! With the real Janus: the signalling is haft's own.

use std::{time::Duration, time::Instant};

use haft::{
    engine::media::{
        Codec, Kind,
        peer::{Connection, Direction},
    },
    session::Kind as Event,
};
use serde_json::json;

use crate::{
    bed::{Heard, Party, mid, wish},
    samples,
    talk::{ECHO, ask, attach, hear, next, open, start},
};

#[test]
fn an_echo_is_bit_exact() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let echo = attach(&session, ECHO);
    let up = hear(&echo, "webrtcup");
    let _ = up;
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
