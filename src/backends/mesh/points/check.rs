//! What the server would refuse, and what would be lost there without a word: found here, with the number of the point.
//!
//! A grid is known for the resolutions up to an hour. Days and longer begin at midnight of the series' own zone, which is
//! the server's matter.

use crate::{
    backends::mesh::form::{EARLIEST, LATEST},
    clock::calendar::date_after,
    error::{Error, Result, code},
    value::Series,
};

/// What the default interval reaches beyond the last point.
const BEYOND_LAST_MS: i64 = 1000;

/// The step of a resolution by its name on the wire; `None` for those without a fixed one.
pub fn step_ms(resolution: &str) -> Option<i64> {
    let minutes = match resolution {
        "MIN" => 1,
        "MIN5" => 5,
        "MIN10" => 10,
        "MIN15" => 15,
        "MIN30" => 30,
        "HOUR" => 60,
        _ => return None,
    };
    Some(minutes * 60_000)
}

/// Each point is after the one before it, in a year that the server knows.
pub(super) fn order(series: &Series) -> Result<()> {
    let times = &series.times;
    if times.len() != series.values.len() || times.len() != series.flags.len() {
        return Err(Error::option(
            "points",
            format!(
                "`points` had columns of different lengths: {} times, {} values, {} flags",
                times.len(),
                series.values.len(),
                series.flags.len()
            ),
        ));
    }
    for (index, (before, time)) in times.iter().zip(times.iter().skip(1)).enumerate() {
        if before >= time {
            let how = if before == time { "had the time of" } else { "was before" };
            return Err(wrong(index + 1, *time, format_args!("{how} points[{index}] at {}", moment(*before))));
        }
    }
    // They are in order: where the first and the last are, all are.
    for index in [0, times.len().saturating_sub(1)] {
        if let Some(time) = times.get(index).filter(|time| !(EARLIEST..=LATEST).contains(time)) {
            return Err(wrong(index, *time, "was outside of the years 1 to 9999"));
        }
    }
    Ok(())
}

/// The interval that points which are in order replace.
pub(super) fn interval(series: &Series, start: Option<i64>, end: Option<i64>) -> Result<(i64, i64)> {
    let times = &series.times;
    let (Some(start), Some(end)) =
        (start.or(times.first().copied()), end.or(times.last().map(|last| (last + BEYOND_LAST_MS).min(LATEST))))
    else {
        return Err(Error::new(
            &code::INVALID_POINTS,
            "there were no points, and `start` and `end` did not both say what to delete",
        )
        .with("key", "points"));
    };
    for (key, time) in [("start", start), ("end", end)] {
        if !(EARLIEST..=LATEST).contains(&time) {
            return Err(Error::new(&code::INVALID_POINTS, format!("`{key}` was outside of the years 1 to 9999"))
                .with("key", key)
                .with("time", time));
        }
    }
    if start > end {
        return Err(Error::new(
            &code::INVALID_POINTS,
            format!("the interval began at {}, after its end at {}", moment(start), moment(end)),
        )
        .with("key", "start"));
    }
    for index in [0, times.len().saturating_sub(1)] {
        if let Some(time) = times.get(index).filter(|time| !(start..end).contains(time)) {
            // Of those behind the end the first one is named.
            let index = if *time < start { index } else { times.partition_point(|time| *time < end) };
            let time = times.get(index).copied().unwrap_or(*time);
            let outside =
                format_args!("was outside of [{}, {}), which is replaced", moment(start), moment(end)).to_string();
            return Err(wrong(index, time, outside));
        }
    }
    Ok((start, end))
}

/// Each time, in order, begins a step.
pub(super) fn grid(times: &[i64], step_ms: i64) -> Result<()> {
    let Some(step) = u64::try_from(step_ms).ok().filter(|step| *step > 0) else { return Ok(()) };
    let Some(first) = times.first() else { return Ok(()) };
    if first.rem_euclid(step_ms) != 0 {
        return Err(off_grid(0, *first, step_ms));
    }
    for (index, (before, time)) in times.iter().zip(times.iter().skip(1)).enumerate() {
        let distance = time.wrapping_sub(*before).cast_unsigned();
        // Nearly always the next step, which costs no division.
        if distance != step && distance % step != 0 {
            return Err(off_grid(index + 1, *time, step_ms));
        }
    }
    Ok(())
}

fn off_grid(index: usize, time: i64, step_ms: i64) -> Error {
    wrong(index, time, format_args!("was not at a multiple of the series' {} minutes", step_ms / 60_000))
}

fn wrong(index: usize, time: i64, what: impl std::fmt::Display) -> Error {
    Error::new(&code::INVALID_POINTS, format!("points[{index}] at {} {what}", moment(time)))
        .with("key", "points")
        .with("index", index)
        .with("time", time)
}

/// A time as a message shows it.
fn moment(milliseconds: i64) -> String {
    let (year, month, day) = date_after(milliseconds.div_euclid(86_400_000));
    let of_day = milliseconds.rem_euclid(86_400_000);
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if thousandths == 0 { String::new() } else { format!(".{thousandths:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}
