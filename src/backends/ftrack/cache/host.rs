//! A layer of the host's own (verbs.md "Provider protocol", `cache`).

use std::sync::Arc;

use super::{Layer, joined};
use crate::{
    args::Args,
    engine::store::Key,
    error::{Error, Result, Status, code},
    value::{Object, Provider, Tree},
};

pub(super) struct HostLayer(Arc<dyn Provider>);

impl HostLayer {
    pub(super) fn new(provider: Arc<dyn Provider>) -> HostLayer {
        HostLayer(provider)
    }

    fn ask(&self, method: &str, arguments: Object) -> Result<Option<Tree>> {
        ask(&*self.0, "cache", method, arguments)
    }
}

/// Asks the host; `None` when it has nothing.
pub(in crate::backends::ftrack) fn ask(
    provider: &dyn Provider,
    name: &str,
    method: &str,
    arguments: Object,
) -> Result<Option<Tree>> {
    let mut call = Object::with_capacity(3);
    call.insert("provider", Tree::from(name));
    call.insert("method", Tree::from(method));
    call.insert("arguments", Tree::Object(arguments));
    let mut reply = Args::new();
    match provider.call(Tree::Object(call), &mut reply) {
        Status::Ok => {
            reply.check()?;
            Ok(reply.get("value").cloned())
        }
        Status::NotFound => Ok(None),
        failed => {
            let text = reply.str("message").ok().flatten().unwrap_or("it did not say why");
            Err(Error::new(&code::PROVIDER, format!("{method} of the provider failed: {text}")).status_as(failed))
        }
    }
}

/// Text, or bytes where the key is none.
fn shown(key: &Key) -> Tree {
    match key {
        Key::Text(text) => Tree::from(&**text),
        Key::Bytes(bytes) => Tree::Bytes(bytes.as_slice().into()),
    }
}

fn one(name: &str, value: Tree) -> Object {
    let mut arguments = Object::with_capacity(2);
    arguments.insert(name, value);
    arguments
}

impl Layer for HostLayer {
    fn is_the_hosts(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "provider".into()
    }

    fn get(&self, key: &Key) -> Result<Option<String>> {
        Ok(match self.ask("get", one("key", shown(key)))? {
            None | Some(Tree::Null) => None,
            Some(Tree::Text(text)) => Some(text.to_string()),
            Some(Tree::Bytes(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Some(_) => return Err(Error::new(&code::PROVIDER, "get of the provider brought neither text nor bytes")),
        })
    }

    fn merge(&self, entries: &[(Key, String)]) -> Result<()> {
        for (key, new) in entries {
            let Some(text) = joined(self.get(key)?, new) else { continue };
            let mut arguments = one("key", shown(key));
            arguments.insert("value", Tree::Bytes(text.into_bytes().into()));
            self.ask("set", arguments)?;
        }
        Ok(())
    }

    fn remove(&self, keys: &[Key]) -> Result<usize> {
        let mut removed = 0;
        for key in keys {
            // Absent is nothing to complain about, and other hosts answer nothing in either case.
            let mut call = Args::new();
            call.set("key", shown(key));
            if self.ask("remove", call.into_root())?.is_none_or(|value| value.as_bool() != Some(false)) {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn clear(&self) -> Result<()> {
        self.ask("clear", one("pattern", Tree::Null)).map(drop)
    }

    fn count(&self) -> Option<usize> {
        None
    }
}
