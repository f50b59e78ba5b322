//! What becomes of changes (spec/ftrack.md 5.5, 5.10): after a commit they are part of what is known, after a rollback they
//! never were.

use super::{EntityId, Store, Value};
use crate::backends::ftrack::{
    schema::EntityType,
    unit::{Change, Identity, Operation},
};

impl Store {
    /// The first `count` changes were committed. What the server answered is merged after this.
    pub fn committed(&mut self, count: usize) {
        let done = self.operations.committed(count);
        self.applied(&done);
        if self.python && count > 0 {
            self.shed();
        }
    }

    /// Forgets what was set here and is not staged, as the official client does after every commit.
    fn shed(&mut self) {
        let staged: Vec<_> =
            self.operations.list().iter().filter_map(|operation| self.entity_of(operation)).map(|(id, _)| id).collect();
        for (id, entity) in (0..).zip(&mut self.entities) {
            if !staged.contains(&id) {
                entity.local.0.clear();
            }
        }
    }

    /// These changes were made by the server: what they set is known of it from now on, except where it was set again
    /// meanwhile.
    pub fn applied(&mut self, done: &[Operation]) {
        let mut created = Vec::new();
        for operation in done {
            let Some((id, kind)) = self.entity_of(operation) else { continue };
            match &operation.change {
                Change::Create(data) => {
                    for (name, _) in data.iter() {
                        self.settle(id, operation, &kind, name);
                    }
                    created.push((id, operation));
                }
                Change::Update { attribute, .. } => self.settle(id, operation, &kind, attribute),
                Change::Delete => self.forget(id),
            }
        }
        // What was empty because nobody could have anything of a new entity has to be asked for from now on.
        for (id, operation) in created {
            if self.operations.state(&operation.identity).is_none()
                && let Some(entity) = self.entity_mut(id)
            {
                entity.local.0.retain(|(_, value)| !matches!(value, Value::Entities(_)));
            }
        }
    }

    /// Lets go of what a batch deleted and its own answer still named: an update that stands before the deletion shows
    /// how things were between the two.
    pub fn purge(&mut self, deleted: &[Identity], changed: &[Identity]) {
        let find =
            |store: &Store, identity: &Identity| store.find(store.schemas().get(&identity.kind)?.id, &identity.key);
        let gone: Vec<EntityId> = deleted.iter().filter_map(|identity| find(self, identity)).collect();
        if gone.is_empty() {
            return;
        }
        for identity in changed {
            let Some(entity) = find(self, identity).and_then(|id| self.entity_mut(id)) else { continue };
            for (_, value) in &mut entity.remote.0 {
                if let Value::Entities(ids) = value
                    && ids.iter().any(|id| gone.contains(id))
                {
                    *value = Value::Entities(ids.iter().copied().filter(|id| !gone.contains(id)).collect());
                }
            }
        }
        for id in gone {
            self.forget(id);
        }
    }

    /// Forgets every change: what was new is gone.
    pub fn rollback(&mut self) -> usize {
        let list = self.operations.list().to_vec();
        self.operations.clear();
        for operation in &list {
            let Some((id, kind)) = self.entity_of(operation) else { continue };
            match &operation.change {
                Change::Create(_) => self.forget(id),
                Change::Update { attribute, .. } => {
                    if let (Some(at), Some(entity)) = (kind.position(attribute), self.entity_mut(id)) {
                        entity.local.remove(at);
                    }
                }
                Change::Delete => {}
            }
        }
        list.len()
    }

    fn settle(&mut self, id: EntityId, operation: &Operation, kind: &EntityType, name: &str) {
        let again = self.operations.state(&operation.identity).is_some()
            && self.operations.list().iter().any(|later| {
                later.identity == operation.identity
                    && matches!(&later.change, Change::Update { attribute, .. } if **attribute == *name)
            });
        if let (false, Some(at), Some(entity)) = (again, kind.position(name), self.entity_mut(id))
            && let Some(value) = entity.local.remove(at)
        {
            entity.remote.set(at, value);
            self.brought(id);
        }
    }
}
