//! A server of a test's own, for what a real one does too seldom or not at all: it speaks WebSocket, and answers as the
//! test says.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, protocol::Role};

/// What the test says to the client, by what it was asked: any number of messages.
pub type Script = Box<dyn FnMut(&Value) -> Vec<Value> + Send>;

/// The server; it takes one connection after the other.
pub struct Peer {
    pub url: String,
    /// Every message of the client.
    pub heard: Receiver<Value>,
}

impl Peer {
    pub fn start(script: Script) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (tell, heard) = channel();
        let mut script = script;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &mut script, &tell);
            }
        });
        Peer { url, heard }
    }

    /// The next message of the client whose `janus` is this.
    pub fn until(&self, word: &str) -> Value {
        loop {
            let message = self.heard.recv_timeout(crate::janus::probe::PATIENCE).expect("nothing came in time");
            if message["janus"] == word {
                return message;
            }
        }
    }
}

fn serve(mut stream: TcpStream, script: &mut Script, tell: &Sender<Value>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, accept.as_bytes()));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: janus-protocol\r\n\r\n"
    );
    if stream.write_all(answer.as_bytes()).is_err() {
        return;
    }
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        let _ = tell.send(message.clone());
        let answers = script(&message);
        for answer in answers {
            let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
            if socket.send(Message::text(text)).is_err() {
                return;
            }
        }
    }
}

/// What every server says: sessions and handles count from 1.
pub fn usual(message: &Value) -> Option<Value> {
    let transaction = &message["transaction"];
    let plain = |word: &str| json!({"janus": word, "transaction": transaction, "session_id": message["session_id"]});
    Some(match message["janus"].as_str().unwrap() {
        "create" => json!({"janus": "success", "transaction": transaction, "data": {"id": 1}}),
        "attach" => json!({"janus": "success", "transaction": transaction, "session_id": 1, "data": {"id": 2}}),
        "info" => json!({"janus": "server_info", "transaction": transaction, "session-timeout": 60}),
        "ping" => json!({"janus": "pong", "transaction": transaction}),
        "keepalive" => plain("ack"),
        "destroy" | "detach" | "claim" => plain("success"),
        _ => return None,
    })
}
