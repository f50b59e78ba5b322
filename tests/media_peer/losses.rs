//! Packets that are lost on the way from the real Janus, with sound and pictures on the same connection: they are sent again,
//! and keyframes are asked of the track that wants one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use haft::{
    engine::media::{
        Codec, Kind,
        peer::{Connection, Direction},
    },
    session::{Kind as Event, Session},
};
use haft_sandbox::janus::ADMIN_SECRET;
use serde_json::{Value, json};

use crate::{
    bed::{Heard, PATIENCE, Party, all, frames, mid, wish},
    relay::{Fate, Relay, is_rtp},
    talk::{ECHO, ROOM, args, ask, attach, hear, next, open, start},
};

/// How many connections are tried: by luck alone, every second one may find the right track.
const ROUNDS: usize = 4;

fn offered(answer: &Value) -> &str {
    answer["jsep"]["sdp"].as_str().unwrap_or_else(|| panic!("no description: {answer}"))
}

/// An echo of sound and pictures behind a relay, and the payload type of the pictures.
fn echo(session: &Session, relay: &Relay) -> (Session, Party, u8) {
    let echo = attach(session, ECHO);
    hear(&echo, "webrtcup");
    let party = Party::new();
    let wishes = [Codec::Opus, Codec::Vp8].map(|codec| wish(codec, Direction::SendRecv));
    party.link.plan(&wishes, None).unwrap();
    let offer = party.link.offer(false).unwrap();
    let pictures = payload(&offer, "VP8");
    let jsep = json!({"type": "offer", "sdp": relay.offer(&offer), "trickle": false});
    let answer = ask(&echo, "message", &json!({"body": {"audio": true, "video": true}, "jsep": jsep})).unwrap();
    party.link.accept(&relay.answer(offered(&answer))).unwrap();
    party.connected();
    next(&echo, Event::Message);
    (echo, party, pictures)
}

/// The payload type of a codec in a description.
fn payload(description: &str, codec: &str) -> u8 {
    let end = format!(" {codec}/90000");
    let line = description.lines().find(|line| line.starts_with("a=rtpmap:") && line.ends_with(&end)).unwrap();
    line["a=rtpmap:".len()..].split(' ').next().unwrap().parse().unwrap()
}

/// A connection to lose packets on.
struct Lossy {
    relay: Relay,
    _echo: Session,
    party: Party,
    vp8: u8,
    /// Says that the server knows how long the way is: before, and where it is less than a millisecond, it keeps nothing that it
    /// could send again.
    measured: Receiver<()>,
}

impl Lossy {
    fn new(session: &Session) -> Lossy {
        let relay = Relay::new(|_, _| Fate::Pass);
        let (echo, party, vp8) = echo(session, &relay);
        let (tell, measured) = channel();
        let mut reports = 0;
        relay.rule(move |out, data| {
            // A report of ours, with what came of the server's (RFC 3550 6.4): it takes its time.
            if out && is_report(data) && data[0] & 0x1F > 0 {
                thread::sleep(Duration::from_millis(3));
                reports += 1;
                // The first ones may tell of sound, or that no report of the server's had come by then.
                if reports == 4 {
                    let _ = tell.send(());
                }
            }
            Fate::Pass
        });
        Lossy { relay, _echo: echo, party, vp8, measured }
    }
}

fn is_report(data: &[u8]) -> bool {
    (128..192).contains(&data[0]) && (200..=201).contains(&data[1])
}

/// Every fifth packet of pictures that comes from the server is lost, but for the last of a frame, behind which nothing may
/// come for a while that shows the loss. What is sent again comes through, by a payload type of its own.
#[test]
fn pictures_are_repaired_beside_sound() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let pictures = frames(Codec::Vp8, 30, 6000);
    let sound = frames(Codec::Opus, 30, 80);
    // The server keeps what it could send again for a second, and not for less: this machine may be slow.
    let admin = json!({"admin_url": janus.admin_http, "admin_secret": ADMIN_SECRET});
    let admin = session.attach("admin", &args(&admin)).unwrap();
    ask(&admin, "set_min_nack_queue", &json!({"min_nack_queue": 1000})).unwrap();
    let all: Vec<Lossy> = (0..ROUNDS).map(|_| Lossy::new(&session)).collect();
    // The server reports of tracks on which something goes.
    let write = |party: &Party, at: usize| {
        let pts = Duration::from_millis(40) * at as u32;
        party.link.write(&mid(party, Kind::Audio), pts, &sound[at]).unwrap();
        party.link.write(&mid(party, Kind::Video), pts, &pictures[at]).unwrap();
        let video = mid(party, Kind::Video);
        loop {
            let came = party.frame();
            if *came.mid == *video {
                return came;
            }
        }
    };
    for one in &all {
        write(&one.party, 0);
    }
    for (round, Lossy { relay, party, vp8, measured, .. }) in all.iter().enumerate() {
        measured.recv_timeout(PATIENCE).expect("the server has measured the way");
        let (lost, mut count, vp8) = (Arc::new(AtomicU32::new(0)), 0, *vp8);
        let dropped = Arc::clone(&lost);
        relay.rule(move |out, data| {
            if out || !is_rtp(data) || data[1] != vp8 {
                return Fate::Pass;
            }
            count += 1;
            if count % 5 == 0 {
                dropped.fetch_add(1, Ordering::Relaxed);
                return Fate::Drop;
            }
            Fate::Pass
        });
        for (at, picture) in pictures.iter().enumerate().skip(1) {
            let came = write(party, at);
            assert!(came.contiguous && came.data == *picture, "round {round}, picture {at}");
        }
        assert!(lost.load(Ordering::Relaxed) > 20, "{lost:?}");
    }
}

/// The server hands on what asks for a keyframe to who sends the track: with the echo that is who asked.
#[test]
fn a_keyframe_is_asked_of_its_track() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    for round in 0..ROUNDS {
        let relay = Relay::new(|_, _| Fate::Pass);
        let (_echo, party, _) = echo(&session, &relay);
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
    let publishing = attach(&session, ROOM);
    hear(&publishing, "webrtcup");
    let publisher = Party::new();
    let wishes = [wish(Codec::Opus, Direction::SendOnly), wish(Codec::Vp8, Direction::SendOnly)];
    publisher.link.plan(&wishes, None).unwrap();
    let offer = publisher.link.offer(false).unwrap();
    let body = json!({"request": "joinandconfigure", "room": 1234, "ptype": "publisher"});
    let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
    let joined = ask(&publishing, "message", &json!({"body": body, "jsep": jsep})).unwrap();
    publisher.link.accept(offered(&joined)).unwrap();
    publisher.connected();
    next(&publishing, Event::Message);
    let watching = attach(&session, ROOM);
    hear(&watching, "webrtcup");
    let body = json!({"request": "join", "room": 1234, "ptype": "subscriber", "streams": [{"feed": joined["id"]}]});
    let attached = ask(&watching, "message", &json!({"body": body})).unwrap();
    let subscriber = Party::new();
    let answer = subscriber.link.answer(offered(&attached), &all).unwrap();
    let jsep = json!({"type": "answer", "sdp": answer, "trickle": false});
    ask(&watching, "message", &json!({"body": {"request": "start"}, "jsep": jsep})).unwrap();
    subscriber.connected();
    next(&watching, Event::Message);
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
