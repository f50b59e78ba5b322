//! What outlives the process: texts by key and lists in order, in SQLite files that several processes may share (design
//! section 3, `store`). It knows nothing of whose they are. Every call may wait for the disk: never the reactor's work.

mod key;
mod log;
mod table;

pub use key::Key;
pub use log::Log;
pub use table::Table;

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use rusqlite::Connection;

use crate::error::{Error, Result, code};

/// How long another process that writes is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a file, made when it is not there: for its owner alone, as nobody knows what is put into it. One that is to be
/// shared is made by whoever shares it.
fn open(file: &Path, patience: Duration, durable: bool) -> Result<Connection> {
    // What cannot be made here SQLite tells in its own words.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let connection = Connection::open(file).map_err(|error| broken(file, &error))?;
    let prepare = || -> rusqlite::Result<()> {
        connection.busy_timeout(patience)?;
        // Readers do not wait for who writes. Where a file system cannot do that, SQLite stays as it was.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })
    };
    prepare().map_err(|error| broken(file, &error))?;
    Ok(connection)
}

/// A failure of the file.
fn broken(file: &Path, error: &rusqlite::Error) -> Error {
    Error::new(&code::IO, format!("the file {} could not be used: {error}", file.display())).transient(false)
}
