//! A file becomes a component in the server location: the bytes move, then component and registration are made in one
//! request (spec/ftrack.md 9.3, as captured); or, in several parts, the component first, then the bytes, then their
//! putting together with the registration (9.5).
//!
//! Identifiers are made here. So when the answer to the last request is lost, it can be looked up whether it was applied;
//! and what must not stay half done is deleted.

use std::{path::Path, sync::Arc};

use super::{
    file::FileSource,
    plan,
    store::{self, Parcel, Signed, file_name, question},
    terms::Terms,
};
use crate::{
    args::Args,
    backends::ftrack::{
        Core, commit,
        components::{Errand, create, register},
        locations::{ORIGIN, Register, SERVER},
        query::Key,
        store::{Apart, EntityId},
        unit::{Change, Identity, Operation, batch},
        way::{Way, now},
        wire::operation,
    },
    engine::net::cancel::Cancel,
    error::{Error, Outcome, Result, Status, code},
    log,
    value::{Node, Object, Tree},
};

/// How long the server may take to tell or undo what became of a failed upload, in seconds.
const AFTERMATH_S: i64 = 5;
/// The same when the host has cancelled: it may be both, one after the other, and a close has five seconds in all.
const AFTERMATH_OF_A_CANCEL_S: i64 = 2;

/// What the host said of an upload.
pub struct Told<'a> {
    /// The file.
    pub path: &'a str,
    /// Attributes of the component.
    pub data: Object,
    /// In how many parts.
    pub parts: Option<u64>,
}

/// The name of a file without what its type is told by, as Python's `splitext` takes it apart: dots at the start belong
/// to the name.
fn stem(path: &str) -> String {
    let base = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let dots = base.len() - base.trim_start_matches('.').len();
    let end = base.rfind('.').filter(|at| *at > dots).unwrap_or(base.len());
    base.get(..end).unwrap_or_default().to_owned()
}

/// Uploads a file. The component is known from then on.
///
/// # Errors
/// `io` for the file; what the server or the storage says; `cancelled`. The outcome tells whether something may be left
/// on the server.
pub fn upload(errand: &Errand<'_>, told: Told<'_>) -> Result<EntityId> {
    let core = errand.core;
    let source = FileSource::open(told.path)?;
    let size = source.len();
    let stretches = plan::parts(size, told.parts)?;
    let terms = Terms::of_upload(errand.args, core.login.python)?;
    let mut data = told.data;
    for name in ["name", "file_type", "size"] {
        if !data.contains(name) {
            data.insert(
                name,
                match name {
                    "name" => Tree::from(stem(told.path)),
                    "file_type" => Tree::from(create::file_type(errand, told.path)),
                    _ => Tree::from(size),
                },
            );
        }
    }
    let file_name = file_name(&data);
    let (id, apart) = core.store.lock().apart(|store| store.create("FileComponent", &data, true))?;
    let made = core.store.lock().identity(id).and_then(|identity| identity.key.first().cloned());
    let component = made.ok_or_else(|| Error::new(&code::INTERNAL, "a new component had no key"))?.to_string();
    let parcel = Parcel { component, file_name, source: Arc::new(source), size };
    let flow = Flow { errand, terms, id, apart };
    let id = if stretches.len() < 2 { flow.in_one(parcel) } else { flow.in_parts(parcel, &stretches) }?;
    told_of(errand, id, told.path);
    Ok(id)
}

/// Other locations can have it from the file, and others hear of it.
fn told_of(errand: &Errand<'_>, id: EntityId, path: &str) {
    let (origin, server) = {
        let locations = errand.core.locations.lock();
        (locations.get(ORIGIN).cloned(), locations.get(SERVER).cloned())
    };
    if let Some(Register::Memory(places)) = origin.as_ref().map(|origin| &origin.register) {
        // Told before its lock is taken: the store's own is taken for it.
        let component = errand.id(id);
        places.lock().insert(component, path.into());
    }
    for location in [origin, server].into_iter().flatten() {
        register::announce(errand, register::ADDED, &location, id);
    }
}

