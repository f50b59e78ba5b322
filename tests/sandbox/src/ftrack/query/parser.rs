//! From words to a statement.

use super::word::{Word, words};
use super::{Criteria, Literal, Operator, Path, Projection, Result, Statement, Step};
use crate::ftrack::refusal::Refusal;

/// Subqueries and brackets beyond this depth are refused, so that no query can end the program.
const DEPTH_MAX: usize = 100;

/// Words that end a statement's head, and so are no values where a clause may begin.
const CLAUSES: [&str; 5] = ["where", "order", "group", "offset", "limit"];

struct Parser {
    words: Vec<Word>,
    at: usize,
    depth: usize,
}

/// Reads a whole query.
pub fn statement(text: &str) -> Result<Statement> {
    let mut parser = Parser { words: words(text)?, at: 0, depth: 0 };
    let statement = parser.statement()?;
    parser.end()?;
    Ok(statement)
}

/// Reads criteria alone, as a search has them.
pub fn criteria(text: &str) -> Result<Criteria> {
    let mut parser = Parser { words: words(text)?, at: 0, depth: 0 };
    let criteria = parser.criteria()?;
    parser.end()?;
    Ok(criteria)
}

impl Parser {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Result<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word.ok_or_else(|| Refusal::parse("Unable to parse query: it ended too early."))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, wanted: &Word) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, wanted: &Word) -> Result<()> {
        if self.take_word(wanted) { Ok(()) } else { Err(self.lost()) }
    }

    fn lost(&self) -> Refusal {
        match self.peek() {
            Some(Word::Bare(text) | Word::Quoted(text)) => {
                Refusal::parse(format!("Unable to parse query at {text:?}."))
            }
            Some(Word::Sign(text)) => Refusal::parse(format!("Unable to parse query at {text:?}.")),
            Some(Word::Open) => Refusal::parse("Unable to parse query at \"(\"."),
            Some(Word::Close) => Refusal::parse("Unable to parse query at \")\"."),
            Some(Word::Comma) => Refusal::parse("Unable to parse query at \",\"."),
            None => Refusal::parse("Unable to parse query: it ended too early."),
        }
    }

    fn end(&self) -> Result<()> {
        if self.at >= self.words.len() { Ok(()) } else { Err(self.lost()) }
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Refusal::parse("Unable to parse query: it is too deep.")) } else { Ok(()) }
    }

    fn bare(&mut self) -> Result<String> {
        match self.next()? {
            Word::Bare(text) => Ok(text),
            _ => {
                self.at -= 1;
                Err(self.lost())
            }
        }
    }

    fn statement(&mut self) -> Result<Statement> {
        self.deeper()?;
        let mut projections = Vec::new();
        if self.take("select") {
            loop {
                projections.push(self.projection()?);
                if !self.take_word(&Word::Comma) {
                    break;
                }
            }
            if !self.take("from") {
                return Err(self.lost());
            }
        }
        let entity = self.bare()?;
        if !entity.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Refusal::parse(format!("Unable to parse query at {entity:?}.")));
        }
        let filter = if self.take("where") { Some(self.criteria()?) } else { None };
        let mut statement =
            Statement { projections, entity, filter, group: Vec::new(), order: Vec::new(), offset: None, limit: None };
        loop {
            if self.take("order") {
                if !self.take("by") {
                    return Err(self.lost());
                }
                statement.order = self.keys()?;
            } else if self.take("group") {
                if !self.take("by") {
                    return Err(self.lost());
                }
                statement.group = self.keys()?.into_iter().map(|(path, _)| path).collect();
            } else if self.take("offset") {
                statement.offset = Some(self.number()?);
            } else if self.take("limit") {
                statement.limit = Some(self.number()?);
            } else {
                self.depth -= 1;
                return Ok(statement);
            }
        }
    }

    fn number(&mut self) -> Result<usize> {
        let text = self.bare()?;
        text.parse().map_err(|_| Refusal::parse(format!("Unable to parse query: {text:?} is not a number.")))
    }

    fn keys(&mut self) -> Result<Vec<(Path, bool)>> {
        let mut keys = Vec::new();
        loop {
            let path = self.path()?;
            let down = self.take("desc") || self.take("descending");
            if !down && !self.take("asc") {
                self.take("ascending");
            }
            keys.push((path, down));
            if !self.take_word(&Word::Comma) {
                return Ok(keys);
            }
        }
    }

    fn projection(&mut self) -> Result<Projection> {
        if self.words.get(self.at + 1) == Some(&Word::Open) {
            let name = self.bare()?;
            self.need(&Word::Open)?;
            let path = self.path()?;
            self.need(&Word::Close)?;
            return Ok(Projection::Aggregate(name.to_ascii_lowercase(), path));
        }
        Ok(Projection::Path(self.path()?))
    }

    fn path(&mut self) -> Result<Path> {
        let text = self.bare()?;
        let wrong = || Refusal::parse(format!("Unable to parse query at {text:?}."));
        let named = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        text.split('.')
            .map(|part| {
                let (name, cast) = match part.split_once('[') {
                    Some((name, rest)) => (name, Some(rest.strip_suffix(']').ok_or_else(wrong)?)),
                    None => (part, None),
                };
                if !named(name) || cast.is_some_and(|cast| !named(cast)) {
                    return Err(wrong());
                }
                Ok(Step { name: name.to_owned(), cast: cast.map(str::to_owned) })
            })
            .collect()
    }

    fn criteria(&mut self) -> Result<Criteria> {
        self.deeper()?;
        let mut terms = vec![self.conjunction()?];
        while self.take("or") {
            terms.push(self.conjunction()?);
        }
        self.depth -= 1;
        Ok(if terms.len() == 1 { terms.remove(0) } else { Criteria::Or(terms) })
    }

    fn conjunction(&mut self) -> Result<Criteria> {
        let mut terms = vec![self.negation()?];
        while self.take("and") {
            terms.push(self.negation()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Criteria::And(terms) })
    }

    fn negation(&mut self) -> Result<Criteria> {
        self.deeper()?;
        let criteria = if self.take("not") {
            Criteria::Not(Box::new(self.negation()?))
        } else if self.take_word(&Word::Open) {
            let inner = self.criteria()?;
            self.need(&Word::Close)?;
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(criteria)
    }

    fn condition(&mut self) -> Result<Criteria> {
        let path = self.path()?;
        let operator = match self.next()? {
            Word::Sign(sign) => sign.to_owned(),
            Word::Bare(text) => text.to_ascii_lowercase(),
            _ => {
                self.at -= 1;
                return Err(self.lost());
            }
        };
        let operator = match operator.as_str() {
            "=" | "is" => Operator::Equal,
            "!=" | "is_not" => Operator::NotEqual,
            ">" | "after" | "greater_than" => Operator::Above,
            "<" | "before" | "less_than" => Operator::Below,
            ">=" => Operator::From,
            "<=" => Operator::Upto,
            "like" => Operator::Like,
            "not_like" => Operator::NotLike,
            "in" | "not_in" => return self.among(path, operator == "not_in"),
            "has" | "any" => {
                self.need(&Word::Open)?;
                if self.take_word(&Word::Close) {
                    return Ok(Criteria::Related(path, None));
                }
                let inner = self.criteria()?;
                self.need(&Word::Close)?;
                return Ok(Criteria::Related(path, Some(Box::new(inner))));
            }
            _ => {
                self.at -= 1;
                return Err(self.lost());
            }
        };
        Ok(Criteria::Compare(path, operator, self.literal()?))
    }

    fn among(&mut self, path: Path, negated: bool) -> Result<Criteria> {
        self.need(&Word::Open)?;
        // An entity type followed by a clause is a query too, though without projections.
        let query = match self.peek() {
            Some(word) if word.is("select") => true,
            Some(Word::Bare(_)) => {
                self.words.get(self.at + 1).is_some_and(|next| CLAUSES.iter().any(|clause| next.is(clause)))
            }
            _ => false,
        };
        if query {
            let statement = self.statement()?;
            self.need(&Word::Close)?;
            return Ok(Criteria::InQuery(path, negated, Box::new(statement)));
        }
        let mut values = Vec::new();
        while !self.take_word(&Word::Close) {
            if !values.is_empty() {
                self.need(&Word::Comma)?;
            }
            values.push(self.literal()?);
        }
        Ok(Criteria::In(path, negated, values))
    }

    fn literal(&mut self) -> Result<Literal> {
        match self.next()? {
            Word::Quoted(text) => Ok(Literal::Text(text)),
            Word::Bare(text) if ["none", "null"].iter().any(|none| text.eq_ignore_ascii_case(none)) => {
                Ok(Literal::None)
            }
            Word::Bare(text) => Ok(Literal::Text(text)),
            _ => {
                self.at -= 1;
                Err(self.lost())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        text.split('.').map(|name| Step { name: name.to_owned(), cast: None }).collect()
    }

    fn equal(name: &str, value: &str) -> Criteria {
        Criteria::Compare(path(name), Operator::Equal, Literal::Text(value.to_owned()))
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let read = criteria("a is 1 or b is 2 and not (c is 3 or d is 4)").unwrap();
        let inner = Criteria::Not(Box::new(Criteria::Or(vec![equal("c", "3"), equal("d", "4")])));
        assert_eq!(read, Criteria::Or(vec![equal("a", "1"), Criteria::And(vec![equal("b", "2"), inner])]));
    }

    #[test]
    fn what_the_clients_write_is_read() {
        let read = statement(
            r#"select id from Metadata where (parent_id is "a"and key is "b") or (key is 'c') offset 0 limit 500"#,
        );
        let read = read.unwrap();
        let pair = Criteria::And(vec![equal("parent_id", "a"), equal("key", "b")]);
        assert_eq!(read.filter, Some(Criteria::Or(vec![pair, equal("key", "c")])));
        assert_eq!((read.offset, read.limit), (Some(0), Some(500)));
        let read = statement("Task where id in (9bf01782-0000,b,c)").unwrap();
        let values = ["9bf01782-0000", "b", "c"].map(|text| Literal::Text(text.to_owned()));
        assert_eq!(read.filter, Some(Criteria::In(path("id"), false, values.to_vec())));
        let read =
            statement(r#"SELECT children[Task].name FROM Project WHERE name = "a\"b\\c" ORDER BY name DESC, id"#)
                .unwrap();
        assert_eq!(read.filter, Some(equal("name", "a\"b\\c")));
        assert_eq!(read.order, [(path("name"), true), (path("id"), false)]);
        let step = Step { name: "children".to_owned(), cast: Some("Task".to_owned()) };
        assert_eq!(read.projections, [Projection::Path(vec![step, path("name").remove(0)])]);
        assert!(matches!(
            statement("Task where id in (select task_id from AssetVersion where version > 2)").unwrap().filter,
            Some(Criteria::InQuery(..))
        ));
        assert_eq!(
            criteria("not notes any ()").unwrap(),
            Criteria::Not(Box::new(Criteria::Related(path("notes"), None)))
        );
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for text in [
            "",
            "select from Task",
            "select id Task",
            "Task where",
            "Task where name",
            "Task where name is",
            "Task name",
            "Task where name is \"x",
            "Task where (name is x",
            "Task where name is x)",
            "Task limit x",
            "Task order name",
            "Task where name ~ x",
            "Task where name is x y",
            "Task where a..b is x",
            "select a[b from Task",
            "Ta-sk",
        ] {
            assert!(statement(text).is_err(), "{text}");
        }
        assert!(statement(&format!("Task where {}a is 1", "(".repeat(5000))).is_err());
    }
}
