//! The host's word on the types, before they are used (verbs.md "Provider protocol", `schema`): what Python programs do by
//! answering `ftrack.api.session.construct-entity-type` (spec/ftrack.md 4.3).

use std::sync::Arc;

use super::Schemas;
use crate::{
    args::Args,
    error::{Error, Result, Status, code},
    value::{Document, Node, Object, Provider, Tree},
};

/// The provider that `schema` names.
///
/// # Errors
/// `argument` when it is none.
pub fn provider(args: &Args) -> Result<Option<Arc<dyn Provider>>> {
    match args.get("schema") {
        None | Some(Tree::Null) => Ok(None),
        Some(Tree::Provider(provider)) => Ok(Some(Arc::clone(provider))),
        Some(other) => Err(Error::option("schema", format!("schema was {}, not a provider", other.kind_name()))),
    }
}

/// Reads the server's types, edited by the host. Asked once for each, in the server's order, on the thread that opens the
/// session.
///
/// # Errors
/// `protocol` when they are none; `provider` when the host fails, or makes a type that cannot be.
pub fn read(document: &Document, host: Option<&dyn Provider>) -> Result<Schemas> {
    let Some(host) = host else { return Schemas::read(document) };
    let mut edited = Vec::with_capacity(document.root().count());
    for schema in document.root().items() {
        edited.extend(ask(host, schema)?);
    }
    match (document.root().count(), edited.len()) {
        // What is no list of types is told by the reader.
        (0, _) => Schemas::read(document),
        (_, 0) => Err(Error::new(&code::PROVIDER, "the provider schema left no type")),
        _ => Schemas::read(&Document::from_tree(&Tree::Array(edited))),
    }
}

/// One type as the host wants it; `None` when it does not.
fn ask(host: &dyn Provider, schema: Node<'_>) -> Result<Option<Tree>> {
    let Some(name) = schema.get("id").and_then(Node::as_str) else { return Ok(Some(schema.to_tree())) };
    let mut arguments = Object::with_capacity(1);
    arguments.insert("schema", schema.to_tree());
    let mut call = Object::with_capacity(3);
    call.insert("provider", Tree::from("schema"));
    call.insert("method", Tree::from("type"));
    call.insert("arguments", Tree::Object(arguments));
    let mut reply = Args::new();
    match host.call(Tree::Object(call), &mut reply) {
        Status::Ok => reply.check()?,
        Status::NotFound => return Ok(None),
        failed => {
            let text = reply.str("message").ok().flatten().unwrap_or("it did not say why");
            return Err(Error::new(&code::PROVIDER, format!("the provider schema failed for the type {name}: {text}"))
                .status_as(failed));
        }
    }
    match reply.get("schema") {
        None | Some(Tree::Null) => Ok(Some(schema.to_tree())),
        Some(Tree::Object(edited)) => checked(name, edited).map(|()| Some(Tree::Object(edited.clone()))),
        Some(other) => Err(wrong(name, &format!("was {}", other.kind_name()))),
    }
}

/// Whether entities can be had of a type that was edited: it has its name, and its key among its attributes.
fn checked(name: &str, edited: &Object) -> Result<()> {
    if edited.get("id").and_then(Tree::as_str) != Some(name) {
        return Err(wrong(name, "had another name"));
    }
    let key = match edited.get("primary_key") {
        Some(Tree::Array(key)) if !key.is_empty() => key,
        _ => return Err(wrong(name, "had no key")),
    };
    let Some(Tree::Object(attributes)) = edited.get("properties") else { return Err(wrong(name, "had no attributes")) };
    match key.iter().find(|part| !part.as_str().is_some_and(|part| attributes.contains(part))) {
        Some(part) => {
            Err(wrong(name, &format!("lacked {}, which is part of its key", part.as_str().unwrap_or("what"))))
        }
        None => Ok(()),
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::new(&code::PROVIDER, format!("the type {name} that the provider schema brought {what}"))
        .with("key", "schema")
}
