//! What a plugin refuses: `error_code` and `error` in its data as an error with a stable word.

use super::Plugin;
use crate::error::{Code, Error, Outcome, code};

impl Plugin {
    /// What kind of failure an `error_code` is.
    pub fn refusal(&self, number: i64) -> &'static Code {
        self.refusals.iter().find(|(known, _)| *known == number).map_or(&code::PLUGIN_ERROR, |(_, code)| code)
    }
}

/// The error for what a plugin refused. A plugin that is not known has numbers of its own: they are all the same here.
pub fn refused(plugin: Option<&Plugin>, package: &str, number: i64, text: &str) -> Error {
    let code = plugin.map_or(&code::PLUGIN_ERROR, |plugin| plugin.refusal(number));
    let words = if text.is_empty() { "without a reason" } else { text };
    Error::new(code, format!("{package} refused: {words} ({number})"))
        .with("server_code", number)
        .with("server_text", text)
        .with("plugin", package)
        .outcome(Outcome::Applied)
}
