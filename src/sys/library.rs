//! Shared objects that the host names. Once loaded they stay: their code may be in use anywhere.

use std::{error::Error as _, ffi::CStr, mem::ManuallyDrop, path::Path};

use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};

/// A loaded library.
pub struct Library(ManuallyDrop<Loaded>);

impl Library {
    /// Loads a library, with all that it needs and with its names kept to itself. Its constructors run.
    ///
    /// # Errors
    /// In the system's words.
    pub fn load(file: &Path) -> Result<Library, String> {
        // SAFETY: the host asked for this library, and answers for what its constructors do.
        let loaded = unsafe { Loaded::open(Some(file), RTLD_NOW | RTLD_LOCAL) };
        // What failed is in the source: which symbol, which file.
        loaded
            .map(|loaded| Library(ManuallyDrop::new(loaded)))
            .map_err(|error| error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }

    /// What the library has under a name.
    ///
    /// # Safety
    /// `T` is a pointer, and the library has something under the name that it may point at.
    pub unsafe fn symbol<T: Copy>(&self, name: &CStr) -> Option<T> {
        // SAFETY: the caller's promise; a copy may outlive the symbol, as the library stays.
        unsafe { self.0.get::<T>(name.to_bytes_with_nul()) }.ok().map(|symbol| *symbol)
    }
}
