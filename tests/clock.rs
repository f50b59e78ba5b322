//! Time-outs and keepalives with the clock in the test's hands: nobody sleeps.
#![cfg(debug_assertions)]

use std::{
    future::poll_fn,
    io::Read,
    net::TcpListener,
    sync::mpsc,
    task::Poll,
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    clock::{self, control::freeze},
    engine::reactor::{Lease, beat, lease},
    session::{Kind, Session},
};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn an_hour_of_silence_passes_at_once() {
    let clock = freeze();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let session = Session::create(&format!("http://{}", listener.local_addr().unwrap()), &Args::new()).unwrap();
    let mut args = Args::new();
    args.set("timeouts.read", "1h");
    let id = session.submit(Some("GET"), Some("/"), &args).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    // The wait for the head is the only one: nothing was answered yet.
    assert_eq!(clock.awaited(seconds(3590)..=seconds(3600)), seconds(3600));
    clock.advance(seconds(3599));
    assert!(session.poll(0).unwrap().is_none(), "a second is left");
    clock.awaited(seconds(1)..=seconds(1));
    clock.advance(seconds(1));
    let event = session.poll(-1).unwrap().unwrap();
    assert_eq!((event.kind(), event.id()), (Kind::Response, id));
    let event = event.settled();
    assert_eq!(event.failure().unwrap().error().code(), "read_timeout");
    // The peer sees the end of the connection, not of the hour.
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert!(rest.starts_with(b"GET / HTTP/1.1\r\n"));
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_keepalive_of_twenty_seconds_beats_a_hundred_times() {
    let clock = freeze();
    let lease = lease().unwrap();
    let (tell, hear) = mpsc::channel();
    let start = clock::now();
    lease.run(async move {
        let mut beat = beat::every(seconds(20));
        for _ in 0..100 {
            beat.next().await;
            tell.send((clock::now() - start, beat::wakes())).unwrap();
        }
    });
    for number in 1..=100 {
        // A task enters its next beat only when it has its turn.
        let away = clock.awaited(seconds(0)..=seconds(21));
        clock.advance(away);
        let (passed, wakes) = hear.recv().unwrap();
        assert_eq!(passed, seconds(20 * number));
        assert_eq!(wakes, number, "the timer went off when nobody was due");
    }
    assert!(hear.recv().is_err(), "the beat ended with its task");
    assert!(lease.finish(clock::now() + seconds(10)));
}

/// Ten thousand keepalives of twenty seconds over ten minutes: a wake-up a second, not half a thousand.
#[test]
fn many_keepalives_share_their_wake_ups() {
    const BEATS: u64 = 10_000;
    let clock = freeze();
    let lease = lease().unwrap();
    let (tell, hear) = mpsc::channel();
    for number in 0..BEATS {
        let tell = tell.clone();
        lease.run(async move {
            // They begin within twenty seconds.
            let mut first = beat::every(seconds(1));
            for _ in 0..number % 20 {
                first.next().await;
            }
            drop(first);
            let mut beat = beat::every(seconds(20));
            loop {
                beat.next().await;
                if tell.send(beat::wakes()).is_err() {
                    return;
                }
            }
        });
    }
    drop(tell);
    settle(&lease);
    let (start, mut beats, mut wakes) = (clock::now(), 0, 0);
    while clock::now() - start < seconds(600) {
        clock.advance(clock.awaited(Duration::from_millis(1)..=seconds(21)));
        settle(&lease);
        for count in hear.try_iter() {
            (beats, wakes) = (beats + 1, count);
        }
    }
    assert!((BEATS * 29..=BEATS * 30).contains(&beats), "{beats}");
    assert!(wakes <= 621, "{wakes} wake-ups");
    drop(hear);
    assert!(lease.finish(clock::now() + seconds(10)));
}

/// Waits until everything that was woken had its turn, and what that woke as well.
fn settle(lease: &Lease) {
    let (tell, all) = mpsc::channel();
    lease.run(async move {
        // What other threads wake has its turn after some rounds only.
        for _ in 0..200 {
            let mut again = true;
            poll_fn(|cx| {
                if std::mem::take(&mut again) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
        }
        tell.send(()).unwrap();
    });
    all.recv().unwrap();
}

#[test]
fn a_beat_is_put_off_by_what_happens() {
    let clock = freeze();
    let lease = lease().unwrap();
    let (tell, hear) = mpsc::channel();
    let start = clock::now();
    lease.run(async move {
        let mut beat = beat::every(seconds(8));
        let mut bytes = beat::every(seconds(6));
        // After six seconds and after twelve.
        for _ in 0..2 {
            poll_fn(|cx| if beat.poll_tick(cx).is_ready() { panic!("it was put off") } else { bytes.poll_tick(cx) })
                .await;
            beat.put_off(clock::now());
        }
        drop(bytes);
        beat.next().await;
        tell.send(clock::now() - start).unwrap();
    });
    settle(&lease);
    while clock::now() - start < seconds(20) {
        clock.advance(clock.awaited(Duration::from_millis(1)..=seconds(8)));
        settle(&lease);
    }
    assert_eq!(hear.recv().unwrap(), seconds(20));
    assert!(lease.finish(clock::now() + seconds(10)));
}

#[test]
fn the_clock_goes_on_from_where_a_test_left_it() {
    let clock = freeze();
    let stopped = clock::now();
    clock.advance(seconds(3600));
    assert_eq!(clock::now(), stopped + seconds(3600));
    let wall = clock::epoch();
    drop(clock);
    let system = clock::to_system(clock::now() + seconds(5));
    assert!(clock::now() >= stopped + seconds(3600), "time does not go back");
    assert!(clock::epoch() + seconds(1) >= wall);
    #[expect(clippy::disallowed_methods, reason = "the system's clock is what it is compared with")]
    let real = Instant::now();
    assert!(system <= real + seconds(5), "the system waits by its own clock");
}
