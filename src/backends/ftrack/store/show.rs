//! Entities as the host reads them: `{__entity_type__, keys, known attributes}` (verbs.md "Shapes").
//!
//! A value is a snapshot and ends somewhere: the attributes that a query asked for by path are shown along that path;
//! other related entities stand as references, with type and key alone.

use super::{EntityId, Store, Value};
use crate::{
    backends::ftrack::schema::Kind,
    value::{Object, Tree},
};

/// The ways along which related entities are shown in full.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Paths(Vec<(Box<str>, Paths)>);

impl Paths {
    /// The ways of projections, separated by commas: of `status.name, parent.project.id` the last names do not matter.
    /// A type in brackets (`children[Task].name`) does neither.
    pub fn of(projections: &str) -> Paths {
        let mut paths = Paths::default();
        for projection in projections.split(',') {
            paths.add(&mut projection.trim().split('.').map(|step| step.split('[').next().unwrap_or_default()));
        }
        paths
    }

    /// The ways that a whole query asks for.
    pub fn of_query(text: &str) -> Paths {
        let rest = text.trim_start().strip_prefix("select").unwrap_or_default();
        let end = rest.find(" from ").unwrap_or(0);
        Paths::of(rest.get(..end).unwrap_or_default())
    }

    fn add<'a>(&mut self, steps: &mut dyn Iterator<Item = &'a str>) {
        let Some(name) = steps.next() else { return };
        match self.0.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, inner)) => inner.add(steps),
            None => {
                let mut inner = Paths::default();
                inner.add(steps);
                self.0.push((name.into(), inner));
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Paths> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, inner)| inner)
    }
}

impl Store {
    /// An entity with all that is known of it.
    pub fn show(&self, id: EntityId, paths: &Paths) -> Tree {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return Tree::Null };
        let mut out = Object::with_capacity(entity.remote.0.len() + entity.local.0.len() + 2);
        out.insert("__entity_type__", Tree::Text(kind.name.clone()));
        for (name, part) in kind.key_names().zip(&entity.key) {
            out.insert(name, Tree::from(&**part));
        }
        for (at, attribute) in kind.attributes.iter().enumerate() {
            let Some(value) = u16::try_from(at).ok().and_then(|at| self.value(id, at)) else { continue };
            let shown = self.show_value(value, &attribute.kind, paths.get(&attribute.name));
            out.insert(&attribute.name, shown);
        }
        Tree::Object(out)
    }

    /// Type and key alone.
    pub fn reference(&self, id: EntityId) -> Tree {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return Tree::Null };
        let mut out = Object::with_capacity(entity.key.len() + 1);
        out.insert("__entity_type__", Tree::Text(kind.name.clone()));
        for (name, part) in kind.key_names().zip(&entity.key) {
            out.insert(name, Tree::from(&**part));
        }
        Tree::Object(out)
    }

    /// One value; `paths` are there when the way leads through it.
    pub fn show_value(&self, value: &Value, kind: &Kind, paths: Option<&Paths>) -> Tree {
        let related = |id: EntityId| match paths {
            Some(paths) => self.show(id, paths),
            None => self.reference(id),
        };
        match value {
            Value::Null => Tree::Null,
            Value::Bool(truth) => Tree::Bool(*truth),
            Value::Int(number) => Tree::Int(*number),
            Value::Double(number) => Tree::Double(*number),
            Value::Text(text) | Value::Date(text) => Tree::Text(text.clone()),
            Value::Json(tree) => Tree::clone(tree),
            Value::Entity(id) => related(*id),
            Value::Entities(ids) => match kind {
                Kind::Metadata(_) | Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_) => self.show_map(ids),
                _ => Tree::Array(ids.iter().map(|id| related(*id)).collect()),
            },
        }
    }

    /// Entities that are keys and values, as a map.
    fn show_map(&self, ids: &[EntityId]) -> Tree {
        let mut out = Object::with_capacity(ids.len());
        for id in ids {
            let Some(kind) = self.kind_of(*id) else { continue };
            let part = |name: &str| kind.position(name).and_then(|at| self.value(*id, at));
            if let Some(Value::Text(key)) = part("key") {
                out.insert(key, part("value").map_or(Tree::Null, |value| self.show_value(value, &Kind::Any, None)));
            }
        }
        Tree::Object(out)
    }
}
