//! `encode` and `decode` (spec/ftrack.md 2.4): entities as text that the official client reads, and the reverse.

use std::{future::Future, pin::Pin};

use super::{plain, read, target};
use crate::{
    backends::{
        Answer, Call,
        ftrack::{
            FtrackSession,
            schema::Schemas,
            store::{EntityId, Strategy, time},
            way::Way,
            wire,
        },
    },
    engine::http::json,
    error::{Error, Result},
    value::{Object, Tree},
};

/// Values inside values, before the stack ends.
const DEPTH_MAX: usize = 200;

/// A value, or the target, as text. Entities in it are written with their attributes by `strategy`.
pub(super) async fn encode(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let word = call.args.str("strategy")?.unwrap_or("set_only");
    let Some((_, strategy)) = Strategy::WORDS.into_iter().find(|(known, _)| *known == word) else {
        let known: Vec<_> = Strategy::WORDS.iter().map(|(word, _)| *word).collect();
        return Err(Error::option("strategy", format!("strategy was {word:?}; there are {}", known.join(", "))));
    };
    let mut value = match call.args.get("value") {
        Some(value) => value.clone(),
        None => {
            let text = target(session, call)
                .map_err(|_| Error::option("value", "encode needs a value, or an entity as target"))?;
            let mut store = session.core.store.lock();
            let id = store.entity_for(&Tree::from(text), None, "target")?;
            store.reference(id)
        }
    };
    fill_in(session, call, &mut value, strategy, 0).await?;
    wire::sort(&mut value);
    Ok(plain(&Tree::from(json::encode(&value)?)))
}

/// Puts what is known in the place of references.
fn fill_in<'a>(
    session: &'a FtrackSession,
    call: &'a Way<'_>,
    value: &'a mut Tree,
    strategy: Strategy,
    depth: usize,
) -> Filling<'a> {
    Box::pin(async move {
        if depth > DEPTH_MAX {
            return Err(Error::option("value", "the value was nested too deeply"));
        }
        let has_more = |item: &Tree| matches!(item, Tree::Array(_) | Tree::Object(_));
        match value {
            Tree::Array(items) => {
                for item in items.iter_mut().filter(|item| has_more(item)) {
                    fill_in(session, call, item, strategy, depth + 1).await?;
                }
            }
            Tree::Object(object) if object.contains("__entity_type__") => {
                let entity = Tree::Object(std::mem::take(object));
                let id = session.core.store.lock().entity_for(&entity, None, "value")?;
                if strategy == Strategy::All {
                    whole(session, call, id).await?;
                }
                *value = session.core.store.lock().encode(id, strategy);
            }
            Tree::Object(object) => {
                for (_, item) in object.iter_mut().filter(|(_, item)| has_more(item)) {
                    fill_in(session, call, item, strategy, depth + 1).await?;
                }
            }
            _ => {}
        }
        Ok(())
    })
}

/// Values are inside values: each has a future of its own.
type Filling<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Fetches all that is not known of an entity.
async fn whole(session: &FtrackSession, call: &Way<'_>, id: EntityId) -> Result<()> {
    let core = &session.core;
    let missing = core.store.lock().unknown(id);
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    read::fill_several(core, id, &missing, call).await
}

/// Text that `encode` or the official client wrote, as a value: date-times as ISO 8601 in UTC. Nothing of it is merged.
pub(super) fn decode(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let text = match call.args.get("value") {
        Some(Tree::Text(text)) => text.to_string(),
        Some(Tree::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => return Err(Error::option("value", "decode needs a value, the text")),
    };
    let tree = Tree::from_json(&text)
        .map_err(|error| Error::option("value", format!("the text was no JSON: {}", error.message())))?;
    Ok(plain(&decoded(tree, &session.core.server.schemas, 0)?))
}

fn decoded(tree: Tree, schemas: &Schemas, depth: usize) -> Result<Tree> {
    if depth > DEPTH_MAX {
        return Err(Error::option("value", "the value was nested too deeply"));
    }
    Ok(match tree {
        Tree::Array(items) => {
            Tree::Array(items.into_iter().map(|item| decoded(item, schemas, depth + 1)).collect::<Result<_>>()?)
        }
        Tree::Object(object) => match object.get("__type__").and_then(Tree::as_str) {
            Some("datetime" | "date") => match object.get("value").and_then(Tree::as_str) {
                Some(text) => Tree::from(time::utc(text).unwrap_or_else(|| text.to_owned())),
                None => Tree::Null,
            },
            _ => {
                if let Some(name) = object.get("__entity_type__").and_then(Tree::as_str) {
                    schemas.find(name)?;
                }
                let mut out = Object::with_capacity(object.len());
                for (name, value) in object {
                    out.insert(&name, decoded(value, schemas, depth + 1)?);
                }
                Tree::Object(out)
            }
        },
        plain => plain,
    })
}
