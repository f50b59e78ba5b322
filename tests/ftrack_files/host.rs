//! Accessors and structures of the host's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use haft::{
    args::Args,
    error::Status,
    value::{Object, Tree},
};
use serde_json::json;

use super::bed::{Bed, One, SECOND, TEST, detail, location, name, provider, tree};

/// A storage in memory, as a host may write one.
#[derive(Default)]
pub struct Memory {
    pub files: BTreeMap<String, Vec<u8>>,
    pub containers: Vec<String>,
    pub calls: Vec<String>,
    open: BTreeMap<i64, (String, Vec<u8>)>,
    last: i64,
}

pub type Shared = Arc<Mutex<Memory>>;

fn text(arguments: &Object, name: &str) -> String {
    arguments.get(name).and_then(Tree::as_str).unwrap_or_default().to_owned()
}

fn number(arguments: &Object, name: &str) -> usize {
    usize::try_from(arguments.get(name).and_then(Tree::as_int).unwrap()).unwrap()
}

/// The provider over it; `first` may answer before.
pub fn storage(
    memory: &Shared,
    first: impl Fn(&str, &Object, &mut Args) -> Option<Status> + Send + Sync + 'static,
) -> Tree {
    let memory = Arc::clone(memory);
    provider(move |method, arguments, reply| {
        let mut memory = memory.lock().unwrap();
        memory.calls.push(match arguments.get("identifier") {
            Some(_) => format!("{method} {}", text(arguments, "identifier")),
            None => match arguments.get("outcome") {
                Some(outcome) => format!("{method} {}", outcome.as_str().unwrap()),
                None => method.to_owned(),
            },
        });
        if let Some(status) = first(method, arguments, reply) {
            return status;
        }
        let identifier = text(arguments, "identifier");
        let handle =
            arguments.get("handle").and_then(|handle| handle.get("number")).and_then(Tree::as_int).unwrap_or_default();
        match method {
            "open" => {
                let bytes = match (text(arguments, "mode").as_str(), memory.files.get(&identifier)) {
                    ("wb", _) => Vec::new(),
                    ("rb", Some(bytes)) => bytes.clone(),
                    _ => return Status::NotFound,
                };
                memory.last += 1;
                let number = memory.last;
                reply.set("value", tree(&json!({"number": number, "size": if text(arguments, "mode") == "rb" { json!(bytes.len()) } else { json!(null) }})));
                memory.open.insert(number, (identifier, bytes));
            }
            "read" => {
                let (offset, size) = (number(arguments, "offset"), number(arguments, "size"));
                let bytes = &memory.open[&handle].1;
                reply.set("value", &bytes[offset.min(bytes.len())..(offset + size).min(bytes.len())]);
            }
            "write" => {
                let offset = number(arguments, "offset");
                let bytes = &mut memory.open.get_mut(&handle).unwrap().1;
                assert_eq!(bytes.len(), offset, "chunks come in order");
                bytes.extend_from_slice(arguments.get("bytes").and_then(Tree::as_bytes).unwrap());
            }
            "close" => {
                let (identifier, bytes) = memory.open.remove(&handle).unwrap();
                if text(arguments, "outcome") == "complete" {
                    memory.files.insert(identifier, bytes);
                }
            }
            "exists" => {
                reply.set("value", memory.files.contains_key(&identifier) || memory.containers.contains(&identifier))
            }
            "get_container" => reply.set("value", identifier.rsplit_once('/').map_or("", |(above, _)| above)),
            "make_container" => memory.containers.push(identifier),
            "remove" => {
                if memory.files.remove(&identifier).is_none() {
                    return Status::NotFound;
                }
            }
            "filesystem_path" => reply.set("value", format!("/mnt/{identifier}")),
            "url" => reply.set("value", format!("https://store.example/{identifier}?signature=s3cret")),
            _ => return Status::Unsupported,
        }
        Status::Ok
    })
}

