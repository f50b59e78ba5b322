//! What goes wrong between two connections.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use haft::{
    clock::control::freeze,
    engine::media::{
        Codec, Kind,
        peer::{Connection, Direction, Terms},
    },
    error::Error,
};

use crate::{
    bed::{Heard, Party, all, connect, frames, mid, terms, wish},
    relay::{Fate, Relay, is_dtls, is_rtp, is_stun},
};

fn through(relay: &Relay, one: &Party, other: &Party) {
    let offer = one.link.offer(false).unwrap();
    let answer = other.link.answer(&relay.offer(&offer), &all).unwrap();
    one.link.accept(&relay.answer(&answer)).unwrap();
}

fn why(error: &Error) -> (String, String) {
    let phase = error.detail().get("phase").and_then(|phase| phase.as_str().map(str::to_owned));
    (error.code().to_owned(), phase.unwrap_or_default())
}

fn quick() -> Terms {
    Terms { timeout: Duration::from_millis(300), ..terms() }
}

#[test]
fn a_side_that_is_not_there_is_an_error_of_ice() {
    let relay = Relay::new(|_, _| Fate::Drop);
    let (one, other) = (Party::with(&quick()), Party::with(&quick()));
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    through(&relay, &one, &other);
    for party in [&one, &other] {
        let error = party.over().unwrap();
        assert_eq!(why(&error), ("media_ice".into(), "ice".into()));
        assert_eq!(error.message(), "no way to the other side was found within 0.3 s");
        assert_eq!(party.link.offer(false).unwrap_err().code(), "media_state");
        // The ears are let go of: nothing more is heard.
        assert!(party.heard.recv().is_err());
    }
}

#[test]
fn a_handshake_that_is_not_done_is_an_error_of_dtls() {
    let relay = Relay::new(|_, data| if is_dtls(data) { Fate::Drop } else { Fate::Pass });
    let (one, other) = (Party::with(&quick()), Party::with(&quick()));
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    through(&relay, &one, &other);
    for party in [&one, &other] {
        party.until(|heard| matches!(heard, Heard::Found).then_some(()));
        let error = party.over().unwrap();
        assert_eq!(why(&error), ("media_dtls".into(), "dtls".into()));
        assert_eq!(error.message(), "the DTLS handshake with the other side was not done within 0.3 s");
    }
}

/// The answering side's own checks stay without an answer until the handshake has begun: what it begins with is not lost on a
/// side that does not know its way yet, and is said once.
#[test]
fn a_handshake_that_begins_before_the_checks_are_done_is_heard() {
    let said = Arc::new(Mutex::new((Vec::new(), false)));
    let told = Arc::clone(&said);
    let relay = Relay::new(move |out, data| {
        let (parts, answered) = &mut *told.lock().unwrap();
        if is_dtls(data) {
            *answered |= !out;
            // Which part of which message it is, of what the offering side begins with (RFC 6347 4.2.2).
            if out && !*answered {
                parts.push(data[17..22].to_vec());
            }
        }
        // A response that succeeds (RFC 8489 5).
        if out && data.starts_with(&[1, 1]) && parts.is_empty() { Fate::Drop } else { Fate::Pass }
    });
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    through(&relay, &one, &other);
    one.connected();
    other.connected();
    let (mut parts, answered) = said.lock().unwrap().clone();
    let all = parts.len();
    parts.sort();
    parts.dedup();
    assert!(answered && all > 0 && parts.len() == all, "{all} parts, some of them twice: {parts:?}");
}

#[test]
fn a_certificate_that_was_not_described_is_refused() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    let offer = one.link.offer(false).unwrap();
    let answer = other.link.answer(&offer, &all).unwrap();
    let start = answer.find("a=fingerprint:sha-256 ").unwrap() + "a=fingerprint:sha-256 ".len();
    let other_byte = if answer[start..].starts_with("00") { "01" } else { "00" };
    let mut lie = answer.clone();
    lie.replace_range(start..start + 2, other_byte);
    let lie = lie.replace(&answer[start..start + 95], &lie[start..start + 95]);
    one.link.accept(&lie).unwrap();
    let error = one.over().unwrap();
    assert_eq!(why(&error), ("media_dtls".into(), "dtls".into()));
    assert_eq!(error.message(), "the certificate of the other side was not the one that its description named");
}

