//! Services beside entities (spec/ftrack.md 11): what the server does when it is told to by an action of its own, and
//! what the official client makes of several changes.

use std::sync::Arc;

use super::{addressed, known, plain, read, target, transfer};
use crate::{
    backends::{
        Answer, Call,
        ftrack::{
            FtrackSession, commit,
            store::{EntityId, Paths, Store},
            unit::Operation,
            way::Way,
            wire::{Reply, operation},
        },
    },
    error::{Error, Result, code},
    value::{Node, Object, Tree},
};

/// The verbs of this file that only ask.
pub(super) const VERBS: &[&str] = &[
    "encode_media",
    "get_widget_url",
    "send_user_invite",
    "send_review_session_invite",
    "reset_remote",
    "delayed_job",
];

/// Does one of [`VERBS`].
pub(super) async fn request(session: &FtrackSession, verb: &str, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    match verb {
        "encode_media" => encode_media(session, call).await,
        "get_widget_url" => widget_url(session, call).await,
        "send_user_invite" => invite(session, call, "User", verb, "user_id").await,
        "send_review_session_invite" => {
            invite(session, call, "ReviewSessionInvitee", verb, "review_session_invitee_id").await
        }
        "reset_remote" => reset_remote(session, call).await,
        _ => delayed_job(session, call).await,
    }
}

async fn send(session: &FtrackSession, call: &Way<'_>, operations: Vec<Tree>) -> Result<Reply> {
    session.core.wire.ask(operations, call).await
}

/// One text that must be given.
fn needed<'a>(call: &Call<'a>, name: &str) -> Result<&'a str> {
    call.args.str(name)?.ok_or_else(|| Error::option(name, format!("{} needs {name}", call.verb.unwrap_or_default())))
}

/// The only part of an entity's key: actions name entities by it.
fn only_part(session: &FtrackSession, text: &str, kind: &str) -> Result<Arc<str>> {
    let (found, key) = addressed(&session.core.store.lock(), text)?;
    if *found.name != *kind {
        return Err(Error::option("target", format!("{text:?} is no {kind}")));
    }
    key.into_iter().next().ok_or_else(|| Error::option("target", format!("{text:?} has no key")))
}

/// Whether `encode_media` uploads a file first.
pub(super) fn encodes_a_file(session: &FtrackSession, call: &Call<'_>) -> bool {
    target(session, call).is_ok_and(|text| addressed(&session.core.store.lock(), text).is_err())
}

/// A job that encodes a component, or a file that is uploaded first, for browsers. A component stays unless
/// `keep_original` is false; that of a file goes unless it is true.
async fn encode_media(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let text = target(session, call)?;
    let version = call.args.str("version_id")?.map_or(Tree::Null, Tree::from);
    let keep = call.args.bool("keep_original")?;
    let known = addressed(&session.core.store.lock(), text).ok();
    let (component, keep) = match known {
        Some((kind, _)) if !matches!(&*kind.name, "FileComponent" | "Component") => {
            return Err(Error::option("target", format!("{text:?} is no file component")));
        }
        Some((_, key)) => (key.first().map(|part| Tree::from(&**part)).unwrap_or_default(), keep.unwrap_or(true)),
        // A file: it is not kept unless that was said, and only what is kept belongs to the version.
        None => {
            let mut data = Object::default();
            if let (Some(true), false) = (keep, version.is_null()) {
                data.insert("version_id", version.clone());
            }
            (transfer::uploaded(session, call, text, data)?, keep.unwrap_or(false))
        }
    };
    let members = [("component_id", component), ("version_id", version), ("keep_original", Tree::Bool(keep))];
    let reply = send(session, call, vec![operation("encode_media", &members)]).await?;
    let job = reply.result(0)?.get("job_id").and_then(Node::as_str);
    let job = job.ok_or_else(|| Error::new(&code::PROTOCOL, "the server answered encode_media without a job"))?;
    read::get_address(session, &format!("Job/{job}"), call).await
}

