//! What locations can be made of: the accessors and structures that are built in, and those that the host brings under
//! names of its own.

use std::sync::Arc;

use crate::{
    args::Args,
    backends::ftrack::{
        accessors::{Accessor, DiskAccessor, HostAccessor, ServerAccessor},
        structures::{EntityIdStructure, HostStructure, IdStructure, OriginStructure, StandardStructure, Structure},
    },
    error::{Error, Result},
    sys,
    value::{Object, Provider, Tree},
};

/// The host's own parts, and the locations that it told of.
#[derive(Clone, Default)]
pub struct Kit {
    accessors: Vec<(Box<str>, Arc<dyn Provider>)>,
    structures: Vec<(Box<str>, Arc<dyn Provider>)>,
    /// Objects, and providers that bring such.
    pub(super) told: Vec<Tree>,
}

impl Kit {
    /// This one with what `args` adds; `None` when that is nothing.
    ///
    /// # Errors
    /// The option of the wrong type.
    pub fn with(&self, args: &Args) -> Result<Option<Kit>> {
        let mut kit = self.clone();
        let mut changed = false;
        for (option, parts) in [("accessor", &mut kit.accessors), ("structure", &mut kit.structures)] {
            for (name, value) in args.object(option)?.into_iter().flat_map(Object::iter) {
                let wrong = || Error::option(&format!("{option}.{name}"), format!("{option}.{name} was no provider"));
                parts.retain(|(known, _)| **known != *name);
                if !value.is_null() {
                    parts.push((name.into(), Arc::clone(value.as_provider().ok_or_else(wrong)?)));
                }
                changed = true;
            }
        }
        match args.get("location") {
            None => {}
            Some(Tree::Null) => {
                kit.told.clear();
                changed = true;
            }
            Some(Tree::Array(items)) => {
                kit.told = items.clone();
                changed = true;
            }
            Some(one) => {
                kit.told = vec![one.clone()];
                changed = true;
            }
        }
        Ok(changed.then_some(kit))
    }

    /// An accessor: `"server"`, `"disk:PREFIX"`, `{type: "disk", prefix}`, or the name of the host's.
    ///
    /// # Errors
    /// `argument`.
    pub fn accessor(&self, value: &Tree) -> Result<Option<Arc<dyn Accessor>>> {
        let disk = |prefix: &str| {
            Ok(Some(Arc::new(DiskAccessor::new(prefix, &sys::environment::variable)?) as Arc<dyn Accessor>))
        };
        match value {
            Tree::Null => Ok(None),
            Tree::Provider(provider) => {
                Ok(Some(Arc::new(HostAccessor { name: "provider".into(), provider: Arc::clone(provider) })))
            }
            Tree::Object(object) => match object.get("type").and_then(Tree::as_str) {
                Some("disk") => disk(member(object, "location.accessor", "prefix")?.unwrap_or_default()),
                Some("server") => Ok(Some(Arc::new(ServerAccessor))),
                _ => Err(Error::option(
                    "location.accessor",
                    "the type of an accessor was neither \"disk\" nor \"server\"",
                )),
            },
            Tree::Text(text) => {
                if let Some((name, provider)) = self.accessors.iter().find(|(name, _)| **name == **text) {
                    return Ok(Some(Arc::new(HostAccessor { name: name.clone(), provider: Arc::clone(provider) })));
                }
                match text.strip_prefix("disk:") {
                    Some(prefix) => disk(prefix),
                    None if **text == *"server" => Ok(Some(Arc::new(ServerAccessor))),
                    None => Err(unknown("accessor", text, &self.accessors, "\"server\", \"disk:PREFIX\"")),
                }
            }
            other => Err(Error::option("location.accessor", format!("an accessor was {}", other.kind_name()))),
        }
    }

