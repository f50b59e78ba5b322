//! What outlives the process: texts by key and lists in order, in SQLite files that several processes may share (design
//! section 3, `store`). It knows nothing of whose they are. Every call may wait for the disk: never the reactor's work.

mod key;
mod log;
mod table;

pub use key::Key;
pub use log::Log;
pub use table::Table;

use std::{path::Path, time::Duration};

use rusqlite::Connection;

use crate::error::{Error, Result, code};

/// How long another process that writes is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a file, made when it is not there.
fn open(file: &Path, patience: Duration, durable: bool) -> Result<Connection> {
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
