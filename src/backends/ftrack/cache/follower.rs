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
            schema::{EntityType, Schemas},
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
/// Events that wait for the worker; of more, everything is forgotten instead, and layers are emptied.
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
    /// There were too many: what they named is not known any more.
    flooded: bool,
    /// Nobody can say what was missed.
    missed: bool,
    /// The worker was asked.
    asked: bool,
}

impl Sink for Follower {
    fn bring(&self, messages: &mut dyn Iterator<Item = Box<Document>>) {
        let mut heard = self.heard.lock();
        for event in messages {
            if event.root().get("topic").and_then(Node::as_str) != Some("ftrack.update") {
                heard.missed = true;
            } else if event.root().at("/data/clientToken").and_then(Node::as_str) == Some(&self.token) {
                continue;
            } else if heard.events.len() >= MOST {
                heard.flooded = true;
                heard.events.clear();
            } else if !heard.flooded {
                heard.events.push(event);
            }
        }
        let idle = heard.events.is_empty() && !heard.flooded && !heard.missed;
        if idle || std::mem::replace(&mut heard.asked, true) {
            return;
        }
        drop(heard);
        let (core, heard) = (Weak::clone(&self.core), Arc::clone(&self.heard));
        // A session that closes has nothing more to forget.
        let _ = self.worker.run(Box::new(move || {
            let heard = std::mem::take(&mut *heard.lock());
            if let Some(core) = core.upgrade() {
                forget(&core, &heard);
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

/// Forgets what events name, and all that is known when that cannot be said. Layers may have what this session has never
/// seen: what events name leaves them in any case.
fn forget(core: &Core, heard: &Heard) {
    let layers = core.layers();
    let mentions: Vec<Mention<'_>> = heard.events.iter().flat_map(|event| mentions(event.root())).collect();
    // Before the map is looked at: what is on its way out of a layer now, or into one, may be old.
    layers.doubt();
    let mut identities: Vec<_> = {
        let mut store = core.store.lock();
        let ids: Vec<_> = if heard.flooded || heard.missed {
            store.ids().collect()
        } else {
            mentions.iter().flat_map(|mention| mention.known(&store)).collect()
        };
        for id in &ids {
            store.invalidate(*id);
        }
        ids.iter().filter_map(|id| store.identity(*id)).collect()
    };
    if layers.is_empty() {
        return;
    }
    if heard.flooded {
        layers.clear();
        return;
    }
    identities.extend(mentions.iter().flat_map(|mention| mention.possible(&core.server.schemas)));
    identities.sort_unstable();
    identities.dedup();
    layers.remove(&identities);
}

/// An entity that an event names.
struct Mention<'a> {
    /// Its type, when the server says so.
    kind: Option<&'a str>,
    /// Its key as one text.
    key: &'a str,
}

impl Mention<'_> {
    /// The types that it may be of: all when the server named none, or one that is not known here.
    fn kinds<'s>(&self, schemas: &'s Schemas) -> impl Iterator<Item = &'s Arc<EntityType>> {
        let named = self.kind.and_then(|kind| schemas.get(kind));
        let all = named.is_none().then(|| schemas.iter()).into_iter().flatten();
        named.into_iter().chain(all)
    }

    /// The entities that are known here, of which there is hardly ever more than one.
    fn known(&self, store: &Store) -> Vec<EntityId> {
        self.kinds(store.schemas()).filter_map(|kind| store.find(kind.id, &key_of(kind, self.key)?)).collect()
    }

    /// What it may be called in a layer.
    fn possible(&self, schemas: &Schemas) -> Vec<Identity> {
        let of = |kind: &Arc<EntityType>| Some(Identity { kind: Arc::clone(&kind.name), key: key_of(kind, self.key)? });
        self.kinds(schemas).filter_map(of).collect()
    }
}

/// The entities of an event. What one is added to or taken from has other collections than before.
fn mentions(event: Node<'_>) -> Vec<Mention<'_>> {
    let mut all = Vec::new();
    for entity in event.at("/data/entities").into_iter().flat_map(Node::items) {
        let text = |name: &str| entity.get(name).and_then(Node::as_str);
        let Some(key) = text("entityId") else { continue };
        all.push(Mention { kind: text("entity_type"), key });
        let moved = matches!(text("action"), Some("add" | "remove" | "move"));
        let moved =
            moved || entity.get("keys").is_some_and(|keys| keys.items().any(|key| key.as_str() == Some("parent_id")));
        if let Some(parent) = text("parentId").filter(|_| moved) {
            let kinds = entity.get("parents").into_iter().flat_map(Node::items);
            let mut kinds = kinds.filter(|above| above.get("entityId").and_then(Node::as_str) == Some(parent));
            let kind = kinds.next().and_then(|above| above.get("entity_type")).and_then(Node::as_str);
            all.push(Mention { kind, key: parent });
        }
    }
    all
}

/// The parts of a key, which events have as one text; `None` when the type has another number of them.
fn key_of(kind: &EntityType, text: &str) -> Option<Key> {
    let key: Key =
        if kind.primary_key.len() == 1 { [text.into()].into() } else { text.split(',').map(Into::into).collect() };
    (key.len() == kind.primary_key.len()).then_some(key)
}
