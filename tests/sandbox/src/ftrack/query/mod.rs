//! The query language (section 3.1): reading, judging rows, and writing the answer.

mod answer;
mod judge;
mod parser;
mod word;

use super::refusal::Refusal;

pub use answer::answer;
pub use parser::{criteria, statement};

/// One step of a path; a cast narrows it to a kind of entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The attribute.
    pub name: String,
    /// The type in brackets.
    pub cast: Option<String>,
}

/// Attributes from one entity to the next.
pub type Path = Vec<Step>;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// An attribute.
    Path(Path),
    /// A function over an attribute of all rows.
    Aggregate(String, Path),
}

/// A whole query.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What is asked for; none given means the type's own.
    pub projections: Vec<Projection>,
    /// Of which type.
    pub entity: String,
    /// Which of them.
    pub filter: Option<Criteria>,
    /// Paths to group by.
    pub group: Vec<Path>,
    /// Paths to sort by; true is downwards.
    pub order: Vec<(Path, bool)>,
    /// How many are left out at the beginning.
    pub offset: Option<usize>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`, `is`
    Equal,
    /// `!=`, `is_not`
    NotEqual,
    /// `>`, `after`, `greater_than`
    Above,
    /// `<`, `before`, `less_than`
    Below,
    /// `>=`
    From,
    /// `<=`
    Upto,
    /// `like`
    Like,
    /// `not_like`
    NotLike,
}

/// A value in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Text, a number, a date, true or false: what it means depends on the attribute.
    Text(String),
    /// `none`.
    None,
}

/// What must be true of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Criteria {
    /// One of them.
    Or(Vec<Criteria>),
    /// All of them.
    And(Vec<Criteria>),
    /// Not that.
    Not(Box<Criteria>),
    /// A value compared with another.
    Compare(Path, Operator, Literal),
    /// A value among others; true turns it round.
    In(Path, bool, Vec<Literal>),
    /// A value among the results of another query.
    InQuery(Path, bool, Box<Statement>),
    /// `has`, `any`: a related entity of which this is true; none given is always true.
    Related(Path, Option<Box<Criteria>>),
}

type Result<T> = std::result::Result<T, Refusal>;