/// One upload under way.
struct Flow<'a> {
    errand: &'a Errand<'a>,
    terms: Terms,
    id: EntityId,
    /// The component, made here.
    apart: Apart,
}

impl Flow<'_> {
    fn core(&self) -> &Core {
        self.errand.core
    }

    fn in_one(self, parcel: Parcel) -> Result<EntityId> {
        let component = parcel.component.clone();
        let moved = match is_free(self.errand, self.id) {
            Ok(()) => store::whole(self.errand, &self.terms, parcel),
            Err(error) => Err(error),
        };
        if let Err(error) = moved {
            self.errand.core.store.lock().take_back(self.apart);
            // Bytes may be there, but nobody will ever ask for them: nothing is registered.
            return Err(nothing_is_left(error));
        }
        let registration = register(self.core(), &component)?;
        let operations = [&*self.apart.operations, &*registration.operations].concat();
        let Err(error) = now(commit::send_apart(self.core(), &operations, &Way::here(&self.errand.call()))) else {
            return Ok(self.id);
        };
        self.undecided(error, &component, &operations, registration, false)
    }

    fn in_parts(self, parcel: Parcel, stretches: &[plan::Stretch]) -> Result<EntityId> {
        let component = parcel.component.clone();
        let (core, errand) = (self.errand.core, self.errand);
        let signed = match self.preflight(&parcel, stretches.len()) {
            Ok(signed) => signed,
            Err(error) if error.known_outcome() == Some(Outcome::NotSent) => {
                core.store.lock().take_back(self.apart);
                return Err(error);
            }
            Err(error) => return Err(self.undo(error, &component)),
        };
        let sent = store::parts(core, &self.terms, &parcel, stretches, signed, errand.cancel, errand.progress.as_ref());
        let complete = match sent {
            Ok(complete) => complete,
            Err(error) => return Err(self.undo(error, &component)),
        };
        let registration = register(core, &component)?;
        let mut asked = vec![complete];
        asked.extend(crate::backends::ftrack::unit::to_trees(batch(&registration.operations)));
        match core.wire.call(asked, errand.args, errand.cancel) {
            Ok(reply) => {
                settle(core, &registration.operations, reply.results().into_iter().flat_map(Node::items));
                Ok(self.id)
            }
            Err(error) => {
                let operations = registration.operations.clone();
                self.undecided(error, &component, &operations, registration, true)
            }
        }
    }

    /// Makes the component and asks where its parts may go, in one request.
    fn preflight(&self, parcel: &Parcel, count: usize) -> Result<Signed> {
        let core = self.core();
        let mut asked: Vec<Tree> = crate::backends::ftrack::unit::to_trees(batch(&self.apart.operations));
        let last = asked.len();
        asked.push(question(parcel, None, Some(count)));
        let reply = core.wire.call(asked, self.errand.args, self.errand.cancel)?;
        settle(core, &self.apart.operations, reply.results().into_iter().flat_map(Node::items));
        // The component is there by now, whatever comes.
        Signed::read(reply.result(last)?, count).map_err(|error| error.outcome(Outcome::Unknown))
    }

    /// The last request failed. When nobody knows whether it was applied, the server is asked.
    fn undecided(
        self,
        error: Error,
        component: &str,
        operations: &[Operation],
        registration: Apart,
        made: bool,
    ) -> Result<EntityId> {
        let refused = error.known_outcome() == Some(Outcome::NotSent);
        match if refused { Ok(false) } else { is_registered(self.errand, self.id) } {
            Ok(true) => {
                log::info(c"ftrack", || "an upload whose last answer was lost had been applied".to_owned());
                settle(self.core(), operations, std::iter::empty());
                if self.errand.cancel.is_cancelled() { Err(error.outcome(Outcome::Applied)) } else { Ok(self.id) }
            }
            Ok(false) => {
                self.core().store.lock().take_back(registration);
                if made {
                    return Err(self.undo(error, component));
                }
                self.errand.core.store.lock().take_back(self.apart);
                Err(nothing_is_left(error))
            }
            Err(_) => {
                // Nobody knows: what is here is as if nothing had happened, and the host is told that it may have.
                let mut store = self.errand.core.store.lock();
                store.take_back(registration);
                store.take_back(self.apart);
                Err(error.outcome(Outcome::Unknown).with("component", component))
            }
        }
    }

    /// Deletes the component that has no bytes, here and on the server.
    fn undo(self, error: Error, component: &str) -> Error {
        let core = self.errand.core;
        let key: Key = [component.into()].into();
        let identity = Identity { kind: "FileComponent".into(), key };
        let gone = operation(
            "delete",
            &[("entity_type", Tree::from("FileComponent")), ("entity_key", Tree::Array(vec![Tree::from(component)]))],
        );
        let undone = core.wire.call(vec![gone], &aftermath(self.errand.cancel), &Arc::default());
        {
            let mut store = core.store.lock();
            store.take_back(self.apart);
            store.applied(&[Operation { identity, change: Change::Delete }]);
        }
        match undone {
            Ok(_) => nothing_is_left(error),
            // It was never made.
            Err(refusal) if refusal.status() == Status::NotFound => nothing_is_left(error),
            Err(refusal) => {
                log::warn(c"ftrack", || {
                    format!("the component of a failed upload could not be deleted: {}", refusal.message())
                });
                error.outcome(Outcome::Unknown).with("component", component)
            }
        }
    }
}

