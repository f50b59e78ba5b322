//! A Mesh server of a few calls that does what a test says: sessions, tokens, legs of Kerberos, and every way to fail.
//! Messages are written by hand, as the specification shows their bytes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, mpsc},
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{oneshot, watch},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// What becomes of a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// A gRPC status with its text.
    Status(u32, String),
    /// The connection ends without an answer.
    Drop,
    /// It ends with a GOAWAY of this error code, and the call is among those that the server says it has seen.
    Goaway(u32),
    /// No answer comes.
    Hang,
    /// These messages come, and all is well.
    Reply(Vec<Vec<u8>>),
    /// So many empty messages come, and nothing behind them.
    Part(usize),
    /// So many empty messages come, one after each such time, and all is well.
    Trickle(usize, Duration),
}

/// A call that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    /// The session that its message names.
    pub session: Option<String>,
    pub token: Option<String>,
    pub client: Option<String>,
    /// `grpc-timeout`.
    pub time: Option<String>,
    /// Bytes of Kerberos.
    pub legs: Vec<Vec<u8>>,
    /// The connection, counted from the first.
    pub connection: usize,
}

/// Looks at a leg of Kerberos.
pub type Accept = Arc<dyn Fn(&[u8]) -> Result<String, String> + Send + Sync>;

#[derive(Default)]
pub struct State {
    pub sessions: BTreeSet<String>,
    pub faults: VecDeque<(String, Fault)>,
    pub seen: Vec<Seen>,
    /// Seconds that ExtendSession grants.
    pub expires_in: f64,
    pub version: String,
    /// The tokens that are taken; none when none is asked for.
    pub tokens: Option<BTreeSet<String>>,
    /// Legs of Kerberos before the token, how long it is good for in seconds, and the tokens to give.
    pub legs: usize,
    /// Who takes a leg instead: the name that it proves, for whom the token then is, or why it proves none.
    pub accept: Option<Accept>,
    pub token_seconds: i64,
    pub given: VecDeque<String>,
    /// What others have committed: a session that began before is corrupt.
    pub corrupt: BTreeSet<String>,
    /// Changes by session.
    pub changes: BTreeMap<String, usize>,
    pub committed: usize,
    next: u32,
    connections: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

pub struct Peer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    /// Connections end when it changes.
    cut: watch::Sender<usize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The text form of 16 bytes in the wire's order.
pub fn text(wire: &[u8]) -> String {
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = String::new();
    for (place, at) in order.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", wire[*at]));
    }
    text
}

impl Peer {
    pub fn start() -> Peer {
        Peer::with(None)
    }

    pub fn tls(config: ServerConfig) -> Peer {
        Peer::with(Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn with(tls: Option<TlsAcceptor>) -> Peer {
        let shared = Arc::<Shared>::default();
        {
            let mut state = shared.state.lock().unwrap();
            state.expires_in = 300.0;
            state.version = "2.23.0+7".into();
            state.legs = 2;
            state.token_seconds = 3600;
        }
        let (cut, cuts) = watch::channel(0);
        let (stop, stopped) = oneshot::channel();
        let (tell, hear) = mpsc::channel();
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let serve = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        stream.set_nodelay(true).unwrap();
                        let (shared, cuts, tls) = (Arc::clone(&own), cuts.clone(), tls.clone());
                        tokio::spawn(async move {
                            match tls {
                                None => connection(stream, shared, cuts).await,
                                Some(tls) => {
                                    if let Ok(stream) = tls.accept(stream).await {
                                        connection(stream, shared, cuts).await;
                                    }
                                }
                            }
                        });
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Peer { address: hear.recv().unwrap(), shared, cut, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("mesh+http://{}", self.address)
    }

    /// Looks at the state, or changes it.
    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.shared.state.lock().unwrap())
    }

    /// What becomes of the next calls of a method.
    pub fn fail(&self, method: &str, times: usize, fault: &Fault) {
        self.state(|state| state.faults.extend(std::iter::repeat_n((method.to_owned(), fault.clone()), times)));
    }

    pub fn unavailable(&self, method: &str, times: usize) {
        self.fail(method, times, &Fault::Status(14, "going down".into()));
    }

    /// All connections end.
    pub fn cut(&self) {
        self.cut.send_modify(|number| *number += 1);
    }

    /// Waits until so many calls of a method came.
    pub fn wait(&self, method: &str, count: usize) {
        self.until(|state| state.seen.iter().filter(|seen| seen.method == method).count() >= count);
    }

    pub fn until(&self, holds: impl Fn(&State) -> bool) {
        let state = self.shared.state.lock().unwrap();
        let (state, out) =
            self.shared.came.wait_timeout_while(state, Duration::from_secs(30), |state| !holds(state)).unwrap();
        assert!(!out.timed_out(), "it did not come to that: {:?}", state.seen);
    }

    /// The methods that came.
    pub fn methods(&self) -> Vec<String> {
        self.state(|state| state.seen.iter().map(|seen| seen.method.clone()).collect())
    }

    pub fn count(&self, method: &str) -> usize {
        self.methods().iter().filter(|seen| *seen == method).count()
    }

    pub fn sessions(&self) -> Vec<String> {
        self.state(|state| state.sessions.iter().cloned().collect())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    shared: Arc<Shared>,
    mut cuts: watch::Receiver<usize>,
) {
    let number = {
        let mut state = shared.state.lock().unwrap();
        state.connections += 1;
        state.connections
    };
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    cuts.mark_unchanged();
    let (ending, mut ended) = tokio::sync::mpsc::channel::<Option<u32>>(1);
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            _ = cuts.changed() => return,
            how = ended.recv() => match how.flatten() {
                Some(code) => {
                    connection.abrupt_shutdown(code.into());
                    continue;
                }
                None => return,
            },
        };
        let Some(Ok((request, answer))) = accepted else { return };
        let (shared, ending) = (Arc::clone(&shared), ending.clone());
        tokio::spawn(async move { call(request, answer, shared, ending, number).await });
    }
}

