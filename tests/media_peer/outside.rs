//! How the sockets are seen from outside, by STUN servers of the tests (RFC 8489), and the end of everything.

use std::{
    fs,
    net::{SocketAddr, SocketAddrV4, UdpSocket},
    sync::mpsc::channel,
    thread,
};

use haft::{
    clock,
    engine::media::{
        Codec,
        peer::{Connection, Direction, Terms},
    },
};

use crate::bed::{Heard, PATIENCE, Party, connect, terms, wish};

/// A server that says to a request what it is told to; it serves until the test ends.
fn stun(mut says: impl FnMut(&[u8], SocketAddr) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            for answer in says(&buffer[..count], from) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
    address
}

/// A success with XOR-MAPPED-ADDRESS (14.2).
fn seen(request: &[u8], address: SocketAddrV4) -> Vec<u8> {
    let mut answer = vec![1, 1, 0, 12];
    answer.extend(&request[4..20]);
    answer.extend([0, 0x20, 0, 8, 0, 1]);
    answer.extend((address.port() ^ 0x2112).to_be_bytes());
    answer.extend((u32::from(*address.ip()) ^ 0x2112_A442).to_be_bytes());
    answer
}

fn asking(server: SocketAddr) -> Terms {
    Terms { stun: vec![format!("stun:{server}").into()], ..terms() }
}

#[test]
fn an_address_outside_is_told_late_or_stands_in_the_offer() {
    let outside: SocketAddrV4 = "198.51.100.7:4000".parse().unwrap();
    let (let_go, gate) = channel::<()>();
    let (tell, asked) = channel();
    let server = stun(move |request, _| {
        tell.send(request.to_vec()).unwrap();
        gate.recv().unwrap();
        // Garbage, another's answer, an answer that lies about its length, then the right one.
        let good = seen(request, outside);
        let mut other = good.clone();
        other[10] ^= 1;
        vec![vec![1; 30], other, good[..28].to_vec(), good]
    });
    let party = Party::with(&asking(server));
    party.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    let request = asked.recv_timeout(PATIENCE).unwrap();
    assert_eq!((request.len(), &request[..8]), (20, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..]));
    let offer = party.link.offer(false).unwrap();
    assert!(offer.contains("typ host") && !offer.contains("typ srflx"));
    let_go.send(()).unwrap();
    let Heard::Candidate(Some(line)) = party.next() else { panic!("no candidate") };
    assert!(line.starts_with("candidate:") && line.contains(" 198.51.100.7 4000 typ srflx raddr "), "{line}");
    assert!(matches!(party.next(), Heard::Candidate(None)));

    let server = stun(move |request, _| vec![seen(request, outside)]);
    let party = Party::with(&asking(server));
    assert!(matches!(party.next(), Heard::Candidate(None)));
    party.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], None).unwrap();
    assert!(party.link.offer(false).unwrap().contains(" 198.51.100.7 4000 typ srflx "));
}

#[test]
fn servers_that_lie_or_fail_are_no_news() {
    let own = stun(|request, from| match from {
        SocketAddr::V4(from) => vec![seen(request, from)],
        SocketAddr::V6(_) => panic!(),
    });
    let nowhere = stun(|request, _| vec![seen(request, "0.0.0.0:0".parse().unwrap())]);
    let refused = stun(|request, _| {
        let mut answer = vec![1, 0x11, 0, 0];
        answer.extend(&request[4..20]);
        vec![answer]
    });
    for server in [own, nowhere, refused] {
        let party = Party::with(&asking(server));
        let offer = { party.link.plan(&[], Some("x")).and_then(|()| party.link.offer(false)).unwrap() };
        assert!(matches!(party.next(), Heard::Candidate(None)));
        assert!(!offer.contains("srflx"));
    }
    // A name that cannot be, and one that nobody has.
    let party = Party::with(&Terms { stun: vec!["a b:99999".into(), "stun:nobody.invalid".into()], ..terms() });
    assert!(matches!(party.next(), Heard::Candidate(None)));
}

#[test]
fn a_silent_server_is_given_up() {
    let clock = clock::control::freeze();
    let server = stun(|_, _| Vec::new());
    let party = Party::with(&asking(server));
    loop {
        clock.advance(std::time::Duration::from_millis(250));
        match party.heard.recv_timeout(std::time::Duration::from_millis(5)) {
            Ok(Heard::Candidate(None)) => break,
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.map(|task| name(task.unwrap())).filter(|name| name.starts_with("haft")).collect()
}

#[test]
fn nothing_is_left_of_a_connection() {
    // By the end of the first round, which has made what the process keeps.
    let mut before = 0;
    for way in [0, 0, 1, 2] {
        let (one, other) = (Party::new(), Party::new());
        one.link.plan(&[wish(Codec::Vp8, Direction::SendRecv)], Some("x")).unwrap();
        connect(&one, &other);
        let deadline = clock::now() + PATIENCE;
        match way {
            // Closed by one side, let go of by the other, or cut off by the end of the session.
            0 => {
                one.link.close();
                one.link.close();
                assert!(one.over().is_none() && other.over().is_none());
                assert_eq!(one.link.say("x", false, b"late").unwrap_err().code(), "media_state");
            }
            1 => {
                let Party { link, heard, seat, .. } = one;
                drop(link);
                assert!(other.over().is_none());
                while heard.recv().is_ok() {}
                assert!(seat.finish(deadline) && other.seat.finish(deadline));
                continue;
            }
            _ => {
                assert!(other.seat.finish(deadline) && one.seat.finish(deadline));
                assert_eq!(one.over().unwrap().code(), "closed");
                continue;
            }
        }
        assert!(one.seat.finish(deadline) && other.seat.finish(deadline));
        if before == 0 {
            before = descriptors();
        }
    }
    assert_eq!((descriptors(), threads()), (before, Vec::<String>::new()));
}
