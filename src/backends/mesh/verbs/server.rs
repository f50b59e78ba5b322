//! What the server knows of itself and of us: no session is needed.

use super::{Asked, Verb, Work, whole};
use crate::{
    backends::{
        Answer,
        mesh::{MeshSession, form::encode, terms::Task, wire},
    },
    error::Result,
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb {
        name: "version",
        changes: false,
        work: Work::One(|_| Ok(Asked::new("config.v1alpha.ConfigurationService/GetVersion", Object::default(), whole))),
    },
    Verb {
        name: "identity",
        changes: false,
        work: Work::One(|_| {
            Ok(Asked::new("auth.v1alpha.AuthenticationService/GetUserIdentity", Object::default(), whole))
        }),
    },
    Verb { name: "extend", changes: false, work: Work::Many(extend) },
    Verb { name: "revoke", changes: false, work: Work::Many(revoke) },
];

/// Tells the server that the session is still used; the value is for how many seconds that counts.
fn extend(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let id = session.id(call)?;
    session.workspace.extend(&session.core.wire, id, call.terms)?;
    Ok(super::plain(&session.workspace.promised().map_or(Tree::Null, Tree::Double)))
}

/// Makes the token of Kerberos unusable.
fn revoke(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let (service, method) = super::known("auth.v1alpha.AuthenticationService/RevokeAccessToken")?;
    let wire = &session.core.wire;
    wire.login.revoke(|token| {
        let message = encode(method.input, &Tree::from(token.reveal()))?;
        wire.unary(&wire::path(service, method), &message, call.terms).map(drop)
    })?;
    Ok(super::plain(&Tree::Null))
}
