//! What two sides agree on, at first and later.

use std::time::Duration;

use haft::engine::media::{
    Codec, Kind,
    peer::{Agreed, Connection, Direction, Wish},
};

use crate::bed::{Heard, Party, all, connect, frames, mid, renew, wish};

fn shape(party: &Party) -> Vec<(Kind, Direction, Option<Codec>)> {
    party.link.tracks().iter().map(|track| (track.kind, track.direction, track.codec)).collect()
}

fn video(codecs: &[Codec]) -> Wish {
    Wish { kind: Kind::Video, direction: Direction::SendRecv, codecs: codecs.to_vec() }
}

/// Sends a few frames of a track, which arrive.
fn flows(from: &Party, to: &Party, mid: &str, codec: Codec, start: u32) {
    for (at, frame) in (start..).zip(&frames(codec, 5, if codec == Codec::Opus { 300 } else { 3000 })) {
        from.link.write(mid, Duration::from_millis(40) * at, frame).unwrap();
        let arrived = to.frame();
        assert!(&*arrived.mid == mid && arrived.data == *frame, "{mid} {at}");
    }
}

#[test]
fn codecs_are_those_of_the_wish_and_the_best_first() {
    let (one, other) = (Party::new(), Party::new());
    let wishes = [video(&[Codec::Vp9, Codec::Vp8]), video(&[Codec::H264]), wish(Codec::Opus, Direction::SendOnly)];
    one.link.plan(&wishes, None).unwrap();
    let offer = one.link.offer(false).unwrap();
    let planned = one.link.tracks();
    assert_eq!(planned.len(), 3);
    assert!(planned.iter().all(|track| track.codec.is_none() && offer.contains(&format!("a=mid:{}", track.mid))));
    let sections: Vec<&str> = offer.split("m=").collect();
    let names = |section: &str| -> Vec<String> {
        let map = section.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split(' ').nth(1));
        map.map(|name| name.split('/').next().unwrap().to_owned()).filter(|name| name != "rtx").collect()
    };
    // The order is that of the line of the section: there the first is the best (RFC 8866 5.14).
    let first = sections[1].split_whitespace().nth(3).unwrap();
    assert!(sections[1].contains(&format!("a=rtpmap:{first} VP9/90000")), "{}", sections[1]);
    assert!(names(sections[1]).iter().all(|name| name == "VP9" || name == "VP8"));
    assert!(names(sections[2]).iter().all(|name| name == "H264") && !sections[2].contains("packetization-mode=0"));
    assert!(sections[2].contains("profile-level-id=42e01f") && sections[2].contains("a=fmtp:"));
    assert_eq!(names(sections[3]), ["opus"]);
    assert!(sections[3].contains("useinbandfec=1;stereo=1;sprop-stereo=1"), "{}", sections[3]);
    assert!(offer.contains("a=group:BUNDLE") && offer.contains("a=rtcp-mux") && offer.contains("a=setup:actpass"));
    let answer = other.link.answer(&offer, &all).unwrap();
    one.link.accept(&answer).unwrap();
    let both = [(Kind::Video, Some(Codec::Vp9)), (Kind::Video, Some(Codec::H264))]
        .map(|(kind, codec)| (kind, Direction::SendRecv, codec));
    assert_eq!(shape(&one), [both[0], both[1], (Kind::Audio, Direction::SendOnly, Some(Codec::Opus))]);
    assert_eq!(shape(&other), [both[0], both[1], (Kind::Audio, Direction::RecvOnly, Some(Codec::Opus))]);
}

#[test]
fn a_track_without_a_common_codec_is_refused_and_the_others_go() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Av1, Direction::SendRecv), wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    // The other side has never heard of it.
    let offer = one.link.offer(false).unwrap().replace("AV1/90000", "H268/90000");
    let asked = std::sync::Mutex::new(Vec::new());
    let answer = other
        .link
        .answer(&offer, &|agreed: &Agreed| {
            asked.lock().unwrap().push(agreed.codec);
            agreed.direction
        })
        .unwrap();
    assert_eq!(*asked.lock().unwrap(), [None, Some(Codec::Vp8)]);
    assert!(answer.contains("m=video 0 UDP/TLS/RTP/SAVPF "), "{answer}");
    one.link.accept(&answer).unwrap();
    let expected = [(Kind::Video, Direction::Inactive, None), (Kind::Video, Direction::SendRecv, Some(Codec::Vp8))];
    assert_eq!((shape(&one), shape(&other)), (expected.to_vec(), expected.to_vec()));
    one.connected();
    other.connected();
    let tracks = one.link.tracks();
    let frame = &frames(Codec::Vp8, 1, 10)[0];
    assert_eq!(one.link.write(&tracks[0].mid, Duration::ZERO, frame).unwrap_err().code(), "argument");
    flows(&one, &other, &tracks[1].mid, Codec::Vp8, 0);
}

