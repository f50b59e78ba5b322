//! More than one side can take: floods, peers that do not read, callbacks that take their time.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Instant,
};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::{Callback, Event, Kind, Session},
    value::Tree,
};

use super::bed::{
    Got, Peer, args, call, end, frame, got, inspect, listen, next, open, read_frame, root, sandbox, with,
};

/// A callback made of a function.
struct Calls<F>(F);

impl<F: Fn(Event) + Send + Sync> Callback for Calls<F> {
    fn deliver(&self, event: Event) {
        (self.0)(event);
    }
}

fn calls(call: impl Fn(Event) + Send + Sync + 'static) -> Option<Box<dyn Callback>> {
    Some(Box::new(Calls(call)))
}

/// A door that stays shut until it is opened.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    fn pass(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

#[test]
fn a_flood_waits_for_whoever_holds_it_back() {
    const COUNT: u64 = 50_000;
    let sandbox = sandbox();
    let socket = open(&sandbox.http, &format!("ws:/ws/flood?count={COUNT}&size=200"), "{\"compression\": false}");
    socket.subscribe("*", &args("{\"overflow\": \"wait\", \"queue_max\": 100}"), None, 0).unwrap();
    for number in 0..COUNT {
        let event = next(&socket);
        let Got::Bytes(bytes) = got(&event) else { panic!("no bytes") };
        let words = String::from_utf8_lossy(&bytes).into_owned();
        assert!(words.starts_with(&number.to_string()), "{number}: {}", &words[..20]);
        if number % 1000 == 0 {
            let queued = inspect(&socket, "stats")["queued"].as_u64().unwrap();
            assert!(queued <= 100, "{queued} were in the queue");
        }
    }
    assert_eq!(end(&socket), (1000, String::new(), None));
}

#[test]
fn a_flood_that_nobody_holds_back_loses_the_oldest() {
    const COUNT: u64 = 20_000;
    let sandbox = sandbox();
    let socket = open(&sandbox.http, &format!("ws:/ws/flood?count={COUNT}&size=50"), "{}");
    let door = Arc::new(Door::default());
    let (heard, dropped, last) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
    let callback = {
        let (door, heard, dropped, last) =
            (Arc::clone(&door), Arc::clone(&heard), Arc::clone(&dropped), Arc::clone(&last));
        calls(move |event| {
            door.pass();
            match event.kind() {
                Kind::Message => {
                    heard.fetch_add(1, Ordering::Relaxed);
                    *last.lock().unwrap() = Some(got(&event));
                }
                Kind::Dropped => {
                    let count = super::bed::json(event.value())["count"].as_u64().unwrap();
                    dropped.fetch_add(count, Ordering::Relaxed);
                }
                _ => {}
            }
        })
    };
    socket.subscribe("*", &args("{\"queue_max\": 100}"), callback, 0).unwrap();
    // The callback stands at the door until all has come; what waits for it is bounded.
    assert!(all_received(&socket, COUNT));
    door.open();
    socket.root.close(&Args::new()).unwrap();
    assert!(heard.load(Ordering::Relaxed) <= 102);
    assert_eq!(heard.load(Ordering::Relaxed) + dropped.load(Ordering::Relaxed), COUNT);
}

