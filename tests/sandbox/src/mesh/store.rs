//! What the server holds: definitions, objects, series, texts, events. Every map is shared until it is written, so a
//! session's own copy costs only what the session changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::Id;
use super::pb::model::{AttributeValue, LinkRelationVersion, RatingCurveVersion, XySet};
use super::pb::{availability, definition};
use super::point::Point;

/// A map that is shared until it is written.
pub type Map<K, V> = Arc<BTreeMap<K, V>>;

/// The entry of a shared map, to change.
pub fn entry<'a, K: Ord + Clone, V: Clone>(map: &'a mut Map<K, Arc<V>>, key: &K) -> Option<&'a mut V> {
    Arc::make_mut(map).get_mut(key).map(Arc::make_mut)
}

/// Puts something into a shared map.
pub fn put<K: Ord + Clone, V: Clone>(map: &mut Map<K, Arc<V>>, key: K, value: V) {
    Arc::make_mut(map).insert(key, Arc::new(value));
}

/// Takes something out of a shared map.
pub fn take<K: Ord + Clone, V: Clone>(map: &mut Map<K, Arc<V>>, key: &K) -> Option<Arc<V>> {
    Arc::make_mut(map).remove(key)
}

/// A namespace; one without an owner is a model definition.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub name: String,
    pub description: String,
    pub owner: Option<Id>,
}

/// An object definition.
#[derive(Clone, Debug)]
pub struct Class {
    pub name: String,
    pub description: String,
    pub namespace: Id,
    pub tags: Vec<Id>,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Double,
    Bool,
    Text,
    Time,
    Series,
    Owner,
    Link,
    VersionedLink,
    Rating,
    Xy,
}

/// An attribute type.
#[derive(Clone, Debug)]
pub struct Trait {
    pub name: String,
    pub description: String,
    pub namespace: Id,
    pub tags: Vec<Id>,
    pub kind: Kind,
    pub unit: Option<Id>,
    pub target: Option<Id>,
    pub expression: Option<String>,
}

/// What is special about the definitions of a kind.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a few dozen of them")]
pub enum Shape {
    /// Default, lowest, highest and allowed values. A collection's default is a list.
    Simple {
        default: Vec<AttributeValue>,
        lowest: Option<AttributeValue>,
        highest: Option<AttributeValue>,
        allowed: Vec<AttributeValue>,
    },
    Series {
        template: String,
    },
    Relation,
    Rating,
    Xy {
        versioned: bool,
        axes: [Option<definition::XySetAxis>; 3],
    },
}

/// An attribute definition: a type, used in an object definition.
#[derive(Clone, Debug)]
pub struct Field {
    pub class: Id,
    pub r#trait: Id,
    pub description: String,
    /// Cardinalities; a collection if the second is not 1.
    pub least: i64,
    pub most: i64,
    pub collection: bool,
    pub versioned: bool,
    pub shape: Shape,
}

/// What an attribute of an object holds.
#[derive(Clone, Debug)]
pub enum Held {
    Simple(Vec<AttributeValue>),
    Series { resource: Option<Id>, local: Option<String> },
    Owned(Vec<Id>),
    Links(Vec<Id>),
    Versions(Vec<Vec<LinkRelationVersion>>),
    Xy(Vec<XySet>),
    Rating(Vec<RatingCurveVersion>),
}

/// An attribute of an object.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub id: Id,
    pub field: Id,
    pub held: Held,
}

/// An object; one without an owner is a model.
#[derive(Clone, Debug)]
pub struct Object {
    pub name: String,
    /// Its object definition, or the namespace that a model is of.
    pub class: Id,
    pub owner: Option<(Id, String)>,
    pub attributes: BTreeMap<String, Attribute>,
}

/// A time series resource.
#[derive(Clone, Debug)]
pub struct Series {
    /// 0 as long as the series was not committed, and for those that live in no data base.
    pub key: i64,
    pub path: String,
    pub name: String,
    pub temporary: bool,
    pub curve: i32,
    pub resolution: i32,
    pub unit: Option<Id>,
    pub time_zone: Option<String>,
    /// The expression of a virtual one.
    pub expression: String,
    /// Whether it exists for others: before that its points cannot be used.
    pub committed: bool,
    /// Whether a key is given to it when it is committed.
    pub wants_key: bool,
    pub points: Arc<Vec<Point>>,
}

/// A text resource.
#[derive(Clone, Debug)]
pub struct Text {
    pub id: Id,
    pub text: String,
}

/// An event of an object.
#[derive(Clone, Debug)]
pub enum Event {
    Revision(availability::Revision, u32),
    Restriction(availability::Restriction),
}

/// Everything.
#[derive(Clone, Default)]
pub struct Store {
    pub namespaces: Map<Id, Arc<Namespace>>,
    pub classes: Map<Id, Arc<Class>>,
    pub traits: Map<Id, Arc<Trait>>,
    pub fields: Map<Id, Arc<Field>>,
    pub tags: Map<Id, Arc<definition::Tag>>,
    /// Which model definition a tag belongs to.
    pub tag_owners: Map<Id, Arc<Id>>,
    pub units: Map<Id, Arc<String>>,
    pub metadata: Map<Id, Arc<Vec<definition::ExtendedMetadata>>>,
    pub objects: Map<Id, Arc<Object>>,
    /// Where an attribute is: object and name.
    pub attributes: Map<Id, Arc<(Id, String)>>,
    pub series: Map<Id, Arc<Series>>,
    /// By full path.
    pub texts: Map<String, Arc<Text>>,
    /// By owner and event id.
    pub events: Map<(Id, String), Arc<Event>>,
    /// By owner and category.
    pub advanced: Map<(Id, String), Arc<availability::AdvancedRestriction>>,
}

