//! Snapshots (verbs.md "Mesh").

use super::MeshSession;
use crate::{args::Args, error::Result, value::Tree};

/// Their names.
pub const NAMES: &[&str] = &["expires_in", "id", "server", "session", "session_id"];

/// Shows one.
///
/// # Errors
/// The mistake in the arguments.
pub fn inspect(session: &MeshSession, what: &str, args: &Args) -> Result<Option<Tree>> {
    Ok(Some(match what {
        "expires_in" => session.workspace.expires_in().map_or(Tree::Null, Tree::Double),
        "server" => {
            let mut server = session.core.server.as_object().cloned().unwrap_or_default();
            server.insert("url", Tree::from(crate::backends::Backend::url(session)));
            Tree::Object(server)
        }
        "options" => {
            let core = &session.core;
            let mut shown =
                core.wire.web.inspect(what, args)?.and_then(|shown| shown.as_object().cloned()).unwrap_or_default();
            let longest = session.workspace.longest();
            shown.insert("keepalive", longest.map_or(Tree::Bool(false), |longest| Tree::Double(longest.as_secs_f64())));
            shown.insert("max_receive_size", Tree::Int(i64::try_from(core.wire.most).unwrap_or(i64::MAX)));
            core.usual.lock().show(&mut shown);
            core.wire.login.show(&mut shown);
            Tree::Object(shown)
        }
        "session" => session.workspace.show(),
        "id" if session.workspace.known().is_none() => return Ok(None),
        "id" | "session_id" => session.workspace.known().map_or(Tree::Null, |id| Tree::from(id.to_string())),
        _ => return Ok(None),
    }))
}
