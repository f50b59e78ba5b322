//! The expression language of subscriptions and targets (spec/ftrack.md 7.6): parsed once, evaluated against an event or
//! a subscriber's metadata.
//!
//! Two dialects: what the official Python client does, for `compat: "python"`, and ours, which mends what is measured
//! to be wrong there. `*` stands for any rest in both, but Python looks for the text before it anywhere in the
//! candidate; numbers are compared as numbers, where Python never finds them equal to text and fails on `<` and `>`.

use std::cmp::Ordering;

use crate::{
    error::{Error, Result, code},
    value::Node,
};

/// Nesting that is certainly a mistake, long before the stack ends.
const DEPTH_MAX: usize = 100;

/// Whose rules are followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dialect {
    /// Ours.
    #[default]
    Haft,
    /// The official Python client's.
    Python,
}

/// One expression, ready to be evaluated.
#[derive(Clone, PartialEq, Debug)]
pub struct Expression {
    root: Term,
    dialect: Dialect,
}

#[derive(Clone, PartialEq, Debug)]
enum Term {
    Or(Vec<Term>),
    And(Vec<Term>),
    Not(Box<Term>),
    Test(Test),
}

/// `field op value`.
#[derive(Clone, PartialEq, Debug)]
struct Test {
    /// The names of the way to the candidate.
    path: Vec<Box<str>>,
    operator: Operator,
    /// As written, without quotes.
    value: Box<str>,
    /// The value as a number, when it is one.
    number: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// What an expression asks of one field, as far as that can be told without looking at the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask<'a> {
    /// It must be exactly this.
    Is(&'a str),
    /// It must begin with this.
    Begins(&'a str),
    /// Anything may match.
    Anything,
}

impl Expression {
    /// Reads an expression; all of the text must be one.
    ///
    /// # Errors
    /// `parse`, with the place.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Expression> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let root = reader.or()?;
        reader.blanks();
        if reader.at < text.len() {
            return Err(reader.wrong("the end, \"and\" or \"or\""));
        }
        Ok(Expression { root, dialect })
    }

    /// Whether `facts` (an event, or metadata) fit.
    pub fn matches(&self, facts: Node<'_>) -> bool {
        self.root.holds(facts, self.dialect)
    }

    /// What it asks of the field `name`, so that subscriptions can be found without evaluating all of them.
    pub fn asks(&self, name: &str) -> Ask<'_> {
        self.root.asks(name, self.dialect)
    }
}

impl Term {
    fn holds(&self, facts: Node<'_>, dialect: Dialect) -> bool {
        match self {
            Term::Or(terms) => terms.iter().any(|term| term.holds(facts, dialect)),
            Term::And(terms) => terms.iter().all(|term| term.holds(facts, dialect)),
            Term::Not(term) => !term.holds(facts, dialect),
            Term::Test(test) => test.holds(facts, dialect),
        }
    }

    fn asks(&self, name: &str, dialect: Dialect) -> Ask<'_> {
        match self {
            // The most telling of those that must all hold.
            Term::And(terms) => {
                terms.iter().map(|term| term.asks(name, dialect)).fold(Ask::Anything, |best, ask| match (best, ask) {
                    (Ask::Is(_), _) | (_, Ask::Anything) => best,
                    (_, Ask::Is(_)) | (Ask::Anything, _) => ask,
                    (Ask::Begins(one), Ask::Begins(other)) => {
                        if other.len() > one.len() {
                            ask
                        } else {
                            best
                        }
                    }
                })
            }
            Term::Test(test)
                if test.operator == Operator::Equal && matches!(&*test.path, [only] if **only == *name) =>
            {
                match test.value.strip_suffix('*') {
                    Some(_) if dialect == Dialect::Python => Ask::Anything,
                    Some("") => Ask::Anything,
                    Some(start) => Ask::Begins(start),
                    None => Ask::Is(&test.value),
                }
            }
            Term::Or(_) | Term::Not(_) | Term::Test(_) => Ask::Anything,
        }
    }
}

impl Test {
    /// A missing field fails every test, `!=` included.
    fn holds(&self, facts: Node<'_>, dialect: Dialect) -> bool {
        let mut candidate = facts;
        for name in &self.path {
            match candidate.get(name) {
                Some(inner) => candidate = inner,
                None => return false,
            }
        }
        match dialect {
            Dialect::Python => self.fits_python(candidate),
            Dialect::Haft => self.fits(candidate),
        }
    }

