//! Which rows a query means.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::{Criteria, Literal, Operator, Path, Projection, Result, Statement, Step};
use crate::ftrack::date::Moment;
use crate::ftrack::refusal::Refusal;
use crate::ftrack::schema::{Kind, Scalar, Schema};
use crate::ftrack::store::{Row, is_indexed};
use crate::ftrack::view::View;

/// What a path ends in.
enum Leaf<'a> {
    Value(&'a Value, Scalar),
    /// An entity's key; `None` for an empty reference.
    Entity(Option<String>),
}

/// All rows that a query means, sorted, before offset and limit.
pub fn select<'a>(view: &'a View<'a>, statement: &Statement) -> Result<Vec<&'a Row>> {
    let schema = view.schemas.find(&statement.entity)?;
    if let Some(filter) = &statement.filter {
        check(view, schema, filter)?;
    }
    for (path, _) in &statement.order {
        check_path(view, schema, path)?;
    }
    let filter = statement.filter.as_ref().map(|filter| resolve(view, filter)).transpose()?;
    let family = schema.family();
    let candidates: Vec<&Row> = match filter.as_ref().and_then(|filter| pin(schema, filter)) {
        Some((column, values)) if column == "id" && schema.primary_key == ["id"] => {
            let keys: BTreeSet<&str> = values.into_iter().collect();
            keys.into_iter().filter_map(|key| view.store.get(family, key)).collect()
        }
        Some((column, values)) => {
            let values: BTreeSet<&str> = values.into_iter().collect();
            values.into_iter().flat_map(|value| view.store.by_column(family, &column, value)).collect()
        }
        None => view.store.rows(family).collect(),
    };
    let mut rows = Vec::new();
    for row in candidates {
        let kind = view.schemas.find(&row.kind)?;
        if !kind.is_a(&schema.id) {
            continue;
        }
        let wanted = match &filter {
            Some(filter) => judge(view, row, filter)?,
            None => true,
        };
        if wanted {
            rows.push(row);
        }
    }
    sort(view, &mut rows, &statement.order)?;
    Ok(rows)
}

/// The criteria with the results of subqueries in their place.
fn resolve(view: &View<'_>, criteria: &Criteria) -> Result<Criteria> {
    let all = |terms: &[Criteria]| terms.iter().map(|term| resolve(view, term)).collect::<Result<Vec<_>>>();
    Ok(match criteria {
        Criteria::Or(terms) => Criteria::Or(all(terms)?),
        Criteria::And(terms) => Criteria::And(all(terms)?),
        Criteria::Not(inner) => Criteria::Not(Box::new(resolve(view, inner)?)),
        Criteria::InQuery(path, negated, query) => Criteria::In(path.clone(), *negated, results(view, query)?),
        Criteria::Related(path, Some(inner)) => Criteria::Related(path.clone(), Some(Box::new(resolve(view, inner)?))),
        other => other.clone(),
    })
}

