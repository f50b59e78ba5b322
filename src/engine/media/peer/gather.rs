//! Asks STUN servers how the sockets are seen from outside (RFC 8445 5.1.1.2): names are resolved, requests sent and repeated
//! (RFC 8489 6.2.1). Nothing here waits.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Context,
    time::{Duration, Instant},
};

use super::{
    protocol::Datagram,
    stun::{self, Answer, Number},
};
use crate::{
    engine::net::{
        cancel::Cancel,
        limits::{Guard, Limits},
        resolver,
    },
    log,
};

/// The port of a server that names none.
const PORT: u16 = 3478;
/// When a request is repeated for the first time; each next wait is twice as long.
const REPEAT: Duration = Duration::from_millis(500);
/// Servers that say nothing are not waited for any longer: the offers that want all candidates wait for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A question of one socket to one server.
struct Question {
    number: Number,
    local: SocketAddr,
    server: SocketAddr,
    at: Instant,
    wait: Duration,
}

/// A name that is being looked up.
struct Name {
    host: String,
    port: u16,
    bell: Arc<Cancel>,
}

/// What a datagram was to those who ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// No answer to a question.
    Other,
    /// An answer without news.
    Nothing,
    /// The address that the socket has outside.
    Address(SocketAddr),
}

/// What is asked, and what is not answered yet.
pub(super) struct Gather {
    names: Vec<Name>,
    questions: Vec<Question>,
    locals: Vec<SocketAddr>,
    until: Instant,
}

/// Host and port of a server, as options and the W3C write it.
fn split(server: &str) -> Option<(String, u16)> {
    let server = server.strip_prefix("stun:").unwrap_or(server);
    let server = server.split('?').next().unwrap_or_default();
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => match server.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (server, None),
        },
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|port| *port != 0))?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

impl Gather {
    /// Asks these servers for these sockets.
    pub fn new(servers: &[Box<str>], locals: Vec<SocketAddr>, now: Instant) -> Gather {
        let mut names = Vec::new();
        for server in servers {
            match split(server) {
                Some((host, port)) => names.push(Name { host, port, bell: Arc::default() }),
                None => log::warn(c"media", || format!("a STUN server could not be read: {server}")),
            }
        }
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        Gather { names, questions: Vec::new(), locals, until }
    }

    /// Whether there is nothing more to come.
    pub fn is_done(&self) -> bool {
        self.names.is_empty() && self.questions.is_empty()
    }

    /// When it wants to be called again.
    pub fn next(&self) -> Option<Instant> {
        if self.is_done() {
            return None;
        }
        Some(self.questions.iter().map(|question| question.at).chain([self.until]).min().unwrap_or(self.until))
    }

    /// Looks up and asks what is due.
    pub fn poll(&mut self, cx: &mut Context<'_>, now: Instant, out: &mut VecDeque<Datagram>) {
        if now >= self.until && !self.is_done() {
            log::debug(c"media", || format!("{} STUN servers did not answer", self.names.len() + self.questions.len()));
            self.names.clear();
            self.questions.clear();
        }
        let names = std::mem::take(&mut self.names);
        for name in names {
            if !self.ask(&name, cx, now) {
                self.names.push(name);
            }
        }
        for question in self.questions.iter_mut().filter(|question| question.at <= now) {
            let data = stun::request(&question.number);
            out.push_back(Datagram { from: question.local, to: question.server, data, urgent: true });
            question.at = now + question.wait;
            question.wait *= 2;
        }
    }

    /// Asks a server once its addresses are known; whether it is done with the name.
    fn ask(&mut self, name: &Name, cx: &mut Context<'_>, now: Instant) -> bool {
        let limits = Limits::default();
        // Heard before it is looked for: an answer between the two is not lost.
        if name.bell.heed(cx).is_err() {
            return true;
        }
        let found = match resolver::attempt(&name.host, &Guard::connect(&limits, &name.bell, now), &name.bell) {
            Ok(Some(found)) => found,
            Ok(None) => return false,
            Err(error) => {
                log::debug(c"media", || format!("a STUN server was left out: {error}"));
                return true;
            }
        };
        for local in &self.locals {
            let fits = |address: &&IpAddr| {
                address.is_ipv4() == local.is_ipv4() && address.is_loopback() == local.ip().is_loopback()
            };
            let Some(address) = found.iter().find(fits) else { continue };
            let mut number = Number::default();
            if getrandom::fill(&mut number).is_ok() {
                let server = SocketAddr::new(*address, name.port);
                self.questions.push(Question { number, local: *local, server, at: now, wait: REPEAT });
            }
        }
        true
    }

