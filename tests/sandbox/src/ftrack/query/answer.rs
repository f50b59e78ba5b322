//! The result of a query: entities with what was asked for, each in full once (section 2.2), and where the next page
//! begins.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::judge::{check_path, select};
use super::{Path, Projection, Result, Statement, Step};
use crate::ftrack::refusal::Refusal;
use crate::ftrack::schema::{Kind, Schema};
use crate::ftrack::store::Row;
use crate::ftrack::view::View;

/// Rows of one page when the query sets no limit.
const PAGE_MAX: usize = 500;

/// What is asked of the entities at one place, by attribute.
#[derive(Default)]
struct Node {
    children: BTreeMap<String, Node>,
    /// What is asked of those that are of that type.
    casts: BTreeMap<String, Node>,
}

impl Node {
    fn add(&mut self, path: &[Step]) {
        let Some((first, rest)) = path.split_first() else { return };
        let mut child = self.children.entry(first.name.clone()).or_default();
        if let Some(cast) = &first.cast {
            child = child.casts.entry(cast.clone()).or_default();
        }
        child.add(rest);
    }
}

/// Answers a query. `denormalize` repeats entities in full.
pub fn answer(view: &View<'_>, statement: &Statement, strict: bool, denormalize: bool) -> Result<Value> {
    let schema = view.schemas.find(&statement.entity)?;
    let mut root = Node::default();
    let mut aggregates: Vec<(&str, &Path)> = Vec::new();
    for projection in &statement.projections {
        match projection {
            Projection::Path(path) => {
                check_path(view, schema, path)?;
                root.add(path);
            }
            Projection::Aggregate(function, path) => {
                check_path(view, schema, path)?;
                aggregates.push((function.as_str(), path));
            }
        }
    }
    if statement.projections.is_empty() {
        for name in &schema.default_projections {
            root.add(&[Step { name: name.clone(), cast: None }]);
        }
    }
    let rows = select(view, statement)?;
    if !aggregates.is_empty() || !statement.group.is_empty() {
        return summary(view, statement, &rows);
    }
    let offset = statement.offset.unwrap_or(0);
    let limit = statement.limit.unwrap_or(PAGE_MAX);
    let total = rows.len();
    let mut writer = Writer { view, strict, denormalize, written: HashSet::new() };
    let mut data = Vec::with_capacity(limit.min(total));
    for row in rows.into_iter().skip(offset).take(limit) {
        data.push(writer.entity(row, &[&root])?);
    }
    let next = Some(offset + data.len()).filter(|next| *next < total && !data.is_empty());
    Ok(json!({"action": "query", "data": data, "metadata": {"next": {"offset": next}}}))
}

struct Writer<'a> {
    view: &'a View<'a>,
    strict: bool,
    denormalize: bool,
    written: HashSet<(String, String, Vec<usize>)>,
}

impl Writer<'_> {
    fn entity(&mut self, row: &Row, nodes: &[&Node]) -> Result<Value> {
        let schema = self.view.schemas.find(&row.kind)?.clone();
        let mut asked: Vec<&Node> = nodes.to_vec();
        for node in nodes {
            asked.extend(node.casts.iter().filter(|(cast, _)| schema.is_a(cast)).map(|(_, node)| node));
        }
        asked.retain(|node| !node.children.is_empty());
        let mut out = Map::new();
        out.insert("__entity_type__".to_owned(), row.kind.as_str().into());
        for name in &schema.primary_key {
            out.insert(name.clone(), row.get(name).clone());
        }
        let places: Vec<usize> = asked.iter().map(|node| std::ptr::from_ref::<Node>(node) as usize).collect();
        if places.is_empty() {
            return Ok(out.into());
        }
        if !self.denormalize && !self.written.insert((row.kind.clone(), row.key(&schema), places)) {
            return Ok(out.into());
        }
        let mut names: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in &asked {
            for (name, child) in &node.children {
                names.entry(name).or_default().push(child);
            }
        }
        for (name, children) in names {
            // Another kind of the type asked for may lack it.
            if let Some(value) = self.attribute(&schema, row, name, &children)? {
                out.insert(name.to_owned(), value);
            }
        }
        if !self.strict {
            for name in &schema.system_projections {
                if let (Some(Kind::Scalar(kind)), false) = (schema.attributes.get(name), out.contains_key(name)) {
                    out.insert(name.clone(), kind.show(&self.view.scalar(row, name)));
                }
            }
        }
        Ok(out.into())
    }

    fn attribute(&mut self, schema: &Schema, row: &Row, name: &str, nodes: &[&Node]) -> Result<Option<Value>> {
        let view = self.view;
        Ok(Some(match schema.attributes.get(name) {
            None => return Ok(None),
            Some(Kind::Scalar(kind)) => kind.show(&view.scalar(row, name)),
            Some(Kind::Reference { target, column }) => match view.referred(row, column, target) {
                Some(other) => self.entity(other, nodes)?,
                None => Value::Null,
            },
            Some(Kind::Many(target)) => {
                let others = view.related(row, name, target)?;
                others.iter().map(|other| self.entity(other, nodes)).collect::<Result<Vec<_>>>()?.into()
            }
            Some(Kind::Map(target)) => {
                // The elements of a map always have key and value.
                let mut both = Node::default();
                both.add(&[Step { name: "key".to_owned(), cast: None }]);
                both.add(&[Step { name: "value".to_owned(), cast: None }]);
                let mut nodes = nodes.to_vec();
                nodes.push(&both);
                let others = view.related(row, name, target)?;
                others.iter().map(|other| self.entity(other, &nodes)).collect::<Result<Vec<_>>>()?.into()
            }
        }))
    }
}

