//! The time of a call is that of all its chunks and spans.

use haft::{error::Status, value::Tree};

use super::bed::{Bed, HOUR, YEAR_2020, args, hours};

/// So many points are five messages.
const POINTS: usize = 900_000;

fn five_chunks() -> haft::args::Args {
    let mut write = args(r#"{"timeout": 2}"#);
    write.set("points", Tree::Series(hours(YEAR_2020, POINTS)));
    write
}

#[test]
fn a_write_in_chunks_is_over_with_its_time() {
    let bed = Bed::long("{}", 1, 10);
    for submitted in [false, true] {
        bed.order("fault=delay&method=WriteTimeseries&seconds=1&times=5");
        let mut write = five_chunks();
        let detail = if submitted {
            write.set("stage", true);
            let event = bed.submitted("write_series", "key:100000", &write);
            let failure = event.failure().expect("it went on behind its time");
            assert_eq!(failure.error().status(), Status::Timeout, "{}", failure.error());
            failure.error().detail().clone()
        } else {
            let error = bed.try_call("write_series", "key:100000", &write).err().expect("it went on behind its time");
            assert_eq!(error.status(), Status::Timeout, "{error}");
            error.detail().clone()
        };
        assert_eq!(detail.get("code").and_then(Tree::as_str), Some("total_timeout"));
        let written = detail.get("written").unwrap();
        let (chunks, of) = (written.get("chunks").and_then(Tree::as_int), written.get("of").and_then(Tree::as_int));
        assert_eq!(of, Some(5));
        assert!(chunks.is_some_and(|chunks| chunks < 3), "{chunks:?}");
        // Of the chunk under way nobody knows; one that was not sent leaves what was written before.
        assert_ne!(
            detail.get("outcome").and_then(Tree::as_str),
            if chunks > Some(0) { Some("not_sent") } else { None }
        );
        bed.order("clear=1");
    }
}

#[test]
fn a_read_in_spans_is_over_with_its_time() {
    let bed = Bed::long(r#"{"max_receive_size": 4096}"#, 1, 20_000);
    let (start, end) = (YEAR_2020, YEAR_2020 + 20_000 * HOUR);
    for submitted in [false, true] {
        bed.order("fault=delay&method=ReadTimeseries&seconds=0.1&times=100");
        // Four at a time, a hundred take more than two seconds.
        let json = format!(r#"{{"start": {start}, "end": {end}, "timeout": 0.8}}"#);
        let code = if submitted {
            let event = bed.submitted("read_series", "key:100000", &args(&json));
            event.failure().expect("it went on behind its time").error().code().to_owned()
        } else {
            bed.fails("read_series", "key:100000", &json).code().to_owned()
        };
        assert_eq!(code, "total_timeout");
    }
}

/// Of ten thousand years in small messages there are more spans than memory should hold: they are made as they are read.
#[test]
fn a_read_of_all_years_makes_its_spans_as_it_goes() {
    let bed = Bed::long(r#"{"max_receive_size": 1100}"#, 1, 100);
    let json = r#"{"start": "0001-01-01", "end": "9999-12-31", "resolution": "MIN5", "method": "SUM", "timeout": 1}"#;
    let (error, calls) = bed.methods(|| bed.fails("read_series", "key:100000", json));
    assert_eq!(error.code(), "total_timeout", "{error}");
    assert!(calls.len() > 4, "the time went by before anything was asked");
}
