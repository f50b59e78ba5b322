//! The argument `cookies` of create, configure and attach.

use super::settings::within;
use crate::{
    args::Args,
    engine::http::cookies::{Edit, Jar},
    error::Result,
    value::Tree,
};

/// What `cookies` at create, configure or attach does to the jar; those of a map belong to every host, as in requests.
pub enum CookieEdits {
    /// All of them go.
    Clear,
    /// These come and go.
    Edit(Vec<Edit>),
}

impl CookieEdits {
    /// Reads it.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args) -> Result<CookieEdits> {
        Ok(match args.get("cookies") {
            // The switch is a setting.
            None | Some(Tree::Bool(_)) => CookieEdits::Edit(Vec::new()),
            Some(Tree::Null) => CookieEdits::Clear,
            Some(cookies) => CookieEdits::Edit(Edit::parse(cookies).map_err(|error| within("cookies", error))?),
        })
    }

    /// Does it.
    ///
    /// # Errors
    /// `argument`.
    pub fn apply(self, jar: &mut Jar, now: i64) -> Result<()> {
        match self {
            CookieEdits::Clear => {
                jar.clear();
                Ok(())
            }
            CookieEdits::Edit(edits) => jar.apply(edits, now),
        }
    }
}
