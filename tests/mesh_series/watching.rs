//! The topic `series:PATH`.

use haft::{
    args::Args,
    session::{Kind, Session},
};
use serde_json::{Value, json};

use super::bed::{Bed, HOUR, NEW_YEAR, args, event_shown};

const DAY: &str = r#"{"interval": ["2016-01-01T00:00:00Z", "2016-01-02T00:00:00Z"], "every": 0.05}"#;

fn subscribe(bed: &Bed, topic: &str, json: &str) -> u64 {
    bed.session.subscribe(topic, &args(json), None, 0).unwrap()
}

fn write(session: &Session, hour: i64, value: f64) {
    let json = format!(r#"{{"points": [[{}, {value}]]}}"#, NEW_YEAR + hour * HOUR);
    session.stage(Some("write_series"), Some("key:3"), &args(&json)).unwrap();
}

fn times(event: &Value, what: &str) -> Vec<i64> {
    event[what]["times"].as_array().unwrap().iter().map(|time| (time.as_i64().unwrap() - NEW_YEAR) / HOUR).collect()
}

#[test]
fn changes_are_told_with_their_points() {
    let bed = Bed::new();
    subscribe(&bed, "series:key:3", &DAY.replace('}', r#", "initial": true}"#));
    let first = event_shown(&bed.next(Kind::Message));
    assert_eq!(times(&first, "added").len(), 24);
    assert_eq!((times(&first, "changed").len(), first["path"].clone()), (0, json!("key:3")));
    // What another session commits.
    let other = Session::create(&format!("mesh+http://{}", bed.sandbox.mesh["mesh"]), &args("{}")).unwrap();
    write(&other, 5, 55.5);
    other.commit(&Args::new()).unwrap();
    let event = event_shown(&bed.next(Kind::Message));
    assert_eq!((times(&event, "changed"), &event["changed"]["values"]), (vec![5], &json!([55.5])));
    assert!(times(&event, "added").is_empty() && times(&event, "removed").is_empty());
    // What this one has not committed.
    write(&bed.session, 6, 66.5);
    assert_eq!(event_shown(&bed.next(Kind::Message))["changed"]["values"], json!([66.5]));
}

#[test]
fn points_of_a_series_without_steps_come_and_go() {
    let bed = Bed::new();
    subscribe(&bed, "series:key:10", DAY);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let json =
        format!(r#"{{"points": [[{}, 9]], "start": {NEW_YEAR}, "end": {}}}"#, NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR);
    bed.call("write_series", "key:10", &json);
    let event = event_shown(&bed.next(Kind::Message));
    assert_eq!(
        (&event["added"]["times"], &event["removed"]["times"]),
        (&json!([NEW_YEAR + HOUR]), &json!([NEW_YEAR + HOUR / 2]))
    );
    assert_eq!(event["removed"]["values"], json!([1.0]));
}

#[test]
fn a_failure_is_lost_and_then_restored_with_what_has_changed() {
    let bed = Bed::new();
    subscribe(&bed, "series:key:3", &DAY.replace('}', r#", "initial": true}"#));
    bed.next(Kind::Message);
    bed.order("fault=status&method=ReadTimeseries&code=14&text=away&times=3");
    let lost = bed.next(Kind::Lost);
    assert!(lost.failure().unwrap().error().message().contains("away"));
    write(&bed.session, 7, 77.5);
    assert_eq!(event_shown(&bed.next(Kind::Restored))["path"], "key:3");
    assert_eq!(event_shown(&bed.next(Kind::Message))["changed"]["values"], json!([77.5]));
}

#[test]
fn what_will_not_get_better_ends_it() {
    let bed = Bed::new();
    subscribe(&bed, "series:key:77", DAY);
    let ended = bed.next(Kind::Ended);
    assert!(ended.failure().unwrap().error().message().contains("not found"));
    for (topic, json, key) in [
        ("series:key:3", "{}", "interval"),
        ("series:key:3", r#"{"interval": [5, 1]}"#, "interval"),
        ("series:key:x", r#"{"interval": [0, 1]}"#, "topic"),
        ("series:", r#"{"interval": [0, 1]}"#, "topic"),
        ("series:key:3", r#"{"interval": [0, 1], "every": "often"}"#, "every"),
    ] {
        let error = bed.session.subscribe(topic, &args(json), None, 0).unwrap_err();
        assert_eq!(
            (error.code(), super::bed::detail(&error, "key")),
            ("argument", json!(key)),
            "{topic} {json}: {error}"
        );
    }
}

#[test]
fn long_series_are_watched_by_the_worker() {
    let bed = Bed::long(r#"{"max_receive_size": 65536}"#, 1, 9000);
    let json = r#"{"interval": ["2020-01-01", "2021-01-01"], "every": 0.2, "initial": true}"#;
    let id = subscribe(&bed, "series:key:100000", json);
    assert_eq!(event_shown(&bed.next(Kind::Message))["added"]["times"].as_array().unwrap().len(), 366 * 24);
    let one = r#"{"points": [["2020-06-01T00:00:00Z", 5.25]]}"#;
    bed.call("write_series", "key:100000", one);
    assert_eq!(event_shown(&bed.next(Kind::Message))["changed"]["values"], json!([5.25]));
    bed.session.unsubscribe(id);
    std::thread::sleep(std::time::Duration::from_millis(500));
    let ((), after) = bed.methods(|| std::thread::sleep(std::time::Duration::from_millis(500)));
    assert!(after.is_empty(), "{after:?}");
}
