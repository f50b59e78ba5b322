//! The settings of one handle: a root's own, or a child's laid over those of its parent as they are now.

use std::sync::{Arc, Weak};

use crate::sys::lock::{Mutex, RwLock};

use super::settings::{Level, Settings};
use crate::{args::Args, engine::http::environment::EnvironmentSettings, error::Result};

/// The settings of one handle.
pub(super) struct Layer {
    parent: Option<Arc<Layer>>,
    /// What was written on a child, in order: it is replayed when the parent changes. Held through every change.
    written: Mutex<Vec<Args>>,
    current: RwLock<Current>,
}

struct Current {
    settings: Arc<Settings>,
    /// The parent's settings that these were made from. Weak: an address is not used again while it is known here.
    from: Weak<Settings>,
}

impl Layer {
    /// The settings of a root.
    pub(super) fn root(settings: Settings) -> Layer {
        let current = Current { settings: Arc::new(settings), from: Weak::new() };
        Layer { parent: None, written: Mutex::default(), current: RwLock::new(current) }
    }

    /// The settings of a child: `args` over its parent's.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub(super) fn child(parent: &Arc<Layer>, args: &Args, environment: &EnvironmentSettings) -> Result<Layer> {
        let written = if args.is_empty() { Vec::new() } else { vec![args.clone()] };
        let current = Current { settings: parent.settings(environment)?, from: Weak::new() };
        let layer =
            Layer { parent: Some(Arc::clone(parent)), written: Mutex::new(written), current: RwLock::new(current) };
        layer.settings(environment)?;
        Ok(layer)
    }

    /// Whose settings these are laid over.
    pub(super) fn parent(&self) -> Option<&Arc<Layer>> {
        self.parent.as_ref()
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// What was right when it was written and is not any more over the parent's changes.
    pub(super) fn settings(&self, environment: &EnvironmentSettings) -> Result<Arc<Settings>> {
        let Some(parent) = &self.parent else { return Ok(Arc::clone(&self.current.read().settings)) };
        let base = parent.settings(environment)?;
        if let Some(settings) = self.known(&base) {
            return Ok(settings);
        }
        let written = self.written.lock();
        self.replay(&written, base, environment)
    }

    /// Lays `args` over the settings.
    ///
    /// # Errors
    /// The mistake in the arguments; nothing has changed then.
    pub(super) fn configure(&self, args: &Args, environment: &EnvironmentSettings) -> Result<()> {
        let mut written = self.written.lock();
        let base = match &self.parent {
            Some(parent) => {
                let base = parent.settings(environment)?;
                match self.known(&base) {
                    Some(settings) => settings,
                    None => self.replay(&written, base, environment)?,
                }
            }
            None => Arc::clone(&self.current.read().settings),
        };
        let mut settings = Settings::clone(&base);
        settings.overlay(args, Level::Session, environment)?;
        if self.parent.is_some() {
            written.push(args.clone());
        }
        // Dropping the old ones may run the host's code: not under the lock.
        let old = std::mem::replace(&mut self.current.write().settings, Arc::new(settings));
        drop(written);
        drop(old);
        Ok(())
    }

    /// The settings made before, when `base` is what they were made from.
    fn known(&self, base: &Arc<Settings>) -> Option<Arc<Settings>> {
        let current = self.current.read();
        std::ptr::eq(current.from.as_ptr(), Arc::as_ptr(base)).then(|| Arc::clone(&current.settings))
    }

    fn replay(
        &self,
        written: &[Args],
        base: Arc<Settings>,
        environment: &EnvironmentSettings,
    ) -> Result<Arc<Settings>> {
        let settings = if written.is_empty() {
            Arc::clone(&base)
        } else {
            let mut settings = Settings::clone(&base);
            for args in written {
                settings.overlay(args, Level::Session, environment)?;
            }
            Arc::make_mut(&mut settings.adapters).keep_cassettes(&self.current.read().settings.adapters);
            Arc::new(settings)
        };
        let made = Current { settings: Arc::clone(&settings), from: Arc::downgrade(&base) };
        let old = std::mem::replace(&mut *self.current.write(), made);
        drop(old);
        Ok(settings)
    }
}