    /// What a datagram says, if it is an answer to one of the questions.
    pub fn take(&mut self, local: SocketAddr, remote: SocketAddr, datagram: &[u8]) -> Said {
        if self.questions.is_empty() || datagram.first().is_none_or(|byte| *byte > 1) {
            return Said::Other;
        }
        let Some((number, answer)) = stun::answer(datagram) else { return Said::Other };
        let asked =
            |question: &Question| question.number == number && question.local == local && question.server == remote;
        let Some(at) = self.questions.iter().position(asked) else { return Said::Other };
        let question = self.questions.swap_remove(at);
        let Answer::Mapped(address) = answer else { return Said::Nothing };
        // What is no address of a socket, and what is the socket's own, is no news.
        let ip = address.ip();
        let no_address = ip.is_unspecified() || ip.is_multicast() || address.port() == 0;
        let useful = !no_address && ip.is_ipv4() == local.is_ipv4() && address != question.local;
        if useful { Said::Address(address) } else { Said::Nothing }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.bell.heed_no_more();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn servers_are_read_as_the_w3c_writes_them() {
        let cases = [
            ("stun.example:5000", Some(("stun.example", 5000))),
            ("stun:stun.example", Some(("stun.example", 3478))),
            ("stun:192.0.2.1:19302?transport=udp", Some(("192.0.2.1", 19302))),
            ("[2001:db8::1]:99", Some(("2001:db8::1", 99))),
            ("stun:[2001:db8::1]", Some(("2001:db8::1", 3478))),
            ("2001:db8::1", Some(("2001:db8::1", 3478))),
            ("host:", None),
            ("host:0", None),
            ("host:70000", None),
            (":3478", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn a_request_is_repeated_ever_more_slowly_and_given_up() {
        let start = clock::now();
        let local = "192.0.2.9:1000".parse().unwrap();
        let mut gather = Gather::new(&["192.0.2.1:5".into()], vec![local, "[2001:db8::9]:7".parse().unwrap()], start);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut out = VecDeque::new();
        let mut sent = Vec::new();
        let mut now = start;
        while !gather.is_done() {
            gather.poll(&mut cx, now, &mut out);
            sent.extend(out.drain(..).map(|datagram| (now - start, datagram)));
            now = gather.next().unwrap_or(now);
        }
        let times: Vec<_> = sent.iter().map(|(time, _)| time.as_millis()).collect();
        assert_eq!(times, [0, 500, 1500, 3500]);
        assert_eq!(now - start, PATIENCE);
        assert!(sent.iter().all(|(_, datagram)| datagram.data == sent[0].1.data && datagram.from == local));
    }

    #[test]
    fn only_the_server_that_was_asked_may_answer() {
        let now = clock::now();
        let (local, server): (SocketAddr, SocketAddr) =
            ("192.0.2.9:1000".parse().unwrap(), "192.0.2.1:5".parse().unwrap());
        let mut gather = Gather::new(&["192.0.2.1:5".into()], vec![local], now);
        let mut out = VecDeque::new();
        gather.poll(&mut Context::from_waker(std::task::Waker::noop()), now, &mut out);
        let mut answer = out.pop_front().unwrap().data;
        answer.splice(0..4, [1, 1, 0, 12]);
        answer.extend([0, 1, 0, 8, 0, 1, 0x12, 0x34, 198, 51, 100, 1]);
        assert_eq!(gather.take(local, "192.0.2.2:5".parse().unwrap(), &answer), Said::Other);
        assert_eq!(gather.take(local, server, &answer[..20]), Said::Other);
        assert_eq!(gather.take(local, server, &answer), Said::Address("198.51.100.1:4660".parse().unwrap()));
        assert!(gather.is_done());
        assert_eq!(gather.take(local, server, &answer), Said::Other);
    }
}
