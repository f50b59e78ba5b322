//! The rows: one table for each family of types, with indexes over the foreign keys and an undo list, so that a
//! request is one transaction (section 12.1, row 10).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::disk::Place;
use super::schema::Schema;

/// Between the parts of a composite key.
pub const SEPARATOR: char = '\u{1f}';

/// One entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of its own type.
    pub kind: String,
    /// What was ever set. Members of a collection that the row owns are an array of keys.
    pub values: Map<String, Value>,
}

impl Row {
    /// A value; null if it was never set.
    pub fn get(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    /// A value if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// The key's parts joined.
    pub fn key(&self, schema: &Schema) -> String {
        key_text(schema.primary_key.iter().map(|name| self.get(name)))
    }
}

/// Joins the parts of a key.
pub fn key_text<'a>(parts: impl Iterator<Item = &'a Value>) -> String {
    let mut key = String::new();
    for (at, part) in parts.enumerate() {
        if at > 0 {
            key.push(SEPARATOR);
        }
        match part {
            Value::String(text) => key.push_str(text),
            Value::Null => {}
            other => key.push_str(&other.to_string()),
        }
    }
    key
}

/// Whether rows are found by this column without looking at all of them.
pub fn is_indexed(column: &str) -> bool {
    column.ends_with("_id") || column == "username"
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<u64, Row>,
    keys: HashMap<String, u64>,
    index: HashMap<String, HashMap<String, BTreeSet<u64>>>,
}

impl Table {
    fn enter(&mut self, order: u64, name: &str, value: &Value) {
        if let (true, Value::String(text)) = (is_indexed(name), value) {
            self.index.entry(name.to_owned()).or_default().entry(text.clone()).or_default().insert(order);
        }
    }

    fn leave(&mut self, order: u64, name: &str, value: &Value) {
        if let (true, Value::String(text)) = (is_indexed(name), value)
            && let Some(column) = self.index.get_mut(name)
            && let Some(orders) = column.get_mut(text)
        {
            orders.remove(&order);
            if orders.is_empty() {
                column.remove(text);
            }
        }
    }

    fn put(&mut self, order: u64, key: String, row: Row) {
        for (name, value) in &row.values {
            self.enter(order, name, value);
        }
        self.keys.insert(key, order);
        self.rows.insert(order, row);
    }

    fn take(&mut self, order: u64, key: &str) -> Option<Row> {
        let row = self.rows.remove(&order)?;
        for (name, value) in &row.values {
            self.leave(order, name, value);
        }
        self.keys.remove(key);
        Some(row)
    }
}

enum Undo {
    Insert { family: String, order: u64, key: String },
    Remove { family: String, order: u64, key: String, row: Row },
    Set { family: String, order: u64, name: String, old: Option<Value> },
}

/// All rows.
#[derive(Default)]
pub struct Store {
    tables: HashMap<String, Table>,
    last: u64,
    undo: Vec<Undo>,
}

impl Store {
    /// Makes what was done since then final.
    pub fn commit(&mut self) {
        self.undo.clear();
    }

    /// Where something was done since the last commit.
    pub fn touched(&self) -> BTreeSet<Place> {
        let place = |undo: &Undo| match undo {
            Undo::Insert { family, order, .. } | Undo::Remove { family, order, .. } | Undo::Set { family, order, .. } => {
                (family.clone(), *order)
            }
        };
        self.undo.iter().map(place).collect()
    }

    /// The row at a place, if it still is there.
    pub fn at(&self, family: &str, order: u64) -> Option<&Row> {
        self.tables.get(family)?.rows.get(&order)
    }

    /// Puts a row where it was in an earlier life.
    pub fn restore(&mut self, family: &str, order: u64, schema: &Schema, row: Row) {
        self.last = self.last.max(order);
        self.tables.entry(family.to_owned()).or_default().put(order, row.key(schema), row);
    }

    /// Takes back what was done since the last commit.
    pub fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Insert { family, order, key } => {
                    self.tables.entry(family).or_default().take(order, &key);
                }
                Undo::Remove { family, order, key, row } => self.tables.entry(family).or_default().put(order, key, row),
                Undo::Set { family, order, name, old } => self.write(&family, order, &name, old),
            }
        }
    }

    /// Adds a row. False if there is one of that key.
    pub fn insert(&mut self, schema: &Schema, row: Row) -> bool {
        let key = row.key(schema);
        let table = self.tables.entry(schema.family().to_owned()).or_default();
        if table.keys.contains_key(&key) {
            return false;
        }
        self.last += 1;
        table.put(self.last, key.clone(), row);
        self.undo.push(Undo::Insert { family: schema.family().to_owned(), order: self.last, key });
        true
    }

    /// The row of that key.
    pub fn get(&self, family: &str, key: &str) -> Option<&Row> {
        let table = self.tables.get(family)?;
        table.rows.get(table.keys.get(key)?)
    }

    /// Removes the row of that key.
    pub fn remove(&mut self, family: &str, key: &str) -> Option<Row> {
        let table = self.tables.get_mut(family)?;
        let order = *table.keys.get(key)?;
        let row = table.take(order, key)?;
        self.undo.push(Undo::Remove { family: family.to_owned(), order, key: key.to_owned(), row: row.clone() });
        Some(row)
    }

    /// Sets a value; gives back what it was. Parts of the key are never set.
    pub fn set(&mut self, family: &str, key: &str, name: &str, value: Value) -> Option<Value> {
        let order = *self.tables.get(family)?.keys.get(key)?;
        let old = self.tables.get(family)?.rows.get(&order)?.values.get(name).cloned();
        self.write(family, order, name, Some(value));
        self.undo.push(Undo::Set { family: family.to_owned(), order, name: name.to_owned(), old: old.clone() });
        old
    }

    fn write(&mut self, family: &str, order: u64, name: &str, value: Option<Value>) {
        let Some(table) = self.tables.get_mut(family) else { return };
        let Some(row) = table.rows.get_mut(&order) else { return };
        let old = match value.clone() {
            Some(value) => row.values.insert(name.to_owned(), value),
            None => row.values.remove(name),
        };
        if let Some(old) = old {
            table.leave(order, name, &old);
        }
        if let Some(value) = value {
            table.enter(order, name, &value);
        }
    }

    /// All rows of a family in the order of their creation.
    pub fn rows(&self, family: &str) -> impl Iterator<Item = &Row> {
        self.tables.get(family).into_iter().flat_map(|table| table.rows.values())
    }

    /// Rows whose column has that text, in the order of their creation.
    pub fn by_column(&self, family: &str, column: &str, text: &str) -> Vec<&Row> {
        let Some(table) = self.tables.get(family) else { return Vec::new() };
        if !is_indexed(column) {
            return table.rows.values().filter(|row| row.text(column) == Some(text)).collect();
        }
        let orders = table.index.get(column).and_then(|column| column.get(text));
        orders.into_iter().flatten().filter_map(|order| table.rows.get(order)).collect()
    }
}
