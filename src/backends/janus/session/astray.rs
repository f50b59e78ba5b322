//! A session that the server has forgotten, while it is made again (verbs.md: `recover: "recreate"`). What is asked of it
//! meanwhile is held; its ids are others afterwards, and both are told.

use std::sync::Arc;

use super::{super::handle::Handle, Session};
use crate::{
    engine::net::cancel::Cancel,
    sys::atomic::Ordering,
    value::{Object, Tree},
};

/// What it was.
#[derive(Clone)]
pub struct Before {
    /// Its id.
    pub id: u64,
    /// Its handles with theirs.
    pub handles: Vec<(Arc<Handle>, u64)>,
}

/// Being made again.
pub(super) struct Astray {
    pub(super) before: Before,
    /// Ends what makes it again.
    pub(super) restorer: Option<Arc<Cancel>>,
}

/// A request that went out, and nobody knows whether it was done.
pub(super) struct Doubt {
    handle: Option<Arc<Handle>>,
    shown: Tree,
}

/// So many are told; more have no use.
const DOUBTS: usize = 1000;

impl Session {
    /// How often it went astray and was found again: odd while it is astray. Its ids are the same as long as this is.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the server has forgotten it, and it is not there again yet.
    pub fn is_astray(&self) -> bool {
        self.generation() & 1 == 1
    }

    /// The server has forgotten it, and it is to be made again. False when it is astray already, or over.
    pub fn stray(&self) -> bool {
        let handles = self.handles();
        let mut state = self.state.lock();
        let Some(id) = self.id().filter(|_| !state.left && state.astray.is_none()) else { return false };
        let handles = handles.into_iter().filter_map(|handle| handle.id().map(|id| (handle, id))).collect();
        state.astray = Some(Astray { before: Before { id, handles }, restorer: None });
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(state);
        self.line.forget(id);
        true
    }

    /// What it was before, and the handle of those who begin to make it again: whoever did so until now ends. None when it
    /// is not astray.
    pub fn restorer(&self) -> Option<(Before, Arc<Cancel>)> {
        let mut state = self.state.lock();
        let astray = state.astray.as_mut()?;
        let cancel = Arc::<Cancel>::default();
        let old = astray.restorer.replace(Arc::clone(&cancel));
        let before = astray.before.clone();
        drop(state);
        if let Some(old) = old {
            old.cancel();
        }
        Some((before, cancel))
    }

    /// It is there again, by what `restorer` did; false when that was stopped meanwhile.
    pub fn found(&self, restorer: &Arc<Cancel>) -> bool {
        let mut state = self.state.lock();
        let by = state.astray.as_ref().and_then(|astray| astray.restorer.as_ref());
        if !by.is_some_and(|by| Arc::ptr_eq(by, restorer)) {
            return false;
        }
        let astray = state.astray.take();
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(state);
        drop(astray);
        true
    }

    /// Whether there is something on the server that is to be destroyed.
    pub fn exists(&self) -> bool {
        let state = self.state.lock();
        let before = state.astray.as_ref().map(|astray| astray.before.id);
        self.id().is_some_and(|id| before != Some(id))
    }

    /// Notes a request whose outcome is unknown, for the next RESTORED.
    pub fn doubt(&self, handle: Option<&Arc<Handle>>, verb: &str, transaction: &str) {
        let mut shown = Object::with_capacity(3);
        shown.insert("transaction", Tree::from(transaction));
        shown.insert("verb", Tree::from(verb));
        shown.insert("handle", handle.and_then(|handle| handle.id()).map_or(Tree::Null, Tree::from));
        let mut state = self.state.lock();
        // Of one that is over nobody hears, and it would be held by what it holds.
        if !state.left && state.doubts.len() < DOUBTS {
            state.doubts.push(Doubt { handle: handle.cloned(), shown: Tree::Object(shown) });
        }
    }

    /// Those noted so far, each once: all of the session's, and which are whose handle's.
    pub fn doubts(&self) -> Vec<(Option<Arc<Handle>>, Tree)> {
        let doubts = std::mem::take(&mut self.state.lock().doubts);
        doubts.into_iter().map(|doubt| (doubt.handle, doubt.shown)).collect()
    }
}
