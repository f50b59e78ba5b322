//! Expected results: what requests with urllib3 2.8 gave for the same bodies over a socket. The bodies were made by
//! Python's zlib and gzip, and by brotli and zstandard.

use super::Decoder;
use crate::error::Result;

#[rustfmt::skip]
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x18\x25\x47\xc9\x51\x72\x80\x48\x00\x56\x84\x8e\x88\x84\x03\x00\x00";
#[rustfmt::skip]
const GZIP_FULL: &[u8] = b"\x1f\x8b\x08\x1e\x00\x00\x00\x00\x00\x03\x03\x00\x61\x62\x63\x6e\x61\x6d\x65\x00\x63\x6f\x6d\x6d\x65\x6e\x74\x00\x79\x71\xcb\x48\xcd\xc9\xc9\x57\xc8\x18\x25\x47\xc9\x51\x72\x80\x48\x00\x56\x84\x8e\x88\x84\x03\x00\x00";
#[rustfmt::skip]
const ZLIB: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x18\x25\x47\xc9\x51\x72\x80\x48\x00\x12\x78\x4a\x88";
#[rustfmt::skip]
const RAW: &[u8] = b"\xcb\x48\xcd\xc9\xc9\x57\xc8\x18\x25\x47\xc9\x51\x72\x80\x48\x00";
#[rustfmt::skip]
const BROTLI: &[u8] = b"\x1b\x83\x03\xf8\x8d\x94\x6e\xde\x44\x55\x86\x96\x6c\x20\x6f\x51\x5b\x1c\x00\x67\x1c";
#[rustfmt::skip]
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x64\x84\x02\x6d\x00\x00\x30\x68\x65\x6c\x6c\x6f\x20\x01\x00\x7b\x53\x95\x22\x98\xf1\x8c\x1f";
#[rustfmt::skip]
const ZSTD_UNSIZED: &[u8] = b"\x28\xb5\x2f\xfd\x00\x58\x6d\x00\x00\x30\x68\x65\x6c\x6c\x6f\x20\x01\x00\x7b\x53\x95\x22";
#[rustfmt::skip]
const ZSTD_SKIP: &[u8] = b"\x53\x2a\x4d\x18\x03\x00\x00\x00\x61\x62\x63";
#[rustfmt::skip]
const GZIP_IN_BROTLI: &[u8] = b"\x8b\x10\x80\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x18\x25\x47\xc9\x51\x72\x80\x48\x00\x56\x84\x8e\x88\x84\x03\x00\x00\x03";
#[rustfmt::skip]
const GZIP_TWICE: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\xe6\xd3\x1e\x67\x4f\x9e\x0c\x3f\x21\xa1\xea\x7e\x32\xb0\xa8\xc1\x83\x21\xac\xa5\xaf\xa3\x85\x99\x81\x01\x00\x6a\xb3\x06\xdb\x22\x00\x00\x00";
#[rustfmt::skip]
const ZSTD_RLE: &[u8] = b"\x28\xb5\x2f\xfd\xa0\x40\x42\x0f\x00\x54\x00\x00\x10\x00\x00\x01\x00\xfb\xff\x39\xc0\x02\x02\x00\x10\x00\x02\x00\x10\x00\x02\x00\x10\x00\x02\x00\x10\x00\x02\x00\x10\x00\x02\x00\x10\x00\x03\x12\x0a\x00";
#[rustfmt::skip]
const BROTLI_ZEROS: &[u8] = b"\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x2f\xff\x2c\x31\xf0\x4f\x00\xc4\x61\x11\x80\x8e\x23\x06";

fn text() -> Vec<u8> {
    b"hello ".repeat(150)
}

