//! `call`: any call of the server, its message in the JSON form.

use super::{Verb, Work, put_session, send, whole};
use crate::{
    backends::{
        Answer,
        mesh::{MeshSession, form::encode, schema, staged, terms::Task},
    },
    error::{Error, Result, code},
    options::nearest,
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[Verb { name: "call", changes: false, work: Work::Many(call) }];

fn call(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let target =
        call.target.ok_or_else(|| Error::option("target", "call needs a target: \"package.Service/Method\""))?;
    let Some((service, method)) = schema::method(target) else {
        let names: Vec<String> = schema::tables::SERVICES
            .iter()
            .flat_map(|service| service.methods.iter().map(move |method| format!("{}/{}", service.name, method.name)))
            .collect();
        let hint = nearest(target, names.iter().map(String::as_str))
            .map(|near| format!("; the nearest is {near:?}"))
            .unwrap_or_default();
        return Err(Error::new(&code::UNSUPPORTED, format!("Mesh has no call {target:?}{hint}")).with("key", "target"));
    };
    if method.asks_many {
        return Err(Error::new(
            &code::UNSUPPORTED,
            format!("{target} takes a stream of messages; the options kerberos.* use it"),
        )
        .with("key", "target"));
    }
    let given = call.args.get("message").filter(|message| !message.is_null());
    let message = match (given, method.input) {
        (Some(Tree::Object(fields)), schema::Kind::Message(_)) => {
            let mut fields = fields.clone();
            put_session(session, method.input, &mut fields, call)?;
            encode(method.input, &Tree::Object(fields))?
        }
        (None, schema::Kind::Message(_)) => {
            let mut fields = Object::default();
            put_session(session, method.input, &mut fields, call)?;
            encode(method.input, &Tree::Object(fields))?
        }
        // The message is the session's id itself.
        (None, schema::Kind::Guid) => {
            let id = session.id(call)?;
            encode(method.input, &Tree::from(id.to_string()))?
        }
        (None, _) => Vec::new(),
        (Some(other), kind) => encode(kind, other)?,
    };
    staged::make_up(session, call.terms)?;
    // Whether it changes something, only the server knows.
    session.staged.lock().beside();
    send(session, (service, method), &message, whole, call)
}
