//! What comes in (RFC 6455 5, 7, 8).

use super::bench::{BYTES, CLOSE, CONTINUED, Heard, LAST, LIMIT, Notes, OPEN, PING, PONG, TEXT, drive, feed, frame};
use crate::engine::websocket::{Close, Decoder};

/// Feeds the same in many cuts; all must be the same.
fn same(bytes: &[u8]) -> (Vec<Heard>, Option<u16>) {
    let whole = feed(bytes, usize::MAX, None, false);
    for step in [1, 2, 3, 7, 126, 1000] {
        if bytes.len() / step < 10_000 {
            assert_eq!(feed(bytes, step, None, false), whole, "in steps of {step}");
            assert_eq!(feed(bytes, step, None, true), whole, "in steps of {step} with pauses");
        }
    }
    whole
}

fn text(text: &str) -> Heard {
    Heard::Text(text.into())
}

#[test]
fn sizes_of_frames() {
    for size in [0, 1, 125, 126, 127, 128, 1000, 65_535, 65_536, 70_000, LIMIT] {
        let payload: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
        let words = String::from_utf8(payload.clone()).unwrap();
        assert_eq!(same(&frame(TEXT, &payload)), (vec![Heard::Text(words)], None), "{size}");
        assert_eq!(same(&frame(BYTES, &payload)), (vec![Heard::Bytes(payload)], None), "{size}");
    }
}

#[test]
fn lengths_need_not_be_the_shortest() {
    // RFC 6455 5.2 asks senders for it; what is read has one meaning all the same.
    assert_eq!(same(&[&[TEXT, 126, 0, 2][..], b"hi"].concat()), (vec![text("hi")], None));
    assert_eq!(same(&[&[TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 2][..], b"hi"].concat()), (vec![text("hi")], None));
}

#[test]
fn pings_and_pongs() {
    for payload in [&b""[..], b"Hello, world!", &[0, 0xff, 0xfe], &[b'*'; 125]] {
        assert_eq!(same(&frame(PING, payload)), (vec![Heard::Ping(payload.to_vec())], None));
        assert_eq!(same(&frame(PONG, payload)), (vec![Heard::Pong(payload.to_vec())], None));
    }
    for kind in [PING, PONG, CLOSE] {
        assert_eq!(same(&frame(kind, &[b'*'; 126])).1, Some(1002));
        assert_eq!(same(&frame(kind & OPEN, b"")).1, Some(1002), "a fragmented control frame");
    }
    let ten: Vec<u8> = (0..10).flat_map(|at| frame(PING, &[at])).collect();
    assert_eq!(same(&ten).0.len(), 10);
}

#[test]
fn reserved_bits() {
    for bits in 1..=7u8 {
        for kind in [TEXT, BYTES, PING, PONG, CLOSE] {
            let bytes = [frame(TEXT, b"before"), frame(kind | bits << 4, b"")].concat();
            assert_eq!(same(&bytes), (vec![text("before")], Some(1002)), "{kind:x} with {bits:b}");
        }
        let bytes = [frame(TEXT & OPEN, b"a"), frame(LAST | bits << 4, b"")].concat();
        assert_eq!(same(&bytes), (vec![], Some(1002)));
    }
}

#[test]
fn reserved_opcodes() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"payload"] {
            let bytes = [frame(TEXT, b"before"), frame(0x80 | opcode, payload)].concat();
            assert_eq!(same(&bytes), (vec![text("before")], Some(1002)), "{opcode}");
        }
    }
}

#[test]
fn fragments() {
    let begin = frame(TEXT & OPEN, b"fragment1");
    let end = frame(LAST, b"fragment2");
    assert_eq!(same(&[&begin[..], &end].concat()), (vec![text("fragment1fragment2")], None));
    let between = frame(PING, b"ping");
    let ping = Heard::Ping(b"ping".to_vec());
    let heard = vec![ping.clone(), text("fragment1fragment2")];
    assert_eq!(same(&[&begin[..], &between, &end].concat()), (heard, None));
    // Empty ones as well, and many.
    let mut bytes = frame(BYTES & OPEN, b"");
    let mut heard = Vec::new();
    for at in 0..500u32 {
        bytes.extend(frame(CONTINUED, &at.to_be_bytes()));
        if at % 100 == 0 {
            bytes.extend(&between);
            heard.push(ping.clone());
        }
    }
    bytes.extend(frame(LAST, b""));
    heard.push(Heard::Bytes((0..500u32).flat_map(u32::to_be_bytes).collect()));
    assert_eq!(same(&bytes), (heard, None));
}

#[test]
fn fragments_out_of_order() {
    for first in [CONTINUED, LAST] {
        assert_eq!(same(&frame(first, b"x")).1, Some(1002), "there is nothing to go on with");
        let after = [frame(TEXT, b"whole"), frame(first, b"x")].concat();
        assert_eq!(same(&after), (vec![text("whole")], Some(1002)));
    }
    for second in [TEXT, BYTES, TEXT & OPEN, BYTES & OPEN] {
        let bytes = [frame(TEXT & OPEN, b"x"), frame(second, b"y")].concat();
        assert_eq!(same(&bytes), (vec![], Some(1002)), "a message inside a message");
    }
}