/// Decodes with input in pieces of `piece` bytes and output in pieces of `room`.
fn decode(coding: &str, body: &[u8], piece: usize, room: usize) -> Result<Vec<u8>> {
    let Some(mut decoder) = Decoder::new(coding)? else { return Ok(body.to_vec()) };
    let mut rest = body;
    let mut inner = |buffer: &mut [u8]| {
        let count = rest.len().min(piece).min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
        Ok(count)
    };
    let mut out = Vec::new();
    let mut buffer = vec![0; room];
    loop {
        match decoder.read(&mut inner, &mut buffer)? {
            0 => return Ok(out),
            count => out.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The same through `feed`.
fn feed(coding: &str, body: &[u8], piece: usize, room: usize) -> Result<Vec<u8>> {
    let Some(mut decoder) = Decoder::new(coding)? else { return Ok(body.to_vec()) };
    let mut out = Vec::new();
    let mut pieces = body.chunks(piece).peekable();
    loop {
        let mut rest = pieces.next().unwrap_or_default();
        let end = pieces.peek().is_none();
        loop {
            let before = out.len();
            let (taken, more) = decoder.feed(rest, end, &mut out, room)?;
            assert!(out.len() - before <= room);
            rest = &rest[taken..];
            if !more {
                break;
            }
        }
        if end {
            return Ok(out);
        }
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn without(body: &[u8], count: usize) -> Vec<u8> {
    body[..body.len() - count].to_vec()
}

#[test]
fn as_urllib3() {
    let whole = Some(text());
    let twice = Some(text().repeat(2));
    let broken = || None;
    let flipped = |body: &[u8], from_end: usize| {
        let mut body = body.to_vec();
        let at = body.len() - from_end;
        body[at] ^= 0xff;
        body
    };
    let table: Vec<(&str, Vec<u8>, Option<Vec<u8>>)> = vec![
        ("gzip", GZIP.to_vec(), whole.clone()),
        ("x-gzip", GZIP.to_vec(), whole.clone()),
        ("GZIP", GZIP_FULL.to_vec(), whole.clone()),
        ("gzip", joined(&[GZIP, GZIP]), twice.clone()),
        ("gzip", joined(&[GZIP, b"garbage!!!"]), whole.clone()),
        ("gzip", joined(&[GZIP, &[0; 20]]), whole.clone()),
        ("gzip", joined(&[GZIP, &without(GZIP, 3)]), twice.clone()),
        ("gzip", without(GZIP, 2), whole.clone()),
        ("gzip", GZIP[..10].to_vec(), Some(vec![])),
        ("gzip", GZIP[..1].to_vec(), Some(vec![])),
        ("gzip", flipped(GZIP, 8), broken()),
        ("gzip", flipped(GZIP, 1), broken()),
        ("gzip", joined(&[GZIP, &flipped(GZIP, 8)]), twice.clone()),
        ("gzip", b"not gzip at all".to_vec(), broken()),
        ("gzip", vec![], Some(vec![])),
        ("deflate", ZLIB.to_vec(), whole.clone()),
        ("deflate", RAW.to_vec(), whole.clone()),
        ("deflate", without(ZLIB, 2), whole.clone()),
        ("deflate", joined(&[RAW, b"junk"]), whole.clone()),
        ("deflate", joined(&[ZLIB, b"junk"]), whole.clone()),
        ("deflate", b"\xff\xff\xff".to_vec(), broken()),
        ("deflate", flipped(ZLIB, 1), broken()),
        ("deflate", vec![], Some(vec![])),
        ("br", BROTLI.to_vec(), whole.clone()),
        ("br", joined(&[BROTLI, b"junk"]), broken()),
        ("br", b"\xff\xff\xffzzz".to_vec(), broken()),
        ("br", vec![], Some(vec![])),
        ("zstd", ZSTD.to_vec(), whole.clone()),
        ("zstd", ZSTD_UNSIZED.to_vec(), whole.clone()),
        ("zstd", joined(&[ZSTD, ZSTD_UNSIZED]), twice.clone()),
        ("zstd", joined(&[ZSTD_SKIP, ZSTD, ZSTD_SKIP, ZSTD]), twice.clone()),
        ("zstd", without(ZSTD, 1), broken()),
        ("zstd", without(ZSTD, 9), broken()),
        ("zstd", ZSTD[..3].to_vec(), broken()),
        ("zstd", flipped(ZSTD, 1), broken()),
        ("zstd", joined(&[ZSTD, b"junk"]), broken()),
        ("zstd", vec![], Some(vec![])),
        ("foo", text(), whole.clone()),
        ("identity", text(), whole.clone()),
        ("", text(), whole.clone()),
        ("gzip, br", GZIP_IN_BROTLI.to_vec(), whole.clone()),
        ("gzip,gzip", GZIP_TWICE.to_vec(), whole.clone()),
        ("gzip, br", vec![], Some(vec![])),
        ("foo,bar", text(), whole.clone()),
        // urllib3 fails with these, because it takes every unknown word in a list for deflate.
        ("gzip, identity", GZIP.to_vec(), whole.clone()),
        ("foo, gzip", GZIP.to_vec(), whole.clone()),
        (" gzip ", GZIP.to_vec(), whole.clone()),
        ("gzip,", GZIP.to_vec(), whole.clone()),
        ("gzip, foo", GZIP.to_vec(), Some(GZIP.to_vec())),
    ];
    for (index, (coding, body, expected)) in table.iter().enumerate() {
        for (piece, room) in [(1, 1), (3, 7), (usize::MAX, 4096), (1, 4096), (usize::MAX, 1)] {
            let result = decode(coding, body, piece, room);
            let fed = feed(coding, body, piece.min(1 << 20), room);
            for result in [result, fed] {
                match (result, expected) {
                    (Ok(found), Some(expected)) => assert!(found == *expected, "{index} {coding} {piece} {room}"),
                    (Err(error), None) => assert_eq!(error.code(), "content_decoding"),
                    (other, _) => panic!("{index} {coding} {piece} {room}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_body_that_ends_early_gives_what_was_there() {
    for (coding, body) in [("gzip", without(GZIP, 10)), ("deflate", without(ZLIB, 8)), ("br", without(BROTLI, 3))] {
        let found = decode(coding, &body, 5, 64).unwrap();
        assert!(text().starts_with(&found) && found.len() < text().len(), "{coding}");
    }
}

#[test]
fn too_many_codings() {
    let error = Decoder::new("gzip,gzip,gzip,gzip,gzip,gzip").unwrap_err();
    assert_eq!(error.code(), "content_decoding");
    assert!(Decoder::new("gzip,gzip,gzip,gzip,gzip").unwrap().is_some());
}

#[test]
fn a_bomb_fills_no_more_than_the_buffer() {
    for (coding, body, size) in [("br", BROTLI_ZEROS, 10_000_000), ("zstd", ZSTD_RLE, 1_000_000)] {
        let mut decoder = Decoder::new(coding).unwrap().unwrap();
        let mut rest = body;
        let mut inner = |buffer: &mut [u8]| {
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            Ok(count)
        };
        let mut buffer = [1; 1000];
        let mut total = 0;
        loop {
            let count = decoder.read(&mut inner, &mut buffer).unwrap();
            if count == 0 {
                break;
            }
            total += count;
        }
        assert_eq!(total, size);
    }
}

#[test]
fn an_inner_failure_comes_through() {
    let mut decoder = Decoder::new("gzip").unwrap().unwrap();
    let mut inner = |_: &mut [u8]| Err(crate::error::Error::new(&crate::error::code::READ_TIMEOUT, "silence"));
    assert_eq!(decoder.read(&mut inner, &mut [0; 8]).unwrap_err().code(), "read_timeout");
}
