//! SOCKS 4, 4a and 5 (RFC 1928, 1929): bytes in, bytes out.

use std::net::{IpAddr, SocketAddr};

use super::proxy::{Kind, Proxy};
use crate::error::{Error, Outcome, Result, code};

/// Where the proxy has to connect to.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// An address, resolved here.
    Address(SocketAddr),
    /// A name, resolved by the proxy.
    Name(&'a str, u16),
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, then read exactly that many.
    Ask(Vec<u8>, usize),
    /// Read exactly that many bytes more.
    Read(usize),
    /// The connection stands.
    Done,
}

#[derive(Debug)]
enum State {
    Four,
    Method,
    Login,
    Answer,
    /// The rest of an answer, which says where the proxy connected from.
    Bound,
}

/// One handshake: [`Socks::start`], then [`Socks::input`] with exactly the bytes that were asked for.
#[derive(Debug)]
pub struct Socks {
    state: State,
    request: Vec<u8>,
    login: Option<Vec<u8>>,
    proxy: String,
}

impl Socks {
    /// Prepares the handshake and its first step.
    ///
    /// # Errors
    /// `proxy`, when the protocol cannot carry what it has to.
    pub fn start(proxy: &Proxy, target: &Target<'_>) -> Result<(Socks, Step)> {
        let name = proxy.authority();
        let impossible = |what: &str| {
            Error::new(&code::PROXY, what.to_owned()).phase("proxy").transient(false).outcome(Outcome::NotSent)
        };
        let user = proxy.user.as_deref().unwrap_or_default();
        if matches!(proxy.kind, Kind::Socks4 | Kind::Socks4a) {
            if user.contains('\0') {
                return Err(impossible("the user of the SOCKS proxy contained a NUL"));
            }
            let request = four(user, target).ok_or_else(|| impossible("SOCKS 4 cannot reach an IPv6 address"))?;
            let socks = Socks { state: State::Four, request: Vec::new(), login: None, proxy: name };
            return Ok((socks, Step::Ask(request, 8)));
        }
        let request = five(target).ok_or_else(|| impossible("the host name was too long for SOCKS"))?;
        let login = match &proxy.user {
            None => None,
            Some(_) => {
                let password = proxy.password.as_ref().map_or("", |password| password.reveal());
                let too_long = || impossible("the user or password was too long for SOCKS");
                Some(login(user, password).ok_or_else(too_long)?)
            }
        };
        // 0: no login, 2: user and password.
        let hello = if login.is_some() { vec![5, 2, 0, 2] } else { vec![5, 1, 0] };
        Ok((Socks { state: State::Method, request, login, proxy: name }, Step::Ask(hello, 2)))
    }

    /// Takes in the bytes that were asked for.
    ///
    /// # Errors
    /// `proxy`, with the reason that it gave.
    pub fn input(&mut self, bytes: &[u8]) -> Result<Step> {
        match (&self.state, bytes) {
            (State::Four, [0, 90, ..]) => Ok(Step::Done),
            (State::Four, [0, 92 | 93, ..]) => Err(self.error("did not accept the user").transient(false)),
            (State::Four, [0, ..]) => Err(self.error("could not connect to the target")),
            (State::Method, [5, 0]) => Ok(self.ask()),
            (State::Method, [5, 2]) => match self.login.take() {
                Some(login) => {
                    self.state = State::Login;
                    Ok(Step::Ask(login, 2))
                }
                None => Err(self.error("asked for a user and none was given").transient(false)),
            },
            (State::Method, [5, 255]) if self.login.is_none() => {
                Err(self.error("wanted a user and none was given").transient(false))
            }
            (State::Method, [5, _]) => Err(self.error("wanted another way to log in").transient(false)),
            (State::Login, [_, 0]) => Ok(self.ask()),
            (State::Login, _) => Err(self.error("did not accept the user or password").transient(false)),
            (State::Answer, [5, 0, _, kind, length]) => {
                // What is left of the address and the port; of a name the length was read already.
                let left = match kind {
                    1 => 4 + 1,
                    3 => usize::from(*length) + 2,
                    4 => 16 + 1,
                    _ => return Err(self.error("did not answer in SOCKS").transient(false)),
                };
                self.state = State::Bound;
                Ok(Step::Read(left))
            }
            (State::Answer, [5, reply, ..]) => Err(self.error(reason(*reply)).transient(*reply != 2)),
            (State::Bound, _) => Ok(Step::Done),
            _ => Err(self.error("did not answer in SOCKS").transient(false)),
        }
    }

    fn ask(&mut self) -> Step {
        self.state = State::Answer;
        Step::Ask(std::mem::take(&mut self.request), 5)
    }

    /// The proxy ended the connection, or something else is wrong with it.
    #[must_use]
    pub fn error(&self, what: &str) -> Error {
        Error::new(&code::PROXY, format!("the proxy {} {what}", self.proxy)).phase("proxy").outcome(Outcome::NotSent)
    }
}