/// Aggregates: one object for each group, keyed by what was asked for as it was written.
fn summary(view: &View<'_>, statement: &Statement, rows: &[&Row]) -> Result<Value> {
    let name_of = |path: &Path| path.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(".");
    let value_at = |row: &Row, path: &Path| -> Value {
        let mut at = std::borrow::Cow::Borrowed(row);
        for (place, step) in path.iter().enumerate() {
            let kind = view.schemas.get(&at.kind).and_then(|schema| schema.attributes.get(&step.name));
            match kind {
                Some(Kind::Reference { target, column }) => match view.referred(&at, column, target) {
                    Some(other) if place + 1 == path.len() => return view.reference(other),
                    Some(other) => {
                        let other = other.clone();
                        at = std::borrow::Cow::Owned(other);
                    }
                    None => return Value::Null,
                },
                Some(Kind::Scalar(_)) => return view.scalar(&at, &step.name).into_owned(),
                _ => return Value::Null,
            }
        }
        Value::Null
    };
    let mut groups: Vec<(Vec<Value>, Vec<&Row>)> = Vec::new();
    for row in rows {
        let key: Vec<Value> = statement.group.iter().map(|path| value_at(row, path)).collect();
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    if groups.is_empty() && statement.group.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    let mut data = Vec::new();
    for (key, members) in &groups {
        let mut out = Map::new();
        for (path, value) in statement.group.iter().zip(key) {
            out.insert(name_of(path), value.clone());
        }
        for projection in &statement.projections {
            let (name, value) = match projection {
                Projection::Path(path) => {
                    (name_of(path), members.first().map_or(Value::Null, |row| value_at(row, path)))
                }
                Projection::Aggregate(function, path) => {
                    let values = members.iter().map(|row| value_at(row, path)).filter(|value| !value.is_null());
                    (format!("{function}({})", name_of(path)), aggregate(function, values.collect())?)
                }
            };
            out.insert(name, value);
        }
        data.push(Value::from(out));
    }
    Ok(json!({"action": "query", "data": data, "metadata": {"next": {"offset": null}}}))
}

fn aggregate(function: &str, values: Vec<Value>) -> Result<Value> {
    let numbers = || values.iter().filter_map(Value::as_f64);
    let number = |found: f64| if found.fract() == 0.0 { Value::from(found as i64) } else { found.into() };
    let text = |value: &&Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all_numbers = values.iter().all(Value::is_number);
    Ok(match function {
        "count" => values.len().into(),
        "sum" => number(numbers().sum()),
        "avg" if values.is_empty() => Value::Null,
        "avg" => (numbers().sum::<f64>() / values.len() as f64).into(),
        "min" if all_numbers => numbers().reduce(f64::min).map_or(Value::Null, number),
        "max" if all_numbers => numbers().reduce(f64::max).map_or(Value::Null, number),
        "min" => values.iter().min_by_key(text).cloned().unwrap_or_default(),
        "max" => values.iter().max_by_key(text).cloned().unwrap_or_default(),
        _ => return Err(Refusal::parse(format!("Unable to parse query: there is no function {function}."))),
    })
}
