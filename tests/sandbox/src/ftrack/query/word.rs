//! The words of a query.

use super::Result;
use crate::ftrack::refusal::Refusal;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Letters, digits and most signs: keywords, paths and values without quotes.
    Bare(String),
    /// A text in quotes.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Sign(&'static str),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

impl Word {
    /// Whether it is that keyword, in any case.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Bare(text) if text.eq_ignore_ascii_case(keyword))
    }
}

/// Takes a query apart. A quote ends a word, so that a keyword may follow it at once (`"x"and`).
pub fn words(text: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (word, used) = match first {
            _ if first.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '(' => (Word::Open, 1),
            ')' => (Word::Close, 1),
            ',' => (Word::Comma, 1),
            '"' | '\'' => quoted(rest, first)?,
            '=' | '!' | '<' | '>' => {
                let sign = ["!=", "<=", ">=", "=", "<", ">"].into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| Refusal::parse(format!("Unable to parse query at {rest:?}.")))?;
                (Word::Sign(sign), sign.len())
            }
            _ => {
                let ends =
                    |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '"' | '\'' | '=' | '!' | '<' | '>');
                let used = rest.find(ends).unwrap_or(rest.len());
                (Word::Bare(rest[..used].to_owned()), used)
            }
        };
        words.push(word);
        rest = &rest[used..];
    }
    Ok(words)
}

/// A backslash takes the meaning from the next quote or backslash; before anything else it stands for itself.
fn quoted(text: &str, quote: char) -> Result<(Word, usize)> {
    let mut out = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.peek() {
                Some((_, next)) if *next == '\\' || *next == '"' || *next == '\'' => {
                    out.push(*next);
                    characters.next();
                }
                _ => out.push(c),
            },
            _ if c == quote => return Ok((Word::Quoted(out), at + 1)),
            _ => out.push(c),
        }
    }
    Err(Refusal::parse("Unable to parse query: a quote was not closed."))
}
