//! Messages over a Unix socket (spec/janus.md 1.4): one JSON object is one packet each way, on a connection
//! (`SOCK_SEQPACKET`) or, where the server has none of those, as datagrams, for which this side needs a path of its own.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{Carrier, Connecting, Connection, Ear, Ending, Parcel, Receipt, Road, Running, Withdraw};
use crate::{
    engine::{
        net::cancel::Cancel,
        reactor::{vigil::Vigil, wire::Watched},
    },
    error::{Error, Outcome, Result, code},
    sys::{
        environment,
        lock::Mutex,
        socket::{Address, Kind, Socket},
    },
    value::{Object, Tree},
};

/// The server reads a request into 8192 bytes, the last of which is a NUL; of a longer one nothing is heard again
/// (trap 8).
const LIMIT: usize = 8191;
/// Bytes of requests that may wait before those who do not wait themselves are refused.
const WAITING: usize = 64 << 20;
/// Packets that are read before others have their turn.
const TURN: usize = 256;

/// The way by a Unix socket.
pub struct UnixCarrier {
    /// The path of the server's socket.
    pub path: PathBuf,
    /// As it is shown.
    pub shown: String,
}

impl Carrier for UnixCarrier {
    fn url(&self) -> &str {
        &self.shown
    }

    fn needs_claim(&self) -> bool {
        true
    }

    fn limit(&self) -> usize {
        LIMIT
    }

    fn opens_at_once(&self) -> bool {
        true
    }

    fn open(&self, _cancel: &Arc<Cancel>) -> Result<Connecting> {
        let (address, shown) = (Address::Unix(self.path.clone()), self.shown.clone());
        Ok(Box::pin(async move {
            let opened = connected(&address).map_err(|error| refused(&shown, &error))?;
            let watched = Watched::new(&opened.socket).map_err(|error| refused(&shown, &error))?;
            Ok(Box::new(Standing { watched, opened, lane: Arc::default() }) as Box<dyn Connection>)
        }))
    }
}

/// A socket that is connected, and the path that was made for it.
struct Opened {
    socket: Socket,
    kind: Kind,
    /// Removed with the socket.
    _own: Option<Own>,
}

/// A path of our own, which goes with the socket.
struct Own(PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn connected(server: &Address) -> io::Result<Opened> {
    let socket = Socket::of_kind(server, Kind::Packets)?;
    match socket.connect(server) {
        Ok(_) => return Ok(Opened { socket, kind: Kind::Packets, _own: None }),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {}
        Err(error) => return Err(error),
    }
    let socket = Socket::of_kind(server, Kind::Datagrams)?;
    let own = own_path()?;
    socket.bind_to(&Address::Unix(own.clone()))?;
    let own = Own(own);
    socket.connect(server)?;
    Ok(Opened { socket, kind: Kind::Datagrams, _own: Some(own) })
}

/// A path for the answers, which nobody else guesses.
fn own_path() -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| io::Error::other("the system gave no random bytes"))?;
    let directory = environment::variable("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
    Ok(PathBuf::from(directory).join(format!("haft-{:016x}.sock", u64::from_ne_bytes(random))))
}

fn refused(shown: &str, error: &io::Error) -> Error {
    let message = format!("could not connect to {shown}: {error}");
    match error.kind() {
        io::ErrorKind::InvalidInput => Error::new(&code::INVALID_URL, message).with("key", "url"),
        kind => {
            // It may not be there yet, or not again.
            let passing = !matches!(kind, io::ErrorKind::PermissionDenied);
            Error::new(&code::CONNECT, message).phase("connect").transient(passing)
        }
    }
    .outcome(Outcome::NotSent)
}

fn lost(message: String) -> Ending {
    Ending { error: Some(Error::new(&code::CONNECTION_LOST, message).transient(true)) }
}

/// What waits to be sent.
#[derive(Default)]
struct Lane(Mutex<State>);

#[derive(Default)]
struct State {
    queue: VecDeque<(u64, String)>,
    bytes: usize,
    waker: Option<Waker>,
    leaving: bool,
    ended: bool,
    sent: u64,
    received: u64,
}

/// A place in it.
struct Placed {
    lane: Arc<Lane>,
    number: u64,
}

impl Withdraw for Placed {
    fn give_up(self: Box<Self>, _brings: bool) -> Outcome {
        let mut state = self.lane.0.lock();
        let Some(at) = state.queue.iter().position(|(number, _)| *number == self.number) else {
            return Outcome::Unknown;
        };
        if let Some((_, text)) = state.queue.remove(at) {
            state.bytes -= text.len();
        }
        Outcome::NotSent
    }
}

