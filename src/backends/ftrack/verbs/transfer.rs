//! Verbs that move bytes: `upload`, `download`, `create_thumbnail` (verbs.md "ftrack"; spec/ftrack.md 9.3, 9.5, 11).

use std::sync::Arc;

use super::{FtrackSession, components, plain, target};
use crate::{
    backends::{
        Answer, Backend, Call, Late, Pending,
        ftrack::{
            commit,
            components::{Errand, add::lacks, named, register},
            locations::{Location, SERVER},
            store::{EntityId, Paths},
            transfer::{self, Brought, Bytes, Origin, Told, Wanted},
            way::{Way, now},
        },
    },
    engine::{net::cancel::Cancel, reactor::promise},
    error::{Error, Result, code},
    sys::{panic::contain, thread},
    value::{Object, Tree},
};

/// A file becomes a component in the server location.
pub(super) fn upload(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let path = call.target.ok_or_else(|| Error::option("target", "upload needs the path of a file as target"))?;
    only_the_server(call)?;
    let data = call.args.object("data")?.cloned().unwrap_or_default();
    let id = send(session, call, path, data)?;
    Ok(plain(&session.core.store.lock().show(id, &Paths::default())))
}

/// Uploads for another verb; the component's identifier.
pub(super) fn uploaded(session: &FtrackSession, call: &Call<'_>, path: &str, data: Object) -> Result<Tree> {
    let id = send(session, call, path, data)?;
    let identity = session.core.store.lock().identity(id);
    Ok(identity.and_then(|identity| identity.key.first().map(|part| Tree::from(&**part))).unwrap_or_default())
}

fn send(session: &FtrackSession, call: &Call<'_>, path: &str, data: Object) -> Result<EntityId> {
    let parts = transfer::wanted_parts(call.args)?;
    if session.core.login.python && parts.is_none() {
        return as_python(session, call, path, data);
    }
    transfer::upload(&Errand::of(&session.core, call), Told { path, data, parts })
}

/// The Python client has no word for it: it makes a component, in the server location, in one part.
fn as_python(session: &FtrackSession, call: &Call<'_>, path: &str, data: Object) -> Result<EntityId> {
    let mut args = call.args.clone();
    args.set("location", Tree::from(format!("Location/{SERVER}")));
    args.set("data", Tree::Object(data));
    let made = components::create(
        session,
        &Call {
            verb: Some("create_component"),
            target: Some(path),
            args: &args,
            cancel: call.cancel,
            progress: call.progress.clone(),
        },
    )?;
    let entity = made.value().map(|value| value.root().to_tree()).unwrap_or_default();
    session.core.store.lock().entity_for(&entity, None, "target")
}

fn only_the_server(call: &Call<'_>) -> Result<()> {
    match call.args.get("location") {
        None | Some(Tree::Null) => Ok(()),
        Some(location) if location.as_str().is_some_and(|text| text.trim_start_matches("Location/") == SERVER) => {
            Ok(())
        }
        Some(_) => {
            Err(Error::option("location", "upload puts a file into the server location; create_component takes any"))
        }
    }
}

/// The bytes of a component go into a file, to a provider, or into the answer.
pub(super) fn download(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let wanted = Wanted::read(call.args)?;
    let errand = Errand::of(&session.core, call);
    let text = target(session, call)?;
    let mut place = String::new();
    let find = || -> Result<(Origin, Option<u64>)> {
        let component = named::component(&errand, text)?;
        if errand.is_container(component) {
            return Err(Error::option("target", format!("{text} has no bytes of its own, its members have")));
        }
        let location = components::holding(&errand, component, call, "location", None)?;
        place = location.address();
        let identifier = register::identifier(&errand, &location, component)?;
        let origin = match &location.accessor {
            _ if *location.id == *SERVER => Origin::Server(identifier),
            Some(accessor) => Origin::Other(accessor.open(&errand, &identifier)?),
            None => return Err(lacks(&location, "accessor")),
        };
        Ok((origin, errand.number(component, "size")?.and_then(|size| u64::try_from(size).ok())))
    };
    let Brought { moved, resumed_at, bytes } = transfer::download(&errand, &wanted, find)?;
    let mut meta = Object::with_capacity(3);
    meta.insert("saved", Tree::from(resumed_at + moved));
    meta.insert("resumed_at", Tree::from(resumed_at));
    meta.insert("location", Tree::from(place));
    Ok(Box::new(Bytes::new(moved, meta, bytes)))
}

