//! Bodies, framing and the pool, without TLS.

use std::sync::{Arc, atomic::Ordering};

use super::scripted::*;
use crate::{
    engine::{
        http::{
            body::Source,
            exchange::{Carrier, Order, Payload, Watch},
        },
        net::cancel::Cancel,
    },
    error::{Outcome, Result},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Plays an answer to a GET and gives status and body, or the error's code.
fn one(answer: &'static [u8]) -> std::result::Result<(u16, Vec<u8>), String> {
    one_for("GET", answer)
}

fn one_for(method: &str, answer: &'static [u8]) -> std::result::Result<(u16, Vec<u8>), String> {
    let server = serve(vec![vec![Act::Request, Act::Say(answer), Act::Fin, Act::Hold]]);
    let carrier = Carrier::default();
    let mut answer = send(&carrier, &route(server.port), method, Payload::None, &limits(10_000))
        .map_err(|error| error.code().to_owned())?;
    let status = answer.status;
    body(&mut answer).map(|body| (status, body)).map_err(|error| {
        assert_eq!(error.known_outcome(), Some(Outcome::Applied));
        error.code().to_owned()
    })
}

#[test]
fn bodies_end_where_their_framing_says() {
    let table: &[(&'static [u8], u16, &[u8])] = &[
        (OK, 200, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.0 200 OK\r\n\r\nall of it", 200, b"all of it"),
        (b"HTTP/1.1 200 OK\r\n\r\nall of it", 200, b"all of it"),
        (b"HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", 304, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
        (b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        // The last chunk was seen: what is missing is only the line behind it.
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", 200, b"a"),
    ];
    for (answer, status, body) in table {
        assert_eq!(one(answer).unwrap(), (*status, body.to_vec()), "{}", answer.escape_ascii());
    }
    assert_eq!(one_for("HEAD", OK.split_at(39).0).unwrap(), (200, Vec::new()));
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let table: &[(&'static [u8], &str)] = &[
        (b"SSH-2.0-OpenSSH_9\r\n", "protocol"),
        (b"HTTP/2 200 OK\r\n\r\n", "protocol"),
        (b"HTTP/1.1 099 Low\r\n\r\n", "protocol"),
        (b"HTTP/1.1 abc\r\n\r\n", "protocol"),
        (b"", "connect"),
        (b"HTTP/1.1 200 OK\r\nConte", "connect"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "incomplete_read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nab", "invalid_header"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nabcde", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nabcde", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", "chunked_encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", "chunked_encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", "chunked_encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "chunked_encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "chunked_encoding"),
    ];
    for (answer, code) in table {
        assert_eq!(one(answer).unwrap_err(), *code, "{}", answer.escape_ascii());
    }
}

#[test]
fn heads_may_be_large_but_not_without_end() {
    let many = |count: usize| {
        let fields: String = (0..count).map(|at| format!("X-{at}: {}\r\n", "v".repeat(500))).collect();
        format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok").into_bytes()
    };
    for (count, want) in [(255, Ok(())), (256, Err("limit")), (600, Err("limit"))] {
        let server = serve(vec![vec![Act::Request, Act::SayOwned(many(count)), Act::Hold]]);
        let result = get(&Carrier::default(), server.port);
        match want {
            Ok(()) => assert_eq!(result.unwrap().fields().count(), count + 1),
            Err(code) => assert_eq!(result.err().unwrap().code(), code),
        }
    }
}

#[test]
fn the_raw_head_keeps_order_and_case_and_joins_folded_lines() {
    let text = b"HTTP/1.1 200 Fine by me\r\nB: 2\r\na:\r\n 1\r\n\tx\r\nB:3\r\nContent-Length: 0\r\n\r\n";
    let server = serve(vec![vec![Act::Request, Act::Say(text), Act::Hold]]);
    let answer = get(&Carrier::default(), server.port).unwrap();
    assert_eq!(answer.reason(), b"Fine by me");
    let fields: Vec<(&[u8], &[u8])> = answer.fields().collect();
    let want: [(&[u8], &[u8]); 4] = [(b"B", b"2"), (b"a", b"1 x"), (b"B", b"3"), (b"Content-Length", b"0")];
    assert_eq!(fields, want);
}

#[test]
fn trailers_are_kept() {
    let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nY: z\r\n\r\n";
    let server = serve(vec![vec![Act::Request, Act::Say(text), Act::Hold]]);
    let mut answer = get(&Carrier::default(), server.port).unwrap();
    assert_eq!(body(&mut answer).unwrap(), b"a");
    let want: [(&[u8], &[u8]); 2] = [(b"X-Sum", b"1"), (b"Y", b"z")];
    assert_eq!(answer.trailers().collect::<Vec<_>>(), want);
}

#[test]
fn a_connection_is_used_again_after_the_last_byte() {
    let twice = vec![Act::Request, Act::Say(OK), Act::Request, Act::Say(OK), Act::Request, Act::Say(OK), Act::Hold];
    let server = serve(vec![twice]);
    let carrier = Carrier::default();
    let mut first = get(&carrier, server.port).unwrap();
    assert!(!first.reused && first.marks.connected.is_some());
    let mut exact = [0; 2];
    assert_eq!(first.read(&mut exact).unwrap(), 2);
    assert_eq!((carrier.stats()[0].idle, carrier.stats()[0].busy), (1, 0));
    let mut second = get(&carrier, server.port).unwrap();
    assert!(second.reused);
    assert_eq!((carrier.stats()[0].idle, carrier.stats()[0].busy), (0, 1));
    // Not read, but all there: it lives on after the drop.
    assert!(second.drain(10));
    assert!(send(&carrier, &route(server.port), "POST", Payload::Bytes(b"x"), &limits(10_000)).unwrap().reused);
}

#[test]
fn a_connection_is_not_used_again_when_it_is_unclear_what_comes_next() {
    let table: &[&'static [u8]] = &[
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokgarbage",
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ];
    for answer in table {
        let server = serve(vec![vec![Act::Request, Act::Say(answer), Act::Hold]]);
        let carrier = Carrier::default();
        assert_eq!(body(&mut get(&carrier, server.port).unwrap()).unwrap(), b"ok");
        assert_eq!(carrier.stats()[0].idle, 0, "{}", answer.escape_ascii());
    }
    let keep = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    let server = serve(vec![vec![Act::Request, Act::Say(keep), Act::Hold]]);
    let carrier = Carrier::default();
    body(&mut get(&carrier, server.port).unwrap()).unwrap();
    assert_eq!(carrier.stats()[0].idle, 1);
}

#[test]
fn a_connection_that_died_is_replaced_without_a_word() {
    let dying = vec![Act::Request, Act::Say(OK), Act::Wait, Act::Close];
    let server = serve(vec![dying.clone(), vec![Act::Request, Act::Say(OK), Act::Hold]]);
    let carrier = Carrier::default();
    body(&mut get(&carrier, server.port).unwrap()).unwrap();
    server.go.send(()).unwrap();
    let answer = get(&carrier, server.port).unwrap();
    assert!(!answer.reused);
    // A POST looks before it uses one, and finds it dead or, at worst, is not sent twice.
    let server = serve(vec![vec![Act::Request, Act::Say(OK), Act::Request, Act::Close]]);
    let carrier = Carrier::default();
    body(&mut get(&carrier, server.port).unwrap()).unwrap();
    let error = send(&carrier, &route(server.port), "POST", Payload::Bytes(b"x"), &limits(10_000)).err().unwrap();
    assert_eq!((error.code(), error.known_outcome()), ("connect", Some(Outcome::Unknown)));
    assert!(!error.is_retryable());
}

/// A body of zeros that counts how much of it was taken.
struct Zeros {
    left: usize,
    taken: usize,
    rewinds: usize,
}

impl Source for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = buffer.len().min(self.left);
        buffer[..count].fill(0);
        self.left -= count;
        self.taken += count;
        Ok(count)
    }

    fn rewind(&mut self) -> bool {
        self.left += std::mem::take(&mut self.taken);
        self.rewinds += 1;
        true
    }
}

fn zeros(left: usize) -> Zeros {
    Zeros { left, taken: 0, rewinds: 0 }
}

#[test]
fn bodies_go_out_sized_and_in_chunks() {
    let server = serve(vec![vec![
        Act::Request,
        Act::Say(OK),
        Act::Request,
        Act::Say(OK),
        Act::Request,
        Act::Say(OK),
        Act::Hold,
    ]]);
    let carrier = Carrier::default();
    let route = route(server.port);
    let mut source = zeros(300_000);
    let payload = Payload::Source { source: &mut source, size: Some(300_000) };
    let answer = send(&carrier, &route, "POST", payload, &limits(10_000)).unwrap();
    assert_eq!(answer.bytes_sent, 300_000 + head("POST", "Content-Length: 300000\r\n").len() as u64);
    drop(answer);
    assert!(server.seen.recv().unwrap().ends_with(&[0; 300_000]));
    let mut source = zeros(300_000);
    drop(send(&carrier, &route, "PUT", Payload::Source { source: &mut source, size: None }, &limits(10_000)).unwrap());
    let seen = server.seen.recv().unwrap();
    assert_eq!(seen.iter().filter(|byte| **byte == 0).count(), 300_000);
    let mut answer = send(&carrier, &route, "QUERY", Payload::Bytes(b"abc"), &limits(10_000)).unwrap();
    assert!(server.seen.recv().unwrap().ends_with(b"\r\n\r\nabc"));
    assert_eq!(body(&mut answer).unwrap(), b"ok");
}

#[test]
fn a_stream_of_nothing_is_sent_as_well() {
    let script = vec![Act::Request, Act::Say(OK), Act::Request, Act::Say(OK), Act::Hold];
    let server = serve(vec![script]);
    let carrier = Carrier::default();
    for size in [Some(0), None] {
        let mut source = zeros(0);
        let payload = Payload::Source { source: &mut source, size };
        let mut answer = send(&carrier, &route(server.port), "POST", payload, &limits(10_000)).unwrap();
        assert_eq!(body(&mut answer).unwrap(), b"ok");
    }
}

#[test]
fn a_source_that_is_too_short_is_told() {
    let server = serve(vec![vec![Act::Hold]]);
    let mut source = zeros(5);
    let payload = Payload::Source { source: &mut source, size: Some(6) };
    let error = send(&Carrier::default(), &route(server.port), "POST", payload, &limits(10_000)).err().unwrap();
    assert_eq!((error.code(), error.known_outcome()), ("provider", Some(Outcome::Unknown)));
}

#[test]
fn an_early_answer_ends_the_sending() {
    const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Too large\r\nContent-Length: 3\r\n\r\nno!";
    // The server closes, with a reset because it did not read; or it stays and does not read.
    for end in [Act::Close, Act::Wait] {
        for size in [Some(64 << 20), None] {
            let server = serve(vec![vec![Act::Take(100), Act::Say(TOO_LARGE), end.clone()]]);
            let carrier = Carrier::default();
            let mut source = zeros(64 << 20);
            let payload = Payload::Source { source: &mut source, size };
            let mut answer = send(&carrier, &route(server.port), "POST", payload, &limits(10_000)).unwrap();
            assert_eq!((answer.status, body(&mut answer).unwrap()), (413, b"no!".to_vec()));
            assert_eq!(carrier.stats()[0].idle, 0);
            assert!(source.taken < 32 << 20);
            drop(server.go);
        }
    }
}

#[test]
fn continue_is_waited_for_but_not_for_ever() {
    use std::time::Duration;
    let run = |script: Vec<Act>, patience: u64| {
        let server = serve(vec![script]);
        let mut source = zeros(10);
        let payload = Payload::Source { source: &mut source, size: Some(10) };
        let cancel = Arc::new(Cancel::default());
        let patience = Some(Duration::from_millis(patience));
        let carrier = Carrier::default();
        let answer = send_with(&carrier, &route(server.port), "POST", payload, &limits(10_000), &cancel, patience);
        let status = answer.unwrap().status;
        (status, source.taken)
    };
    let size = head("POST", "Content-Length: 10\r\n").len();
    let continued: &[u8] = b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    assert_eq!(
        run(vec![Act::Take(size), Act::Say(continued), Act::Take(10), Act::Say(OK), Act::Hold], 60_000),
        (200, 10)
    );
    let refused: &[u8] = b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(run(vec![Act::Take(size), Act::Say(refused), Act::Hold], 60_000), (417, 0));
    assert_eq!(run(vec![Act::Take(size + 10), Act::Say(OK), Act::Hold], 5), (200, 10));
}

#[test]
fn an_upgrade_hands_the_connection_over() {
    let text = b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nhello";
    let server = serve(vec![vec![Act::Request, Act::Say(text), Act::Hold]]);
    let carrier = Carrier::default();
    let answer = get(&carrier, server.port).unwrap();
    assert_eq!(answer.status, 101);
    let upgraded = answer.into_upgraded().unwrap();
    assert!(b"hello".starts_with(&upgraded.received));
    assert_eq!((carrier.stats()[0].idle, carrier.stats()[0].busy), (0, 0));
}

#[test]
fn heads_that_would_split_or_lie_are_not_sent() {
    use crate::engine::http::exchange::machine::{Machine, Outbound};
    let bad: &[(&[u8], Outbound)] = &[
        (b"GET / HTTP/1.1\r\nHost: h\r\n", Outbound::None),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", Outbound::None),
        (b"GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n", Outbound::None),
        (b"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", Outbound::None),
        (b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", Outbound::None),
        (b"\r\n\r\n", Outbound::None),
        (b"GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", Outbound::None),
        (b"POST / HTTP/1.1\r\n\r\n", Outbound::Sized(4)),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", Outbound::Sized(4)),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", Outbound::Sized(4)),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", Outbound::Chunked),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Outbound::Chunked),
    ];
    for (head, payload) in bad {
        let error = Machine::start("POST", head, *payload).err();
        assert_eq!(error.expect("refused").code(), "invalid_header", "{}", head.escape_ascii());
    }
    assert!(Machine::start("POST", b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Outbound::None).is_ok());
}

#[test]
fn a_goodbye_to_an_idle_connection_is_no_answer() {
    let late: &[u8] = b"HTTP/1.1 408 Idle\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let leaving = vec![Act::Request, Act::Say(OK), Act::Wait, Act::Say(late), Act::Close];
    let server = serve(vec![leaving, vec![Act::Request, Act::Say(OK), Act::Hold]]);
    let carrier = Carrier::default();
    body(&mut get(&carrier, server.port).unwrap()).unwrap();
    server.go.send(()).unwrap();
    assert_eq!(get(&carrier, server.port).unwrap().status, 200);
}

#[test]
fn a_source_is_rewound_before_it_is_sent_again() {
    let server = serve(vec![
        vec![Act::Request, Act::Say(OK), Act::Take(10), Act::Close],
        vec![Act::Request, Act::Say(OK), Act::Hold],
    ]);
    let carrier = Carrier::default();
    body(&mut get(&carrier, server.port).unwrap()).unwrap();
    server.seen.recv().unwrap();
    let mut source = zeros(50);
    let payload = Payload::Source { source: &mut source, size: Some(50) };
    let answer = send(&carrier, &route(server.port), "DELETE", payload, &limits(10_000)).unwrap();
    assert!(!answer.reused);
    assert_eq!((source.taken, source.rewinds), (50, 1));
    server.seen.recv().unwrap();
    assert!(server.seen.recv().unwrap().ends_with(&[0; 50]));
}

/// Adds up what moves.
#[derive(Default)]
struct Meter {
    sent: std::sync::atomic::AtomicU64,
    received: std::sync::atomic::AtomicU64,
}

impl Watch for Meter {
    fn begin(&self, _to_send: Option<u64>) {}

    fn sent(&self, bytes: u64, _of_body: u64) -> Result<std::time::Duration> {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        Ok(std::time::Duration::ZERO)
    }

    fn received(&self, bytes: u64) -> Result<std::time::Duration> {
        if self.received.fetch_add(bytes, Ordering::Relaxed) + bytes > 1000 {
            return Err(crate::error::Error::new(&crate::error::code::LOW_SPEED, "enough"));
        }
        Ok(std::time::Duration::ZERO)
    }
}

#[test]
fn a_watch_hears_of_every_byte_and_may_end_the_call() {
    let run = |size: usize| {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}", "x".repeat(size));
        let server = serve(vec![vec![Act::Request, Act::SayOwned(text.into_bytes()), Act::Hold]]);
        let meter = Arc::new(Meter::default());
        let watch: Arc<dyn Watch> = meter.clone();
        let head = head("GET", "");
        let order =
            Order { method: "GET", head: &head, payload: Payload::None, expect_continue: None, replay_safe: true };
        let cancel = Arc::default();
        let answer = Carrier::default().exchange(&route(server.port), order, &limits(10_000), &cancel, Some(&watch));
        let result = body(&mut answer.unwrap()).map(|body| body.len()).map_err(|error| error.code().to_owned());
        assert_eq!(meter.sent.load(Ordering::Relaxed), head.len() as u64);
        (result, meter.received.load(Ordering::Relaxed))
    };
    assert_eq!(run(1000), (Ok(1000), 1000));
    assert_eq!(run(100_000).0, Err("low_speed".into()));
}

#[test]
fn an_answer_may_move_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<crate::engine::http::exchange::Answer>();
    is_send::<Carrier>();
}
