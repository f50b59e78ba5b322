//! Connecting to one of several addresses: happy eyeballs (RFC 8305).
//!
//! Families take turns; a new attempt starts 250 ms after the last one, or at once when one fails; the first that
//! stands wins. The connect limit counts for each address by itself.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    cancel::Cancel,
    limits::{Guard, Limits, reason, within},
    route::Parts,
    stream::Wire,
};
use crate::{
    clock,
    error::{Error, Outcome, Result, code},
    sys::{
        poll::{self, Interest},
        socket::{Address, Socket},
    },
};

/// How long one attempt is alone.
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Cancelling shuts the sockets down, which wakes the poll on Linux; elsewhere a socket that is still connecting may
/// not notice, so the handle is looked at this often.
const SLICE: Duration = Duration::from_millis(20);

/// A socket that stands.
#[derive(Debug)]
pub struct Connected {
    /// The socket.
    pub wire: Wire,
    /// The address that won; none for a unix socket.
    pub remote: Option<SocketAddr>,
    /// When its attempt began: the connect limit goes on from there.
    pub start: Instant,
}

struct Attempt {
    wire: Wire,
    address: SocketAddr,
    start: Instant,
}

/// Puts the addresses in the order of trying: families take turns, beginning with the first one's.
#[must_use]
pub fn order(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (mut like, mut other): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().copied().partition(|address| address.is_ipv4() == first.is_ipv4());
    let mut ordered = Vec::with_capacity(addresses.len());
    like.reverse();
    other.reverse();
    while !like.is_empty() || !other.is_empty() {
        ordered.extend(like.pop().into_iter().chain(other.pop()));
    }
    ordered
}

/// Connects to the first of `addresses` that answers, as `parts` say from where; `label` names the target in errors.
///
/// # Errors
/// `connect`, `connect_timeout`, `total_timeout`, the cancel.
pub fn connect(
    addresses: &[SocketAddr],
    parts: &Parts,
    label: &str,
    limits: &Limits,
    cancel: &Arc<Cancel>,
) -> Result<Connected> {
    let mut attempts: Vec<Attempt> = Vec::with_capacity(1);
    let mut waiting = addresses.iter();
    let mut next_start = clock::now();
    let mut failure: Option<Error> = None;
    loop {
        cancel.check()?;
        let now = clock::now();
        Guard::connect(&Limits { connect: None, ..*limits }, cancel, now).check(now, "connect").map_err(not_sent)?;
        if attempts.is_empty() || now >= next_start {
            if let Some(address) = waiting.next() {
                match start(*address, parts, cancel) {
                    Ok((wire, true)) => return Ok(Connected { wire, remote: Some(*address), start: now }),
                    Ok((wire, false)) => attempts.push(Attempt { wire, address: *address, start: now }),
                    Err(error) => {
                        cancel.check()?;
                        failure = Some(refused(label, &error));
                        continue;
                    }
                }
                next_start = now + ATTEMPT_DELAY;
            } else if attempts.is_empty() {
                let none =
                    || Error::new(&code::CONNECT, format!("could not connect to {label}: no address was usable"));
                return Err(not_sent(failure.unwrap_or_else(none).phase("connect")));
            }
        }
        if let Some(won) = wait(&mut attempts, waiting.len() > 0, next_start, label, limits, &mut failure)? {
            let Attempt { wire, address, start } = won;
            return Ok(Connected { wire, remote: Some(address), start });
        }
        if attempts.is_empty() {
            next_start = clock::now();
        }
    }
}

/// Waits until something happens to the attempts; returns the one that won and takes those out that failed.
fn wait(
    attempts: &mut Vec<Attempt>,
    more: bool,
    next_start: Instant,
    label: &str,
    limits: &Limits,
    failure: &mut Option<Error>,
) -> Result<Option<Attempt>> {
    let mut timeout = SLICE;
    if more {
        timeout = timeout.min(poll::left(next_start));
    }
    let deadlines = attempts.iter().filter_map(|attempt| attempt.start.checked_add(limits.connect?)).min();
    for deadline in deadlines.into_iter().chain(limits.total) {
        timeout = timeout.min(poll::left(deadline));
    }
    let mut interests: Vec<Interest> =
        attempts.iter().map(|attempt| Interest::new(attempt.wire.socket().raw(), poll::OUT)).collect();
    match poll::wait(&mut interests, Some(timeout)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
        Err(error) => return Err(not_sent(refused(label, &error))),
    }
    let now = clock::now();
    // From behind, so that taking one out does not move those that are still to be looked at.
    for at in (0..attempts.len()).rev() {
        let (Some(attempt), Some(interest)) = (attempts.get(at), interests.get(at)) else { continue };
        if interest.seen() != 0 {
            match attempt.wire.socket().pending() {
                Ok(()) => return Ok(Some(attempts.swap_remove(at))),
                Err(error) => *failure = Some(refused(label, &error)),
            }
        } else if limits.connect.is_some_and(|limit| now.saturating_duration_since(attempt.start) >= limit) {
            *failure = Some(late(label, limits.connect));
        } else {
            continue;
        }
        attempts.remove(at);
    }
    Ok(None)
}

