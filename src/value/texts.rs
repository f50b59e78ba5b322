//! The texts of a document's numbers, made when the first is asked for: most hosts never do.

use super::{
    fill::Exact,
    number,
    page::{Kind, NodeCell},
};

/// The text of every number by its ordinal, each with a NUL behind it.
#[derive(Debug)]
pub(super) struct Texts {
    text: Vec<u8>,
    /// Where each starts, and where the next would.
    starts: Vec<usize>,
}

impl Texts {
    fn with_room(numbers: u32) -> Texts {
        let mut starts = Vec::with_capacity(numbers as usize + 1);
        starts.push(0);
        Texts { text: Vec::with_capacity(numbers as usize * 8), starts }
    }

    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.text.push(0);
        self.starts.push(self.text.len());
    }

    /// Reads them from parsed JSON, in which strings in place end at a NUL and the others at their quote.
    pub fn scan(text: &[u8], numbers: u32, exact: &[Exact]) -> Texts {
        let mut texts = Texts::with_room(numbers);
        let mut exact = exact.iter().peekable();
        let mut rest = text;
        while let [first, tail @ ..] = rest {
            match first {
                b'"' => rest = after_string(tail),
                b'-' | b'0'..=b'9' => {
                    let end = rest.iter().position(|byte| !is_number_byte(*byte)).unwrap_or(rest.len());
                    let (token, after) = rest.split_at(end);
                    let ordinal = texts.starts.len() - 1;
                    match exact.next_if(|exact| exact.ordinal as usize == ordinal) {
                        Some(exact) => texts.push(exact.text.as_bytes()),
                        None => texts.push(token),
                    }
                    rest = after;
                }
                _ => rest = tail,
            }
        }
        texts
    }

    /// Writes them for a document that was made from a tree.
    pub fn format<'a>(cells: impl Iterator<Item = &'a NodeCell>, numbers: u32, exact: &[Exact]) -> Texts {
        // The cells are in the order in which parents ended; ordinals are in the order of the tree.
        let mut sorted: Vec<&NodeCell> = cells.filter(|cell| matches!(cell.kind(), Kind::Int | Kind::Double)).collect();
        sorted.sort_unstable_by_key(|cell| cell.len);
        let mut texts = Texts::with_room(numbers);
        let mut exact = exact.iter().peekable();
        for cell in sorted {
            match exact.next_if(|exact| exact.ordinal == cell.len) {
                Some(exact) => texts.push(exact.text.as_bytes()),
                None if cell.kind() == Kind::Int => texts.push(cell.value.cast_signed().to_string().as_bytes()),
                None => texts.push(number::json_float(f64::from_bits(cell.value)).as_bytes()),
            }
        }
        texts
    }

    /// One of them.
    pub fn get(&self, ordinal: u32) -> Option<&[u8]> {
        let start = *self.starts.get(ordinal as usize)?;
        let end = *self.starts.get(ordinal as usize + 1)?;
        self.text.get(start..end.checked_sub(1)?)
    }
}

fn is_number_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

/// What follows a string whose opening quote was passed.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr3(b'"', b'\\', 0, rest) {
        let escape = rest.get(at) == Some(&b'\\');
        rest = rest.get(at + 1 + usize::from(escape)..).unwrap_or_default();
        if !escape {
            return rest;
        }
    }
    &[]
}
