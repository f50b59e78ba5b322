//! Named arguments: what the host writes before a call. Serves design section 2 "args" and the keys of `verbs.md`.

mod duration;
mod key;
mod typed;
mod writing;

#[cfg(test)]
mod tests;

use std::{fmt, sync::OnceLock};

use crate::{
    error::{Error, Result, code},
    value::{Document, Object, Tree},
};

pub use duration::duration;
pub use typed::{boolean, double, int, object, text};

/// A set of named arguments. The first mistake made while writing sticks and comes out of [`Args::check`].
#[derive(Default)]
pub struct Args {
    root: Object,
    mistake: Option<Error>,
    /// The frozen form that the host was shown; any write drops it.
    view: OnceLock<Box<Document>>,
}

impl Args {
    /// No arguments.
    pub fn new() -> Args {
        Args::default()
    }

    /// An argument, or a whole group, or with a dotted key an entry of a group.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        if self.root.is_empty() {
            return None;
        }
        self.root.get(key).or_else(|| {
            // Keys are short: a plain look is quicker than a search.
            let dot = key.bytes().position(|byte| byte == b'.')?;
            let (group, member) = (key.get(..dot)?, key.get(dot + 1..)?);
            self.root.get(group)?.as_object()?.get(member)
        })
    }

    /// All arguments.
    pub fn root(&self) -> &Object {
        &self.root
    }

    /// All arguments, taken out.
    pub fn into_root(self) -> Object {
        self.root
    }

    /// Whether there is no argument (a mistake may have been made all the same).
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// What the host sees of them, as it was written, secrets included. Valid until the next write.
    pub fn view(&self) -> &Document {
        self.view.get_or_init(|| Document::from_object(&self.root))
    }

    /// The first mistake, if there was one.
    ///
    /// # Errors
    /// `argument`, naming the key and what was wrong.
    pub fn check(&self) -> Result<()> {
        self.mistake.as_ref().map_or(Ok(()), |mistake| Err(again(mistake)))
    }
}

impl Clone for Args {
    /// A copy without the frozen form; it has made the same mistake.
    fn clone(&self) -> Args {
        Args { root: self.root.clone(), mistake: self.mistake.as_ref().map(again), view: OnceLock::new() }
    }
}

impl From<Object> for Args {
    fn from(root: Object) -> Args {
        Args { root, ..Args::default() }
    }
}

impl fmt::Debug for Args {
    /// The keys alone: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.root.keys()).finish()
    }
}

/// The same error once more: the arguments may be used for several calls, and each hears of the mistake.
fn again(error: &Error) -> Error {
    let code = code::ALL.iter().find(|code| code.word == error.code()).copied().unwrap_or(&code::ARGUMENT);
    let copy = Error::new(code, error.message().to_owned()).status_as(error.status());
    error.detail().iter().fold(copy, |copy, (key, value)| copy.with(key, value.clone()))
}