/// A socket as a route wants it, not connected yet.
///
/// # Errors
/// What the system says.
pub(crate) fn socket(address: &Address, parts: &Parts) -> io::Result<Socket> {
    let socket = Socket::for_address(address)?;
    if let Some(local) = parts.local_address {
        socket.bind(local)?;
    }
    if let Some(idle) = parts.keepalive {
        socket.keep_alive(idle);
    }
    Ok(socket)
}

fn start(address: SocketAddr, parts: &Parts, cancel: &Arc<Cancel>) -> io::Result<(Wire, bool)> {
    let address = Address::Tcp(address);
    let mut wire = Wire::new(socket(&address, parts)?);
    // Armed after the connect: shutting down a socket that has not begun to connect would do nothing.
    let done = wire.socket().connect(&address)?;
    wire.arm(cancel).map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
    Ok((wire, done))
}

/// Connects to a unix socket.
///
/// # Errors
/// As [`connect`].
pub fn connect_unix(path: &std::path::Path, limits: &Limits, cancel: &Arc<Cancel>) -> Result<Connected> {
    let label = path.display().to_string();
    let start = clock::now();
    let guard = Guard::connect(limits, cancel, start);
    let address = Address::Unix(path.to_owned());
    let socket = Socket::for_address(&address).map_err(|error| not_sent(refused(&label, &error)))?;
    let mut wire = Wire::new(socket);
    loop {
        match wire.socket().connect(&address) {
            Ok(_) => {
                // Not before: shutting down a socket that is not connected would be without effect.
                wire.arm(cancel)?;
                return Ok(Connected { wire, remote: None, start });
            }
            // The queue of the listener is full, and nothing tells when it no longer is.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                guard.check(clock::now(), "connect").map_err(not_sent)?;
                if cancel.wait(Duration::from_millis(5)) {
                    cancel.check()?;
                }
            }
            Err(error) => return Err(not_sent(refused(&label, &error))),
        }
    }
}

pub(crate) fn late(label: &str, limit: Option<Duration>) -> Error {
    Error::new(&code::CONNECT_TIMEOUT, format!("the connection to {label} was not made{}", within(limit)))
        .phase("connect")
}

pub(crate) fn refused(label: &str, error: &io::Error) -> Error {
    Error::new(&code::CONNECT, format!("could not connect to {label}: {}", reason(error))).phase("connect")
}

fn not_sent(error: Error) -> Error {
    error.outcome(Outcome::NotSent)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let mixed = parse(&["::1", "::2", "10.0.0.1", "10.0.0.2", "::3"]);
        assert_eq!(order(&mixed), parse(&["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]));
    }

    #[test]
    fn a_refused_address_gives_way_to_the_next_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let bad = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
        let start = clock::now();
        let done = connect(&[bad, good], &Parts::default(), "x", &Limits::default(), &Arc::default()).unwrap();
        assert_eq!(done.remote, Some(good));
        assert!(start.elapsed() < ATTEMPT_DELAY);
        let error = connect(&[bad], &Parts::default(), "host:1", &Limits::default(), &Arc::default()).unwrap_err();
        assert_eq!(error.message(), "could not connect to host:1: connection refused");
        assert_eq!((error.code(), error.known_outcome()), ("connect", Some(Outcome::NotSent)));
    }

    #[test]
    fn a_silent_address_runs_into_its_limit() {
        // A listener with a full queue does not answer.
        let listener = full_listener();
        let limits = Limits { connect: Some(Duration::from_millis(30)), ..Limits::default() };
        let address = listener.0.local_addr().unwrap();
        let start = clock::now();
        let error = connect(&[address], &Parts::default(), "x", &limits, &Arc::default()).unwrap_err();
        assert_eq!(error.code(), "connect_timeout");
        assert!(start.elapsed() < Duration::from_secs(2));
        let total = Limits { total: Some(clock::now() + Duration::from_millis(30)), ..Limits::default() };
        assert_eq!(
            connect(&[address], &Parts::default(), "x", &total, &Arc::default()).unwrap_err().code(),
            "total_timeout"
        );
    }

    #[test]
    fn a_connect_can_be_cancelled() {
        let listener = full_listener();
        let address = listener.0.local_addr().unwrap();
        let cancel = Arc::new(Cancel::default());
        let other = cancel.clone();
        let start = clock::now();
        let thread = std::thread::spawn(move || {
            connect(&[address], &Parts::default(), "x", &Limits::default(), &other).unwrap_err().code().to_owned()
        });
        cancel.cancel();
        assert_eq!(thread.join().unwrap(), "cancelled");
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    /// A listener that accepts nobody, with its queue filled up.
    fn full_listener() -> (TcpListener, Vec<Wire>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let mut fill = Vec::new();
        // The standard library asks for a queue of 128 (some systems give more).
        for _ in 0..8192 {
            let socket = Socket::for_address(&address).unwrap();
            let done = socket.connect(&address).unwrap();
            let mut interest = [Interest::new(socket.raw(), poll::OUT)];
            let stands = done || poll::wait(&mut interest, Some(Duration::from_millis(50))).unwrap() == 1;
            fill.push(Wire::new(socket));
            if !stands {
                break;
            }
        }
        (listener, fill)
    }
}
