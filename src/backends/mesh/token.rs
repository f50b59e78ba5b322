//! What says who we are: nothing, or a bearer token (spec/mesh.md 2.4, 2.5).

use std::sync::Arc;

use super::wire::Wire;
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result},
    secret::Secret,
    sys::lock::Mutex,
    value::Tree,
};

/// Where the token comes from.
#[derive(Debug, Default)]
pub struct Token(Mutex<Source>);

#[derive(Debug, Default)]
enum Source {
    /// None is sent.
    #[default]
    None,
    /// The host gave it.
    Given(Secret),
}

impl Token {
    /// Reads `access_token`. It is only ever sent over TLS.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args, secure: bool) -> Result<Token> {
        let source = match args.get("access_token") {
            None | Some(Tree::Null) => Source::None,
            Some(_) if !secure => return Err(Error::option("access_token", "a token is sent over TLS alone; use mesh+https")),
            Some(Tree::Text(token)) => Source::Given(Secret::new(token.to_string())),
            Some(other) => return Err(Error::option("access_token", format!("access_token was {}; text was expected", other.kind_name()))),
        };
        Ok(Token(Mutex::new(source)))
    }

    /// The token for a call that begins now.
    ///
    /// # Errors
    /// What its supplier says.
    pub fn current(&self, _wire: &Wire, _cancel: &Arc<Cancel>) -> Result<Option<String>> {
        match &*self.0.lock() {
            Source::None => Ok(None),
            Source::Given(token) => Ok(Some(token.reveal().to_owned())),
        }
    }

    /// The token, when it is known without asking anybody; `None` when somebody has to be asked.
    #[must_use]
    pub fn known(&self) -> Option<Option<String>> {
        match &*self.0.lock() {
            Source::None => Some(None),
            Source::Given(token) => Some(Some(token.reveal().to_owned())),
        }
    }
}
