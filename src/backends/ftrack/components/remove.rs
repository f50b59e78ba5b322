//! Components out of a location: their bytes, then their registration, members first (spec/ftrack.md 9.3).

use std::sync::Arc;

use super::{Errand, add::lacks, register};
use crate::{
    backends::ftrack::{locations::{Location, Register}, store::EntityId},
    error::{Result, code},
};

/// Removes one component, one after the other with its members: what is removed is deregistered at once, so that a
/// failure leaves no registration of what is gone.
///
/// # Errors
/// `component_not_in_location`; `location`, those of the accessor and of the server.
pub fn remove(errand: &Errand<'_>, location: &Arc<Location>, component: EntityId, recursive: bool) -> Result<()> {
    errand.go_on()?;
    let mut identifier = register::identifier(errand, location, component)?;
    if recursive && let Some(members) = errand.members(component)? {
        for member in members {
            remove(errand, location, member, recursive)?;
        }
    }
    if location.moves_data {
        let accessor = location.accessor.as_ref().ok_or_else(|| lacks(location, "accessor"))?;
        if errand.is_python() && matches!(location.register, Register::Server) {
            identifier = register::identifier(errand, location, component)?;
        }
        let removed = accessor.remove(errand, &identifier);
        // A sequence is no thing of its own: its files are its members'.
        let fine = |word: &str| word == code::ACCESSOR_RESOURCE_NOT_FOUND.word && errand.is(component, "SequenceComponent");
        if let Err(error) = removed
            && !fine(error.code())
        {
            return Err(error.with("component", errand.address(component)).with("location", location.address()));
        }
    }
    register::deregister(errand, location, component)?;
    register::announce(errand, register::REMOVED, location, component);
    Ok(())
}
