//! A look at a Janus that knows nothing of haft: bare HTTP, bare WebSocket, bare Unix packets. What it is given is told as
//! it came.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use haft_sandbox::janus::{ADMIN_SECRET, Janus};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::CertificateDer, pki_types::pem::PemObject,
};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, protocol::Role};

/// How long a message may take that must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// A connection to `scheme://host:port/…`, behind TLS when the scheme says so.
fn connect(url: &str, ca: Option<&Path>) -> io::Result<Box<dyn Stream>> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    let tcp = TcpStream::connect(authority)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_nodelay(true)?;
    if !matches!(scheme, "https" | "wss") {
        return Ok(Box::new(tcp));
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca.expect("TLS needs the authority")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let host = authority.split(':').next().unwrap().to_owned();
    let connection = ClientConnection::new(Arc::new(config), host.try_into().unwrap()).unwrap();
    Ok(Box::new(StreamOwned::new(connection, tcp)))
}

/// One request over HTTP: the status and the body, null when there is none.
pub fn http(url: &str, ca: Option<&Path>, body: Option<&Value>) -> io::Result<(u16, Value)> {
    let mut stream = connect(url, ca)?;
    let rest = url.split_once("://").unwrap().1;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let head = format!("{} {path} HTTP/1.0\r\nHost: {authority}\r\n", if body.is_some() { "POST" } else { "GET" });
    let request = match body {
        None => head + "\r\n",
        Some(body) => {
            let body = body.to_string();
            format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
    };
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        // The server ends TLS without saying so; the length of the body is told anyway.
        if error.kind() != io::ErrorKind::UnexpectedEof {
            return Err(error);
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok((status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() }))
}

/// One request to the admin API; its secret is put in.
pub fn admin(janus: &Janus, request: Value) -> Value {
    let mut request = request;
    request["transaction"] = "admin".into();
    request["admin_secret"] = ADMIN_SECRET.into();
    http(&janus.admin_http, None, Some(&request)).unwrap().1
}

/// A WebSocket that speaks Janus.
pub struct Socket {
    socket: WebSocket<Box<dyn Stream>>,
    /// What came while something else was waited for.
    kept: VecDeque<Value>,
    count: u64,
}

impl Socket {
    /// To the Janus API.
    pub fn open(url: &str) -> io::Result<Socket> {
        Socket::with(url, Some("janus-protocol"), None)
    }

    pub fn with(url: &str, protocol: Option<&str>, ca: Option<&Path>) -> io::Result<Socket> {
        let mut stream = connect(url, ca)?;
        let authority = url.split("://").nth(1).unwrap().split('/').next().unwrap();
        let protocol = protocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let head = format!(
            "GET / HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
        let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
        Ok(Socket { socket, kept: VecDeque::new(), count: 0 })
    }

    pub fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    pub fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The next message, in the order of arrival.
    pub fn next(&mut self) -> Value {
        self.kept.pop_front().unwrap_or_else(|| self.read().expect("the server closed"))
    }

    /// The next message from the wire; none at the end of the connection.
    pub fn read(&mut self) -> Option<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) => return None,
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
                {
                    panic!("nothing came for {PATIENCE:?}")
                }
                Err(_) => return None,
            }
        }
    }

    /// The first message of which this is true. Those before it stay for [`next`](Self::next).
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let message = self.read().expect("the server closed");
            if wanted(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    /// Asks, and gives the answer that is no mere `ack`.
    pub fn ask(&mut self, request: Value) -> Value {
        let transaction = self.begin(request);
        self.until(|message| message["transaction"] == transaction.as_str() && message["janus"] != "ack")
    }

    /// Asks without waiting, and gives the transaction.
    pub fn begin(&mut self, request: Value) -> String {
        let mut request = request;
        self.count += 1;
        let transaction = format!("probe-{}", self.count);
        request["transaction"] = transaction.as_str().into();
        self.send(&request);
        transaction
    }

    /// A new session.
    pub fn create(&mut self) -> u64 {
        self.ask(json!({"janus": "create"}))["data"]["id"].as_u64().expect("a session")
    }

    /// A new handle.
    pub fn attach(&mut self, session: u64, plugin: &str) -> u64 {
        let answer = self.ask(json!({"janus": "attach", "session_id": session, "plugin": plugin}));
        answer["data"]["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// A plugin's answer.
    pub fn message(&mut self, session: u64, handle: u64, body: &Value) -> Value {
        self.ask(json!({"janus": "message", "session_id": session, "handle_id": handle, "body": body}))
    }
}
