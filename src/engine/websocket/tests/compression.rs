//! Compressed messages (RFC 7692 6, 7.2).

use flate2::{Compress, Compression, FlushCompress};

use super::bench::{BYTES, CONTINUED, Heard, LAST, LIMIT, OPEN, PING, RSV1, TEXT, feed, frame};
use crate::engine::websocket::deflate::{Agreed, Window};

fn agreed() -> Option<Agreed> {
    Some(Agreed::default())
}

fn same(bytes: &[u8], deflate: Option<Agreed>) -> (Vec<Heard>, Option<u16>) {
    let whole = feed(bytes, usize::MAX, deflate, false);
    for step in [1, 2, 5, 1000] {
        if bytes.len() / step < 20_000 {
            assert_eq!(feed(bytes, step, deflate, true), whole, "in steps of {step}");
        }
    }
    whole
}

/// What a server makes of a message, with the compressor of the tests.
fn squeezed(compress: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1000);
    compress.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

#[test]
fn the_examples_of_the_rfc() {
    let hello = (vec![Heard::Text("Hello".into())], None);
    // 7.2.3.1: one frame, and two fragments
    assert_eq!(same(&[0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], agreed()), hello);
    let fragments = [0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(same(&fragments, agreed()), hello);
    // 7.2.3.4: a block with the final bit
    assert_eq!(same(&[0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], agreed()), hello);
    // A message that is not compressed may come between (6.1).
    assert_eq!(same(&frame(TEXT, b"Hello"), agreed()), hello);
}

#[test]
fn sizes_and_windows() {
    let noise: Vec<u8> = (0u32..300_000).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x3f | 0x20).collect();
    for bits in [9, 10, 12, 15] {
        let mut compress = Compress::new_with_window_bits(Compression::default(), false, bits);
        let (mut bytes, mut heard) = (Vec::new(), Vec::new());
        for size in [0, 16, 64, 256, 1024, 4096, 8192, 32_768, 65_536, 131_072, 300_000] {
            let payload = if size == 0 { vec![0] } else { squeezed(&mut compress, &noise[..size]) };
            bytes.extend(frame(BYTES | RSV1, &payload));
            heard.push(Heard::Bytes(noise[..size].to_vec()));
        }
        let window = Window { bits, resets: false };
        assert_eq!(
            feed(&bytes, 65_536, Some(Agreed { server: window, client: window }), false),
            (heard, None),
            "{bits}"
        );
    }
}

#[test]
fn fragments_with_a_ping_between() {
    let words = "Hello, compressed world! ".repeat(400);
    let payload = squeezed(&mut Compress::new(Compression::default(), false), words.as_bytes());
    let mut pieces = payload.chunks(7);
    let mut bytes = frame(TEXT & OPEN | RSV1, pieces.next().unwrap());
    for piece in pieces {
        bytes.extend(frame(CONTINUED, piece));
        bytes.extend(frame(PING, b""));
    }
    bytes.extend(frame(LAST, b""));
    let (heard, fail) = same(&bytes, agreed());
    assert_eq!(fail, None);
    assert_eq!(heard.last(), Some(&Heard::Text(words)));
    assert!(heard.len() > 5);
}

#[test]
fn what_is_not_allowed() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(same(&frame(TEXT | RSV1, &hello), None), (vec![], Some(1002)), "not agreed on");
    let marked = [frame(TEXT & OPEN | RSV1, &hello[..3]), frame(LAST | RSV1, &hello[3..])].concat();
    assert_eq!(same(&marked, agreed()), (vec![], Some(1002)), "only the first fragment is marked");
    assert_eq!(same(&frame(PING | RSV1, b""), agreed()), (vec![], Some(1002)));
    assert_eq!(same(&frame(TEXT | RSV1, &[0xff; 10]), agreed()), (vec![], Some(1007)), "not deflated");
    let wrong = squeezed(&mut Compress::new(Compression::default(), false), b"abc \xff");
    assert_eq!(same(&frame(TEXT | RSV1, &wrong), agreed()), (vec![], Some(1007)), "not UTF-8");
    assert_eq!(same(&frame(BYTES | RSV1, &wrong), agreed()), (vec![Heard::Bytes(b"abc \xff".to_vec())], None));
}

#[test]
fn a_bomb_is_too_big() {
    let mut compress = Compress::new(Compression::best(), false);
    let bomb = squeezed(&mut compress, &vec![b'x'; LIMIT + 1]);
    assert!(bomb.len() < 5000);
    assert_eq!(same(&frame(TEXT | RSV1, &bomb), agreed()), (vec![], Some(1009)));
    let fits = squeezed(&mut Compress::new(Compression::best(), false), &vec![b'x'; LIMIT]);
    assert_eq!(feed(&frame(TEXT | RSV1, &fits), 100, agreed(), false), (vec![Heard::Text("x".repeat(LIMIT))], None));
}

#[test]
fn context_is_taken_over_or_not() {
    let mut compress = Compress::new(Compression::default(), false);
    let words = "the same words once more, the same words once more";
    let first = frame(TEXT | RSV1, &squeezed(&mut compress, words.as_bytes()));
    let second = frame(TEXT | RSV1, &squeezed(&mut compress, words.as_bytes()));
    assert!(second.len() < first.len());
    let heard = vec![Heard::Text(words.into()); 2];
    assert_eq!(same(&[&first[..], &second].concat(), agreed()), (heard.clone(), None));
    let resets = Agreed { server: Window { bits: 15, resets: true }, ..Agreed::default() };
    assert_eq!(same(&[&first[..], &first].concat(), Some(resets)), (heard, None));
    assert_eq!(same(&[&first[..], &second].concat(), Some(resets)).1, Some(1007));
}
