//! What of the identity map is kept in layers below it, and how much of it stays in memory (spec/ftrack.md 6).
//!
//! The map itself never asks a layer: it only notes what was brought and what is gone, for whoever tells the layers once
//! the map's lock is free.

use std::mem;

use super::{EntityId, Store};
use crate::backends::ftrack::unit::Identity;

/// Notes for the layers, and the bound.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Somebody wants to hear what was brought.
    watched: bool,
    brought: Vec<EntityId>,
    gone: Vec<Identity>,
    /// How many entities have what the server said of them.
    most: Option<usize>,
    clock: u64,
    evicted: u64,
}

impl Kept {
    /// The same settings over an empty map.
    pub(super) fn afresh(&self) -> Kept {
        Kept { watched: self.watched, most: self.most, ..Kept::default() }
    }
}

/// What changed since the layers were told last.
#[derive(Debug, Default)]
pub struct News {
    /// Entities of which the server said something.
    pub brought: Vec<EntityId>,
    /// Entities that are no more.
    pub gone: Vec<Identity>,
}

impl Store {
    /// Notes what is brought from now on, or not.
    pub fn watch(&mut self, watched: bool) {
        self.kept.watched = watched;
        if !watched {
            self.kept.brought.clear();
            self.kept.gone.clear();
        }
    }

    /// How many entities keep their attributes in memory; `None` for all.
    pub fn bound(&mut self, most: Option<usize>) {
        self.kept.most = most;
    }

    /// The server said something of an entity.
    pub(super) fn brought(&mut self, id: EntityId) {
        if self.kept.watched {
            self.kept.brought.push(id);
        }
        self.used(id);
    }

    /// Somebody asked for an entity.
    pub fn used(&mut self, id: EntityId) {
        if self.kept.most.is_none() {
            return;
        }
        self.kept.clock += 1;
        let now = self.kept.clock;
        if let Some(entity) = self.entity_mut(id) {
            entity.used = now;
        }
    }

    /// An entity is no more.
    pub(super) fn gone(&mut self, id: EntityId) {
        if self.kept.watched
            && let Some(identity) = self.identity(id)
        {
            self.kept.gone.push(identity);
        }
    }

    /// What the layers have to hear.
    pub fn news(&mut self) -> News {
        let mut brought = mem::take(&mut self.kept.brought);
        brought.sort_unstable();
        brought.dedup();
        News { brought, gone: mem::take(&mut self.kept.gone) }
    }

    /// Whether an entity has to be asked for again, although it is in the map.
    pub fn is_evicted(&self, id: EntityId) -> bool {
        self.entity(id).is_some_and(|entity| entity.evicted)
    }

    /// How many were let go of since the beginning.
    pub fn evictions(&self) -> u64 {
        self.kept.evicted
    }

    /// Forgets what the server said of an entity; what was set here stays. False when there was nothing to forget.
    pub fn invalidate(&mut self, id: EntityId) -> bool {
        let Some(entity) = self.entity_mut(id) else { return false };
        entity.evicted = true;
        !mem::take(&mut entity.remote).0.is_empty()
    }

    /// Lets go of those that were used longest ago, when there are more than the bound. What was changed here stays.
    pub fn evict(&mut self) {
        let Some(most) = self.kept.most.filter(|most| self.entities.len() > *most) else { return };
        let mut full: Vec<(u64, EntityId)> = Vec::new();
        for (id, entity) in (0..).zip(&self.entities) {
            // A key alone is no more than what references need.
            if entity.remote.0.len() > entity.key.len() && entity.local.0.is_empty() {
                full.push((entity.used, id));
            }
        }
        if full.len() <= most {
            return;
        }
        // Some more than needed, so that not every call has to look at all of them.
        let stay = most - most / 8;
        let leave = full.len() - stay;
        full.select_nth_unstable(leave.saturating_sub(1));
        for (_, id) in full.into_iter().take(leave) {
            self.invalidate(id);
            self.kept.evicted += 1;
        }
    }
}
