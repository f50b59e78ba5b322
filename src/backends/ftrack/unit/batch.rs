//! From the list of changes to what one commit sends (spec/ftrack.md 5.4), step by step as the official client does it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Change, Identity, Operation};
use crate::value::{Object, Tree};

/// What a payload does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Makes an entity.
    Create,
    /// Changes attributes.
    Update,
    /// Deletes one.
    Delete,
}

/// One operation of the request.
#[derive(Clone, Debug)]
pub struct Payload {
    /// What it does.
    pub action: Action,
    /// Whom it is about.
    pub identity: Identity,
    /// The attributes, without the type.
    pub data: Object,
}

impl Payload {
    /// As the server takes it.
    fn into_tree(self, words: &Words) -> Tree {
        let mut out = Object::with_capacity(4);
        let action = match self.action {
            Action::Create => &words.create,
            Action::Update => &words.update,
            Action::Delete => &words.delete,
        };
        out.append(Arc::clone(&words.action), Tree::Text(Arc::clone(action)));
        out.append(Arc::clone(&words.entity_type), Tree::Text(Arc::clone(&self.identity.kind)));
        out.append(Arc::clone(&words.entity_key), Tree::Array(self.identity.key.into_iter().map(Tree::Text).collect()));
        if self.action != Action::Delete {
            let mut data = Object::with_capacity(self.data.len() + 1);
            data.append(Arc::clone(&words.own_type), Tree::Text(self.identity.kind));
            data.merge(self.data);
            out.append(Arc::clone(&words.entity_data), Tree::Object(data));
        }
        Tree::Object(out)
    }
}

/// The words of the wire, made once for all payloads of a request.
struct Words {
    action: Arc<str>,
    create: Arc<str>,
    update: Arc<str>,
    delete: Arc<str>,
    entity_type: Arc<str>,
    entity_key: Arc<str>,
    entity_data: Arc<str>,
    own_type: Arc<str>,
}

/// Payloads as the server takes them.
pub fn to_trees(payloads: Vec<Payload>) -> Vec<Tree> {
    let words = Words {
        action: "action".into(),
        create: "create".into(),
        update: "update".into(),
        delete: "delete".into(),
        entity_type: "entity_type".into(),
        entity_key: "entity_key".into(),
        entity_data: "entity_data".into(),
        own_type: "__entity_type__".into(),
    };
    payloads.into_iter().map(|payload| payload.into_tree(&words)).collect()
}

/// What a commit of these changes sends.
pub fn batch(operations: &[Operation]) -> Vec<Payload> {
    let unborn = unborn(operations);
    let superseded = superseded(operations, &unborn);
    let mut payloads: Vec<Payload> = Vec::new();
    for (operation, superseded) in operations.iter().zip(superseded) {
        if superseded || (!unborn.is_empty() && unborn.contains(&operation.identity)) {
            continue;
        }
        let (action, data) = match &operation.change {
            Change::Create(data) => (Action::Create, data.clone()),
            Change::Update { value: None, .. } => continue,
            Change::Update { attribute, value: Some(value) } => {
                let mut data = Object::with_capacity(1);
                data.insert(attribute, value.clone());
                (Action::Update, data)
            }
            Change::Delete => (Action::Delete, Object::default()),
        };
        if action != Action::Delete && data.is_empty() {
            continue;
        }
        // Only what follows directly: the order between entities may matter to the server.
        if let (Action::Update, Some(last)) = (action, payloads.last_mut())
            && last.action != Action::Delete
            && last.identity == operation.identity
        {
            last.data.merge(data);
            continue;
        }
        payloads.push(Payload { action, identity: operation.identity.clone(), data });
    }
    payloads
}

