//! Paths (section 4.1): the full names that answers carry, and finding what a path or id means.

use tonic::Status;

use super::id::Id;
use super::pb::MeshId;
use super::store::{Attribute, Held, Store};

/// What a path or an id leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Object(Id),
    Attribute(Id),
    Series(Id),
    Namespace(Id),
    Class(Id),
    Trait(Id),
    Field(Id),
}

/// The attribute whose name is not part of paths: it holds a model's first objects.
pub const HIDDEN: &str = "Elements";

impl Store {
    /// The full name of an object.
    pub fn object_path(&self, id: Id) -> String {
        let Some(object) = self.objects.get(&id) else { return String::new() };
        match &object.owner {
            None => format!("Model/{}", object.name),
            Some((owner, name)) if name == HIDDEN => format!("{}/{}", self.object_path(*owner), object.name),
            Some((owner, name)) => format!("{}.{name}/{}", self.object_path(*owner), object.name),
        }
    }

    /// The full name of an attribute.
    pub fn attribute_path(&self, id: Id) -> String {
        match self.attribute(id) {
            Some((owner, name, _)) => format!("{}.{name}", self.object_path(owner)),
            None => String::new(),
        }
    }

    /// The full name of a namespace.
    pub fn namespace_path(&self, id: Id) -> String {
        match self.namespaces.get(&id) {
            None => String::new(),
            Some(space) => match space.owner {
                None => format!("Repository/{}", space.name),
                Some(owner) => format!("{}/{}", self.namespace_path(owner), space.name),
            },
        }
    }

    /// The names of a namespace and those above it, with dots.
    pub fn namespace_name(&self, id: Id) -> String {
        match self.namespaces.get(&id) {
            None => String::new(),
            Some(space) => match space.owner {
                None => space.name.clone(),
                Some(owner) => format!("{}.{}", self.namespace_name(owner), space.name),
            },
        }
    }

    /// The full name of an object definition.
    pub fn class_path(&self, id: Id) -> String {
        self.classes
            .get(&id)
            .map_or_else(String::new, |class| format!("{}/{}", self.namespace_path(class.namespace), class.name))
    }

    /// The full name of an attribute type.
    pub fn trait_path(&self, id: Id) -> String {
        self.traits
            .get(&id)
            .map_or_else(String::new, |kind| format!("{}/{}", self.namespace_path(kind.namespace), kind.name))
    }

    /// The full name of an attribute definition.
    pub fn field_path(&self, id: Id) -> String {
        self.field(id)
            .map_or_else(String::new, |(field, kind)| format!("{}/{}", self.class_path(field.class), kind.name))
    }

    /// What a target means. The id counts if both are there.
    pub fn place(&self, target: &MeshId) -> Option<Place> {
        if let Some(guid) = &target.id {
            return self.by_id(Id::of(guid)?);
        }
        if let Some(path) = &target.path {
            return self.by_path(path);
        }
        self.by_key(target.timeseries_key?).map(|(id, _)| Place::Series(id))
    }

    fn by_id(&self, id: Id) -> Option<Place> {
        let known = [
            (self.objects.contains_key(&id), Place::Object(id)),
            (self.attributes.contains_key(&id), Place::Attribute(id)),
            (self.series.contains_key(&id), Place::Series(id)),
            (self.namespaces.contains_key(&id), Place::Namespace(id)),
            (self.classes.contains_key(&id), Place::Class(id)),
            (self.traits.contains_key(&id), Place::Trait(id)),
            (self.fields.contains_key(&id), Place::Field(id)),
        ];
        known.into_iter().find(|(there, _)| *there).map(|(_, place)| place)
    }

    fn by_path(&self, path: &str) -> Option<Place> {
        let (root, rest) = path.split_once('/')?;
        match root {
            "Model" => self.in_model(rest),
            "Repository" => self.in_repository(rest),
            "Resource" => self.series.iter().find(|(_, series)| series.path == path).map(|(id, _)| Place::Series(*id)),
            _ => None,
        }
    }

