//! Makes a connection for a route: resolve, connect, shake hands with the proxy and in TLS.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use super::{
    cancel::Cancel,
    limits::{Fault, Guard, Limits},
    proxy::{Kind, Proxy, authority},
    race::{self, Connected},
    resolver,
    route::Route,
    socks::{Socks, Step, Target},
    stream::Stream,
    tunnel::Tunnel,
};
use crate::{
    clock,
    engine::tls::{
        config,
        session::{Session, TlsInfo},
        settings::TlsSettings,
    },
    error::{Error, Outcome, Result, code},
};

/// The buffer of a connection: room for an ordinary head and a small body.
const BUFFER: usize = 16 << 10;

/// A connection with what was received and not used yet.
#[derive(Debug)]
pub struct Connection {
    /// Its bytes.
    pub stream: Stream,
    /// Room for what is received.
    pub buffer: Vec<u8>,
    /// The first byte of `buffer` that is not used yet.
    pub start: usize,
    /// Behind the last received byte.
    pub end: usize,
    /// The address at the other end.
    pub remote: Option<SocketAddr>,
    /// The address at this end.
    pub local: Option<SocketAddr>,
    /// What is known about its TLS.
    pub tls: Option<Arc<TlsInfo>>,
}

impl Connection {
    /// What was received and not used yet.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Marks the first `count` received bytes as used.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.end {
            self.start = 0;
            self.end = 0;
        }
    }
}

/// When the steps were done.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// The addresses were known.
    pub resolved: Instant,
    /// The socket stood, and the proxy's tunnel with it.
    pub connected: Instant,
    /// TLS stood.
    pub secured: Option<Instant>,
}

/// Makes a connection. The call's handle owns it.
///
/// # Errors
/// What each step can say, all of them with the outcome `not_sent`.
pub fn establish(route: &Route, limits: &Limits, cancel: &Arc<Cancel>) -> Result<(Connection, Steps)> {
    make(route, limits, cancel).map_err(|error| error.outcome(Outcome::NotSent))
}

fn make(route: &Route, limits: &Limits, cancel: &Arc<Cancel>) -> Result<(Connection, Steps)> {
    let parts = route.parts();
    let proxy = parts.proxy.as_ref();
    // A certificate that cannot be read is told before anybody is troubled.
    if parts.https || proxy.is_some_and(|proxy| proxy.kind == Kind::Https) {
        config::client(&parts.tls)?;
    }
    let (connected, resolved) = reach(route, limits, cancel)?;
    let Connected { wire, remote, start } = connected;
    let guard = Guard::connect(limits, cancel, start);
    let local = wire.socket().local();
    let mut stream = Stream::Plain(wire);
    if let Some(proxy) = proxy {
        stream = pass(proxy, route, stream, &guard, cancel)?;
    }
    let connected = clock::now();
    let mut tls = None;
    let mut secured = None;
    if parts.https {
        let session = Session::connect(stream, &parts.host, &parts.tls, &guard)?;
        tls = Some(Arc::new(session.info()));
        stream = Stream::Tls(Box::new(session));
        secured = Some(clock::now());
    }
    stream.socket().let_wait();
    let connection = Connection { stream, buffer: vec![0; BUFFER], start: 0, end: 0, remote, local, tls };
    Ok((connection, Steps { resolved, connected, secured }))
}

/// The socket to the first hop.
fn reach(route: &Route, limits: &Limits, cancel: &Arc<Cancel>) -> Result<(Connected, Instant)> {
    let parts = route.parts();
    let Some(path) = &parts.unix_socket else {
        let (host, port) = match &parts.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&parts.host, parts.port),
        };
        return reach_tcp(route, host, port, limits, cancel).map_err(|error| blame(parts.proxy.as_ref(), error));
    };
    let resolved = clock::now();
    Ok((race::connect_unix(path, limits, cancel)?, resolved))
}

/// The proxy, and not the target, is what cannot be reached.
pub(crate) fn blame(proxy: Option<&Proxy>, error: Error) -> Error {
    match proxy {
        Some(proxy) if matches!(error.code(), "connect" | "resolve") => {
            let message = format!("the proxy {} could not be reached: {}", proxy.authority(), error.message());
            Error::new(&code::PROXY, message).phase("connect")
        }
        _ => error,
    }
}

fn reach_tcp(
    route: &Route,
    host: &str,
    port: u16,
    limits: &Limits,
    cancel: &Arc<Cancel>,
) -> Result<(Connected, Instant)> {
    let guard = Guard::connect(limits, cancel, clock::now());
    let addresses = look_up(route, host, port, &guard, cancel)?;
    let resolved = clock::now();
    let addresses: Vec<SocketAddr> =
        race::order(&addresses).into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let label = authority(host, port);
    Ok((race::connect(&addresses, route.parts(), &label, limits, cancel)?, resolved))
}

/// The addresses of a host that the route may use.
fn look_up(route: &Route, host: &str, port: u16, guard: &Guard<'_>, cancel: &Arc<Cancel>) -> Result<Vec<IpAddr>> {
    let addresses = match route.override_for(host, port) {
        Some(given) => given.to_vec(),
        None => resolver::resolve(host, guard, cancel)?,
    };
    usable(route, host, addresses)
}

