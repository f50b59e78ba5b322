//! Availability: revisions, restrictions and when they recur (spec/mesh.md 4.11).

use super::{Ask, Asked, Shape, Verb, Work, nothing, view::member, whole};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb {
        name: "availability.create_revision",
        changes: true,
        work: Work::One(|ask| create(ask, "CreateRevision", &["event_id", "local_id", "reason"])),
    },
    Verb {
        name: "availability.create_restriction",
        changes: true,
        work: Work::One(|ask| {
            create(ask, "CreateRestriction", &["event_id", "local_id", "reason", "category", "restriction_recurrence"])
        }),
    },
    Verb {
        name: "availability.create_advanced_restriction",
        changes: true,
        work: Work::One(|ask| create(ask, "CreateAdvancedRestriction", &["category", "calculation_id"])),
    },
    Verb { name: "availability.add_revision_recurrence", changes: true, work: Work::One(add_recurrence) },
    Verb {
        name: "availability.delete_revision_recurrence",
        changes: true,
        work: Work::One(|ask| {
            owned(ask, "DeleteRevisionRecurrence", &["event_id", "recurrence_id"], &["author"], nothing)
        }),
    },
    Verb {
        name: "availability.get_availability_event",
        changes: false,
        work: Work::One(|ask| owned(ask, "GetAvailabilityEvent", &["event_id"], &[], event)),
    },
    Verb {
        name: "availability.search_availability_events",
        changes: false,
        work: Work::One(|ask| searched(ask, "SearchAvailabilityEvents", &["event_type"], event)),
    },
    Verb {
        name: "availability.search_instances",
        changes: false,
        work: Work::One(|ask| owned(ask, "SearchInstances", &["event_id", "interval"], &[], event)),
    },
    Verb {
        name: "availability.get_advanced_restriction",
        changes: false,
        work: Work::One(|ask| owned(ask, "GetAdvancedRestriction", &["category"], &[], whole)),
    },
    Verb {
        name: "availability.search_advanced_restrictions",
        changes: false,
        work: Work::One(|ask| searched(ask, "SearchAdvancedRestrictions", &[], whole)),
    },
    Verb {
        name: "availability.list_revision_statuses",
        changes: false,
        work: Work::One(|_| listed("ListRevisionStatuses", |answer| Ok(member(&answer, "statuses")))),
    },
    Verb {
        name: "availability.list_restriction_statuses",
        changes: false,
        work: Work::One(|_| listed("ListRestrictionStatuses", |answer| Ok(member(&answer, "statuses")))),
    },
    Verb {
        name: "availability.list_availability_categories",
        changes: false,
        work: Work::One(|_| listed("ListAvailabilityCategories", |answer| Ok(member(&answer, "categories")))),
    },
    Verb {
        name: "availability.update_revision",
        changes: true,
        work: Work::One(|ask| update(ask, "UpdateRevision", &["new_local_id", "new_reason"])),
    },
    Verb {
        name: "availability.update_restriction",
        changes: true,
        work: Work::One(|ask| {
            update(
                ask,
                "UpdateRestriction",
                &["new_local_id", "new_reason", "new_category", "new_restriction_recurrence"],
            )
        }),
    },
    Verb {
        name: "availability.delete_availability_events_by_id",
        changes: true,
        work: Work::One(|ask| owned(ask, "DeleteAvailabilityEventsById", &["event_ids"], &[], nothing)),
    },
    Verb {
        name: "availability.delete_availability_events",
        changes: true,
        work: Work::One(|ask| owned(ask, "DeleteAvailabilityEvents", &[], &["event_type"], nothing)),
    },
    Verb {
        name: "availability.delete_advanced_restrictions",
        changes: true,
        work: Work::One(|ask| owned(ask, "DeleteAdvancedRestrictions", &["categories"], &[], nothing)),
    },
];

/// Who wrote something, and when: absent is the name of who is logged in and now.
const AUTHORS: [&str; 3] = ["created_author", "created_timestamp", "last_changed_author"];

fn asked(name: &'static str, fields: Object, shape: Shape) -> Asked {
    let method = METHODS.iter().find(|method| method.rsplit('/').next() == Some(name)).copied().unwrap_or(name);
    Asked::new(method, fields, shape)
}

