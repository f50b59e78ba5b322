//! Queries as text (spec/ftrack.md 3): what the client does to the host's words before the server sees them.

mod bind;
mod syntax;
mod words;

pub use bind::bind;
pub use syntax::check;
pub use words::{Key, bare_text, ensure, get, populate, projection, quoted};

use super::schema::{EntityType, Schemas};
use crate::error::{Error, Result, code};

/// Results of one request when nothing else was asked for.
pub const PAGE_SIZE: u64 = 500;

/// A query, ready to be sent page by page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The text without offset and limit.
    pub text: String,
    /// Where to begin.
    pub offset: Option<u64>,
    /// How many at the most.
    pub limit: Option<u64>,
}

impl Statement {
    /// Completes the host's words: projections when there are none, offset and limit taken out; with `anywhere` also
    /// from within quotes and parentheses, as the official client does.
    ///
    /// # Errors
    /// `unknown_type` when the text begins with no known type.
    pub fn new(text: &str, schemas: &Schemas, anywhere: bool) -> Result<Statement> {
        let completed = if text.starts_with("select") {
            text.to_owned()
        } else {
            let kind = schemas.find(text.split(' ').next().unwrap_or_default())?;
            format!("select {} from {text}", projections(kind))
        };
        let cut = if anywhere { cut_anywhere } else { cut };
        let (text, offset) = cut(completed, "offset");
        let (text, limit) = cut(text, "limit");
        Ok(Statement { text: text.trim().to_owned(), offset, limit })
    }

    /// The request for the page that begins at `offset`.
    pub fn page(&self, offset: u64, size: u64) -> String {
        format!("{} offset {offset} limit {size}", self.text)
    }

    /// How many results a page has.
    pub fn page_size(&self, wanted: Option<u64>) -> u64 {
        let size = wanted.unwrap_or(PAGE_SIZE).max(1);
        self.limit.map_or(size, |limit| size.min(limit.max(1)))
    }

    /// The request for the first result alone.
    ///
    /// # Errors
    /// `argument` when the text had a limit.
    pub fn first(&self) -> Result<String> {
        if self.limit.is_some() {
            return Err(misplaced("first", "limit"));
        }
        let offset = self.offset.map(|offset| format!(" offset {offset}")).unwrap_or_default();
        Ok(format!("{}{offset} limit 1", self.text))
    }

    /// The request by which one and more than one can be told apart.
    ///
    /// # Errors
    /// `argument` when the text had a limit or an offset.
    pub fn one(&self) -> Result<String> {
        match (self.limit, self.offset) {
            (Some(_), _) => Err(misplaced("one", "limit")),
            (_, Some(_)) => Err(misplaced("one", "offset")),
            (None, None) => Ok(format!("{} limit 2", self.text)),
        }
    }
}

fn misplaced(what: &str, word: &str) -> Error {
    Error::new(&code::ARGUMENT, format!("{what} was asked of a query that had its own {word}")).with("key", what)
}

/// The projections of a query that names none; without any, the key must do.
pub fn projections(kind: &EntityType) -> String {
    if kind.default_projections.is_empty() {
        return kind.key_names().collect::<Vec<_>>().join(", ");
    }
    kind.default_projections.join(", ")
}

/// Takes the first `word N` out. Only outside of quotes and parentheses: there it belongs to a value or a subquery.
fn cut(text: String, word: &str) -> (String, Option<u64>) {
    for (start, found) in syntax::outside(&text, word) {
        let digits_at = start + found;
        let rest = text.get(digits_at..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start().len();
        let digits = rest.trim_start();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let ends_there =
            !digits.get(end..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        if blanks > 0
            && ends_there
            && let Some(number) = digits.get(..end).and_then(|digits| digits.parse().ok())
        {
            let mut without = text.get(..start).unwrap_or_default().to_owned();
            without.push_str(digits.get(end..).unwrap_or_default());
            return (without, Some(number));
        }
    }
    (text, None)
}

/// Takes the first `word N` out, with one blank between, wherever it stands.
fn cut_anywhere(text: String, word: &str) -> (String, Option<u64>) {
    for (start, _) in text.match_indices(word) {
        let digits = text.get(start + word.len()..).and_then(|rest| rest.strip_prefix(' ')).unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if let Some(number) = digits.get(..end).and_then(|digits| digits.parse().ok()) {
            let mut without = text.get(..start).unwrap_or_default().to_owned();
            without.push_str(digits.get(end..).unwrap_or_default());
            return (without, Some(number));
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    fn schemas() -> Schemas {
        let text = r#"[{"id":"Task","primary_key":["id"],"default_projections":["context_type","id","name"],"properties":{"id":{"type":"string"},"name":{"type":"string"}}},
                       {"id":"Bare","primary_key":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}]"#;
        Schemas::read(&Document::from_json(text.into()).unwrap()).unwrap()
    }

    fn statement(text: &str) -> Statement {
        Statement::new(text, &schemas(), false).unwrap()
    }

    #[test]
    fn text_without_projections_gets_the_default_ones() {
        assert_eq!(statement("Task where name is x").text, "select context_type, id, name from Task where name is x");
        assert_eq!(statement("select name from Task").text, "select name from Task");
        assert_eq!(statement("Bare").text, "select a, b from Bare");
        assert_eq!(Statement::new("Tisk where x is y", &schemas(), false).unwrap_err().code(), "unknown_type");
    }

    #[test]
    fn offset_and_limit_are_taken_out_where_they_are_meant() {
        let taken = statement("select id from Task limit 12 offset 3");
        assert_eq!(taken, Statement { text: "select id from Task".into(), offset: Some(3), limit: Some(12) });
        assert_eq!(taken.page(3, 5), "select id from Task offset 3 limit 5");
        assert_eq!((taken.page_size(None), taken.page_size(Some(5))), (12, 5));
        for kept in [
            "select id from Task where name is \"limit 5\"",
            "select id from Task where id in (select id from Task limit 5)",
        ] {
            assert_eq!(statement(kept), Statement { text: kept.into(), offset: None, limit: None });
        }
        for kept in
            ["select limit5 from Task", "select id from Task where limit is 5", "select id from Task where x_limit 5"]
        {
            assert_eq!(statement(kept).limit, None, "{kept}");
        }
    }

    /// The expected values are those of the official client's `QueryResult`.
    #[test]
    fn offset_and_limit_are_taken_out_anywhere_for_compatibility() {
        for (text, expected, limit) in [
            ("select id from Task where name is \"limit 5\"", "select id from Task where name is \"\"", Some(5)),
            (
                "select id from Task where id in (select id from Task limit 5)",
                "select id from Task where id in (select id from Task )",
                Some(5),
            ),
            ("select id from Task where x_limit 5", "select id from Task where x_", Some(5)),
            ("select id from Task limit 5a limit 6", "select id from Task a limit 6", Some(5)),
            ("select id from Task limit  5", "select id from Task limit  5", None),
        ] {
            let statement = Statement::new(text, &schemas(), true).unwrap();
            assert_eq!((&*statement.text, statement.limit), (expected, limit), "{text}");
        }
    }

    #[test]
    fn first_and_one_are_requests_of_their_own() {
        assert_eq!(statement("select id from Task offset 2").first().unwrap(), "select id from Task offset 2 limit 1");
        assert_eq!(statement("select id from Task").one().unwrap(), "select id from Task limit 2");
        assert!(statement("select id from Task limit 2").first().is_err());
        assert!(statement("select id from Task limit 2").one().is_err());
        assert!(statement("select id from Task offset 2").one().is_err());
    }
}