#[test]
fn the_answering_side_chooses_its_ways() {
    let (one, other) = (Party::new(), Party::new());
    let wishes = [wish(Codec::Opus, Direction::SendRecv), wish(Codec::Vp8, Direction::SendOnly)];
    one.link.plan(&wishes, None).unwrap();
    let offer = one.link.offer(false).unwrap();
    // More than the offer allows is not taken: nobody there would look at what is sent on the second track.
    let answer = other.link.answer(&offer, &|agreed| match agreed.kind {
        Kind::Audio => Direction::SendOnly,
        Kind::Video => Direction::SendRecv,
    });
    one.link.accept(&answer.unwrap()).unwrap();
    assert_eq!(
        shape(&other).iter().map(|track| track.1).collect::<Vec<_>>(),
        [Direction::SendOnly, Direction::RecvOnly]
    );
    assert_eq!(shape(&one).iter().map(|track| track.1).collect::<Vec<_>>(), [Direction::RecvOnly, Direction::SendOnly]);
    one.connected();
    other.connected();
    let audio = mid(&one, Kind::Audio);
    let frame = &frames(Codec::Opus, 1, 10)[0];
    let error = one.link.write(&audio, Duration::ZERO, frame).unwrap_err();
    assert_eq!((error.code(), error.message()), ("argument", &*format!("the track {audio} sends nothing")));
    flows(&other, &one, &audio, Codec::Opus, 0);
}

#[test]
fn tracks_come_turn_and_go_while_frames_flow() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Opus, Direction::SendRecv)], None).unwrap();
    connect(&one, &other);
    let audio = mid(&one, Kind::Audio);
    flows(&one, &other, &audio, Codec::Opus, 0);
    // The other side adds one.
    other.link.plan(&[wish(Codec::Vp8, Direction::SendOnly)], None).unwrap();
    renew(&other, &one, false);
    let video = mid(&other, Kind::Video);
    assert_eq!(shape(&one)[1], (Kind::Video, Direction::RecvOnly, Some(Codec::Vp8)));
    flows(&other, &one, &video, Codec::Vp8, 0);
    flows(&one, &other, &audio, Codec::Opus, 5);
    // This one adds another.
    one.link.plan(&[wish(Codec::Vp8, Direction::SendOnly)], None).unwrap();
    renew(&one, &other, false);
    let second = one.link.tracks()[2].mid.to_string();
    flows(&one, &other, &second, Codec::Vp8, 0);
    // One is held, and goes on.
    one.link.turn(&audio, Direction::Inactive).unwrap();
    renew(&one, &other, false);
    assert_eq!((shape(&one)[0].1, shape(&other)[0].1), (Direction::Inactive, Direction::Inactive));
    let frame = &frames(Codec::Opus, 1, 10)[0];
    assert_eq!(one.link.write(&audio, Duration::from_secs(9), frame).unwrap_err().code(), "argument");
    one.link.turn(&audio, Direction::SendRecv).unwrap();
    renew(&one, &other, false);
    flows(&one, &other, &audio, Codec::Opus, 10);
    // One ends.
    one.link.retire(&second).unwrap();
    renew(&one, &other, false);
    assert_eq!(
        (shape(&one)[2], shape(&other)[2]),
        ((Kind::Video, Direction::Inactive, None), (Kind::Video, Direction::Inactive, None))
    );
    flows(&other, &one, &video, Codec::Vp8, 5);
    assert_eq!(one.link.turn("none", Direction::Inactive).unwrap_err().code(), "argument");
    assert_eq!(one.link.retire("none").unwrap_err().code(), "argument");
}

#[test]
fn ice_is_restarted_by_either_side_without_a_pause() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    connect(&one, &other);
    let video = mid(&one, Kind::Video);
    for (round, (from, to)) in [(&one, &other), (&other, &one)].into_iter().enumerate() {
        let (before, after) = renew(from, to, true);
        assert_ne!(before, after, "the names of the checks are the old ones");
        flows(&one, &other, &video, Codec::Vp8, round as u32 * 10);
        flows(&other, &one, &video, Codec::Vp8, round as u32 * 10);
    }
    // An offer that changes nothing is none.
    assert_eq!(one.link.offer(false).unwrap_err().code(), "media_state");
}