/// Waits until everything was received.
fn all_received(socket: &Session, count: u64) -> bool {
    let begin = Instant::now();
    while begin.elapsed().as_secs() < 30 {
        if inspect(socket, "stats")["messages_received"].as_u64().unwrap() == count {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn what_is_kept_for_the_first_subscriber_is_bounded() {
    let sandbox = sandbox();
    let socket =
        open(&sandbox.http, "ws:/ws/flood?count=30000&size=100", "{\"ping_interval\": 0.05, \"ping_timeout\": 0.05}");
    // It comes to rest at the bound, and being deaf it does not take the peer for gone.
    assert!(all_received(&socket, 10_000));
    assert_eq!(inspect(&socket, "stats")["kept"], 10_000);
    socket.subscribe("*", &args("{\"overflow\": \"wait\"}"), None, 0).unwrap();
    for _ in 0..30_000 {
        assert_eq!(next(&socket).kind(), Kind::Message);
    }
    assert_eq!(end(&socket).0, 1000);
}

/// A peer that takes the handshake and then reads nothing until it is told to.
fn deaf_peer() -> (Peer, mpsc::Sender<()>) {
    let (tell, hear) = mpsc::channel::<()>();
    let hear = Mutex::new(hear);
    let peer = Peer::start(1, move |stream, _| {
        let _ = hear.lock().unwrap().recv();
        let mut sink = vec![0; 1 << 20];
        while stream.read(&mut sink).is_ok_and(|count| count > 0) {}
    });
    (peer, tell)
}

/// Sends until the peer's buffers are full: the last one is stuck.
fn stuck(socket: &Session) -> u64 {
    let large = Tree::Bytes(vec![7u8; 32 << 20].into());
    let mut options = with("bytes", large);
    options.set("id", Tree::Int(99));
    let id = socket.submit(Some("send"), None, &options).unwrap();
    while inspect(socket, "stats")["bytes_sent"].as_u64().unwrap() == 0 {
        std::thread::yield_now();
    }
    id
}

#[test]
fn a_send_that_is_stuck_is_cancelled_at_once() {
    let (peer, go_on) = deaf_peer();
    let socket = open(&peer.url, "ws:/", "{\"compression\": false}");
    assert_eq!(stuck(&socket), 99);
    // Blocked behind it: it was not begun.
    let pair = Arc::new(socket);
    let other = Arc::clone(&pair);
    let mut options = with("text", "behind");
    options.set("id", Tree::Int(100));
    let waiting = std::thread::Builder::new()
        .spawn(move || {
            let result = other.request(Some("send"), None, &options);
            (result, Instant::now())
        })
        .unwrap();
    while inspect(&pair, "stats")["waiting"].as_u64().unwrap() < 1 {
        std::thread::yield_now();
    }
    let begin = Instant::now();
    pair.cancel(100);
    let (result, at) = waiting.join().unwrap();
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.known_outcome()), ("cancelled", Some(Outcome::NotSent)));
    let took = at.duration_since(begin);
    assert!(took.as_millis() < 50, "{took:?}");
    let begin = Instant::now();
    pair.cancel(99);
    let event = next(&pair);
    let took = begin.elapsed();
    let error = event.failure().unwrap().error();
    assert_eq!((event.id(), error.code(), error.known_outcome()), (99, "cancelled", Some(Outcome::Unknown)));
    assert!(took.as_millis() < 50, "{took:?}");
    println!("a stuck send was cancelled in {took:?}");
    drop(go_on);
    drop(pair);
    peer.join();
}

#[test]
fn a_send_has_its_time() {
    let (peer, go_on) = deaf_peer();
    let socket = open(&peer.url, "ws:/", "{\"compression\": false}");
    stuck(&socket);
    let mut options = args("{\"timeouts\": {\"total\": 0.1}}");
    options.set("text", "behind");
    let error = socket.request(Some("send"), None, &options).unwrap_err();
    assert_eq!((error.status(), error.known_outcome()), (Status::Timeout, Some(Outcome::NotSent)));
    // What waits without a thread that waits for it is bounded.
    let mut count = 0;
    let error = loop {
        let large = with("bytes", Tree::Bytes(vec![1u8; 20 << 20].into()));
        let id = socket.submit(Some("send"), None, &large).unwrap();
        let waiting = inspect(&socket, "stats")["waiting_bytes"].as_u64().unwrap();
        assert!(waiting <= 64 << 20, "{waiting}");
        count += 1;
        if count > 3 {
            let event = next(&socket);
            assert_eq!(event.id(), id);
            break event;
        }
    };
    assert_eq!(error.failure().unwrap().error().status(), Status::Limit);
    drop(go_on);
    drop(socket);
    peer.join();
}

#[test]
fn a_close_that_nobody_waits_for_any_more_is_said_all_the_same() {
    let (peer, go_on) = deaf_peer();
    let socket = open(&peer.url, "ws:/", "{\"compression\": false}");
    let id = stuck(&socket);
    let error = socket.request(Some("close"), None, &args("{\"timeouts\": {\"total\": 0.1}}")).unwrap_err();
    assert_eq!((error.status(), error.known_outcome()), (Status::Timeout, Some(Outcome::Unknown)));
    // Otherwise nothing could be sent and nothing would end.
    drop(go_on);
    let event = next(&socket);
    assert_eq!((event.id(), event.failure().is_none()), (id, true));
    let event = next(&socket);
    assert_eq!(event.kind(), Kind::Closed);
    drop(socket);
    peer.join();
}

#[test]
fn everything_arrives_when_the_peer_reads_at_last() {
    let (peer, go_on) = deaf_peer();
    let socket = open(&peer.url, "ws:/", "{\"compression\": false}");
    let id = stuck(&socket);
    go_on.send(()).unwrap();
    let event = next(&socket);
    assert_eq!(event.id(), id);
    assert!(event.failure().is_none());
    drop(socket);
    peer.join();
}

#[test]
fn a_callback_may_close_its_own_session() {
    let sandbox = sandbox();
    let session = root(&sandbox.http, "{}");
    let socket = Arc::new(session.attach("ws:/ws/flood?count=1000000&size=100", &Args::new()).unwrap());
    let (tell, hear) = mpsc::channel();
    let own = Arc::clone(&socket);
    let callback = calls(move |event| {
        if event.kind() == Kind::Message {
            let _ = tell.send(own.close(&Args::new()).is_ok());
        }
    });
    if let Err(error) = socket.subscribe("*", &Args::new(), callback, 0) {
        assert_eq!(error.code(), "closed", "the callback was quicker than the return");
    }
    assert!(hear.recv().unwrap());
    assert_eq!(next(&socket).kind(), Kind::Closed);
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_callback_may_send_and_wait() {
    let sandbox = sandbox();
    let session = root(&sandbox.http, "{}");
    let socket = Arc::new(session.attach("ws:/ws/echo", &Args::new()).unwrap());
    let (tell, hear) = mpsc::channel();
    let own = Arc::downgrade(&socket);
    let callback = calls(move |event| {
        let Got::Text(words) = got(&event) else { return };
        let number: u32 = words.parse().unwrap();
        if number == 20 {
            let _ = tell.send(number);
        } else if let Some(own) = own.upgrade() {
            own.request(Some("ping"), None, &Args::new()).unwrap();
            own.request(Some("send"), None, &with("text", (number + 1).to_string())).unwrap();
        }
    });
    socket.subscribe("*", &Args::new(), callback, 0).unwrap();
    socket.request(Some("send"), None, &with("text", "0")).unwrap();
    assert_eq!(hear.recv().unwrap(), 20);
    session.close(&Args::new()).unwrap();
}

#[test]
fn sockets_by_the_hundred() {
    let sandbox = sandbox();
    let session = root(&sandbox.http, "{}");
    let sockets: Vec<Session> = (0..200).map(|_| session.attach("ws:/ws/echo", &Args::new()).unwrap()).collect();
    for socket in &sockets {
        socket.subscribe("*", &Args::new(), None, 0).unwrap();
        socket.submit(Some("send"), None, &with("text", "all")).unwrap();
    }
    for socket in &sockets {
        let mut kinds = [next(socket).kind(), next(socket).kind()];
        kinds.sort_by_key(|kind| *kind as i32);
        assert_eq!(kinds, [Kind::Message, Kind::Response]);
    }
    session.close(&Args::new()).unwrap();
}

#[test]
fn two_subscribers_hear_the_same() {
    let peer = Peer::start(1, |stream, _| {
        assert!(read_frame(stream).is_some());
        stream.write_all(&[frame(0x81, b"text"), frame(0x82, b"bytes")].concat()).unwrap();
        while read_frame(stream).is_some_and(|(first, _)| first != 0x88) {}
        stream.write_all(&frame(0x88, b"\x03\xe8")).unwrap();
    });
    let socket = listen(&peer.url, "ws:/", "{}");
    let second = socket.subscribe("*", &Args::new(), None, 0).unwrap();
    call(&socket, "send", &with("text", "go")).unwrap();
    let mut heard: Vec<_> = (0..4).map(|_| next(&socket)).map(|event| (event.id() == second, got(&event))).collect();
    heard.sort_by_key(|(second, got)| (*second, matches!(got, Got::Bytes(_))));
    let both = [Got::Text("text".into()), Got::Bytes(b"bytes".to_vec())];
    assert_eq!(heard.iter().map(|(_, got)| got.clone()).collect::<Vec<_>>(), [both.clone(), both].concat());
    socket.close(&Args::new()).unwrap();
    peer.join();
}
