//! Texts by key.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{Key, PATIENCE, broken, open};
use crate::{error::Result, sys::lock::Mutex};

/// Texts by key in a file.
pub struct Table {
    file: PathBuf,
    connection: Mutex<Connection>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Table").field(&self.file).finish()
    }
}

impl Table {
    /// Opens the file.
    ///
    /// # Errors
    /// `io`, also for a file that is no database.
    pub fn open(file: &Path) -> Result<Table> {
        let connection = open(file, PATIENCE, false)?;
        let made = connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        );
        made.map_err(|error| broken(file, &error))?;
        Ok(Table { file: file.to_owned(), connection: Mutex::new(connection) })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&mut self.connection.lock()).map_err(|error| broken(&self.file, &error))
    }

    /// The text under a key.
    ///
    /// # Errors
    /// `io`.
    pub fn get(&self, key: &Key) -> Result<Option<String>> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT value FROM entries WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()
        })
    }

    /// Changes texts, all or none: `merge` makes the new text of the old one (if there is one) and what is brought. Nobody
    /// else changes them meanwhile.
    ///
    /// # Errors
    /// `io`.
    pub fn merge(
        &self,
        entries: &[(Key, String)],
        merge: impl Fn(Option<String>, &str) -> Option<String>,
    ) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut get = transaction.prepare_cached("SELECT value FROM entries WHERE key = ?1")?;
                let mut put = transaction.prepare_cached(
                    "INSERT INTO entries VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?;
                for (key, brought) in entries {
                    let old: Option<String> = get.query_row([key], |row| row.get(0)).optional()?;
                    if let Some(new) = merge(old, brought) {
                        put.execute(params![key, new])?;
                    }
                }
            }
            transaction.commit()
        })
    }

    /// Removes texts; how many there were.
    ///
    /// # Errors
    /// `io`.
    pub fn remove(&self, keys: &[Key]) -> Result<usize> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut removed = 0;
            {
                let mut remove = transaction.prepare_cached("DELETE FROM entries WHERE key = ?1")?;
                for key in keys {
                    removed += remove.execute([key])?;
                }
            }
            transaction.commit()?;
            Ok(removed)
        })
    }

    /// All keys.
    ///
    /// # Errors
    /// `io`.
    pub fn keys(&self) -> Result<Vec<Key>> {
        self.with(|connection| {
            let mut keys = connection.prepare_cached("SELECT key FROM entries ORDER BY key")?;
            keys.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// How many there are.
    ///
    /// # Errors
    /// `io`.
    pub fn len(&self) -> Result<usize> {
        self.with(|connection| connection.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0)))
            .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Removes all.
    ///
    /// # Errors
    /// `io`.
    pub fn clear(&self) -> Result<()> {
        self.with(|connection| connection.execute("DELETE FROM entries", []).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_openers_see_the_same_texts() {
        let directory =
            std::env::temp_dir().join(format!("haft-table-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("t.db");
        let (one, other) = (Table::open(&file).unwrap(), Table::open(&file).unwrap());
        let pair = |key: &str, value: &str| (Key::from(key), value.to_owned());
        let join = |old: Option<String>, new: &str| Some(format!("{}{new}", old.unwrap_or_default()));
        one.merge(&[pair("b", "1"), pair("a", "2")], join).unwrap();
        other.merge(&[pair("b", "3"), pair("c", "")], join).unwrap();
        assert_eq!(one.get(&"b".into()).unwrap().as_deref(), Some("13"));
        one.merge(&[(Key::Bytes(b"b".to_vec()), "bytes".into())], join).unwrap();
        assert_eq!(
            (one.get(&"b".into()).unwrap().as_deref(), other.get(&Key::Bytes(b"b".to_vec())).unwrap().as_deref()),
            (Some("13"), Some("bytes"))
        );
        assert_eq!(other.remove(&[Key::Bytes(b"b".to_vec())]).unwrap(), 1);
        assert_eq!(one.keys().unwrap(), ["a", "b", "c"].map(Key::from));
        assert_eq!(other.remove(&["a".into(), "x".into()]).unwrap(), 1);
        assert_eq!((one.len().unwrap(), one.get(&"a".into()).unwrap()), (2, None));
        one.clear().unwrap();
        assert_eq!(other.len().unwrap(), 0);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(directory.join("no.db"), "this is no database, however one looks at it").unwrap();
        assert_eq!(Table::open(&directory.join("no.db")).unwrap_err().code(), "io");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
