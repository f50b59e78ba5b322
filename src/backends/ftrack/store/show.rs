//! Entities as the host reads them: `{__entity_type__, keys, known attributes}` (verbs.md "Shapes").
//!
//! A value is a snapshot and ends somewhere: the attributes that a query asked for by path are shown along that path;
//! other related entities stand as references, with type and key alone.

use super::{Entity, EntityId, Store, Value};
use crate::{
    backends::ftrack::schema::{EntityType, Kind},
    value::{Document, Draft, Object, Open, Place, Tree},
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
    /// An entity with all that is known of it, as a document of its own.
    pub fn shown(&self, id: EntityId, paths: &Paths) -> Box<Document> {
        let mut draft = Draft::default();
        self.draw(id, paths, &mut draft, Draft::ROOT);
        draft.finish()
    }

    /// The same as a tree.
    pub fn show(&self, id: EntityId, paths: &Paths) -> Tree {
        self.shown(id, paths).root().to_tree()
    }

    /// Writes an entity with all that is known of it.
    pub fn draw(&self, id: EntityId, paths: &Paths, draft: &mut Draft, place: Place) {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return draft.null(place) };
        let mut out = draft.open(place);
        self.draw_key(entity, kind, true, draft, &mut out);
        for (at, value) in entity.known() {
            let Some(attribute) = kind.attribute(at).filter(|_| !kind.primary_key.contains(&at)) else { continue };
            let place = draft.member(&mut out, &attribute.name);
            self.draw_value(value, &attribute.kind, || paths.get(&attribute.name), draft, place);
        }
        draft.object(&out);
    }

    /// Type and key; the key as the server wrote it when `typed`, else as text.
    fn draw_key(&self, entity: &Entity, kind: &EntityType, typed: bool, draft: &mut Draft, out: &mut Open) {
        let place = draft.member(out, "__entity_type__");
        draft.text(place, &kind.name);
        for (at, part) in kind.primary_key.iter().zip(&entity.key) {
            let Some(attribute) = kind.attribute(*at) else { continue };
            let place = draft.member(out, &attribute.name);
            match entity.value(*at).filter(|_| typed) {
                Some(value) => self.draw_value(value, &attribute.kind, || None, draft, place),
                None => draft.text(place, part),
            }
        }
    }

    /// Type and key alone.
    fn draw_reference(&self, id: EntityId, draft: &mut Draft, place: Place) {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return draft.null(place) };
        let mut out = draft.open(place);
        self.draw_key(entity, kind, false, draft, &mut out);
        draft.object(&out);
    }

    fn draw_value<'a>(&self, value: &Value, kind: &Kind, paths: impl Fn() -> Option<&'a Paths>, draft: &mut Draft, place: Place) {
        let related = |id: EntityId, draft: &mut Draft, place: Place| match paths() {
            Some(paths) => self.draw(id, paths, draft, place),
            None => self.draw_reference(id, draft, place),
        };
        match value {
            Value::Null => draft.null(place),
            Value::Bool(truth) => draft.bool(place, *truth),
            Value::Int(number) => draft.int(place, *number),
            Value::Double(number) => draft.double(place, *number),
            Value::Text(text) | Value::Date(text) => draft.text(place, text),
            Value::Json(tree) => draft.tree(place, tree),
            Value::Entity(id) => related(*id, draft, place),
            Value::Entities(ids) => match kind {
                Kind::Metadata(_) | Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_) => draft.tree(place, &self.show_map(ids)),
                _ => {
                    let items = draft.open(place);
                    ids.iter().for_each(|id| related(*id, draft, items.item()));
                    draft.array(&items);
                }
            },
        }
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
        match value {
            Value::Null => Tree::Null,
            Value::Bool(truth) => Tree::Bool(*truth),
            Value::Int(number) => Tree::Int(*number),
            Value::Double(number) => Tree::Double(*number),
            Value::Text(text) | Value::Date(text) => Tree::Text(text.clone()),
            Value::Json(tree) => Tree::clone(tree),
            Value::Entity(_) | Value::Entities(_) => {
                let mut draft = Draft::default();
                self.draw_value(value, kind, || paths, &mut draft, Draft::ROOT);
                draft.finish().root().to_tree()
            }
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
