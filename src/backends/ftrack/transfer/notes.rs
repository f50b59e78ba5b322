//! What is known of an unfinished download, in `NAME.part.tag` beside it: what identifies the content, and when it comes
//! in several stretches, how far each of them is.
//!
//! One line of text each: the tag; then `total N`; then `FROM TO AT` for each stretch. A file that does not read so
//! counts as none.

use std::path::Path;

use super::plan::Stretch;

/// A stretch and how far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// What it is.
    pub stretch: Stretch,
    /// The first byte that is not there.
    pub at: u64,
}

/// What is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// What identifies the content.
    pub tag: String,
    /// How many bytes it has; known when there are stretches.
    pub total: Option<u64>,
    /// The stretches; none when it comes in order, and the length of the file says how far it is.
    pub courses: Vec<Course>,
}

impl Notes {
    /// Reads them.
    pub fn read(path: &Path) -> Option<Notes> {
        Notes::parse(&std::fs::read_to_string(path).ok()?)
    }

    fn parse(text: &str) -> Option<Notes> {
        let mut lines = text.lines();
        let tag = lines.next()?.trim().to_owned();
        let total = match lines.next() {
            None => None,
            Some(line) => Some(line.strip_prefix("total ")?.parse::<u64>().ok()?),
        };
        let mut courses = Vec::new();
        for line in lines {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().ok()).collect::<Option<_>>()?;
            let [from, to, at] = *numbers else { return None };
            let follows = courses.last().map_or(0, |last: &Course| last.stretch.to);
            if from != follows || at < from || at > to {
                return None;
            }
            courses.push(Course { stretch: Stretch { from, to }, at });
        }
        let whole = courses.last().map(|last| last.stretch.to) == total;
        (!tag.is_empty() && whole).then_some(Notes { tag, total, courses })
    }

    /// As they are written.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.tag);
        if let Some(total) = self.total {
            text.push_str(&format!("total {total}\n"));
        }
        for Course { stretch, at } in &self.courses {
            text.push_str(&format!("{} {} {at}\n", stretch.from, stretch.to));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let course = |from, to, at| Course { stretch: Stretch { from, to }, at };
        for (total, courses) in [(None, vec![]), (Some(9), vec![course(0, 4, 2), course(4, 9, 9)])] {
            let notes = Notes { tag: "\"a b\"".into(), total, courses };
            assert_eq!(Notes::parse(&notes.text()), Some(notes));
        }
    }

    #[test]
    fn what_is_damaged_is_none() {
        for text in [
            "",
            "\n",
            "t\ntotal x",
            "t\ntotal 9",
            "t\ntotal 9\n0 4 2",
            "t\ntotal 9\n0 4 5\n4 9 4",
            "t\ntotal 9\n0 4 2\n5 9 5",
            "t\ntotal 9\n0 9",
            "t\n0 9 3",
        ] {
            assert_eq!(Notes::parse(text), None, "{text:?}");
        }
    }
}
