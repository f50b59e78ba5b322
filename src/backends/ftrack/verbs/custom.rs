//! What has to be known before custom attributes of a new entity can be set (spec/ftrack.md 5.9): which there are, asked
//! for once in a session, and in which project the entity will stand.

use super::{query_operation, read};
use crate::{
    backends::ftrack::{
        Core, FtrackSession,
        query::Statement,
        schema::{EntityType, Kind},
        store::{Configuration, EntityId},
        way::Way,
    },
    error::Result,
    value::{Node, Object},
};

/// The official client's words.
const CONFIGURATIONS: &str =
    "select key, project_id, id, object_type_id, entity_type, is_hierarchical from CustomAttributeConfiguration";

/// Whether data sets custom attributes.
pub(super) fn wanted(kind: &EntityType, data: &Object) -> bool {
    let sets = |(name, value): (&str, &crate::value::Tree)| {
        let custom = kind.find(name).is_ok_and(|(_, attribute)| matches!(attribute.kind, Kind::CustomAttributes(_)));
        custom && value.as_object().is_some_and(|entries| !entries.is_empty())
    };
    data.iter().any(sets)
}

/// Asks for what custom attributes there are, and for the project of an asset version.
pub(super) async fn prepare(
    session: &FtrackSession,
    kind: &EntityType,
    asset: Option<EntityId>,
    call: &Way<'_>,
) -> Result<()> {
    let core = &session.core;
    if let Some(asset) = asset.filter(|_| *kind.name == *"AssetVersion") {
        read::fill(core, asset, "parent", call).await?;
        let parent = core.store.lock().related_to(asset, "parent");
        if let Some(parent) = parent {
            read::fill(core, parent, "project_id", call).await?;
        }
    }
    if core.store.lock().is_configured() {
        return Ok(());
    }
    let configurations = fetch(core, call).await?;
    core.store.lock().configure(configurations);
    Ok(())
}

async fn fetch(core: &Core, call: &Way<'_>) -> Result<Vec<Configuration>> {
    let statement = Statement::new(CONFIGURATIONS, &core.server.schemas, false)?;
    let mut out = Vec::new();
    let mut next = Some(0);
    while let Some(offset) = next {
        let text = statement.page(offset, statement.page_size(None));
        let reply = core.wire.ask(vec![query_operation(text)], call).await?;
        let data = read::entities(&reply)?;
        core.store.lock().merge_all(data);
        out.extend(data.items().filter_map(configuration));
        let told = reply.result(0)?.at("/metadata/next/offset").and_then(Node::int);
        next = told.and_then(|next| u64::try_from(next).ok()).filter(|next| *next > offset);
    }
    Ok(out)
}

fn configuration(node: Node<'_>) -> Option<Configuration> {
    let text = |name: &str| node.get(name).and_then(Node::as_str).map(Box::<str>::from);
    Some(Configuration {
        id: text("id")?,
        key: text("key")?,
        entity_type: text("entity_type")?,
        project_id: text("project_id"),
        object_type_id: text("object_type_id"),
        hierarchical: node.get("is_hierarchical").and_then(Node::truth).unwrap_or(false),
    })
}
