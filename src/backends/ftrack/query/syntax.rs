//! A look at a query before it is sent: quotes and parentheses that match, and the words in their order. What the server
//! alone can know (paths, operators of newer servers) is left to it.

use crate::error::{Error, Result, code};

/// The places of a word outside of quotes and parentheses, each with the word's length; as a word of its own.
pub(super) fn outside(text: &str, word: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut before = ' ';
    for token in tokens(text) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Char(at, c) => {
                let starts = !(before.is_alphanumeric() || matches!(before, '_' | '.'));
                if depth == 0 && starts && text.get(at..at + word.len()) == Some(word) {
                    found.push((at, word.len()));
                }
                before = c;
                continue;
            }
            Token::Quoted | Token::Unclosed => {}
        }
        before = ' ';
    }
    found
}

enum Token {
    Open,
    Close,
    Quoted,
    Unclosed,
    Char(usize, char),
}

/// The text with quoted parts as one token each.
fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut chars = text.char_indices();
    std::iter::from_fn(move || {
        let (at, c) = chars.next()?;
        Some(match c {
            '(' => Token::Open,
            ')' => Token::Close,
            '"' | '\'' => {
                let mut escaped = false;
                loop {
                    match chars.next() {
                        None => break Token::Unclosed,
                        Some(_) if escaped => escaped = false,
                        Some((_, '\\')) => escaped = true,
                        Some((_, end)) if end == c => break Token::Quoted,
                        Some(_) => {}
                    }
                }
            }
            _ => Token::Char(at, c),
        })
    })
}

/// Finds the mistakes that no server would accept.
///
/// # Errors
/// `parse`, with what was wrong.
pub fn check(text: &str) -> Result<()> {
    let wrong = |what: &str| Err(Error::new(&code::PARSE, format!("the query {text:?} {what}")).with("key", "target"));
    let mut depth = 0usize;
    for token in tokens(text) {
        match token {
            Token::Open => depth += 1,
            Token::Close if depth == 0 => return wrong("had a ) without its ("),
            Token::Close => depth -= 1,
            Token::Unclosed => return wrong("had a quote that did not end"),
            Token::Char(_, '\0') => return wrong("had a NUL in it"),
            Token::Char(..) | Token::Quoted => {}
        }
    }
    if depth > 0 {
        return wrong("had a ( without its )");
    }
    if text.trim().is_empty() {
        return wrong("was empty");
    }
    if text.starts_with("select") {
        let first = |word: &str| outside(text, word).first().map(|found| found.0);
        let Some(from) = first("from") else { return wrong("had select and no from") };
        let between = text.get("select".len()..from).unwrap_or_default();
        if between.split(',').any(|projection| projection.trim().is_empty()) {
            return wrong("had an empty projection");
        }
        if text.get(from + "from".len()..).unwrap_or_default().split_whitespace().next().is_none() {
            return wrong("had no type after from");
        }
    }
    let clauses = ["where", "order by", "offset", "limit"];
    if let Some(clause) = clauses.into_iter().find(|clause| text.trim_end().ends_with(&format!(" {clause}"))) {
        return wrong(&format!("ended after {clause}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_takes_passes() {
        for good in [
            "Task",
            "select id from Task where id is 9bf01782-5bc4-4d8e-90d1-a7f9e3c0c1f1",
            "Task where id in (a,b,c) and not (name like \"%x\\\"%\" or notes any ())",
            "select a from Metadata where (k is \"x\"and v is \"y\") or (k is 'z'and v is \"(\")",
            "select count(id), parent.parent.name from Task where children[Task].name is x order by name desc offset 3 limit 4",
        ] {
            check(good).unwrap();
        }
    }

    #[test]
    fn what_none_takes_does_not() {
        for wrong in [
            "",
            "  ",
            "Task where name is \"x",
            "Task where (a is b",
            "Task where a is b)",
            "select id Task",
            "select from Task",
            "select a, , b from Task",
            "select id from ",
            "Task where",
            "Task\0",
        ] {
            assert_eq!(check(wrong).unwrap_err().code(), "parse", "{wrong}");
        }
    }
}
