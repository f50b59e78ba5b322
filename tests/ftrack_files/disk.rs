//! Files on disks: where they go, what stays out of reach, and that nothing is left half done.

use serde_json::{Value, json};

use super::bed::{Bed, One, PLATE, SECOND, TEST, detail, location, name};

/// Says on the server that the seed's component is in the test location under this identifier.
fn claim(session: &One<'_>, identifier: &str) -> String {
    let data = json!({"component": format!("FileComponent/{PLATE}"), "location": location(TEST), "resource_identifier": identifier});
    session.call("create", "ComponentLocation", &json!({"data": data}));
    format!("FileComponent/{PLATE}")
}

#[test]
fn identifiers_do_not_lead_out_of_the_prefix() {
    for (identifier, good) in [
        ("a/../b.exr", Some("b.exr")),
        ("./x//y.exr", Some("x/y.exr")),
        ("../outside.exr", None),
        ("a/../../outside.exr", None),
        ("/etc/passwd", None),
        ("", Some("")),
    ] {
        let bed = Bed::new();
        bed.write("outside.exr", "not yours");
        let session = bed.stored();
        let component = claim(&session, identifier);
        let here = json!({"location": location(TEST)});
        match good {
            Some(inside) => {
                let expected = format!("{}/{inside}", bed.at("store"));
                let path = session.call("filesystem_path", &component, &here);
                assert_eq!(path.as_str().unwrap(), expected.trim_end_matches('/'), "{identifier}");
            }
            None => {
                for verb in ["filesystem_path", "remove_component"] {
                    let error = session.fails(verb, &component, &here);
                    assert_eq!(
                        (error.code(), error.status().name()),
                        ("accessor_filesystem_path", c"HAFT_E_ARGUMENT"),
                        "{verb} {identifier}"
                    );
                    assert_eq!(detail(&error, "resource_identifier"), identifier);
                }
                assert_eq!(bed.read("outside.exr"), "not yours");
                assert_eq!(bed.registered(TEST), 1, "what could not be removed is still registered");
            }
        }
    }
}

/// A directory whose name only begins as the prefix does is another.
#[test]
fn a_neighbour_is_not_below_the_prefix() {
    let bed = Bed::new();
    let session = bed.stored();
    let neighbour = bed.write("store2/secret.txt", "s");
    let component = claim(&session, &neighbour);
    assert_eq!(
        session.fails("filesystem_path", &component, &json!({"location": location(TEST)})).code(),
        "accessor_filesystem_path"
    );
    let bed = Bed::new();
    let session = bed.stored();
    let within = bed.write("store/own.txt", "o");
    let component = claim(&session, &within);
    assert_eq!(session.call("filesystem_path", &component, &json!({"location": location(TEST)})), within);
}

#[test]
fn a_prefix_has_variables_and_a_home() {
    let bed = Bed::new();
    let location_of = |prefix: &str| json!({"location": [{"id": TEST, "accessor": {"type": "disk", "prefix": prefix}, "structure": "id"}]});
    for (prefix, expected) in [("~/haft-x/../y", "HOME/y"), ("$HOME/z", "HOME/z")] {
        let session = bed.open(&location_of(prefix));
        let component = match bed.registered(TEST) {
            0 => claim(&session, "f"),
            _ => format!("FileComponent/{PLATE}"),
        };
        let expected = expected.replace("HOME", std::env::var("HOME").unwrap().trim_end_matches('/'));
        assert_eq!(
            session.call("filesystem_path", &component, &json!({"location": location(TEST)})),
            format!("{expected}/f")
        );
    }
}

#[test]
fn bytes_arrive_whole_and_nothing_else_does() {
    let bed = Bed::new();
    let session = bed.stored();
    for (file, text) in [("in/empty.dat", String::new()), ("in/large.dat", "0123456789abcdef".repeat(200_000))] {
        let path = bed.write(file, &text);
        let component = session.call("create_component", &path, &json!({"location": location(TEST)}));
        assert_eq!(component["size"], text.len());
        let place = session.call("resource_identifier", &name(&component), &json!({"location": location(TEST)}));
        assert!(bed.read(&format!("store/{}", place.as_str().unwrap())) == text, "{file}");
    }
    assert_eq!(bed.files("store").len(), 2, "{:?}", bed.files("store"));
}

