//! Named arguments: what the host writes before a call.

use crate::{
    error::Error,
    error::Result,
    value::{Document, Object, Tree},
};

/// A set of named arguments. The first mistake made while writing sticks and comes out of [`Args::check`].
#[derive(Debug, Default)]
pub struct Args {
    root: Object,
}

impl Args {
    /// No arguments.
    pub fn new() -> Args {
        Args::default()
    }

    /// Sets one argument. A dotted key puts an entry into a group, split at the first dot only; `[]` at the end appends.
    pub fn set(&mut self, key: &str, value: impl Into<Tree>) {
        self.root.insert(key, value.into());
    }

    /// Sets what a JSON text says; without a key, its members one by one.
    pub fn set_json(&mut self, key: Option<&str>, json: &str) {
        let _ = (key, json);
        todo!()
    }

    /// Keeps a mistake, unless there was one before.
    pub fn set_mistake(&mut self, mistake: Error) {
        let _ = mistake;
        todo!()
    }

    /// What was written so far, frozen.
    pub fn view(&self) -> &Document {
        todo!()
    }

    /// An argument, or a whole group.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.root.get(key)
    }

    /// All arguments.
    pub fn root(&self) -> &Object {
        &self.root
    }

    /// The first mistake, if there was one.
    ///
    /// # Errors
    /// `argument`, naming the key and what was wrong.
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
}
