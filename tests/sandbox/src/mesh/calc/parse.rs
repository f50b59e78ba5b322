//! Reading expressions: lines of assignments, calls and conditions.

use tonic::Status;

/// A statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// A name (`##` is the result) and its value.
    Assign(String, Expression),
    Run(Expression),
    If(Expression, Vec<Statement>, Vec<Statement>),
}

/// An expression.
#[derive(Clone, Debug)]
pub enum Expression {
    Number(f64),
    Text(String),
    Variable(String),
    /// `%'/Catalog/Name'`: a series by its place among the resources.
    Resource(String),
    Call(String, Vec<Expression>),
    Negate(Box<Expression>),
    Binary(String, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Function(String),
    Resource(String),
    Sign(&'static str),
    Line,
}

const SIGNS: [&str; 16] = ["##", "<=", ">=", "<>", "!=", "==", "&&", "||", "+", "-", "*", "/", "(", ")", ",", "="];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
        let quoted = |text: &str| text.find('\'').map(|end| (text[..end].to_owned(), end + 1));
        if first == '\n' {
            out.push(Token::Line);
            rest = &rest[1..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '\'' {
            let (text, end) = quoted(&rest[1..]).ok_or("a quote is not closed")?;
            out.push(Token::Text(text));
            rest = &rest[1 + end..];
        } else if let Some(path) = rest.strip_prefix("%'") {
            let (text, end) = quoted(path).ok_or("a quote is not closed")?;
            out.push(Token::Resource(text));
            rest = &path[end..];
        } else if first == '@' {
            let end = word(&rest[1..]) + 1;
            out.push(Token::Function(rest[1..end].to_owned()));
            rest = &rest[end..];
        } else if first.is_ascii_digit() {
            let end =
                rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e' || c == 'E')).unwrap_or(rest.len());
            out.push(Token::Number(rest[..end].parse().map_err(|_| format!("{:?} is no number", &rest[..end]))?));
            rest = &rest[end..];
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            out.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(sign) = ["<", ">"].iter().find(|sign| rest.starts_with(**sign)) {
            out.push(Token::Sign(sign));
            rest = &rest[1..];
        } else {
            let end = word(rest);
            if end == 0 {
                return Err(format!("{first:?} has no meaning"));
            }
            out.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    Ok(out)
}

/// Reads an expression.
pub fn parse(text: &str) -> Result<Vec<Statement>, Status> {
    let wrong = |why: String| Status::invalid_argument(format!("the expression {text:?} could not be read: {why}"));
    let tokens = tokens(text).map_err(wrong)?;
    let mut parser = Parser { tokens, at: 0 };
    let all = parser.block().map_err(wrong)?;
    match parser.peek() {
        None => Ok(all),
        Some(token) => Err(wrong(format!("{token:?} was not expected"))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let found = signs.iter().find(|sign| self.peek() == Some(&Token::Sign(sign))).copied();
        self.at += usize::from(found.is_some());
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn block(&mut self) -> Result<Vec<Statement>, String> {
        let mut all = Vec::new();
        loop {
            while self.eat(&Token::Line) {}
            let ends = match self.peek() {
                None => true,
                Some(Token::Word(word)) => ["ENDIF", "ELSE"].iter().any(|end| word.eq_ignore_ascii_case(end)),
                _ => false,
            };
            if ends {
                return Ok(all);
            }
            all.push(self.statement()?);
            if self.peek().is_some() && !self.eat(&Token::Line) {
                return Err(format!("{:?} was not expected", self.peek()));
            }
        }
    }

    fn statement(&mut self) -> Result<Statement, String> {
        if self.word("IF") {
            let test = self.expression()?;
            if !self.word("THEN") {
                return Err("THEN is missing".to_owned());
            }
            let yes = self.block()?;
            let no = if self.word("ELSE") { self.block()? } else { Vec::new() };
            return if self.word("ENDIF") {
                Ok(Statement::If(test, yes, no))
            } else {
                Err("ENDIF is missing".to_owned())
            };
        }
        let name = match self.peek() {
            Some(Token::Sign("##")) => Some("##".to_owned()),
            Some(Token::Word(name)) => Some(name.clone()),
            _ => None,
        };
        if let Some(name) = name
            && self.tokens.get(self.at + 1) == Some(&Token::Sign("="))
        {
            self.at += 2;
            return Ok(Statement::Assign(name, self.expression()?));
        }
        Ok(Statement::Run(self.expression()?))
    }

    fn expression(&mut self) -> Result<Expression, String> {
        let mut left = self.comparison()?;
        loop {
            let sign = if self.word("AND") || self.sign(&["&&"]).is_some() {
                "&&"
            } else if self.word("OR") || self.sign(&["||"]).is_some() {
                "||"
            } else {
                return Ok(left);
            };
            left = Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.comparison()?));
        }
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let left = self.sum()?;
        match self.sign(&["<=", ">=", "<>", "!=", "==", "<", ">", "="]) {
            Some(sign) => Ok(Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.sum()?))),
            None => Ok(left),
        }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        while let Some(sign) = self.sign(&["+", "-"]) {
            left = Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.one()?;
        while let Some(sign) = self.sign(&["*", "/"]) {
            left = Expression::Binary(sign.to_owned(), Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expression, String> {
        if self.sign(&["-"]).is_some() {
            return Ok(Expression::Negate(Box::new(self.one()?)));
        }
        if self.sign(&["("]).is_some() {
            let inner = self.expression()?;
            return if self.sign(&[")"]).is_some() { Ok(inner) } else { Err("a bracket is not closed".to_owned()) };
        }
        let token = self.peek().cloned().ok_or("it ends too early")?;
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text)),
            Token::Resource(path) => Ok(Expression::Resource(path)),
            Token::Word(name) => Ok(Expression::Variable(name)),
            Token::Function(name) => {
                let mut given = Vec::new();
                if self.sign(&["("]).is_none() {
                    return Err(format!("@{name} has no arguments"));
                }
                if self.sign(&[")"]).is_none() {
                    loop {
                        given.push(self.expression()?);
                        if self.sign(&[")"]).is_some() {
                            break;
                        }
                        if self.sign(&[","]).is_none() {
                            return Err(format!("the arguments of @{name} are not closed"));
                        }
                    }
                }
                Ok(Expression::Call(name, given))
            }
            token => Err(format!("{token:?} was not expected")),
        }
    }
}
