//! A server that follows a script, connection by connection, and short ways to hear a session.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

use haft::{
    args::Args,
    session::{Event, Kind, Session},
};
use serde_json::Value;

/// The head of a stream without a length: it ends with its connection.
pub const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// One connection.
pub struct Line {
    pub stream: TcpStream,
    /// The request, up to the empty line.
    pub head: String,
}

impl Line {
    /// The value of a field of the request.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The head of a stream, and its beginning.
    pub fn open(&mut self, bytes: impl AsRef<[u8]>) {
        self.send(HEAD);
        self.send(bytes);
    }

    /// Waits until the other side has gone.
    pub fn gone(mut self) {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = self.stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "bytes behind the request");
    }
}

/// A listening socket.
pub struct Peer(pub TcpListener);

impl Peer {
    pub fn new() -> Peer {
        Peer(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The next connection with its request.
    pub fn accept(&self) -> Line {
        let (mut stream, _) = self.0.accept().unwrap();
        let head = head(&mut stream);
        Line { stream, head }
    }

    /// The same, leaving a byte of the request: the system resets a connection that is closed with bytes unread.
    pub fn accept_to_reset(&self) -> Line {
        let (mut stream, _) = self.0.accept().unwrap();
        let head = up_to(&mut stream, b"\r\n\r");
        Line { stream, head }
    }

    /// Goes on elsewhere.
    pub fn spawn<T: Send + 'static>(self, play: impl FnOnce(Peer) -> T + Send + 'static) -> JoinHandle<T> {
        std::thread::Builder::new().spawn(move || play(self)).unwrap()
    }
}

/// Reads a request up to the empty line.
pub fn head(stream: &mut TcpStream) -> String {
    up_to(stream, b"\r\n\r\n")
}

fn up_to(stream: &mut TcpStream, end: &[u8]) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(end) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "the connection ended in a request");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

pub fn create(url: &str, json: &str) -> Session {
    Session::create(url, &args(json)).unwrap()
}

/// The next event, however long it takes.
pub fn next(session: &Session) -> Event {
    session.poll(-1).unwrap().unwrap().settled()
}

/// Its value.
pub fn value(event: &Event) -> Value {
    event.value().map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

/// The data of the next event, which is a message.
pub fn data(session: &Session) -> String {
    let event = next(session);
    assert_eq!(event.kind(), Kind::Message, "{:?}", event.failure());
    value(&event)["data"].as_str().unwrap().to_owned()
}

/// The next event is of that kind; its error's code.
pub fn told(session: &Session, kind: Kind) -> Option<String> {
    let event = next(session);
    assert_eq!(event.kind(), kind, "{:?} {:?}", value(&event), event.failure());
    event.failure().map(|failure| failure.error().code().to_owned())
}

/// A callback that passes on what it hears.
pub struct Hearer {
    pub tell: Sender<Event>,
    /// Each event waits for one of these, when there is a sender.
    pub gate: Option<haft::sys::lock::Mutex<Receiver<()>>>,
}

impl haft::session::Callback for Hearer {
    fn deliver(&self, event: Event) {
        if let Some(gate) = &self.gate {
            // Without a sender it is open.
            let _ = gate.lock().recv();
        }
        let _ = self.tell.send(event);
    }
}

/// A push subscription and what it hears.
pub fn push(session: &Session, topic: &str, json: &str) -> (u64, Receiver<Event>) {
    let (tell, hear) = channel();
    let id = session.subscribe(topic, &args(json), Some(Box::new(Hearer { tell, gate: None })), 0).unwrap();
    (id, hear)
}
