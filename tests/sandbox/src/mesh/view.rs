//! Objects and attributes as they travel, with the fields that the masks ask for (section 4.3).

use prost_types::FieldMask;
use tonic::Status;

use super::id::Id;
use super::kind;
use super::pb::definition as md;
use super::pb::model::attribute_value::ValueOneof;
use super::pb::model::object::DefinitionOneof;
use super::pb::model::{
    Attribute, AttributeValue, AttributesMasks, LinkRelationAttributeValue, Object, OwnershipRelationAttributeValue,
    TimeseriesAttributeValue, VersionedLinkRelationAttributeValue,
};
use super::store::{Attribute as Kept, Held, Kind, Shape, Store};

/// Whether a mask asks for a field. One that is absent or empty asks for all.
pub fn asks(mask: Option<&FieldMask>, field: &str) -> bool {
    mask.is_none_or(|mask| mask.paths.is_empty() || mask.paths.iter().any(|path| path == field))
}

/// What a call wants to see of an object.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub object: Option<&'a FieldMask>,
    pub attributes: Option<&'a AttributesMasks>,
    pub attribute: Option<&'a FieldMask>,
}

impl Wanted<'_> {
    /// Refuses masks that do not go together.
    pub fn check(&self) -> Result<(), Status> {
        let some = |mask: &Option<FieldMask>| mask.as_ref().is_some_and(|mask| !mask.paths.is_empty());
        if let Some(masks) = self.attributes {
            if some(&masks.name_mask)
                && (some(&masks.tag_mask) || some(&masks.namespace_mask) || !masks.types.is_empty())
            {
                return Err(Status::invalid_argument("name_mask cannot be used together with other attributes masks"));
            }
            if let Some(mask) = &masks.namespace_mask
                && mask.paths.iter().any(|path| path.contains('.'))
            {
                return Err(Status::invalid_argument("namespace_mask entries must be single namespaces"));
            }
        }
        Ok(())
    }

    fn takes(&self, store: &Store, name: &str, attribute: &Kept) -> bool {
        let Some(masks) = self.attributes else { return true };
        let some = |mask: &Option<FieldMask>| mask.clone().filter(|mask| !mask.paths.is_empty()).map(|mask| mask.paths);
        let Some((field, of)) = store.field(attribute.field) else { return false };
        let _ = field;
        let named = some(&masks.name_mask).is_none_or(|names| names.iter().any(|wanted| wanted == name));
        let tagged = some(&masks.tag_mask)
            .is_none_or(|tags| of.tags.iter().filter_map(|id| store.tags.get(id)).any(|tag| tags.contains(&tag.name)));
        let spaced = some(&masks.namespace_mask).is_none_or(|spaces| {
            store.namespace_name(of.namespace).split('.').any(|one| spaces.iter().any(|space| space == one))
        });
        named && tagged && spaced && (masks.types.is_empty() || masks.types.contains(&of.kind.number()))
    }
}

impl Store {
    /// An object as it travels.
    pub fn show(&self, id: Id, wanted: &Wanted<'_>) -> Object {
        let Some(object) = self.objects.get(&id) else { return Object::default() };
        let asks = |field: &str| asks(wanted.object, field);
        let mut out = Object::default();
        if asks("id") {
            out.id = Some(id.guid());
        }
        if asks("path") {
            out.path = self.object_path(id);
        }
        if asks("name") {
            out.name.clone_from(&object.name);
        }
        if asks("type_name") {
            let class = self.classes.get(&object.class).map(|class| class.name.clone());
            out.type_name = class
                .or_else(|| self.namespaces.get(&object.class).map(|space| space.name.clone()))
                .unwrap_or_default();
        }
        if asks("owner_id")
            && let Some((owner, name)) = &object.owner
            && let Some(above) = self.objects.get(owner)
        {
            let attribute = above.attributes.get(name).map(|attribute| attribute.id);
            // The first objects of a model are owned by the model itself.
            out.owner_id = match attribute.filter(|_| above.owner.is_some()) {
                Some(id) => Some(Self::mesh_id(id, self.attribute_path(id))),
                None => Some(Self::mesh_id(*owner, self.object_path(*owner))),
            };
        }
        if self.classes.contains_key(&object.class) {
            if asks("object_definition_id") {
                let id = Self::mesh_id(object.class, self.class_path(object.class));
                out.definition_oneof = Some(DefinitionOneof::ObjectDefinitionId(id));
            }
        } else if asks("name_space_id") {
            let id = Self::mesh_id(object.class, self.namespace_path(object.class));
            out.definition_oneof = Some(DefinitionOneof::NameSpaceId(id));
        }
        if asks("attributes") {
            let shown = object.attributes.iter().filter(|(name, attribute)| wanted.takes(self, name, attribute));
            out.attributes = shown.map(|(_, attribute)| self.show_attribute(attribute.id, wanted.attribute)).collect();
        }
        out
    }

