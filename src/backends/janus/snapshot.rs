//! Snapshots of a session (verbs.md "Janus").

use super::JanusSession;
use crate::{
    args::Args,
    error::Result,
    value::{Object, Tree},
};

/// Their names.
pub const NAMES: &[&str] = &["handles", "server_info", "session_id"];

/// Shows one.
///
/// # Errors
/// The mistake in the arguments.
pub fn inspect(of: &JanusSession, what: &str, args: &Args) -> Result<Option<Tree>> {
    let (session, line) = (&of.session, &of.session.line);
    let number = |number: Option<u64>| number.map_or(Tree::Null, Tree::from);
    Ok(Some(match what {
        "id" if session.id().is_none() => return Ok(None),
        "id" | "session_id" => number(session.id()),
        "handles" => session
            .handles()
            .iter()
            .map(|handle| {
                let mut shown = Object::with_capacity(3);
                shown.insert("id", number(handle.id()));
                shown.insert("plugin", handle.wish.plugin.as_deref().map_or(Tree::Null, Tree::from));
                shown.insert("opaque_id", handle.wish.opaque_id.as_deref().map_or(Tree::Null, Tree::from));
                Tree::Object(shown)
            })
            .collect(),
        "server_info" => line.info().map_or(Tree::Null, |info| info.root().to_tree()),
        "stats" => {
            let mut shown = Object::default();
            line.count(&mut shown);
            Tree::Object(shown)
        }
        "options" => {
            let below = line.web().map(|web| web.inspect(what, args)).transpose()?.flatten();
            let mut shown = below.and_then(|below| below.as_object().cloned()).unwrap_or_default();
            line.terms().show(&mut shown);
            shown.insert("keepalive", Tree::Double(session.interval().as_secs_f64()));
            Tree::Object(shown)
        }
        _ => return Ok(None),
    }))
}
