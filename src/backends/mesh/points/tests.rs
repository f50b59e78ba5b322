use std::sync::Arc;

use super::*;
use crate::{
    backends::mesh::{
        form::{LATEST, encode},
        schema::{Kind, tables::time_series::WRITE_TIMESERIES_REQUEST},
    },
    engine::arrow::MISSING,
    error::Error,
    value::{Object, Tree},
};

/// 2016-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_451_606_400_000;
const HOUR: i64 = 3_600_000;

fn hours(count: usize) -> Arc<Series> {
    at((0..count).map(|hour| NEW_YEAR + HOUR * i64::try_from(hour).unwrap()))
}

fn at(times: impl IntoIterator<Item = i64>) -> Arc<Series> {
    let times: Vec<i64> = times.into_iter().collect();
    let values = times.iter().map(|time| *time as f64 / 7.0).collect();
    Arc::new(Series { flags: vec![0; times.len()], values, times })
}

fn points(json: &str) -> Result<Arc<Series>> {
    given("points", &Tree::from_json(json).unwrap())
}

fn refused(error: &Error, index: usize, wanted: &str) {
    assert_eq!(error.code(), "invalid_points");
    assert_eq!(error.detail().get("index"), Some(&Tree::from(index)), "{error}");
    assert!(error.message().contains(wanted), "{error}");
}