impl Store {
    /// The series of a key.
    pub fn by_key(&self, key: i64) -> Option<(Id, &Arc<Series>)> {
        self.series.iter().find(|(_, series)| key != 0 && series.key == key).map(|(id, series)| (*id, series))
    }

    /// An attribute and the object that it belongs to.
    pub fn attribute(&self, id: Id) -> Option<(Id, &str, &Attribute)> {
        let (owner, name) = &**self.attributes.get(&id)?;
        let attribute = self.objects.get(owner)?.attributes.get(name)?;
        Some((*owner, name, attribute))
    }

    /// An attribute, to change it.
    pub fn attribute_mut(&mut self, id: Id) -> Option<&mut Attribute> {
        let (owner, name) = self.attributes.get(&id).map(|at| (**at).clone())?;
        entry(&mut self.objects, &owner)?.attributes.get_mut(&name)
    }

    /// The definition of an attribute, and its type.
    pub fn field(&self, id: Id) -> Option<(&Field, &Trait)> {
        let field = self.fields.get(&id)?;
        Some((field, self.traits.get(&field.r#trait)?))
    }

    /// The definitions of an object definition's attributes.
    pub fn fields_of(&self, class: Id) -> impl Iterator<Item = (Id, &Field)> {
        self.fields.iter().filter(move |(_, field)| field.class == class).map(|(id, field)| (*id, &**field))
    }

    /// The models.
    pub fn models(&self) -> impl Iterator<Item = (Id, &Object)> {
        self.objects.iter().filter(|(_, object)| object.owner.is_none()).map(|(id, object)| (*id, &**object))
    }

    /// What an object owns, attribute by attribute.
    pub fn children(&self, id: Id) -> Vec<Id> {
        let Some(object) = self.objects.get(&id) else { return Vec::new() };
        let owned = object.attributes.values().filter_map(|attribute| match &attribute.held {
            Held::Owned(ids) => Some(ids),
            _ => None,
        });
        owned.flatten().copied().collect()
    }

    /// An object with the attributes of its definition, all as they begin. Their ids come from `ids`, so that the same
    /// change can be carried out twice.
    pub fn blank(&self, id: Id, name: &str, class: Id, owner: Option<(Id, String)>) -> (Object, Vec<(Id, String)>) {
        let mut attributes = BTreeMap::new();
        let mut places = Vec::new();
        for (field_id, field) in self.fields_of(class) {
            let Some(kind) = self.traits.get(&field.r#trait) else { continue };
            let attribute_id = Id::named(&format!("{id}.{field_id}"));
            let held = match (&field.shape, kind.kind) {
                (Shape::Simple { default, .. }, _) => Held::Simple(default.clone()),
                (_, Kind::Series) => Held::Series { resource: None, local: None },
                (_, Kind::Owner) => Held::Owned(Vec::new()),
                (_, Kind::Link) => Held::Links(Vec::new()),
                (_, Kind::VersionedLink) => Held::Versions(Vec::new()),
                (_, Kind::Rating) => Held::Rating(Vec::new()),
                (Shape::Xy { versioned: false, .. }, _) => Held::Xy(vec![XySet::default()]),
                _ => Held::Xy(Vec::new()),
            };
            places.push((attribute_id, kind.name.clone()));
            attributes.insert(kind.name.clone(), Attribute { id: attribute_id, field: field_id, held });
        }
        (Object { name: name.to_owned(), class, owner, attributes }, places)
    }

    /// Puts an object and what leads to its attributes.
    pub fn insert(&mut self, id: Id, object: Object) {
        let places = Arc::make_mut(&mut self.attributes);
        for (name, attribute) in &object.attributes {
            places.insert(attribute.id, Arc::new((id, name.clone())));
        }
        put(&mut self.objects, id, object);
    }

    /// Takes an object and all below it out, and out of its owner's list.
    pub fn remove(&mut self, id: Id) {
        for child in self.children(id) {
            self.remove(child);
        }
        let Some(object) = take(&mut self.objects, &id) else { return };
        let places = Arc::make_mut(&mut self.attributes);
        for attribute in object.attributes.values() {
            places.remove(&attribute.id);
        }
        Arc::make_mut(&mut self.events).retain(|(owner, _), _| *owner != id);
        Arc::make_mut(&mut self.advanced).retain(|(owner, _), _| *owner != id);
        if let Some((owner, name)) = &object.owner
            && let Some(owner) = entry(&mut self.objects, owner)
            && let Some(Attribute { held: Held::Owned(ids), .. }) = owner.attributes.get_mut(name)
        {
            ids.retain(|other| *other != id);
        }
        // Nothing points to what is gone.
        for (_, object) in Arc::make_mut(&mut self.objects).iter_mut() {
            let points = |held: &Held| match held {
                Held::Links(ids) => ids.contains(&id),
                Held::Versions(entries) => entries
                    .iter()
                    .flatten()
                    .any(|version| version.target_object_id.as_ref().and_then(Id::of) == Some(id)),
                _ => false,
            };
            if object.attributes.values().any(|attribute| points(&attribute.held)) {
                for attribute in Arc::make_mut(object).attributes.values_mut() {
                    match &mut attribute.held {
                        Held::Links(ids) => ids.retain(|other| *other != id),
                        Held::Versions(entries) => {
                            for version in entries.iter_mut().flatten() {
                                if version.target_object_id.as_ref().and_then(Id::of) == Some(id) {
                                    version.target_object_id = None;
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
