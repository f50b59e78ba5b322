//! Writes, deletions and copies.

use std::sync::Arc;

use haft::{
    args::Args,
    value::{Series, Tree},
};
use serde_json::json;

use super::bed::{Bed, CHIMNEY, HOUR, MISSING, NEW_YEAR, args, bits, detail, hours, meta, points, series, shown};

fn read(bed: &Bed, from: i64, to: i64) -> Arc<Series> {
    series(&bed.read("key:3", NEW_YEAR + from * HOUR, NEW_YEAR + to * HOUR, r#", "trim": true"#))
}

/// The bytes that the official client (3 points, no interval given) sent to the same server: its whole request but for
/// the session's id in the first twenty.
const OFFICIAL: &str = include_str!("official_write.hex");

#[test]
fn a_write_is_byte_for_byte_that_of_the_official_client() {
    let bed = Bed::new();
    let three = Series {
        times: vec![NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR, NEW_YEAR + 3 * HOUR],
        values: vec![1.5, f64::NAN, -3.0],
        flags: vec![0, MISSING, 0x0200_0000],
    };
    let three = Arc::new(three);
    let (_, calls) = bed.sent(|| bed.try_call("write_series", "key:3", &points(three.clone())).unwrap());
    let sent = calls[0]["messages"][0]["hex"].as_str().unwrap();
    assert_eq!(sent[40..], OFFICIAL.trim()[40..]);
    assert_eq!(bits(&read(&bed, 1, 4)), bits(&three));
    // The interval ends a second after the last point: the next one stays.
    assert_eq!(read(&bed, 4, 6).values[1], 500.0);
}

#[test]
fn points_are_written_in_all_their_forms() {
    let bed = Bed::new();
    for (json, submit) in [
        (
            r#"{"points": [{"time": "2016-01-01T01:00:00Z", "value": 7}, {"time": 1451613600000, "value": null}]}"#,
            false,
        ),
        (r#"{"points": [[1451610000000, 7], [1451613600000, null]]}"#, true),
        (r#"{"points": {"times": [1451610000000, 1451613600000], "values": [7, null]}}"#, false),
    ] {
        if submit {
            let event = bed.submitted("write_series", "key:3", &args(&json.replacen('{', r#"{"stage": true, "#, 1)));
            assert!(event.failure().is_none());
        } else {
            bed.call("write_series", "key:3", json);
        }
        let found = read(&bed, 1, 3);
        assert_eq!((found.values[0], found.values[1].is_nan(), &found.flags[..]), (7.0, true, &[0, MISSING][..]));
        let back = points(Arc::new(Series {
            times: vec![NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR],
            values: vec![100.0, 200.0],
            flags: vec![0, 0],
        }));
        bed.try_call("write_series", "key:3", &back).unwrap();
    }
    // The JSON form of a message takes the same.
    let message = r#"{"message": {"timeseries": {"id": "key:3", "interval": [1451610000000, 1451610001000], "series": [[1451610000000, 8]]}}}"#;
    bed.call("call", "volue.mesh.grpc.time_series.v1alpha.TimeseriesService/WriteTimeseries", message);
    assert_eq!(read(&bed, 1, 2).values, [8.0]);
}

#[test]
fn no_points_delete_what_is_in_the_interval() {
    let bed = Bed::new();
    let json = format!(r#"{{"points": [], "start": {}, "end": {}}}"#, NEW_YEAR + 2 * HOUR, NEW_YEAR + 4 * HOUR);
    let (_, calls) = bed.sent(|| bed.call("write_series", "key:3", &json));
    // What the official client sends for an empty table with these ends, behind the session's id.
    assert_eq!(
        calls[0]["messages"][0]["hex"].as_str().unwrap()[40..],
        *"12160a0218031a100a0608a0bb97b405120608c0f397b405"
    );
    let found = read(&bed, 1, 5);
    assert_eq!(
        (found.values[0], found.values[1].is_nan(), &found.flags[..]),
        (100.0, true, &[0, MISSING, MISSING, 0x4400_0000][..])
    );
    let error = bed.fails("write_series", "key:3", r#"{"points": []}"#);
    assert_eq!(error.code(), "invalid_points");
}

#[test]
fn what_was_read_can_be_written_back() {
    let bed = Bed::new();
    // By key, by path, with a point before the interval and one behind it; each with what was told beside the points.
    for (target, start, end) in [("key:3", 1, 4), (CHIMNEY, 2, 5), ("key:10", 1, 8), ("key:50", 24 * 85 + 1, 24 * 87)] {
        let (start, end) = (NEW_YEAR + start * HOUR, NEW_YEAR + end * HOUR);
        let answer = bed.read(target, start, end, "");
        let before = series(&answer);
        assert!(!before.times.is_empty());
        let mut back = points(before.clone());
        back.set("meta", answer.meta().root().to_tree());
        bed.try_call("write_series", "", &back).unwrap_or_else(|error| panic!("{target}: {error:?}"));
        assert_eq!(bits(&series(&bed.read(target, start, end, ""))), bits(&before), "{target}");
        // As an item of a read of several.
        let mut several = Args::new();
        several.set("targets", Tree::Array(vec![Tree::from(target)]));
        several.set("start", start);
        several.set("end", end);
        let items = bed.try_call("read_series", "", &several).unwrap().value().unwrap().root().to_tree();
        let mut back = Args::new();
        back.set("points", items.as_array().unwrap()[0].clone());
        bed.try_call("write_series", "", &back).unwrap_or_else(|error| panic!("{target}: {error:?}"));
        assert_eq!(bits(&series(&bed.read(target, start, end, ""))), bits(&before), "{target}");
    }
    // What was read of one can be written to another.
    let answer = bed.read("key:3", NEW_YEAR + HOUR, NEW_YEAR + 4 * HOUR, "");
    let mut other = points(series(&answer));
    other.set("meta", answer.meta().root().to_tree());
    bed.try_call("write_series", "key:2", &other).unwrap();
    assert_eq!(series(&bed.read("key:2", NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR, "")).values[0], 100.0);
    // An empty series without an interval says nothing.
    let none = bed.read("key:9", NEW_YEAR, NEW_YEAR + HOUR, "");
    let mut back = points(series(&none));
    back.set("meta", none.meta().root().to_tree());
    assert_eq!(bed.try_call("write_series", "", &back).err().unwrap().code(), "invalid_points");
    assert_eq!(meta(&none).get("interval"), None);
}

#[test]
fn wrong_points_are_told_before_anything_is_sent() {
    let bed = Bed::new();
    let ((), calls) = bed.methods(|| {
        for (json, code, key) in [
            (r#"{}"#, "argument", "points"),
            (r#"{"points": 5}"#, "argument", "points"),
            (r#"{"points": [[2, 1], [1, 1]]}"#, "invalid_points", "points"),
            (r#"{"points": [[1, 1], [1, 1]]}"#, "invalid_points", "points"),
            (r#"{"points": [[5, 1]], "start": 6, "end": 9}"#, "invalid_points", "points"),
            (r#"{"points": [[5, 1]], "start": 0, "end": 5}"#, "invalid_points", "points"),
            (r#"{"points": [[5, 1]], "resolution": "HOUR"}"#, "invalid_points", "points"),
            (r#"{"points": [[5, 1]], "interval": [0, 9], "start": 0}"#, "argument", "interval"),
            (r#"{"points": [[5, 1]], "meta": 5}"#, "argument", "meta"),
        ] {
            let error = bed.fails("write_series", "key:3", json);
            assert_eq!((error.code(), detail(&error, "key")), (code, json!(key)), "{json}: {error}");
        }
        assert_eq!(detail(&bed.fails("write_series", "", r#"{"points": [[5, 1]]}"#), "key"), "target");
    });
    assert!(calls.is_empty(), "{calls:?}");
    // What only the server knows comes from there.
    let error = bed.fails("write_series", "key:3", r#"{"points": [[5, 1]]}"#);
    assert!(error.message().contains("does not fit the resolution"), "{error}");
    let error = bed.fails("write_series", "key:4", &format!(r#"{{"points": [[{NEW_YEAR}, 1]]}}"#));
    assert!(error.message().contains("not connected to a physical time series"), "{error}");
}

#[test]
fn writes_and_copies_wait_for_commit() {
    let bed = Bed::new();
    let three = hours(NEW_YEAR + HOUR, 3);
    bed.session.stage(Some("write_series"), Some("key:3"), &points(three.clone())).unwrap();
    let copy = r#"{"source": "Model/SimpleThermalTestModel/ThermalComponent/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney2",
        "mappings": {"ChimneyElementType": {"TsRawAtt": "TsRawAtt"}}, "start": 1451606400000, "end": 1451649600000}"#;
    let target =
        "Model/SimpleThermalTestModel/ThermalComponent/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney1";
    bed.session.stage(Some("copy_series"), Some(target), &args(copy)).unwrap();
    let other =
        haft::session::Session::create(&format!("mesh+http://{}", bed.sandbox.mesh["mesh"]), &args("{}")).unwrap();
    let before = other
        .request(
            Some("read_series"),
            Some("key:3"),
            &args(r#"{"interval": [1451610000000, 1451610000001], "trim": true}"#),
        )
        .unwrap();
    assert_eq!(series(&before).values, [100.0]);
    let done = shown(&bed.session.commit(&Args::new()).unwrap());
    assert_eq!(done[1]["value"]["match_series_count"], 1);
    let other = Bed { session: other, sandbox: bed.sandbox };
    assert_eq!(bits(&read(&other, 1, 4)), bits(&three));
    assert_eq!(
        series(&other.read("key:2", NEW_YEAR + HOUR, NEW_YEAR + 4 * HOUR, r#", "trim": true"#)).values,
        three.values
    );
    // Without an interval nothing is copied, only counted.
    let counted =
        other.call("copy_series", target, &copy.replace(r#", "start": 1451606400000, "end": 1451649600000"#, ""));
    assert_eq!(shown(&counted), json!({"source_series_count": 1, "target_series_count": 1, "match_series_count": 1}));
    let error = other.fails(
        "copy_series",
        target,
        r#"{"source": "id:0000000a-0004-0000-0000-000000000000", "mappings": {}, "start": 5}"#,
    );
    assert_eq!(detail(&error, "key"), "end");
    drop(bed.session);
}