    fn fits(&self, candidate: Node<'_>) -> bool {
        if candidate.kind() == crate::value::Type::Array {
            return match self.operator {
                Operator::NotEqual => candidate.items().all(|item| self.fits(item)),
                _ => candidate.items().any(|item| self.fits(item)),
            };
        }
        if let (Operator::Equal, Some(start), Some(text)) =
            (self.operator, self.value.strip_suffix('*'), candidate.as_str())
        {
            return text.starts_with(start);
        }
        self.accepts(self.compare(candidate))
    }

    /// How the candidate stands to the value; `None` when the two have no order and are not equal.
    fn compare(&self, candidate: Node<'_>) -> Option<Ordering> {
        use crate::value::Type;
        match candidate.kind() {
            Type::String => candidate.as_str().map(|text| text.cmp(&*self.value)),
            Type::Int | Type::Double => candidate.double()?.partial_cmp(&self.number?),
            Type::Bool => {
                let word = if candidate.truth()? { "true" } else { "false" };
                self.value.eq_ignore_ascii_case(word).then_some(Ordering::Equal)
            }
            _ => None,
        }
    }

    fn accepts(&self, order: Option<Ordering>) -> bool {
        match self.operator {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::NotEqual => order != Some(Ordering::Equal),
            Operator::Greater => order == Some(Ordering::Greater),
            Operator::GreaterEqual => order.is_some_and(Ordering::is_ge),
            Operator::Less => order == Some(Ordering::Less),
            Operator::LessEqual => order.is_some_and(Ordering::is_le),
        }
    }

    /// Text against text; where Python raises out of its dispatch loop, nothing matches.
    fn fits_python(&self, candidate: Node<'_>) -> bool {
        if let (Operator::Equal, Some(part)) = (self.operator, self.value.strip_suffix('*')) {
            return match candidate.as_str() {
                Some(text) => text.contains(part),
                None => candidate.items().any(|item| item.as_str() == Some(part)),
            };
        }
        match candidate.as_str() {
            Some(text) => self.accepts(Some(text.cmp(&*self.value))),
            None => self.operator == Operator::NotEqual,
        }
    }
}

/// The text and how far it was read.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, wanted: &str) -> Error {
        let message = format!(
            "the expression {:?} had no {wanted} at character {}",
            self.text,
            self.text.get(..self.at).map_or(0, |before| before.chars().count()) + 1
        );
        Error::new(&code::PARSE, message).with("key", "expression")
    }

    /// Takes a keyword, whatever its case, when a word ends there.
    fn keyword(&mut self, word: &str) -> bool {
        self.blanks();
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest.get(word.len()..).unwrap_or_default().starts_with(is_name);
        if found {
            self.at += word.len();
        }
        found
    }

    fn or(&mut self) -> Result<Term> {
        let mut terms = vec![self.and()?];
        while self.keyword("or") {
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Term::Or))
    }

    fn and(&mut self) -> Result<Term> {
        let mut terms = vec![self.unary()?];
        while self.keyword("and") {
            terms.push(self.unary()?);
        }
        Ok(one_or(terms, Term::And))
    }

    fn unary(&mut self) -> Result<Term> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::new(&code::PARSE, "the expression was nested too deeply").with("key", "expression"));
        }
        self.blanks();
        // A keyword is a field when an operator follows: `not=1`.
        let start = self.at;
        let term = match self.test() {
            Ok(test) => Term::Test(test),
            Err(error) => {
                let reached = std::mem::replace(&mut self.at, start);
                if self.keyword("not") {
                    Term::Not(Box::new(self.unary()?))
                } else if self.rest().starts_with('(') {
                    self.at += 1;
                    let inner = self.or()?;
                    self.blanks();
                    if !self.rest().starts_with(')') {
                        return Err(self.wrong("\")\""));
                    }
                    self.at += 1;
                    inner
                } else {
                    self.at = reached;
                    return Err(error);
                }
            }
        };
        self.depth -= 1;
        Ok(term)
    }

    fn test(&mut self) -> Result<Test> {
        let field = self.run(is_name);
        if field.is_empty() {
            return Err(self.wrong("field"));
        }
        self.blanks();
        let operators = [
            (">=", Operator::GreaterEqual),
            ("<=", Operator::LessEqual),
            ("!=", Operator::NotEqual),
            ("=", Operator::Equal),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ];
        let Some((sign, operator)) = operators.into_iter().find(|(sign, _)| self.rest().starts_with(sign)) else {
            return Err(self.wrong("operator (= != < <= > >=)"));
        };
        self.at += sign.len();
        self.blanks();
        let value: Box<str> = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?.into(),
            _ => match self.run(is_value) {
                "" => return Err(self.wrong("value")),
                value => value.into(),
            },
        };
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
        Ok(Test { path: field.split('.').map(Into::into).collect(), operator, value, number })
    }

    fn run(&mut self, fits: fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// What is between quotes, backslashes and all.
    fn quoted(&mut self, quote: char) -> Result<&'a str> {
        let inner = self.rest().get(1..).unwrap_or_default();
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.at += at + 2;
                    return Ok(inner.get(..at).unwrap_or_default());
                }
                '\n' | '\r' => break,
                _ => {}
            }
        }
        Err(self.wrong("closing quote"))
    }
}

