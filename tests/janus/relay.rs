//! What stands between a client and a server: passes every byte on and keeps it, and breaks the connection as told.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::Value;

/// Who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Client,
    Server,
}

type Last = Box<dyn Fn(Side, &Value) -> bool + Send>;

#[derive(Default)]
struct Line {
    /// The bytes of every connection, of the client and of the server.
    bytes: Vec<[Vec<u8>; 2]>,
    /// The order of the pieces: connection, side, and where it ended in `bytes`.
    pieces: Vec<(usize, Side, usize)>,
    open: Vec<Option<(TcpStream, TcpStream)>>,
    /// Nothing is passed on.
    held: bool,
    /// Nothing is passed on behind a message for which this is true.
    last: Option<Last>,
    /// How many bytes of the server are still passed on before the connection is cut.
    left: Option<usize>,
}

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    changed: Condvar,
    refusing: AtomicBool,
    refused: AtomicUsize,
    ended: AtomicBool,
}

/// The relay; all of its connections end with it.
pub struct Relay {
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    shared: Arc<Shared>,
}

impl Relay {
    /// In front of `host:port`.
    pub fn start(server: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (shared, server) = (Arc::new(Shared::default()), server.to_owned());
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if ours.ended.load(Ordering::SeqCst) {
                    return;
                }
                if ours.refusing.load(Ordering::SeqCst) {
                    ours.refused.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                // Where nobody listens the client is hung up on.
                if let Ok(server) = TcpStream::connect(&server) {
                    carry(&ours, client, server);
                }
            }
        });
        Relay { address, shared }
    }

    /// In front of a URL, which it replaces.
    pub fn of(url: &str) -> (Relay, String) {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let relay = Relay::start(authority);
        let url = format!("{scheme}://{}{path}", relay.address);
        (relay, url)
    }

    /// Cuts every connection of now, in both directions, and tells how many there were.
    pub fn cut(&self) -> usize {
        let mut line = self.shared.line.lock().unwrap();
        let open: Vec<_> = line.open.iter_mut().filter_map(Option::take).collect();
        open.iter().for_each(end);
        self.shared.changed.notify_all();
        open.len()
    }

    /// Cuts the connection as soon as so many more bytes of the server were passed on: in mid-message.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.line.lock().unwrap().left = Some(bytes);
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refusing.store(refuse, Ordering::SeqCst);
    }

    /// How many were.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Holds every byte back from here on, or lets them go.
    pub fn hold(&self, hold: bool) {
        self.shared.line.lock().unwrap().held = hold;
        self.shared.changed.notify_all();
    }

    /// Holds every byte back behind the next message of which this is true.
    pub fn hold_behind(&self, wanted: impl Fn(Side, &Value) -> bool + Send + 'static) {
        self.shared.line.lock().unwrap().last = Some(Box::new(wanted));
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.line.lock().unwrap().bytes.len()
    }

    /// How many connections there are.
    pub fn alive(&self) -> usize {
        self.shared.line.lock().unwrap().open.iter().flatten().count()
    }

    /// Waits until this is true of the messages so far.
    pub fn wait(&self, wanted: impl Fn(&[(Side, Value)]) -> bool) {
        let until = std::time::Instant::now() + super::probe::PATIENCE;
        let mut line = self.shared.line.lock().unwrap();
        while !wanted(&messages(&line)) {
            let left = until.saturating_duration_since(std::time::Instant::now());
            assert!(!left.is_zero(), "what was waited for did not pass");
            line = self.shared.changed.wait_timeout(line, left).unwrap().0;
        }
    }

    /// Every message of a WebSocket that passed, in the order of passing.
    pub fn messages(&self) -> Vec<(Side, Value)> {
        messages(&self.shared.line.lock().unwrap())
    }

    /// The bytes of one connection.
    pub fn bytes(&self, connection: usize, side: Side) -> Vec<u8> {
        self.shared.line.lock().unwrap().bytes[connection][side as usize].clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.hold(false);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(&self.address);
    }
}

fn end((client, server): &(TcpStream, TcpStream)) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