/// One request for the question, one for everything that is made.
#[test]
fn a_sequence_is_registered_in_one_request() {
    let bed = Bed::new();
    for number in 1..=3 {
        bed.write(&format!("in/s.{number:02}.exr"), "x");
    }
    let session = bed.stored();
    let since = session.mark();
    let component =
        session.call("create_component", &bed.at("in/s.%02d.exr [1-3]"), &json!({"location": location(TEST)}));
    let creates: Vec<&str> = ["create"; 4].into_iter().chain(["update"]).chain(["create"; 4]).collect();
    assert_eq!(session.actions(since), [vec!["query"], vec!["query"], creates]);
    assert_eq!((&component["size"], &component["padding"]), (&json!(3), &json!(2)));
    assert_eq!(bed.registered(TEST), 4);
    // What is there, members and theirs, the registrations, and all of them gone.
    let since = session.mark();
    session.call("remove_component", &name(&component), &json!({"location": location(TEST)}));
    assert_eq!(session.actions(since), [vec!["query"], vec!["query"], vec!["query"], vec!["delete"; 4]]);
    assert_eq!((bed.registered(TEST), bed.files("store")), (0, vec![]));
}

/// From another location of the server: its places are asked for together.
#[test]
fn a_sequence_moves_on_in_few_requests() {
    let bed = Bed::new();
    for number in 1..=5 {
        bed.write(&format!("in/s.{number}.exr"), "x");
    }
    let second =
        json!({"id": SECOND, "priority": 2, "accessor": format!("disk:{}", bed.at("second")), "structure": "id"});
    let session = bed.open(&json!({"location": [bed.disk("store", "id"), second]}));
    let component =
        name(&session.call("create_component", &bed.at("in/s.%d.exr [1-5]"), &json!({"location": location(TEST)})));
    let since = session.mark();
    session.call("add_component", &component, &json!({"location": location(SECOND), "from": location(TEST)}));
    // Whether it and its members are there and where they are now, and one commit.
    assert_eq!(session.actions(since), [vec!["query"], vec!["query"], vec!["query"], vec!["query"], vec!["create"; 6]]);
    assert_eq!(bed.files("second"), bed.files("store"));
}

#[test]
fn several_components_go_together() {
    let bed = Bed::new();
    let session = bed.stored();
    let make = |file: &str| name(&session.call("create_component", &bed.write(file, "x"), &json!({"location": null})));
    let both = [make("in/a.txt"), make("in/b.txt")];
    let since = session.mark();
    let shown = session.call("add_component", "", &json!({"entities": both, "location": location(TEST)}));
    assert_eq!(shown.as_array().unwrap().iter().map(name).collect::<Vec<_>>(), both);
    assert_eq!(session.actions(since).last().unwrap(), &["create", "create"]);
    let third = make("in/c.txt");
    let error = session.fails("add_component", "", &json!({"entities": [third, both[0]], "location": location(TEST)}));
    assert_eq!((error.code(), detail(&error, "components")), ("component_in_location", json!([both[0]])));
    assert_eq!(bed.files("store").len(), 2, "nothing is moved when one of them is there");
    let error =
        session.fails("remove_component", "", &json!({"entities": [both[0], third], "location": location(TEST)}));
    assert_eq!((error.code(), detail(&error, "components")), ("component_not_in_location", json!([third])));
    assert_eq!(
        session.fails("remove_component", "", &json!({"entities": [third, third], "location": location(TEST)})).code(),
        "argument"
    );
    session.call("remove_component", "", &json!({"entities": both, "location": location(TEST)}));
    assert_eq!((bed.registered(TEST), bed.files("store").len()), (0, 0));
    assert_eq!(session.call("add_component", "", &json!({"entities": [], "location": location(TEST)})), json!([]));
}

/// What is on its way is told, over all files of the call; a child is about its own entity.
#[test]
fn progress_counts_over_all_files() {
    let bed = Bed::new();
    for number in 1..=3 {
        bed.write(&format!("in/s.{number}.exr"), &"x".repeat(3 << 19));
    }
    let session = bed.stored();
    let component = name(&session.call("create_component", &bed.at("in/s.%d.exr [1-3]"), &json!({"location": null})));
    let child = session.session.attach(&component, &haft::args::Args::new()).unwrap();
    let number = child
        .submit(Some("add_component"), None, &super::bed::args(&json!({"location": location(TEST), "progress": true})))
        .unwrap();
    let mut sent = Vec::new();
    loop {
        let event = child.poll(30_000).unwrap().expect("nothing came in time");
        match event.kind() {
            haft::session::Kind::Progress if event.id() == number => {
                let value: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
                sent.push(value["sent"].as_u64().unwrap());
            }
            haft::session::Kind::Response if event.id() == number => break,
            _ => {}
        }
    }
    assert!(sent.is_sorted() && sent.last() == Some(&(9 << 19)), "{sent:?}");
    assert_eq!(bed.files("store").len(), 3);
}