/// The address of a widget, good for some minutes.
async fn widget_url(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let name = needed(call, "name")?;
    let theme = call.args.str("theme")?.map_or(Tree::Null, Tree::from);
    let mut members = vec![("name", Tree::from(name)), ("theme", theme)];
    if let Some(text) = call.target.or(session.entity.as_deref()) {
        let (kind, key) = addressed(&session.core.store.lock(), text)?;
        members.push(("entity_type", Tree::Text(kind.name.clone())));
        members.push(("entity_key", Tree::Array(key.iter().map(|part| Tree::from(&**part)).collect())));
    }
    let reply = send(session, call, vec![operation("get_widget_url", &members)]).await?;
    let url = reply.result(0)?.get("widget_url");
    Ok(plain(&url.map_or(Tree::Null, Node::to_tree)))
}

/// Invitations, all in one request.
async fn invite(
    session: &FtrackSession,
    call: &Way<'_>,
    kind: &str,
    action: &str,
    member: &str,
) -> Result<Box<dyn Answer>> {
    let addresses: Vec<String> = match call.args.array("entities")? {
        Some(list) => list.iter().map(|entity| address_of(session, entity, kind)).collect::<Result<_>>()?,
        None => vec![target(session, call)?.to_owned()],
    };
    let operations: Result<Vec<Tree>> = addresses
        .iter()
        .map(|address| Ok(operation(action, &[(member, Tree::from(&*only_part(session, address, kind)?))])))
        .collect();
    let operations = operations?;
    if !operations.is_empty() {
        send(session, call, operations).await?;
    }
    Ok(plain(&Tree::Null))
}

/// The address of an entity that the host named in any way.
fn address_of(session: &FtrackSession, entity: &Tree, kind: &str) -> Result<String> {
    let mut store = session.core.store.lock();
    let id = store.entity_for(entity, Some(kind), "entities")?;
    let identity = store.identity(id).ok_or_else(|| Error::option("entities", "an entity was not known"))?;
    Ok(crate::backends::ftrack::address::write(&identity.kind, &identity.key))
}

/// Resets something on the server, such as a user's API key.
async fn reset_remote(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let mut members = vec![("reset_type", Tree::from(needed(call, "reset_type")?))];
    if let Some(text) = call.target.or(session.entity.as_deref()) {
        let (kind, key) = addressed(&session.core.store.lock(), text)?;
        members.push(("entity_type", Tree::Text(kind.name.clone())));
        // The one action that takes a key as text.
        members.push(("entity_key", key.first().map_or(Tree::Null, |part| Tree::from(&**part))));
    }
    let reply = send(session, call, vec![operation("reset_remote", &members)]).await?;
    let data = reply.result(0)?.get("data");
    Ok(plain(&data.map_or(Tree::Null, Node::to_tree)))
}

/// Work that the server does later; its job when it tells one.
async fn delayed_job(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let mut members = vec![("job_type", Tree::from(needed(call, "job_type")?))];
    if let Some(data) = call.args.get("data").filter(|data| !data.is_null()) {
        members.push(("data", data.clone()));
    }
    let reply = send(session, call, vec![operation("delayed_job", &members)]).await?;
    let Some(data) = reply.result(0)?.get("data") else { return Ok(plain(&Tree::Null)) };
    let mut store = session.core.store.lock();
    Ok(plain(&match store.merge(data) {
        Some(id) => store.show(id, &Paths::default()),
        None => data.to_tree(),
    }))
}

/// What can be wrong with a note without knowing anything.
pub(super) fn check_note(call: &Way<'_>) -> Result<()> {
    let given = |name: &str| {
        call.args
            .get(name)
            .is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()))
    };
    if given("labels") && given("category") {
        return Err(Error::option("category", "category and labels were given together"));
    }
    Ok(())
}

