//! The store against the rules of spec/ftrack.md 2, 5.

use super::*;
use crate::{
    backends::ftrack::unit::{Action, State, batch},
    value::{Document, Object},
};

const SCHEMAS: &str = r##"[
    {"id":"Task","primary_key":["id"],"default_projections":["name"],"immutable":["id"],"properties":{
        "id":{"type":"string","default":"{uid}"},"name":{"type":"string","default":""},"bid":{"type":"number"},
        "start_date":{"type":"string","format":"date-time"},"status":{"$ref":"Status"},"parent":{"$ref":"Task"},
        "children":{"type":"array","items":{"$ref":"Task"}},"link":{"type":"variable"},
        "metadata":{"type":"mapped_array","items":{"$ref":"Metadata"}},
        "custom_attributes":{"type":"mapped_array","items":{"$ref":"ContextCustomAttributeValue"}}}},
    {"id":"Status","primary_key":["id"],"properties":{"id":{"type":"string"},"name":{"type":"string"}}},
    {"id":"Metadata","primary_key":["parent_id","key"],"immutable":["parent_id","key"],"properties":{"parent_id":{"type":"string"},"key":{"type":"string"},"value":{"type":"string"},"parent_type":{"type":"string"}}},
    {"id":"ContextCustomAttributeValue","primary_key":["configuration_id","entity_id"],"properties":{"configuration_id":{"type":"string"},"entity_id":{"type":"string"},"key":{"type":"string"},"value":{"type":"variable"}}}
]"##;

fn store() -> Store {
    Store::new(Arc::new(Schemas::read(&Document::from_json(SCHEMAS.into()).unwrap()).unwrap()))
}

fn merge(store: &mut Store, json: &str) -> Vec<EntityId> {
    let document = Document::from_json(json.into()).unwrap();
    store.merge_all(document.root()).into_iter().map(Option::unwrap).collect()
}

fn json(tree: &Tree) -> String {
    Document::from_tree(tree).root().to_json().replace(": ", ":").replace(", ", ",")
}

fn data(text: &str) -> Object {
    match Tree::from_json(text).unwrap() {
        Tree::Object(object) => object,
        _ => panic!("no object"),
    }
}

fn shown(store: &Store, id: EntityId, paths: &str) -> String {
    json(&store.show(id, &Paths::of(paths)))
}

fn sent(store: &Store) -> String {
    json(&Tree::Array(crate::backends::ftrack::unit::to_trees(batch(store.operations.list()))))
}

