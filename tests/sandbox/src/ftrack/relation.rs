//! How collections are kept: most are the other side of a reference, some are lists of members.

use super::refusal::Refusal;
use super::schema::{Kind, Schema, Schemas};
use super::store::{Row, Store};
use super::view::View;

/// How a collection is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Many {
    /// Rows whose column has the owner's id; of one `type`, if that is set.
    Inverse {
        /// The column.
        column: String,
        /// What their `type` must be.
        only: Option<&'static str>,
    },
    /// Keys kept by the owner.
    Members,
    /// Rows that have the owner among the members of this attribute.
    MemberOf(&'static str),
    /// Rows that a table of pairs joins with the owner.
    Through {
        /// The table of pairs.
        table: &'static str,
        /// Its column for the owner.
        mine: &'static str,
        /// Its column for the others.
        theirs: &'static str,
    },
    /// Parents up to the project, the topmost first.
    Ancestors,
    /// All below.
    Descendants,
    /// One value for each configuration that fits.
    Custom,
}

/// How that collection of that type is kept.
pub fn many(schemas: &Schemas, owner: &Schema, attribute: &str, target: &str) -> Many {
    let inverse = |column: &str| Many::Inverse { column: column.to_owned(), only: None };
    match (owner.id.as_str(), attribute) {
        (_, "ancestors") => return Many::Ancestors,
        (_, "descendants") => return Many::Descendants,
        ("Schema", "statuses") => {
            return Many::Through { table: "SchemaStatus", mine: "schema_id", theirs: "status_id" };
        }
        ("Schema", "types") => return Many::Through { table: "SchemaType", mine: "schema_id", theirs: "type_id" },
        (_, "used_in_versions") => return Many::MemberOf("uses_versions"),
        (_, "uses_versions" | "items") => return Many::Members,
        (_, "lists") => return Many::MemberOf("items"),
        (_, "incoming_links") => return inverse("to_id"),
        (_, "outgoing_links") => return inverse("from_id"),
        (_, "members") => return inverse("container_id"),
        (_, "assignments" | "allocations") => {
            let column = if owner.is_a("Resource") { "resource_id" } else { "context_id" };
            let only = if attribute == "assignments" { "assignment" } else { "allocation" };
            return Many::Inverse { column: column.to_owned(), only: Some(only) };
        }
        _ => {}
    }
    if target.ends_with("CustomAttributeValue") && owner.id != "CustomAttributeConfiguration" {
        return Many::Custom;
    }
    let Some(other) = schemas.get(target) else { return Many::Members };
    let back = other.attributes.values().find_map(|kind| match kind {
        Kind::Reference { target, column } if owner.is_a(target) => Some(column),
        _ => None,
    });
    match back {
        Some(column) => inverse(column),
        None if other.attributes.contains_key("parent_id") => inverse("parent_id"),
        None => Many::Members,
    }
}

impl View<'_> {
    /// The rows of a collection.
    pub fn related<'s>(
        &'s self,
        row: &'s Row,
        attribute: &str,
        target: &str,
    ) -> Result<Vec<std::borrow::Cow<'s, Row>>, Refusal> {
        use std::borrow::Cow::{Borrowed, Owned};
        let owner = self.schemas.find(&row.kind)?;
        let other = self.schemas.find(target)?;
        let key = row.key(owner);
        let fits = |found: &&Row| self.schemas.get(&found.kind).is_some_and(|schema| schema.is_a(target));
        Ok(match many(self.schemas, owner, attribute, target) {
            Many::Custom => self.custom_values(row).into_iter().map(Owned).collect(),
            Many::Inverse { column, only } => {
                let rows = self.store.by_column(other.family(), &column, &key).into_iter();
                let wanted = |found: &&Row| only.is_none_or(|only| found.get("type") == only);
                rows.filter(fits).filter(wanted).map(Borrowed).collect()
            }
            Many::Members => {
                let keys = row.get(attribute).as_array().into_iter().flatten().filter_map(|key| key.as_str());
                keys.filter_map(|key| self.store.get(other.family(), key)).map(Borrowed).collect()
            }
            Many::MemberOf(list) => {
                let holds =
                    |found: &&Row| found.get(list).as_array().is_some_and(|keys| keys.iter().any(|one| *one == *key));
                self.store.rows(other.family()).filter(fits).filter(holds).map(Borrowed).collect()
            }
            Many::Through { table, mine, theirs } => {
                let pairs = self.store.by_column(table, mine, &key).into_iter();
                pairs.filter_map(|pair| self.store.get(other.family(), pair.text(theirs)?)).map(Borrowed).collect()
            }
            Many::Ancestors => {
                let mut above = self.ancestors(row);
                above.retain(fits);
                above.into_iter().map(Borrowed).collect()
            }
            Many::Descendants => {
                let mut below = Vec::new();
                descend(self.store, &key, &mut below);
                below.into_iter().filter(fits).map(Borrowed).collect()
            }
        })
    }

    /// Parents of a context, the topmost first, without itself.
    pub fn ancestors<'s>(&'s self, row: &'s Row) -> Vec<&'s Row> {
        let mut above = Vec::new();
        let mut at = row;
        // A cycle cannot grow longer than the rows are many; a hundred levels are more than anybody has.
        while let Some(parent) =
            at.text("parent_id").and_then(|id| self.store.get("Context", id)).filter(|_| above.len() < 100)
        {
            above.push(parent);
            at = parent;
        }
        above.reverse();
        above
    }
}

fn descend<'s>(store: &'s Store, key: &str, below: &mut Vec<&'s Row>) {
    for child in store.by_column("Context", "parent_id", key) {
        below.push(child);
        if let Some(id) = child.text("id").filter(|_| below.len() < 1_000_000) {
            descend(store, id, below);
        }
    }
}