#[test]
fn points_are_given_in_several_forms() {
    let expected = Series {
        times: vec![NEW_YEAR, NEW_YEAR + HOUR, NEW_YEAR + 2 * HOUR],
        values: vec![1.5, 2.0, -3.0],
        flags: vec![0, 0x4000_0000, 0],
    };
    for json in [
        r#"[{"time": 1451606400000, "value": 1.5}, {"flags": 1073741824, "time": "2016-01-01T01:00:00Z", "value": 2},
            {"time": "2016-01-01 02:00", "value": -3, "flags": null}]"#,
        r#"[[1451606400000, 1.5], ["2016-01-01T02:00:00+01:00", 2, 1073741824], [1451613600000.0, -3.0, 0]]"#,
        r#"{"times": [1451606400000, 1451610000000, 1451613600000], "values": [1.5, 2, -3], "flags": [0, 1073741824, 0]}"#,
        r#"{"utc_time": [1451606400000, 1451610000000, "2016-01-01T02:00"], "flags": [0, 1073741824, null], "value": [1.5, 2, -3]}"#,
        r#"{"series": {"times": [1451606400000, 1451610000000, 1451613600000], "values": [1.5, 2, -3], "flags": [0, 1073741824, 0]},
            "path": "Model/x.y", "resolution": "HOUR"}"#,
    ] {
        assert_eq!(*points(json).unwrap(), expected, "{json}");
    }
    // What was read is shared.
    let series = hours(3);
    assert!(Arc::ptr_eq(&given("points", &Tree::from(series.clone())).unwrap(), &series));
    let mut item = Object::default();
    item.insert("series", Tree::from(series.clone()));
    item.insert("key", Tree::from(9));
    assert!(Arc::ptr_eq(&given("points", &Tree::from(item)).unwrap(), &series));
    assert_eq!(points("[]").unwrap().times.len(), 0);
    assert_eq!(points(r#"{"times": [], "values": []}"#).unwrap().times.len(), 0);
}

#[test]
fn a_value_that_is_null_is_missing() {
    let series = points(r#"[[1, null], [2, null, 1107296256], [3, null, 0], {"time": 4, "value": null}]"#).unwrap();
    assert!(series.values.iter().all(|value| value.is_nan()));
    assert_eq!(series.flags, [MISSING, 1_107_296_256, 0, MISSING]);
}

#[test]
fn other_forms_are_refused_with_their_place() {
    for (json, wanted) in [
        ("5", "`points` must be a series, a list of points or an object of columns, and it was 5"),
        ("\"x\"", "and it was \"x\""),
        ("null", "and it was null"),
        ("[5]", "`points[0]` must be a point"),
        ("[[1, 2], [1]]", "`points[1]` had 1 items"),
        ("[[1, 2, 3, 4]]", "had 4 items"),
        (
            "[[1, 2], [\"soon\", 2]]",
            "`points[1].time` must be a time in UTC milliseconds or as ISO 8601 text, and it was \"soon\"",
        ),
        ("[[1.5, 2]]", "`points[0].time` must be a time"),
        ("[[true, 2]]", "and it was a boolean"),
        ("[{\"value\": 2}]", "`points[0].time` must be"),
        ("[{\"time\": 2}]", "`points[0]` had no value"),
        ("[{\"time\": 2, \"value\": 2, \"flag\": 3}]", "had \"flag\", which points have not"),
        ("[[1, \"2\"]]", "`points[0].value` must be a number"),
        ("[[1, 9007199254740993]]", "that a double can hold"),
        ("[[1, 2, -1]]", "`points[0].flags` must be a whole number from 0 to 4294967295, and it was -1"),
        ("[[1, 2, 4294967296]]", "`points[0].flags`"),
        ("[[1, 2, 0.5]]", "`points[0].flags`"),
        ("{}", "no columns `times` and `values`"),
        ("{\"times\": []}", "no columns"),
        ("{\"times\": 5, \"values\": []}", "`points.times` must be an array"),
        ("{\"times\": [1], \"values\": []}", "different lengths: 1 times, 0 values, 1 flags"),
        ("{\"times\": [1], \"values\": [1], \"flags\": []}", "1 times, 1 values, 0 flags"),
        ("{\"times\": [1], \"values\": [1], \"vlaues\": []}", "had \"vlaues\""),
        ("{\"times\": [1, 2], \"values\": [1, {}]}", "`points.values[1]` must be a number"),
        ("{\"times\": [1, 2], \"values\": [1, 2], \"flags\": [1, \"a\"]}", "`points.flags[1]`"),
        ("{\"series\": 5}", "had \"series\""),
    ] {
        let error = points(json).expect_err(json);
        assert_eq!(error.code(), "argument");
        assert!(error.message().contains(wanted), "{json}: {error}");
    }
    let error = points("[[1, 2], [1, true]]").unwrap_err();
    assert_eq!(error.detail().get("index"), Some(&Tree::from(1)));
    assert_eq!(error.detail().get("key"), Some(&Tree::from("points")));
}

#[test]
fn the_interval_is_that_of_the_official_client() {
    let ends = |start, end| Points::new(hours(3), start, end).unwrap().interval();
    assert_eq!(ends(None, None), (NEW_YEAR, NEW_YEAR + 2 * HOUR + 1000));
    assert_eq!(ends(Some(NEW_YEAR - 5), None), (NEW_YEAR - 5, NEW_YEAR + 2 * HOUR + 1000));
    assert_eq!(ends(None, Some(NEW_YEAR + 3 * HOUR)), (NEW_YEAR, NEW_YEAR + 3 * HOUR));
    // A deletion.
    assert_eq!(Points::new(at([]), Some(5), Some(9)).unwrap().interval(), (5, 9));
    for (start, end) in [(None, None), (Some(5), None), (None, Some(9))] {
        let error = Points::new(at([]), start, end).unwrap_err();
        assert!(error.message().starts_with("there were no points"), "{error}");
        assert_eq!(error.code(), "invalid_points");
    }
    let error = Points::new(at([]), Some(9000), Some(5000)).unwrap_err();
    assert!(
        error.message().contains("began at 1970-01-01T00:00:09Z, after its end at 1970-01-01T00:00:05Z"),
        "{error}"
    );
    let error = Points::new(at([]), Some(i64::MIN), Some(5)).unwrap_err();
    assert_eq!(error.detail().get("key"), Some(&Tree::from("start")));
    // The end of the years is not passed.
    assert_eq!(Points::new(at([LATEST - 1]), None, None).unwrap().interval(), (LATEST - 1, LATEST));
}

#[test]
fn a_point_out_of_place_is_named() {
    let new = |times: &[i64], start, end| Points::new(at(times.iter().copied()), start, end).unwrap_err();
    refused(
        &new(&[1000, 2000, 1500, 9000], None, None),
        2,
        "points[2] at 1970-01-01T00:00:01.500Z was before points[1] at 1970-01-01T00:00:02Z",
    );
    refused(&new(&[1, 1], None, None), 1, "had the time of points[0]");
    refused(&new(&[5, 4], Some(0), Some(9)), 1, "was before points[0]");
    refused(&new(&[1, 2, 3], Some(2), Some(9)), 0, "was outside of [1970-01-01T00:00:00.002Z, ");
    refused(&new(&[1, 5, 6, 7], Some(1), Some(6)), 2, "points[2] at 1970-01-01T00:00:00.006Z was outside");
    refused(&new(&[1], Some(1), Some(1)), 0, "was outside");
    refused(&new(&[i64::MIN, 5], None, None), 0, "years 1 to 9999");
    refused(&new(&[5, i64::MAX], None, None), 1, "years 1 to 9999");
    assert_eq!(new(&[1, 1], None, None).detail().get("time"), Some(&Tree::from(1)));
    let uneven = Series { times: vec![1], ..Series::default() };
    assert_eq!(Points::new(Arc::new(uneven), None, None).unwrap_err().code(), "argument");
}

#[test]
fn points_lie_on_the_grid_of_a_fixed_resolution() {
    for (name, minutes) in [("MIN", 1), ("MIN5", 5), ("MIN10", 10), ("MIN15", 15), ("MIN30", 30), ("HOUR", 60)] {
        assert_eq!(step_ms(name), Some(minutes * 60_000));
    }
    for name in ["BREAKPOINT", "DAY", "WEEK", "MONTH", "YEAR", "UNDEFINED", "RESOLUTION_UNSPECIFIED", "42"] {
        assert_eq!(step_ms(name), None);
    }
    let fit = |times: &[i64], step| Points::new(at(times.iter().copied()), None, None).unwrap().fit(step);
    assert!(fit(&[-HOUR, 0, HOUR, 5 * HOUR], HOUR).is_ok());
    refused(&fit(&[1, HOUR], HOUR).unwrap_err(), 0, "was not at a multiple of the series' 60 minutes");
    refused(&fit(&[0, HOUR, HOUR + 900_000, 2 * HOUR], HOUR).unwrap_err(), 2, "1970-01-01T01:15:00Z");
    refused(&fit(&[-1], 60_000).unwrap_err(), 0, "1969-12-31T23:59:59.999Z");
    assert!(fit(&[0, HOUR, HOUR + 900_000], 900_000).is_ok());
    assert!(fit(&[1, 2], 0).is_ok());
}

/// The request as it is sent, for the series with key 9.
fn encoded(series: Arc<Series>, start: i64, end: i64) -> usize {
    let mut request = Object::default();
    request.insert("session_id", Tree::from("00112233-4455-6677-8899-aabbccddeeff"));
    let mut timeseries = Object::default();
    timeseries.insert("id", Tree::from("key:9"));
    timeseries.insert("interval", Tree::Array(vec![Tree::from(start), Tree::from(end)]));
    timeseries.insert("series", Tree::from(series));
    request.insert("timeseries", Tree::from(timeseries));
    encode(Kind::Message(&WRITE_TIMESERIES_REQUEST), &Tree::from(request)).unwrap().len()
}

#[test]
fn a_write_is_split_by_its_length_in_bytes() {
    let rest = encoded(at([]), 0, 0);
    // What the server took of the official client, and what it refused.
    assert_eq!(Points::new(hours(209_000), None, None).unwrap().split(rest).unwrap().len(), 1);
    for count in [209_690, 210_000, 1_000_001] {
        let points = Points::new(hours(count), Some(-1_999_999_999_999), Some(LATEST)).unwrap();
        let chunks = points.split(rest).unwrap();
        assert_eq!(chunks.len(), count.div_ceil(209_688), "{count}");
        let (mut next, mut start) = (0, -1_999_999_999_999);
        for chunk in &chunks {
            assert_eq!((chunk.points.start, chunk.start), (next, start));
            let series = chunk.series(points.series());
            assert_eq!(series.times[..], points.series().times[chunk.points.clone()]);
            assert_eq!(series.values.len(), series.flags.len());
            assert!(series.times.iter().all(|time| (chunk.start..chunk.end).contains(time)));
            assert!(encoded(series, chunk.start, chunk.end) <= LIMIT);
            (next, start) = (chunk.points.end, chunk.end);
        }
        assert_eq!((next, start), (count, LATEST));
    }
}

/// The most that one message takes is near the limit, and one point more is over what is promised.
#[test]
fn the_limit_is_kept_and_used() {
    let rest = encoded(at([]), 0, 0);
    let largest = (209_600..210_000)
        .take_while(|count| Points::new(hours(*count), None, None).unwrap().split(rest).unwrap().len() == 1)
        .last()
        .unwrap();
    for (start, end) in [(-62_135_596_800_000, LATEST), (NEW_YEAR, NEW_YEAR + HOUR * 300_000), (-1, LATEST)] {
        let length = encoded(hours(largest), start, end);
        assert!(length <= LIMIT && length > LIMIT - 80, "{length}");
    }
}

#[test]
fn small_writes_are_one_chunk_and_share_the_points() {
    let points = Points::new(hours(3), None, None).unwrap();
    let chunks = points.split(100).unwrap();
    let (start, end) = points.interval();
    assert_eq!(chunks, [Chunk { points: 0..3, start, end }]);
    assert!(Arc::ptr_eq(&chunks[0].series(points.series()), points.series()));
    // A deletion is one, whatever it deletes.
    assert_eq!(
        Points::new(at([]), Some(1), Some(2)).unwrap().split(100).unwrap(),
        [Chunk { points: 0..0, start: 1, end: 2 }]
    );
    let error = points.split(LIMIT - 100).unwrap_err();
    assert_eq!(error.code(), "message_too_large");
    assert_eq!(points.split(usize::MAX).unwrap_err().code(), "message_too_large");
    // Room for one point is enough.
    assert_eq!(split::chunks(&points, 0, 44 + 496).unwrap().len(), 3);
    assert!(split::chunks(&points, 0, 44 + 495).is_err());
}

#[test]
fn reads_are_cut_by_time() {
    let cut = |start, end, step, limit| spans(start, end, step, 0, limit).collect::<Vec<_>>();
    assert_eq!(cut(0, 100 * HOUR, HOUR, LIMIT), [(0, 100 * HOUR)]);
    // Room for twelve points, of which two may lie around the span.
    assert_eq!(cut(30, 25 * HOUR, HOUR, 472 + 240), [(30, 10 * HOUR), (10 * HOUR, 20 * HOUR), (20 * HOUR, 25 * HOUR)]);
    assert_eq!(cut(0, 20 * HOUR, HOUR, 472 + 240), [(0, 10 * HOUR), (10 * HOUR, 20 * HOUR)]);
    assert_eq!(cut(7, 7, HOUR, LIMIT), [(7, 7)]);
    // No step, no cut; hardly any room, still an end.
    assert_eq!(cut(0, LATEST, 0, LIMIT), [(0, LATEST)]);
    assert_eq!(cut(30, 2 * HOUR, HOUR, 0), [(30, HOUR), (HOUR, 2 * HOUR)]);
    assert_eq!(spans(0, i64::MAX, i64::MAX / 2, 0, 0).count(), 3);
    let all = cut(-62_135_596_800_000, LATEST, 60_000, LIMIT);
    assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[1].0 % 60_000 == 0));
    assert!(all.iter().all(|(start, end)| (end - start) / 60_000 < 209_690));

    assert_eq!(halves(0, 10 * HOUR), Some([(0, 5 * HOUR), (5 * HOUR, 10 * HOUR)]));
    assert_eq!(halves(1, 9 * HOUR), Some([(1, 4 * HOUR), (4 * HOUR, 9 * HOUR)]));
    assert_eq!(halves(0, 2), Some([(0, 1), (1, 2)]));
    assert_eq!(halves(5, 6), None);
    assert_eq!(halves(6, 5), None);
    assert_eq!(halves(i64::MIN, i64::MAX), None);
}

