//! Data channels.

use haft::engine::media::{
    Codec,
    peer::{Connection, Direction},
};

use crate::bed::{Heard, Party, connect, wish};

#[test]
fn channels_are_opened_by_either_side_and_closed() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[], Some("first")).unwrap();
    assert_eq!(one.link.say("first", false, b"early").unwrap_err().code(), "media_state");
    connect(&one, &other);
    assert_eq!((one.channel(), other.channel()), ("first".to_owned(), "first".to_owned()));
    // What is said on a channel that is not there yet comes when it is.
    for text in ["a", "b", "c"] {
        other.link.say("second", false, text.as_bytes()).unwrap();
    }
    assert_eq!(one.channel(), "second");
    for text in ["a", "b", "c"] {
        assert_eq!(one.data(), ("second".to_owned(), false, text.as_bytes().to_vec()));
    }
    assert_eq!(one.link.say("second", true, &[]).unwrap_err().code(), "argument");
    one.link.plan(&[], Some("third")).unwrap();
    other.until(|heard| matches!(heard, Heard::Channel(label) if label == "third").then_some(()));
    one.link.hush("second").unwrap();
    for party in [&one, &other] {
        party.until(|heard| matches!(heard, Heard::ChannelClosed(label) if label == "second").then_some(()));
    }
    assert_eq!(one.link.hush("second").unwrap_err().code(), "argument");
    one.link.say("second", false, b"again").unwrap();
    assert_eq!(other.data(), ("second".to_owned(), false, b"again".to_vec()));
}

#[test]
fn large_messages_go_and_what_is_too_large_or_too_much_is_an_error() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[], Some("x")).unwrap();
    connect(&one, &other);
    one.channel();
    let large: Vec<u8> = (0..256 << 10).map(|at: u32| (at * 7) as u8).collect();
    one.link.say("x", true, &large).unwrap();
    assert!(other.data().2 == large);
    let error = one.link.say("x", true, &vec![0; (256 << 10) + 1]).unwrap_err();
    assert_eq!(error.code(), "limit", "{error:?}");
    let mut sent = 0;
    let error = loop {
        match one.link.say("x", true, &large) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1000);
    };
    assert_eq!((error.code(), error.message()), ("limit", "too much waits on the channel x"));
    for _ in 0..sent {
        assert!(other.data().2 == large);
    }
    one.link.say("x", false, b"it goes on").unwrap();
    assert_eq!(other.data().2, b"it goes on");
}

/// What waits for its channel to be open would be lost then, and nobody would be told.
#[test]
fn a_message_that_is_too_large_is_refused_before_its_channel_is_open() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[], Some("x")).unwrap();
    connect(&one, &other);
    one.channel();
    let error = one.link.say("late", true, &vec![0; (256 << 10) + 1]).unwrap_err();
    let said = "a message had 262145 bytes, and the other side takes at most 262144";
    assert_eq!((error.code(), error.message()), ("limit", said));
    one.link.say("late", true, &vec![7; 256 << 10]).unwrap();
    assert!(other.data().2 == vec![7; 256 << 10]);
}

#[test]
fn without_a_data_section_nothing_is_said() {
    let (one, other) = (Party::new(), Party::new());
    one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    connect(&one, &other);
    let error = one.link.say("x", false, b"hello").unwrap_err();
    assert_eq!((error.code(), error.message()), ("media_state", "no data channels were agreed on"));
    // It can be added.
    one.link.plan(&[], Some("x")).unwrap();
    crate::bed::renew(&one, &other, false);
    one.channel();
    one.link.say("x", false, b"hello").unwrap();
    assert_eq!(other.data().2, b"hello");
}
