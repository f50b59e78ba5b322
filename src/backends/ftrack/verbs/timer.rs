//! Timers of users (spec/ftrack.md 11): one runs at the most, and becomes a time log when it is stopped.

use super::{entities, plain, query_operation, read, services};
use crate::{
    backends::{
        Answer,
        ftrack::{
            FtrackSession,
            query::{Statement, quoted},
            store::{EntityId, Paths, Store, Value, time},
            way::Way,
        },
    },
    clock,
    error::{Error, Result, code},
    log, sys,
    value::{Object, Tree},
};

/// Starts one; with `force`, one that runs is stopped before.
pub(super) async fn start(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let user = services::subject(session, call, "User")?;
    if call.args.bool("force")?.unwrap_or(false) {
        match stop_of(session, call, user).await {
            Err(error) if error.code() != "no_result_found" => return Err(error),
            _ => {}
        }
    }
    let comment = call.args.str("comment")?.unwrap_or_default();
    let name = call.args.str("name")?.map_or(Tree::Null, Tree::from);
    let made = services::now(session, call, |store| {
        let mut data = Object::with_capacity(4);
        data.insert("user", store.reference(user));
        data.insert("context", call.args.get("context").cloned().unwrap_or_default());
        data.insert("name", name);
        data.insert("comment", Tree::from(comment));
        store.create("Timer", &data, true)
    })
    .await;
    let timer = made.map_err(|error| {
        let twice = error.detail().get("exception").and_then(Tree::as_str) == Some("DuplicateEntryError");
        if !twice {
            return error;
        }
        let message = "the timer was not started, as the user has one running; stop it first, or use force";
        error
            .detail()
            .iter()
            .filter(|(key, _)| *key != "code")
            .fold(Error::new(&code::NOT_UNIQUE, message), |out, (key, value)| out.with(key, value.clone()))
    })?;
    Ok(plain(&session.core.store.lock().show(timer, &Paths::default())))
}

/// Stops the running one; the answer is the time log.
pub(super) async fn stop(session: &FtrackSession, call: &Way<'_>) -> Result<Box<dyn Answer>> {
    let user = services::subject(session, call, "User")?;
    let timelog = stop_of(session, call, user).await?;
    Ok(plain(&session.core.store.lock().show(timelog, &Paths::default())))
}

/// What of a timer goes into its time log, in the order in which the official client looks at it.
const KEPT: [&str; 5] = ["start", "user_id", "context_id", "comment", "name"];

async fn stop_of(session: &FtrackSession, call: &Way<'_>, user: EntityId) -> Result<EntityId> {
    let core = &session.core;
    let id = core.store.lock().entity(user).and_then(|user| user.key.first().cloned()).unwrap_or_default();
    let text = format!("Timer where user_id = {}", quoted(&id));
    let statement = Statement::new(&text, &core.server.schemas, core.wire.sorted)?;
    let reply = core.wire.ask(vec![query_operation(statement.one()?)], call).await?;
    let data = entities(&reply)?;
    let found = core.store.lock().merge_all(data);
    let timer = match &*found {
        [] => return Err(Error::new(&code::NO_RESULT_FOUND, "the user has no timer running")),
        [Some(timer)] => *timer,
        [None] => return Err(Error::new(&code::PROTOCOL, "the server answered no timer where one was asked for")),
        _ => return Err(Error::new(&code::MULTIPLE_RESULTS_FOUND, "the user has more than one timer running")),
    };
    read::fill_several(core, timer, &KEPT, call).await?;
    let started = text_of(&core.store.lock(), timer, "start");
    let started = started
        .as_deref()
        .and_then(time::seconds)
        .ok_or_else(|| Error::new(&code::PROTOCOL, "the timer told no start"))?;
    let duration = server_now(session) - started;
    services::now(session, call, |store| {
        let mut data = Object::with_capacity(6);
        for name in ["user_id", "context_id", "comment", "start"] {
            data.insert(name, shown(store, timer, name));
        }
        data.insert("duration", Tree::Int(duration));
        data.insert("name", shown(store, timer, "name"));
        let timelog = store.create("Timelog", &data, true)?;
        store.delete(timer, true);
        Ok(timelog)
    })
    .await
}

/// The time of day as the server writes it: UTC, or its own time when it does not know of time zones. Then we are taken
/// to be in the same.
fn server_now(session: &FtrackSession) -> i64 {
    let now = clock::epoch_seconds();
    match session.core.server.information.get("is_timezone_support_enabled").and_then(Tree::as_bool) {
        Some(true) => now,
        Some(false) => now + sys::zone::offset_s(now),
        None => {
            log::warn(c"ftrack", || {
                "the server did not tell whether it knows of time zones; it is taken to be in UTC".to_owned()
            });
            now
        }
    }
}

fn text_of(store: &Store, id: EntityId, name: &str) -> Option<String> {
    let at = store.kind_of(id)?.position(name)?;
    match store.value(id, at)? {
        Value::Date(text) | Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn shown(store: &Store, id: EntityId, name: &str) -> Tree {
    let value = store.kind_of(id).and_then(|kind| {
        let (at, attribute) = kind.find(name).ok()?;
        Some(store.show_value(store.value(id, at)?, &attribute.kind, None))
    });
    value.unwrap_or_default()
}
