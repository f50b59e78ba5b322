//! Models, objects and attributes (spec/mesh.md 4.3 to 4.5).

use super::{Ask, Verb, Work, empty, whole};
use crate::{
    error::Result,
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb {
        name: "version",
        changes: false,
        work: Work::One { method: "volue.mesh.grpc.config.v1alpha.ConfigurationService/GetVersion", build: empty, shape: whole },
    },
    Verb {
        name: "identity",
        changes: false,
        work: Work::One { method: "volue.mesh.grpc.auth.v1alpha.AuthenticationService/GetUserIdentity", build: empty, shape: whole },
    },
    Verb {
        name: "models",
        changes: false,
        work: Work::One { method: "volue.mesh.grpc.model.v1alpha.ModelService/ListModels", build: empty, shape: models },
    },
    Verb {
        name: "get_object",
        changes: false,
        work: Work::One { method: "volue.mesh.grpc.model.v1alpha.ModelService/GetObject", build: get_object, shape: whole },
    },
];

fn models(answer: Tree) -> Result<Tree> {
    Ok(answer.get("models").cloned().unwrap_or_default())
}

fn get_object(ask: &Ask<'_>) -> Result<Object> {
    let mut fields = Object::default();
    fields.insert("object_id", Tree::from(ask.target()?));
    Ok(fields)
}
