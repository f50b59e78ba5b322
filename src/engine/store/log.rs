//! Texts in order, for what must not be lost when the process ends at any moment: an entry that was appended is on the
//! disk.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{broken, open};
use crate::{
    error::{Error, Result, code},
    sys::lock::Mutex,
};

/// How long another one that has the file is waited for: it keeps it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Numbered texts in a file, which one opener at a time has.
pub struct Log {
    file: PathBuf,
    connection: Mutex<Connection>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Log").field(&self.file).finish()
    }
}

impl Log {
    /// Opens the file for `owner`, whose word is written into it the first time.
    ///
    /// # Errors
    /// `io`, also for a file that somebody else has open or that is no database; `argument` for a file of another owner.
    pub fn open(file: &Path, owner: &str) -> Result<Log> {
        let connection = open(file, PATIENCE, true)?;
        let made = || -> rusqlite::Result<Option<String>> {
            // Two who replay and clear the same list would send it twice.
            connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
            connection.execute_batch(
                "BEGIN EXCLUSIVE;
                 CREATE TABLE IF NOT EXISTS owner (word TEXT NOT NULL);
                 CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
                 CREATE TABLE IF NOT EXISTS mark (text TEXT NOT NULL);
                 COMMIT;",
            )?;
            let known = connection.query_row("SELECT word FROM owner", [], |row| row.get(0)).optional()?;
            if known.is_none() {
                connection.execute("INSERT INTO owner VALUES (?1)", [owner])?;
            }
            Ok(known)
        };
        match made().map_err(|error| broken(file, &error))? {
            Some(known) if known != owner => {
                let message = format!("the file {} belongs to {known}", file.display());
                Err(Error::new(&code::ARGUMENT, message))
            }
            _ => Ok(Log { file: file.to_owned(), connection: Mutex::new(connection) }),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&mut self.connection.lock()).map_err(|error| broken(&self.file, &error))
    }

    /// All entries in the order of their numbers.
    ///
    /// # Errors
    /// `io`.
    pub fn entries(&self) -> Result<Vec<(u64, String)>> {
        self.with(|connection| {
            let mut all = connection.prepare_cached("SELECT number, text FROM entries ORDER BY number")?;
            all.query_map([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)))?.collect()
        })
    }

    /// Removes entries and appends others, all or none. The mark is forgotten.
    ///
    /// # Errors
    /// `io`.
    pub fn change(&self, gone: &[u64], new: &[(u64, String)]) -> Result<()> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut remove = transaction.prepare_cached("DELETE FROM entries WHERE number = ?1")?;
                for gone in gone {
                    remove.execute([number(*gone)])?;
                }
                let mut append = transaction.prepare_cached("INSERT OR REPLACE INTO entries VALUES (?1, ?2)")?;
                for (new, text) in new {
                    append.execute(params![number(*new), text])?;
                }
                if !gone.is_empty() {
                    transaction.execute("DELETE FROM mark", [])?;
                }
            }
            transaction.commit()
        })
    }

    /// Leaves a word for whoever opens the file next, until entries are removed; without one, takes it away.
    ///
    /// # Errors
    /// `io`.
    pub fn set_mark(&self, text: Option<&str>) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM mark", [])?;
            if let Some(text) = text {
                transaction.execute("INSERT INTO mark VALUES (?1)", [text])?;
            }
            transaction.commit()
        })
    }

    /// The word that was left.
    ///
    /// # Errors
    /// `io`.
    pub fn mark(&self) -> Result<Option<String>> {
        self.with(|connection| connection.query_row("SELECT text FROM mark", [], |row| row.get(0)).optional())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_in_order_and_belong_to_one() {
        let directory =
            std::env::temp_dir().join(format!("haft-log-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("l.db");
        let log = Log::open(&file, "me").unwrap();
        let entry = |number: u64| (number, format!("e{number}"));
        log.change(&[], &[entry(3), entry(1), entry(2)]).unwrap();
        log.set_mark(Some("sending")).unwrap();
        assert_eq!(Log::open(&file, "me").unwrap_err().code(), "io", "while somebody has it");
        drop(log);
        assert_eq!(Log::open(&file, "you").unwrap_err().code(), "argument");
        let log = Log::open(&file, "me").unwrap();
        assert_eq!(log.entries().unwrap(), [entry(1), entry(2), entry(3)]);
        assert_eq!(log.mark().unwrap().as_deref(), Some("sending"));
        log.change(&[1, 2], &[entry(4)]).unwrap();
        assert_eq!((log.entries().unwrap(), log.mark().unwrap()), (vec![entry(3), entry(4)], None));
        drop(log);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
