//! The sandbox's own pages: log, connections, faults. They are not logged and no fault strikes them.

use std::io;
use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::{bad_request, not_found};
use crate::exchange::{Exchange, Next, Reply};
use crate::h2::Tuning;
use crate::log::lock;
use crate::request::Args;
use crate::server::Gate;
use crate::state::Fault;

/// `/_log`, `/_connections`, `/_control`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let method = ex.request.method().to_owned();
    match (words[0], method.as_str()) {
        ("_log", "DELETE") => {
            ex.state.log.clear();
            ex.send(Reply::new(204)).await
        }
        ("_log", _) => {
            let log = ex.state.log.to_json(args.number("since", 0), args.get("key"), args.get("listener"));
            ex.send(Reply::json(&log)).await
        }
        ("_connections", _) => {
            let shown = ex.state.connections_json();
            ex.send(Reply::json(&shown)).await
        }
        ("_h2", "DELETE") => {
            ex.state.reports.clear();
            ex.send(Reply::new(204)).await
        }
        ("_h2", _) => {
            let connection = args.get("connection").and_then(|text| text.parse().ok());
            let shown = ex.state.reports.to_json(args.get("listener"), connection);
            ex.send(Reply::json(&shown)).await
        }
        ("_control", "DELETE") => {
            ex.state.clear_faults();
            *lock(&ex.state.tuning) = Tuning::default();
            ex.send(Reply::new(204)).await
        }
        ("_control", "POST") if args.flag("drop") => {
            let dropped = ex.state.drop_connections(ex.origin.connection, args.get("listener"));
            ex.send(Reply::json(&json!({ "dropped": dropped }))).await
        }
        ("_control", "POST") if args.get("janus") == Some("restart") => restart_janus(ex).await,
        ("_control", "POST") if args.get("gate").is_some() => gate(ex, &args).await,
        ("_control", "POST") if args.flag("h2") => {
            let tuning = Tuning::from_args(&args);
            let shown = tuning.to_json();
            *lock(&ex.state.tuning) = tuning;
            ex.send(Reply::json(&shown)).await
        }
        ("_control", "POST") => match Fault::from_args(&args) {
            Some(fault) => {
                let shown = fault.to_json();
                ex.state.add_fault(fault);
                ex.send(Reply::json(&shown)).await
            }
            None => bad_request(ex, "how must be delay, reset, close, stall or status").await,
        },
        ("_control", "GET") => {
            let faults: Value = lock(&ex.state.faults).iter().map(Fault::to_json).collect();
            ex.send(Reply::json(&json!({ "faults": faults, "h2": lock(&ex.state.tuning).to_json() }))).await
        }
        _ => not_found(ex).await,
    }
}

/// `/_control?listener=NAME&gate=open|paused|closed&drop_all=1&seconds=N`: with `seconds` it opens again by itself.
async fn gate(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let name = args.get("listener").unwrap_or("http").to_owned();
    let gate = match args.get("gate") {
        Some("open") => Gate::Open,
        Some("paused") => Gate::Paused,
        Some("closed") => Gate::Closed,
        _ => return bad_request(ex, "gate must be open, paused or closed").await,
    };
    if !ex.state.set_gate(&name, gate).await {
        return bad_request(ex, "there is no listener of that name on TCP").await;
    }
    let dropped = if args.flag("drop_all") { ex.state.drop_connections(ex.origin.connection, Some(&name)) } else { 0 };
    if let Some(wait) = args.get("seconds").and_then(super::timing::seconds) {
        let (state, name) = (Arc::clone(ex.state), name.clone());
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            state.set_gate(&name, Gate::Open).await;
        });
    }
    ex.send(Reply::json(&json!({"listener": name, "gate": args.get("gate"), "dropped": dropped}))).await
}

/// `/_control?janus=restart`: it is killed and started again; done when it answers again.
async fn restart_janus(ex: &mut Exchange<'_>) -> io::Result<Next> {
    let Some(janus) = ex.state.janus.get().and_then(Weak::upgrade) else {
        return bad_request(ex, "there is no Janus beside this sandbox").await;
    };
    // Both wait for processes.
    let done = tokio::task::spawn_blocking(move || janus.kill().and_then(|()| janus.restart())).await;
    match done.map_err(io::Error::other)? {
        Ok(()) => ex.send(Reply::new(204)).await,
        Err(error) => bad_request(ex, &error.to_string()).await,
    }
}
