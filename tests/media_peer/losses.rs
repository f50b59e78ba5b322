//! Keyframes that are asked for, with sound and pictures on the same connection to the real Janus: it asks the track that is
//! meant.

use std::time::Duration;

use haft::{
    engine::media::{
        Codec, Kind,
        peer::{Connection, Direction},
    },
    session::Session,
};
use serde_json::json;

use crate::{
    bed::{Heard, Party, frames, mid, wish},
    room::{offered, publish, up, watch},
    talk::{ECHO, ask, attach, hear, open, start},
};

/// How many connections are tried: by luck alone, every second one may find the right track.
const ROUNDS: usize = 4;

/// An echo of sound and pictures.
fn echo(session: &Session) -> (Session, Party) {
    let echo = attach(session, ECHO);
    hear(&echo, "webrtcup");
    let party = Party::new();
    let wishes = [Codec::Opus, Codec::Vp8].map(|codec| wish(codec, Direction::SendRecv));
    party.link.plan(&wishes, None).unwrap();
    let offer = party.link.offer(false).unwrap();
    let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
    let answer = ask(&echo, "message", &json!({"body": {"audio": true, "video": true}, "jsep": jsep})).unwrap();
    party.link.accept(offered(&answer)).unwrap();
    party.connected();
    up(&echo);
    (echo, party)
}

/// The server hands on what asks for a keyframe to who sends the track: with the echo that is who asked.
#[test]
fn a_keyframe_is_asked_of_its_track() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    for round in 0..ROUNDS {
        let (_echo, party) = echo(&session);
        let video = mid(&party, Kind::Video);
        let picture = &frames(Codec::Vp8, 1, 100)[0];
        party.link.write(&video, Duration::ZERO, picture).unwrap();
        party.frame();
        for _ in 0..3 {
            party.link.ask_keyframe(&video);
            let wanted = party.until(|heard| match heard {
                Heard::Wanted(mid) => Some(mid),
                _ => None,
            });
            assert_eq!(wanted, video, "round {round}");
        }
        party.link.close();
    }
}

/// A room is asked by who only watches.
#[test]
fn who_only_watches_asks_for_a_keyframe() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let (_publishing, publisher, joined) = publish(&session);
    let (_watching, subscriber) = watch(&session, &joined);
    let (there, here) = (mid(&publisher, Kind::Video), mid(&subscriber, Kind::Video));
    let wanted = || {
        publisher.until(|heard| match heard {
            Heard::Wanted(mid) => Some(mid),
            _ => None,
        })
    };
    // Who begins to watch has the server ask.
    assert_eq!(wanted(), there);
    for (at, picture) in (0_u32..).zip(frames(Codec::Vp8, 5, 100)) {
        publisher.link.write(&there, Duration::from_millis(40) * at, &picture).unwrap();
        subscriber.frame();
        subscriber.link.ask_keyframe(&here);
        assert_eq!(wanted(), there, "{at}");
    }
}
