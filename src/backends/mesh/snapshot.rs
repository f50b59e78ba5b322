//! Snapshots (verbs.md "Mesh").

use super::MeshSession;
use crate::{
    args::Args,
    error::Result,
    value::Tree,
};

/// Their names.
pub const NAMES: &[&str] = &["expires_in", "id", "server", "session", "session_id"];

/// Shows one.
///
/// # Errors
/// The mistake in the arguments.
pub fn inspect(session: &MeshSession, what: &str, _args: &Args) -> Result<Option<Tree>> {
    Ok(Some(match what {
        "expires_in" => session.workspace.expires_in().map_or(Tree::Null, Tree::Double),
        "server" => {
            let mut server = session.core.server.as_object().cloned().unwrap_or_default();
            server.insert("url", Tree::from(crate::backends::Backend::url(session)));
            Tree::Object(server)
        }
        "session" => session.workspace.show(),
        "id" if session.workspace.known().is_none() => return Ok(None),
        "id" | "session_id" => session.workspace.known().map_or(Tree::Null, |id| Tree::from(id.to_string())),
        _ => return Ok(None),
    }))
}

