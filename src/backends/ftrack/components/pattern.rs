//! Sequences of files as one text, `head%04dtail [1-5, 7]` (spec/ftrack.md 9.3), read as the official client reads it.

use std::collections::BTreeSet;

/// Members of one sequence, beyond which the text is taken for a mistake.
pub const MOST: u64 = 1_000_000;

/// A sequence of files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    head: String,
    tail: String,
    /// How many digits a number has at least; 0 for as many as it needs.
    pub padding: u16,
    indexes: Vec<u64>,
}

impl Pattern {
    /// Reads one; `None` for what names a single file.
    ///
    /// # Errors
    /// How many members a text would have that has too many.
    pub fn read(text: &str) -> Result<Option<Pattern>, u64> {
        let Some((start, ranges)) = text.strip_suffix(']').and_then(|text| text.rsplit_once(" [")) else {
            return Ok(None);
        };
        let Some((head, padding, tail)) = padding(start) else { return Ok(None) };
        let Some(indexes) = numbers(ranges)? else { return Ok(None) };
        Ok(Some(Pattern { head: head.into(), tail: tail.into(), padding, indexes }))
    }

    /// The sequence without its ranges.
    pub fn path(&self) -> String {
        format!("{}{}{}", self.head, expression(self.padding.into()), self.tail)
    }

    /// Each member's number as it is written, and its path.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (String, String)> {
        self.indexes.iter().map(|index| {
            let number = format!("{index:0width$}", width = usize::from(self.padding));
            let path = format!("{}{number}{}", self.head, self.tail);
            (number, path)
        })
    }
}

/// The place of a number in a path: `%04d`, or `%d` when it is as long as it needs to be.
pub fn expression(padding: i64) -> String {
    if padding > 0 { format!("%0{padding}d") } else { "%d".into() }
}

/// What is before and behind the last `%d` or `%04d`, and the digits it asks for.
fn padding(text: &str) -> Option<(&str, u16, &str)> {
    for (at, _) in text.rmatch_indices('%') {
        let rest = text.get(at + 1..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if rest.as_bytes().get(digits) == Some(&b'd') {
            let width = rest.get(..digits)?;
            let width = if width.is_empty() { 0 } else { width.parse().ok().filter(|width| *width <= 200)? };
            return Some((text.get(..at)?, width, rest.get(digits + 1..)?));
        }
    }
    None
}

/// The numbers of `1-5, 7`, ascending, each once; `None` for something else.
fn numbers(text: &str) -> Result<Option<Vec<u64>>, u64> {
    if text.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let mut ends = part.split('-').map(|end| end.trim().parse::<u64>().ok());
        let (first, last) = match (ends.next(), ends.next(), ends.next()) {
            (Some(Some(first)), None, _) => (first, first),
            (Some(Some(first)), Some(Some(last)), None | Some(Some(_))) => (first, last),
            _ => return Ok(None),
        };
        if last.saturating_sub(first) >= MOST {
            return Err(last - first);
        }
        all.extend(first..=last);
        if all.len() as u64 > MOST {
            return Err(all.len() as u64);
        }
    }
    Ok(Some(all.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, u16, Vec<(String, String)>)> {
        let pattern = Pattern::read(text).unwrap()?;
        Some((pattern.path(), pattern.padding, pattern.members().collect()))
    }

    fn pair(number: &str, path: &str) -> (String, String) {
        (number.into(), path.into())
    }

    /// What clique 1.6.1 makes of the same texts.
    #[test]
    fn sequences_are_read_as_the_official_client_reads_them() {
        let expected =
            vec![pair("0001", "/a/b.0001.exr"), pair("0002", "/a/b.0002.exr"), pair("0007", "/a/b.0007.exr")];
        assert_eq!(shown("/a/b.%04d.exr [1-2, 7]"), Some(("/a/b.%04d.exr".into(), 4, expected)));
        let expected = vec![pair("9", "x9"), pair("10", "x10")];
        assert_eq!(shown("x%d [10,9,9-10]"), Some(("x%d".into(), 0, expected)));
        assert_eq!(shown("x%3d []"), Some(("x%03d".into(), 3, vec![])));
        assert_eq!(shown("x%d [5-1]"), Some(("x%d".into(), 0, vec![])));
        assert_eq!(shown("x%d [ 1 - 2 -9]"), Some(("x%d".into(), 0, vec![pair("1", "x1"), pair("2", "x2")])));
        assert_eq!(shown("a%db%02dc [1]"), Some(("a%db%02dc".into(), 2, vec![pair("01", "a%db01c")])));
        assert_eq!(shown("a%02d [x].%d [1]"), Some(("a%02d [x].%d".into(), 0, vec![pair("1", "a%02d [x].1")])));
        for single in [
            "/a/b.exr",
            "/a/b.%04d.exr",
            "/a/b [1]",
            "/a/b.%04d.exr [1",
            "x%d[1]",
            "x%d [1,]",
            "x%d [-1]",
            "x%d [a]",
            "x%xd [1]",
        ] {
            assert_eq!(shown(single), None, "{single}");
        }
    }

    #[test]
    fn a_sequence_has_an_end() {
        assert!(Pattern::read("x%d [1-99999999999]").is_err());
        assert!(Pattern::read("x%d [0-700000,700001-1400000]").is_err());
        assert_eq!(Pattern::read("x%d [1-1000000]").unwrap().unwrap().members().len(), 1_000_000);
    }
}
