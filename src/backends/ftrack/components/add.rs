//! Components into a location: bytes first, then their registration (spec/ftrack.md 9.3).
//!
//! The official client registers the members of a container before the container itself is moved; here all of it is
//! registered together when everything is in its place, so that a failure half-way leaves nothing registered.

use std::sync::Arc;

use super::{Errand, register, staged};
use crate::{
    backends::{
        Progress,
        ftrack::{
            accessors::{Source, Stored},
            locations::{Location, Register},
            store::EntityId,
            structures::Subject,
            unit::Operation,
        },
    },
    error::{Error, Outcome, Result, Status, code},
    value::{Object, Tree},
};

/// Containers in containers.
const DEPTH_MAX: usize = 64;

/// One order to add components.
pub struct Adding<'a> {
    /// The call.
    pub errand: Errand<'a>,
    /// Where to.
    pub target: &'a Arc<Location>,
    /// Where from.
    pub source: &'a Arc<Location>,
    /// Under which identifier the components are, when that is not asked of the source: a path, for the origin.
    pub given: Option<&'a str>,
    /// Members too.
    pub recursive: bool,
    /// Changes that have to be sent ahead of the registration.
    pub pending: Vec<Operation>,
}

/// What an order has done so far.
#[derive(Default)]
struct Done {
    /// In their place.
    transferred: Vec<(EntityId, String)>,
    /// How many of them are registered.
    registered: usize,
    /// Bytes of files that were moved as a whole.
    bytes: u64,
}

