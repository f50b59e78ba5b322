//! What a call lends to whoever moves bytes or names places for it, and how they read entities.

use std::sync::Arc;

use crate::{
    args::Args,
    backends::{
        Call, Progress,
        ftrack::{
            Core,
            schema::EntityType,
            store::{EntityId, Value},
            unit::State,
            verbs,
            way::{Way, now},
            wire::Reply,
        },
    },
    engine::net::cancel::Cancel,
    error::Result,
    value::Object,
};

/// The session and the call on whose behalf something is done.
#[derive(Clone)]
pub struct Errand<'a> {
    /// The session. None of its locks is held when an accessor or a structure is called.
    pub(in crate::backends::ftrack) core: &'a Arc<Core>,
    /// The arguments of the call: time-outs, retries.
    pub args: &'a Args,
    /// Ends the call from another thread.
    pub cancel: &'a Arc<Cancel>,
    /// Hears how many bytes moved, when the caller asked for it.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Entities that this call makes: the server does not know them yet.
    pub fresh: &'a [EntityId],
}

impl<'a> Errand<'a> {
    /// That of a call.
    pub(in crate::backends::ftrack) fn of(core: &'a Arc<Core>, call: &Call<'a>) -> Errand<'a> {
        Errand { core, args: call.args, cancel: call.cancel, progress: call.progress.clone(), fresh: &[] }
    }

    /// Between two steps: whether to go on.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn go_on(&self) -> Result<()> {
        self.cancel.check()
    }

    /// Whether requests are those of the official client, one by one.
    pub fn is_python(&self) -> bool {
        self.core.wire.sorted
    }

    /// The call, for those who read with it.
    pub(in crate::backends::ftrack) fn call(&self) -> Call<'a> {
        Call { verb: None, target: None, args: self.args, cancel: self.cancel, progress: None }
    }

    /// Asks the server.
    ///
    /// # Errors
    /// What it refuses; what goes wrong on the way.
    pub(in crate::backends::ftrack) fn query(&self, expression: &str) -> Result<Reply> {
        let operation = verbs::query_operation(format!("{expression} offset 0 limit {}", verbs::AT_ONCE));
        self.core.wire.call(vec![operation], self.args, self.cancel)
    }

    /// The type of an entity.
    pub fn kind(&self, entity: EntityId) -> Option<Arc<EntityType>> {
        self.core.store.lock().kind_of(entity).cloned()
    }

    /// The first part of an entity's key.
    pub fn id(&self, entity: EntityId) -> Box<str> {
        let store = self.core.store.lock();
        store.entity(entity).and_then(|entity| entity.key.first().map(|part| Box::from(&**part))).unwrap_or_default()
    }

    /// Type and key, as `Type/key`.
    pub fn address(&self, entity: EntityId) -> String {
        let identity = self.core.store.lock().identity(entity);
        identity
            .map(|identity| crate::backends::ftrack::address::write(&identity.kind, &identity.key))
            .unwrap_or_default()
    }

    /// All that is known of an entity.
    pub fn shown(&self, entity: EntityId) -> Object {
        match self.core.store.lock().show(entity, &crate::backends::ftrack::store::Paths::default()) {
            crate::value::Tree::Object(object) => object,
            _ => Object::default(),
        }
    }

    /// An attribute, fetched when it is not known; `None` when the type has no such attribute, or the entity is new and
    /// it was not set.
    ///
    /// # Errors
    /// Those of the query.
    pub fn value(&self, entity: EntityId, name: &str) -> Result<Option<Value>> {
        let at = {
            let store = self.core.store.lock();
            let Some(at) = store.kind_of(entity).and_then(|kind| kind.position(name)) else { return Ok(None) };
            if let Some(value) = store.value(entity, at) {
                return Ok(Some(value.clone()));
            }
            let state = store.identity(entity).and_then(|identity| store.operations.state(&identity));
            if state == Some(State::Created) || self.fresh.contains(&entity) {
                return Ok(None);
            }
            at
        };
        now(verbs::fill(self.core, entity, name, &Way::here(&self.call())))?;
        Ok(self.core.store.lock().value(entity, at).cloned())
    }

    /// The same as text; null is as if not set.
    ///
    /// # Errors
    /// As [`Errand::value`].
    pub fn text(&self, entity: EntityId, name: &str) -> Result<Option<String>> {
        Ok(match self.value(entity, name)? {
            Some(Value::Text(text)) => Some(text.to_string()),
            _ => None,
        })
    }

    /// The same as a whole number.
    ///
    /// # Errors
    /// As [`Errand::value`].
    pub fn number(&self, entity: EntityId, name: &str) -> Result<Option<i64>> {
        Ok(match self.value(entity, name)? {
            Some(Value::Int(number)) => Some(number),
            _ => None,
        })
    }

    /// The same as an entity.
    ///
    /// # Errors
    /// As [`Errand::value`].
    pub fn related(&self, entity: EntityId, name: &str) -> Result<Option<EntityId>> {
        Ok(match self.value(entity, name)? {
            Some(Value::Entity(id)) => Some(id),
            _ => None,
        })
    }

    /// The members of a container; `None` when the component is none.
    ///
    /// # Errors
    /// As [`Errand::value`].
    pub fn members(&self, component: EntityId) -> Result<Option<Vec<EntityId>>> {
        if !self.is_container(component) {
            return Ok(None);
        }
        Ok(Some(match self.value(component, "members")? {
            Some(Value::Entities(ids)) => self.core.store.lock().living(&ids).collect(),
            _ => Vec::new(),
        }))
    }

    /// Whether a component holds others.
    pub fn is_container(&self, component: EntityId) -> bool {
        self.kind(component).is_some_and(|kind| kind.position("members").is_some())
    }

    /// Whether it is of this type.
    pub fn is(&self, entity: EntityId, kind: &str) -> bool {
        self.kind(entity).is_some_and(|found| *found.name == *kind)
    }
}