    fn in_model(&self, path: &str) -> Option<Place> {
        let mut steps = path.split('/').peekable();
        let first = steps.next()?;
        let named = |name: &str| self.models().find(|(_, model)| model.name == name).map(|(id, _)| id);
        // The names of models and objects may hold dots themselves; an attribute's name does not.
        let (mut object, mut relation) = match (named(first), first.rsplit_once('.')) {
            (Some(id), _) => (id, None),
            (None, Some((name, relation))) => (named(name)?, Some(relation)),
            (None, None) => return None,
        };
        for step in steps {
            let child = |name: &str| self.child(object, relation, name);
            (object, relation) = match (child(step), step.rsplit_once('.')) {
                (Some(id), _) => (id, None),
                (None, Some((name, next))) => (child(name)?, Some(next)),
                (None, None) => return None,
            };
        }
        match relation {
            None => Some(Place::Object(object)),
            Some(name) => {
                self.objects.get(&object)?.attributes.get(name).map(|attribute| Place::Attribute(attribute.id))
            }
        }
    }

    /// The child of that name; of one relation, or of any.
    pub fn child(&self, owner: Id, relation: Option<&str>, name: &str) -> Option<Id> {
        let object = self.objects.get(&owner)?;
        let relations =
            object.attributes.iter().filter(|(key, _)| relation.is_none_or(|wanted| wanted == key.as_str()));
        let owned = relations.filter_map(|(_, attribute)| match &attribute.held {
            Held::Owned(ids) => Some(ids),
            _ => None,
        });
        owned.flatten().find(|id| self.objects.get(id).is_some_and(|child| child.name == name)).copied()
    }

    fn in_repository(&self, path: &str) -> Option<Place> {
        let mut steps = path.split('/');
        let first = steps.next()?;
        let find = |owner: Option<Id>, name: &str| {
            self.namespaces.iter().find(|(_, space)| space.owner == owner && space.name == name).map(|(id, _)| *id)
        };
        let mut place = Place::Namespace(find(None, first)?);
        for step in steps {
            place = match place {
                Place::Namespace(space) => {
                    let class = self.classes.iter().find(|(_, class)| class.namespace == space && class.name == step);
                    let kind = || self.traits.iter().find(|(_, kind)| kind.namespace == space && kind.name == step);
                    match (find(Some(space), step), class) {
                        (Some(id), _) => Place::Namespace(id),
                        (None, Some((id, _))) => Place::Class(*id),
                        (None, None) => Place::Trait(*kind()?.0),
                    }
                }
                Place::Class(class) => {
                    let named = |id: &Id| self.field(*id).is_some_and(|(_, kind)| kind.name == step);
                    Place::Field(self.fields_of(class).map(|(id, _)| id).find(named)?)
                }
                _ => return None,
            };
        }
        Some(place)
    }

    /// The object that a target must be.
    pub fn object_at(&self, target: Option<&MeshId>) -> Result<Id, Status> {
        let target = target.ok_or_else(|| Status::invalid_argument("object not found: no target was given"))?;
        match self.place(target) {
            Some(Place::Object(id)) => Ok(id),
            Some(_) => Err(Status::invalid_argument(format!("invalid type: {} is not an object", written(target)))),
            None => Err(Status::not_found(format!("object not found: {}", written(target)))),
        }
    }

    /// The attribute that a target must be.
    pub fn attribute_at(&self, target: Option<&MeshId>) -> Result<Id, Status> {
        let target = target.ok_or_else(|| Status::invalid_argument("attribute not found: no target was given"))?;
        match self.place(target) {
            Some(Place::Attribute(id)) => Ok(id),
            Some(_) => Err(Status::invalid_argument(format!(
                "Invalid type: {} is not an attribute, unexpected kind",
                written(target)
            ))),
            None => Err(Status::not_found(format!("attribute not found: {}", written(target)))),
        }
    }

    /// The same with its definition's kind.
    pub fn attribute_of(&self, target: Option<&MeshId>) -> Result<(Id, &Attribute), Status> {
        let id = self.attribute_at(target)?;
        let gone = || Status::not_found("attribute not found");
        self.attribute(id).map(|(_, _, attribute)| (id, attribute)).ok_or_else(gone)
    }

    /// An id with its path.
    pub fn mesh_id(id: Id, path: String) -> MeshId {
        MeshId { id: Some(id.guid()), path: Some(path), timeseries_key: None }
    }
}

/// A target as the server's texts have it.
pub fn written(target: &MeshId) -> String {
    match (&target.id, &target.path, target.timeseries_key) {
        (Some(guid), ..) => Id::of(guid).map_or_else(|| "a malformed id".to_owned(), |id| id.to_string()),
        (_, Some(path), _) => path.clone(),
        (_, _, Some(key)) => format!("time series key: {key}"),
        _ => "nothing".to_owned(),
    }
}