#[test]
fn frames_of_a_server_are_not_masked() {
    let masked = [&[TEXT, 0x85, 1, 2, 3, 4][..], b"Hello"].concat();
    assert_eq!(same(&masked), (vec![], Some(1002)));
    assert_eq!(same(&[PING, 0x80, 1, 2, 3, 4]), (vec![], Some(1002)));
}

#[test]
fn text_is_utf_8_in_every_cut() {
    for words in [
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "\u{0}",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}",
        "\u{10000}\u{10ffff}",
        "\u{fffe}\u{1fffe}",
    ] {
        assert_eq!(same(&frame(TEXT, words.as_bytes())), (vec![text(words)], None));
        // One byte a fragment.
        let mut bytes = frame(TEXT & OPEN, b"");
        words.bytes().for_each(|byte| bytes.extend(frame(CONTINUED, &[byte])));
        bytes.extend(frame(LAST, b""));
        assert_eq!(same(&bytes), (vec![text(words)], None));
    }
}

#[test]
fn what_is_not_utf_8() {
    for wrong in [
        &b"\x80"[..],
        b"\xbf",
        b"\x80\xbf\x80",
        b"\xc0 ",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xc1\xbf",
        b"\xf8\x88\x80\x80\x80",
        b"\xfe",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        b"\xce",
        b"\xce\xba\xe1\xbd",
        b"\xf0\x90\x80",
        "κόσμε\u{0}".as_bytes().split_last().unwrap().1.split_last().unwrap().1,
    ] {
        assert_eq!(same(&frame(TEXT, wrong)), (vec![], Some(1007)), "{wrong:x?}");
        assert_eq!(same(&frame(BYTES, wrong)), (vec![Heard::Bytes(wrong.to_vec())], None));
        let fragments = [frame(TEXT & OPEN, wrong), frame(LAST, b"")].concat();
        assert_eq!(same(&fragments), (vec![], Some(1007)), "{wrong:x?}");
    }
}

#[test]
fn a_wrong_byte_ends_it_at_once() {
    // The message is not over, its frame is not over: the mistake is one all the same (RFC 6455 8.1).
    let mut bytes = frame(TEXT & OPEN, "κόσμε".as_bytes());
    bytes.extend([LAST, 126, 1, 0, 0xf4, 0x90]);
    for step in [1, 2, usize::MAX] {
        assert_eq!(feed(&bytes, step, None, false), (vec![], Some(1007)));
        assert_eq!(feed(&bytes[..bytes.len() - 1], step, None, false), (vec![], None));
    }
}

#[test]
fn closes() {
    let close = |code, reason: &str| (vec![Heard::Close(Close::new(code, reason))], None);
    assert_eq!(same(&frame(CLOSE, b"")), close(1005, ""));
    assert_eq!(same(&frame(CLOSE, b"\x03\xe8")), close(1000, ""));
    assert_eq!(same(&frame(CLOSE, "\u{3}Ωbye".as_bytes())).1, Some(1002), "code 974");
    assert_eq!(same(&frame(CLOSE, b"\x03\xe8bye \xce\xa9")), close(1000, "bye Ω"));
    let longest = [b"\x0f\xa0", &[b'*'; 123][..]].concat();
    assert_eq!(same(&frame(CLOSE, &longest)), close(4000, &"*".repeat(123)));
    assert_eq!(same(&frame(CLOSE, &[&longest[..], b"*"].concat())).1, Some(1002));
    assert_eq!(same(&frame(CLOSE, b"\x03")).1, Some(1002), "half a code");
    assert_eq!(same(&frame(CLOSE, b"\x03\xe8\xff\xfe")).1, Some(1007), "the reason is text");
    // What follows a close is not looked at.
    let after = [frame(CLOSE, b"\x03\xe8"), frame(TEXT, b"x"), vec![0xff; 20]].concat();
    assert_eq!(same(&after), close(1000, ""));
    // It may stand inside a message.
    let inside = [frame(TEXT & OPEN, b"x"), frame(CLOSE, b"\x03\xe9")].concat();
    assert_eq!(same(&inside), close(1001, ""));
}

#[test]
fn a_message_has_a_limit() {
    let large = vec![b'x'; LIMIT + 1];
    assert_eq!(feed(&frame(TEXT, &large), usize::MAX, None, false), (vec![], Some(1009)));
    let pieces = [frame(BYTES & OPEN, &large[..LIMIT]), frame(LAST, b"x")].concat();
    assert_eq!(feed(&pieces, 5000, None, false), (vec![], Some(1009)));
    // It is known from the head, and the next message has all of it again.
    assert_eq!(feed(&[BYTES, 127, 0, 0, 0, 0, 0, 0x10, 0, 1], 1, None, false), (vec![], Some(1009)));
    let two = [frame(BYTES, &large[..LIMIT]), frame(BYTES, &large[..LIMIT])].concat();
    assert_eq!(feed(&two, 65_536, None, false).0.len(), 2);
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let mut decoder = Decoder::new(usize::MAX - 1, None);
    let mut notes = Notes::default();
    // Four exbibytes are announced.
    drive(&mut decoder, &mut notes, &[BYTES, 127, 0x40, 0, 0, 0, 0, 0, 0, 0], 1).unwrap();
    drive(&mut decoder, &mut notes, &[7; 1000], 100).unwrap();
    assert!(notes.heard.is_empty());
    let highest = [BYTES, 127, 0x80, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(feed(&highest, 1, None, false), (vec![], Some(1002)), "the highest bit must be 0");
}
