//! Reads and writes that are longer than a message.

use haft::session::Kind;
use serde_json::json;

use super::bed::{Bed, HOUR, NEW_YEAR, YEAR_2020, args, bits, detail, event_shown, hours, meta, points, series};

const MESSAGE: &str = r#"{"max_receive_size": 65536}"#;

/// What one long read gives: on a session that takes it.
fn whole(bed: &Bed, target: &str, start: i64, end: i64, more: &str) -> std::sync::Arc<haft::value::Series> {
    let wide =
        haft::session::Session::create(&format!("mesh+http://{}", bed.sandbox.mesh["mesh"]), &args("{}")).unwrap();
    let json = format!("{{\"start\": {start}, \"end\": {end}{more}}}");
    series(&wide.request(Some("read_series"), Some(target), &args(&json)).unwrap())
}

#[test]
fn a_long_read_is_cut_by_its_resolution() {
    let bed = Bed::long(MESSAGE, 1, 20_000);
    let (start, end) = (YEAR_2020 + 7, YEAR_2020 + 20_000 * HOUR - 11);
    // 20 000 points are 400 000 bytes: seven messages of 65 536, after one that was too long.
    let (answer, calls) = bed.methods(|| bed.read("key:100000", start, end, ""));
    let found = series(&answer);
    assert_eq!(found.times, (0..=20_000).map(|hour| YEAR_2020 + hour * HOUR).collect::<Vec<_>>());
    assert_eq!(bits(&found), bits(&whole(&bed, "key:100000", start, end, "")));
    assert!((8..=12).contains(&calls.len()), "{}", calls.len());
    assert_eq!(meta(&answer)["interval"], json!([start, end]));
    assert_eq!(meta(&answer)["key"], json!(100_000));

    // Submitted, it begins on the reactor and goes on with the worker.
    let json = format!("{{\"start\": {start}, \"end\": {end}}}");
    let event = bed.submitted("read_series", "key:100000", &args(&json));
    let again = event.response().unwrap_or_else(|| panic!("{}", event_shown(&event)));
    assert_eq!(series(again).times, found.times);
}

#[test]
fn a_short_message_may_still_be_too_long() {
    // Room for 26 points: the interval does not tell that there are more.
    let bed = Bed::long(r#"{"max_receive_size": 1100}"#, 2, 100);
    let (start, end) = (YEAR_2020, YEAR_2020 + 100 * HOUR);
    let found = series(&bed.read("key:100000", start, end, ""));
    assert_eq!(bits(&found), bits(&whole(&bed, "key:100000", start, end, "")));
    // Of points without a step nothing is known: the read is halved.
    let all = series(&bed.read("key:10", NEW_YEAR, NEW_YEAR + 9 * HOUR, ""));
    assert_eq!(all.times.len(), 3);
    // Among several only the long ones are cut.
    let json = format!(r#"{{"targets": [3, 100000, 10, 100001], "start": {start}, "end": {}}}"#, start + 100 * HOUR);
    let (answer, calls) = bed.methods(|| bed.call("read_series", "", &json));
    let items = super::bed::shown(&answer);
    let lengths: Vec<usize> =
        items.as_array().unwrap().iter().map(|item| item["series"]["times"].as_array().unwrap().len()).collect();
    assert_eq!((lengths[1], lengths[2], lengths[3]), (101, 1, 101));
    assert_eq!(items[3]["key"], 100_001);
    assert!(calls.iter().filter(|name| *name == "ReadTimeseriesStream").count() <= 4, "{calls:?}");
    bed.session.submit(Some("read_series"), None, &args(&json)).unwrap();
    let event = bed.next(Kind::Response);
    assert_eq!(super::bed::shown(event.response().unwrap()), items);
}

#[test]
fn what_cannot_be_cut_is_a_limit() {
    let bed = Bed::long(r#"{"max_receive_size": 600}"#, 1, 24);
    let day = format!(
        r#"{{"start": {YEAR_2020}, "end": {}, "resolution": "DAY", "method": "SUM"}}"#,
        YEAR_2020 + 500 * 24 * HOUR
    );
    let error = bed.fails("read_series", "key:100000", &day);
    assert_eq!((error.code(), error.status()), ("message_too_large", haft::error::Status::Limit));
    let error =
        bed.fails("read_series", "key:100000", &format!(r#"{{"start": {YEAR_2020}, "end": {}}}"#, YEAR_2020 + 1));
    assert_eq!(error.code(), "message_too_large", "{error}");
}

#[test]
fn the_servers_own_limit_is_obeyed_too() {
    let bed = Bed::long("{}", 1, 400);
    bed.order("fault=status&method=ReadTimeseries&code=8&text=Received message larger than max (5000000 vs. 4194304)");
    let (start, end) = (YEAR_2020, YEAR_2020 + 400 * HOUR);
    let (answer, calls) = bed.methods(|| bed.read("key:100000", start, end, ""));
    assert_eq!(calls.len(), 3);
    assert_eq!(bits(&series(&answer)), bits(&whole(&bed, "key:100000", start, end, "")));
    // Another refusal of one of the spans is the whole read's.
    bed.order("fault=status&method=ReadTimeseries&code=8&text=Received message larger than max (5000000 vs. 4194304)");
    bed.order("fault=status&method=ReadTimeseries&code=7&text=no&skip=1");
    let error = bed.fails("read_series", "key:100000", &format!(r#"{{"start": {start}, "end": {end}}}"#));
    assert_eq!(detail(&error, "grpc_status"), "PERMISSION_DENIED");
}

#[test]
fn steps_of_a_transformation_are_whole_at_the_seams() {
    let bed = Bed::long(MESSAGE, 1, 10_000);
    let (start, end) = (YEAR_2020, YEAR_2020 + 10_000 * HOUR);
    for more in [
        r#", "resolution": "HOUR", "method": "AVG""#,
        r#", "resolution": "MIN30", "method": "AVG", "timezone": "LOCAL""#,
    ] {
        let (answer, calls) = bed.methods(|| bed.read("key:100000", start, end, more));
        assert!(calls.len() >= 4, "{}", calls.len());
        assert_eq!(bits(&series(&answer)), bits(&whole(&bed, "key:100000", start, end, more)), "{more}");
    }
}

#[test]
fn a_long_write_is_cut_into_intervals_that_touch() {
    let bed = Bed::long("{}", 1, 10);
    let all = hours(YEAR_2020, 450_000);
    let (_, calls) = bed.sent(|| bed.try_call("write_series", "key:100000", &points(all.clone())).unwrap());
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call["messages"][0]["length"].as_u64().unwrap() <= 4_194_304));
    let (start, end) = (YEAR_2020, YEAR_2020 + 450_000 * HOUR);
    let read = series(&bed.read("key:100000", start, end, r#", "trim": true"#));
    assert_eq!(bits(&read), bits(&all));

    // The second is refused: what was written is told, and the third is not sent.
    bed.order("fault=status&method=WriteTimeseries&code=13&text=full&skip=1&when=before");
    let (error, calls) =
        bed.methods(|| bed.try_call("write_series", "key:100000", &points(all.clone())).err().unwrap());
    assert_eq!(calls.len(), 2);
    let written = detail(&error, "written");
    assert_eq!(
        (&written["points"], &written["chunks"], &written["of"]),
        (&json!(150_000), &json!(1), &json!(3)),
        "{written}"
    );
    assert_eq!(written["interval"], json!([start, start + 150_000 * HOUR]));
}