/// Makes a note, or a reply to one, and hangs it where it belongs: several changes, of which the answer is the note.
/// The collection that it is added to is known by now.
pub(super) fn note(store: &mut Store, verb: &str, subject: EntityId, call: &Way<'_>, record: bool) -> Result<EntityId> {
    let content = call.args.str("content")?.ok_or_else(|| Error::option("content", format!("{verb} needs content")))?;
    let author = call.args.get("author").filter(|author| !author.is_null());
    let author = author.ok_or_else(|| Error::option("author", format!("{verb} needs an author")))?;
    let list = |name: &str| -> Vec<Tree> {
        match call.args.get(name) {
            None | Some(Tree::Null) => Vec::new(),
            Some(Tree::Array(items)) => items.clone(),
            Some(item) => vec![item.clone()],
        }
    };
    check_note(call)?;
    let (recipients, category) = (list("recipients"), list("category"));
    let mut labels = list("labels");
    let has_labels = store.schemas().get("NoteLabel").is_some();
    if !labels.is_empty() && !has_labels {
        return Err(Error::new(&code::SERVER_COMPATIBILITY, "the server has no labels of notes").with("key", "labels"));
    }
    let mut data: Object = [("content", Tree::from(content)), ("author", author.clone())].into_iter().collect();
    if let Some(category) = category.first() {
        if has_labels {
            labels.push(category.clone());
        } else {
            data.insert("category_id", key_part(store, category, "NoteCategory", "category")?);
        }
    }
    let note = store.create("Note", &data, record)?;
    let reference = store.reference(note);
    let of = if verb == "create_reply" { "replies" } else { "notes" };
    store.edit_collection(subject, of, std::slice::from_ref(&reference), &[], record)?;
    let note_id = reference.get("id").cloned().unwrap_or_default();
    for resource in &recipients {
        let resource = key_part(store, resource, "User", "recipients")?;
        let data = [("note_id", note_id.clone()), ("resource_id", resource)].into_iter().collect();
        let recipient = store.create("Recipient", &data, record)?;
        let recipient = store.reference(recipient);
        store.edit_collection(note, "recipients", &[recipient], &[], record)?;
    }
    for label in &labels {
        let label = key_part(store, label, "NoteLabel", "labels")?;
        let data = [("label_id", label), ("note_id", note_id.clone())].into_iter().collect();
        store.create("NoteLabelLink", &data, record)?;
    }
    Ok(note)
}

/// The identifier of an entity that the host named.
fn key_part(store: &mut Store, entity: &Tree, kind: &str, option: &str) -> Result<Tree> {
    let id = store.entity_for(entity, Some(kind), option)?;
    let part = store.entity(id).and_then(|entity| entity.key.first());
    part.map(|part| Tree::from(&**part)).ok_or_else(|| Error::option(option, format!("{option} had no key")))
}

/// Sends what `make` changes as a batch of its own; a refusal leaves nothing behind.
pub(super) async fn now<T>(
    session: &FtrackSession,
    call: &Way<'_>,
    make: impl FnOnce(&mut Store) -> Result<T>,
) -> Result<T> {
    let core = &session.core;
    let (made, apart) = core.store.lock().apart(make)?;
    let operations: &[Operation] = &apart.operations;
    if let Err(error) = commit::send_apart(core, operations, call).await {
        core.store.lock().take_back(apart);
        return Err(error);
    }
    Ok(made)
}

/// The entity that a service is about, of this type.
pub(super) fn subject(session: &FtrackSession, call: &Way<'_>, kind: &str) -> Result<EntityId> {
    let text = target(session, call)?;
    let mut store = session.core.store.lock();
    let (found, _) = addressed(&store, text)?;
    if *found.name != *kind {
        return Err(Error::option("target", format!("{text:?} is no {kind}")));
    }
    match known(&store, text)? {
        Some(id) => Ok(id),
        None => store.entity_for(&Tree::from(text), None, "target"),
    }
}
