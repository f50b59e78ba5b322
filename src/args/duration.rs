//! Durations: seconds as a number, or text with a unit (`250ms`, `30s`, `2m`, `1.5h`).

use std::time::Duration;

use crate::{
    error::{Error, Result},
    value::Tree,
};

/// A century. More is as good as for ever, and cannot be added to a clock everywhere.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86400);

/// The duration that `value`, found under `key`, stands for; null is none.
///
/// # Errors
/// `argument` if it is neither a number nor text with a unit, or not a number, negative or without end.
pub fn duration(key: &str, value: &Tree) -> Result<Option<Duration>> {
    let seconds = match value {
        Tree::Null => return Ok(None),
        Tree::Int(number) => *number as f64,
        Tree::Double(number) | Tree::Number(number, _) => *number,
        Tree::Text(text) => match with_unit(text) {
            Some(seconds) => seconds,
            None => {
                return Err(Error::option(
                    key,
                    format!(
                        "`{key}` must be seconds as a number or text with a unit (ms, s, m, h), and it was {text:?}"
                    ),
                ));
            }
        },
        other => {
            return Err(Error::option(
                key,
                format!(
                    "`{key}` must be seconds as a number or text with a unit (ms, s, m, h), and it was {}",
                    other.kind_name()
                ),
            ));
        }
    };
    Duration::try_from_secs_f64(seconds).map(|time| Some(time.min(LONGEST))).map_err(|_| {
        Error::option(key, format!("`{key}` must be a finite number of seconds not below 0, and it was {seconds:?}"))
    })
}

fn with_unit(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    let split = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number = number.trim_ascii_end();
    // Only digits and a point: Rust would also take "inf" and "nan", and an exponent is no way to write "30s".
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    match unit {
        "ms" => Some(number / 1000.0),
        "s" => Some(number),
        "m" => Some(number * 60.0),
        "h" => Some(number * 3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seconds_and_text_has_a_unit() {
        for (value, milliseconds) in [
            (Tree::Null, None),
            (Tree::Int(0), Some(0)),
            (Tree::Int(30), Some(30_000)),
            (Tree::Double(0.25), Some(250)),
            (Tree::from("250ms"), Some(250)),
            (Tree::from("30s"), Some(30_000)),
            (Tree::from("2m"), Some(120_000)),
            (Tree::from("1h"), Some(3_600_000)),
            (Tree::from(" 1.5 s "), Some(1500)),
        ] {
            assert_eq!(duration("timeout", &value).unwrap(), milliseconds.map(Duration::from_millis), "{value:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_an_error_that_names_the_key() {
        for value in [
            Tree::Int(-1),
            Tree::Double(f64::NAN),
            Tree::Double(f64::INFINITY),
            Tree::Double(-0.5),
            Tree::Double(1e300),
            Tree::from("30"),
            Tree::from(""),
            Tree::from("s"),
            Tree::from("1d"),
            Tree::from("-1s"),
            Tree::from("infs"),
            Tree::from("1e3s"),
            Tree::from("1s2"),
            Tree::Bool(true),
            Tree::Array(Vec::new()),
        ] {
            let error = duration("timeouts.total", &value).unwrap_err();
            assert!(error.message().contains("timeouts.total"), "{error}");
            assert_eq!(error.code(), "argument");
        }
    }
}