/// The entities that are both created and deleted: the server need not hear of them.
fn unborn(operations: &[Operation]) -> FxHashSet<&Identity> {
    let of = |wanted: fn(&Change) -> bool| {
        operations.iter().filter(move |operation| wanted(&operation.change)).map(|operation| &operation.identity)
    };
    let deleted: FxHashSet<_> = of(|change| matches!(change, Change::Delete)).collect();
    if deleted.is_empty() {
        return deleted;
    }
    of(|change| matches!(change, Change::Create(_))).filter(|identity| deleted.contains(identity)).collect()
}

/// Which updates are overtaken by a later one of the same attribute.
fn superseded(operations: &[Operation], unborn: &FxHashSet<&Identity>) -> Vec<bool> {
    let mut last: FxHashMap<(&Identity, &str), ()> = FxHashMap::default();
    let mut marks = vec![false; operations.len()];
    for (operation, mark) in operations.iter().zip(&mut marks).rev() {
        if let Change::Update { attribute, .. } = &operation.change
            && !unborn.contains(&operation.identity)
        {
            *mark = last.insert((&operation.identity, attribute), ()).is_some();
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Document;

    /// A change written as `+a`, `a.x=1`, `a.x=-` (not set) or `-a`.
    fn operations(words: &str) -> Vec<Operation> {
        let of = |id: &str| Identity { kind: "T".into(), key: Box::new([id.into()]) };
        words
            .split_whitespace()
            .map(|word| match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(id), _) => {
                    let mut data = Object::default();
                    data.insert("id", Tree::from(id));
                    Operation { identity: of(id), change: Change::Create(data) }
                }
                (_, Some(id)) => Operation { identity: of(id), change: Change::Delete },
                _ => {
                    let (id, rest) = word.split_once('.').unwrap();
                    let (attribute, value) = rest.split_once('=').unwrap();
                    let value = (value != "-").then(|| Tree::from(value));
                    Operation { identity: of(id), change: Change::Update { attribute: attribute.into(), value } }
                }
            })
            .collect()
    }

    fn sent(words: &str) -> String {
        let show = |payload: &Payload| {
            let sign = match payload.action {
                Action::Create => "+",
                Action::Update => "",
                Action::Delete => "-",
            };
            let data: Vec<_> = payload
                .data
                .iter()
                .filter(|(name, _)| *name != "id")
                .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
                .collect();
            let key = payload.identity.key.join("/");
            if data.is_empty() { format!("{sign}{key}") } else { format!("{sign}{key}({})", data.join(" ")) }
        };
        batch(&operations(words)).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    /// The rules of the specification, one by one.
    #[test]
    fn a_batch_says_each_thing_once() {
        for (recorded, expected) in [
            ("+a -a", ""),
            ("+a b.x=1 a.x=1 -a", "b(x=1)"),
            ("a.x=1 a.x=2 a.x=3", "a(x=3)"),
            ("+a a.x=1 a.y=2 a.x=3", "+a(y=2 x=3)"),
            ("a.x=1 -a", "a(x=1) -a"),
            ("a.x=1 b.x=1 a.y=2", "a(x=1) b(x=1) a(y=2)"),
            ("a.x=1 b.x=1 a.x=2", "b(x=1) a(x=2)"),
            ("a.x=1 a.x=-", ""),
            ("a.x=- a.y=1", "a(y=1)"),
            ("+a b.x=1 b.x=- a.y=1", "+a(y=1)"),
            ("-a +b b.x=1", "-a +b(x=1)"),
            ("-a a.x=1", "-a a(x=1)"),
            ("", ""),
        ] {
            assert_eq!(sent(recorded), expected, "{recorded}");
        }
    }

    #[test]
    fn the_form_is_the_servers() {
        let trees = to_trees(batch(&operations("+a -b")));
        let text = Document::from_tree(&Tree::Array(trees)).root().to_json();
        let expected = r#"[{"action":"create","entity_type":"T","entity_key":["a"],"entity_data":{"__entity_type__":"T","id":"a"}},{"action":"delete","entity_type":"T","entity_key":["b"]}]"#;
        assert_eq!(text.replace(": ", ":").replace(", ", ","), expected);
    }
}