impl Lane {
    fn take(self: &Arc<Self>, parcel: Parcel) -> Result<Receipt> {
        let Parcel { number, text, waits, .. } = parcel;
        let mut state = self.0.lock();
        if state.ended || state.leaving {
            return Err(Error::new(&code::CONNECTION_LOST, "the connection has ended").outcome(Outcome::NotSent));
        }
        if !waits && state.bytes > 0 && state.bytes + text.len() > WAITING {
            let message = format!("{} bytes of requests waited for the server to read", state.bytes);
            return Err(Error::new(&code::LIMIT, message).outcome(Outcome::NotSent));
        }
        state.bytes += text.len();
        state.queue.push_back((number, text));
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(Receipt::Own(Box::new(Placed { lane: Arc::clone(self), number })))
    }
}

/// The way in, by which all threads send.
struct Way(Arc<Lane>);

impl Road for Way {
    fn send(&self, parcel: Parcel) -> Result<Receipt> {
        self.0.take(parcel)
    }

    fn leave(&self) {
        let mut state = self.0.0.lock();
        state.leaving = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn count(&self, shown: &mut Object) {
        let number = |number: u64| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let state = self.0.0.lock();
        shown.insert("bytes_sent", number(state.sent));
        shown.insert("bytes_received", number(state.received));
        shown.insert("waiting", number(state.queue.len() as u64));
        shown.insert("waiting_bytes", number(state.bytes as u64));
    }
}

/// A connection that stands. The order matters: the place at the reactor is given back before the socket is closed.
struct Standing {
    watched: Watched,
    opened: Opened,
    lane: Arc<Lane>,
}

impl Connection for Standing {
    fn road(&self) -> Arc<dyn Road> {
        Arc::new(Way(Arc::clone(&self.lane)))
    }

    fn run(self: Box<Self>, ear: Arc<dyn Ear>, cancel: Arc<Cancel>) -> Running {
        Box::pin(async move {
            let standing = *self;
            // Also when the reactor drops what runs.
            let _ended = Ended(Arc::clone(&standing.lane));
            let mut vigil = Vigil::new(cancel);
            match vigil.until(None, |cx| standing.turn(&*ear, cx)).await {
                Ok(Some(ending)) => ending,
                Ok(None) | Err(_) => Ending { error: None },
            }
        })
    }
}

/// Nothing more is taken.
struct Ended(Arc<Lane>);

impl Drop for Ended {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.ended = true;
        state.waker = None;
    }
}

impl Standing {
    /// Writes and reads what can be now.
    fn turn(&self, ear: &dyn Ear, cx: &mut Context<'_>) -> Poll<Ending> {
        if let Poll::Ready(ending) = self.write(ear, cx) {
            return Poll::Ready(ending);
        }
        for _ in 0..TURN {
            match self.watched.poll_read(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(lost(format!("the connection broke: {error}"))),
                Poll::Ready(Ok(())) => {}
            }
            match self.packet() {
                Ok(Some(packet)) => {
                    self.lane.0.lock().received += packet.len() as u64;
                    ear.heard(packet);
                }
                Ok(None) => return Poll::Ready(lost("the server closed the connection".to_owned())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.watched.read_dry(cx),
                Err(error) => return Poll::Ready(lost(format!("the connection broke: {error}"))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The next packet, whole; none at the end.
    fn packet(&self) -> io::Result<Option<Vec<u8>>> {
        let size = self.opened.socket.next_packet()?;
        if size == 0 && self.opened.kind == Kind::Packets {
            return Ok(None);
        }
        let mut packet = vec![0; size.max(1)];
        let size = self.opened.socket.recv(&mut packet)?;
        packet.truncate(size);
        Ok(Some(packet))
    }

    fn write(&self, ear: &dyn Ear, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let mut state = self.lane.0.lock();
            let Some((number, text)) = state.queue.front() else {
                if state.leaving {
                    return Poll::Ready(Ending { error: None });
                }
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    state.waker = Some(cx.waker().clone());
                }
                return Poll::Pending;
            };
            let (number, size) = (*number, text.len());
            // It never waits, so the lock may be held.
            let sent = self.opened.socket.send(text.as_bytes());
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(state);
                    self.watched.write_full(cx);
                    match self.watched.poll_write(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Err(error)) => return Poll::Ready(lost(format!("the connection broke: {error}"))),
                        Poll::Ready(Ok(())) => continue,
                    }
                }
                Err(error) if error.raw_os_error() != Some(libc::EMSGSIZE) => {
                    return Poll::Ready(lost(format!("the connection broke: {error}")));
                }
                done => {
                    drop(state.queue.pop_front());
                    state.bytes -= size;
                    if done.is_ok() {
                        state.sent += size as u64;
                        continue;
                    }
                    drop(state);
                    let message = format!("a request of {size} bytes was longer than the system takes as one packet");
                    ear.failed(number, Error::new(&code::MESSAGE_TOO_LARGE, message).outcome(Outcome::NotSent));
                }
            }
        }
    }
}