async fn call(
    request: Request<RecvStream>,
    answer: SendResponse<Bytes>,
    shared: Arc<Shared>,
    ending: tokio::sync::mpsc::Sender<Option<u32>>,
    connection: usize,
) {
    let (head, mut body) = request.into_parts();
    let method = head.uri.path().rsplit('/').next().unwrap().to_owned();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let token = header("authorization").map(|value| value.strip_prefix("Bearer ").unwrap().to_owned());
    let mut seen = Seen {
        method: method.clone(),
        session: None,
        token,
        client: header("x-volue-mesh-client-version"),
        time: header("grpc-timeout"),
        legs: Vec::new(),
        connection,
    };
    if method == "AuthenticateKerberos" {
        return kerberos(body, answer, shared, seen).await;
    }
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else { return };
        let _ = body.flow_control().release_capacity(piece.len());
        bytes.extend_from_slice(&piece);
    }
    // The id is the first field of 16 bytes, alone or inside field 1.
    let message = &bytes[5..];
    let id = match message {
        [0x0a, 0x10, id @ ..] if id.len() >= 16 => Some(text(&id[..16])),
        [0x0a, 0x12, 0x0a, 0x10, id @ ..] if id.len() >= 16 => Some(text(&id[..16])),
        _ => None,
    };
    seen.session.clone_from(&id);
    let outcome = {
        let mut state = shared.state.lock().unwrap();
        state.seen.push(seen.clone());
        let fault = state.faults.iter().position(|(of, _)| *of == method).and_then(|at| state.faults.remove(at));
        let outcome = match fault {
            Some((_, fault)) => Err(fault),
            None => state.answer(&seen, id.as_deref()),
        };
        drop(state);
        shared.came.notify_all();
        outcome
    };
    match outcome {
        Ok(message) => reply(answer, &message),
        Err(Fault::Status(code, text)) => refuse(answer, code, &text),
        Err(Fault::Reply(messages)) => replies(answer, &messages),
        Err(Fault::Part(count)) => part(answer, count).await,
        Err(Fault::Trickle(count, every)) => trickle(answer, count, every).await,
        Err(Fault::Drop) => drop(ending.send(None).await),
        Err(Fault::Goaway(code)) => {
            let _answer = answer;
            let _ = ending.send(Some(code)).await;
            std::future::pending::<()>().await;
        }
        Err(Fault::Hang) => {
            let _answer = answer;
            std::future::pending::<()>().await;
        }
    }
}

impl State {
    fn answer(&mut self, seen: &Seen, id: Option<&str>) -> Result<Vec<u8>, Fault> {
        if let Some(tokens) = &self.tokens
            && !seen.token.as_ref().is_some_and(|token| tokens.contains(token))
        {
            return Err(Fault::Status(16, "the token is not valid".into()));
        }
        if let Some(id) = id
            && !self.sessions.contains(id)
        {
            return Err(Fault::Status(5, format!("Session with id {{{}}} not found.", id.to_uppercase())));
        }
        let id = id.unwrap_or_default().to_owned();
        match &*seen.method {
            "GetVersion" => Ok([
                &[0x0a, u8::try_from(self.version.len()).unwrap()],
                self.version.as_bytes(),
                b"\x12\x11Volue Mesh Server",
            ]
            .concat()),
            "StartSession" => {
                self.next += 1;
                let mut wire = [0x10; 16];
                wire[12..].copy_from_slice(&self.next.to_be_bytes());
                self.sessions.insert(text(&wire));
                Ok([&[0x0a, 0x12, 0x0a, 0x10][..], &wire].concat())
            }
            "ExtendSession" => {
                let whole = self.expires_in.trunc() as u64;
                let nanos = ((self.expires_in.fract()) * 1e9) as u64;
                let mut duration = vec![0x08];
                varint(whole, &mut duration);
                duration.push(0x10);
                varint(nanos, &mut duration);
                Ok([&[0x0a, u8::try_from(duration.len()).unwrap()][..], &duration].concat())
            }
            "EndSession" => {
                self.sessions.remove(&id);
                Ok(Vec::new())
            }
            "Commit" if self.corrupt.contains(&id) => Err(corrupt(&id)),
            "Commit" => {
                self.committed += self.changes.remove(&id).unwrap_or_default();
                Ok(Vec::new())
            }
            "Rollback" => {
                self.changes.remove(&id);
                self.corrupt.remove(&id);
                Ok(Vec::new())
            }
            "DeleteObject" => {
                *self.changes.entry(id).or_default() += 1;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// What a commit says that another session's commit stands in the way of.
pub fn corrupt(id: &str) -> Fault {
    let text = "is corrupt due to changes done by some other session, rollback your changes to fix your session";
    Fault::Status(2, format!("session {id} {text}"))
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn head() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).unwrap()
}

fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

fn done() -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))])
}

