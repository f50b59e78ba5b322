//! Objects and attributes as hosts read them, and what of them is asked for (spec/mesh.md 4.3, 4.4).

use super::{Ask, Shown};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

/// What is asked of attributes when nothing else was said: all but their definitions.
const BASIC: [&str; 7] = ["id", "path", "name", "values", "value_type", "value_type_collection", "owner_id"];
/// What is asked of objects without attributes.
const BARE: [&str; 7] = ["id", "path", "name", "type_name", "owner_id", "object_definition_id", "name_space_id"];

fn names(list: &[&str]) -> Tree {
    Tree::Array(list.iter().copied().map(Tree::from).collect())
}

/// The masks of a call that reads objects: `attributes` (names, or none at all), `tags`, `namespaces`, `full`.
///
/// # Errors
/// `argument`.
pub(super) fn masks(ask: &Ask<'_>, fields: &mut Object) -> Result<()> {
    let attributes = list(ask, "attributes")?;
    let bare = attributes.is_some_and(<[Tree]>::is_empty);
    if bare {
        fields.insert("object_field_mask", names(&BARE));
    }
    let mut of = Object::default();
    for (name, given) in
        [("name_mask", attributes), ("tag_mask", list(ask, "tags")?), ("namespace_mask", list(ask, "namespaces")?)]
    {
        if let Some(given) = given.filter(|given| !given.is_empty()) {
            of.insert(name, Tree::Array(given.to_vec()));
        }
    }
    fields.insert("attributes_masks", Tree::Object(of));
    if !bare && !full(ask)? {
        fields.insert("attribute_field_mask", names(&BASIC));
    }
    Ok(())
}

/// The mask of a call that reads attributes.
///
/// # Errors
/// `argument`.
pub(super) fn attribute_mask(ask: &Ask<'_>, fields: &mut Object) -> Result<()> {
    if !full(ask)? {
        fields.insert("field_mask", names(&BASIC));
    }
    Ok(())
}

fn full(ask: &Ask<'_>) -> Result<bool> {
    Ok(ask.args.bool("full")?.unwrap_or(false))
}

fn list<'a>(ask: &Ask<'a>, name: &str) -> Result<Option<&'a [Tree]>> {
    match ask.get(name) {
        None => Ok(None),
        Some(Tree::Array(list)) if list.iter().all(|item| item.as_str().is_some()) => Ok(Some(list)),
        Some(other) => {
            Err(Error::option(name, format!("{name} was {}; a list of names was expected", other.kind_name())))
        }
    }
}

/// An object with its attributes in the order of their names.
///
/// # Errors
/// Never, in practice.
pub(super) fn object(answer: Tree) -> Result<Shown> {
    Ok(sorted(answer).into())
}

fn sorted(mut answer: Tree) -> Tree {
    if let Tree::Object(object) = &mut answer
        && let Some(Tree::Array(attributes)) = object.get_mut("attributes")
    {
        for found in attributes.iter_mut() {
            *found = with_value(std::mem::take(found));
        }
        attributes.sort_by_key(|found| found.get("name").and_then(Tree::as_str).unwrap_or_default().to_lowercase());
    }
    answer
}

/// An attribute with `value`: one value or a list, as its type is. Curves have none here.
///
/// # Errors
/// Never, in practice.
pub(super) fn attribute(answer: Tree) -> Result<Shown> {
    Ok(with_value(answer).into())
}

fn with_value(answer: Tree) -> Tree {
    let Tree::Object(mut object) = answer else { return answer };
    let values: Vec<Tree> = match object.remove("values") {
        Some(Tree::Array(values)) => values.into_iter().map(value).collect(),
        _ => Vec::new(),
    };
    let many = object.get("value_type_collection").and_then(Tree::as_bool).unwrap_or(false);
    let shown = if many { Tree::Array(values) } else { values.into_iter().next().unwrap_or_default() };
    object.insert("value", shown);
    Tree::Object(object)
}

/// A list of objects.
pub(super) fn objects(list: Option<&Tree>) -> Shown {
    let list = list.and_then(Tree::as_array).unwrap_or_default();
    Tree::Array(list.iter().cloned().map(sorted).collect()).into()
}

/// A member of the answer as its value.
pub(super) fn member(answer: &Tree, name: &str) -> Shown {
    answer.get(name).cloned().unwrap_or_default().into()
}

/// What stands in one of the members of a value.
fn value(wrapped: Tree) -> Tree {
    let Tree::Object(object) = wrapped else { return wrapped };
    let Some((name, inner)) = object.iter().next() else { return Tree::Null };
    match name {
        "ownership_relation_value" | "link_relation_value" => {
            inner.get("target_object_id").cloned().unwrap_or_default()
        }
        "versioned_link_relation_value" => inner.get("versions").cloned().unwrap_or_default(),
        _ => inner.clone(),
    }
}
