//! What a plugin refuses: `error_code` and `error` in its data as an error with a stable word.

use super::{Plugin, find};
use crate::error::{Code, Error, Outcome, code};

impl Plugin {
    /// What kind of failure an `error_code` is.
    pub fn refusal(&self, number: i64) -> &'static Code {
        self.refusals.iter().find(|(known, _)| *known == number).map_or(&code::PLUGIN_ERROR, |(_, code)| code)
    }
}

/// The error for what a plugin refused. A plugin that is not known has numbers of its own: they are all the same here.
pub fn refused(package: &str, number: Option<i64>, text: &str) -> Error {
    let code = find(package).zip(number).map_or(&code::PLUGIN_ERROR, |(plugin, number)| plugin.refusal(number));
    let error = Error::new(code, format!("{package} refused: {text}"));
    let error = match number {
        Some(number) => error.with("server_code", number),
        None => error,
    };
    error.with("server_text", text).with("plugin", package).outcome(Outcome::Applied)
}
