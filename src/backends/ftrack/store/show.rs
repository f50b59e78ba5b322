//! Entities as the host reads them: `{__entity_type__, keys, known attributes}` (verbs.md "Shapes").
//!
//! A value is a snapshot and ends somewhere: the attributes that a query asked for by path are shown along that path;
//! other related entities stand as references, with type and key alone.

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::{Entity, EntityId, Store, Value};
use crate::{
    backends::ftrack::schema::{EntityType, Kind},
    value::{Again, Document, Draft, Node, Object, Open, Place, Tree},
};

/// The member that tells the type.
static OWN_TYPE: LazyLock<Arc<str>> = LazyLock::new(|| "__entity_type__".into());

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

/// Writes entities into a draft. A related one that comes again is written once, so one drawing is for one state of the
/// store.
#[derive(Debug)]
pub struct Drawing<'a> {
    store: &'a Store,
    draft: &'a mut Draft,
    /// By the ways that were shown with it: their address, 0 for a reference.
    seen: FxHashMap<(EntityId, usize), Again>,
}

impl<'a> Drawing<'a> {
    /// Begins one.
    pub fn new(store: &'a Store, draft: &'a mut Draft) -> Drawing<'a> {
        Drawing { store, draft, seen: FxHashMap::default() }
    }

    /// An entity with all that is known of it.
    pub fn entity(&mut self, id: EntityId, paths: &'a Paths, place: Place) -> Option<Again> {
        let Some((entity, kind)) = self.store.entity(id).zip(self.store.kind_of(id)) else {
            self.draft.null(place);
            return None;
        };
        let mut out = self.draft.open(place);
        self.key(entity, kind, true, &mut out);
        for (at, value) in entity.known() {
            let Some(attribute) = kind.attribute(at).filter(|_| !kind.primary_key.contains(&at)) else { continue };
            let place = self.draft.member(&mut out, &attribute.name);
            let related = matches!(value, Value::Entity(_) | Value::Entities(_));
            let paths = if related { paths.get(&attribute.name) } else { None };
            self.value(value, &attribute.kind, paths, place);
        }
        Some(self.draft.object(&out))
    }

    /// What is there of another document.
    pub fn other(&mut self, node: Node<'_>, place: Place) {
        self.draft.node(place, node);
    }

    /// What became of one change of a commit: the entity, or what the server said of it.
    pub fn committed(
        &mut self,
        index: i64,
        id: Option<EntityId>,
        data: Option<Node<'_>>,
        paths: &'a Paths,
        place: Place,
    ) {
        let mut out = self.draft.open(place);
        let place = self.draft.member(&mut out, "index");
        self.draft.int(place, index);
        let place = self.draft.member(&mut out, "status");
        self.draft.int(place, 200);
        let place = self.draft.member(&mut out, "value");
        match (id, data) {
            (Some(id), _) => drop(self.entity(id, paths, place)),
            (None, Some(data)) => self.draft.node(place, data),
            (None, None) => self.draft.null(place),
        }
        self.draft.object(&out);
    }

    /// Type and key; the key as the server wrote it when `typed`, else as text.
    fn key(&mut self, entity: &'a Entity, kind: &'a EntityType, typed: bool, out: &mut Open) {
        let place = self.draft.member(out, "__entity_type__");
        self.draft.text(place, &kind.name);
        for (at, part) in kind.primary_key.iter().zip(&entity.key) {
            let Some(attribute) = kind.attribute(*at) else { continue };
            let place = self.draft.member(out, &attribute.name);
            match entity.value(*at).filter(|_| typed) {
                Some(value) => self.value(value, &attribute.kind, None, place),
                None => self.draft.text(place, part),
            }
        }
    }

    fn related(&mut self, id: EntityId, paths: Option<&'a Paths>, place: Place) {
        let seen = (id, paths.map_or(0, |paths| std::ptr::from_ref(paths).addr()));
        if let Some(again) = self.seen.get(&seen) {
            return self.draft.again(place, *again);
        }
        let drawn = match paths {
            Some(paths) => self.entity(id, paths, place),
            None => self.reference(id, place),
        };
        if let Some(drawn) = drawn {
            self.seen.insert(seen, drawn);
        }
    }

    fn reference(&mut self, id: EntityId, place: Place) -> Option<Again> {
        let Some((entity, kind)) = self.store.entity(id).zip(self.store.kind_of(id)) else {
            self.draft.null(place);
            return None;
        };
        let mut out = self.draft.open(place);
        self.key(entity, kind, false, &mut out);
        Some(self.draft.object(&out))
    }

    /// One value; `paths` are there when the way leads through it.
    fn value(&mut self, value: &Value, kind: &Kind, paths: Option<&'a Paths>, place: Place) {
        let draft = &mut *self.draft;
        match value {
            Value::Null => draft.null(place),
            Value::Bool(truth) => draft.bool(place, *truth),
            Value::Int(number) => draft.int(place, *number),
            Value::Double(number) => draft.double(place, *number),
            Value::Text(text) | Value::Date(text) => draft.text(place, text),
            Value::Json(tree) => draft.tree(place, tree),
            Value::Entity(id) => self.related(*id, paths, place),
            Value::Entities(ids) => match kind {
                Kind::Metadata(_) | Kind::CustomAttributes(_) | Kind::OldCustomAttributes(_) => {
                    draft.tree(place, &self.store.show_map(ids))
                }
                _ => {
                    let items = draft.open(place);
                    let store = self.store;
                    store.living(ids).for_each(|id| self.related(id, paths, items.item()));
                    self.draft.array(&items);
                }
            },
        }
    }
}

impl Store {
    /// An entity with all that is known of it, as a document of its own.
    pub fn shown(&self, id: EntityId, paths: &Paths) -> Box<Document> {
        let mut draft = Draft::default();
        Drawing::new(self, &mut draft).entity(id, paths, Draft::ROOT);
        draft.finish()
    }

    /// Several of them, as an array.
    pub fn shown_all(&self, ids: &[EntityId], paths: &Paths) -> Box<Document> {
        let mut draft = Draft::default();
        let items = draft.open(Draft::ROOT);
        let mut drawing = Drawing::new(self, &mut draft);
        for id in ids {
            drawing.entity(*id, paths, items.item());
        }
        draft.array(&items);
        draft.finish()
    }

    /// One as a tree.
    pub fn show(&self, id: EntityId, paths: &Paths) -> Tree {
        self.shown(id, paths).root().to_tree()
    }

    /// Type and key alone.
    pub fn reference(&self, id: EntityId) -> Tree {
        let Some((entity, kind)) = self.entity(id).zip(self.kind_of(id)) else { return Tree::Null };
        let mut out = Object::with_capacity(entity.key.len() + 1);
        out.append(Arc::clone(&OWN_TYPE), Tree::Text(Arc::clone(&kind.name)));
        for (at, part) in kind.primary_key.iter().zip(&entity.key) {
            if let Some(attribute) = kind.attribute(*at) {
                out.append(Arc::clone(&attribute.name), Tree::Text(Arc::clone(part)));
            }
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
                Drawing::new(self, &mut draft).value(value, kind, paths, Draft::ROOT);
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
