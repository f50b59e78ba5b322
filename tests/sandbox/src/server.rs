//! Listeners and the life of a connection: accept, TLS handshake, then requests until somebody closes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use crate::endpoint;
use crate::exchange::{Carrier, Exchange, Next, Reply};
use crate::h2::{self, frame::PREFACE};
use crate::log::Origin;
use crate::request::Request;
use crate::state::{Counter, State};
use crate::wire::{Stream, Wire};
use crate::{mesh, proxy, sandbox, socks};

/// How long a closing connection waits for the peer's rest, so that the last answer is not lost to an RST.
const LINGER: Duration = Duration::from_secs(2);

/// Whether a listener lets connections in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It accepts.
    Open,
    /// The kernel completes connections and nobody takes them.
    Paused,
    /// The port refuses.
    Closed,
}

/// A wish of `/_control` to a listener, and where to say that it is done.
pub type Order = (Gate, oneshot::Sender<()>);

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// The endpoints over HTTP/1; `h2` offers HTTP/2 too, by ALPN or by prior knowledge.
    Http {
        /// Whether HTTP/2 is spoken.
        h2: bool,
    },
    /// The endpoints over HTTP/2 and nothing else.
    Http2,
    /// gRPC over HTTP/2: the Mesh server.
    Grpc,
    /// HTTP proxy; `auth` asks for `user:pass`.
    Proxy {
        /// Whether credentials are needed.
        auth: bool,
    },
    /// SOCKS 4, 4a, 5; `auth` asks for `user:pass`.
    Socks {
        /// Whether credentials are needed.
        auth: bool,
    },
}

/// One listener's settings.
#[derive(Clone)]
pub struct Service {
    /// Index into the state's counters.
    pub counter: usize,
    /// What it speaks.
    pub speaks: Speaks,
    /// TLS in front of it.
    pub tls: Option<TlsAcceptor>,
    /// The whole sandbox.
    pub state: Arc<State>,
}

impl Service {
    fn counter(&self) -> &Counter {
        &self.state.counters[self.counter]
    }

    fn spawn(&self, peer: String, socket: Socket) {
        let connection = self.state.next_connection();
        let counter = self.counter();
        counter.open.fetch_add(1, Ordering::Relaxed);
        counter.total.fetch_add(1, Ordering::Relaxed);
        let open = Open { service: self.clone(), connection };
        let origin = Origin { listener: counter.listener, connection, peer, extra: Map::new() };
        let task = tokio::spawn(async move {
            let service = open.service.clone();
            service.serve(socket, origin).await;
            drop(open);
        });
        self.state.register(connection, counter.listener, task.abort_handle());
    }

    async fn serve(&self, socket: Socket, mut origin: Origin) {
        let stream = match (socket, &self.tls) {
            (Socket::Unix(unix), _) => Stream::Unix(unix),
            (Socket::Tcp(tcp), None) => Stream::Tcp(tcp),
            (Socket::Tcp(tcp), Some(acceptor)) => match acceptor.accept(tcp).await {
                Ok(tls) => {
                    origin.extra = tls_facts(tls.get_ref().1);
                    Stream::Tls(Box::new(tls))
                }
                // A refused handshake is the client's business: the counters show the connection, the log nothing.
                Err(_) => return,
            },
        };
        if self.speaks == Speaks::Grpc {
            return mesh::serve(stream, &self.state, &origin).await;
        }
        let mut wire = Wire::new(stream);
        match self.speaks {
            Speaks::Grpc => {}
            Speaks::Http { h2 } => {
                let secure = self.tls.is_some();
                if h2 && begins_h2(&mut wire).await {
                    h2::serve(wire, &self.state, &origin, secure, self.counter).await;
                } else {
                    serve_http(wire, &self.state, &origin, secure).await;
                }
            }
            Speaks::Http2 => h2::serve(wire, &self.state, &origin, self.tls.is_some(), self.counter).await,
            Speaks::Proxy { auth } => proxy::serve(wire, &self.state, &origin, auth).await,
            Speaks::Socks { auth } => {
                let _ = socks::serve(&mut wire, &self.state, &origin, auth).await;
            }
        }
    }
}

/// Counts a connection down when its task ends, also when it is aborted.
struct Open {
    service: Service,
    connection: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.service.counter().open.fetch_sub(1, Ordering::Relaxed);
        self.service.state.forget(self.connection);
    }
}

enum Socket {
    Tcp(TcpStream),
    Unix(tokio::net::UnixStream),
}

