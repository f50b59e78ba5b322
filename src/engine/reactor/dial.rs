//! Makes a connection on the reactor: the steps of [`connect`](crate::engine::net::connect) and the order of
//! [`race`](crate::engine::net::race), with the reactor's waiting.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    vigil::Vigil,
    wire::{Watched, Wired, wait},
};
use crate::{
    clock,
    engine::{
        net::{
            connect::{Connection, Steps, blame, for_proxy, local_target, lost, remote_target, usable},
            limits::{Fault, Guard, Limits},
            proxy::{Kind, Proxy, authority},
            race::{ATTEMPT_DELAY, late, order, refused, socket},
            resolver,
            route::{Parts, Route},
            socks::{Socks, Step, Target},
            stream::{Stream, Wire},
            tunnel::Tunnel,
        },
        tls::{
            config,
            session::{self, Session, TlsInfo},
            settings::TlsSettings,
        },
    },
    error::{Error, Outcome, Result, code},
    sys::socket::{Address, Socket},
};

/// How long to wait for a place in the full queue of a unix socket, which nothing announces.
const UNIX_PATIENCE: Duration = Duration::from_millis(5);

/// A socket that stands or is on its way. The place in the reactor goes first.
struct Attempt {
    watched: Watched,
    socket: Socket,
    remote: Option<SocketAddr>,
    start: Instant,
}

/// Makes a connection.
///
/// # Errors
/// What each step can say, all of them with the outcome `not_sent`.
pub async fn establish(route: &Route, limits: &Limits, vigil: &mut Vigil) -> Result<(Box<Wired>, Steps)> {
    make(route, limits, vigil).await.map_err(|error| error.outcome(Outcome::NotSent))
}

/// Each part in a box of its own: ten thousand calls may be at the first one.
async fn make(route: &Route, limits: &Limits, vigil: &mut Vigil) -> Result<(Box<Wired>, Steps)> {
    let parts = route.parts();
    // A certificate that cannot be read is told before anybody is troubled.
    if parts.https || parts.proxy.as_ref().is_some_and(|proxy| proxy.kind == Kind::Https) {
        config::client(&parts.tls)?;
    }
    let reached = Box::pin(reach(route, limits, vigil)).await?;
    if parts.https || parts.proxy.is_some() {
        return Box::pin(climb(reached, route, limits, vigil)).await;
    }
    let (Attempt { watched, socket, remote, .. }, resolved) = reached;
    let local = socket.local();
    let link = Link { watched, stream: Stream::Plain(Wire::new(socket)) };
    let steps = Steps { resolved, connected: clock::now(), secured: None };
    Ok((link.wired(remote, local, None), steps))
}

/// What comes above the socket: proxies and TLS.
async fn climb(
    (attempt, resolved): (Attempt, Instant),
    route: &Route,
    limits: &Limits,
    vigil: &mut Vigil,
) -> Result<(Box<Wired>, Steps)> {
    let parts = route.parts();
    let Attempt { watched, socket, remote, start } = attempt;
    let cancel = vigil.cancel().clone();
    let guard = Guard::connect(limits, &cancel, start);
    let local = socket.local();
    let mut link = Link { watched, stream: Stream::Plain(Wire::new(socket)) };
    if let Some(proxy) = &parts.proxy {
        link = Box::pin(pass(proxy, route, link, &guard, vigil)).await?;
    }
    let connected = clock::now();
    let (mut tls, mut secured) = (None, None);
    if parts.https {
        link = secure(link, &parts.host, &parts.tls, &guard, vigil).await?;
        if let Stream::Tls(session) = &link.stream {
            tls = Some(Arc::new(session.info()));
        }
        secured = Some(clock::now());
    }
    Ok((link.wired(remote, local, tls), Steps { resolved, connected, secured }))
}

/// A connection on its way up. The place in the reactor goes first.
struct Link {
    watched: Watched,
    stream: Stream,
}

impl Link {
    fn wired(self, remote: Option<SocketAddr>, local: Option<SocketAddr>, tls: Option<Arc<TlsInfo>>) -> Box<Wired> {
        let Link { watched, stream } = self;
        let connection = Connection { stream, buffer: Vec::new(), start: 0, end: 0, remote, local, tls };
        Box::new(Wired { watched, connection })
    }
}

/// The socket to the first hop.
async fn reach(route: &Route, limits: &Limits, vigil: &mut Vigil) -> Result<(Attempt, Instant)> {
    let parts = route.parts();
    if let Some(path) = &parts.unix_socket {
        let resolved = clock::now();
        return Ok((Box::pin(connect_unix(path, limits, vigil)).await?, resolved));
    }
    let (host, port) = match &parts.proxy {
        Some(proxy) => (&proxy.host, proxy.port),
        None => (&parts.host, parts.port),
    };
    reach_tcp(route, host, port, limits, vigil).await.map_err(|error| blame(parts.proxy.as_ref(), error))
}

