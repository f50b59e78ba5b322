//! Structures that need no more than what they are given.

use super::{Structure, Subject, untold};
use crate::{backends::ftrack::components::Errand, error::Result};

/// The component's identifier.
#[derive(Debug, Default)]
pub struct EntityIdStructure;

impl Structure for EntityIdStructure {
    fn name(&self) -> String {
        "entity_id".into()
    }

    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String> {
        Ok(errand.id(subject.component).into())
    }
}

/// The identifier that the component has where it comes from.
#[derive(Debug, Default)]
pub struct OriginStructure;

impl Structure for OriginStructure {
    fn name(&self) -> String {
        "origin".into()
    }

    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String> {
        let source =
            subject.source.ok_or_else(|| untold(errand, subject.component, "it is not known where it comes from"))?;
        Ok(source.to_owned())
    }
}
