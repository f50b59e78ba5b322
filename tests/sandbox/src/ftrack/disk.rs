//! What the server holds in an SQLite file (`--data`): rows, keys of single users, and the bytes of components. A request is
//! one transaction there as well, written before it is answered, so that whoever has the answer finds the work after a
//! kill. Types and settings are not in it: they come from the command line each time.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::schema::Schemas;
use super::store::{Row, Store};
use crate::log::lock;

/// The form of the file.
const FORM: i64 = 1;
const TABLES: &str = "
    create table if not exists rows (number integer primary key, family text not null, kind text not null, entry text not null);
    create table if not exists keys (user text primary key, key text not null) without rowid;
    create table if not exists files (component text primary key, name text not null, bytes blob not null) without rowid;
";

/// One place of the rows: their family, and their number in the order of creation.
pub type Place = (String, u64);

/// The file.
pub struct Disk(Mutex<Connection>);

/// Bytes and names of components.
pub type Files = HashMap<String, (Vec<u8>, String)>;

impl Disk {
    /// Opens the file, made when it is not there.
    ///
    /// # Errors
    /// When it cannot be used, is in use by another server, or has another form.
    pub fn open(path: &Path) -> Result<Self, String> {
        let wrong = |error: rusqlite::Error| format!("{}: {error}", path.display());
        let file = Connection::open(path).map_err(wrong)?;
        // One that has just been killed may still be on its way out.
        file.busy_timeout(Duration::from_secs(1)).map_err(wrong)?;
        // Two servers with one truth would each believe their own memory.
        file.pragma_update(None, "locking_mode", "exclusive").map_err(wrong)?;
        file.pragma_update(None, "journal_mode", "wal").map_err(wrong)?;
        file.pragma_update(None, "synchronous", "normal").map_err(wrong)?;
        let form: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(wrong)?;
        if form != 0 && form != FORM {
            return Err(format!("{}: the file has form {form}, and this server knows form {FORM}", path.display()));
        }
        file.execute_batch(TABLES).map_err(wrong)?;
        file.pragma_update(None, "user_version", FORM).map_err(wrong)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Rows and keys as they were left; none when the file is new.
    ///
    /// # Errors
    /// When a row cannot be read, or has a type that is not there.
    pub fn load(&self, schemas: &Schemas) -> Result<Option<(Store, HashMap<String, String>)>, String> {
        let file = lock(&self.0);
        let mut store = Store::default();
        let mut all = file.prepare("select number, family, kind, entry from rows order by number").map_err(text)?;
        let mut rows = all.query([]).map_err(text)?;
        let mut any = false;
        while let Some(row) = rows.next().map_err(text)? {
            let (number, family, kind, entry): (i64, String, String, String) = row.try_into().map_err(text)?;
            let schema = schemas.get(&kind).ok_or_else(|| format!("the data has a {kind}, which is no type"))?;
            let values: Map<String, Value> = serde_json::from_str(&entry).map_err(|error| error.to_string())?;
            store.restore(&family, u64::try_from(number).unwrap_or_default(), schema, Row { kind, values });
            any = true;
        }
        let mut all = file.prepare("select user, key from keys").map_err(text)?;
        let keys = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(text)?;
        let keys = keys.collect::<Result<_, _>>().map_err(text)?;
        Ok(any.then_some((store, keys)))
    }

    /// Writes the rows of these places as they are now, and keys that were given.
    ///
    /// # Errors
    /// When the file cannot be written: nothing of it is then.
    pub fn save(&self, store: &Store, places: &BTreeSet<Place>, keys: &[(String, String)]) -> Result<(), String> {
        if places.is_empty() && keys.is_empty() {
            return Ok(());
        }
        let mut file = lock(&self.0);
        let work = file.transaction().map_err(text)?;
        for (family, number) in places {
            let place = i64::try_from(*number).unwrap_or(i64::MAX);
            match store.at(family, *number) {
                Some(row) => {
                    let entry = json!(row.values).to_string();
                    let written = "insert or replace into rows (number, family, kind, entry) values (?, ?, ?, ?)";
                    work.execute(written, params![place, family, row.kind, entry]).map_err(text)?;
                }
                None => drop(work.execute("delete from rows where number = ?", [place]).map_err(text)?),
            }
        }
        for (user, key) in keys {
            work.execute("insert or replace into keys (user, key) values (?, ?)", [user, key]).map_err(text)?;
        }
        work.commit().map_err(text)
    }

    /// The bytes of all components.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn files(&self) -> Result<Files, String> {
        let file = lock(&self.0);
        let mut all = file.prepare("select component, bytes, name from files").map_err(text)?;
        let found = all.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).map_err(text)?;
        found.collect::<Result<_, _>>().map_err(text)
    }

    /// Writes the bytes of a component, or removes them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, component: &str, bytes: Option<&(Vec<u8>, String)>) -> Result<(), String> {
        let file = lock(&self.0);
        match bytes {
            Some((bytes, name)) => {
                let written = "insert or replace into files (component, bytes, name) values (?, ?, ?)";
                file.execute(written, params![component, bytes, name]).map_err(text)?;
            }
            None => drop(file.execute("delete from files where component = ?", [component]).map_err(text)?),
        }
        Ok(())
    }

    /// Forgets everything, for a server that begins anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear(&self) -> Result<(), String> {
        lock(&self.0)
            .execute_batch("begin; delete from rows; delete from keys; delete from files; commit")
            .map_err(text)
    }
}

fn text(error: rusqlite::Error) -> String {
    format!("the data file: {error}")
}