#[test]
fn a_way_that_is_lost_is_told_and_comes_back_or_not() {
    let clock = freeze();
    let relay = Relay::new(|_, _| Fate::Pass);
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    through(&relay, &one, &other);
    // The clock stands but for this.
    let pass = |party: &Party, wanted: fn(&Heard) -> bool| {
        for _ in 0..2000 {
            clock.advance(Duration::from_millis(50));
            while let Ok(heard) = party.heard.recv_timeout(Duration::from_millis(2)) {
                if wanted(&heard) {
                    return heard;
                }
            }
        }
        panic!("it never came");
    };
    pass(&one, |heard| matches!(heard, Heard::Connected));
    relay.rule(|_, _| Fate::Drop);
    pass(&one, |heard| matches!(heard, Heard::Interrupted));
    // Another way is sought from the start.
    relay.rule(|_, _| Fate::Pass);
    let offer = one.link.offer(true).unwrap();
    let answer = other.link.answer(&relay.offer(&offer), &all).unwrap();
    one.link.accept(&relay.answer(&answer)).unwrap();
    pass(&one, |heard| matches!(heard, Heard::Connected));
    relay.rule(|_, _| Fate::Drop);
    pass(&one, |heard| matches!(heard, Heard::Interrupted));
    let Heard::Over(Some(error)) = pass(&one, |heard| matches!(heard, Heard::Over(_))) else { panic!("no error") };
    assert_eq!(why(&error), ("media_ice".into(), "ice".into()));
    assert_eq!(error.message(), "the way to the other side was lost, and no other one was found within 20 s");
}

#[test]
fn lost_late_and_repeated_packets_are_repaired() {
    // One in twenty is lost on its way, others come twice or late; what repairs it is lost as well.
    let mut count = 0_u32;
    let relay = Relay::new(move |_, data| {
        if !is_rtp(data) {
            return Fate::Pass;
        }
        count += 1;
        match count % 20 {
            7 => Fate::Drop,
            3 | 11 => Fate::Late,
            15 => Fate::Twice,
            _ => Fate::Pass,
        }
    });
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendOnly)], None).unwrap();
    through(&relay, &one, &other);
    one.connected();
    other.connected();
    let video = mid(&one, Kind::Video);
    let sent = frames(Codec::Vp8, 200, 6000);
    // As many at once as are on their way for a quarter of a second.
    let mut ahead = 0;
    for (at, frame) in sent.iter().enumerate() {
        while ahead < sent.len().min(at + 7) {
            one.link.write(&video, Duration::from_millis(40) * ahead as u32, &sent[ahead]).unwrap();
            ahead += 1;
        }
        let arrived = loop {
            match other.heard.recv_timeout(Duration::from_millis(100)) {
                Ok(Heard::Frame(frame)) => break frame,
                Ok(_) => {}
                // The end may have been lost, which nobody sees before something follows.
                Err(_) if ahead == sent.len() => {
                    one.link.write(&video, Duration::from_secs(60), &sent[1]).unwrap();
                }
                Err(_) => {}
            }
        };
        let found = sent.iter().position(|one| *one == arrived.data);
        assert!(arrived.contiguous && found == Some(at), "frame {at}: {found:?} {:?}", other.link.statistics());
        assert_eq!(arrived.data.len(), frame.len());
    }
    let statistics = other.link.statistics();
    let received = statistics.tracks[0].2.as_ref().unwrap();
    assert!(received.nacks > 0 && received.lost == 0, "{received:?}");
}

#[test]
fn a_keyframe_of_a_megabyte_arrives() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendOnly)], None).unwrap();
    connect(&one, &other);
    let video = mid(&one, Kind::Video);
    let large = &frames(Codec::Vp8, 1, 1 << 20)[0];
    // Where the system gives a socket little room, and the other side does not come to read it in time, some of it is lost: then
    // it is sent anew, as the next keyframe would be.
    let arrived = (0..20).find_map(|at| {
        one.link.write(&video, Duration::from_secs(at), large).unwrap();
        loop {
            match other.heard.recv_timeout(Duration::from_secs(1)) {
                Ok(Heard::Frame(frame)) => return Some(frame),
                Ok(Heard::Over(error)) => panic!("{error:?}"),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    });
    assert!(arrived.unwrap().data == *large);
}

#[test]
fn what_strangers_send_is_nothing() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendOnly)], None).unwrap();
    connect(&one, &other);
    let video = mid(&one, Kind::Video);
    let frame = &frames(Codec::Vp8, 1, 100)[0];
    one.link.write(&video, Duration::ZERO, frame).unwrap();
    other.frame();
    other.until_pair();
    let (local, _) = other.link.statistics().pair.unwrap();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for first in 0..=255_u8 {
        for length in [1, 2, 12, 20, 100, 1400, 3000] {
            let mut data = vec![first; length];
            if length > 20 {
                // A handshake, an alert, a request that nobody signed.
                data[1..8].copy_from_slice(&[1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
            }
            stranger.send_to(&data, local).unwrap();
        }
    }
    for at in 1..50 {
        one.link.write(&video, Duration::from_millis(40) * at, frame).unwrap();
        assert!(other.frame().data == *frame);
    }
    let _ = is_stun;
}