#[test]
fn what_is_there_is_not_overwritten() {
    let bed = Bed::new();
    let session = bed.open(&json!({"location": [bed.disk("store", "origin")]}));
    // The structure passes the path on: in the store the file would lie where it comes from.
    let path = bed.write("store/in.exr", "first");
    let error = session.fails("create_component", &path, &json!({"location": location(TEST)}));
    assert_eq!((error.code(), error.status().name()), ("location", c"HAFT_E_CONFLICT"));
    assert_eq!((detail(&error, "transferred"), detail(&error, "location")), (json!([]), json!(location(TEST))));
    assert_eq!(
        (bed.read("store/in.exr").as_str(), bed.files("store"), bed.registered(TEST)),
        ("first", vec!["in.exr".to_owned()], 0)
    );
}

/// Members of a container go below it; a container that holds something else is not removed.
#[test]
fn a_container_is_a_directory() {
    let bed = Bed::new();
    let session = bed.stored();
    let whole = name(&session.call("create", "ContainerComponent", &json!({"data": {"name": "whole"}})));
    let path = bed.write("in/part.txt", "part");
    let part = name(&session.call(
        "create_component",
        &path,
        &json!({"location": null, "data": {"name": "part", "container": whole}}),
    ));
    let inner =
        name(&session.call("create", "ContainerComponent", &json!({"data": {"name": "inner", "container": whole}})));
    // The container itself comes from nowhere.
    session.call("add_component", &whole, &json!({"location": location(TEST), "from": "ftrack.origin"}));
    let here = json!({"location": location(TEST)});
    let of = |component: &str| session.call("filesystem_path", component, &here).as_str().unwrap().to_owned();
    assert!(of(&part).starts_with(&format!("{}/", of(&whole))), "{} {}", of(&part), of(&whole));
    assert_eq!(std::fs::read_to_string(of(&part)).unwrap(), "part");
    assert!(std::path::Path::new(&of(&inner)).is_dir());
    let shares = session.call("availability", &whole, &json!({"location": [location(TEST), location(SECOND)]}));
    assert_eq!(shares, json!({TEST: 100.0, SECOND: 0.0}));

    let stray = format!("{}/stray", of(&whole));
    std::fs::write(&stray, "x").unwrap();
    let error = session.fails("remove_component", &whole, &here);
    assert_eq!((error.code(), error.status().name()), ("accessor_container_not_empty", c"HAFT_E_CONFLICT"));
    assert_eq!(detail(&error, "component"), whole);
    // Its members are gone, and the server knows.
    assert_eq!(session.fails("filesystem_path", &part, &here).code(), "component_not_in_location");
    std::fs::remove_file(stray).unwrap();
    session.call("remove_component", &whole, &json!({"location": location(TEST), "recursive": false}));
    assert_eq!(bed.registered(TEST), 0);
}

#[test]
fn the_origin_takes_paths_and_forgets_with_a_reset() {
    let bed = Bed::new();
    let session = bed.stored();
    let path = bed.write("in/plate.exr", "plate");
    let component = format!("FileComponent/{PLATE}");
    let error = session.fails("add_component", &component, &json!({"location": "ftrack.origin"}));
    assert_eq!(error.code(), "component_not_in_any_location");
    session.call("add_component", &component, &json!({"location": "ftrack.origin", "from": path}));
    assert_eq!(
        session.fails("add_component", &component, &json!({"location": "ftrack.origin", "from": path})).code(),
        "component_in_location"
    );
    assert_eq!(session.call("filesystem_path", &component, &json!({"location": "ftrack.origin"})), path);
    let since = session.mark();
    session.call("add_component", &component, &json!({"location": "test.location"}));
    assert_eq!(session.actions(since).last().unwrap(), &["create"]);
    session.call("remove_component", &component, &json!({"location": "ftrack.origin"}));
    assert_eq!(
        session.fails("url", &component, &json!({"location": "ftrack.origin"})).code(),
        "component_not_in_location"
    );
    session.call("add_component", &component, &json!({"location": "ftrack.origin", "from": path}));
    session.call("reset", "", &json!({}));
    assert_eq!(
        session.fails("filesystem_path", &component, &json!({"location": "ftrack.origin"})).code(),
        "component_not_in_location"
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), "plate", "files stay where they are");
}
