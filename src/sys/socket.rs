//! Sockets: non-blocking, not inherited by child processes, without SIGPIPE.

use std::{
    io,
    mem::{self, MaybeUninit},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

/// Where to connect to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Address {
    /// An IP address with a port.
    Tcp(SocketAddr),
    /// A unix socket in the file system.
    Unix(PathBuf),
}

/// What a socket carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bytes.
    Stream,
    /// Packets, on a connection (`SOCK_SEQPACKET`).
    Packets,
    /// Packets, without one (`SOCK_DGRAM`).
    Datagrams,
}

impl Kind {
    fn number(self) -> libc::c_int {
        match self {
            Kind::Stream => libc::SOCK_STREAM,
            Kind::Packets => libc::SOCK_SEQPACKET,
            Kind::Datagrams => libc::SOCK_DGRAM,
        }
    }
}

/// A socket. Dropping it closes the descriptor; so does dropping the last of its clones, which are the same socket.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Shared with the reactor, which must have let go of it before it is closed.
    fd: Arc<OwnedFd>,
    local: bool,
}

/// A way to look at a socket that somebody else reads. It does not keep the socket open.
#[derive(Debug)]
pub struct Glimpse {
    fd: Weak<OwnedFd>,
    local: bool,
}

/// What waits to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// Something.
    Bytes,
    /// The end of the connection.
    End,
}