async fn reach_tcp(
    route: &Route,
    host: &str,
    port: u16,
    limits: &Limits,
    vigil: &mut Vigil,
) -> Result<(Attempt, Instant)> {
    let cancel = vigil.cancel().clone();
    let guard = Guard::connect(limits, &cancel, clock::now());
    let addresses = look_up(route, host, port, &guard, vigil).await?;
    let resolved = clock::now();
    let addresses: Vec<SocketAddr> =
        order(&addresses).into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let label = authority(host, port);
    Ok((race(&addresses, route.parts(), &label, limits, vigil).await?, resolved))
}

/// The addresses of a host that the route may use.
async fn look_up(route: &Route, host: &str, port: u16, guard: &Guard<'_>, vigil: &mut Vigil) -> Result<Vec<IpAddr>> {
    if let Some(given) = route.override_for(host, port) {
        return usable(route, host, given.to_vec());
    }
    loop {
        let seen = vigil.cancel().rings();
        if let Some(found) = resolver::attempt(host, guard, vigil.cancel())? {
            return usable(route, host, found);
        }
        vigil.ring(seen, guard.deadline()).await?;
    }
}

/// Connects to the first of `addresses` that answers, as [`race::connect`](crate::engine::net::race::connect) does.
async fn race(
    addresses: &[SocketAddr],
    parts: &Parts,
    label: &str,
    limits: &Limits,
    vigil: &mut Vigil,
) -> Result<Attempt> {
    let cancel = vigil.cancel().clone();
    let mut attempts: Vec<Attempt> = Vec::with_capacity(1);
    let mut waiting = addresses.iter();
    let mut next_start = clock::now();
    let mut failure: Option<Error> = None;
    loop {
        cancel.check()?;
        let now = clock::now();
        Guard::connect(&Limits { connect: None, ..*limits }, &cancel, now).check(now, "connect")?;
        if attempts.is_empty() || now >= next_start {
            if let Some(address) = waiting.next() {
                match begin(*address, parts, now) {
                    Ok((attempt, true)) => return Ok(attempt),
                    Ok((attempt, false)) => attempts.push(attempt),
                    Err(error) => {
                        failure = Some(refused(label, &error));
                        continue;
                    }
                }
                next_start = now + ATTEMPT_DELAY;
            } else if attempts.is_empty() {
                let none =
                    || Error::new(&code::CONNECT, format!("could not connect to {label}: no address was usable"));
                return Err(failure.unwrap_or_else(none).phase("connect"));
            }
        }
        let late_at = attempts.iter().filter_map(|attempt| attempt.start.checked_add(limits.connect?)).min();
        let next = (waiting.len() > 0).then_some(next_start);
        let deadline = [late_at, next, limits.total].into_iter().flatten().min();
        let happens = |cx: &mut std::task::Context<'_>| {
            let stands = attempts.iter().position(|attempt| attempt.watched.poll_write(cx).is_ready());
            stands.map_or(Poll::Pending, Poll::Ready)
        };
        if let Some(at) = vigil.until(deadline, happens).await? {
            let attempt = attempts.swap_remove(at);
            match attempt.socket.pending() {
                Ok(()) => return Ok(attempt),
                Err(error) => failure = Some(refused(label, &error)),
            }
        }
        let now = clock::now();
        attempts.retain(|attempt| {
            let over = limits.connect.is_some_and(|limit| now.saturating_duration_since(attempt.start) >= limit);
            if over {
                failure = Some(late(label, limits.connect));
            }
            !over
        });
        if attempts.is_empty() {
            next_start = now;
        }
    }
}

fn begin(address: SocketAddr, parts: &Parts, now: Instant) -> std::io::Result<(Attempt, bool)> {
    let target = Address::Tcp(address);
    let socket = socket(&target, parts)?;
    let done = socket.connect(&target)?;
    // Not before: a socket that is not on its way counts as ready.
    let watched = Watched::new(&socket)?;
    Ok((Attempt { watched, socket, remote: Some(address), start: now }, done))
}