#[test]
fn two_open_offers_are_an_error_and_one_gives_way() {
    let (one, other) = (Party::new(), Party::new());
    for party in [&one, &other] {
        party.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    }
    let (offer, _) = (one.link.offer(false).unwrap(), other.link.offer(false).unwrap());
    let error = other.link.answer(&offer, &all).unwrap_err();
    assert_eq!((error.code(), error.message()), ("media_state", "the other side made an offer while ours was open"));
    assert_eq!(other.link.offer(false).unwrap_err().message(), "an offer is open already");
    other.link.withdraw();
    let answer = other.link.answer(&offer, &all).unwrap();
    one.link.accept(&answer).unwrap();
    one.connected();
    other.connected();
    assert_eq!((shape(&one).len(), shape(&other).len()), (1, 1));
    flows(&one, &other, &mid(&one, Kind::Video), Codec::Vp8, 0);
    assert_eq!(one.link.accept(&answer).unwrap_err().message(), "there was no offer to be answered");
}

#[test]
fn candidates_may_come_before_behind_and_beside_the_descriptions() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    let split = |text: &str| -> (String, Vec<String>) {
        let (candidates, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("a=candidate:"));
        (rest.join("\r\n") + "\r\n", candidates.into_iter().map(str::to_owned).collect())
    };
    let (offer, ours) = split(&one.link.offer(false).unwrap());
    // Before the offer; with names of mDNS and TCP, which are left out.
    for useless in [
        "candidate:1 1 udp 2113937151 0c4ee0f5-4c4b-4c6c-8c6e-1e5d8c2f7f11.local 55555 typ host",
        "candidate:2 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active",
        "",
        "end-of-candidates",
    ] {
        other.link.candidate(useless).unwrap();
    }
    for wrong in ["nonsense", "candidate:", "candidate:1 1 udp x 127.0.0.1 y typ host", "a=ice-pwd:secret"] {
        let error = other.link.candidate(wrong).unwrap_err();
        assert_eq!((error.code(), error.message()), ("media_sdp", "a candidate of the other side could not be read"));
    }
    for line in &ours {
        other.link.candidate(line).unwrap();
    }
    let (answer, theirs) = split(&other.link.answer(&offer, &all).unwrap());
    one.link.accept(&answer).unwrap();
    // Behind the answer, without the prefix.
    for line in &theirs {
        one.link.candidate(line.strip_prefix("a=").unwrap()).unwrap();
    }
    one.connected();
    other.connected();
}

#[test]
fn descriptions_that_lack_a_line_are_read_or_refused_and_nothing_else() {
    let whole = Party::new();
    whole
        .link
        .plan(&[wish(Codec::Opus, Direction::SendRecv), wish(Codec::Vp8, Direction::SendRecv)], Some("x"))
        .unwrap();
    let offer = whole.link.offer(false).unwrap();
    let answerer = Party::new();
    let answer = answerer.link.answer(&offer, &all).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let variants = |text: &str| {
        let lines = lines(text);
        let mut variants = Vec::new();
        for at in 0..lines.len() {
            let mut less = lines.clone();
            less.remove(at);
            variants.push(less.join("\r\n") + "\r\n");
            let mut short = lines.clone();
            let cut = short[at].len() / 2;
            short[at].truncate(cut);
            variants.push(short.join("\r\n") + "\r\n");
            variants.push(lines[..at].join("\r\n") + "\r\n");
            let mut twice = lines.clone();
            twice.insert(at, lines[at].clone());
            variants.push(twice.join("\r\n") + "\r\n");
        }
        variants
    };
    let heard = |party: &Party| {
        while let Ok(heard) = party.heard.try_recv() {
            assert!(!matches!(&heard, Heard::Over(Some(error)) if error.code() == "internal"), "{heard:?}");
        }
    };
    for text in variants(&offer).into_iter().chain([String::new(), "v=0".into(), "\0".into()]) {
        let party = Party::new();
        match party.link.answer(&text, &all) {
            Ok(answer) => assert!(answer.starts_with("v=0\r\n")),
            Err(error) => assert_eq!(error.code(), "media_sdp", "{error:?}\n{text}"),
        }
        heard(&party);
    }
    let secret = answer.lines().find_map(|line| line.strip_prefix("a=ice-pwd:")).unwrap();
    for text in variants(&answer) {
        let party = Party::new();
        party
            .link
            .plan(&[wish(Codec::Opus, Direction::SendRecv), wish(Codec::Vp8, Direction::SendRecv)], Some("x"))
            .unwrap();
        // The names of the sections are others each time.
        let own = party.link.offer(false).unwrap();
        let names = |text: &str| {
            text.lines().filter_map(|line| line.strip_prefix("a=mid:").map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut text = text;
        for (old, new) in names(&answer).iter().zip(names(&own)) {
            text = text
                .replace(&format!("a=mid:{old}"), &format!("a=mid:{new}"))
                .replace(&format!(" {old}"), &format!(" {new}"));
        }
        if let Err(error) = party.link.accept(&text) {
            assert_eq!(error.code(), "media_sdp", "{error:?}\n{text}");
            assert!(!error.to_string().contains(secret));
        }
        heard(&party);
    }
}
