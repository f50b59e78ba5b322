//! What goes wrong half-way: nothing is registered, what was moved is named, nothing half done is left on a disk.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use haft::{error::Status, value::Tree};
use serde_json::{Value, json};

use super::{
    bed::{Bed, PLATE, SECOND, TEST, VERSION, detail, location, name},
    host::{Shared, over, plain, storage},
};

const TIMES: usize = 10;

fn frames(bed: &Bed, count: usize) -> String {
    for number in 1..=count {
        bed.write(&format!("in/f.{number:02}.exr"), "0123456789");
    }
    bed.at(&format!("in/f.%02d.exr [1-{count}]"))
}

/// The names of all components of the server.
fn components(bed: &Bed) -> usize {
    bed.rows("select id from Component").len()
}

/// The storage is full at the third file.
#[test]
fn a_full_storage_registers_nothing_and_names_what_was_moved() {
    for _ in 0..TIMES {
        let bed = Bed::new();
        let before = components(&bed);
        let (memory, written) = (Shared::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&written);
        let accessor = storage(&memory, move |method, _, reply| {
            (method == "write" && count.fetch_add(1, Ordering::Relaxed) >= 2).then(|| {
                reply.set("message", "no space is left");
                Status::Limit
            })
        });
        let session = over(&bed, accessor, Tree::from("id"));
        let error = session.fails("create_component", &frames(&bed, 4), &json!({"location": location(TEST)}));
        assert_eq!((error.code(), error.status().name()), ("accessor_operation_failed", c"HAFT_E_IO"));
        assert!(error.message().contains("no space is left"), "{error}");
        let moved = detail(&error, "transferred");
        let places: Vec<&str> =
            moved.as_array().unwrap().iter().map(|entry| entry["resource_identifier"].as_str().unwrap()).collect();
        assert_eq!(places, memory.lock().unwrap().files.keys().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(places.len(), 2);
        assert_eq!((detail(&error, "location"), detail(&error, "outcome")), (json!(location(TEST)), json!("not_sent")));
        assert!(detail(&error, "component").as_str().unwrap().starts_with("FileComponent/"));
        assert_eq!(memory.lock().unwrap().calls.last().unwrap(), "close failed", "the host can let go of it");
        assert_eq!((bed.registered(TEST), components(&bed), session.inspect("created")), (0, before, json!([])));
    }
}

/// The same where the host finds out when the file is closed.
#[test]
fn a_file_that_cannot_be_closed_was_not_stored() {
    let bed = Bed::new();
    let memory = Shared::default();
    let accessor = storage(&memory, |method, _, _| (method == "close").then_some(Status::Io));
    let session = over(&bed, accessor, Tree::from("id"));
    let error = session.fails("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)}));
    assert_eq!(
        (error.code(), detail(&error, "operation"), detail(&error, "transferred")),
        ("accessor_operation_failed", json!("close"), json!([]))
    );
    assert_eq!(bed.registered(TEST), 0);
}

#[test]
fn a_file_that_is_gone_is_said_to_be() {
    for _ in 0..TIMES {
        let bed = Bed::new();
        let session = bed.stored();
        let path = bed.write("in/a.txt", "a");
        let component = name(&session.call("create_component", &path, &json!({"location": null})));
        std::fs::remove_file(&path).unwrap();
        let error = session.fails("add_component", &component, &json!({"location": location(TEST)}));
        assert_eq!((error.code(), error.status().name()), ("accessor_resource_not_found", c"HAFT_E_NOT_FOUND"));
        assert_eq!(
            (detail(&error, "resource_identifier"), detail(&error, "component")),
            (json!(path), json!(component))
        );
        assert_eq!((bed.registered(TEST), bed.files("store")), (0, vec![]));
        // It comes back.
        bed.write("in/a.txt", "b");
        session.call("add_component", &component, &json!({"location": location(TEST)}));
        assert_eq!(bed.read(&format!("store/{}", bed.files("store")[0])), "b");
    }
}

/// A directory where a file was meant, a file where a directory was meant.
#[test]
fn resources_of_the_wrong_kind_are_refused() {
    let bed = Bed::new();
    let session = bed.stored();
    std::fs::create_dir_all(bed.at("in/folder")).unwrap();
    let error = session.fails("create_component", &bed.at("in/folder"), &json!({"location": location(TEST)}));
    assert_eq!(error.code(), "accessor_resource_invalid");
    let bed = Bed::new();
    let session = bed.stored();
    bed.write("store", "a file where the store was to be");
    let error = session.fails("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)}));
    assert_eq!((error.code(), error.status().name()), ("accessor_resource_invalid", c"HAFT_E_ARGUMENT"));
    assert_eq!((bed.registered(TEST), bed.read("store").as_str()), (0, "a file where the store was to be"));
}

/// The bytes stop coming in the middle: no half file stays, and the place is free for the next try.
#[test]
fn a_source_that_breaks_leaves_no_half_file() {
    for _ in 0..TIMES {
        let bed = Bed::new();
        let (memory, asked) = (Shared::default(), Arc::new(AtomicUsize::new(0)));
        memory.lock().unwrap().files.insert("x".into(), vec![7; 3 << 20]);
        let count = Arc::clone(&asked);
        let accessor = storage(&memory, move |method, _, _| {
            (method == "read" && count.fetch_add(1, Ordering::Relaxed) == 2).then_some(Status::Io)
        });
        let session = over(&bed, accessor, Tree::from("id"));
        let data = json!({"component": format!("FileComponent/{PLATE}"), "location": location(TEST), "resource_identifier": "x"});
        session.call("create", "ComponentLocation", &json!({"data": data}));
        let order = json!({"location": location(SECOND), "from": location(TEST)});
        let error = session.fails("add_component", &format!("Component/{PLATE}"), &order);
        assert_eq!((error.code(), detail(&error, "operation")), ("accessor_operation_failed", json!("read")));
        assert_eq!((bed.files("second"), bed.registered(SECOND)), (vec![], 0));
        assert_eq!(memory.lock().unwrap().calls.last().map(String::as_str), Some("close failed"));
        session.call("add_component", &format!("Component/{PLATE}"), &order);
        assert_eq!((bed.files("second").len(), bed.registered(SECOND)), (1, 1));
    }
}

/// All bytes are in their place and the server refuses to note it down.
#[test]
fn a_refused_registration_leaves_the_server_as_it_was() {
    for _ in 0..TIMES {
        let bed = Bed::new();
        let before = components(&bed);
        let session = bed.stored();
        bed.sandbox.ftrack_order("fault=error&action=create&exception=PermissionError&content=no").unwrap();
        let known = session.inspect("cache")["entities"].clone();
        let error = session.fails("create_component", &frames(&bed, 2), &json!({"location": location(TEST)}));
        assert_eq!((error.code(), error.status().name()), ("server", c"HAFT_E_DENIED"));
        assert_eq!(detail(&error, "outcome"), "not_sent");
        let moved: Vec<Value> = detail(&error, "transferred")
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["resource_identifier"].clone())
            .collect();
        assert_eq!(moved[..2], bed.files("store").iter().map(|name| json!(name)).collect::<Vec<_>>());
        assert_eq!(moved.len(), 3, "the sequence itself has a place too");
        assert_eq!((bed.registered(TEST), components(&bed)), (0, before));
        assert_eq!((session.inspect("operations"), session.inspect("created")), (json!([]), json!([])));
        // Nothing of it is known any more, neither the components nor their registrations nor where they came from.
        assert_eq!(session.inspect("cache")["entities"], known);
        let component = detail(&error, "transferred")[0]["component"].as_str().unwrap().to_owned();
        assert_eq!(session.call("get", &component, &json!({})), Value::Null);
        assert_eq!(
            session.fails("filesystem_path", &component, &json!({"location": "ftrack.origin"})).code(),
            "component_not_in_location"
        );
    }
}

/// The answer never came: the error says so, and asking tells.
#[test]
fn a_lost_answer_is_told_as_such() {
    let bed = Bed::new();
    let session = bed.stored();
    bed.sandbox.ftrack_order("fault=cut&action=create&when=after").unwrap();
    let error = session.fails("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)}));
    assert_eq!(detail(&error, "outcome"), "unknown");
    let moved = detail(&error, "transferred")[0]["component"].as_str().unwrap().to_owned();
    assert_eq!(bed.registered(TEST), 1);
    assert_eq!(session.call("availability", &moved, &json!({"location": location(TEST)}))[TEST], 100.0);
}

/// A container whose last member fails: in the original its first members would be registered.
#[test]
fn members_are_not_registered_without_their_container() {
    let bed = Bed::new();
    let memory = Shared::default();
    let accessor = storage(&memory, |method, arguments, _| {
        (method == "make_container"
            && arguments.get("identifier").and_then(Tree::as_str).is_some_and(|text| text.ends_with("whole")))
        .then_some(Status::Denied)
    });
    let mut session = over(&bed, accessor, Tree::from("standard"));
    let version = format!("AssetVersion/{VERSION}");
    let whole =
        name(&session.call("create", "ContainerComponent", &json!({"data": {"name": "whole", "version": version}})));
    session.call(
        "create_component",
        &bed.write("in/a.txt", "a"),
        &json!({"location": null, "data": {"name": "part", "container": whole}}),
    );
    let error = session.fails("add_component", &whole, &json!({"location": location(TEST), "from": "ftrack.origin"}));
    assert_eq!(error.code(), "accessor_permission_denied");
    assert_eq!(bed.registered(TEST), 0);
    let (memory, again) = plain(&bed);
    session = again;
    assert!(memory.lock().unwrap().files.is_empty());
    assert_eq!(
        session.fails("add_component", &whole, &json!({"location": location(TEST)})).code(),
        "component_not_in_any_location"
    );
}

/// One in the middle cannot be removed: what is gone is not registered any more, and a second try goes on.
#[test]
fn a_removal_that_breaks_can_be_gone_on_with() {
    for _ in 0..TIMES {
        let bed = Bed::new();
        let (memory, asked) = (Shared::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        let accessor = storage(&memory, move |method, _, _| {
            (method == "remove" && count.fetch_add(1, Ordering::Relaxed) == 2).then_some(Status::Denied)
        });
        let session = over(&bed, accessor, Tree::from("id"));
        let component = name(&session.call("create_component", &frames(&bed, 4), &json!({"location": location(TEST)})));
        let order = json!({"location": location(TEST)});
        let error = session.fails("remove_component", &component, &order);
        assert_eq!((error.code(), detail(&error, "location")), ("accessor_permission_denied", json!(location(TEST))));
        assert!(detail(&error, "component").as_str().unwrap().starts_with("FileComponent/"));
        assert_eq!((memory.lock().unwrap().files.len(), bed.registered(TEST)), (2, 3));
        session.call("remove_component", &component, &order);
        assert_eq!((memory.lock().unwrap().files.len(), bed.registered(TEST)), (0, 0));
        assert_eq!(session.fails("remove_component", &component, &order).code(), "component_not_in_location");
    }
}

/// A version that is only staged: the server would refuse when all bytes are in their place.
#[test]
fn what_has_to_be_committed_first_is_said_before_bytes_move() {
    let bed = Bed::new();
    let session = bed.stored();
    let asset = bed.rows("select id from Asset")[0]["id"].clone();
    let version = session.stage("create", "AssetVersion", &json!({"data": {"asset_id": asset}}));
    let path = bed.write("in/a.txt", "a");
    for data in [json!({"version": name(&version)}), json!({"version_id": version["id"]})] {
        let error = session.fails("create_component", &path, &json!({"location": location(TEST), "data": data}));
        assert_eq!((error.code(), detail(&error, "entity")), ("location", json!(name(&version))));
        let staged = name(&session.stage("create_component", &path, &json!({"data": data})));
        let error = session.fails("add_component", &staged, &json!({"location": location(TEST)}));
        assert_eq!((error.code(), detail(&error, "entity")), ("location", json!(name(&version))));
    }
    assert_eq!((bed.files("store"), bed.registered(TEST)), (vec![], 0));
    session.commit();
    session.call(
        "create_component",
        &path,
        &json!({"location": location(TEST), "data": {"version_id": version["id"]}}),
    );
    assert_eq!((bed.files("store").len(), bed.registered(TEST)), (1, 1));
}

/// Somebody ends the call while the bytes go over.
#[test]
fn a_cancelled_call_stops_between_two_chunks() {
    let bed = Bed::new();
    let memory = Shared::default();
    let (sender, receiver) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let accessor = storage(&memory, move |method, _, _| {
        if method == "write" {
            let _ = sender.send(());
            let _ = gone.lock().unwrap().recv();
        }
        None
    });
    let session = over(&bed, accessor, Tree::from("id"));
    let path = bed.write("in/big.dat", &"x".repeat(5 << 20));
    std::thread::scope(|scope| {
        let call =
            scope.spawn(|| session.fails("create_component", &path, &json!({"location": location(TEST), "id": 7})));
        receiver.recv().unwrap();
        session.session.cancel(7);
        drop(go);
        let error = call.join().unwrap();
        assert_eq!(error.code(), "cancelled");
    });
    assert!(memory.lock().unwrap().calls.iter().filter(|call| *call == "write").count() < 5);
    assert_eq!((bed.registered(TEST), memory.lock().unwrap().files.len()), (0, 0));
}

/// An address with a key in it is given to whoever asks, and is nowhere else.
#[test]
fn addresses_are_in_no_error() {
    let bed = Bed::new();
    let (_, session) = plain(&bed);
    let component =
        name(&session.call("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)})));
    assert!(session.call("url", &component, &json!({})).as_str().unwrap().contains("s3cret"));
    session.call("remove_component", &component, &json!({"location": location(TEST)}));
    let error = session.fails("url", &component, &json!({"location": location(TEST)}));
    assert!(!format!("{error:?} {error}").contains("s3cret"));
    for what in ["stats", "cache", "locations", "operations"] {
        assert!(!session.inspect(what).to_string().contains("s3cret"), "{what}");
    }
}