async fn connect_unix(path: &std::path::Path, limits: &Limits, vigil: &mut Vigil) -> Result<Attempt> {
    let label = path.display().to_string();
    let start = clock::now();
    let cancel = vigil.cancel().clone();
    let guard = Guard::connect(limits, &cancel, start);
    let address = Address::Unix(path.to_owned());
    let socket = Socket::for_address(&address).map_err(|error| refused(&label, &error))?;
    loop {
        match socket.connect(&address) {
            Ok(_) => {
                let watched = Watched::new(&socket).map_err(|error| refused(&label, &error))?;
                return Ok(Attempt { watched, socket, remote: None, start });
            }
            // The queue of the listener is full, and nothing tells when it no longer is.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                guard.check(clock::now(), "connect")?;
                vigil.sleep(UNIX_PATIENCE).await?;
            }
            Err(error) => return Err(refused(&label, &error)),
        }
    }
}

/// Shakes hands in TLS.
async fn secure(link: Link, host: &str, settings: &TlsSettings, guard: &Guard<'_>, vigil: &mut Vigil) -> Result<Link> {
    let Link { watched, stream } = link;
    let mut session = Session::begin(stream, host, settings)?;
    let done = wait(vigil, guard, "tls", |cx| {
        loop {
            match session.step() {
                Ok(true) => return Poll::Ready(Ok(())),
                Ok(false) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    // A step writes all it has before it reads.
                    let ready = if session.wants_write() {
                        watched.write_full(cx);
                        watched.poll_write(cx)?
                    } else {
                        watched.read_dry(cx);
                        watched.poll_read(cx)?
                    };
                    if ready.is_pending() {
                        return Poll::Pending;
                    }
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    });
    done.await.map_err(|fault| session::broken(fault, host))?;
    Ok(Link { watched, stream: Stream::Tls(Box::new(session)) })
}

/// Gets from the proxy to the target, as far as that is not done by the form of the request.
async fn pass(proxy: &Proxy, route: &Route, mut link: Link, guard: &Guard<'_>, vigil: &mut Vigil) -> Result<Link> {
    let parts = route.parts();
    match proxy.kind {
        Kind::Http | Kind::Https => {
            if proxy.kind == Kind::Https {
                link = secure(link, &proxy.host, &for_proxy(&parts.tls), guard, vigil).await?;
            }
            if !route.is_forward() {
                tunnel(&mut link, Tunnel::new(proxy, &parts.host, parts.port), guard, vigil).await?;
            }
        }
        Kind::Socks4a | Kind::Socks5h => {
            socks(&mut link, proxy, &remote_target(proxy, &parts.host, parts.port), guard, vigil).await?;
        }
        Kind::Socks4 | Kind::Socks5 => {
            let found = look_up(route, &parts.host, parts.port, guard, vigil).await?;
            let target = local_target(proxy, &parts.host, parts.port, &found)?;
            socks(&mut link, proxy, &target, guard, vigil).await?;
        }
    }
    Ok(link)
}

async fn tunnel(link: &mut Link, mut tunnel: Tunnel, guard: &Guard<'_>, vigil: &mut Vigil) -> Result<()> {
    let Link { watched, stream } = link;
    let sent = watched.send_all(stream, vigil, guard, tunnel.request(), "proxy").await;
    sent.map_err(|fault| lost(fault, &tunnel.error("")))?;
    let mut buffer = vec![0; 4096];
    loop {
        let received = watched.recv(stream, vigil, guard, &mut buffer, "proxy").await;
        let count = received.map_err(|fault| lost(fault, &tunnel.error("")))?;
        if count == 0 {
            return Err(tunnel.error("closed the connection"));
        }
        if tunnel.input(buffer.get(..count).unwrap_or_default())? {
            return Ok(());
        }
    }
}

async fn socks(
    link: &mut Link,
    proxy: &Proxy,
    target: &Target<'_>,
    guard: &Guard<'_>,
    vigil: &mut Vigil,
) -> Result<()> {
    let Link { watched, stream } = link;
    let (mut socks, mut step) = Socks::start(proxy, target)?;
    let mut buffer = [0; 512];
    let told = |fault: Fault, socks: &Socks| lost(fault, &socks.error(""));
    loop {
        let count = match step {
            Step::Done => return Ok(()),
            Step::Read(count) => count,
            Step::Ask(bytes, count) => {
                let sent = watched.send_all(stream, vigil, guard, &bytes, "proxy").await;
                sent.map_err(|fault| told(fault, &socks))?;
                count
            }
        };
        let mut got = 0;
        // No byte more than the answer has: what follows is the target's.
        while let Some(room) = buffer.get_mut(got..count).filter(|room| !room.is_empty()) {
            match watched.recv(stream, vigil, guard, room, "proxy").await.map_err(|fault| told(fault, &socks))? {
                0 => return Err(socks.error("closed the connection")),
                more => got += more,
            }
        }
        step = socks.input(buffer.get(..count).unwrap_or_default())?;
    }
}
