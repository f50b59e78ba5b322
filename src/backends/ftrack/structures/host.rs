//! A structure of the host's own (verbs.md "Provider protocol", `structure.NAME`).

use std::sync::Arc;

use super::{Structure, Subject, untold};
use crate::{
    backends::ftrack::{cache::host, components::Errand},
    error::{Error, Result, code},
    value::{Object, Provider, Tree},
};

/// The host names places.
pub struct HostStructure {
    /// The name that it was given under.
    pub name: Box<str>,
    /// The host's code.
    pub provider: Arc<dyn Provider>,
}

impl Structure for HostStructure {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn runs_host_code(&self) -> bool {
        true
    }

    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String> {
        let mut context = Object::with_capacity(1);
        if let Some(source) = subject.source {
            context.insert("source_resource_identifier", Tree::from(source));
        }
        let mut arguments = Object::with_capacity(2);
        arguments.insert("component", Tree::Object(errand.shown(subject.component)));
        arguments.insert("context", Tree::Object(context));
        match host::ask(&*self.provider, &format!("structure.{}", self.name), "identifier", arguments)? {
            Some(Tree::Text(text)) => Ok(text.to_string()),
            None | Some(Tree::Null) => {
                Err(untold(errand, subject.component, &format!("the structure {:?} has none", self.name)))
            }
            Some(other) => {
                let message =
                    format!("the structure {:?} named a place by {} and not by text", self.name, other.kind_name());
                Err(Error::new(&code::PROVIDER, message))
            }
        }
    }
}
