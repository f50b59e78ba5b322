//! The shortcut past the task of a connection, over a socket whose other end is read by tungstenite.

use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tungstenite::{Message, WebSocket, protocol::Role};

use crate::{
    engine::websocket::{
        Close, Outbox, Payload,
        order::{Done, Order, Ticket, What},
        stats::Stats,
    },
    error::Outcome,
    sys::socket::{Address, Socket},
};

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Bed {
    outbox: Arc<Outbox>,
    stats: Stats,
    bell: Arc<Bell>,
    socket: Socket,
    peer: WebSocket<TcpStream>,
}

impl Bed {
    fn new() -> Bed {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let socket = Socket::for_address(&address).unwrap();
        let _ = socket.connect(&address).unwrap();
        let peer = WebSocket::from_raw_socket(listener.accept().unwrap().0, Role::Server, None);
        let outbox = Arc::<Outbox>::default();
        outbox.lend(socket.clone());
        Bed { outbox, stats: Stats::default(), bell: Arc::default(), socket, peer }
    }

    fn next(&self, idle: bool) -> Option<Order> {
        let waker = Waker::from(Arc::clone(&self.bell));
        match self.outbox.poll_next(&mut Context::from_waker(&waker), idle) {
            Poll::Ready(order) => Some(order),
            Poll::Pending => None,
        }
    }

    fn order(&self, text: &str) -> Ticket {
        self.outbox.order_quietly(What::Message(Payload::Text(text.into()))).unwrap()
    }

    fn hear(&mut self) -> String {
        match self.peer.read().unwrap() {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// Sends until a part of a message does not fit: how many the peer has not read before it, and that one's ticket.
    fn fill(&mut self, text: &str) -> (usize, Ticket) {
        let mut unread = 0;
        loop {
            let mut ticket = self.order(text);
            self.outbox.push(&self.stats);
            if ticket.take().is_some() {
                unread += 1;
                continue;
            }
            if self.outbox.waiting().1 < text.len() {
                return (unread, ticket);
            }
            // The system took nothing of it: there has to be a little room.
            drop(ticket);
            assert!(self.next(true).is_none());
            assert_eq!(self.hear(), text);
            unread -= 1;
        }
    }
}

fn woken(bed: &Bed) -> usize {
    bed.bell.0.load(Ordering::Relaxed)
}

#[test]
fn an_idle_task_is_not_woken() {
    let mut bed = Bed::new();
    assert!(bed.next(true).is_none());
    for text in ["one", "", "three", &"x".repeat(60_000)] {
        let mut ticket = bed.order(text);
        bed.outbox.push(&bed.stats);
        assert!(matches!(ticket.take(), Some(Ok(Done::Sent))));
        assert_eq!(bed.hear(), text);
    }
    assert_eq!((woken(&bed), bed.outbox.waiting()), (0, (0, 0)));
    assert_eq!(bed.stats.messages_sent.load(Ordering::Relaxed), 4);
    // Heads and keys: 6 bytes for each of three, 8 for the long one.
    assert_eq!(bed.stats.bytes_sent.load(Ordering::Relaxed), 3 + 5 + 60_000 + 3 * 6 + 8);
}

#[test]
fn whoever_has_something_to_write_does_the_rest_as_well() {
    let bed = Bed::new();
    // It has something else to write, or has not looked yet.
    assert!(bed.next(false).is_none());
    let first = bed.order("first");
    assert_eq!(woken(&bed), 0, "until the push");
    bed.outbox.push(&bed.stats);
    assert_eq!(woken(&bed), 1);
    assert!(bed.next(true).is_some_and(|order| matches!(order.what, What::Message(_))));
    // It is at work on that one.
    let second = bed.order("second");
    bed.outbox.push(&bed.stats);
    assert_eq!(bed.outbox.waiting().0, 1);
    assert!(bed.next(true).is_some());
    assert!(bed.next(true).is_none());
    // Others wait in front.
    let (third, fourth) = (bed.order("third"), bed.order("fourth"));
    bed.outbox.push(&bed.stats);
    assert_eq!((woken(&bed), bed.outbox.waiting().0), (2, 2));
    assert_eq!(bed.stats.messages_sent.load(Ordering::Relaxed), 0);
    drop((first, second, third, fourth));
    assert!(bed.next(true).is_none());
    // What is too long to be written at once.
    let long = bed.order(&"x".repeat(70_000));
    bed.outbox.push(&bed.stats);
    assert_eq!((woken(&bed), long.give_up()), (3, Outcome::NotSent));
    // Nobody is there to be woken twice, and nothing to send.
    bed.outbox.push(&bed.stats);
}

#[test]
fn what_does_not_fit_comes_before_everything_else() {
    let mut bed = Bed::new();
    assert!(bed.next(true).is_none());
    let text = "0123456789".repeat(5000);
    let (count, ticket) = bed.fill(&text);
    assert!(woken(&bed) > 0);
    let behind = bed.order("behind");
    bed.outbox.push(&bed.stats);
    assert_eq!(ticket.give_up(), Outcome::Unknown, "it was begun");
    let Some(Order { what: What::Rest(rest), .. }) = bed.outbox.close_shortcut() else { panic!("there was no rest") };
    assert!(!rest.is_empty() && rest.len() < text.len());
    for _ in 0..count {
        assert_eq!(bed.hear(), text);
    }
    assert_eq!(bed.socket.send(&rest).unwrap(), rest.len());
    assert_eq!(bed.hear(), text);
    assert!(bed.next(true).is_some_and(|order| matches!(order.what, What::Message(_))));
    assert_eq!(bed.outbox.waiting(), (0, 0));
    drop(behind);
}

#[test]
fn an_end_leaves_nobody_in_doubt() {
    let ends: [fn(&Outbox); 3] = [
        Outbox::take_back,
        // Its close comes behind the frame.
        |outbox| {
            outbox.shut();
            assert_eq!(outbox.waiting().0, 1);
            outbox.take_back();
        },
        |outbox| outbox.end(&Close::lost()),
    ];
    for end in ends {
        let mut bed = Bed::new();
        assert!(bed.next(true).is_none());
        let (_, mut ticket) = bed.fill(&"0123456789".repeat(5000));
        end(&bed.outbox);
        let error = ticket.take().unwrap().unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("connection_lost", Some(Outcome::Unknown)));
        assert_eq!(bed.outbox.waiting(), (0, 0));
    }
    // Without a connection nothing takes the way of the one before.
    let bed = Bed::new();
    assert!(bed.next(true).is_none());
    bed.outbox.take_back();
    let ticket = bed.order("late");
    bed.outbox.push(&bed.stats);
    assert_eq!((woken(&bed), ticket.give_up()), (1, Outcome::NotSent));
}
