//! Points that a server should not send: they are brought as they came, `trim` puts them in order, and none is made up.

use haft::session::Session;

use crate::{
    guard::ten,
    sand::{HOUR, NEW_YEAR, close, open, order, read, sandbox, series},
};

/// Hours of the new year from one to four as the seed has them, a hole at 04:00 among them.
const HOURS: [i64; 4] = [1, 2, 3, 4];

/// Hours and values without the hole's.
fn hours(session: &Session, more: &str) -> Vec<(f64, f64)> {
    let found = series(&read(session, 1, 4, more).unwrap());
    assert_eq!((found.times.len(), found.flags.len()), (found.values.len(), found.values.len()));
    let hour = |time: i64| (time - NEW_YEAR) as f64 / HOUR as f64;
    found
        .times
        .iter()
        .zip(&found.values)
        .map(|(time, value)| (hour(*time), if value.is_nan() { -1.0 } else { *value }))
        .collect()
}

fn usual() -> Vec<(f64, f64)> {
    HOURS.iter().map(|hour| (*hour as f64, if *hour == 4 { -1.0 } else { *hour as f64 * 100.0 })).collect()
}

#[test]
fn points_that_should_not_be() {
    let sandbox = sandbox();
    ten("odd points", &[], |_| {
        let session = open(&sandbox, "{}");
        assert_eq!(hours(&session, ""), usual());
        let inside = usual()[..3].to_vec();
        let strike = |fault: &str, more: &str| {
            order(&sandbox, &format!("fault={fault}&method=ReadTimeseries"));
            hours(&session, more)
        };
        let trim = r#", "trim": true"#;
        // An hour before the first, an hour behind the last: as they came, or left out.
        assert_eq!(strike("before", ""), [&[(0.0, 100.0)][..], &usual()].concat());
        assert_eq!(strike("before", trim), inside);
        assert_eq!(strike("after", ""), [&usual()[..], &[(5.0, -1.0)]].concat());
        assert_eq!(strike("after", trim), inside);
        assert_eq!(strike("duplicate", ""), [&usual()[..], &[(4.0, -1.0)]].concat());
        assert_eq!(strike("duplicate", trim), inside);
        assert_eq!(strike("unsorted", ""), usual().into_iter().rev().collect::<Vec<_>>());
        assert_eq!(strike("unsorted", trim), inside, "in order, whatever order they came in");
        let off: Vec<(f64, f64)> =
            usual().into_iter().map(|(hour, value)| ((hour * 3_600_000.0 + 1234.0) / 3_600_000.0, value)).collect();
        assert_eq!(strike("offgrid", ""), off);
        assert_eq!(strike("offgrid", trim), off[..3]);
        assert_eq!(strike("empty", ""), []);
        assert_eq!(strike("nan", ""), [&usual()[..], &[(5.0, -1.0)]].concat());
        assert_eq!(strike("batches", ""), usual());
        // The session is as good as before.
        assert_eq!(hours(&session, ""), usual());
        close(&session);
    });
}

/// What came out of order cannot be written back by mistake: that is told before anything is sent.
#[test]
fn points_out_of_order_are_not_written() {
    let sandbox = sandbox();
    ten("writing odd points", &[], |_| {
        let session = open(&sandbox, "{}");
        for fault in ["unsorted", "duplicate", "offgrid"] {
            order(&sandbox, &format!("fault={fault}&method=ReadTimeseries"));
            let found = read(&session, 1, 4, "").unwrap();
            let mut back = haft::args::Args::new();
            back.set("points", haft::value::Tree::Series(series(&found)));
            back.set("meta", found.meta().root().to_tree());
            let error = session.stage(Some("write_series"), None, &back).err().unwrap();
            assert_eq!(error.code(), "invalid_points", "{fault}: {error}");
        }
        assert_eq!(crate::sand::staged(&session), 0);
        assert_eq!(hours(&session, ""), usual());
        close(&session);
    });
}
