//! Places by identifier: its first four characters are directories, so that none of them holds millions of entries.

use super::{Shape, Structure, Subject, directory, file_type};
use crate::{
    backends::ftrack::{
        components::{Errand, pattern},
        store::EntityId,
    },
    error::Result,
};

/// Identifiers as paths.
#[derive(Debug, Default)]
pub struct IdStructure {
    /// What stands before them.
    pub prefix: String,
}

impl IdStructure {
    /// `prefix/1/2/3/4/56789…`
    fn parts(&self, id: &str) -> Vec<String> {
        let mut parts = vec![self.prefix.clone()];
        parts.extend(id.chars().take(4).map(String::from));
        parts.push(id.chars().skip(4).collect());
        parts
    }

    fn place(&self, errand: &Errand<'_>, component: EntityId) -> Result<String> {
        let id = errand.id(component);
        let parts = match Shape::of(errand, component, "id")? {
            Shape::Container => self.parts(&id),
            Shape::Sequence => {
                let mut parts = self.parts(&id);
                let number = pattern::expression(errand.number(component, "padding")?.unwrap_or(0));
                parts.push(format!("file.{number}{}", file_type(errand, component)?));
                parts
            }
            Shape::File => match errand.related(component, "container")? {
                None => {
                    let mut parts = self.parts(&id);
                    if let Some(last) = parts.last_mut() {
                        last.push_str(&file_type(errand, component)?);
                    }
                    parts
                }
                Some(container) => {
                    let above = self.place(errand, container)?;
                    if errand.is(container, "SequenceComponent") {
                        let name = errand.text(component, "name")?.unwrap_or_default();
                        vec![directory(&above).to_owned(), format!("file.{name}{}", file_type(errand, component)?)]
                    } else {
                        vec![above, format!("{id}{}", file_type(errand, component)?)]
                    }
                }
            },
        };
        Ok(parts.join("/").trim_matches('/').to_owned())
    }
}

impl Structure for IdStructure {
    fn name(&self) -> String {
        "id".into()
    }

    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String> {
        self.place(errand, subject.component)
    }
}
