//! The least that a client of Janus can do, as a peer of haft: one WebSocket of tungstenite, one thread, messages parsed and
//! matched by their transaction.
//!
//! `janus-bare URL ping|window|message|sessions|negotiate COUNT [ORDER]` prints figures as JSON. `window` keeps 256 pings in
//! flight, `message` as many messages to one EchoTest handle; `sessions` creates so many and keeps each alive once;
//! `negotiate` sends ORDER, the body and offer of an EchoTest message, on so many handles, 16 at a time.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measure stops at what must not be"
)]

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, protocol::Role};

/// How many requests are in flight.
const WINDOW: usize = 256;
/// How many negotiations are under way.
const NEGOTIATIONS: usize = 16;

struct Client {
    socket: WebSocket<TcpStream>,
    next: u64,
}

impl Client {
    fn open(url: &str) -> Client {
        let host = url.trim_start_matches("ws://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: janus-protocol\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "no WebSocket");
        Client { socket: WebSocket::from_raw_socket(stream, Role::Client, None), next: 0 }
    }

    /// Writes without flushing: what is sent in a row leaves together.
    fn begin(&mut self, mut request: Value) -> u64 {
        self.next += 1;
        request["transaction"] = self.next.to_string().into();
        self.socket.write(Message::text(request.to_string())).unwrap();
        self.next
    }

    /// The next message and the number of its transaction; 0 when it has none.
    fn hear(&mut self) -> (u64, Value) {
        self.socket.flush().unwrap();
        loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                let number = message["transaction"].as_str().map_or(0, |text| text.parse().unwrap());
                return (number, message);
            }
        }
    }

    fn ask(&mut self, request: Value) -> Value {
        let wanted = self.begin(request);
        loop {
            let (number, message) = self.hear();
            if number == wanted && message["janus"] != "ack" {
                return message;
            }
        }
    }

    fn session(&mut self) -> u64 {
        self.ask(json!({"janus": "create"}))["data"]["id"].as_u64().unwrap()
    }

    fn handle(&mut self, session: u64) -> u64 {
        let attach = json!({"janus": "attach", "session_id": session, "plugin": "janus.plugin.echotest"});
        self.ask(attach)["data"]["id"].as_u64().unwrap()
    }

    /// Asks `count` times with so many in flight; gives every answer that is no `ack`.
    fn many(&mut self, count: usize, window: usize, request: impl Fn(usize) -> Value, mut answered: impl FnMut(Value)) {
        let (mut sent, mut done) = (0, 0);
        while done < count {
            while sent < count && sent - done < window {
                self.begin(request(sent));
                sent += 1;
            }
            let (number, message) = self.hear();
            if number > 0 && message["janus"] != "ack" {
                assert!(message["janus"] != "error", "{message}");
                done += 1;
                answered(message);
            }
        }
    }
}

fn ping(client: &mut Client, count: usize) -> Value {
    let mut times: Vec<f64> = (0..count + 100)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(client.ask(json!({"janus": "ping"}))["janus"], "pong");
            began.elapsed().as_secs_f64() * 1e6
        })
        .skip(100)
        .collect();
    times.sort_by(f64::total_cmp);
    json!({"p50": times[count / 2], "p99": times[count * 99 / 100]})
}

fn sessions(client: &mut Client, count: usize) -> Value {
    let mut ids = Vec::new();
    let began = Instant::now();
    client.many(
        count,
        WINDOW,
        |_| json!({"janus": "create"}),
        |answer| ids.push(answer["data"]["id"].as_u64().unwrap()),
    );
    let took = began.elapsed().as_secs_f64() * 1e3;
    // Every session is alive and answers for itself.
    let mut kept = 0;
    for chunk in ids.chunks(WINDOW) {
        for id in chunk {
            client.begin(json!({"janus": "keepalive", "session_id": id}));
        }
        for _ in chunk {
            assert_eq!(client.hear().1["janus"], "ack");
            kept += 1;
        }
    }
    json!({"took": took, "kept": kept})
}

fn negotiate(client: &mut Client, count: usize, order: &Value) -> Value {
    let session = client.session();
    let attach = json!({"janus": "attach", "session_id": session, "plugin": "janus.plugin.echotest"});
    // By transaction: nothing for an attach, the handle for an offer.
    let mut asked: HashMap<u64, Option<Value>> = HashMap::new();
    let (mut started, mut done, mut answered) = (0, 0, 0);
    let began = Instant::now();
    while done < count {
        while started < count && started - done < NEGOTIATIONS {
            asked.insert(client.begin(attach.clone()), None);
            started += 1;
        }
        let (number, message) = client.hear();
        if message["janus"] == "ack" {
            continue;
        }
        match asked.remove(&number) {
            Some(None) => {
                let mut request = order.clone();
                request["janus"] = "message".into();
                request["session_id"] = session.into();
                request["handle_id"] = message["data"]["id"].clone();
                let handle = request["handle_id"].clone();
                asked.insert(client.begin(request), Some(handle));
            }
            Some(Some(handle)) => {
                done += 1;
                answered += usize::from(message["jsep"]["type"] == "answer");
                client.begin(json!({"janus": "detach", "session_id": session, "handle_id": handle}));
            }
            // Of a detach, or an event.
            None => {}
        }
    }
    json!({"answered": answered, "took": began.elapsed().as_secs_f64()})
}

fn main() {
    let list: Vec<String> = std::env::args().collect();
    let [_, url, mode, count, more @ ..] = list.as_slice() else { panic!("janus-bare URL MODE COUNT [ORDER]") };
    let count: usize = count.parse().unwrap();
    let mut client = Client::open(url);
    let rate = |took: f64| json!({"per_second": count as f64 / took});
    let figures = match mode.as_str() {
        "ping" => ping(&mut client, count),
        "window" => {
            let began = Instant::now();
            client.many(count, WINDOW, |_| json!({"janus": "ping"}), |_| {});
            rate(began.elapsed().as_secs_f64())
        }
        "message" => {
            let session = client.session();
            let handle = client.handle(session);
            let request = json!({
                "janus": "message", "session_id": session, "handle_id": handle, "body": {"audio": true},
            });
            let began = Instant::now();
            client.many(count, WINDOW, |_| request.clone(), |_| {});
            rate(began.elapsed().as_secs_f64())
        }
        "sessions" => sessions(&mut client, count),
        "negotiate" => negotiate(&mut client, count, &serde_json::from_str(&more[0]).unwrap()),
        _ => panic!("{mode} is no mode"),
    };
    println!("{figures}");
}