    /// An attribute as it travels.
    pub fn show_attribute(&self, id: Id, mask: Option<&FieldMask>) -> Attribute {
        let Some((owner, name, attribute)) = self.attribute(id) else { return Attribute::default() };
        let Some((field, of)) = self.field(attribute.field) else { return Attribute::default() };
        let mut out = Attribute::default();
        if asks(mask, "id") {
            out.id = Some(id.guid());
        }
        if asks(mask, "path") {
            out.path = self.attribute_path(id);
        }
        if asks(mask, "name") {
            name.clone_into(&mut out.name);
        }
        if asks(mask, "definition") {
            out.definition = Some(self.show_field(attribute.field, None));
        }
        if asks(mask, "values") {
            out.values = self.values(attribute);
        }
        if asks(mask, "value_type") {
            out.value_type = of.kind.number();
        }
        if asks(mask, "value_type_collection") {
            out.value_type_collection = field.collection;
        }
        if asks(mask, "owner_id") {
            out.owner_id = Some(Self::mesh_id(owner, self.object_path(owner)));
        }
        out
    }

    fn values(&self, attribute: &Kept) -> Vec<AttributeValue> {
        let value = |value| AttributeValue { value_oneof: Some(value) };
        match &attribute.held {
            Held::Simple(values) => values.clone(),
            Held::Series { resource, local } => {
                let template = match self.fields.get(&attribute.field).map(|field| &field.shape) {
                    Some(Shape::Series { template }) => template.clone(),
                    _ => String::new(),
                };
                vec![value(ValueOneof::TimeseriesValue(TimeseriesAttributeValue {
                    time_series_resource: resource.and_then(|id| self.show_series(id)),
                    expression: local.clone().unwrap_or(template),
                    is_local_expression: local.is_some(),
                }))]
            }
            Held::Owned(ids) => ids
                .iter()
                .map(|id| OwnershipRelationAttributeValue { target_object_id: Some(id.guid()) })
                .map(|one| value(ValueOneof::OwnershipRelationValue(one)))
                .collect(),
            Held::Links(ids) => ids
                .iter()
                .map(|id| LinkRelationAttributeValue { target_object_id: Some(id.guid()) })
                .map(|one| value(ValueOneof::LinkRelationValue(one)))
                .collect(),
            Held::Versions(entries) => entries
                .iter()
                .map(|versions| VersionedLinkRelationAttributeValue { versions: versions.clone() })
                .map(|one| value(ValueOneof::VersionedLinkRelationValue(one)))
                .collect(),
            // Only the calls for curves carry these.
            Held::Xy(_) | Held::Rating(_) => Vec::new(),
        }
    }

    /// The tags of these ids.
    pub fn show_tags(&self, ids: &[Id]) -> Vec<md::Tag> {
        ids.iter().filter_map(|id| self.tags.get(id)).map(|tag| (**tag).clone()).collect()
    }

    /// A unit by its id.
    pub fn show_unit(&self, id: Option<Id>) -> Option<md::UnitOfMeasurement> {
        let id = id?;
        self.units.get(&id).map(|name| md::UnitOfMeasurement { id: Some(id.guid()), name: (**name).clone() })
    }