/// A server's series: what a read of `[start, end)` gives with the point before it and the one behind it.
fn read(all: &Series, start: i64, end: i64) -> Series {
    let first = all.times.partition_point(|time| *time < start).saturating_sub(1);
    let behind = (all.times.partition_point(|time| *time < end) + 1).min(all.times.len());
    Series {
        times: all.times[first..behind].to_vec(),
        values: all.values[first..behind].to_vec(),
        flags: all.flags[first..behind].to_vec(),
    }
}

#[test]
fn pieces_join_to_what_one_read_gives() {
    let all = at([1, 2, 3, 10, 11, 12, 13, 40, 41, 55, 56, 57, 80]);
    for cuts in [
        vec![0, 100],
        vec![2, 12, 56],
        vec![5, 6, 7, 8, 9],
        vec![0, 10, 20, 30, 40, 50, 60],
        vec![60, 70, 75],
        vec![13, 13, 40],
        vec![90, 95, 99],
    ] {
        let pieces: Vec<Piece> = cuts
            .windows(2)
            .map(|span| Piece { start: span[0], end: span[1], series: read(&all, span[0], span[1]) })
            .collect();
        assert_eq!(join(pieces), read(&all, cuts[0], *cuts.last().unwrap()), "{cuts:?}");
    }
    assert_eq!(join(Vec::new()), Series::default());
}

#[test]
fn what_lies_around_an_interval_can_be_left_out() {
    let trimmed = |start, end| {
        let mut series = (*at([1, 2, 3, 10, 11])).clone();
        tidy(&mut series, start, end);
        assert!(series.values.len() == series.times.len() && series.flags.len() == series.times.len());
        series.times
    };
    assert_eq!(trimmed(2, 11), [2, 3, 10]);
    assert_eq!(trimmed(0, 100), [1, 2, 3, 10, 11]);
    assert!(trimmed(4, 10).is_empty());
    assert!(trimmed(50, 60).is_empty());
    assert!(trimmed(-5, 0).is_empty());
    assert!(trimmed(3, 3).is_empty());
}