#[test]
fn the_same_entity_is_one_and_keeps_what_is_known() {
    let mut store = store();
    let ids = merge(
        &mut store,
        r#"[
        {"__entity_type__":"Task","id":"a","name":"one","status":{"__entity_type__":"Status","id":"s","name":"Done"}},
        {"__entity_type__":"Task","id":"b","status":{"__entity_type__":"Status","id":"s"},"parent":{"__entity_type__":"Task","id":"a"}}]"#,
    );
    assert_eq!(store.len(), 3);
    let full = r#"{"__entity_type__":"Task","id":"b","status":{"__entity_type__":"Status","id":"s","name":"Done"},"parent":{"__entity_type__":"Task","id":"a"}}"#;
    assert_eq!(shown(&store, ids[1], "status.name"), full);
    assert_eq!(
        shown(&store, ids[1], "parent.status.name"),
        r#"{"__entity_type__":"Task","id":"b","status":{"__entity_type__":"Status","id":"s"},"parent":{"__entity_type__":"Task","id":"a","name":"one","status":{"__entity_type__":"Status","id":"s","name":"Done"}}}"#
    );
    assert_eq!(merge(&mut store, r#"[{"__entity_type__":"Task","id":"a","bid":2.5}]"#), [ids[0]]);
    assert!(shown(&store, ids[0], "").contains(r#""name":"one""#));
}

#[test]
fn a_related_entity_that_comes_again_reads_as_if_it_were_written_again() {
    let mut store = store();
    let ids = merge(
        &mut store,
        r#"[
        {"__entity_type__":"Task","id":"a","status":{"__entity_type__":"Status","id":"s","name":"Done"},"parent":{"__entity_type__":"Task","id":"p","name":"top",
            "status":{"__entity_type__":"Status","id":"s"}},"children":[{"__entity_type__":"Task","id":"b"},{"__entity_type__":"Task","id":"p"}]},
        {"__entity_type__":"Task","id":"b","status":{"__entity_type__":"Status","id":"s"},"parent":{"__entity_type__":"Task","id":"p"}},
        {"__entity_type__":"Task","id":"p"}]"#,
    );
    store.set(ids[1], "name", Some(&Tree::from("set")), false).unwrap();
    for paths in [
        "",
        "status.name",
        "parent.name",
        "parent.status.name",
        "status.name, parent.status.name, children.parent.name",
    ] {
        let each: Vec<String> = ids.iter().map(|id| shown(&store, *id, paths)).collect();
        let all = store.shown_all(&ids, &Paths::of(paths));
        assert_eq!(json(&all.root().to_tree()), format!("[{}]", each.join(",")), "{paths}");
    }
    // Written by hand: one status in full and as a reference, side by side.
    let expected = r#"{"__entity_type__":"Task","id":"b","name":"set","status":{"__entity_type__":"Status","id":"s","name":"Done"},"parent":{"__entity_type__":"Task","id":"p","name":"top","status":{"__entity_type__":"Status","id":"s"}}}"#;
    assert_eq!(shown(&store, ids[1], "status.name, parent.name"), expected);
}

#[test]
fn identities_are_found_by_type_and_all_parts() {
    let mut store = store();
    let mut data =
        |kind: &str, key: &str| merge(&mut store, &format!(r#"[{{"__entity_type__":"{kind}",{key},"value":"v"}}]"#))[0];
    let first = data("Metadata", r#""parent_id":"ab","key":"c""#);
    let others =
        [data("Metadata", r#""parent_id":"a","key":"bc""#), data("Status", r#""id":"x""#), data("Task", r#""id":"x""#)];
    assert!(others.iter().all(|other| *other != first) && others[1] != others[2]);
    assert_eq!(data("Metadata", r#""key":"c","parent_id":"ab""#), first);
    assert_eq!(data("Task", r#""id":"x""#), others[2]);
    for number in 0..2000 {
        let made = data("Task", &format!(r#""id":"{number}""#));
        assert_eq!(data("Task", &format!(r#""id":"{number}""#)), made);
    }
    let gone = store.entity_for(&Tree::from("Task/7"), None, "target").unwrap();
    let before = store.len();
    store.delete(gone, true);
    store.committed(1);
    assert_eq!((store.len(), store.ids().any(|id| id == gone)), (before - 1, false));
    assert_ne!(store.entity_for(&Tree::from("Task/7"), None, "target").unwrap(), gone);
}

#[test]
fn dates_maps_and_unknown_types_have_their_form() {
    let mut store = store();
    let ids = merge(
        &mut store,
        r#"[{"__entity_type__":"Task","id":"a","start_date":{"__type__":"datetime","value":"2022-10-10T10:12:09"},
        "link":[{"type":"Project","id":"p"}],"children":null,"parent":null,"unknown":1,
        "metadata":[{"__entity_type__":"Metadata","parent_id":"a","key":"k","value":"v"}]}]"#,
    );
    assert_eq!(
        shown(&store, ids[0], ""),
        r#"{"__entity_type__":"Task","id":"a","start_date":"2022-10-10T10:12:09+00:00","parent":null,"children":[],"link":[{"type":"Project","id":"p"}],"metadata":{"k":"v"}}"#
    );
    let whole = merge(&mut store, r#"[{"__entity_type__":"Task","id":"w","bid":3600.0}]"#);
    assert_eq!(shown(&store, whole[0], ""), r#"{"__entity_type__":"Task","id":"w","bid":3600.0}"#);
    let document =
        Document::from_json(r#"[{"__entity_type__":"Other","id":"x"},{"id":"y"},{"__entity_type__":"Task"}]"#.into())
            .unwrap();
    assert_eq!(store.merge_all(document.root()), [None, None, None]);
}

#[test]
fn a_new_entity_is_one_create_with_what_follows() {
    let mut store = store();
    let id = store
        .create(
            "Task",
            &data(r#"{"name":"t","start_date":"2026-01-01T01:00:00+01:00","status":"Status/s","bid":3}"#),
            true,
        )
        .unwrap();
    let key = store.entity(id).unwrap().key[0].clone();
    assert_eq!((key.len(), &key[14..15]), (36, "4"));
    assert_eq!(
        sent(&store),
        format!(
            r#"[{{"action":"create","entity_type":"Task","entity_key":["{key}"],"entity_data":{{"__entity_type__":"Task","id":"{key}","name":"t","bid":3,"start_date":{{"__type__":"datetime","value":"2026-01-01T00:00:00+00:00"}},"status":{{"__entity_type__":"Status","id":"s"}}}}}}]"#
        )
    );
    assert_eq!(store.operations.state(&store.identity(id).unwrap()), Some(State::Created));
    store.rollback();
    assert_eq!(
        (sent(&store).as_str(), store.find(store.entity(id).unwrap().kind, &store.entity(id).unwrap().key.clone())),
        ("[]", None)
    );
}

#[test]
fn mistakes_change_nothing() {
    let mut store = store();
    let id = merge(&mut store, r#"[{"__entity_type__":"Task","id":"a","name":"n","children":[]}]"#)[0];
    for (data_, code) in [
        (r#"{"nam":"x"}"#, "unknown_attribute"),
        (r#"{"start_date":"soon"}"#, "argument"),
        (r#"{"status":"Stotus/x"}"#, "unknown_type"),
        (r#"{"status":5}"#, "argument"),
        (r#"{"children":["Task/b","Task/b"]}"#, "duplicate_item_in_collection"),
        (r#"{"status":"Metadata/a"}"#, "argument"),
        (r#"{"children":[{"__entity_type__":"Status","id":"a"}]}"#, "argument"),
        (r#"{"id":"a"}"#, "not_unique"),
    ] {
        assert_eq!(store.create("Task", &data(data_), true).unwrap_err().code(), code, "{data_}");
    }
    assert_eq!(store.create("Metadata", &data(r#"{"value":"x"}"#), true).unwrap_err().code(), "wrong_key");
    let half = store.entity_for(&Tree::from("Metadata/onlyone"), None, "target");
    assert_eq!(half.unwrap_err().code(), "wrong_key");
    // The official client leaves the type to the server.
    store.as_python(true);
    store.create("Task", &data(r#"{"id":"fresh","children":["Status/a"]}"#), false).unwrap();
    store.as_python(false);
    assert_eq!(store.set(id, "id", Some(&Tree::from("b")), true).unwrap_err().code(), "immutable_attribute");
    assert_eq!(sent(&store), "[]");
}

#[test]
fn metadata_is_entities_of_its_own() {
    let mut store = store();
    let id = merge(
        &mut store,
        r#"[{"__entity_type__":"Task","id":"a","metadata":[{"__entity_type__":"Metadata","parent_id":"a","key":"k1","value":"v"}]}]"#,
    )[0];
    store.set(id, "metadata", Some(&Tree::Object(data(r#"{"k1":"w","k2":"x"}"#))), true).unwrap();
    assert_eq!(shown(&store, id, ""), r#"{"__entity_type__":"Task","id":"a","metadata":{"k1":"w","k2":"x"}}"#);
    let payloads = batch(store.operations.list());
    let actions: Vec<_> = payloads.iter().map(|payload| (payload.action, &*payload.identity.kind)).collect();
    assert_eq!(actions, [(Action::Update, "Metadata"), (Action::Create, "Metadata"), (Action::Update, "Task")]);
    store.committed(store.operations.list().len());
    store.set(id, "metadata", Some(&Tree::Object(data(r#"{"k1":null}"#))), true).unwrap();
    assert_eq!(
        sent(&store),
        r#"[{"action":"update","entity_type":"Task","entity_key":["a"],"entity_data":{"__entity_type__":"Task","metadata":[{"__entity_type__":"Metadata","parent_id":"a","key":"k2"}]}},{"action":"delete","entity_type":"Metadata","entity_key":["a","k1"]}]"#
    );
    store.rollback();
    store.edit_map(id, "metadata", &data(r#"{"k3":"z"}"#), true, true).unwrap();
    assert_eq!(shown(&store, id, ""), r#"{"__entity_type__":"Task","id":"a","metadata":{"k3":"z"}}"#);
}

#[test]
fn custom_attributes_are_updated_and_never_made() {
    let mut store = store();
    let id = merge(
        &mut store,
        r#"[{"__entity_type__":"Task","id":"a","custom_attributes":[{"__entity_type__":"ContextCustomAttributeValue","configuration_id":"c","entity_id":"a","key":"fstart","value":1}]}]"#,
    )[0];
    store.set(id, "custom_attributes", Some(&Tree::Object(data(r#"{"fstart":1001}"#))), true).unwrap();
    assert_eq!(
        sent(&store),
        r#"[{"action":"update","entity_type":"ContextCustomAttributeValue","entity_key":["c","a"],"entity_data":{"__entity_type__":"ContextCustomAttributeValue","value":1001}}]"#
    );
    let wrong = store.set(id, "custom_attributes", Some(&Tree::Object(data(r#"{"other":1}"#))), true).unwrap_err();
    assert_eq!(wrong.code(), "unknown_attribute");
}

#[test]
fn a_commit_keeps_what_was_changed_meanwhile() {
    let mut store = store();
    let id = merge(&mut store, r#"[{"__entity_type__":"Task","id":"a","name":"old","bid":1}]"#)[0];
    store.set(id, "name", Some(&Tree::from("new")), true).unwrap();
    store.set(id, "bid", Some(&Tree::Int(2)), true).unwrap();
    let count = store.operations.list().len();
    store.set(id, "bid", Some(&Tree::Int(3)), true).unwrap();
    store.committed(count);
    assert_eq!(
        sent(&store),
        r#"[{"action":"update","entity_type":"Task","entity_key":["a"],"entity_data":{"__entity_type__":"Task","bid":3}}]"#
    );
    store.rollback();
    assert_eq!(shown(&store, id, ""), r#"{"__entity_type__":"Task","id":"a","name":"new","bid":1}"#);
    store.set(id, "name", Some(&Tree::from("x")), true).unwrap();
    store.revert(id, &["name"]).unwrap();
    assert_eq!(sent(&store), "[]");
    assert!(shown(&store, id, "").contains(r#""name":"new""#));
}

#[test]
fn collections_have_no_item_twice() {
    let mut store = store();
    let id =
        merge(&mut store, r#"[{"__entity_type__":"Task","id":"a","children":[{"__entity_type__":"Task","id":"b"}]}]"#)
            [0];
    let item = |name: &str| [Tree::from(name)];
    store.edit_collection(id, "children", &item("Task/c"), &item("Task/b"), true).unwrap();
    assert!(sent(&store).contains(r#""children":[{"__entity_type__":"Task","id":"c"}]"#));
    assert_eq!(
        store.edit_collection(id, "children", &item("Task/c"), &[], true).unwrap_err().code(),
        "duplicate_item_in_collection"
    );
    assert_eq!(store.edit_collection(id, "children", &[], &item("Task/x"), true).unwrap_err().code(), "not_found");
}

#[test]
fn what_was_deleted_leaves_collections() {
    let mut store = store();
    let id = merge(
        &mut store,
        r#"[{"__entity_type__":"Task","id":"a","children":[{"__entity_type__":"Task","id":"b","name":"b"},{"__entity_type__":"Task","id":"c"},{"__entity_type__":"Task","id":"d"}]}]"#,
    )[0];
    let child = store.entity_for(&Tree::from("Task/b"), None, "target").unwrap();
    store.delete(child, true);
    // Until the commit it is there.
    assert!(shown(&store, id, "").contains(r#""id":"b""#));
    store.committed(1);
    for paths in ["", "children.name"] {
        assert!(!shown(&store, id, paths).contains(r#""id":"b""#), "{paths}");
    }
    assert_eq!(store.entity(child).unwrap().known().count(), 0);
    // And nobody tells the server of it again.
    store.edit_collection(id, "children", &[], &[Tree::from("Task/d")], true).unwrap();
    assert!(sent(&store).contains(r#""children":[{"__entity_type__":"Task","id":"c"}]"#), "{}", sent(&store));
    assert_eq!(
        store.edit_collection(id, "children", &[], &[Tree::from("Task/b")], true).unwrap_err().code(),
        "not_found"
    );
}

#[test]
fn a_missing_attribute_is_missing_for_all_that_came_together() {
    let mut store = store();
    let ids = merge(
        &mut store,
        r#"[{"__entity_type__":"Task","id":"a"},{"__entity_type__":"Status","id":"s"},{"__entity_type__":"Task","id":"b","name":"x"},{"__entity_type__":"Task","id":"c"}]"#,
    );
    let name = store.kind_of(ids[0]).unwrap().position("name").unwrap();
    assert_eq!(store.companions(ids[0], name), [ids[0], ids[3]]);
}

#[test]
fn what_was_made_apart_can_be_taken_back() {
    let mut store = store();
    let id = merge(&mut store, r#"[{"__entity_type__":"Task","id":"a","name":"old","bid":1}]"#)[0];
    store.set(id, "bid", Some(&Tree::Int(2)), true).unwrap();
    let staged = sent(&store);
    let (made, apart) = store
        .apart(|store| {
            store.set(id, "bid", Some(&Tree::Int(3)), true)?;
            store.create("Task", &data(r#"{"name":"t"}"#), true)
        })
        .unwrap();
    assert_eq!((apart.operations.len(), sent(&store)), (2, staged.clone()));
    assert!(shown(&store, id, "").contains("\"bid\":3"));
    store.take_back(apart);
    assert!(shown(&store, id, "").contains("\"bid\":2"));
    assert_eq!(store.find(store.entity(made).unwrap().kind, &store.entity(made).unwrap().key.clone()), None);
    let failed = store.apart(|store| {
        store.set(id, "name", Some(&Tree::from("x")), true)?;
        store.set(id, "nome", Some(&Tree::from("x")), true)
    });
    assert_eq!(failed.unwrap_err().code(), "unknown_attribute");
    assert!(shown(&store, id, "").contains("\"name\":\"old\""));
    assert_eq!(sent(&store), staged);
}

#[test]
fn identifiers_are_random_uuids() {
    let (one, other) = (uuid().unwrap(), uuid().unwrap());
    assert_ne!(one, other);
    for id in [one, other] {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{id}");
        // RFC 9562 5.4: version 4, variant 10.
        assert_eq!(id.get(14..15), Some("4"), "{id}");
        assert!(matches!(id.get(19..20), Some("8" | "9" | "a" | "b")), "{id}");
    }
}
