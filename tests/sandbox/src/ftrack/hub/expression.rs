//! The expression language of subscriptions and targets (section 7.6).

use serde_json::Value;

/// Brackets and `not` beyond this depth are refused.
const DEPTH_MAX: usize = 100;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// One of them.
    Or(Vec<Expression>),
    /// All of them.
    And(Vec<Expression>),
    /// Not that.
    Not(Box<Expression>),
    /// A field compared with a text.
    Condition(Vec<String>, &'static str, String),
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

fn is_field(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn is_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_,./*@+".contains(c)
}

impl Expression {
    /// Reads a whole text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text, depth: 0 };
        let expression = parser.or()?;
        parser.rest.trim_start().is_empty().then_some(expression)
    }

    /// Whether it is true of an object. A condition on what is not there is false, whatever its operator.
    pub fn matches(&self, candidate: &Value) -> bool {
        match self {
            Self::Or(terms) => terms.iter().any(|term| term.matches(candidate)),
            Self::And(terms) => terms.iter().all(|term| term.matches(candidate)),
            Self::Not(inner) => !inner.matches(candidate),
            Self::Condition(path, operator, value) => {
                let found = path.iter().try_fold(candidate, |at, name| at.as_object()?.get(name));
                found.is_some_and(|found| compare(found, operator, value))
            }
        }
    }
}

fn compare(found: &Value, operator: &str, value: &str) -> bool {
    if operator == "="
        && let Some(begin) = value.strip_suffix('*')
    {
        return match found {
            Value::String(text) => text.starts_with(begin),
            Value::Array(items) => items.iter().any(|item| item == begin),
            Value::Number(number) => number.to_string().starts_with(begin),
            _ => begin.is_empty(),
        };
    }
    let order = match found {
        Value::String(text) => Some(text.as_str().cmp(value)),
        Value::Number(number) => value.parse::<f64>().ok().and_then(|value| number.as_f64()?.partial_cmp(&value)),
        Value::Bool(flag) => match value.to_ascii_lowercase().as_str() {
            "true" => Some(flag.cmp(&true)),
            "false" => Some(flag.cmp(&false)),
            _ => None,
        },
        _ => None,
    };
    match operator {
        "=" => order.is_some_and(|order| order.is_eq()),
        "!=" => order.is_none_or(|order| order.is_ne()),
        ">" => order.is_some_and(|order| order.is_gt()),
        "<" => order.is_some_and(|order| order.is_lt()),
        ">=" => order.is_some_and(|order| order.is_ge()),
        _ => order.is_some_and(|order| order.is_le()),
    }
}

impl Parser<'_> {
    /// Takes a keyword that ends where a field would end, and does not begin a condition.
    fn keyword(&mut self, keyword: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some((word, after)) = rest.split_at_checked(keyword.len()) else { return false };
        let condition = after.trim_start().starts_with(['=', '!', '<', '>']);
        let whole = word.eq_ignore_ascii_case(keyword) && !after.starts_with(is_field) && !condition;
        if whole {
            self.rest = after;
        }
        whole
    }

    fn take(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Option<Expression> {
        let mut terms = vec![self.and()?];
        while self.keyword("or") {
            terms.push(self.and()?);
        }
        Some(if terms.len() == 1 { terms.remove(0) } else { Expression::Or(terms) })
    }

    fn and(&mut self) -> Option<Expression> {
        let mut terms = vec![self.unary()?];
        while self.keyword("and") {
            terms.push(self.unary()?);
        }
        Some(if terms.len() == 1 { terms.remove(0) } else { Expression::And(terms) })
    }

    fn unary(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let found = if self.keyword("not") {
            Expression::Not(Box::new(self.unary()?))
        } else if self.take("(") {
            let inner = self.or()?;
            if !self.take(")") {
                return None;
            }
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Some(found)
    }

    fn condition(&mut self) -> Option<Expression> {
        let field = self.run(is_field)?;
        let operator = ["!=", ">=", "<=", "=", ">", "<"].into_iter().find(|sign| self.take(sign))?;
        self.rest = self.rest.trim_start();
        let value = match self.rest.chars().next()? {
            quote @ ('"' | '\'') => self.quoted(quote)?,
            _ => self.run(is_value)?.to_owned(),
        };
        Some(Expression::Condition(field.split('.').map(str::to_owned).collect(), operator, value))
    }

    fn run(&mut self, belongs: fn(char) -> bool) -> Option<String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let found = rest.get(..end).filter(|found| !found.is_empty())?.to_owned();
        self.rest = &rest[end..];
        Some(found)
    }

    /// A backslash keeps the next character from ending the text, and stays.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let text = self.rest.strip_prefix(quote)?;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.rest = &text[at + c.len_utf8()..];
                    return Some(text[..at].to_owned());
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_cases_of_the_protocol() {
        let event =
            json!({"topic": "ftrack.update", "id": "7", "data": {"n": 1, "s": "abc", "list": ["a", "b"]}, "not": "1"});
        for (text, expected) in [
            ("topic=ftrack.*", true),
            ("topic=update*", false),
            ("topic=*", true),
            ("topic!=ftrack.*", true),
            ("topic=ftr*date", false),
            ("data.n=1", true),
            ("data.n>0", true),
            ("data.n >= 2", false),
            ("data.missing!=x", false),
            ("not data.missing=x", true),
            ("topic=x or data.s=abc and id=7", true),
            ("not topic=x and id=7", true),
            ("topic=\"\"", false),
            ("not=1", true),
            ("data.list=a*", true),
            ("(topic=x or id=7) AND data.s='abc'", true),
            ("topic=x", false),
        ] {
            assert_eq!(Expression::parse(text).map(|found| found.matches(&event)), Some(expected), "{text}");
        }
        for text in
            ["", "topic", "topic=a b", "topic~x", "id=7 topic=x", "id=7 and", "id=$7", "a=b:c", "a=ü", "(a=b", "a=\"b"]
        {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
        let Some(Expression::Condition(_, _, value)) = Expression::parse(r#"a="x\"y""#) else { panic!() };
        assert_eq!(value, r#"x\"y"#);
        assert_eq!(Expression::parse(&"not ".repeat(5000)), None);
    }
}
