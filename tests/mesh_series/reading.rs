//! Reads of one and of several series.

use haft::session::Kind;
use serde_json::json;

use super::bed::{Bed, CHIMNEY, CHIMNEY_WHOLE, HOUR, MISSING, NEW_YEAR, YEAR_2020, args, detail, meta, series, shown};

/// What the official client reads of key 3 from 01:00 to 09:00: `arrow_table` as it is.
const KEY_3: [f64; 9] = [100.0, 200.0, 300.0, f64::NAN, 500.0, 600.0, 700.0, 800.0, 900.0];

#[test]
fn one_series_is_what_the_official_client_reads() {
    let bed = Bed::new();
    let (answer, calls) = bed.methods(|| bed.read("key:3", NEW_YEAR + HOUR, NEW_YEAR + 9 * HOUR, ""));
    assert_eq!(calls, ["ReadTimeseries"]);
    let found = series(&answer);
    // The series is piecewise linear: the point at the end comes along.
    assert_eq!(found.times, (1..=9).map(|hour| NEW_YEAR + hour * HOUR).collect::<Vec<_>>());
    assert!(
        found
            .values
            .iter()
            .zip(KEY_3)
            .all(|(found, wanted)| found.total_cmp(&wanted).is_eq() || found.is_nan() && wanted.is_nan()),
        "{found:?}"
    );
    assert_eq!(found.flags, [0, 0, 0, 0x4400_0000, 0, 0, 0, 0, 0]);
    let told = meta(&answer);
    assert_eq!((&told["key"], &told["resolution"]), (&json!(3), &json!("HOUR")));
    assert_eq!(told["interval"], json!([NEW_YEAR + HOUR, NEW_YEAR + 9 * HOUR]));

    // By path: the attribute's id and path, no key.
    let answer = bed.read(CHIMNEY, NEW_YEAR + HOUR, NEW_YEAR + 4 * HOUR, "");
    assert_eq!(series(&answer).values[..3], KEY_3[..3]);
    assert_eq!(series(&answer).times.len(), 4);
    let told = meta(&answer);
    assert_eq!((&told["key"], &told["path"]), (&json!(null), &json!(CHIMNEY_WHOLE)));
    let id = format!("id:{}", told["id"].as_str().unwrap());
    let again = bed.call("read_series", &id, r#"{"interval": ["2016-01-01T01:00:00Z", "2016-01-01T04:00:00Z"]}"#);
    assert_eq!(series(&again).times, series(&answer).times);

    // Steps: the point in force at the start, and none behind the end.
    let steps = series(&bed.read("key:10", NEW_YEAR + HOUR, NEW_YEAR + 8 * HOUR, ""));
    assert_eq!(
        (&steps.times[..], &steps.values[..]),
        (&[NEW_YEAR + HOUR / 2, NEW_YEAR + 2 * HOUR + HOUR * 3 / 4][..], &[1.0, 2.0][..])
    );
    let none = bed.read("key:9", NEW_YEAR, NEW_YEAR + HOUR, "");
    assert!(series(&none).times.is_empty());
    assert_eq!(meta(&none)["resolution"], "BREAKPOINT");
}

#[test]
fn trim_leaves_what_is_inside_once() {
    let bed = Bed::new();
    let inside = |from: i64, to: i64| (from..to).map(|hour| NEW_YEAR + hour * HOUR).collect::<Vec<_>>();
    let trimmed =
        || series(&bed.read("key:3", NEW_YEAR + HOUR, NEW_YEAR + 4 * HOUR, r#", "trim": true"#)).times.clone();
    assert_eq!(trimmed(), inside(1, 4));
    for fault in ["before", "after", "duplicate", "nan"] {
        bed.order(&format!("fault={fault}&method=ReadTimeseries"));
        assert_eq!(trimmed(), inside(1, 4), "{fault}");
        bed.order(&format!("fault={fault}&method=ReadTimeseries"));
        assert_eq!(series(&bed.read("key:3", NEW_YEAR + HOUR, NEW_YEAR + 4 * HOUR, "")).times.len(), 5, "{fault}");
    }
    bed.order("fault=unsorted&method=ReadTimeseries");
    assert_eq!(trimmed(), inside(1, 4));
    let steps = series(&bed.read("key:10", NEW_YEAR + HOUR, NEW_YEAR + 8 * HOUR, r#", "trim": true"#));
    assert_eq!(steps.times, [NEW_YEAR + 2 * HOUR + HOUR * 3 / 4]);
}

#[test]
fn several_series_come_in_order_in_one_call() {
    let bed = Bed::long("{}", 40, 24);
    let targets: Vec<String> = (0..40).rev().map(|number| format!("\"key:{}\"", 100_000 + number)).collect();
    let json = format!(
        r#"{{"targets": [{}, 3, "{CHIMNEY}"], "start": {YEAR_2020}, "end": {}}}"#,
        targets.join(","),
        YEAR_2020 + 3 * HOUR
    );
    let (answer, calls) = bed.methods(|| bed.call("read_series", "", &json));
    assert_eq!(calls, ["ReadTimeseriesStream"]);
    let items = shown(&answer);
    let keys: Vec<i64> = items.as_array().unwrap().iter().map(|item| item["key"].as_i64().unwrap_or(0)).collect();
    assert_eq!(keys, (0..40).rev().map(|number| 100_000 + number).chain([3, 0]).collect::<Vec<_>>());
    // The seed: hour % 97 + number / 8.
    assert_eq!(items[0]["series"]["values"], json!([4.875, 5.875, 6.875, 7.875]));
    assert_eq!(items[41]["path"], json!(CHIMNEY_WHOLE));

    // One by one, and the same by submit.
    let mut stream = bed.call("read_series", "", &json.replacen('{', r#"{"stream": true, "#, 1));
    let mut count = 0;
    while let Some(item) = stream.next().unwrap() {
        assert_eq!(shown(&item), items[count]);
        count += 1;
    }
    assert_eq!(count, 42);
    let mut stream = bed.call("read_series", "", &json.replacen('{', r#"{"stream": true, "#, 1));
    stream.next().unwrap().unwrap();
    stream.drain().unwrap();
    assert_eq!(shown(&stream).as_array().unwrap()[..], items.as_array().unwrap()[1..]);
    bed.session.submit(Some("read_series"), None, &args(&json)).unwrap();
    let event = bed.next(Kind::Response);
    assert_eq!(shown(event.response().unwrap()), items);
    assert_eq!(shown(&bed.call("read_series", "", r#"{"targets": [], "start": 0, "end": 1}"#)), json!([]));
}

#[test]
fn another_resolution_is_the_servers_work() {
    let bed = Bed::new();
    let more = r#", "resolution": "DAY", "method": "SUM", "timezone": "UTC""#;
    let (answer, calls) = bed.sent(|| bed.read("key:3", NEW_YEAR, NEW_YEAR + 24 * HOUR, more));
    assert_eq!(calls.len(), 1);
    assert!(calls[0]["method"].as_str().unwrap().ends_with("/ReadTransformedTimeseries"));
    // resolution {type: DAY}, transformation_method SUM, transformation_timezone UTC by the numbers of the specification.
    assert!(calls[0]["messages"][0]["hex"].as_str().unwrap().ends_with("1a02080420022801"), "{}", calls[0]);
    assert_eq!((series(&answer).times[0], meta(&answer)["resolution"].clone()), (NEW_YEAR, json!("DAY")));
    assert_eq!(series(&answer).values[0], 4100.0);
    let both =
        format!(r#"{{"targets": ["key:3", "key:2"], "start": {NEW_YEAR}, "end": {}{more}}}"#, NEW_YEAR + 24 * HOUR);
    let items = shown(&bed.call("read_series", "", &both));
    assert_eq!((&items[0]["series"]["values"][0], &items[1]["series"]["values"][0]), (&json!(4100.0), &json!(410.0)));
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let bed = Bed::new();
    let ((), calls) = bed.methods(|| {
        for (target, json, key) in [
            ("", r#"{"start": 0, "end": 1}"#, "target"),
            ("key:x", r#"{"start": 0, "end": 1}"#, "target"),
            ("key:3", r#"{"end": 1}"#, "start"),
            ("key:3", r#"{"start": 1}"#, "end"),
            ("key:3", r#"{"start": 2, "end": 1}"#, "start"),
            ("key:3", r#"{"start": "yesterday", "end": 1}"#, "start"),
            ("key:3", r#"{"start": 0, "end": 9e17}"#, "end"),
            ("key:3", r#"{"start": 0, "end": 1, "interval": [0, 1]}"#, "interval"),
            ("key:3", r#"{"interval": [0]}"#, "interval"),
            ("key:3", r#"{"start": 0, "end": 1, "method": "SUM"}"#, "resolution"),
            ("key:3", r#"{"start": 0, "end": 1, "resolution": "DAY"}"#, "method"),
            ("key:3", r#"{"start": 0, "end": 1, "resolution": "BREAKPOINT", "method": "SUM"}"#, "resolution"),
            ("key:3", r#"{"start": 0, "end": 1, "resolution": "DAY", "method": "MEDIAN"}"#, "method"),
            ("key:3", r#"{"start": 0, "end": 1, "resolution": "DAY", "method": "SUM", "timezone": "CET"}"#, "timezone"),
            ("key:3", r#"{"start": 0, "end": 1, "targets": [2]}"#, "targets"),
            ("", r#"{"start": 0, "end": 1, "targets": [2, true]}"#, "targets"),
        ] {
            let error = bed.fails("read_series", target, json);
            assert_eq!((error.code(), detail(&error, "key")), ("argument", json!(key)), "{json}: {error}");
        }
    });
    assert!(calls.is_empty(), "{calls:?}");
}

#[test]
fn what_the_server_sends_wrong_is_an_error_of_its_own() {
    let bed = Bed::new();
    let error = bed.fails("read_series", "key:77", r#"{"start": 0, "end": 1}"#);
    assert_eq!(detail(&error, "grpc_status"), "NOT_FOUND");
    let error = bed.fails("read_series", "", r#"{"targets": ["key:3", "key:77"], "start": 0, "end": 1}"#);
    assert_eq!(detail(&error, "grpc_status"), "NOT_FOUND");
    bed.order("fault=arrow&method=ReadTimeseries");
    let error = bed.fails("read_series", "key:3", &format!(r#"{{"start": {NEW_YEAR}, "end": {}}}"#, NEW_YEAR + HOUR));
    assert_eq!(error.code(), "protocol", "{error}");
    // No bytes at all are no points; a resolution that nobody knows stays its number.
    bed.order("fault=empty&method=ReadTimeseries");
    assert!(series(&bed.read("key:3", NEW_YEAR, NEW_YEAR + HOUR, "")).times.is_empty());
    bed.order("fault=enum&number=77&method=ReadTimeseries");
    assert_eq!(meta(&bed.read("key:3", NEW_YEAR, NEW_YEAR + HOUR, ""))["resolution"], json!(77));
    bed.order("fault=batches&number=2&method=ReadTimeseries");
    assert_eq!(series(&bed.read("key:3", NEW_YEAR + HOUR, NEW_YEAR + 9 * HOUR, "")).times.len(), 9);
    // A hole that the server fills is flagged.
    let holes = series(&bed.read("key:3", NEW_YEAR + 20 * HOUR, NEW_YEAR + 21 * HOUR, ""));
    assert!(holes.values[0].is_nan() && holes.flags[0] == MISSING);
}
