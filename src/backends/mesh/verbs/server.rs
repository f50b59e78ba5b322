//! What the server knows of itself and of us: no session is needed.

use super::{Ask, Asked, Verb, Work, nothing, whole};
use crate::{
    backends::{Answer, Call, mesh::MeshSession},
    error::Result,
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "version", changes: false, work: Work::One(|_| Ok(Asked::new("config.v1alpha.ConfigurationService/GetVersion", Object::default(), whole))) },
    Verb { name: "identity", changes: false, work: Work::One(|_| Ok(Asked::new("auth.v1alpha.AuthenticationService/GetUserIdentity", Object::default(), whole))) },
    Verb { name: "extend", changes: false, work: Work::Many(extend) },
    Verb { name: "revoke", changes: false, work: Work::One(revoke) },
];

/// Tells the server that the session is still used; the value is for how many seconds that counts.
fn extend(session: &MeshSession, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let id = session.id(call)?;
    session.workspace.extend(&session.core.wire, id, call.cancel)?;
    Ok(super::plain(&session.workspace.promised().map_or(Tree::Null, Tree::Double)))
}

fn revoke(_: &Ask<'_>) -> Result<Asked> {
    Ok(Asked::new("auth.v1alpha.AuthenticationService/RevokeAccessToken", Object::default(), nothing))
}