impl Glimpse {
    /// Looks at what is there.
    #[must_use]
    pub fn look(&self) -> Seen {
        let Some(fd) = self.fd.upgrade() else { return Seen::End };
        match (Socket { fd, local: self.local }).peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Seen::Nothing,
            Ok(0) | Err(_) => Seen::End,
            Ok(_) => Seen::Bytes,
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT;

impl Socket {
    /// A new stream socket of the family of `address`.
    ///
    /// # Errors
    /// No descriptor is left, or the family is not supported.
    pub fn for_address(address: &Address) -> io::Result<Socket> {
        Socket::of_kind(address, Kind::Stream)
    }

    /// A new socket of the family of `address` that carries what `kind` says.
    ///
    /// # Errors
    /// As [`Socket::for_address`].
    pub fn of_kind(address: &Address, kind: Kind) -> io::Result<Socket> {
        let family = match address {
            Address::Tcp(SocketAddr::V4(_)) => libc::AF_INET,
            Address::Tcp(SocketAddr::V6(_)) => libc::AF_INET6,
            Address::Unix(_) => libc::AF_UNIX,
        };
        Ok(Socket { fd: Arc::new(open(family, kind)?), local: family == libc::AF_UNIX })
    }

    /// Binds the socket to a local address, any port.
    ///
    /// # Errors
    /// The address is not one of this machine's.
    pub fn bind(&self, address: IpAddr) -> io::Result<()> {
        self.bind_to(&Address::Tcp(SocketAddr::new(address, 0)))
    }

    /// Binds the socket to a local address, or makes the path of a unix socket, which is the caller's to remove.
    ///
    /// # Errors
    /// The address is not one of this machine's, or not free.
    pub fn bind_to(&self, address: &Address) -> io::Result<()> {
        let (storage, length) = encode(address)?;
        // SAFETY: `storage` holds an address of `length` bytes.
        check(unsafe { libc::bind(self.raw(), (&raw const storage).cast(), length) }).map(drop)
    }

    /// Starts to connect; true when that is done already, false when the socket must be polled for `OUT`.
    ///
    /// # Errors
    /// What the system says; `WouldBlock` for a unix socket whose queue is full (nothing was started).
    pub fn connect(&self, address: &Address) -> io::Result<bool> {
        if !self.local {
            self.option(libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        }
        let (storage, length) = encode(address)?;
        // SAFETY: `storage` holds an address of `length` bytes.
        match check(unsafe { libc::connect(self.raw(), (&raw const storage).cast(), length) }) {
            Ok(_) => Ok(true),
            // Interrupted means started as well (POSIX): it goes on in the background.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The pending error, for instance of a connect that went on in the background.
    ///
    /// # Errors
    /// That error.
    pub fn pending(&self) -> io::Result<()> {
        let mut value: libc::c_int = 0;
        let mut length = mem::size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: `value` has room for `length` bytes.
        check(unsafe {
            libc::getsockopt(self.raw(), libc::SOL_SOCKET, libc::SO_ERROR, (&raw mut value).cast(), &raw mut length)
        })?;
        if value == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(value)) }
    }

    /// Has the system ask the peer for a sign of life after so long a silence, and three times more at short distances; a
    /// peer that does not answer is an error of the socket then. A system that cannot leaves silences as they are.
    pub fn keep_alive(&self, idle: Duration) {
        // What systems take at the most, in seconds.
        let idle = i32::try_from(idle.as_secs_f64().ceil().clamp(1.0, 32_767.0) as u32).unwrap_or(i32::MAX);
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        const IDLE: libc::c_int = libc::TCP_KEEPALIVE;
        #[cfg(not(any(target_os = "macos", target_os = "ios")))]
        const IDLE: libc::c_int = libc::TCP_KEEPIDLE;
        let all = [
            (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
            (libc::IPPROTO_TCP, IDLE, idle),
            (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, idle.min(15)),
            (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 4),
        ];
        for (level, name, value) in all {
            let _ = self.option(level, name, value);
        }
    }

    fn option(&self, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
        let length = mem::size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: `value` is an int of `length` bytes.
        check(unsafe { libc::setsockopt(self.raw(), level, name, (&raw const value).cast(), length) }).map(drop)
    }

    /// Sends as much as fits now of `front` and then `back`, in one packet where possible.
    ///
    /// # Errors
    /// `WouldBlock` when nothing fits; else what the system says.
    pub fn send_two(&self, front: &[u8], back: &[u8]) -> io::Result<usize> {
        if back.is_empty() || front.is_empty() {
            return self.send(if back.is_empty() { front } else { back });
        }
        let parts =
            [front, back].map(|part| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() });
        // SAFETY: an all-zero `msghdr` is a valid empty message.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_iov = parts.as_ptr().cast_mut();
        message.msg_iovlen = 2;
        loop {
            // SAFETY: the message names two live slices, which the call only reads.
            match count(unsafe { libc::sendmsg(self.raw(), &raw const message, SEND_FLAGS) }) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Sends as much of `bytes` as fits now.
    ///
    /// # Errors
    /// As [`Socket::send_two`].
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            // SAFETY: the slice is live and only read.
            match count(unsafe { libc::send(self.raw(), bytes.as_ptr().cast(), bytes.len(), SEND_FLAGS) }) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Receives what is there; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; else what the system says.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_with(buffer, libc::MSG_DONTWAIT)
    }

    /// Waits for bytes without any limit, on a socket that [`Socket::let_wait`] allowed to; a shutdown ends the wait.
    ///
    /// # Errors
    /// As [`Socket::recv`].
    pub fn recv_waiting(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_with(buffer, 0)
    }

    /// Lets [`Socket::recv_waiting`] wait: the system's own flag goes, all other calls bring theirs along. Where not
    /// every kind of call may bring one, nothing changes, and whoever wants to wait finds that he must poll.
    pub fn let_wait(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: no memory is involved; a failure is the same as not having tried.
        unsafe {
            libc::fcntl(self.raw(), libc::F_SETFL, 0)
        };
    }

    /// Looks at what is there and leaves it there.
    ///
    /// # Errors
    /// As [`Socket::recv`].
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_with(buffer, libc::MSG_DONTWAIT | libc::MSG_PEEK)
    }

    /// How many bytes the next packet has, which stays where it is; 0 is the end of a connection.
    ///
    /// # Errors
    /// As [`Socket::recv`].
    pub fn next_packet(&self) -> io::Result<usize> {
        self.recv_with(&mut [], libc::MSG_DONTWAIT | libc::MSG_PEEK | libc::MSG_TRUNC)
    }

    fn recv_with(&self, buffer: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
        loop {
            // SAFETY: the slice is live, and the call writes at most its length.
            match count(unsafe { libc::recv(self.raw(), buffer.as_mut_ptr().cast(), buffer.len(), flags) }) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The address at the other end; none for a unix socket.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.name(libc::getpeername)
    }

    /// The address at this end; none for a unix socket.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.name(libc::getsockname)
    }

    fn name(
        &self,
        ask: unsafe extern "C" fn(RawFd, *mut libc::sockaddr, *mut libc::socklen_t) -> i32,
    ) -> Option<SocketAddr> {
        if self.local {
            return None;
        }
        let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
        let mut length = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: `storage` has room for `length` bytes, and all-zero is a valid address of no family.
        let storage = unsafe {
            check(ask(self.raw(), storage.as_mut_ptr().cast(), &raw mut length)).ok()?;
            storage.assume_init()
        };
        decode(&storage)
    }

    /// A way to look at it for others.
    #[must_use]
    pub fn glimpse(&self) -> Glimpse {
        Glimpse { fd: Arc::downgrade(&self.fd), local: self.local }
    }

    /// A share of the descriptor: it stays open as long as there is one.
    #[must_use]
    pub fn share(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    /// The descriptor, for polling and for cancelling.
    #[must_use]
    pub fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Shuts both directions of a descriptor down, which wakes whoever waits for it.
///
/// The caller makes sure that the descriptor is open and still the one meant.
pub fn shutdown(fd: RawFd) {
    // SAFETY: no memory is involved; a wrong descriptor gives an error, which is of no interest.
    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open(family: libc::c_int, kind: Kind) -> io::Result<OwnedFd> {
    let kind = kind.number() | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(check(libc::socket(family, kind, 0))?) })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open(family: libc::c_int, kind: Kind) -> io::Result<OwnedFd> {
    // SAFETY: a new descriptor, which nobody else owns; the other calls involve no memory but `one`.
    unsafe {
        let fd = OwnedFd::from_raw_fd(check(libc::socket(family, kind.number(), 0))?);
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK))?;
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        {
            let one: libc::c_int = 1;
            let length = mem::size_of::<libc::c_int>() as libc::socklen_t;
            check(libc::setsockopt(
                fd.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_NOSIGPIPE,
                (&raw const one).cast(),
                length,
            ))?;
        }
        Ok(fd)
    }
}

/// Writes an address as the system reads it.
fn encode(address: &Address) -> io::Result<(libc::sockaddr_storage, libc::socklen_t)> {
    // SAFETY: all-zero is a valid address of no family.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let room = &raw mut storage;
    let length = match address {
        Address::Tcp(SocketAddr::V4(address)) => {
            // SAFETY: the storage is large enough and aligned for every kind of address.
            let place = unsafe { &mut *room.cast::<libc::sockaddr_in>() };
            place.sin_family = libc::AF_INET as libc::sa_family_t;
            place.sin_port = address.port().to_be();
            place.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            mem::size_of::<libc::sockaddr_in>()
        }
        Address::Tcp(SocketAddr::V6(address)) => {
            // SAFETY: as above.
            let place = unsafe { &mut *room.cast::<libc::sockaddr_in6>() };
            place.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            place.sin6_port = address.port().to_be();
            place.sin6_flowinfo = address.flowinfo();
            place.sin6_addr.s6_addr = address.ip().octets();
            place.sin6_scope_id = address.scope_id();
            mem::size_of::<libc::sockaddr_in6>()
        }
        Address::Unix(path) => {
            // SAFETY: as above.
            encode_path(path, unsafe { &mut *room.cast::<libc::sockaddr_un>() })?;
            mem::size_of::<libc::sockaddr_un>()
        }
    };
    Ok((storage, length as libc::socklen_t))
}

fn encode_path(path: &Path, place: &mut libc::sockaddr_un) -> io::Result<()> {
    let bytes = path.as_os_str().as_bytes();
    // One byte stays free for the NUL.
    if bytes.len() >= place.sun_path.len() || bytes.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path of the unix socket was too long"));
    }
    place.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in place.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    Ok(())
}

fn decode(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which kind it is.
            let place = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(place.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(place.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let place = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(place.sin6_addr.s6_addr);
            let port = u16::from_be(place.sin6_port);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, place.sin6_flowinfo, place.sin6_scope_id)))
        }
        _ => None,
    }
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn count(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
