//! The same against the sandbox, which was written without a look at this client.

use haft::{clock::control::freeze, session::Kind};
use haft_sandbox::{Options, Sandbox};

use crate::peer::{args, create, data, next, seconds, told, value};

#[test]
fn a_stream_that_is_cut_again_and_again_is_whole() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for end in ["close", "abort", "reset"] {
        let session = create(&sandbox.http, "{}");
        let topic = format!("sse:/sse/drop?after=3&count=20&retry=1&end={end}");
        session.subscribe(&topic, &args("{}"), None, 0).unwrap();
        let (mut numbers, mut losses) = (Vec::new(), 0);
        loop {
            let event = next(&session);
            match event.kind() {
                Kind::Message => numbers.push(value(&event)["data"].as_str().unwrap().to_owned()),
                Kind::Lost => losses += 1,
                Kind::Restored => {}
                Kind::Ended => {
                    assert!(event.failure().is_none(), "{:?}", event.failure());
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        // A reset takes away what was not read yet: it comes again.
        assert_eq!(numbers, (1..=20).map(|number| format!("event {number}")).collect::<Vec<_>>(), "{end}");
        assert!(losses > 0);
        session.close(&args("{}")).unwrap();
    }
}

#[test]
fn a_server_that_is_busy_at_first_is_asked_again() {
    let clock = freeze();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = create(&sandbox.http, "{}");
    session
        .subscribe("sse:/sse/status?status=503&times=2&retry_after=100&count=1&end=stall", &args("{}"), None, 0)
        .unwrap();
    assert_eq!(told(&session, Kind::Lost).as_deref(), Some("event_stream"));
    for _ in 0..2 {
        clock.awaited(seconds(100)..=seconds(100));
        clock.advance(seconds(100));
    }
    assert_eq!(told(&session, Kind::Restored), None);
    assert_eq!(data(&session), "event 1");
    session.close(&args("{}")).unwrap();
}

#[test]
fn bytes_cut_anywhere_are_the_same_events() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let session = create(&sandbox.http, "{}");
    // A byte order mark, CRLF, four bytes of one character: EF BB BF "data: " F0 9F 98 80 CR LF CR LF.
    let hex = "efbbbf646174613a20f09f98800d0a0d0a";
    for at in 1..hex.len() / 2 {
        let topic = format!("sse:/sse/raw?hex={hex}&splits={at}&delay_ms=1&end=stall");
        let id = session.subscribe(&topic, &args("{}"), None, 0).unwrap();
        assert_eq!(data(&session), "\u{1f600}", "split at {at}");
        session.unsubscribe(id);
    }
    session.close(&args("{}")).unwrap();
}