/// Those of the addresses that the route may use.
pub(crate) fn usable(route: &Route, host: &str, mut addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>> {
    let parts = route.parts();
    addresses.retain(|address| {
        parts.family.allows(*address) && parts.local_address.is_none_or(|local| local.is_ipv4() == address.is_ipv4())
    });
    if addresses.is_empty() {
        let message = format!("the host {host} could not be resolved: it has no address of the wanted kind");
        return Err(Error::new(&code::RESOLVE, message).phase("resolve").transient(false));
    }
    Ok(addresses)
}

/// Gets from the proxy to the target, as far as that is not done by the form of the request.
fn pass(proxy: &Proxy, route: &Route, mut stream: Stream, guard: &Guard<'_>, cancel: &Arc<Cancel>) -> Result<Stream> {
    let parts = route.parts();
    match proxy.kind {
        Kind::Http | Kind::Https => {
            if proxy.kind == Kind::Https {
                let session = Session::connect(stream, &proxy.host, &for_proxy(&parts.tls), guard)?;
                stream = Stream::Tls(Box::new(session));
            }
            if !route.is_forward() {
                tunnel(&mut stream, Tunnel::new(proxy, &parts.host, parts.port), guard)?;
            }
        }
        Kind::Socks4a | Kind::Socks5h => {
            socks(&mut stream, proxy, &remote_target(proxy, &parts.host, parts.port), guard)?;
        }
        Kind::Socks4 | Kind::Socks5 => {
            let found = look_up(route, &parts.host, parts.port, guard, cancel)?;
            socks(&mut stream, proxy, &local_target(proxy, &parts.host, parts.port, &found)?, guard)?;
        }
    }
    Ok(stream)
}

/// The settings of TLS to the proxy: the name in them is the target's, not the proxy's.
pub(crate) fn for_proxy(settings: &TlsSettings) -> TlsSettings {
    TlsSettings { server_name: None, alpn: Vec::new(), ..settings.clone() }
}

/// What a SOCKS proxy that looks names up itself is asked for. A literal is an address for everybody.
pub(crate) fn remote_target<'a>(proxy: &Proxy, host: &'a str, port: u16) -> Target<'a> {
    match host.parse::<IpAddr>() {
        Ok(address) if proxy.kind == Kind::Socks5h || address.is_ipv4() => {
            Target::Address(SocketAddr::new(address, port))
        }
        _ => Target::Name(host, port),
    }
}

/// What a SOCKS proxy that wants addresses is asked for.
pub(crate) fn local_target(proxy: &Proxy, host: &str, port: u16, found: &[IpAddr]) -> Result<Target<'static>> {
    let usable = |address: &&IpAddr| proxy.kind == Kind::Socks5 || address.is_ipv4();
    // The other family may not be reachable from the proxy; IPv4 is what the protocol was made for.
    let Some(address) = found.iter().filter(usable).min_by_key(|address| address.is_ipv6()) else {
        let message = format!("SOCKS 4 cannot reach {host}, which has no IPv4 address");
        return Err(Error::new(&code::PROXY, message).phase("proxy").transient(false));
    };
    Ok(Target::Address(SocketAddr::new(*address, port)))
}

fn tunnel(stream: &mut Stream, mut tunnel: Tunnel, guard: &Guard<'_>) -> Result<()> {
    stream.send_all(guard, tunnel.request(), "proxy").map_err(|fault| lost(fault, &tunnel.error("")))?;
    let mut buffer = vec![0; 4096];
    loop {
        let count = stream.recv(guard, &mut buffer, false, "proxy").map_err(|fault| lost(fault, &tunnel.error("")))?;
        if count == 0 {
            return Err(tunnel.error("closed the connection"));
        }
        if tunnel.input(buffer.get(..count).unwrap_or_default())? {
            return Ok(());
        }
    }
}

fn socks(stream: &mut Stream, proxy: &Proxy, target: &Target<'_>, guard: &Guard<'_>) -> Result<()> {
    let (mut socks, mut step) = Socks::start(proxy, target)?;
    let mut buffer = [0; 512];
    loop {
        let count = match step {
            Step::Done => return Ok(()),
            Step::Read(count) => count,
            Step::Ask(bytes, count) => {
                stream.send_all(guard, &bytes, "proxy").map_err(|fault| lost(fault, &socks.error("")))?;
                count
            }
        };
        let mut got = 0;
        // No byte more than the answer has: what follows is the target's.
        while let Some(room) = buffer.get_mut(got..count).filter(|room| !room.is_empty()) {
            match stream.recv(guard, room, false, "proxy").map_err(|fault| lost(fault, &socks.error("")))? {
                0 => return Err(socks.error("closed the connection")),
                more => got += more,
            }
        }
        step = socks.input(buffer.get(..count).unwrap_or_default())?;
    }
}

pub(crate) fn lost(fault: Fault, who: &Error) -> Error {
    let what = format!("{} broke the connection", who.message().trim_end());
    fault.into_error(&code::PROXY, &what, "proxy")
}
