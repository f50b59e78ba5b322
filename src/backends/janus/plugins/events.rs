//! The names of events: what an event of a plugin is about, whatever member says so.

use super::{Plugin, find};
use crate::value::Node;

/// The name of a whole message of a plugin that is known.
pub fn event_name(message: Node<'_>) -> Option<&str> {
    let data = message.get("plugindata")?;
    find(data.get("plugin")?.as_str()?)?.event_name(data.get("data")?)
}

impl Plugin {
    /// The name of an event by its `plugindata.data`: `joined`, `publishers`, `talking`, `incomingcall` … Refusals are
    /// `error`. `None` when nothing names it.
    pub fn event_name<'a>(&self, data: Node<'a>) -> Option<&'a str> {
        if data.get("error_code").is_some() {
            return Some("error");
        }
        let said = data.get(self.name()).and_then(Node::as_str);
        if let Some(said) = said.filter(|said| *said != "event") {
            return Some(said);
        }
        let named = self.events.iter().find_map(|member| Some((data.get(member)?, *member)));
        match named {
            // The result is a word, or has one.
            Some((result, "result")) => result
                .as_str()
                .or_else(|| ["event", "status", "switched"].into_iter().find_map(|member| named_by(result, member))),
            Some((status, "status")) => status.as_str(),
            Some((_, member)) => Some(member),
            None => said,
        }
    }
}

/// The text under a member; the member's own name where it is a mere "ok".
fn named_by<'a>(result: Node<'a>, member: &'static str) -> Option<&'a str> {
    match result.get(member)?.as_str()? {
        "ok" => Some(member),
        name => Some(name),
    }
}
