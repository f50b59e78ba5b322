//! Numbers as text: the shortest digits that read back as the same number, laid out as Python's `repr` does.

/// `repr` of a float in Python: `0.1`, `100000.0`, `1e+16`, `1e-05`, `inf`, `-inf`, `nan`.
pub fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    // Between these the plain layout is the one Rust writes; Debug adds the `.0` of whole numbers.
    let size = number.abs();
    if number == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    // Rust writes `1.5e16` and `1e-5`; Python has the sign and two digits in the exponent.
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

/// A float in JSON: as Python writes it, with `NaN`, `Infinity` and `-Infinity` for what JSON has no words for.
pub fn json_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-Infinity" } else { "Infinity" }.to_owned();
    }
    python_float(number)
}

/// The double as an int64, when that is exact.
pub fn exact_int(number: f64) -> Option<i64> {
    // 2^63 is the first double beyond int64; -2^63 is in it.
    const END: f64 = 9_223_372_036_854_775_808.0;
    (number.fract() == 0.0 && (-END..END).contains(&number)).then_some(number as i64)
}

/// The int64 as a double, when that is exact.
pub fn exact_double(number: i64) -> Option<f64> {
    let double = number as f64;
    (double as i128 == i128::from(number)).then_some(double)
}

/// Whether this is a number in JSON's grammar.
pub(super) fn is_json_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        (end, text.get(end..).unwrap_or_default())
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (count, mut rest) = digits(text);
    if count == 0 || (count > 1 && text.first() == Some(&b'0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, after) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', tail @ ..] => tail,
            _ => exponent,
        };
        let (count, after) = digits(exponent);
        return count > 0 && after.is_empty();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_in_python() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (100000.0, "100000.0"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-1.5e16, "-1.5e+16"),
            (1e22, "1e+22"),
            (123456789012345680000.0, "1.2345678901234568e+20"),
            (1e100, "1e+100"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (1.0 / 3.0, "0.3333333333333333"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(python_float(number), text);
        }
        assert_eq!(json_float(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(json_float(f64::NAN), "NaN");
    }

    #[test]
    fn conversions_are_exact_or_not_made() {
        for (number, int) in [
            (3.0, Some(3)),
            (3.5, None),
            (-0.0, Some(0)),
            (-9.223372036854775808e18, Some(i64::MIN)),
            (9.223372036854775808e18, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(exact_int(number), int, "{number}");
        }
        for (number, double) in [
            (1 << 53, Some(9007199254740992.0)),
            ((1 << 53) + 1, None),
            ((1 << 53) + 2, Some(9007199254740994.0)),
            (i64::MAX, None),
            (i64::MIN, Some(-9.223372036854775808e18)),
        ] {
            assert_eq!(exact_double(number), double, "{number}");
        }
    }

    #[test]
    fn the_grammar_is_json() {
        for good in ["0", "-0", "10", "1.5", "1e9", "1E+9", "-1.25e-3"] {
            assert!(is_json_number(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "1x", "inf", "1_0", "0x1"] {
            assert!(!is_json_number(bad.as_bytes()), "{bad}");
        }
    }
}
