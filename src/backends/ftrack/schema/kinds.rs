//! Which types a reference may name (spec/ftrack.md 4.1). Schemas say of some types what they are a kind of, and of the bases
//! that several types share nothing but what these have in common; so a type is only refused that certainly is none.

use std::sync::Arc;

use super::{EntityType, Schemas};

/// What servers take several types for, whatever the schemas say.
const BASES: [&str; 4] = ["Context", "TypedContext", "Component", "Resource"];

/// How far a type may be a kind of a kind: a server that goes in circles is left.
const DEPTH_MAX: usize = 8;

impl Schemas {
    /// Whether an entity of this type may stand where the schema wants a `wanted`: it is one, it is a kind of one, or it has
    /// all that one has.
    pub fn may_be(&self, kind: &EntityType, wanted: &str) -> bool {
        if *kind.name == *wanted || BASES.contains(&wanted) {
            return true;
        }
        let Some(target) = self.get(wanted) else { return true };
        let mut above: Option<&EntityType> = Some(kind);
        for _ in 0..DEPTH_MAX {
            let Some(name) = above.and_then(|kind| kind.alias_for.as_deref()) else { break };
            if name == wanted {
                return true;
            }
            above = self.get(name).map(Arc::as_ref);
        }
        target.attributes.iter().all(|attribute| kind.position(&attribute.name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    #[test]
    fn only_what_cannot_be_is_refused() {
        let schemas = r#"[
            {"id":"Context","primary_key":["id"],"properties":{"id":{"type":"string"},"only_base":{"type":"string"}}},
            {"id":"Task","primary_key":["id"],"alias_for":{"id":"Task"},"properties":{"id":{"type":"string"},"bid":{"type":"number"}}},
            {"id":"Shot","primary_key":["id"],"alias_for":{"id":"Task"},"properties":{"id":{"type":"string"}}},
            {"id":"Take","primary_key":["id"],"alias_for":"Shot","properties":{"id":{"type":"string"}}},
            {"id":"Project","primary_key":["id"],"properties":{"id":{"type":"string"},"full_name":{"type":"string"}}},
            {"id":"Show","primary_key":["id"],"properties":{"id":{"type":"string"},"full_name":{"type":"string"},"more":{"type":"string"}}},
            {"id":"Ring","primary_key":["id"],"alias_for":"Round","properties":{"id":{"type":"string"}}},
            {"id":"Round","primary_key":["id"],"alias_for":"Ring","properties":{"id":{"type":"string"}}}
        ]"#;
        let schemas = Schemas::read(&Document::from_json(schemas.into()).unwrap()).unwrap();
        for (kind, wanted, may) in [
            ("Task", "Task", true),
            ("Shot", "Task", true),
            ("Take", "Task", true),
            ("Project", "Task", false),
            ("Task", "Project", false),
            ("Show", "Project", true),
            ("Project", "Show", false),
            ("Task", "Context", true),
            ("Task", "Nothing", true),
            ("Ring", "Project", false),
        ] {
            assert_eq!(schemas.may_be(schemas.get(kind).unwrap(), wanted), may, "{kind} as {wanted}");
        }
    }
}