impl Adding<'_> {
    /// Adds the components.
    ///
    /// # Errors
    /// `component_in_location` before anything is moved; `location`, `structure`, those of accessors and of the server with
    /// what was moved under `transferred`.
    pub fn run(mut self, components: &[EntityId]) -> Result<()> {
        let mut done = Done::default();
        if !self.errand.is_python() && matches!(self.target.register, Register::Server) {
            staged::check(&self.errand, components, &self.pending)?;
        }
        self.level(components, &mut done, 0)
            .and_then(|()| self.register(&mut done))
            .map_err(|error| self.told(error, &done))
    }

    fn level(&mut self, components: &[EntityId], done: &mut Done, depth: usize) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(Error::new(&code::LOCATION, "the containers were nested too deeply, or contained themselves"));
        }
        if self.target.structure.is_none() {
            return Err(lacks(self.target, "structure"));
        }
        if components.is_empty() {
            return Ok(());
        }
        let there = register::identifiers(&self.errand, self.target, components)?;
        let there: Vec<EntityId> =
            components.iter().zip(there).filter(|(_, known)| known.is_some()).map(|(id, _)| *id).collect();
        if !there.is_empty() {
            return Err(register::there_already(&self.errand, self.target, &there));
        }
        let mut sources: Vec<Option<String>> = match (self.given, self.errand.is_python()) {
            (Some(given), _) => vec![Some(given.to_owned()); components.len()],
            (None, false) => register::identifiers(&self.errand, self.source, components)?,
            // It asks for each when it is its turn.
            (None, true) => Vec::new(),
        };
        sources.resize(components.len(), None);
        for (component, source) in components.iter().zip(sources) {
            self.one(*component, source, done, depth).map_err(|error| {
                if error.detail().get("component").is_some() {
                    error
                } else {
                    error.with("component", self.errand.address(*component))
                }
            })?;
        }
        if self.errand.is_python() {
            self.register(done)?;
        }
        Ok(())
    }

    fn one(&mut self, component: EntityId, source: Option<String>, done: &mut Done, depth: usize) -> Result<()> {
        self.errand.go_on()?;
        if self.recursive
            && let Some(members) = self.errand.members(component)?
        {
            self.level(&members, done, depth + 1)?;
        }
        let source = match source {
            None if self.errand.is_python() => {
                register::identifiers(&self.errand, self.source, &[component])?.into_iter().next().flatten()
            }
            source => source,
        };
        let structure = self.target.structure.as_ref().ok_or_else(|| lacks(self.target, "structure"))?;
        let identifier = structure.identifier(&self.errand, &Subject { component, source: source.as_deref() })?;
        if self.target.moves_data {
            self.transfer(component, &identifier, source, done)?;
        }
        done.transferred.push((component, identifier));
        Ok(())
    }

    /// Moves the bytes of one component.
    fn transfer(&self, component: EntityId, identifier: &str, source: Option<String>, done: &mut Done) -> Result<()> {
        let from = self.source.accessor.as_ref().ok_or_else(|| lacks(self.source, "accessor"))?;
        let to = self.target.accessor.as_ref().ok_or_else(|| lacks(self.target, "accessor"))?;
        let errand = &self.errand;
        if errand.is_container(component) {
            if errand.is(component, "SequenceComponent") {
                return Ok(());
            }
            return to.make_container(errand, identifier, true);
        }
        match to.get_container(errand, identifier) {
            Ok(Some(container)) => to.make_container(errand, &container, true)?,
            Ok(None) => {}
            Err(error) if error.code() == code::ACCESSOR_PARENT_RESOURCE_NOT_FOUND.word => {}
            Err(error) => return Err(error),
        }
        if to.exists(errand, identifier)? {
            let message = format!(
                "there is data under {identifier:?} in the location {} already, which is not overwritten",
                self.target.name
            );
            return Err(Error::new(&code::LOCATION, message)
                .status_as(Status::Conflict)
                .with("resource_identifier", identifier));
        }
        // The official client asks a second time.
        let again = match (&self.source.register, errand.is_python()) {
            (Register::Server, true) => Some(register::identifier(errand, self.source, component)?),
            _ => None,
        };
        let missing = || register::elsewhere(errand, self.source, &[component]);
        let place = again.or(source).ok_or_else(missing)?;
        let data = from.open(errand, &place)?;
        let entity = errand.shown(component);
        let id = errand.id(component);
        let stored = Stored { component: &id, entity: &entity, source: &data, chunk_bytes: errand.core.chunk_bytes };
        let moved = to.write(&self.told_progress(&data, done.bytes), identifier, &stored)?;
        done.bytes += moved;
        Ok(())
    }

    /// Progress counts over all files of the order.
    fn told_progress(&self, data: &Arc<dyn Source>, before: u64) -> Errand<'_> {
        let mut errand = self.errand.clone();
        let size = data.size();
        errand.progress = self.errand.progress.clone().map(|tell| {
            Arc::new(move |progress: Progress| {
                let to_send = progress.to_send.or(size).map(|size| size + before);
                tell(Progress { sent: progress.sent + before, to_send, ..progress });
            }) as Arc<dyn Fn(Progress) + Send + Sync>
        });
        errand
    }

    fn register(&mut self, done: &mut Done) -> Result<()> {
        let added = done.transferred.get(done.registered..).unwrap_or_default();
        if added.is_empty() {
            return Ok(());
        }
        register::register(&self.errand, self.target, added, &self.pending)?;
        self.pending.clear();
        for (component, _) in added {
            register::announce(&self.errand, register::ADDED, self.target, *component);
        }
        done.registered = done.transferred.len();
        Ok(())
    }

    /// What was moved and is not registered is named: somebody may want to clean it up.
    fn told(&self, error: Error, done: &Done) -> Error {
        if error.code() == code::COMPONENT_IN_LOCATION.word && done.transferred.is_empty() {
            return error;
        }
        let moved = done.transferred.get(done.registered..).unwrap_or_default();
        let list: Tree = moved
            .iter()
            .map(|(component, identifier)| {
                let mut entry = Object::with_capacity(2);
                entry.insert("component", Tree::from(self.errand.address(*component)));
                entry.insert("resource_identifier", Tree::from(identifier));
                Tree::Object(entry)
            })
            .collect();
        let error = error.with("location", self.target.address()).with("transferred", list);
        // The server was not told of any of it.
        if error.known_outcome().is_none() && done.registered == 0 { error.outcome(Outcome::NotSent) } else { error }
    }
}

/// The error that a location lacks what it takes.
pub fn lacks(location: &Location, what: &str) -> Error {
    Error::new(&code::LOCATION, format!("the location {} has no {what} here", location.name))
        .with("location", location.address())
}