fn reason(reply: u8) -> &'static str {
    match reply {
        2 => "did not allow this connection",
        3 => "could not reach the target's network",
        4 => "could not reach the target",
        5 => "was refused by the target",
        6 => "waited too long for the target",
        7 => "did not know how to connect",
        8 => "did not support this kind of address",
        _ => "failed to connect to the target",
    }
}

fn four(user: &str, target: &Target<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![4, 1];
    match target {
        Target::Address(SocketAddr::V4(address)) => {
            bytes.extend(address.port().to_be_bytes());
            bytes.extend(address.ip().octets());
            bytes.extend(user.as_bytes());
            bytes.push(0);
        }
        Target::Address(SocketAddr::V6(_)) => return None,
        Target::Name(host, port) => {
            bytes.extend(port.to_be_bytes());
            // 0.0.0.x says that a name follows.
            bytes.extend([0, 0, 0, 1]);
            bytes.extend(user.as_bytes());
            bytes.push(0);
            bytes.extend(host.as_bytes());
            bytes.push(0);
        }
    }
    Some(bytes)
}

fn five(target: &Target<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![5, 1, 0];
    let port = match target {
        Target::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    bytes.push(1);
                    bytes.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    bytes.push(4);
                    bytes.extend(ip.octets());
                }
            }
            address.port()
        }
        Target::Name(host, port) => {
            bytes.push(3);
            bytes.push(u8::try_from(host.len()).ok()?);
            bytes.extend(host.as_bytes());
            *port
        }
    };
    bytes.extend(port.to_be_bytes());
    Some(bytes)
}

fn login(user: &str, password: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![1];
    for part in [user, password] {
        bytes.push(u8::try_from(part.len()).ok()?);
        bytes.extend(part.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn proxy(kind: Kind, user: Option<&str>) -> Proxy {
        let mut proxy = Proxy::new(kind, "proxy", 1080);
        proxy.user = user.map(str::to_owned);
        proxy.password = user.map(|_| Secret::new("pw"));
        proxy
    }

    #[test]
    fn version_5_with_a_login_and_a_name() {
        let (mut socks, step) = Socks::start(&proxy(Kind::Socks5h, Some("me")), &Target::Name("host", 80)).unwrap();
        assert_eq!(step, Step::Ask(vec![5, 2, 0, 2], 2));
        assert_eq!(socks.input(&[5, 2]).unwrap(), Step::Ask(b"\x01\x02me\x02pw".to_vec(), 2));
        assert_eq!(socks.input(&[1, 0]).unwrap(), Step::Ask(b"\x05\x01\x00\x03\x04host\x00\x50".to_vec(), 5));
        assert_eq!(socks.input(&[5, 0, 0, 1, 127]).unwrap(), Step::Read(5));
        assert_eq!(socks.input(&[0, 0, 1, 0, 80]).unwrap(), Step::Done);
    }

    #[test]
    fn version_5_tells_why_it_failed() {
        let target = Target::Address(([127, 0, 0, 1], 80).into());
        let (mut socks, _) = Socks::start(&proxy(Kind::Socks5, None), &target).unwrap();
        assert_eq!(socks.input(&[5, 0]).unwrap(), Step::Ask(vec![5, 1, 0, 1, 127, 0, 0, 1, 0, 80], 5));
        let error = socks.input(&[5, 5, 0, 1, 0]).unwrap_err();
        assert_eq!((error.code(), error.message()), ("proxy", "the proxy proxy:1080 was refused by the target"));
    }

    #[test]
    fn version_4_and_4a() {
        let target = Target::Address(([10, 0, 0, 9], 80).into());
        let (mut socks, step) = Socks::start(&proxy(Kind::Socks4, Some("me")), &target).unwrap();
        assert_eq!(step, Step::Ask(b"\x04\x01\x00\x50\x0a\x00\x00\x09me\x00".to_vec(), 8));
        assert_eq!(socks.input(&[0, 90, 0, 0, 0, 0, 0, 0]).unwrap(), Step::Done);
        let (mut socks, step) = Socks::start(&proxy(Kind::Socks4a, None), &Target::Name("host", 80)).unwrap();
        assert_eq!(step, Step::Ask(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00host\x00".to_vec(), 8));
        assert_eq!(socks.input(&[0, 91, 0, 0, 0, 0, 0, 0]).unwrap_err().code(), "proxy");
    }

    #[test]
    fn what_cannot_be_said_is_refused_at_once() {
        let six = Target::Address(([0u16, 0, 0, 0, 0, 0, 0, 1], 80).into());
        assert_eq!(Socks::start(&proxy(Kind::Socks4, None), &six).unwrap_err().code(), "proxy");
        let long = "a".repeat(256);
        assert_eq!(Socks::start(&proxy(Kind::Socks5h, None), &Target::Name(&long, 80)).unwrap_err().code(), "proxy");
    }
}