fn carry(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let copy = |stream: &TcpStream| stream.try_clone().unwrap();
    let number = {
        let mut line = shared.line.lock().unwrap();
        line.bytes.push([Vec::new(), Vec::new()]);
        line.open.push(Some((copy(&client), copy(&server))));
        line.bytes.len() - 1
    };
    shared.changed.notify_all();
    for (side, from, to) in [(Side::Client, copy(&client), copy(&server)), (Side::Server, server, client)] {
        let shared = Arc::clone(shared);
        thread::spawn(move || pass(&shared, number, side, from, to));
    }
}

fn pass(shared: &Shared, number: usize, side: Side, mut from: TcpStream, mut to: TcpStream) {
    let mut piece = vec![0; 65536];
    while let Ok(size @ 1..) = from.read(&mut piece) {
        let mut line = shared.line.lock().unwrap();
        while line.held {
            line = shared.changed.wait(line).unwrap();
        }
        let (mut size, mut cut) = (size, false);
        if let (Side::Server, Some(left)) = (side, line.left) {
            (size, cut) = (size.min(left), size >= left);
            line.left = (!cut).then(|| left - size);
        }
        line.bytes[number][side as usize].extend_from_slice(&piece[..size]);
        let end = line.bytes[number][side as usize].len();
        line.pieces.push((number, side, end));
        if let Some(wanted) = line.last.take() {
            let found = messages(&line).last().is_some_and(|(side, message)| wanted(*side, message));
            line.held |= found;
            line.last = (!found).then_some(wanted);
        }
        drop(line);
        let sent = to.write_all(&piece[..size]);
        shared.changed.notify_all();
        if cut || sent.is_err() {
            break;
        }
    }
    if let Some(open) = shared.line.lock().unwrap().open[number].take() {
        end(&open);
    }
    shared.changed.notify_all();
}

/// The text messages among the bytes, each where its last byte passed.
fn messages(line: &Line) -> Vec<(Side, Value)> {
    let mut found: Vec<(usize, Side, Value)> = Vec::new();
    for (number, both) in line.bytes.iter().enumerate() {
        for (side, bytes) in [Side::Client, Side::Server].into_iter().zip(both) {
            for (end, text) in texts(bytes) {
                let passed = |(of, by, to): &(usize, Side, usize)| (*of, *by) == (number, side) && *to >= end;
                let at = line.pieces.iter().position(passed).unwrap();
                found.push((at, side, serde_json::from_str(&text).unwrap_or(Value::String(text))));
            }
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    found.into_iter().map(|(_, side, message)| (side, message)).collect()
}

/// The text messages of one direction of a WebSocket, and where each ended. Nothing when it is none.
fn texts(bytes: &[u8]) -> Vec<(usize, String)> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Vec::new() };
    let (mut at, mut found, mut text) = (head + 4, Vec::new(), Vec::new());
    while let Some((first, payload, next)) = frame(bytes, at) {
        at = next;
        // Text and what continues it; everything else is no message.
        if matches!(first & 0x0f, 0 | 1) {
            text.extend(payload);
            if first & 0x80 != 0 {
                found.push((at, String::from_utf8_lossy(&std::mem::take(&mut text)).into_owned()));
            }
        }
    }
    found
}

/// The frame that begins at `at`: first byte, payload, and where the next begins. None when it is not whole.
fn frame(bytes: &[u8], at: usize) -> Option<(u8, Vec<u8>, usize)> {
    let (first, second) = (*bytes.get(at)?, *bytes.get(at + 1)?);
    let mut at = at + 2;
    let mut take = |count: usize| {
        at += count;
        bytes.get(at - count..at)
    };
    let size = match second & 0x7f {
        126 => u64::from(u16::from_be_bytes(take(2)?.try_into().ok()?)),
        127 => u64::from_be_bytes(take(8)?.try_into().ok()?),
        short => short.into(),
    };
    let key = if second & 0x80 == 0 { [0; 4] } else { take(4)?.try_into().ok()? };
    let payload =
        take(usize::try_from(size).ok()?)?.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((first, payload, at))
}