/// The calls, by their full names.
const METHODS: [&str; 18] = [
    "availability.v1alpha.AvailabilityService/CreateRevision",
    "availability.v1alpha.AvailabilityService/CreateRestriction",
    "availability.v1alpha.AvailabilityService/CreateAdvancedRestriction",
    "availability.v1alpha.AvailabilityService/AddRevisionRecurrence",
    "availability.v1alpha.AvailabilityService/SearchAvailabilityEvents",
    "availability.v1alpha.AvailabilityService/GetAvailabilityEvent",
    "availability.v1alpha.AvailabilityService/SearchInstances",
    "availability.v1alpha.AvailabilityService/SearchAdvancedRestrictions",
    "availability.v1alpha.AvailabilityService/GetAdvancedRestriction",
    "availability.v1alpha.AvailabilityService/ListRevisionStatuses",
    "availability.v1alpha.AvailabilityService/ListRestrictionStatuses",
    "availability.v1alpha.AvailabilityService/ListAvailabilityCategories",
    "availability.v1alpha.AvailabilityService/UpdateRevision",
    "availability.v1alpha.AvailabilityService/UpdateRestriction",
    "availability.v1alpha.AvailabilityService/DeleteRevisionRecurrence",
    "availability.v1alpha.AvailabilityService/DeleteAvailabilityEventsById",
    "availability.v1alpha.AvailabilityService/DeleteAvailabilityEvents",
    "availability.v1alpha.AvailabilityService/DeleteAdvancedRestrictions",
];

/// The owner is the target; `needed` arguments must be there, `others` may.
fn owned(ask: &Ask<'_>, method: &'static str, needed: &[&str], others: &[&str], shape: Shape) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("owner_id", Tree::from(ask.target()?));
    for name in needed {
        fields.insert(name, ask.need(name)?.clone());
    }
    given(ask, others, &mut fields);
    Ok(asked(method, fields, shape))
}

fn given(ask: &Ask<'_>, names: &[&str], fields: &mut Object) {
    for name in names {
        if let Some(value) = ask.get(name) {
            fields.insert(name, value.clone());
        }
    }
}

/// What lacks, the server says: an empty event id is refused in its words.
fn create(ask: &Ask<'_>, method: &'static str, names: &[&str]) -> Result<Asked> {
    let mut fields = Object::default();
    fields.insert("owner_id", Tree::from(ask.target()?));
    given(ask, names, &mut fields);
    // An advanced restriction has no last change.
    let authors = if names.contains(&"calculation_id") { AUTHORS.get(..2).unwrap_or_default() } else { &AUTHORS[..] };
    given(ask, authors, &mut fields);
    Ok(asked(method, fields, whole))
}

fn add_recurrence(ask: &Ask<'_>) -> Result<Asked> {
    owned(ask, "AddRevisionRecurrence", &["event_id", "revision_recurrence"], &["author"], |answer| {
        Ok(member(&answer, "recurrence_id"))
    })
}

/// The owners are `owners`, or the target alone.
fn searched(ask: &Ask<'_>, method: &'static str, others: &[&str], shape: Shape) -> Result<Asked> {
    let mut fields = Object::default();
    let owners = match (ask.get("owners"), ask.target) {
        (Some(Tree::Array(owners)), None) if !owners.is_empty() => Tree::Array(owners.clone()),
        (None, Some(owner)) => Tree::Array(vec![Tree::from(owner)]),
        _ => {
            return Err(Error::option(
                "owners",
                format!("{} needs a target or owners, a list that is not empty", ask.verb),
            ));
        }
    };
    fields.insert("owner_ids", owners);
    given(ask, others, &mut fields);
    Ok(asked(method, fields, shape))
}

fn listed(method: &'static str, shape: Shape) -> Result<Asked> {
    Ok(asked(method, Object::default(), shape))
}

/// What is given is changed.
fn update(ask: &Ask<'_>, method: &'static str, names: &[&str]) -> Result<Asked> {
    let mask: Vec<Tree> = names.iter().filter(|name| ask.get(name).is_some()).map(|name| Tree::from(*name)).collect();
    if mask.is_empty() {
        return Err(Error::option(
            names.first().copied().unwrap_or_default(),
            format!("{} needs one of {}", ask.verb, names.join(", ")),
        ));
    }
    let mut update = owned(ask, method, &["event_id"], &["author"], nothing)?;
    given(ask, names, &mut update.fields);
    update.fields.insert("field_mask", Tree::Array(mask));
    Ok(update)
}

/// A revision or a restriction as itself, with what it is under `type`.
fn event(answer: Tree) -> Result<super::Shown> {
    let Some((name, inner)) = answer.as_object().and_then(|object| object.iter().next()) else {
        return Ok(Tree::Null.into());
    };
    let mut shown = inner.as_object().cloned().unwrap_or_default();
    shown.insert("type", Tree::from(name.trim_end_matches("_instance").to_uppercase()));
    Ok(Tree::Object(shown).into())
}
