//! What goes out (RFC 6455 5.2, 5.3; RFC 7692 6.1): read back by a reader of the tests, which unmasks.

use std::sync::Arc;

use super::bench::{Heard, feed};
use crate::engine::websocket::{
    Payload,
    deflate::{Agreed, Window},
    encoder::Encoder,
    frame::Control,
};

/// One frame as it was sent: first byte, key, payload unmasked.
fn unmask(mut bytes: &[u8]) -> Vec<(u8, [u8; 4], Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[1] & 0x80, 0x80, "every frame of a client is masked");
        let (size, at) = match bytes[1] & 0x7f {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().unwrap())).unwrap(), 10),
            short => (usize::from(short), 2),
        };
        // RFC 6455 5.2: the shortest form of the length.
        assert_eq!(
            at,
            if size < 126 {
                2
            } else if size < 65_536 {
                4
            } else {
                10
            }
        );
        let key: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
        let payload = bytes[at + 4..at + 4 + size].iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
        frames.push((bytes[0], key, payload));
        bytes = &bytes[at + 4 + size..];
    }
    frames
}

fn send(encoder: &mut Encoder, payload: Payload, room: usize) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.begin(payload, &mut out);
    let mut turns = 0;
    while encoder.is_busy() {
        encoder.fill(&mut out, room);
        turns += 1;
        assert!(turns < 1_000_000);
    }
    out
}

fn bytes(size: usize) -> Arc<[u8]> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

#[test]
fn messages_of_every_size_in_one_frame() {
    let mut encoder = Encoder::new(None);
    for size in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
        for room in [1000, 4096, usize::MAX] {
            let payload = bytes(size);
            let frames = unmask(&send(&mut encoder, Payload::Bytes(Arc::clone(&payload)), room));
            assert_eq!(frames.len(), 1);
            assert_eq!((frames[0].0, &frames[0].2[..]), (0x82, &payload[..]), "{size} in pieces of {room}");
        }
    }
    let frames = unmask(&send(&mut encoder, Payload::Text("κόσμε".into()), 3));
    assert_eq!((frames[0].0, &frames[0].2[..]), (0x81, "κόσμε".as_bytes()));
}

#[test]
fn keys_are_new_for_each_frame() {
    let mut encoder = Encoder::new(None);
    let mut out = Vec::new();
    for _ in 0..1000 {
        encoder.control(Control::Ping, b"12345678", &mut out);
    }
    let mut keys: Vec<_> = unmask(&out)
        .into_iter()
        .map(|(first, key, payload)| {
            assert_eq!((first, &payload[..]), (0x89, &b"12345678"[..]));
            key
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    // Of a thousand random numbers of 32 bits two are the same once in ten thousand times.
    assert!(keys.len() >= 998, "{}", keys.len());
}

#[test]
fn compressed_messages_come_back_in_fragments() {
    for window in [Window::default(), Window { bits: 9, resets: false }, Window { bits: 12, resets: true }] {
        let agreed = Agreed { server: window, client: window };
        let mut encoder = Encoder::new(Some(agreed));
        let (mut wire, mut heard) = (Vec::new(), Vec::new());
        for size in [1, 127, 128, 1000, 65_536, 65_537, 200_000, 128] {
            let payload = bytes(size);
            let frames = unmask(&send(&mut encoder, Payload::Bytes(Arc::clone(&payload)), 1));
            assert_eq!(frames.len(), size.div_ceil(65_536), "{size}");
            for (at, (first, _, piece)) in frames.iter().enumerate() {
                let rsv1 = if at == 0 && size >= 128 { 0x40 } else { 0 };
                let last = if at + 1 == frames.len() { 0x80 } else { 0 };
                assert_eq!(*first, last | rsv1 | if at == 0 { 2 } else { 0 });
                wire.extend(super::bench::frame(*first, piece));
            }
            heard.push(Heard::Bytes(payload.to_vec()));
        }
        assert_eq!(feed(&wire, 1000, Some(agreed), false), (heard, None), "{window:?}");
    }
}

#[test]
fn a_window_that_cannot_be_done_sends_messages_as_they_are() {
    let window = Window { bits: 8, resets: false };
    let mut encoder = Encoder::new(Some(Agreed { server: window, client: window }));
    let frames = unmask(&send(&mut encoder, Payload::Bytes(bytes(1000)), 4096));
    assert_eq!((frames.len(), frames[0].0), (1, 0x82));
}
