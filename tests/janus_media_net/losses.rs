//! Ways that lose, double, delay and turn round what they carry. The kernel of a machine that runs tests need not have a network
//! emulator: a relay in the way of all datagrams does the same.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    bed::{Folder, ask, attach, start, try_ask},
    course::good,
    echo::{FILM, published, session, through},
    media::{
        probe::{copied, packets_of},
        samples::sample,
    },
    signals::{Between, relayed},
    udp::{Fate, Relay, is_rtp},
};

/// Numbers that look like chance, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Xorshift (Marsaglia).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Whose packet it is.
fn source(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[8..12].try_into().unwrap())
}

/// Packets of the first stream of each way, counted; what is sent again goes by another one, or comes later.
#[derive(Default)]
struct Stream {
    of: Option<u32>,
    count: usize,
}

impl Stream {
    /// The number of a packet of the stream itself.
    fn number(&mut self, data: &[u8]) -> Option<usize> {
        let ours = is_rtp(data) && *self.of.get_or_insert(source(data)) == source(data);
        self.count += usize::from(ours);
        ours.then_some(self.count)
    }
}

fn track<'a>(end: &'a Value, kind: &str) -> &'a Value {
    end["tracks"].as_array().unwrap().iter().find(|track| track["kind"] == kind).unwrap()
}

fn here() -> Value {
    json!({"local_addresses": ["127.0.0.1"]})
}

/// Every tenth packet, and five in a row now and then.
fn falls(number: usize) -> bool {
    number % 10 == 7 || (number % 80).wrapping_sub(40) < 5
}

/// What is lost on the way to the server is asked for, and comes: but for the last packets, as Janus asks when it has others.
#[test]
fn what_is_lost_on_the_way_there_is_sent_again() {
    let janus = start();
    let mut stream = Stream::default();
    let relay = Arc::new(Relay::new(move |out, data| {
        if out && stream.number(data).is_some_and(|number| number < 270 && falls(number)) {
            Fate::Drop
        } else {
            Fate::Pass
        }
    }));
    let between = relayed(&janus.ws, &relay);
    let end = through(&session(&between.url), "vp8.ivf", &["v:0"], here());
    let (sent, received) = (&track(&end, "video")["sent"], &track(&end, "video")["received"]);
    assert_eq!((&sent["frames"], &received["frames"]), (&json!(150), &json!(150)), "{end}");
    assert!(sent["nacks"].as_u64().unwrap() > 5 && sent["lost"].as_u64().unwrap() > 5, "{end}");
}

/// And what is lost on the way back. Janus keeps nothing to send again before it knows how far away a subscriber is, which takes
/// some reports and a millisecond at least.
#[test]
fn what_is_lost_on_the_way_back_is_sent_again() {
    let janus = start();
    let mut stream = Stream::default();
    let relay = Arc::new(Relay::new(move |out, data| {
        let falls = |number| number > 300 && falls(number);
        if !out && stream.number(data).is_some_and(falls) { Fate::Drop } else { Fate::After(Duration::from_millis(5)) }
    }));
    let between = answered_through(&janus.ws, &relay);
    let (direct, far) = (session(&janus.ws), session(&between.url));
    let (publisher, subscriber) = (attach(&direct, "videoroom"), attach(&far, "videoroom"));
    ask(&publisher, "join", json!({"ptype": "publisher", "room": 1234, "id": 77}));
    let film = sample("vp8.ivf");
    ask(&publisher, "media", json!({"role": "publisher", "play_from": film, "loop": true, "until": "connected"}));
    published(&subscriber, 77);
    let folder = Folder::new();
    let to = folder.path("back.webm");
    let mut order = here();
    order["role"] = json!("subscriber");
    order["room"] = json!(1234);
    order["feeds"] = json!([77]);
    order["record_to"] = json!(to);
    order["duration"] = json!("12s");
    let end = try_ask(&subscriber, "media", &order).unwrap();
    let received = &track(&end, "video")["received"];
    assert!(received["nacks"].as_u64().unwrap() > 5, "{end}");
    assert_eq!((&received["lost"], &received["recorded"]["gaps"]), (&json!(0), &json!(0)), "{end}");
    // Without a gap, in the rounds of the film.
    let (film, back) = (copied(&film, "v:0", "null"), copied(&to, "v:0", "null"));
    let first = film.iter().position(|frame| *frame == back[0]).unwrap();
    let rounds = film.iter().cycle().skip(first);
    assert!(back.len() > 300 && back.iter().zip(rounds).all(|(back, sent)| back == sent), "{end}");
    good(&to);
}

/// The server offers, and both sides know the other by the relay's addresses.
fn answered_through(janus: &str, relay: &Arc<Relay>) -> Between {
    let relay = Arc::clone(relay);
    Between::both(janus, move |of_server, text| {
        let mut message: Value = serde_json::from_str(&text).unwrap();
        let Some(sdp) = message["jsep"]["sdp"].as_str() else { return text };
        // The relay's offering side is ours in all of these tests.
        message["jsep"]["sdp"] = if of_server { relay.answer(sdp) } else { relay.offer(sdp) }.into();
        message.to_string()
    })
}

