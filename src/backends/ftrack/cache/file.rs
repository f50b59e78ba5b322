//! A layer in an SQLite file, which sessions and processes share.

use std::path::{Path, PathBuf};

use super::{Layer, joined};
use crate::{
    engine::store::{Key, Table},
    error::Result,
};

pub(super) struct FileLayer {
    file: PathBuf,
    table: Table,
}

impl FileLayer {
    /// Opens the file, made when it is not there.
    pub(super) fn open(file: &Path) -> Result<FileLayer> {
        Ok(FileLayer { file: file.to_owned(), table: Table::open(file).map_err(|error| error.with("key", "cache"))? })
    }
}

impl Layer for FileLayer {
    fn name(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }

    fn get(&self, key: &Key) -> Result<Option<String>> {
        self.table.get(key)
    }

    fn merge(&self, entries: &[(Key, String)]) -> Result<()> {
        self.table.merge(entries, joined)
    }

    fn remove(&self, keys: &[Key]) -> Result<usize> {
        self.table.remove(keys)
    }

    fn clear(&self) -> Result<()> {
        self.table.clear()
    }

    fn count(&self) -> Option<usize> {
        self.table.len().ok()
    }
}