fn nothing_is_left(error: Error) -> Error {
    error.outcome(Outcome::NotSent)
}

/// What the server has made is known from now on, and what it answered merged.
fn settle<'a>(core: &Core, operations: &[Operation], results: impl Iterator<Item = Node<'a>>) {
    let mut store = core.store.lock();
    store.applied(operations);
    for data in results.filter_map(|result| result.get("data")) {
        store.merge(data);
    }
}

/// Makes the registration of a component, here.
fn register(core: &Core, component: &str) -> Result<Apart> {
    let mut data = Object::with_capacity(3);
    data.insert("component", Tree::from(format!("FileComponent/{component}")));
    data.insert("location", Tree::from(format!("Location/{SERVER}")));
    data.insert("resource_identifier", Tree::from(component));
    core.store.lock().apart(|store| store.create("ComponentLocation", &data, true).map(drop)).map(|((), apart)| apart)
}

fn is_free(errand: &Errand<'_>, id: EntityId) -> Result<()> {
    let Some(server) = errand.core.locations.lock().get(SERVER).cloned() else { return Ok(()) };
    match register::identifiers(errand, &server, &[id])?.first() {
        Some(Some(_)) => Err(register::there_already(errand, &server, &[id])),
        _ => Ok(()),
    }
}

/// Asked after a failure, when the call may have been cancelled.
fn is_registered(errand: &Errand<'_>, id: EntityId) -> Result<bool> {
    let Some(server) = errand.core.locations.lock().get(SERVER).cloned() else { return Ok(false) };
    let (args, cancel) = (aftermath(errand.cancel), Arc::<Cancel>::default());
    let errand = Errand { args: &args, cancel: &cancel, ..errand.clone() };
    Ok(register::identifiers(&errand, &server, &[id])?.iter().any(Option::is_some))
}

/// How long the requests after a failure may take: the host waits, and may have cancelled.
fn aftermath(cancel: &Cancel) -> Args {
    let seconds = if cancel.is_cancelled() { AFTERMATH_OF_A_CANCEL_S } else { AFTERMATH_S };
    let mut args = Args::new();
    args.set("timeout", seconds);
    args.set("timeouts.total", seconds);
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's `os.path.splitext(os.path.basename(path))` gives.
    #[test]
    fn names_are_taken_apart_as_in_python() {
        for (path, name) in [
            ("/a/b.c/clip.0001.mov", "clip.0001"),
            ("plain", "plain"),
            (".bashrc", ".bashrc"),
            ("..a", "..a"),
            ("...a.b", "...a"),
            ("x.", "x"),
            (".a.b", ".a"),
        ] {
            assert_eq!(stem(path), name, "{path}");
        }
    }
}