/// A picture becomes the thumbnail of an entity, now.
pub(super) fn create_thumbnail(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let (subject, id) = picture(session, call)?;
    let core = &session.core;
    let set = core.store.lock().apart(|store| refer(store, subject, id, true));
    let (picture, apart) = set?;
    if let Err(error) = now(commit::send_apart(core, &apart.operations, &Way::here(call))) {
        core.store.lock().take_back(apart);
        // It is there, and nobody refers to it.
        return Err(error.with("component", picture));
    }
    Ok(plain(&core.store.lock().show(id, &Paths::default())))
}

/// The same, of which only the reference is staged: the bytes move now.
pub(super) fn stage_thumbnail(session: &FtrackSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let record = session.flags(call.args)?.record;
    let (subject, id) = picture(session, call)?;
    let mut store = session.core.store.lock();
    refer(&mut store, subject, id, record)?;
    Ok(plain(&store.show(id, &Paths::default())))
}

/// Uploads the picture; the entity that it is for, and the component.
fn picture(session: &FtrackSession, call: &Call<'_>) -> Result<(EntityId, EntityId)> {
    let path =
        call.args.str("path")?.ok_or_else(|| Error::option("path", "create_thumbnail needs the path of a picture"))?;
    let subject = {
        let mut store = session.core.store.lock();
        let id = store.entity_for(&Tree::from(target(session, call)?), None, "target")?;
        if let Some(kind) = store.kind_of(id) {
            kind.find("thumbnail_id")?;
        }
        id
    };
    let mut data = call.args.object("data")?.cloned().unwrap_or_default();
    if data.get("name").is_none_or(Tree::is_null) {
        data.insert("name", Tree::from("thumbnail"));
    }
    Ok((subject, send(session, call, path, data)?))
}

fn refer(
    store: &mut crate::backends::ftrack::store::Store,
    subject: EntityId,
    component: EntityId,
    record: bool,
) -> Result<Tree> {
    let key = store
        .identity(component)
        .and_then(|identity| identity.key.first().map(|part| Tree::from(&**part)))
        .unwrap_or_default();
    store.set(subject, "thumbnail_id", Some(&key), record)?;
    Ok(key)
}

/// Begins a transfer on a thread of its own: the worker has other work than to wait for bytes. What takes part of the host
/// has to run there all the same.
pub(super) fn begin(session: &FtrackSession, call: &Call<'_>) -> Result<Option<Pending>> {
    let hosts = |value: &Tree| matches!(value, Tree::Provider(_) | Tree::Reader(_));
    let core = &session.core;
    let in_session = || {
        core.layers().runs_host_code()
            || core.hub.has_answers()
            || core.locations.lock().iter().any(|location| uses_the_host(location))
    };
    if call.args.root().iter().any(|(_, value)| hosts(value)) || in_session() {
        return Ok(None);
    }
    let own = FtrackSession {
        core: Arc::clone(&session.core),
        entity: session.entity.clone(),
        flags: crate::sys::lock::Mutex::new(session.flags(call.args)?),
    };
    let (verb, target): (Option<Box<str>>, Option<Box<str>>) = (call.verb.map(Into::into), call.target.map(Into::into));
    let (args, cancel, progress) = (call.args.clone(), Arc::clone(call.cancel), call.progress.clone());
    let (giver, mut taker) = promise::pair();
    let guard = Guard(Some(Arc::clone(&cancel)));
    let run = move || {
        let call = Call { verb: verb.as_deref(), target: target.as_deref(), args: &args, cancel: &cancel, progress };
        let outcome = contain(|| own.request(&call)).and_then(|outcome| outcome);
        // A close waits for the answer: by then nothing of the session is held here.
        drop(call);
        drop((own, args, cancel));
        giver.give(outcome);
    };
    drop(
        thread::spawn("haft-transfer", run)
            .map_err(|error| Error::new(&code::LIMIT, format!("no thread could be started: {error}")))?,
    );
    Ok(Some(Box::pin(async move {
        let mut guard = guard;
        // Not by way of the cancel: a transfer that is cut off tells what is left of it.
        let outcome = std::future::poll_fn(|cx| taker.poll_take(cx)).await;
        guard.0 = None;
        let late: Late =
            Box::new(move || outcome.unwrap_or_else(|| Err(Error::new(&code::CLOSED, "the session was closed"))));
        late
    })))
}

/// Whether moving bytes from or to a location runs code of the host.
fn uses_the_host(location: &Location) -> bool {
    location.accessor.as_ref().is_some_and(|accessor| accessor.runs_host_code())
        || location.structure.as_ref().is_some_and(|structure| structure.runs_host_code())
}

/// Ends a transfer that nobody waits for any more.
struct Guard(Option<Arc<Cancel>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(cancel) = self.0.take() {
            cancel.cancel();
        }
    }
}
