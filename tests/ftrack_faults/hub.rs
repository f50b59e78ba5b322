//! Every way in which a hub's connection can end or be disturbed: what is published arrives once and in order, here and
//! elsewhere, and a session that lived through it leaves nothing.

use haft::session::{Kind, Session};
use haft_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{
    bed::{args, call, inspect, session},
    guard::{discreet, ten},
};

const KEY: &str = "secret-key";

/// The fault, and whether the connection is lost by it.
const FAULTS: [(&str, bool); 15] = [
    ("hub=close&user=jenkins", true),
    ("hub=close&code=1012&user=jenkins", true),
    ("hub=close&code=1002&user=jenkins", true),
    ("hub=disconnect&user=jenkins", true),
    ("hub=abort&user=jenkins", true),
    ("hub=reset&user=jenkins", true),
    ("hub=restart&user=jenkins", true),
    ("hub=raw&hex=ffff&user=jenkins", true),
    ("hub=cut&when=before", true),
    ("hub=cut&when=after", true),
    ("hub=packet&text=8::&user=jenkins", false),
    ("hub=packet&text=9::x&user=jenkins", false),
    ("hub=packet&text=garbage&user=jenkins", false),
    ("hub=duplicate&times=2", false),
    ("hub=delay&seconds=0.01", false),
];

fn connected(sandbox: &Sandbox, user: &str) -> Session {
    let options = json!({"api_user": user, "hub_reconnect": {"delay": "5ms", "max_delay": "20ms"}});
    let session = session(sandbox, &options.to_string());
    call(&session, "connect", "", "{}");
    session.subscribe("topic=test.fault", &args("{}"), None, 0).unwrap();
    settle(&session);
    session
}

/// Packets are taken in order: what was said before is known.
fn settle(session: &Session) {
    call(session, "publish", "test.settle", "{}");
}

/// The numbers of the next so many events, and how often the connection was restored meanwhile.
fn heard(session: &Session, count: usize, lost: bool) -> Vec<u64> {
    let (mut numbers, mut restored) = (Vec::new(), !lost);
    while numbers.len() < count || !restored {
        let event = session.poll(30_000).unwrap().expect("it did not come in time");
        match event.kind() {
            Kind::Message => {
                let value: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
                numbers.push(value["data"]["n"].as_u64().unwrap());
            }
            Kind::Restored => restored = true,
            _ => {}
        }
    }
    numbers
}

fn nothing_more(session: &Session) {
    settle(session);
    let more = std::iter::from_fn(|| session.poll(0).unwrap());
    assert!(more.into_iter().all(|event| event.kind() != Kind::Message), "one came twice");
    assert_eq!(inspect(session, "hub")["unacknowledged"], 0);
}

fn survived(faults: &[(&str, bool)]) {
    for (fault, lost) in faults {
        let options = Options { ftrack: Some(haft_sandbox::FtrackSetup::default()), log: false, ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let other = connected(&sandbox, "martin");
        ten(fault, &[KEY], |_| {
            let own = connected(&sandbox, "jenkins");
            let publish = |n: u64| call(&own, "publish", "test.fault", &json!({"data": {"n": n}}).to_string());
            publish(0);
            sandbox.ftrack_order(fault).unwrap();
            (1..4).for_each(|n| drop(publish(n)));
            assert_eq!(heard(&own, 4, *lost), [0, 1, 2, 3], "{fault}");
            assert_eq!(heard(&other, 4, false), [0, 1, 2, 3], "{fault}");
            nothing_more(&own);
            nothing_more(&other);
            assert_eq!(inspect(&own, "hub")["losses"], u64::from(*lost), "{fault}");
            discreet(&own, &[KEY]);
            own.close(&haft::args::Args::new()).unwrap();
        });
    }
}

#[test]
fn a_connection_that_ends() {
    survived(&FAULTS[..5]);
}

#[test]
fn a_connection_that_breaks() {
    survived(&FAULTS[5..10]);
}

#[test]
fn a_connection_that_is_disturbed() {
    survived(&FAULTS[10..]);
}
