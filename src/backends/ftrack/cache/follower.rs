//! What others change is forgotten here (`invalidate_on_update`): the session's own subscription to `ftrack.update`, for
//! the identity map and the layers below it (spec/ftrack.md 7.9).
//!
//! Events come on the reactor. What they mean is done by the session's worker, as layers are files, other machines and
//! the host's code. What is staged stays, and so does what this session has just committed: the server says by whose
//! token a change was made.

use std::sync::{Arc, Weak};

use crate::{
    args::Args,
    backends::{
        Feed, Sink,
        ftrack::{
            Core,
            hub::Hub,
            query::Key,
            schema::EntityType,
            store::{EntityId, Store},
            unit::Identity,
        },
    },
    engine::errands::Errands,
    error::{Error, Result},
    log,
    sys::lock::Mutex,
    value::{Document, Node},
};

/// What is listened to. What changed before a connection stood, or while it was lost, was told to nobody.
const TOPIC: &str = "topic=ftrack.update or topic=ftrack.meta.connected";
/// Before the subscriptions of the host: whoever is told of a change there asks the server, and not what is old.
const PRIORITY: f64 = -1e9;
/// Events that wait for the worker; of more, everything is forgotten instead.
const MOST: usize = 1000;

/// Begins to listen. It ends with the feed.
///
/// # Errors
/// None that a host can bring about.
pub fn follow(core: &Arc<Core>, token: &str) -> Result<Feed> {
    let mut args = Args::new();
    args.set("priority", PRIORITY);
    let sink = Follower {
        core: Arc::downgrade(core),
        worker: Arc::clone(&core.lent.worker),
        token: token.into(),
        heard: Arc::default(),
    };
    Hub::subscribe(&core.hub, TOPIC, &args, Arc::new(sink))
}

/// Listens.
struct Follower {
    core: Weak<Core>,
    worker: Arc<dyn Errands>,
    /// By which the server tells our own changes.
    token: Box<str>,
    heard: Arc<Mutex<Heard>>,
}

/// What the worker has not looked at yet.
#[derive(Default)]
struct Heard {
    events: Vec<Box<Document>>,
    /// There were too many, or nobody can say what was missed.
    everything: bool,
    /// The worker was asked.
    asked: bool,
}

impl Sink for Follower {
    fn bring(&self, messages: &mut dyn Iterator<Item = Box<Document>>) {
        let mut heard = self.heard.lock();
        for event in messages {
            if event.root().get("topic").and_then(Node::as_str) != Some("ftrack.update") || heard.events.len() >= MOST {
                heard.everything = true;
                heard.events.clear();
            } else if !heard.everything
                && event.root().at("/data/clientToken").and_then(Node::as_str) != Some(&self.token)
            {
                heard.events.push(event);
            }
        }
        let idle = heard.events.is_empty() && !heard.everything;
        if idle || std::mem::replace(&mut heard.asked, true) {
            return;
        }
        drop(heard);
        let (core, heard) = (Weak::clone(&self.core), Arc::clone(&self.heard));
        // A session that closes has nothing more to forget.
        let _ = self.worker.run(Box::new(move || {
            let Heard { events, everything, .. } = std::mem::take(&mut *heard.lock());
            if let Some(core) = core.upgrade() {
                forget(&core, (!everything).then_some(&events));
            }
        }));
    }

    fn room(&self) -> usize {
        MOST
    }

    fn holds_back(&self) -> bool {
        false
    }

    fn when_roomy(&self, wake: std::task::Waker) {
        wake.wake();
    }

    fn end(&self, error: Option<Error>) {
        if let Some(error) = error {
            log::warn(c"ftrack", || format!("what others change is not forgotten any more: {error}"));
        }
    }
}

/// Forgets what events name; all that is known without them.
fn forget(core: &Core, events: Option<&Vec<Box<Document>>>) {
    let layers = core.layers();
    let identities: Vec<_> = {
        let mut store = core.store.lock();
        let ids = match events {
            Some(events) => {
                let mut ids = Vec::new();
                events.iter().for_each(|event| named(&store, event.root(), &mut ids));
                ids
            }
            None => store.ids().collect(),
        };
        for id in &ids {
            store.invalidate(*id);
        }
        ids.iter().filter_map(|id| store.identity(*id)).collect()
    };
    // Layers may know what this session has never seen.
    let unseen = events.map(|events| unseen(core, events)).unwrap_or_default();
    layers.remove(&[identities, unseen].concat());
}

/// The entities of an event that are known here.
fn named(store: &Store, event: Node<'_>, ids: &mut Vec<EntityId>) {
    for entity in event.at("/data/entities").into_iter().flat_map(Node::items) {
        let text = |name: &str| entity.get(name).and_then(Node::as_str);
        let Some(key) = text("entityId") else { continue };
        ids.extend(find(store, text("entity_type"), key));
        // What one is added to or taken from has other collections than before.
        let moved = matches!(text("action"), Some("add" | "remove" | "move"));
        let moved =
            moved || entity.get("keys").is_some_and(|keys| keys.items().any(|key| key.as_str() == Some("parent_id")));
        if let Some(parent) = text("parentId").filter(|_| moved) {
            let kinds = entity.get("parents").into_iter().flat_map(Node::items);
            let mut kinds = kinds.filter(|above| above.get("entityId").and_then(Node::as_str) == Some(parent));
            let kind = kinds.next().and_then(|above| above.get("entity_type")).and_then(Node::as_str);
            ids.extend(find(store, kind, parent));
        }
    }
}

/// The entity of a key, by its type when the server names one that is known.
fn find(store: &Store, kind: Option<&str>, key: &str) -> Option<EntityId> {
    if let Some(kind) = kind.and_then(|kind| store.schemas().get(kind)) {
        return store.find(kind.id, &key_of(kind, key));
    }
    store.schemas().iter().find_map(|kind| store.find(kind.id, &key_of(kind, key)))
}

/// The parts of a key, which events have as one text.
fn key_of(kind: &EntityType, text: &str) -> Key {
    if kind.primary_key.len() == 1 { [text.into()].into() } else { text.split(',').map(Into::into).collect() }
}

/// Those of the events that name their type, known or not.
fn unseen(core: &Core, events: &[Box<Document>]) -> Vec<Identity> {
    let entities = events.iter().filter_map(|event| event.root().at("/data/entities")).flat_map(Node::items);
    let identity = |entity: Node<'_>| {
        let kind = core.server.schemas.get(entity.get("entity_type")?.as_str()?)?;
        Some(Identity { kind: Arc::clone(&kind.name), key: key_of(kind, entity.get("entityId")?.as_str()?) })
    };
    entities.filter_map(identity).collect()
}