/// A session whose test location is the host's storage.
pub fn over<'a>(bed: &'a Bed, accessor: Tree, structure: Tree) -> One<'a> {
    let mut all = Args::new();
    let mut place = Object::default();
    for (key, value) in [
        ("id", Tree::from(TEST)),
        ("name", Tree::from("test.location")),
        ("priority", Tree::Int(1)),
        ("accessor", Tree::from("mine")),
        ("structure", structure),
    ] {
        place.insert(key, value);
    }
    all.set("location", Tree::Array(vec![Tree::Object(place), tree(&json!({"id": SECOND, "priority": 2, "accessor": format!("disk:{}", bed.at("second")), "structure": "id"}))]));
    all.set("accessor.mine", accessor);
    bed.try_open(all).unwrap()
}

pub fn plain(bed: &Bed) -> (Shared, One<'_>) {
    let memory = Shared::default();
    let accessor = storage(&memory, |_, _, _| None);
    let session = over(bed, accessor, Tree::from("id"));
    (memory, session)
}

#[test]
fn bytes_go_through_the_hosts_code_in_chunks_and_back() {
    let bed = Bed::new();
    let (memory, session) = plain(&bed);
    let content = "0123456789".repeat(250_000);
    let component = name(&session.call(
        "create_component",
        &bed.write("in/big.dat", &content),
        &json!({"location": location(TEST)}),
    ));
    let place = session
        .call("resource_identifier", &component, &json!({"location": location(TEST)}))
        .as_str()
        .unwrap()
        .to_owned();
    let above = place.rsplit_once('/').unwrap().0;
    {
        let memory = memory.lock().unwrap();
        assert!(memory.files[&place] == content.as_bytes());
        let expected = [
            format!("get_container {place}"),
            format!("make_container {above}"),
            format!("exists {place}"),
            format!("open {place}"),
            "write".into(),
            "write".into(),
            "write".into(),
            "close complete".into(),
        ];
        assert_eq!(memory.calls, expected, "2.5 MB are three chunks of 1 MiB");
    }
    let here = json!({"location": location(TEST)});
    assert_eq!(session.call("filesystem_path", &component, &here), format!("/mnt/{place}"));
    assert_eq!(session.call("url", &component, &here), format!("https://store.example/{place}?signature=s3cret"));
    // Back to a disk.
    session.call("add_component", &component, &json!({"location": location(SECOND), "from": location(TEST)}));
    assert!(bed.read(&format!("second/{place}")) == content);
    assert_eq!(memory.lock().unwrap().calls.last().unwrap(), "close complete");
    session.call("remove_component", &component, &here);
    assert!(memory.lock().unwrap().files.is_empty());
    assert_eq!((bed.registered(TEST), bed.registered(SECOND)), (0, 1));
    assert!(memory.lock().unwrap().open.is_empty(), "everything that was opened is closed");
}

#[test]
fn the_host_names_places() {
    let bed = Bed::new();
    let memory = Shared::default();
    let structure = provider(|method, arguments, reply| {
        assert_eq!(method, "identifier");
        let component = arguments.get("component").unwrap();
        let source = arguments
            .get("context")
            .and_then(|context| context.get("source_resource_identifier"))
            .and_then(Tree::as_str)
            .unwrap();
        let file = source.rsplit('/').next().unwrap();
        let kind = component.get("__entity_type__").and_then(Tree::as_str).unwrap();
        match component.get("name").and_then(Tree::as_str) {
            Some("nowhere") => Status::NotFound,
            Some("wrong") => {
                reply.set("value", 7_i64);
                Status::Ok
            }
            Some("broken") => {
                reply.set("message", "no such show");
                Status::Remote
            }
            _ => {
                reply.set("value", format!("{kind}/{file}"));
                Status::Ok
            }
        }
    });
    let session = over(&bed, storage(&memory, |_, _, _| None), structure);
    let path = bed.write("in/a.txt", "a");
    let order = |name: &str| json!({"location": location(TEST), "data": {"name": name}});
    session.call("create_component", &path, &order("a"));
    assert_eq!(memory.lock().unwrap().files.keys().collect::<Vec<_>>(), ["FileComponent/a.txt"]);
    for (name, code) in [("nowhere", "structure"), ("wrong", "provider"), ("broken", "provider")] {
        let error = session.fails("create_component", &path, &order(name));
        assert_eq!(error.code(), code, "{name}");
        assert_eq!(detail(&error, "transferred"), json!([]));
    }
    assert_eq!((bed.registered(TEST), memory.lock().unwrap().files.len()), (1, 1));
    assert_eq!(
        bed.rows("select name from FileComponent where name in (nowhere, wrong, broken)"),
        Vec::<serde_json::Value>::new()
    );
}