/// Each packet of media is 20 to 60 ms late, so that many overtake others, and some come twice: nothing is missing, and sound and
/// pictures are in step. The first ones are in order: Janus numbers what it sends from 1 on by the first that it gets, and what
/// was before that is the end of a round of numbers, with other keys (docs/janus.md, "Networks").
#[test]
fn what_is_late_turned_round_and_doubled_is_whole_and_in_step() {
    let janus = start();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut counts = [0; 2];
    let relay = Arc::new(Relay::new(move |out, data| {
        let count = &mut counts[usize::from(out)];
        *count += usize::from(is_rtp(data));
        match dice.below(20) {
            _ if !is_rtp(data) || *count < 40 => Fate::After(Duration::from_millis(20)),
            0 => Fate::Again(Duration::from_millis(20 + dice.below(40))),
            _ => Fate::After(Duration::from_millis(20 + dice.below(40))),
        }
    }));
    let between = relayed(&janus.ws, &relay);
    let session = session(&between.url);
    let folder = Folder::new();
    let to = folder.path("back.webm");
    let handle = attach(&session, "echotest");
    let mut order = here();
    order["play_from"] = json!(sample(FILM));
    order["record_to"] = json!(to);
    let end = try_ask(&handle, "media", &order).unwrap();
    for of in ["video", "audio"] {
        assert_eq!(track(&end, of)["received"]["frames"], track(&end, of)["sent"]["frames"], "{of}: {end}");
    }
    for track in ["v:0", "a:0"] {
        let (sent, back) = (copied(&sample(FILM), track, "null"), copied(&to, track, "null"));
        assert!(sent == back, "{track}: {} of {}: {end}", back.len(), sent.len());
    }
    good(&to);
    for at in [0, 60, 149] {
        let (was, is) = (step(&sample(FILM), at), step(&to, at));
        assert!((is - was).abs() < 0.12, "picture {at} came {was} s behind the sound, and now {is} s");
    }
    assert!(end["rtt"].as_f64().unwrap() >= 0.04, "{end}");
}

/// How long after the packet of sound of the same moment of the film a picture is.
fn step(film: &Path, picture: usize) -> f64 {
    let (kinds, original) = (crate::media::probe::streams(film), sample(FILM));
    let at = |kind: &str| kinds.iter().position(|stream| stream.kind == kind).unwrap();
    let (pictures, sound) = (packets_of(film, at("video")), packets_of(film, at("audio")));
    // By the film as it was made: 30 pictures and 50 packets of sound a second.
    let packet = (picture * 5 / 3).min(packets_of(&original, 1).len() - 1).min(sound.len() - 1);
    (pictures[picture].pts_ns - sound[packet].pts_ns) as f64 / 1e9
}

/// Longer than anybody sends again: what is lost is told, and what is there is as it was.
#[test]
fn what_is_lost_for_good_is_told() {
    let janus = start();
    let mut count = 0;
    let relay = Arc::new(Relay::new(move |out, data| {
        if out || !is_rtp(data) {
            return Fate::Pass;
        }
        // A second of what comes back, with all that is sent again meanwhile.
        count += 1;
        if (100..170).contains(&count) { Fate::Drop } else { Fate::Pass }
    }));
    let between = relayed(&janus.ws, &relay);
    let folder = Folder::new();
    let session = session(&between.url);
    let handle = attach(&session, "echotest");
    let to = folder.path("part.webm");
    let mut order = here();
    order["play_from"] = json!(sample("vp8.ivf"));
    order["record_to"] = json!(to);
    let end = try_ask(&handle, "media", &order).unwrap();
    let (sent, back) = (copied(&sample("vp8.ivf"), "v:0", "null"), copied(&to, "v:0", "null"));
    let mut rest = sent.iter();
    assert!(back.iter().all(|frame| rest.any(|sent| sent == frame)), "not as sent: {end}");
    good(&to);
    let received = &track(&end, "video")["received"];
    assert!(back.len() < sent.len() && back.len() > sent.len() / 3, "{} of {}: {end}", back.len(), sent.len());
    assert!(received["lost"].as_u64().unwrap() > 0 && received["nacks"].as_u64().unwrap() > 0, "{end}");
    // The last picture came: it went on to the end.
    assert_eq!(back.last(), sent.last(), "{end}");
}

/// A way that loses, doubles and turns round the checks and the handshake: it is made all the same.
#[test]
fn a_connection_is_made_on_a_bad_way() {
    let janus = start();
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let relay = Arc::new(Relay::new(move |_, _| match dice.below(20) {
        0 => Fate::Drop,
        1 => Fate::Twice,
        2 => Fate::Late,
        _ => Fate::After(Duration::from_millis(dice.below(30))),
    }));
    let between = relayed(&janus.ws, &relay);
    let session = session(&between.url);
    for _ in 0..3 {
        let handle = attach(&session, "echotest");
        let mut order = here();
        order["tracks"] = json!([{"kind": "video"}]);
        order["duration"] = json!("100ms");
        order["timeout"] = json!("60s");
        let end = try_ask(&handle, "media", &order).unwrap();
        assert_eq!(end["end"], "duration", "{end}");
    }
}
