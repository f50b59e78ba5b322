//! Opening a session: who the server is, whether it will do, and what types it has (spec/ftrack.md 1.5, 4.4, 5.1).

use std::{path::PathBuf, sync::Arc};

use super::{
    schema::{Schemas, cache, edit, hash},
    wire::{Wire, operation},
};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    log,
    value::{Document, Node, Provider, Tree},
};

/// The oldest version that will do.
const OLDEST: [u64; 3] = [3, 3, 11];

/// What a server says about itself.
pub struct Server {
    /// All of it.
    pub information: Tree,
    /// Its types.
    pub schemas: Arc<Schemas>,
}

/// Asks the server who it is, which checks the credentials, and gets the types: from the file when it is the server's,
/// else from the server. The host may edit them before they are used; the file has them as the server does.
///
/// # Errors
/// `server_compatibility`, `server` (with the status `auth` for a wrong key), and what goes wrong on the way.
pub fn start(
    wire: &Wire,
    server: &str,
    file: Option<PathBuf>,
    host: Option<&dyn Provider>,
    cancel: &Arc<Cancel>,
) -> Result<Server> {
    let args = &Args::new();
    let reply = wire.call(vec![operation("query_server_information", &[])], args, cancel)?;
    let information = reply.result(0)?;
    check_version(information)?;
    let expected = information.get("schema_hash").and_then(Node::as_str);
    if let (Some(file), Some(expected)) = (&file, expected)
        && let Some(document) = cache::read(file, expected)
    {
        let schemas = Arc::new(edit::read(&document, host)?);
        return Ok(Server { information: information.to_tree(), schemas });
    }
    let schemas = wire.call(vec![operation("query_schemas", &[])], args, cancel)?;
    let document = Document::from_tree(&schemas.result(0)?.to_tree());
    let read = Arc::new(edit::read(&document, host)?);
    if let Some(file) = &file {
        let known = hash(document.root());
        if expected.is_some_and(|expected| expected != known) {
            log::warn(c"ftrack", || {
                format!("the schemas of {server} do not have the hash that it tells; they are not kept")
            });
        } else if let Err(error) = cache::write(file, &document) {
            log::warn(c"ftrack", || format!("the schemas could not be kept: {error}"));
        }
    }
    Ok(Server { information: information.to_tree(), schemas: read })
}

/// A version that begins with three numbers must be new enough; others are taken as they are.
fn check_version(information: Node<'_>) -> Result<()> {
    let Some(version) = information.get("version").and_then(Node::as_str) else {
        return Err(Error::new(&code::SERVER_COMPATIBILITY, "the server did not tell its version"));
    };
    let mut numbers =
        version.split('.').map(|part| part.bytes().take_while(u8::is_ascii_digit).count()).zip(version.split('.'));
    let mut read = || numbers.next().and_then(|(digits, part)| part.get(..digits)?.parse::<u64>().ok());
    match (read(), read(), read()) {
        (Some(major), Some(minor), Some(patch)) if [major, minor, patch] < OLDEST => {
            let message = format!("the server is of version {version}, and 3.3.11 is the oldest that will do");
            Err(Error::new(&code::SERVER_COMPATIBILITY, message).with("server_text", version))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (text, good) in [
            (r#"{"version":"4.13.8.1234"}"#, true),
            (r#"{"version":"3.3.11"}"#, true),
            (r#"{"version":"3.10.0"}"#, true),
            (r#"{"version":"dev"}"#, true),
            (r#"{"version":"3.3.10"}"#, false),
            (r#"{"version":"2.99.99"}"#, false),
            (r#"{}"#, false),
        ] {
            assert_eq!(check_version(Document::from_json(text.into()).unwrap().root()).is_ok(), good, "{text}");
        }
    }
}
