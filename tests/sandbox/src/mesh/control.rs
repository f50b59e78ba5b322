//! `/_mesh`: settings, faults, sessions, and the calls that were received.

use std::io;

use serde_json::{Value, json};

use super::Mesh;
use super::fault::Fault;
use super::id::Id;
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::Args;

/// Answers `/_mesh...`.
pub async fn serve(ex: &mut Exchange<'_>, server: &Mesh, words: &[&str]) -> io::Result<Next> {
    let mut args = ex.request.args();
    let reply = match (words, ex.request.method()) {
        ([], "POST") => {
            args.0.extend(crate::request::parse_pairs(&crate::request::latin1(&ex.body)));
            match apply(server, &args) {
                Ok(value) => Reply::json(&value),
                Err(why) => Reply::text(format!("{why}\n")).status(400),
            }
        }
        ([], "DELETE") => {
            server.reset();
            Reply::new(204)
        }
        ([], _) => Reply::json(&state(server)),
        (["log"], "DELETE") => {
            server.journal.clear();
            Reply::new(204)
        }
        (["log"], _) => Reply::json(&shown(server, args.number("since", 0), args.get("method"), args.flag("ids"))),
        _ => Reply::text("there is no such page\n").status(404),
    };
    ex.send(reply).await
}

/// Carries out one order: `fault=`, `set=1&name=value`, `kill=ID|all`, `seed=hydro`, `series=KEY`, `clear=1`, `reset=1`.
///
/// # Errors
/// When it is not understood.
pub fn apply(server: &Mesh, args: &Args) -> Result<Value, String> {
    if args.get("fault").is_some() {
        let fault = Fault::from_args(args)?;
        let shown = fault.to_json();
        lock(&server.faults).add(fault);
        return Ok(shown);
    }
    if args.get("set").is_some() {
        let mut settings = lock(&server.settings);
        settings.change(args)?;
        return Ok(settings.to_json());
    }
    if let Some(which) = args.get("kill") {
        let which = match which {
            "all" => None,
            text => Some(Id::parse(text).ok_or("kill needs the id of a session, or all")?),
        };
        return Ok(json!({ "killed": lock(&server.sessions).kill(which) }));
    }
    if let Some(what) = args.get("seed") {
        let count = args.number("count", 100);
        let points = args.number("points", 1000);
        let text = what.to_owned();
        let done = lock(&server.sessions).publish(|store| super::seed::more(store, &text, count, points));
        return done.map(|()| json!({ "seed": what })).map_err(|why| why.message().to_owned());
    }
    if args.flag("reset") {
        server.reset();
        return Ok(state(server));
    }
    if args.flag("clear") {
        *lock(&server.faults) = super::Faults::default();
        return Ok(state(server));
    }
    Err("one of fault, set, kill, seed, clear, reset is needed".to_owned())
}

fn state(server: &Mesh) -> Value {
    let now = server.now();
    let settings = lock(&server.settings).to_json();
    let faults = lock(&server.faults).to_json();
    json!({ "settings": settings, "faults": faults, "sessions": lock(&server.sessions).to_json(now) })
}

/// The calls after number `since`, as `/_mesh/log` shows them.
pub fn shown(server: &Mesh, since: u64, method: Option<&str>, ids: bool) -> Value {
    server.journal.to_json(since, method, ids)
}
