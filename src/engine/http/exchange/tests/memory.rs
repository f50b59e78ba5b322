//! The machine without sockets: whatever the pieces are in which bytes arrive, the outcome is the same.

use crate::engine::http::exchange::{
    framing::Inbound,
    machine::{Machine, Outbound, Received},
};

/// Status, body, trailers and whether the connection closes, of an answer that arrives in pieces of `step` bytes and is
/// read into buffers of `room` bytes. The end of the bytes is the end of the connection.
fn play(method: &str, bytes: &[u8], step: usize, room: usize) -> Result<(u16, Vec<u8>, Vec<u8>, bool), String> {
    let head = format!("{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
    let told = |error: crate::error::Error| error.code().to_owned();
    let mut machine = Machine::start(method, head.as_bytes(), Outbound::None).map_err(told)?;
    let (mut used, mut known) = (0, 0);
    let mut head = loop {
        match machine.head(&bytes[used..known]).map_err(told)? {
            Received::Final(head) => break head,
            Received::Interim(size, _) => used += size,
            Received::Partial if known == bytes.len() => return Err("cut".into()),
            Received::Partial => known = (known + step).min(bytes.len()),
        }
    };
    used += head.size;
    let mut inbound = machine.body(&mut head).map_err(told)?;
    let (mut body, mut buffer) = (Vec::new(), vec![0; room]);
    while !inbound.is_done() {
        let (more, filled) = inbound.read(&bytes[used..known], &mut buffer).map_err(told)?;
        used += more;
        body.extend_from_slice(&buffer[..filled]);
        if more == 0 && !inbound.is_done() {
            if known == bytes.len() {
                inbound.end().map_err(told)?;
                break;
            }
            known = (known + step).min(bytes.len());
        }
    }
    let trailers = inbound.trailers().to_vec();
    assert!(matches!(inbound, Inbound::Done | Inbound::Chunked(_)));
    Ok((head.status, body, trailers, head.close))
}

#[test]
fn pieces_make_no_difference() {
    let table: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b;c\"\r\nhello\r\n00000000000000000000A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nh\r\n0;last\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    ];
    for bytes in table {
        let whole = play("GET", bytes, bytes.len(), 1000);
        for step in 1..8 {
            for room in [1, 2, 3, 1000] {
                assert_eq!(play("GET", bytes, step, room), whole, "{step} {room} {}", bytes.escape_ascii());
            }
        }
    }
    assert_eq!(play("GET", table[2], 1, 1).unwrap(), (200, b"hello0123456789".to_vec(), b"X: y\r\n".to_vec(), false));
    assert_eq!(play("GET", table[4], 1, 1).unwrap_err(), "chunked_encoding");
    assert_eq!(play("GET", table[5], 1, 1).unwrap_err(), "chunked_encoding");
    assert_eq!(play("GET", table[6], 1, 1).unwrap_err(), "incomplete_read");
    assert_eq!(play("GET", table[8], 1, 1).unwrap(), (200, b"until the end".to_vec(), Vec::new(), false));
}

#[test]
fn a_head_request_has_no_body_whatever_is_announced() {
    for announced in ["Content-Length: 9", "Transfer-Encoding: chunked", "X: y"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{announced}\r\n\r\n");
        assert_eq!(play("HEAD", bytes.as_bytes(), 1, 1).unwrap().1, b"");
    }
}

#[test]
fn a_machine_survives_any_bytes() {
    // A small generator is enough: what matters is that nothing panics and everything ends.
    let seeds: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    for _ in 0..20_000 {
        let mut bytes = seeds[next() % seeds.len()].to_vec();
        for _ in 0..1 + next() % 4 {
            let at = next() % bytes.len();
            match next() % 3 {
                0 => bytes[at] = b"\r\n:;0aF \t\0\xff"[next() % 11],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n:;0aF \t\0\xff"[next() % 11]),
            }
        }
        let (step, room) = (1 + next() % 9, 1 + next() % 9);
        let whole = play("GET", &bytes, bytes.len(), 1000).map_err(|_| ());
        assert_eq!(play("GET", &bytes, step, room).map_err(|_| ()), whole, "{}", bytes.escape_ascii());
    }
}