    /// A structure: `"entity_id"`, `"id"`, `"origin"`, `"standard"`, the same as `type` of an object with their settings, or
    /// the name of the host's.
    ///
    /// # Errors
    /// `argument`.
    pub fn structure(&self, value: &Tree) -> Result<Option<Arc<dyn Structure>>> {
        let none = Object::default();
        let (name, settings) = match value {
            Tree::Null => return Ok(None),
            Tree::Provider(provider) => {
                return Ok(Some(Arc::new(HostStructure { name: "provider".into(), provider: Arc::clone(provider) })));
            }
            Tree::Text(text) => (&**text, &none),
            Tree::Object(object) => (object.get("type").and_then(Tree::as_str).unwrap_or_default(), object),
            other => return Err(Error::option("location.structure", format!("a structure was {}", other.kind_name()))),
        };
        if let Some((name, provider)) = self.structures.iter().find(|(known, _)| **known == *name) {
            return Ok(Some(Arc::new(HostStructure { name: name.clone(), provider: Arc::clone(provider) })));
        }
        let text = |name: &str| Ok::<_, Error>(member(settings, "location.structure", name)?.map(str::to_owned));
        Ok(Some(match name {
            "entity_id" => Arc::new(EntityIdStructure),
            "origin" => Arc::new(OriginStructure),
            "id" => Arc::new(IdStructure { prefix: text("prefix")?.unwrap_or_default() }),
            "standard" => {
                let substitute = match settings.get("illegal_character_substitute") {
                    Some(Tree::Null) => None,
                    Some(_) => text("illegal_character_substitute")?,
                    None => StandardStructure::default().substitute,
                };
                Arc::new(StandardStructure { versions_prefix: text("project_versions_prefix")?, substitute })
            }
            other => {
                return Err(unknown(
                    "structure",
                    other,
                    &self.structures,
                    "\"standard\", \"id\", \"entity_id\", \"origin\"",
                ));
            }
        }))
    }
}

/// A member that is text.
fn member<'a>(object: &'a Object, option: &str, name: &str) -> Result<Option<&'a str>> {
    match object.get(name) {
        None | Some(Tree::Null) => Ok(None),
        Some(value) => Ok(Some(value.as_str().ok_or_else(|| Error::option(option, format!("{name} was no text")))?)),
    }
}

fn unknown(what: &str, name: &str, known: &[(Box<str>, Arc<dyn Provider>)], built_in: &str) -> Error {
    let own: Vec<String> = known.iter().map(|(name, _)| format!(", {name:?}")).collect();
    let message = format!("there is no {what} {name:?}; there are {built_in}{}", own.concat());
    Error::option(&format!("location.{what}"), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Provider for Nobody {
        fn call(&self, _call: Tree, _reply: &mut Args) -> crate::error::Status {
            crate::error::Status::NotFound
        }
    }

    /// The host's own is the host's own, whatever it is called.
    #[test]
    fn a_name_of_the_hosts_comes_first() {
        let mut args = Args::new();
        args.set("accessor.server", Arc::new(Nobody) as Arc<dyn Provider>);
        args.set("structure.id", Arc::new(Nobody) as Arc<dyn Provider>);
        let kit = Kit::default().with(&args).unwrap().unwrap();
        for (text, host) in [("server", true), ("disk:/x", false)] {
            assert_eq!(kit.accessor(&Tree::from(text)).unwrap().unwrap().runs_host_code(), host, "{text}");
        }
        for (text, host) in [("id", true), ("standard", false)] {
            assert_eq!(kit.structure(&Tree::from(text)).unwrap().unwrap().runs_host_code(), host, "{text}");
        }
        assert!(Kit::default().with(&Args::new()).unwrap().is_none());
        args.set("accessor.server", 7_i64);
        assert_eq!(kit.with(&args).err().unwrap().detail().get("key").and_then(Tree::as_str), Some("accessor.server"));
    }

    #[test]
    fn parts_are_called_by_name() {
        let kit = Kit::default();
        for (json, name) in
            [(r#""server""#, "server"), (r#""disk:/x""#, "disk"), (r#"{"type":"disk","prefix":"/x"}"#, "disk")]
        {
            assert_eq!(kit.accessor(&Tree::from_json(json).unwrap()).unwrap().unwrap().name(), name, "{json}");
        }
        for (json, name) in [
            (r#""standard""#, "standard"),
            (r#""id""#, "id"),
            (r#"{"type":"entity_id"}"#, "entity_id"),
            (r#""origin""#, "origin"),
        ] {
            assert_eq!(kit.structure(&Tree::from_json(json).unwrap()).unwrap().unwrap().name(), name, "{json}");
        }
        assert!(kit.accessor(&Tree::Null).unwrap().is_none() && kit.structure(&Tree::Null).unwrap().is_none());
        for wrong in [r#""ftp""#, "1", r#"{"type":"x"}"#, r#"{"type":"disk","prefix":1}"#] {
            let value = Tree::from_json(wrong).unwrap();
            assert_eq!(
                kit.accessor(&value).err().unwrap().detail().get("key").and_then(Tree::as_str),
                Some("location.accessor"),
                "{wrong}"
            );
            assert!(kit.structure(&value).is_err(), "{wrong}");
        }
    }
}