async fn trickle(mut answer: SendResponse<Bytes>, count: usize, every: Duration) {
    let Ok(mut stream) = answer.send_response(head(), false) else { return };
    for _ in 0..count {
        tokio::time::sleep(every).await;
        if stream.send_data(frame(&[]), false).is_err() {
            return;
        }
    }
    let _ = stream.send_trailers(done());
}

fn reply(mut answer: SendResponse<Bytes>, message: &[u8]) {
    let Ok(mut stream) = answer.send_response(head(), false) else { return };
    let _ = stream.send_data(frame(message), false);
    let _ = stream.send_trailers(done());
}

fn replies(mut answer: SendResponse<Bytes>, messages: &[Vec<u8>]) {
    let Ok(mut stream) = answer.send_response(head(), false) else { return };
    for message in messages {
        let _ = stream.send_data(frame(message), false);
    }
    let _ = stream.send_trailers(done());
}

/// The beginning of an answer that does not go on.
async fn part(mut answer: SendResponse<Bytes>, count: usize) {
    let Ok(mut stream) = answer.send_response(head(), false) else { return };
    for _ in 0..count {
        let _ = stream.send_data(frame(&[]), false);
    }
    let _ = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
}

fn refuse(mut answer: SendResponse<Bytes>, code: u32, text: &str) {
    let mut head = head();
    head.headers_mut().insert("grpc-status", code.to_string().parse().unwrap());
    head.headers_mut().insert("grpc-message", text.parse().unwrap());
    let _ = answer.send_response(head, true);
}

/// A leg is answered with its own bytes backwards, until there were enough of them.
async fn kerberos(mut body: RecvStream, mut answer: SendResponse<Bytes>, shared: Arc<Shared>, mut seen: Seen) {
    let mut held = Vec::new();
    let mut stream = None;
    let (legs, seconds, accept) = {
        let state = shared.state.lock().unwrap();
        (state.legs, state.token_seconds, state.accept.clone())
    };
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
        held.extend_from_slice(&piece);
        while held.len() >= 5 {
            let length = u32::from_be_bytes(held[1..5].try_into().unwrap()) as usize;
            if held.len() < 5 + length {
                break;
            }
            let message: Vec<u8> = held.drain(..5 + length).skip(5).collect();
            // BytesValue: field 1.
            let length = message.iter().skip(1).take_while(|byte| **byte >= 0x80).count() + 1;
            let leg = message.get(1 + length..).unwrap_or_default().to_vec();
            if leg == b"wrong" {
                return refuse(answer, 16, "the ticket is for somebody else");
            }
            seen.legs.push(leg.clone());
            let accepted = accept.as_ref().map(|accept| accept(&leg)).transpose();
            let accepted = match accepted {
                Ok(accepted) => accepted,
                Err(why) => return refuse(answer, 16, &why),
            };
            let stream = stream.get_or_insert_with(|| answer.send_response(head(), false).unwrap());
            let mut told = Vec::new();
            if accepted.is_none() && seen.legs.len() < legs {
                let back: Vec<u8> = leg.iter().rev().copied().collect();
                told.extend_from_slice(&[0x0a, u8::try_from(back.len()).unwrap()]);
                told.extend_from_slice(&back);
            } else {
                let token = {
                    let mut state = shared.state.lock().unwrap();
                    let earned = || accepted.map_or_else(|| "earned".into(), |name| format!("token-of-{name}"));
                    let token = state.given.pop_front().unwrap_or_else(earned);
                    if let Some(tokens) = &mut state.tokens {
                        tokens.insert(token.clone());
                    }
                    token
                };
                told.extend_from_slice(&[0x12, u8::try_from(token.len()).unwrap()]);
                told.extend_from_slice(token.as_bytes());
                let mut duration = vec![0x08];
                varint(seconds.cast_unsigned(), &mut duration);
                told.extend_from_slice(&[0x1a, u8::try_from(duration.len()).unwrap()]);
                told.extend_from_slice(&duration);
            }
            let _ = stream.send_data(frame(&told), false);
        }
    }
    shared.state.lock().unwrap().seen.push(seen);
    shared.came.notify_all();
    if let Some(mut stream) = stream {
        let _ = stream.send_trailers(done());
    }
}