fn tls_facts(connection: &rustls::ServerConnection) -> Map<String, Value> {
    let tls = json!({
        "version": connection.protocol_version().and_then(|version| version.as_str().map(str::to_owned)),
        "sni": connection.server_name(),
        "alpn": connection.alpn_protocol().map(String::from_utf8_lossy),
        "resumed": connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        "client_certificate": connection.peer_certificates().is_some(),
    });
    Map::from_iter([("tls".to_owned(), tls)])
}

/// Accepts TCP connections for ever, as far as the gate is open.
pub async fn accept_tcp(mut listener: TcpListener, service: Service, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut gate = Gate::Open;
    loop {
        let order = tokio::select! {
            biased;
            order = orders.recv() => order,
            accepted = listener.accept(), if gate == Gate::Open => {
                match accepted {
                    Ok((tcp, peer)) => {
                        let _ = tcp.set_nodelay(true);
                        service.spawn(peer.to_string(), Socket::Tcp(tcp));
                    }
                    // Out of descriptors: the only cure is to wait for some to close.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
                continue;
            }
        };
        // The sandbox is gone.
        let Some((wanted, done)) = order else { return };
        gate = wanted;
        if gate == Gate::Closed {
            let Ok(address) = listener.local_addr() else { return };
            drop(listener);
            let _ = done.send(());
            // Closed until it is told otherwise; what is asked meanwhile is asked of a port that refuses.
            let done = loop {
                match orders.recv().await {
                    Some((Gate::Closed, done)) => drop(done.send(())),
                    Some((wanted, done)) => {
                        gate = wanted;
                        break done;
                    }
                    None => return,
                }
            };
            listener = loop {
                match sandbox::bind(address) {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            let _ = done.send(());
        } else {
            let _ = done.send(());
        }
    }
}

/// Accepts Unix connections for ever.
pub async fn accept_unix(listener: UnixListener, service: Service) {
    loop {
        match listener.accept().await {
            Ok((unix, _)) => service.spawn("unix".to_owned(), Socket::Unix(unix)),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Whether the connection is one of HTTP/2: ALPN tells it, else its first bytes.
async fn begins_h2(wire: &mut Wire) -> bool {
    if let Stream::Tls(tls) = &wire.stream
        && let Some(protocol) = tls.get_ref().1.alpn_protocol()
    {
        return protocol == b"h2";
    }
    while PREFACE.starts_with(wire.pending()) && wire.pending().len() < PREFACE.len() {
        match wire.fill(2 << 10).await {
            Ok(count) if count > 0 => {}
            _ => return false,
        }
    }
    wire.pending().starts_with(PREFACE)
}

async fn serve_http(mut wire: Wire, state: &Arc<State>, origin: &Origin, secure: bool) {
    let mut number = 0;
    loop {
        let raw = match wire.read_head().await {
            Ok(Some(raw)) => raw,
            Ok(None) | Err(_) => return finish(wire, Next::Close, true).await,
        };
        number += 1;
        let request = match Request::parse(raw) {
            Ok(request) => request,
            Err(raw) => {
                if state.logging {
                    state.log.push(origin, number, raw, None);
                }
                let _ = wire.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
                return finish(wire, Next::Close, false).await;
            }
        };
        let logged = state.logging && !request.path().starts_with(b"/_");
        let entry = logged.then(|| state.log.push(origin, number, request.raw.clone(), None));
        let mut exchange = Exchange::new(Carrier::Wire(&mut wire), state, origin, secure, request, entry, false);
        let mut next = endpoint::serve(&mut exchange).await.unwrap_or(Next::Abort);
        if next == Next::Keep && !exchange.drain().await {
            next = Next::Close;
        }
        let whole = exchange.body_is_done();
        if next != Next::Keep {
            return finish(wire, next, whole).await;
        }
    }
}

/// Ends a connection as told. `whole` says that nothing of the client's is known to be unread.
pub async fn finish(mut wire: Wire, next: Next, whole: bool) {
    match next {
        Next::Reset => wire.stream.arm_reset(),
        Next::Keep | Next::Abort => {}
        Next::Close => {
            if wire.stream.shutdown().await.is_ok() && !whole {
                discard_for_a_while(&mut wire).await;
            }
        }
    }
}

/// Reads what the client still sends, so that the kernel does not answer it with RST.
pub async fn discard_for_a_while(wire: &mut Wire) {
    let _ = tokio::time::timeout(LINGER, discard(wire)).await;
}

async fn discard(wire: &mut Wire) -> io::Result<()> {
    let mut sink = vec![0; 64 << 10];
    while wire.stream.read(&mut sink).await? > 0 {}
    Ok(())
}

/// Sends one answer outside an exchange: the proxies' own words.
pub async fn answer(wire: &mut Wire, reply: &Reply, close: bool) -> io::Result<()> {
    let mut out = Vec::new();
    reply.put(&mut out, close);
    wire.write(&out).await
}
