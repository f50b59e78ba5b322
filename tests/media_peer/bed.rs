//! A connection with ears, and frames to send.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use haft::{
    engine::{
        media::{
            Codec, Kind,
            peer::{Arrived, Connection, Direction, Link, Stage, Terms, Watcher, Wish},
        },
        reactor::seat::Seat,
    },
    error::Error,
};

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a watcher heard.
#[derive(Debug)]
pub enum Heard {
    Found,
    Connecting,
    Connected,
    Interrupted,
    Over(Option<Error>),
    Frame(Arrived),
    Wanted(String),
    Channel(String),
    ChannelClosed(String),
    Data(String, bool, Vec<u8>),
    Candidate(Option<String>),
}

struct Ears(Sender<Heard>);

impl Watcher for Ears {
    fn stage(&self, stage: Stage) {
        let _ = self.0.send(match stage {
            Stage::Connecting => Heard::Connecting,
            Stage::Found => Heard::Found,
            Stage::Connected => Heard::Connected,
            Stage::Interrupted => Heard::Interrupted,
            Stage::Over(error) => Heard::Over(error),
        });
    }

    fn frame(&self, frame: Arrived) {
        let _ = self.0.send(Heard::Frame(frame));
    }

    fn keyframe_wanted(&self, mid: &str) {
        let _ = self.0.send(Heard::Wanted(mid.to_owned()));
    }

    fn channel(&self, label: &str) {
        let _ = self.0.send(Heard::Channel(label.to_owned()));
    }

    fn channel_closed(&self, label: &str) {
        let _ = self.0.send(Heard::ChannelClosed(label.to_owned()));
    }

    fn data(&self, label: &str, binary: bool, data: Vec<u8>) {
        let _ = self.0.send(Heard::Data(label.to_owned(), binary, data));
    }

    fn candidate(&self, candidate: Option<&str>) {
        let _ = self.0.send(Heard::Candidate(candidate.map(str::to_owned)));
    }
}

/// A connection with ears.
pub struct Party {
    pub link: Arc<Link>,
    pub heard: Receiver<Heard>,
    pub seat: Arc<Seat>,
    /// The name of its checks in the last description.
    pub checks: std::cell::RefCell<Option<String>>,
}

pub fn terms() -> Terms {
    Terms {
        addresses: vec!["127.0.0.1".parse().unwrap()],
        loopback: true,
        stun: Vec::new(),
        timeout: Duration::from_secs(20),
        statistics: Duration::from_millis(100),
    }
}

impl Party {
    pub fn new() -> Party {
        Party::with(&terms())
    }

    pub fn with(terms: &Terms) -> Party {
        let seat = Arc::new(Seat::default());
        let (tell, heard) = channel();
        let link = Link::start(&seat, terms, Arc::new(Ears(tell))).unwrap();
        Party { link, heard, seat, checks: Default::default() }
    }

    pub fn next(&self) -> Heard {
        self.heard.recv_timeout(PATIENCE).expect("nothing came in time")
    }

    /// Hears until this is true of something; what comes before is lost.
    pub fn until<T>(&self, mut wanted: impl FnMut(Heard) -> Option<T>) -> T {
        loop {
            if let Some(it) = wanted(self.next()) {
                return it;
            }
        }
    }

    pub fn connected(&self) {
        self.until(|heard| match heard {
            Heard::Connected => Some(()),
            Heard::Over(error) => panic!("it was over: {error:?}"),
            _ => None,
        });
    }

    pub fn over(&self) -> Option<Error> {
        self.until(|heard| match heard {
            Heard::Over(error) => Some(error),
            _ => None,
        })
    }

    pub fn frame(&self) -> Arrived {
        self.until(|heard| match heard {
            Heard::Frame(frame) => Some(frame),
            Heard::Over(error) => panic!("it was over: {error:?}"),
            _ => None,
        })
    }

    /// Waits until the numbers tell the pair of addresses in use.
    pub fn until_pair(&self) {
        while self.link.statistics().pair.is_none() {
            std::thread::yield_now();
        }
    }

    pub fn channel(&self) -> String {
        self.until(|heard| match heard {
            Heard::Channel(label) => Some(label),
            _ => None,
        })
    }

    pub fn data(&self) -> (String, bool, Vec<u8>) {
        self.until(|heard| match heard {
            Heard::Data(label, binary, data) => Some((label, binary, data)),
            _ => None,
        })
    }
}

pub fn wish(codec: Codec, direction: Direction) -> Wish {
    Wish { kind: codec.kind().unwrap(), direction, codecs: vec![codec] }
}

/// Takes all of what is offered.
pub fn all(agreed: &haft::engine::media::peer::Agreed) -> Direction {
    agreed.direction
}

/// Has one side offer what it planned, and both be connected.
pub fn connect(offering: &Party, answering: &Party) {
    let offer = offering.link.offer(false).unwrap();
    let answer = answering.link.answer(&offer, &all).unwrap();
    offering.link.accept(&answer).unwrap();
    offering.connected();
    answering.connected();
}

/// Another offer and its answer, over the connection that there is: the names of the offering side's checks before and now.
pub fn renew(offering: &Party, answering: &Party, restart: bool) -> (Option<String>, Option<String>) {
    let name = |text: &str| text.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:").map(str::to_owned));
    let offer = offering.link.offer(restart).unwrap();
    let answer = answering.link.answer(&offer, &all).unwrap();
    offering.link.accept(&answer).unwrap();
    let before = offering.checks.replace(name(&offer));
    answering.checks.replace(name(&answer));
    (before, name(&offer))
}

pub fn mid(party: &Party, kind: Kind) -> String {
    party.link.tracks().into_iter().find(|track| track.kind == kind).unwrap().mid.into()
}

/// Frames made by hand, of which the packets are as those of real ones: each has the head of its codec, and content that
/// looks like that of no other.
pub fn frames(codec: Codec, count: usize, size: usize) -> Vec<Arc<[u8]>> {
    (0..count)
        .map(|at| {
            let keyframe = at % 25 == 0;
            let mut data: Vec<u8> = match (codec, keyframe) {
                // RFC 6386 9.1: the lowest bit is 0 for a keyframe, which goes on with a start code and its size.
                (Codec::Vp8, true) => vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0],
                (Codec::Vp8, false) => vec![0x11, 0, 0],
                // One of 20 ms in CELT, full band (RFC 6716 3.1).
                (Codec::Opus, _) => vec![0xfc],
                _ => panic!("no frames of {codec:?} are made by hand"),
            };
            let body = (0..size).map(|place| (place * 31 + at * 7 + place / 251) as u8 | 1);
            data.extend(body);
            data.into()
        })
        .collect()
}
