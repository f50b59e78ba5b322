//! Caches below the identity map (spec/ftrack.md 6): layers that outlive the session or belong to several, asked before
//! the server and told of what it said.
//!
//! The identity map is the memory layer and stands on top of all others. A layer is a file, the host's own code or
//! another machine: it is used on the thread of a call, and never while the map is locked. One that fails is as good as
//! none: a warning in the log, and the server is asked.

mod file;
pub mod follower;
pub(super) mod host;
mod key;
#[cfg(feature = "redis")]
mod redis;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    query::Key,
    store::{EntityId, News, Store},
    wire,
};
use crate::{
    args::Args,
    engine::{http::json, store::Key as LayerKey},
    error::{Error, Result},
    log,
    sys::lock::Mutex,
    value::{Document, Object, Tree},
};
use key::KeyMaker;

/// One layer.
trait Layer: Send + Sync {
    /// What it is, for snapshots and the log; without secrets.
    fn name(&self) -> String;

    /// The text under a key.
    fn get(&self, key: &LayerKey) -> Result<Option<String>>;

    /// Changes texts. What is there already stays where the new text says nothing of it: [`joined`].
    fn merge(&self, entries: &[(LayerKey, String)]) -> Result<()>;

    /// Removes texts; how many there were.
    fn remove(&self, keys: &[LayerKey]) -> Result<usize>;

    /// Removes all.
    fn clear(&self) -> Result<()>;

    /// How many texts there are, when that is quickly told.
    fn count(&self) -> Option<usize> {
        None
    }

    /// Whether it is the host's code.
    fn is_the_hosts(&self) -> bool {
        false
    }
}

/// The layers of a session, shallow first, and how their keys are made.
#[derive(Default)]
pub struct Cache {
    layers: Vec<Box<dyn Layer>>,
    keys: KeyMaker,
    hits: AtomicU64,
    misses: AtomicU64,
    /// How often something was forgotten: what was read before, and what was to be written, may be old.
    doubts: AtomicU64,
}

impl Cache {
    /// Opens what `cache` names.
    ///
    /// # Errors
    /// `argument` for what is no cache; `io` for a file that cannot be used.
    pub fn open(args: &Args) -> Result<Cache> {
        let mut layers = Vec::new();
        match args.get("cache") {
            None | Some(Tree::Null) => {}
            Some(Tree::Array(all)) => {
                for one in all {
                    layers.extend(layer(one)?);
                }
            }
            Some(one) => layers.extend(layer(one)?),
        }
        let keys = KeyMaker::read(args.get("cache_key_maker"))?;
        Ok(Cache { layers, keys, ..Cache::default() })
    }

    /// Whether there is a layer.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Whether its use runs code of the host.
    pub fn runs_host_code(&self) -> bool {
        !self.layers.is_empty()
            && (matches!(self.keys, KeyMaker::Host(_)) || self.layers.iter().any(|layer| layer.is_the_hosts()))
    }

    /// Looks for an entity and takes what is found into the map; shallower layers get a copy.
    pub fn fetch(&self, store: &Mutex<Store>, kind: &str, key: &Key) -> Option<EntityId> {
        if self.layers.is_empty() {
            return None;
        }
        let key = self.key(kind, key)?;
        let doubts = self.doubts();
        for (depth, layer) in self.layers.iter().enumerate() {
            let Some(text) = told(&**layer, layer.get(&key)).flatten() else { continue };
            let Some(document) = Document::from_json(text.clone().into_bytes()).ok() else {
                log::warn(c"ftrack", || {
                    format!("{} had something that is no entity under {key}; it is left out", layer.name())
                });
                continue;
            };
            let id = {
                let mut store = store.lock();
                if self.doubts() != doubts {
                    // It may have been read before it was forgotten: the server knows.
                    break;
                }
                // What it already has need not be brought back to it.
                store.watch(false);
                let id = store.merge(document.root());
                store.watch(true);
                id
            };
            let Some(id) = id else { continue };
            let entry = [(key, text)];
            for shallower in self.layers.iter().take(depth) {
                told(&**shallower, shallower.merge(&entry));
            }
            if depth > 0 && self.doubts() != doubts {
                let [(key, _)] = entry;
                self.erase(&[key]);
            }
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Some(id);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Tells the layers what the map noted since the last time, and bounds the map. Not to be called with its lock held.
    pub fn tell(&self, store: &Mutex<Store>) {
        if self.layers.is_empty() {
            store.lock().evict();
            return;
        }
        let (gone, brought, doubts) = {
            let mut store = store.lock();
            let doubts = self.doubts();
            let News { brought, gone } = store.news();
            let shown: Vec<_> =
                brought.into_iter().filter_map(|id| Some((store.identity(id)?, store.persisted(id)?))).collect();
            store.evict();
            (gone, shown, doubts)
        };
        let gone: Vec<LayerKey> = gone.iter().filter_map(|identity| self.key(&identity.kind, &identity.key)).collect();
        let entry = |(identity, object): (super::unit::Identity, Object)| {
            Some((self.key(&identity.kind, &identity.key)?, written(object)?))
        };
        let brought: Vec<(LayerKey, String)> = brought.into_iter().filter_map(entry).collect();
        for layer in &self.layers {
            if !brought.is_empty() {
                told(&**layer, layer.merge(&brought));
            }
            if !gone.is_empty() {
                told(&**layer, layer.remove(&gone));
            }
        }
        if !brought.is_empty() && self.doubts() != doubts {
            let keys: Vec<LayerKey> = brought.into_iter().map(|(key, _)| key).collect();
            self.erase(&keys);
        }
    }

    /// Something is about to be forgotten: what is on its way between a layer and the map at this moment is not believed.
    /// Called before the map forgets it, so that nothing old slips in behind.
    pub fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::AcqRel);
    }

    fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Acquire)
    }

    /// Removes entities from all layers; how many there were in the one that had most.
    pub fn remove(&self, identities: &[super::unit::Identity]) -> usize {
        let keys: Vec<LayerKey> =
            identities.iter().filter_map(|identity| self.key(&identity.kind, &identity.key)).collect();
        self.erase(&keys)
    }

    fn erase(&self, keys: &[LayerKey]) -> usize {
        let removed = self.layers.iter().filter_map(|layer| told(&**layer, layer.remove(keys)));
        removed.fold(0, usize::max)
    }

    /// Empties all layers.
    pub fn clear(&self) {
        for layer in &self.layers {
            told(&**layer, layer.clear());
        }
    }

    /// For the snapshot.
    pub fn show(&self, out: &mut Object) {
        let layers = self.layers.iter().map(|layer| {
            let mut shown = Object::with_capacity(2);
            shown.insert("name", Tree::from(layer.name()));
            if let Some(count) = layer.count() {
                shown.insert("entries", Tree::from(count));
            }
            Tree::Object(shown)
        });
        out.insert("layers", Tree::Array(layers.collect()));
        let number = |count: &AtomicU64| Tree::Int(i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
        out.insert("hits", number(&self.hits));
        out.insert("misses", number(&self.misses));
    }

    fn key(&self, kind: &str, key: &Key) -> Option<LayerKey> {
        match self.keys.key(kind, key) {
            Ok(key) => Some(key),
            Err(error) => {
                log::warn(c"ftrack", || format!("the cache's key maker failed: {}", error.message()));
                None
            }
        }
    }
}

/// The layer that one value names; none for the memory layer, which is always there.
fn layer(value: &Tree) -> Result<Option<Box<dyn Layer>>> {
    Ok(match value {
        Tree::Provider(provider) => Some(Box::new(host::HostLayer::new(Arc::clone(provider)))),
        Tree::Text(text) => match text.split_once(':') {
            None if **text == *"memory" => None,
            Some(("sqlite", file)) if !file.is_empty() => Some(Box::new(file::FileLayer::open(Path::new(file))?)),
            #[cfg(feature = "redis")]
            Some(("redis" | "rediss" | "redis+unix", _)) => Some(Box::new(redis::RedisLayer::open(text)?)),
            #[cfg(not(feature = "redis"))]
            Some(("redis" | "rediss" | "redis+unix", _)) => {
                let message = "this build has no Redis; it has to be built with the feature \"redis\"";
                return Err(Error::new(&crate::error::code::UNSUPPORTED, message).with("key", "cache"));
            }
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    })
}

fn wrong() -> Error {
    Error::option("cache", "cache was not \"memory\", \"sqlite:FILE\", \"redis://…\", a provider, or a list of such")
}

/// What a layer said; a failure goes to the log.
fn told<T>(layer: &dyn Layer, said: Result<T>) -> Option<T> {
    said.inspect_err(|error| log::warn(c"ftrack", || format!("the cache {} failed: {}", layer.name(), error.message())))
        .ok()
}

/// An entity as text that the official client reads as well.
fn written(object: Object) -> Option<String> {
    let mut tree = Tree::Object(object);
    wire::sort(&mut tree);
    json::encode(&tree).ok()
}

/// A text with what the old one knew besides: an answer with few attributes does not clear the others.
fn joined(old: Option<String>, new: &str) -> Option<String> {
    let Some(old) = old else { return Some(new.to_owned()) };
    let (Ok(Tree::Object(mut all)), Ok(Tree::Object(brought))) = (Tree::from_json(&old), Tree::from_json(new)) else {
        return Some(new.to_owned());
    };
    all.merge(brought);
    // One that says the same need not be written.
    written(all).filter(|text| *text != old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_cleared() {
        let old = r#"{"__entity_type__": "T", "a": 1, "id": "x"}"#;
        assert_eq!(
            joined(Some(old.into()), r#"{"b": 2, "id": "x"}"#).unwrap(),
            r#"{"__entity_type__": "T", "a": 1, "b": 2, "id": "x"}"#
        );
        assert_eq!(joined(Some(old.into()), r#"{"a": 1}"#), None);
        assert_eq!(joined(Some("{".into()), r#"{"a": 1}"#).unwrap(), r#"{"a": 1}"#);
        assert_eq!(joined(None, "{}").unwrap(), "{}");
    }

    #[test]
    fn only_caches_are_caches() {
        let of = |text: &str| {
            let mut args = Args::new();
            args.set("cache", Tree::from_json(text).unwrap());
            Cache::open(&args).map(|cache| cache.layers.len())
        };
        assert_eq!(of("\"memory\"").unwrap(), 0);
        assert_eq!(of("[\"memory\"]").unwrap(), 0);
        for wrong in ["\"sqlite:\"", "\"disk\"", "1", "[\"memory\", {}]"] {
            assert_eq!(of(wrong).unwrap_err().code(), "argument", "{wrong}");
        }
    }
}
