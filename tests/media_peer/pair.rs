//! Two connections with each other.

use std::time::Duration;

use haft::engine::media::{
    Codec, Kind,
    peer::{Connection, Direction},
};

use crate::{
    bed::{Party, connect, frames, mid, wish},
    samples,
};

#[test]
fn frames_come_back_as_they_went() {
    let (one, other) = (Party::new(), Party::new());
    let wishes = [wish(Codec::Opus, Direction::SendRecv), wish(Codec::Vp8, Direction::SendRecv)];
    one.link.plan(&wishes, Some("haft")).unwrap();
    connect(&one, &other);
    assert_eq!(one.channel(), "haft");
    let video = mid(&one, Kind::Video);
    for (at, frame) in frames(Codec::Vp8, 100, 5000).iter().enumerate() {
        let pts = Duration::from_millis(40) * at as u32;
        one.link.write(&video, pts, frame).unwrap();
        let arrived = other.frame();
        assert_eq!((arrived.pts, arrived.codec, arrived.keyframe), (pts, Codec::Vp8, at % 25 == 0));
        assert!(arrived.contiguous && arrived.data == *frame, "frame {at}");
    }
    let audio = mid(&one, Kind::Audio);
    for (at, frame) in frames(Codec::Opus, 100, 100).iter().enumerate() {
        one.link.write(&audio, Duration::from_millis(20) * at as u32, frame).unwrap();
        assert_eq!(other.frame().data, *frame, "packet {at}");
    }
    one.link.say("haft", false, b"hello").unwrap();
    assert_eq!(other.data(), ("haft".to_owned(), false, b"hello".to_vec()));
    other.link.say("haft", true, &[0, 255]).unwrap();
    assert_eq!(one.data(), ("haft".to_owned(), true, vec![0, 255]));
    one.link.close();
    assert!(one.over().is_none());
    assert!(other.over().is_none());
}

#[test]
fn every_codec_arrives_as_it_went() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus] {
        let (one, other) = (Party::new(), Party::new());
        one.link.plan(&[wish(codec, Direction::SendOnly)], None).unwrap();
        connect(&one, &other);
        let agreed = other.link.tracks();
        assert_eq!((agreed.len(), agreed[0].codec, agreed[0].direction), (1, Some(codec), Direction::RecvOnly));
        let frames = samples::of(codec);
        assert!(frames.len() >= 50, "{codec:?}: {}", frames.len());
        for (at, frame) in frames.iter().enumerate() {
            let pts = Duration::from_millis(20) * at as u32;
            one.link.write(&agreed[0].mid, pts, frame).unwrap();
            let arrived = other.frame();
            let keyframe = codec == Codec::Opus || at % 25 == 0;
            assert_eq!((arrived.pts, arrived.codec, arrived.keyframe), (pts, codec, keyframe), "{codec:?} {at}");
            let (length, from) = (frame.len(), frame.iter().zip(&*arrived.data).position(|(a, b)| a != b));
            assert!(
                arrived.data == *frame,
                "{codec:?} {at}: {length} {} {from:?} {:x?} {:x?}",
                arrived.data.len(),
                &frame[..40],
                &arrived.data[..40]
            );
        }
    }
}
