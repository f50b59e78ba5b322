//! The statuses and types that a project's schema allows (spec/ftrack.md 11).

use super::{entities, plain, query_operation, read, services};
use crate::{
    backends::{
        Answer, Call,
        ftrack::{
            FtrackSession, query,
            schema::Default,
            store::{EntityId, Paths, Value},
            way::Way,
        },
    },
    error::{Error, Result},
    value::Tree,
};

/// The statuses of a type (`schema`), for Task also by the type of the task (`type_id`).
pub(super) async fn statuses(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let schema = schema(call)?;
    let project_schema = services::subject(session, call, "ProjectSchema")?;
    let type_id = call.args.str("type_id")?;
    let found = match schema {
        "Task" => match overridden(session, call, project_schema, type_id).await? {
            Some(workflow) => list(session, call, workflow, "statuses").await?,
            None => through(session, call, project_schema, "_task_workflow", "statuses").await?,
        },
        "AssetVersion" => through(session, call, project_schema, "_version_workflow", "statuses").await?,
        _ => of_object_type(session, call, project_schema, schema, "task_status", "SchemaStatus").await?,
    };
    show(session, call, &found).await
}

/// The types of a type (`schema`).
pub(super) async fn types(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let schema = schema(call)?;
    let project_schema = services::subject(session, call, "ProjectSchema")?;
    let found = match schema {
        "Task" => through(session, call, project_schema, "_task_type_schema", "types").await?,
        _ => of_object_type(session, call, project_schema, schema, "task_type", "SchemaType").await?,
    };
    show(session, call, &found).await
}

fn schema<'a>(call: &Call<'a>) -> Result<&'a str> {
    call.args.str("schema")?.ok_or_else(|| Error::option("schema", "an entity type was not named as schema"))
}

/// The value of an attribute, fetched when it is not known.
async fn attribute(session: &FtrackSession, call: &Way<'_>, id: EntityId, name: &str) -> Result<Option<Value>> {
    read::fill(&session.core, id, name, call).await?;
    let store = session.core.store.lock();
    let Some(kind) = store.kind_of(id) else { return Ok(None) };
    let (at, _) = kind.find(name)?;
    Ok(store.value(id, at).cloned())
}

async fn list(session: &FtrackSession, call: &Way<'_>, id: EntityId, name: &str) -> Result<Vec<EntityId>> {
    Ok(match attribute(session, call, id, name).await? {
        Some(Value::Entities(ids)) => ids.to_vec(),
        _ => Vec::new(),
    })
}

async fn through(
    session: &FtrackSession,
    call: &Way<'_>,
    id: EntityId,
    step: &str,
    name: &str,
) -> Result<Vec<EntityId>> {
    match attribute(session, call, id, step).await? {
        Some(Value::Entity(next)) => list(session, call, next, name).await,
        _ => Ok(Vec::new()),
    }
}

/// The workflow that takes the place of the usual one for a type of task.
async fn overridden(
    session: &FtrackSession,
    call: &Way<'_>,
    id: EntityId,
    type_id: Option<&str>,
) -> Result<Option<EntityId>> {
    let Some(type_id) = type_id else { return Ok(None) };
    for entry in list(session, call, id, "_overrides").await? {
        if matches!(attribute(session, call, entry, "type_id").await?, Some(Value::Text(found)) if *found == *type_id) {
            return Ok(match attribute(session, call, entry, "workflow_schema").await? {
                Some(Value::Entity(workflow)) => Some(workflow),
                _ => None,
            });
        }
    }
    Ok(None)
}

/// By the object type that new entities of the type have.
async fn of_object_type(
    session: &FtrackSession,
    call: &Way<'_>,
    id: EntityId,
    schema: &str,
    wanted: &str,
    link: &str,
) -> Result<Vec<EntityId>> {
    let kind = session.core.server.schemas.find(schema)?;
    let default = kind.find("object_type_id").ok().and_then(|(_, attribute)| match &attribute.default {
        Default::Value(value) => value.as_str(),
        _ => None,
    });
    let none = || Error::option("schema", format!("{schema} has neither statuses nor types"));
    let object_type = default.ok_or_else(none)?;
    for entry in list(session, call, id, "_schemas").await? {
        if !matches!(attribute(session, call, entry, "type_id").await?, Some(Value::Text(found)) if *found == *object_type)
        {
            continue;
        }
        let (kind, key) = {
            let store = session.core.store.lock();
            (store.kind_of(entry).cloned(), store.entity(entry).map(|entry| entry.key.clone()).unwrap_or_default())
        };
        let (Some(_), Some(schema_id)) = (kind, key.first()) else { continue };
        let text = format!("select {wanted} from {link} where schema_id is {}", query::bare_text(schema_id));
        let reply = session.core.wire.ask(vec![query_operation(format!("{text} offset 0 limit 500"))], call).await?;
        let mut store = session.core.store.lock();
        let links: Vec<EntityId> = store.merge_all(entities(&reply)?).into_iter().flatten().collect();
        let of = |link: &EntityId| match store.kind_of(*link)?.position(wanted).and_then(|at| store.value(*link, at))? {
            Value::Entity(found) => Some(*found),
            _ => None,
        };
        return Ok(links.iter().filter_map(of).collect());
    }
    Err(none())
}

/// What statuses and types are shown by, besides what their type's queries bring.
const SHOWN: [&str; 3] = ["name", "color", "sort"];

/// With what they are shown by; the official client fetches that when somebody looks.
async fn show(session: &FtrackSession, call: &Way<'_>, ids: &[EntityId]) -> Result<Box<dyn Answer>> {
    let core = &session.core;
    if !core.wire.sorted && session.flags(call.args)?.auto_populate {
        let kind = ids.first().and_then(|id| core.store.lock().kind_of(*id).cloned());
        let Some(kind) = kind else { return Ok(plain(&Tree::Array(Vec::new()))) };
        let mut names: Vec<&str> = kind.default_projections.iter().map(|name| &**name).collect();
        names.extend(SHOWN.into_iter().filter(|name| {
            kind.position(name).is_some() && !kind.default_projections.iter().any(|known| **known == **name)
        }));
        let lacking: Vec<EntityId> = {
            let store = core.store.lock();
            let lacks = |id: &&EntityId| {
                names.iter().filter_map(|name| kind.position(name)).any(|at| store.value(**id, at).is_none())
            };
            ids.iter().filter(lacks).copied().collect()
        };
        read::bring(core, &lacking, &names.join(", "), call).await?;
    }
    let store = core.store.lock();
    Ok(plain(&Tree::Array(ids.iter().map(|id| store.show(*id, &Paths::default())).collect())))
}
