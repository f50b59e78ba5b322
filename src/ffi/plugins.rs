//! Registering plug-ins with a new session: each is given the handle, the library's version and the host's arguments.
//!
//! One that fails, or is made for another library, is left out with a warning; the session goes on. What a plug-in does in
//! there runs as any other code of the host.

use std::path::Path;

use super::{
    library::{HAFT_OK, VERSION_NUMBER, haft_status},
    sessions::{haft_plugin_fn, haft_session},
    value_pointer,
};
use crate::{
    args::Args,
    backends::PlugIns,
    error::Status,
    log,
    session::HostCode,
    sys::library::Library,
    value::{Document, Object, Tree},
};

/// Registers all of them, libraries first.
///
/// # Safety
/// `session` is a living handle, and stays one meanwhile.
pub(super) unsafe fn register(session: *mut haft_session, plugins: PlugIns) {
    let arguments = plugins.arguments.as_ref().map(Document::from_tree);
    for file in &plugins.libraries {
        // SAFETY: the caller's promise.
        match unsafe { load(file, session, arguments.as_deref()) } {
            Ok(()) => log::info(c"plugin", || format!("{} was registered", file.display())),
            Err(why) => log::warn(c"plugin", || format!("{} was left out: {why}", file.display())),
        }
    }
    for provider in &plugins.providers {
        let mut given = Object::with_capacity(3);
        // A value holds no pointers; the host makes one of the number.
        given.insert("session", Tree::from(session.expose_provenance()));
        given.insert("version_number", Tree::Int(VERSION_NUMBER.into()));
        given.insert("arguments", plugins.arguments.clone().unwrap_or_default());
        let mut call = Object::with_capacity(3);
        call.insert("provider", Tree::from("plugin"));
        call.insert("method", Tree::from("register"));
        call.insert("arguments", Tree::Object(given));
        let mut reply = Args::new();
        let status = provider.call(Tree::Object(call), &mut reply);
        if status != Status::Ok {
            let text = reply.str("message").ok().flatten().unwrap_or("it did not say why");
            log::warn(c"plugin", || format!("a plug-in of the host failed with {}: {text}", status as haft_status));
        }
    }
}

/// Loads one library and registers what is in it.
unsafe fn load(file: &Path, session: *mut haft_session, arguments: Option<&Document>) -> Result<(), String> {
    let library = Library::load(file)?;
    // SAFETY: these are the types that the header gives to what is exported under the names; the constant stays.
    let (wanted, register) = unsafe {
        let wanted: Option<*const u32> = library.symbol(c"haft_plugin_version");
        let register: haft_plugin_fn = library.symbol(c"haft_plugin_register");
        (wanted.and_then(|wanted| wanted.as_ref()).copied(), register)
    };
    if let Some(wanted) = wanted
        && !fits(wanted, VERSION_NUMBER)
    {
        return Err(format!("it was made for version {}, and this is {}", shown(wanted), shown(VERSION_NUMBER)));
    }
    let register = register.ok_or("it has no haft_plugin_register")?;
    let _inside = HostCode::enter();
    // SAFETY: the type is the header's; handle and arguments live for the duration of the call.
    match unsafe { register(session, VERSION_NUMBER, value_pointer::root(arguments)) } {
        HAFT_OK => Ok(()),
        status => Err(format!("its registration answered {status}")),
    }
}

/// Whether a plug-in that was made with a header finds in this library what the header says: until 1.0 every minor
/// version may differ.
fn fits(wanted: u32, ours: u32) -> bool {
    let major = |number: u32| number >> 16;
    let minor_counts = major(ours) == 0;
    major(wanted) == major(ours) && (!minor_counts || wanted >> 8 == ours >> 8) && wanted <= ours
}

fn shown(number: u32) -> String {
    format!("{}.{}.{}", number >> 16, (number >> 8) & 0xff, number & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_fit() {
        for (wanted, ours, good) in [
            (0x0001_00, 0x0001_00, true),
            (0x0001_00, 0x0001_02, true),
            (0x0001_02, 0x0001_00, false),
            (0x0001_00, 0x0002_00, false),
            (0x0101_00, 0x0102_00, true),
            (0x0102_00, 0x0101_00, false),
            (0x0102_00, 0x0201_00, false),
            (0x0001_00, 0x0101_00, false),
        ] {
            assert_eq!(fits(wanted, ours), good, "{} on {}", shown(wanted), shown(ours));
        }
        assert_eq!(shown(0x0a_0b0c), "10.11.12");
    }
}
