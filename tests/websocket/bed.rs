//! Short ways to speak, and a peer that does what it is told.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread::JoinHandle,
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{Event, HostCode, Kind, Response, Session},
    value::{Provider, Tree, Type},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::Value;

/// How long an event may take that must come.
const PATIENCE_MS: i64 = 30_000;

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}

/// A session that looks at nothing of the machine.
pub fn root(url: &str, json: &str) -> Session {
    let mut args = args(json);
    args.set("trust_env", false);
    Session::create(url, &args).unwrap()
}

/// A WebSocket and the session that it belongs to.
pub struct Pair {
    pub root: Session,
    pub child: Session,
}

impl std::ops::Deref for Pair {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.child
    }
}

pub fn open(url: &str, name: &str, json: &str) -> Pair {
    let root = root(url, "{}");
    let child = root.attach(name, &args(json)).unwrap();
    Pair { root, child }
}

/// The same with the messages subscribed to.
pub fn listen(url: &str, name: &str, json: &str) -> Pair {
    let pair = open(url, name, json);
    if let Err(error) = pair.subscribe("*", &Args::new(), None, 0) {
        // One whose peer broke the rules at once is over before anybody can listen.
        assert_eq!(error.code(), "closed");
    }
    pair
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Got {
    Text(String),
    Bytes(Vec<u8>),
}

pub fn text(text: &str) -> Got {
    Got::Text(text.into())
}

/// What an event of a message carries.
pub fn got(event: &Event) -> Got {
    assert_eq!(event.kind(), Kind::Message, "{event:?}");
    let root = event.value().unwrap().root();
    match root.kind() {
        Type::String => Got::Text(root.as_str().unwrap().into()),
        Type::Bytes => Got::Bytes(root.bytes().unwrap().into()),
        other => panic!("a message was {other:?}"),
    }
}

pub fn next(session: &Session) -> Event {
    session.poll(PATIENCE_MS).unwrap().expect("an event did not come")
}

pub fn message(session: &Session) -> Got {
    got(&next(session))
}

/// The end: code, reason, and the error's code and message.
pub fn end(session: &Session) -> (i64, String, Option<(String, String)>) {
    let event = next(session);
    assert_eq!(event.kind(), Kind::Closed, "{:?} {:?}", event, event.value().map(|value| value.root().to_json()));
    let value = json(event.value());
    let failure =
        event.failure().map(|failure| (failure.error().code().to_owned(), failure.error().message().to_owned()));
    (value["code"].as_i64().unwrap(), value["reason"].as_str().unwrap().to_owned(), failure)
}

pub fn json(document: Option<&haft::value::Document>) -> Value {
    document.map_or(Value::Null, |value| serde_json::from_str(&value.root().to_json()).unwrap())
}

pub fn value(response: &Response) -> Value {
    json(response.value())
}

pub fn call(session: &Session, verb: &str, args: &Args) -> Result<Value, Error> {
    session.request(Some(verb), None, args).map(|response| value(&response))
}

pub fn send(session: &Session, words: &str) {
    assert_eq!(call(session, "send", &with("text", words)).unwrap(), Value::Null);
}

pub fn send_bytes(session: &Session, bytes: &[u8]) {
    assert_eq!(call(session, "send", &with("bytes", Tree::Bytes(bytes.into()))).unwrap(), Value::Null);
}

pub fn with(key: &str, value: impl Into<Tree>) -> Args {
    let mut args = Args::new();
    args.set(key, value);
    args
}

pub fn inspect(session: &Session, what: &str) -> Value {
    value(&session.inspect(what, &Args::new()).unwrap())
}

pub fn detail(error: &Error, key: &str) -> Value {
    error.detail().get(key).map_or(Value::Null, |value| json(Some(&haft::value::Document::from_tree(value))))
}

pub fn attach_fails(url: &str, name: &str, json: &str) -> Error {
    root(url, "{}").attach(name, &args(json)).unwrap_err()
}

/// A provider made of a function.
struct Answers<F>(F);

impl<F: Fn(&Value, &mut Args) -> Status + Send + Sync> Provider for Answers<F> {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let _inside = HostCode::enter();
        (self.0)(&json(Some(&haft::value::Document::from_tree(&call))), reply)
    }
}

pub fn provider(answer: impl Fn(&Value, &mut Args) -> Status + Send + Sync + 'static) -> Tree {
    Tree::Provider(Arc::new(Answers(answer)))
}

/// A server of one connection after the other, each played by a function behind its handshake.
pub struct Peer {
    pub url: String,
    thread: JoinHandle<()>,
}

impl Peer {
    /// `play` is given the stream and the number of its connection; it ends when it has played `times` of them.
    pub fn start(times: usize, play: impl Fn(&mut TcpStream, usize) + Send + 'static) -> Peer {
        Peer::raw(times, move |stream, number| {
            let head = read_head(stream);
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
            let accept = haft::engine::websocket::handshake::accept(key);
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            play(stream, number);
        })
    }

    /// The same without the handshake.
    pub fn raw(times: usize, play: impl Fn(&mut TcpStream, usize) + Send + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::Builder::new()
            .spawn(move || {
                for number in 0..times {
                    let (mut stream, _) = listener.accept().unwrap();
                    play(&mut stream, number);
                }
            })
            .unwrap();
        Peer { url, thread }
    }

    pub fn join(self) {
        self.thread.join().unwrap();
    }
}

pub fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// One frame of the client: first byte and payload, unmasked. `None` at the end.
pub fn read_frame(stream: &mut impl Read) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    assert_eq!(head[1] & 0x80, 0x80, "a client's frames are masked");
    let size = match head[1] & 0x7f {
        126 => {
            let mut size = [0; 2];
            stream.read_exact(&mut size).ok()?;
            u16::from_be_bytes(size).into()
        }
        127 => {
            let mut size = [0; 8];
            stream.read_exact(&mut size).ok()?;
            u64::from_be_bytes(size)
        }
        short => short.into(),
    };
    let mut key = [0; 4];
    stream.read_exact(&mut key).ok()?;
    let mut payload = vec![0; usize::try_from(size).unwrap()];
    stream.read_exact(&mut payload).ok()?;
    payload.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= key[at % 4]);
    Some((head[0], payload))
}

/// A short frame as a server sends it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let size = u8::try_from(payload.len()).unwrap();
    assert!(size < 126);
    [&[first, size][..], payload].concat()
}
