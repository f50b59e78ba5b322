//! A relay between two connections, which does what it is told to every datagram. Each side knows the other by an address of
//! the relay's.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every suite delays")]
pub enum Fate {
    Pass,
    Drop,
    Twice,
    /// Behind the next one.
    Late,
    /// So long later; those that come meanwhile may go before it.
    After(Duration),
    /// So long later, and once more so long behind that.
    Again(Duration),
}

/// How long it is before somebody looks whether it is over.
const LOOK: Duration = Duration::from_millis(20);

/// Decides; whether it goes from the offering side to the answering one is told as well.
pub type Rule = Box<dyn FnMut(bool, &[u8]) -> Fate + Send>;

pub struct Relay {
    /// The offering side, as the answering one sees it, and the reverse.
    sockets: [UdpSocket; 2],
    behind: Arc<Mutex<[Option<SocketAddr>; 2]>>,
    rule: Arc<Mutex<Rule>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Relay {
    pub fn new(rule: impl FnMut(bool, &[u8]) -> Fate + Send + 'static) -> Relay {
        let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let behind = Arc::new(Mutex::new([None; 2]));
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(rule)));
        let over = Arc::new(AtomicBool::new(false));
        // What comes to the first socket is for the offering side, and leaves by the second one.
        let threads = (0..2)
            .map(|at| {
                let [come, leave] = [at, 1 - at].map(|at: usize| sockets[at].try_clone().unwrap());
                come.set_read_timeout(Some(LOOK)).unwrap();
                let (behind, rule, over) = (Arc::clone(&behind), Arc::clone(&rule), Arc::clone(&over));
                thread::spawn(move || {
                    let (mut buffer, mut held) = ([0; 2048], None::<Vec<u8>>);
                    let mut waiting: Vec<(Instant, SocketAddr, Vec<u8>)> = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        if !waiting.is_empty() {
                            let now = Instant::now();
                            waiting.sort_by_key(|(at, ..)| *at);
                            let due = waiting.partition_point(|(at, ..)| *at <= now);
                            for (_, to, data) in waiting.drain(..due) {
                                let _ = leave.send_to(&data, to);
                            }
                            let next = waiting.first().map_or(LOOK, |(at, ..)| at.saturating_duration_since(now));
                            come.set_read_timeout(Some(next.clamp(Duration::from_millis(1), LOOK))).unwrap();
                        }
                        let Ok((count, _)) = come.recv_from(&mut buffer) else { continue };
                        let data = &buffer[..count];
                        let Some(to) = behind.lock().unwrap()[at] else { continue };
                        let fate = rule.lock().unwrap()(at == 1, data);
                        let times = match fate {
                            Fate::Pass => 1,
                            Fate::Twice => 2,
                            Fate::Drop => 0,
                            Fate::After(time) | Fate::Again(time) => {
                                let now = Instant::now();
                                waiting.push((now + time, to, data.to_vec()));
                                if matches!(fate, Fate::Again(_)) {
                                    waiting.push((now + 2 * time, to, data.to_vec()));
                                }
                                continue;
                            }
                            Fate::Late => {
                                held = Some(data.to_vec());
                                continue;
                            }
                        };
                        for _ in 0..times {
                            let _ = leave.send_to(data, to);
                        }
                        if let Some(data) = held.take() {
                            let _ = leave.send_to(&data, to);
                        }
                    }
                })
            })
            .collect();
        Relay { sockets, behind, rule, over, threads }
    }

    pub fn rule(&self, rule: impl FnMut(bool, &[u8]) -> Fate + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// The same within a message, whose length stays: a port of five digits for another.
    #[allow(dead_code, reason = "of the tests with a server")]
    pub fn replace(&self, at: usize, message: &mut [u8]) {
        const ADDRESS: &[u8] = b" 127.0.0.1 ";
        const KIND: &[u8] = b" typ host";
        let own = self.sockets[at].local_addr().unwrap().port();
        let mut start = 0;
        while let Some(found) = message[start..].windows(ADDRESS.len()).position(|window| window == ADDRESS) {
            start += found + ADDRESS.len();
            let Some(rest) = message.get_mut(start..start + 5 + KIND.len()) else { return };
            let port = std::str::from_utf8(&rest[..5]).ok().and_then(|port| port.parse().ok());
            if let Some(port) = port.filter(|_| rest.ends_with(KIND)) {
                self.behind.lock().unwrap()[at] = Some(SocketAddr::from(([127, 0, 0, 1], port)));
                rest[..5].copy_from_slice(format!("{own:05}").as_bytes());
            }
        }
    }

    fn through(&self, at: usize, description: &str) -> String {
        let own = self.sockets[at].local_addr().unwrap().port().to_string();
        let mut lines = Vec::new();
        for line in description.lines() {
            if !line.starts_with("a=candidate:") {
                lines.push(line.to_owned());
                continue;
            }
            let mut words: Vec<&str> = line.split(' ').collect();
            let port = words[5].parse().unwrap();
            self.behind.lock().unwrap()[at] = Some(SocketAddr::from(([127, 0, 0, 1], port)));
            words[5] = &own;
            lines.push(words.join(" "));
        }
        lines.join("\r\n") + "\r\n"
    }

    /// The offer, as the answering side is to see it.
    pub fn offer(&self, offer: &str) -> String {
        self.through(0, offer)
    }

    /// The answer, as the offering side is to see it.
    pub fn answer(&self, answer: &str) -> String {
        self.through(1, answer)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// What a datagram is (RFC 7983).
pub fn is_stun(data: &[u8]) -> bool {
    data[0] < 4
}

pub fn is_dtls(data: &[u8]) -> bool {
    (20..64).contains(&data[0])
}

/// Media, not its reports (RFC 5761).
pub fn is_rtp(data: &[u8]) -> bool {
    (128..192).contains(&data[0]) && !(192..=223).contains(&data[1])
}