fn one_or(mut terms: Vec<Term>, several: fn(Vec<Term>) -> Term) -> Term {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            several(terms)
        }
        None => several(terms),
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

fn is_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ',' | '.' | '/' | '*' | '@' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    fn matches(dialect: Dialect, expression: &str, facts: &str) -> bool {
        let facts = Document::from_json(facts.as_bytes().to_vec()).unwrap();
        Expression::parse(expression, dialect).unwrap().matches(facts.root())
    }

    /// The cases of spec 7.6: expression, facts, what Python says, what we say.
    #[test]
    fn both_dialects_say_what_the_specification_says() {
        let update = r#"{"topic":"ftrack.update","id":"7","data":{"n":1,"s":"abc","l":["a","b"],"t":true,"z":null}}"#;
        for (expression, python, ours) in [
            ("topic=ftrack.*", true, true),
            ("topic=update*", true, false),
            ("topic=*", true, true),
            ("topic!=ftrack.*", true, true),
            ("topic=ftr*date", false, false),
            ("data.n=1", false, true),
            ("data.n>0", false, true),
            ("data.n<=0", false, false),
            ("data.n != 1", true, false),
            ("data.missing!=x", false, false),
            ("not data.missing=x", true, true),
            ("topic=x or data.s=abc and id=7", true, true),
            ("not topic=x and id=7", true, true),
            ("NOT (topic=x OR id=8) AND data.s = 'abc'", true, true),
            ("topic=\"\"", false, false),
            ("data.s>=abb", true, true),
            ("data.s<abb", false, false),
            ("data.l=a*", true, true),
            ("data.l=b", false, true),
            ("data.l!=c", true, true),
            ("data.t=true", false, true),
            ("data.z!=x", true, true),
            ("data.z=x", false, false),
            ("topic.x=1", false, false),
        ] {
            assert_eq!(matches(Dialect::Python, expression, update), python, "python: {expression}");
            assert_eq!(matches(Dialect::Haft, expression, update), ours, "ours: {expression}");
        }
        assert!(matches(Dialect::Haft, "AND=1", r#"{"AND":"1"}"#));
        assert!(matches(Dialect::Haft, "not=1", r#"{"not":1}"#));
        assert!(matches(Dialect::Haft, r#"a="x\"y""#, r#"{"a":"x\\\"y"}"#));
    }

    #[test]
    fn what_is_not_an_expression_is_told_with_its_place() {
        for wrong in [
            "",
            "topic",
            "topic=a b",
            "topic~x",
            "id=7 topic=x",
            "id=7 and",
            "id=$7",
            "a=b:c",
            "a=ü",
            "(a=1",
            "a=1)",
            "a='x",
            "and",
            "not",
        ] {
            let error = Expression::parse(wrong, Dialect::Haft).unwrap_err();
            assert_eq!(error.code(), "parse", "{wrong}");
        }
        let deep = format!("{}a=1{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(Expression::parse(&deep, Dialect::Haft).unwrap_err().code(), "parse");
        let error = Expression::parse("topic=a b", Dialect::Haft).unwrap_err();
        assert!(error.message().contains("character 9"), "{}", error.message());
    }

    #[test]
    fn a_topic_can_be_told_from_the_outside() {
        let asks = |text: &str| match Expression::parse(text, Dialect::Haft).unwrap().asks("topic") {
            Ask::Is(topic) => format!("is {topic}"),
            Ask::Begins(start) => format!("begins {start}"),
            Ask::Anything => "anything".into(),
        };
        assert_eq!(asks("topic=ftrack.update and source.id=1"), "is ftrack.update");
        assert_eq!(asks("id=1 and (topic=ftrack.* and topic=ftrack.up*)"), "begins ftrack.up");
        for open in ["topic=a or topic=b", "not topic=a", "topic!=a", "topic=*", "data.topic=a"] {
            assert_eq!(asks(open), "anything", "{open}");
        }
    }
}