/// Each refusal of the host is an error with a name, and the operation and the resource in its detail.
#[test]
fn refusals_of_the_host_have_names() {
    for (method, status, code, shown) in [
        ("open", Status::Denied, "accessor_permission_denied", c"HAFT_E_DENIED"),
        ("open", Status::NotFound, "accessor_resource_not_found", c"HAFT_E_NOT_FOUND"),
        ("exists", Status::Io, "accessor_operation_failed", c"HAFT_E_IO"),
        ("make_container", Status::Argument, "accessor_resource_invalid", c"HAFT_E_ARGUMENT"),
        ("make_container", Status::Unsupported, "accessor_unsupported_operation", c"HAFT_E_UNSUPPORTED"),
        ("get_container", Status::Internal, "accessor_operation_failed", c"HAFT_E_IO"),
    ] {
        let bed = Bed::new();
        let memory = Shared::default();
        let accessor = storage(&memory, move |asked, _, reply| {
            (asked == method).then(|| {
                reply.set("message", "as the test wants it");
                status
            })
        });
        let session = over(&bed, accessor, Tree::from("id"));
        let error =
            session.fails("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)}));
        assert_eq!((error.code(), error.status().name()), (code, shown), "{method}");
        assert!(error.message().contains("as the test wants it"), "{error}");
        assert_eq!(detail(&error, "operation"), method);
        assert!(!detail(&error, "resource_identifier").as_str().unwrap().is_empty());
        assert_eq!((bed.registered(TEST), memory.lock().unwrap().files.len()), (0, 0), "{method}");
    }
}

/// A host without containers, that brings too much or too little.
#[test]
fn a_host_may_leave_out_what_it_has_not_and_must_not_lie() {
    let bed = Bed::new();
    let memory = Shared::default();
    let accessor = storage(&memory, |method, _, _| (method == "get_container").then_some(Status::Unsupported));
    let session = over(&bed, accessor, Tree::from("entity_id"));
    let component =
        session.call("create_component", &bed.write("in/a.txt", "abc"), &json!({"location": location(TEST)}));
    let id = component["id"].as_str().unwrap();
    assert_eq!(memory.lock().unwrap().files[id], b"abc");
    assert!(memory.lock().unwrap().containers.is_empty());
    let bytes = |bytes: &[u8]| Tree::from(bytes);
    for (brought, why) in [
        (bytes(b"much more than it said there would be"), "37 bytes and not 3"),
        (bytes(b""), "0 bytes and not 3"),
        (Tree::from(7), "and not bytes"),
    ] {
        let bed = Bed::new();
        let memory = Shared::default();
        memory.lock().unwrap().files.insert("x".into(), b"abc".to_vec());
        let accessor = storage(&memory, move |method, arguments, reply| {
            (method == "read").then(|| {
                reply.set("value", if number(arguments, "offset") == 0 { brought.clone() } else { Tree::Null });
                Status::Ok
            })
        });
        let session = over(&bed, accessor, Tree::from("id"));
        let data = json!({"component": format!("FileComponent/{}", super::bed::PLATE), "location": location(TEST), "resource_identifier": "x"});
        session.call("create", "ComponentLocation", &json!({"data": data}));
        let error = session.fails(
            "add_component",
            &format!("FileComponent/{}", super::bed::PLATE),
            &json!({"location": location(SECOND)}),
        );
        assert!(error.code() == "accessor_operation_failed" && error.message().contains(why), "{error}");
        assert_eq!((bed.files("second"), bed.registered(SECOND)), (vec![], 0));
    }
}