    /// An attribute definition as it travels.
    pub fn show_field(&self, id: Id, mask: Option<&FieldMask>) -> md::AttributeDefinition {
        use md::attribute_definition::DefinitionTypeOneof as Oneof;
        let Some((field, of)) = self.field(id) else { return md::AttributeDefinition::default() };
        let target = of.target.and_then(|id| self.classes.get(&id).map(|class| (id, class.name.clone())));
        let target_name = target.clone().map(|(_, name)| name).unwrap_or_default();
        let target_id = target.map(|(id, _)| Self::mesh_id(id, self.class_path(id)));
        let special = match (&field.shape, of.kind) {
            (Shape::Simple { default, lowest, highest, allowed }, kind) => {
                self.simple(kind, field.collection, of.unit, default, lowest.as_ref(), highest.as_ref(), allowed)
            }
            (Shape::Series { template }, _) => Oneof::TimeseriesDefinition(md::TimeseriesAttributeDefinition {
                template_expression: template.clone(),
                unit_of_measurement: self.show_unit(of.unit),
            }),
            (Shape::Xy { versioned, axes }, _) => {
                let [x_axis, y_axis, z_axis] = axes.clone();
                Oneof::XyTableDefinition(md::XySetsAttributeDefinition {
                    versioned: *versioned,
                    x_axis,
                    y_axis,
                    z_axis,
                })
            }
            (Shape::Rating, _) => Oneof::RatingCurveDefinition(md::RatingCurveAttributeDefinition {}),
            (Shape::Relation, Kind::Owner) => {
                Oneof::OwnershipRelationDefinition(md::OwnershipRelationAttributeDefinition {
                    target_object_type_name: target_name,
                    target_object_definition_id: target_id,
                })
            }
            (Shape::Relation, _) => Oneof::LinkRelationDefinition(md::LinkRelationAttributeDefinition {
                target_object_type_name: target_name,
                target_object_definition_id: target_id,
                versioned: of.kind == Kind::VersionedLink,
            }),
        };
        let asks = |name: &str| asks(mask, name);
        let mut out = md::AttributeDefinition::default();
        if asks("id") {
            out.id = Some(id.guid());
        }
        if asks("path") {
            out.path = self.field_path(id);
        }
        if asks("name") {
            out.name.clone_from(&of.name);
        }
        if asks("description") {
            out.description.clone_from(&field.description);
        }
        if asks("tags") {
            out.tags = self.show_tags(&of.tags);
        }
        if asks("name_space") {
            out.name_space = self.namespace_name(of.namespace);
        }
        if asks("type_name") {
            of.kind.definition_name(field.collection, field.versioned).clone_into(&mut out.type_name);
        }
        if asks("minimum_cardinality") {
            out.minimum_cardinality = field.least;
        }
        if asks("maximum_cardinality") {
            out.maximum_cardinality = field.most;
        }
        if asks("definition") {
            out.definition_type_oneof = Some(special);
        }
        if asks("attribute_type_id") {
            out.attribute_type_id = Some(Self::mesh_id(field.r#trait, self.trait_path(field.r#trait)));
        }
        if asks("owner_id") {
            out.owner_id = Some(Self::mesh_id(field.class, self.class_path(field.class)));
        }
        out
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one message")]
    fn simple(
        &self,
        of: Kind,
        collection: bool,
        unit: Option<Id>,
        default: &[AttributeValue],
        lowest: Option<&AttributeValue>,
        highest: Option<&AttributeValue>,
        allowed: &[AttributeValue],
    ) -> md::attribute_definition::DefinitionTypeOneof {
        use md::attribute_definition::DefinitionTypeOneof as Oneof;
        let first = default.first().filter(|_| !collection);
        let unit_of_measurement = self.show_unit(unit);
        let read_int = |value: &AttributeValue| match value.value_oneof {
            Some(ValueOneof::IntValue(number)) => Some(number),
            _ => None,
        };
        let read_double = |value: &AttributeValue| match value.value_oneof {
            Some(ValueOneof::DoubleValue(number)) => Some(number),
            _ => None,
        };
        let read_text = |value: &AttributeValue| match &value.value_oneof {
            Some(ValueOneof::StringValue(text)) => Some(text.clone()),
            _ => None,
        };
        let read_time = |value: &AttributeValue| match &value.value_oneof {
            Some(ValueOneof::UtcTimeValue(time)) => Some(super::calc::time_text(super::time::millis(time))),
            _ => None,
        };
        match of {
            Kind::Int => Oneof::IntDefinition(md::Int64AttributeDefinition {
                default_value: first.and_then(read_int).unwrap_or_default(),
                minimum_value: lowest.and_then(read_int).unwrap_or(i64::MIN),
                maximum_value: highest.and_then(read_int).unwrap_or(i64::MAX),
                unit_of_measurement,
                allowed_values: allowed.iter().filter_map(read_int).collect(),
            }),
            Kind::Double => Oneof::DoubleDefinition(md::DoubleAttributeDefinition {
                default_value: first.and_then(read_double).unwrap_or_default(),
                minimum_value: lowest.and_then(read_double).unwrap_or(-f64::MAX),
                maximum_value: highest.and_then(read_double).unwrap_or(f64::MAX),
                unit_of_measurement,
                allowed_values: allowed.iter().filter_map(read_double).collect(),
            }),
            Kind::Bool => {
                let truth = first == Some(&kind::boolean(true));
                Oneof::BooleanDefinition(md::BooleanAttributeDefinition { default_value: truth })
            }
            Kind::Text => Oneof::StringDefinition(md::StringAttributeDefinition {
                default_value: first.and_then(read_text).unwrap_or_default(),
                allowed_values: allowed.iter().filter_map(read_text).collect(),
            }),
            _ => Oneof::UtcTimeDefinition(md::UtcTimeAttributeDefinition {
                default_value: first.and_then(read_time).unwrap_or_default(),
                minimum_value: lowest.and_then(read_time).unwrap_or_default(),
                maximum_value: highest.and_then(read_time).unwrap_or_default(),
            }),
        }
    }
}
