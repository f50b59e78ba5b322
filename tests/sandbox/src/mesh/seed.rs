//! What is there from the start: the model that the official client's own tests expect (section 7.3), and what can be
//! added to it.

mod hydro;
mod plant;

use std::sync::Arc;

use tonic::Status;

use super::id::Id;
use super::path::HIDDEN;
use super::pb::curve::CurveType;
use super::pb::definition::Tag;
use super::pb::resolution::ResolutionType;
use super::point::Point;
use super::store::{Class, Field, Held, Kind, Namespace, Object, Series, Shape, Store, Trait, put};

/// The store at the start.
pub fn store() -> Store {
    let mut store = Store::default();
    plant::fill(&mut store);
    store
}

/// Adds what an order names: `hydro` (a model for simulations), `chimneys` (`count` of them, each with a series of
/// `points`).
pub fn more(store: &mut Store, what: &str, count: usize, points: usize) -> Result<(), Status> {
    match what {
        "hydro" => hydro::fill(store),
        "chimneys" => return plant::chimneys(store, count, points),
        _ => return Err(Status::invalid_argument(format!("there is no seed {what:?}"))),
    }
    Ok(())
}

/// A model: its one attribute holds its first objects.
pub fn model(store: &Store, id: Id, name: &str, space: Id) -> Object {
    let field = store.fields.iter().find(|(_, field)| field.class == space).map(|(id, _)| *id);
    let mut object = Object { name: name.to_owned(), class: space, owner: None, attributes: Default::default() };
    if let Some(field) = field
        && let Some((_, of)) = store.field(field)
    {
        let attribute =
            super::store::Attribute { id: Id::named(&format!("{id}.{field}")), field, held: Held::Owned(Vec::new()) };
        object.attributes.insert(of.name.clone(), attribute);
    }
    object
}

/// Writing down definitions and objects in few words.
struct Builder<'a> {
    store: &'a mut Store,
    space: Id,
}

impl Builder<'_> {
    fn namespace(store: &mut Store, name: &str) -> Id {
        let id = Id::named(&format!("namespace {name}"));
        put(&mut store.namespaces, id, Namespace { name: name.to_owned(), description: String::new(), owner: None });
        id
    }

    fn unit(store: &mut Store, name: &str) -> Id {
        let id = Id::named(&format!("unit {name}"));
        put(&mut store.units, id, name.to_owned());
        id
    }

    fn tag(&mut self, name: &str) -> Id {
        let id = Id::named(&format!("tag {name}"));
        let tag = Tag { id: Some(id.guid()), name: name.to_owned(), description: String::new() };
        put(&mut self.store.tags, id, tag);
        put(&mut self.store.tag_owners, id, self.space);
        id
    }

    fn class(&mut self, name: &str) -> Id {
        let id = Id::named(&format!("class {} {name}", self.space));
        let class =
            Class { name: name.to_owned(), description: String::new(), namespace: self.space, tags: Vec::new() };
        put(&mut self.store.classes, id, class);
        id
    }

    /// A type is the namespace's own: definitions of the same name share it.
    fn kind(&mut self, name: &str, kind: Kind, target: Option<Id>) -> Id {
        let id = Id::named(&format!("type {} {name}", self.space));
        if self.store.traits.contains_key(&id) {
            return id;
        }
        let of = Trait {
            name: name.to_owned(),
            description: String::new(),
            namespace: self.space,
            tags: Vec::new(),
            kind,
            unit: None,
            target,
            expression: None,
        };
        put(&mut self.store.traits, id, of);
        id
    }

    /// Adds an attribute.
    fn field(
        &mut self,
        class: Id,
        name: &str,
        kind: Kind,
        target: Option<Id>,
        (least, most): (i64, i64),
        shape: Shape,
    ) -> Id {
        let of = self.kind(name, kind, target);
        let id = Id::named(&format!("definition {class} {name}"));
        let versioned = matches!(shape, Shape::Xy { versioned: true, .. }) || kind == Kind::VersionedLink;
        let field = Field {
            class,
            r#trait: of,
            description: String::new(),
            least,
            most,
            collection: most != 1,
            versioned,
            shape,
        };
        put(&mut self.store.fields, id, field);
        id
    }

    /// The attribute of a model that holds its first objects, and is no part of their paths.
    fn first_level(&mut self, name: &str, target: Option<Id>) {
        let space = self.space;
        self.field(space, name, Kind::Owner, target, (0, 100_000), Shape::Relation);
    }

    fn model(&mut self, name: &str) -> Id {
        let id = Id::named(&format!("model {name}"));
        let object = model(self.store, id, name, self.space);
        self.store.insert(id, object);
        id
    }

    /// Puts an object below another one.
    fn object(&mut self, id: Id, name: &str, class: Id, owner: Id, relation: &str) -> Id {
        let (object, _) = self.store.blank(id, name, class, Some((owner, relation.to_owned())));
        self.store.insert(id, object);
        if let Some(owner) = super::store::entry(&mut self.store.objects, &owner)
            && let Some(Held::Owned(ids)) = owner.attributes.get_mut(relation).map(|attribute| &mut attribute.held)
        {
            ids.push(id);
        }
        id
    }

    fn hold(&mut self, object: Id, name: &str, held: Held) {
        if let Some(object) = super::store::entry(&mut self.store.objects, &object)
            && let Some(attribute) = object.attributes.get_mut(name)
        {
            attribute.held = held;
        }
    }

    fn series(&mut self, key: i64, catalog: &str, name: &str, resolution: ResolutionType, points: Vec<Point>) -> Id {
        let id = Id::named(&format!("series {catalog}/{name}"));
        let series = Series {
            key,
            path: format!("Resource/{catalog}/{name}"),
            name: name.to_owned(),
            temporary: false,
            curve: CurveType::Piecewiselinear as i32,
            resolution: resolution as i32,
            unit: Some(Id::named("unit cm")),
            time_zone: None,
            expression: String::new(),
            committed: true,
            wants_key: false,
            points: Arc::new(points),
        };
        put(&mut self.store.series, id, series);
        id
    }
}

/// The name of the attribute that no path shows.
const FIRST: &str = HIDDEN;