/// An indexed column and the values that it has in every row that can be meant.
fn pin<'c>(schema: &Schema, filter: &'c Criteria) -> Option<(String, Vec<&'c str>)> {
    let column_of = |path: &[Step]| {
        let name = match path {
            [Step { name, cast: None }] => name.clone(),
            [Step { name, cast: None }, Step { name: last, cast: None }] if last == "id" => {
                match schema.attributes.get(name) {
                    Some(Kind::Reference { column, .. }) => column.clone(),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let stored = (name == "id" || is_indexed(&name)) && name != "latest_version_id";
        let known = matches!(schema.attributes.get(&name), Some(Kind::Scalar(Scalar::Text)));
        Some(name).filter(|_| stored && known)
    };
    let text = |literal: &'c Literal| match literal {
        Literal::Text(text) => Some(text.as_str()),
        Literal::None => None,
    };
    match filter {
        Criteria::And(terms) => terms.iter().find_map(|term| pin(schema, term)),
        Criteria::Compare(path, Operator::Equal, literal) => Some((column_of(path)?, vec![text(literal)?])),
        Criteria::In(path, false, literals) => {
            Some((column_of(path)?, literals.iter().map(text).collect::<Option<Vec<_>>>()?))
        }
        _ => None,
    }
}

fn sort(view: &View<'_>, rows: &mut Vec<&Row>, order: &[(Path, bool)]) -> Result<()> {
    if order.is_empty() {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let mut keys = Vec::with_capacity(order.len());
        for (path, _) in order {
            let mut first = None;
            walk(view, row, path, &mut |leaf| {
                first = Some(match leaf {
                    Leaf::Value(value, kind) => (value.clone(), kind),
                    Leaf::Entity(key) => (key.map_or(Value::Null, Value::from), Scalar::Text),
                });
                Ok(true)
            })?;
            keys.push(first.unwrap_or((Value::Null, Scalar::Any)));
        }
        keyed.push((keys, *row));
    }
    keyed.sort_by(|(left, _), (right, _)| {
        for ((one, other), (_, down)) in left.iter().zip(right).zip(order) {
            let found = order_of(&one.0, &other.0);
            if found != Ordering::Equal {
                return if *down { found.reverse() } else { found };
            }
        }
        Ordering::Equal
    });
    *rows = keyed.into_iter().map(|(_, row)| row).collect();
    Ok(())
}

/// Nulls first, then by kind.
fn order_of(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => one.to_string().cmp(&other.to_string()),
    }
}

fn check(view: &View<'_>, schema: &Schema, criteria: &Criteria) -> Result<()> {
    match criteria {
        Criteria::Or(terms) | Criteria::And(terms) => terms.iter().try_for_each(|term| check(view, schema, term)),
        Criteria::Not(inner) => check(view, schema, inner),
        Criteria::Compare(path, ..) | Criteria::In(path, ..) => check_path(view, schema, path).map(|_| ()),
        Criteria::InQuery(path, _, query) => {
            check_path(view, schema, path)?;
            if query.projections.len() != 1 {
                return Err(Refusal::parse("Unable to parse query: a subquery must select one attribute."));
            }
            let inner = view.schemas.find(&query.entity)?;
            for projection in &query.projections {
                let (Projection::Path(path) | Projection::Aggregate(_, path)) = projection;
                check_path(view, inner, path)?;
            }
            query.filter.as_ref().map_or(Ok(()), |filter| check(view, inner, filter))
        }
        Criteria::Related(path, inner) => match (check_path(view, schema, path)?, inner) {
            (None, _) => Err(Refusal::parse("Unable to parse query: has and any are for relations.")),
            (Some(target), Some(inner)) => check(view, view.schemas.find(&target)?, inner),
            (Some(_), None) => Ok(()),
        },
    }
}

/// The type that a path ends in, if that is an entity.
pub fn check_path(view: &View<'_>, schema: &Schema, path: &[Step]) -> Result<Option<String>> {
    let mut at = schema.id.clone();
    for (place, step) in path.iter().enumerate() {
        let kind = view.schemas.find(&at)?.attribute(&step.name)?;
        let target = match kind {
            Kind::Scalar(_) if place + 1 == path.len() => return Ok(None),
            Kind::Scalar(_) => {
                return Err(Refusal::validation(format!("Attribute {} of {at} is not a relation.", step.name)));
            }
            Kind::Reference { target, .. } | Kind::Many(target) | Kind::Map(target) => target,
        };
        at = step.cast.as_ref().unwrap_or(target).clone();
        view.schemas.find(&at)?;
    }
    Ok(Some(at))
}

fn judge(view: &View<'_>, row: &Row, criteria: &Criteria) -> Result<bool> {
    match criteria {
        Criteria::Or(terms) => {
            for term in terms {
                if judge(view, row, term)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Criteria::And(terms) => {
            for term in terms {
                if !judge(view, row, term)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Criteria::Not(inner) => Ok(!judge(view, row, inner)?),
        Criteria::Compare(path, operator, literal) => {
            walk(view, row, path, &mut |leaf| Ok(compare(&leaf, *operator, literal)))
        }
        Criteria::In(path, negated, values) => walk(view, row, path, &mut |leaf| {
            Ok(values.iter().any(|value| compare(&leaf, Operator::Equal, value)) != *negated)
        }),
        // Resolved before any row is judged.
        Criteria::InQuery(..) => Ok(false),
        Criteria::Related(path, inner) => {
            let Some((last, before)) = path.split_last() else { return Ok(false) };
            through(view, row, before, &mut |row| {
                for other in step(view, row, last)? {
                    if inner.as_ref().map_or(Ok(true), |inner| judge(view, &other, inner))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
        }
    }
}

/// The values of a subquery as literals.
fn results(view: &View<'_>, query: &Statement) -> Result<Vec<Literal>> {
    let Some(Projection::Path(path)) = query.projections.first() else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    let rows = select(view, query)?;
    let limit = query.limit.unwrap_or(usize::MAX);
    for row in rows.into_iter().skip(query.offset.unwrap_or(0)).take(limit) {
        walk(view, row, path, &mut |leaf| {
            match leaf {
                Leaf::Value(Value::String(text), _) => values.push(Literal::Text(text.clone())),
                Leaf::Value(Value::Null, _) | Leaf::Entity(None) => {}
                Leaf::Value(value, _) => values.push(Literal::Text(value.to_string())),
                Leaf::Entity(Some(key)) => values.push(Literal::Text(key)),
            }
            Ok(false)
        })?;
    }
    Ok(values)
}

/// The entities one step on, narrowed by its cast.
fn step<'s>(view: &'s View<'_>, row: &'s Row, step: &Step) -> Result<Vec<Cow<'s, Row>>> {
    let schema = view.schemas.find(&row.kind)?;
    let mut found = match schema.attributes.get(&step.name) {
        Some(Kind::Reference { target, column }) => {
            view.referred(row, column, target).map(Cow::Borrowed).into_iter().collect()
        }
        Some(Kind::Many(target) | Kind::Map(target)) => view.related(row, &step.name, target)?,
        _ => Vec::new(),
    };
    if let Some(cast) = &step.cast {
        found.retain(|other| view.schemas.get(&other.kind).is_some_and(|schema| schema.is_a(cast)));
    }
    Ok(found)
}

/// Whether `test` holds for an entity at the end of a path of relations.
fn through(view: &View<'_>, row: &Row, path: &[Step], test: &mut dyn FnMut(&Row) -> Result<bool>) -> Result<bool> {
    let Some((first, rest)) = path.split_first() else { return test(row) };
    for other in step(view, row, first)? {
        if through(view, &other, rest, test)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `test` holds for something at the end of a path.
fn walk(view: &View<'_>, row: &Row, path: &[Step], test: &mut dyn FnMut(Leaf<'_>) -> Result<bool>) -> Result<bool> {
    let Some((last, before)) = path.split_last() else { return Ok(false) };
    through(view, row, before, &mut |row| {
        let schema = view.schemas.find(&row.kind)?;
        match schema.attributes.get(&last.name) {
            Some(Kind::Scalar(kind)) => test(Leaf::Value(&view.scalar(row, &last.name), *kind)),
            Some(Kind::Reference { column, .. }) => {
                test(Leaf::Entity(view.scalar(row, column).as_str().map(str::to_owned)))
            }
            Some(_) => {
                for other in step(view, row, last)? {
                    let key = view.schemas.find(&other.kind).map(|schema| other.key(schema))?;
                    if test(Leaf::Entity(Some(key)))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            None => test(Leaf::Value(&Value::Null, Scalar::Any)),
        }
    })
}

fn compare(leaf: &Leaf<'_>, operator: Operator, literal: &Literal) -> bool {
    let (value, kind) = match leaf {
        Leaf::Value(value, kind) => (Cow::Borrowed(*value), *kind),
        Leaf::Entity(key) => (Cow::Owned(key.clone().map_or(Value::Null, Value::from)), Scalar::Text),
    };
    let text = match literal {
        Literal::None => {
            return match operator {
                Operator::Equal => value.is_null(),
                Operator::NotEqual => !value.is_null(),
                _ => false,
            };
        }
        Literal::Text(text) => text,
    };
    // As in SQL, nothing that is not there compares with anything.
    if value.is_null() {
        return false;
    }
    match operator {
        Operator::Like => return like(&plain(&value), text),
        Operator::NotLike => return !like(&plain(&value), text),
        _ => {}
    }
    let Some(found) = ordering(&value, kind, text) else { return operator == Operator::NotEqual };
    match operator {
        Operator::Equal => found == Ordering::Equal,
        Operator::NotEqual => found != Ordering::Equal,
        Operator::Above => found == Ordering::Greater,
        Operator::Below => found == Ordering::Less,
        Operator::From => found != Ordering::Less,
        Operator::Upto => found != Ordering::Greater,
        Operator::Like | Operator::NotLike => false,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// How a value stands to a text that is read as a value of the same kind; `None` if it cannot be.
fn ordering(value: &Value, kind: Scalar, text: &str) -> Option<Ordering> {
    match value {
        Value::Bool(flag) => {
            let other = match text.to_ascii_lowercase().as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return None,
            };
            Some(flag.cmp(&other))
        }
        Value::Number(number) => {
            let other = match text {
                _ if text.eq_ignore_ascii_case("true") => 1.0,
                _ if text.eq_ignore_ascii_case("false") => 0.0,
                _ => text.trim().parse().ok()?,
            };
            number.as_f64()?.partial_cmp(&other)
        }
        Value::String(own) if kind == Scalar::Date => {
            // Clients ask with whole seconds for what they sent with microseconds.
            Some(Moment::parse(own)?.seconds.cmp(&Moment::parse(text)?.seconds))
        }
        Value::String(own) => Some(own.as_str().cmp(text)),
        other => Some(other.to_string().as_str().cmp(text)),
    }
}

/// `%` is any run of characters, `_` any one; case does not matter.
fn like(value: &str, pattern: &str) -> bool {
    let value: Vec<char> = value.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut in_pattern) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < value.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                back = Some((in_pattern + 1, at));
                in_pattern += 1;
            }
            Some(c) if *c == '_' || *c == value[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match &mut back {
                Some((resume, from)) => {
                    *from += 1;
                    at = *from;
                    in_pattern = *resume;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_is_that_of_sql() {
        for (value, pattern, fits) in [
            ("shot_010", "shot%", true),
            ("Shot_010", "%010", true),
            ("shot_010", "%hot%1%", true),
            ("shot_010", "shot", false),
            ("shot", "sh_t", true),
            ("shot", "sh_", false),
            ("", "%", true),
            ("", "", true),
            ("aXbXc", "%x%c", true),
            ("a.b", "a.b", true),
            ("axb", "a.b", false),
        ] {
            assert_eq!(like(value, pattern), fits, "{value} like {pattern}");
        }
    }
}
