//! How much of what a host wrote a refusal says again: a word, a key or a verb may be of any length, and a message is read
//! by people. What is quoted (`"…"`, `` `…` ``) is cut after 100 characters, and the whole after 2,000.

use std::borrow::Cow;

/// The most characters of one word.
const WORD: usize = 100;
/// The most characters of a refusal.
const WHOLE: usize = 2_000;

/// A word as it is said again.
pub(super) fn cut(word: &str) -> Cow<'_, str> {
    up_to(word, WORD)
}

fn up_to(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)) {
        // Half of an escape would swallow the quote behind it.
        Some(head) => Cow::Owned(format!("{}…", head.trim_end_matches('\\'))),
        None => Cow::Borrowed(text),
    }
}

/// A message with its quotes cut.
pub(super) fn message(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= WORD {
        return text;
    }
    let mut out = String::with_capacity(text.len().min(2 * WHOLE));
    let mut rest = &*text;
    while let Some((before, quote, behind)) = rest.find(['"', '`']).and_then(|at| parted(rest, at)) {
        out.push_str(before);
        out.push_str(quote);
        let Some((inside, quote, behind)) = end(behind, quote).and_then(|at| parted(behind, at)) else {
            rest = behind;
            break;
        };
        out.push_str(&cut(inside));
        out.push_str(quote);
        rest = behind;
    }
    out.push_str(&up_to(rest, WHOLE));
    match up_to(&out, WHOLE) {
        Cow::Owned(cut) => Cow::Owned(cut),
        Cow::Borrowed(_) => Cow::Owned(out),
    }
}

/// What stands before, at, and behind a place of one byte.
fn parted(text: &str, at: usize) -> Option<(&str, &str, &str)> {
    Some((text.get(..at)?, text.get(at..=at)?, text.get(at + 1..)?))
}

/// Where a quote ends; one that is escaped is part of it.
fn end(text: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    let wanted = quote.bytes().next()?;
    text.bytes().position(|byte| {
        let over = !escaped && byte == wanted;
        escaped = !escaped && byte == b'\\' && wanted == b'"';
        over
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_is_cut_where_a_character_ends() {
        let long = "ä".repeat(5_000_000);
        let said = message(Cow::Owned(format!("there is no verb {long:?}; the nearest is \"b\"")));
        assert_eq!(said, format!("there is no verb \"{}…\"; the nearest is \"b\"", "ä".repeat(100)));
        let said = message(Cow::Owned(format!("the key `{long}` had no name")));
        assert_eq!(said, format!("the key `{}…` had no name", "ä".repeat(100)));
        let bare = message(Cow::Owned(format!("{long} was null")));
        assert_eq!(bare.chars().count(), 2_001);
        assert_eq!(cut(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(cut(&"x".repeat(101)), format!("{}…", "x".repeat(100)));
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let text = format!("{} \"a \\\" b\" `c` \"{}", "words ".repeat(40), "d");
        assert_eq!(message(Cow::Owned(text.clone())), text);
        // An escaped quote does not end the word, and no escape is cut in half.
        let word = "\"".repeat(200);
        let said = message(Cow::Owned(format!("no {word:?} here")));
        assert_eq!(said, format!("no \"{}…\" here", "\\\"".repeat(50)));
        let word = format!("x{word}");
        let said = message(Cow::Owned(format!("no {word:?} here")));
        assert_eq!(said, format!("no \"x{}…\" here", "\\\"".repeat(49)));
    }
}
