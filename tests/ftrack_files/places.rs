//! Which locations there are, and which one is taken.

use std::sync::{Arc, Mutex};

use haft::{
    args::Args,
    error::Status,
    session::{Event, Kind},
    value::{Provider, Tree},
};
use serde_json::{Value, json};

use super::bed::{
    Bed, ORIGIN, PLATE, REVIEW, SECOND, SERVER, TEST, UNMANAGED, args, detail, location, name, provider, tree,
};

fn summary(locations: &Value) -> Vec<(String, i64, String, String, bool, bool)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let of = |one: &Value| {
        (
            text(&one["id"]),
            one["priority"].as_i64().unwrap(),
            text(&one["accessor"]),
            text(&one["structure"]),
            one["moves_data"] == true,
            one["in_memory"] == true,
        )
    };
    locations.as_array().unwrap().iter().map(of).collect()
}

fn row(
    id: &str,
    priority: i64,
    accessor: &str,
    structure: &str,
    moves: bool,
    memory: bool,
) -> (String, i64, String, String, bool, bool) {
    (id.into(), priority, accessor.into(), structure.into(), moves, memory)
}

/// Table 9.2 of the specification; none of it costs a request.
#[test]
fn built_in_locations_are_known_from_the_start() {
    let bed = Bed::new();
    let session = bed.open(&json!({}));
    let since = session.mark();
    let expected = [
        row(UNMANAGED, 90, "disk", "origin", false, false),
        row(ORIGIN, 100, "disk", "origin", false, true),
        row(REVIEW, 110, "disk", "origin", false, false),
        row(SERVER, 150, "server", "entity_id", true, false),
    ];
    assert_eq!(summary(&session.inspect("locations")), expected);
    assert_eq!(session.call("get", &location(ORIGIN), &json!({}))["name"], "ftrack.origin");
    assert_eq!(session.sent(since), Vec::<Value>::new());
}

#[test]
fn central_storage_is_preferred() {
    let bed = Bed::new();
    let mounts = json!({"linux": bed.at("central"), "osx": bed.at("central"), "windows": "x:"});
    let scenario = json!({"scenario": "ftrack.centralized-storage", "data": {"location_id": TEST, "location_name": "test.location", "accessor": {"mount_points": mounts}}});
    bed.sandbox.ftrack_order(&format!("set=1&storage_scenario={scenario}")).unwrap();
    let session = bed.open(&json!({}));
    assert_eq!(summary(&session.inspect("locations"))[0], row(TEST, 1, "disk", "standard", true, false));
    let path = bed.write("in/c.exr", "central");
    let data = json!({"name": "c", "version": format!("AssetVersion/{}", super::bed::VERSION)});
    session.call("create_component", &path, &json!({"data": data}));
    assert_eq!(bed.files("central"), ["python_api/sq010/sh010/plate/v001/c.exr"]);
    // The host has the last word.
    let session = bed.open(&json!({"location": {"name": "test.location", "priority": 500}}));
    assert_eq!(summary(&session.inspect("locations"))[4], row(TEST, 500, "disk", "standard", true, false));
    // What is not understood is left out, and the session goes on.
    bed.sandbox.ftrack_order(r#"set=1&storage_scenario={"scenario":"ftrack.centralized-storage","data":{}}"#).unwrap();
    assert_eq!(summary(&bed.open(&json!({})).inspect("locations")).len(), 4);
}

#[test]
fn the_host_tells_of_locations_by_name_and_by_provider() {
    let bed = Bed::new();
    let seen = Arc::new(Mutex::new(Tree::Null));
    let told = Arc::clone(&seen);
    let answer = json!([{"name": "test.location", "accessor": "mine", "structure": "own", "priority": 3}, {"id": UNMANAGED, "accessor": null}]);
    let mut all = Args::new();
    all.set(
        "location",
        provider(move |method, arguments, reply| {
            assert_eq!(method, "configure");
            *told.lock().unwrap() = arguments.get("locations").unwrap().clone();
            reply.set("value", tree(&answer));
            Status::Ok
        }),
    );
    all.set("accessor.mine", provider(|_, _, _| Status::Unsupported));
    all.set(
        "structure.own",
        provider(|_, _, reply| {
            reply.set("value", "x");
            Status::Ok
        }),
    );
    let session = bed.try_open(all).unwrap();
    assert_eq!(seen.lock().unwrap().as_array().unwrap().len(), 4, "it hears of those that are there");
    let found = summary(&session.inspect("locations"));
    assert_eq!(found[0], row(TEST, 3, "mine", "own", true, false));
    assert_eq!(found[1], row(UNMANAGED, 90, "-", "origin", false, false));
    assert_eq!(session.call("pick_location", "", &json!({}))["id"], TEST);
    // A reset asks again.
    *seen.lock().unwrap() = Tree::Null;
    session.call("reset", "", &json!({}));
    assert_eq!(seen.lock().unwrap().as_array().unwrap().len(), 4);
    // And so does configure, which keeps what is in the origin.
    let component = session.call("create_component", &bed.write("in/a.txt", "a"), &json!({"location": null}));
    session.session.configure(&args(&json!({"location": [bed.disk("store", "id")]}))).unwrap();
    assert_eq!(summary(&session.inspect("locations"))[0], row(TEST, 1, "disk", "id", true, false));
    session.call("add_component", &name(&component), &json!({"location": location(TEST)}));
    assert_eq!(bed.files("store").len(), 1);
}

#[test]
fn what_cannot_be_a_location_is_said_at_once() {
    let bed = Bed::new();
    for (told, key, code) in [
        (json!([{"accessor": "server"}]), "location", "argument"),
        (json!([{"id": TEST, "acessor": "server"}]), "location", "argument"),
        (json!([{"id": TEST, "accessor": "ftp"}]), "location.accessor", "argument"),
        (json!([{"id": TEST, "structure": "deep"}]), "location.structure", "argument"),
        (json!([{"id": TEST, "priority": "first"}]), "location", "argument"),
        (json!([{"id": TEST, "moves_data": 1}]), "location", "argument"),
        (json!([{"name": "no.such"}]), "location", "not_found"),
        (json!(["test.location"]), "location", "argument"),
    ] {
        let error = bed.try_open(args(&json!({"location": told}))).err().unwrap();
        assert_eq!((error.code(), detail(&error, "key")), (code, json!(key)), "{told}");
    }
    let mut all = Args::new();
    all.set(
        "location",
        provider(|_, _, reply| {
            reply.set("message", "the database is down");
            Status::Io
        }),
    );
    let error = bed.try_open(all).err().unwrap();
    assert!(error.code() == "provider" && error.message().contains("the database is down"), "{error:?}");
    // A session that is told something wrong stays as it was.
    let session = bed.stored();
    let before = session.inspect("locations");
    assert!(session.session.configure(&args(&json!({"location": [{"id": TEST, "accessor": "ftp"}]}))).is_err());
    assert_eq!(session.inspect("locations"), before);
}

#[test]
fn a_component_is_looked_for_where_it_can_be_reached() {
    let bed = Bed::new();
    let session = bed.stored();
    let plate = format!("Component/{PLATE}");
    for verb in ["resource_identifier", "filesystem_path", "url"] {
        let error = session.fails(verb, &plate, &json!({}));
        assert_eq!(
            (error.code(), error.status().name()),
            ("component_not_in_any_location", c"HAFT_E_NOT_FOUND"),
            "{verb}"
        );
    }
    assert_eq!(session.call("pick_location", &plate, &json!({})), Value::Null);
    let component = name(&session.call("create_component", &bed.write("in/a.txt", "a"), &json!({})));
    let path = session.call("filesystem_path", &component, &json!({}));
    assert!(path.as_str().unwrap().starts_with(&bed.at("store")), "{path}");
    assert_eq!(session.fails("url", &component, &json!({})).code(), "accessor_unsupported_operation");
    // From where it is to where it is not: the preferred one is taken.
    let second = json!({"location": [bed.disk("store", "id"), {"id": SECOND, "accessor": format!("disk:{}", bed.at("second")), "structure": "id"}]});
    let other = bed.open(&second);
    other.call("add_component", &component, &json!({"location": location(SECOND)}));
    assert_eq!(bed.files("second"), bed.files("store"));
    // A location of which only the identifier is known can be asked about, and no more.
    let plain = bed.open(&json!({}));
    assert_eq!(
        plain.call("resource_identifier", &component, &json!({"location": location(TEST)})),
        bed.files("store")[0]
    );
    let error = plain.fails("filesystem_path", &component, &json!({"location": location(TEST)}));
    assert_eq!((error.code(), error.status().name()), ("location", c"HAFT_E_STATE"));
    let error = plain.fails(
        "add_component",
        &format!("FileComponent/{PLATE}"),
        &json!({"location": location(TEST), "from": location(SECOND)}),
    );
    assert_eq!(error.code(), "location");
}

#[test]
fn what_names_no_component_or_location_is_refused() {
    let bed = Bed::new();
    let session = bed.stored();
    for (verb, target, more, code) in [
        ("add_component", "Task/x", json!({"location": location(TEST)}), "argument"),
        ("add_component", "nothing", json!({"location": location(TEST)}), "argument"),
        ("add_component", "Componet/x", json!({"location": location(TEST)}), "unknown_type"),
        ("add_component", "Component/no-such", json!({"location": location(TEST)}), "not_found"),
        ("add_component", &format!("FileComponent/{PLATE}"), json!({}), "argument"),
        ("remove_component", &format!("FileComponent/{PLATE}"), json!({}), "argument"),
        ("remove_component", &format!("FileComponent/{PLATE}"), json!({"location": "nowhere"}), "argument"),
        (
            "remove_component",
            &format!("FileComponent/{PLATE}"),
            json!({"location": location(TEST)}),
            "component_not_in_location",
        ),
        ("availability", &format!("FileComponent/{PLATE}"), json!({"location": ["nowhere"]}), "argument"),
        ("create_component", "", json!({}), "argument"),
        ("create_component", "/x.%d.exr [1-99999999999]", json!({}), "limit"),
        ("create_component", "/x.exr", json!({"data": {"nmae": "x"}}), "unknown_attribute"),
    ] {
        let error = session.fails(verb, target, &more);
        assert_eq!(error.code(), code, "{verb} {target} {more}");
    }
    let staged =
        session.session.stage(Some("create_component"), Some("/x.exr"), &args(&json!({"location": location(TEST)})));
    assert_eq!(staged.err().unwrap().code(), "unsupported");
    let staged = session.session.stage(
        Some("add_component"),
        Some("FileComponent/x"),
        &args(&json!({"location": location(TEST)})),
    );
    assert_eq!(staged.err().unwrap().code(), "unsupported");
    assert_eq!((session.inspect("operations"), bed.registered(TEST)), (json!([]), 0));
}

/// What is staged of others stays staged.
#[test]
fn only_its_own_registration_is_committed() {
    let bed = Bed::new();
    let session = bed.stored();
    session.stage("update", &format!("AssetVersion/{}", super::bed::VERSION), &json!({"data": {"comment": "staged"}}));
    let one = name(&session.stage("create_component", &bed.write("in/a.txt", "a"), &json!({"data": {"name": "one"}})));
    let two = name(&session.stage("create_component", &bed.write("in/b.txt", "b"), &json!({"data": {"name": "two"}})));
    session.call("add_component", &one, &json!({"location": location(TEST)}));
    let left: Vec<Value> =
        session.inspect("operations").as_array().unwrap().iter().map(|operation| operation["target"].clone()).collect();
    assert_eq!(left, [json!(format!("AssetVersion/{}", super::bed::VERSION)), json!(two)]);
    assert_eq!(
        bed.rows(&format!("select comment from AssetVersion where id is {}", super::bed::VERSION))[0]["comment"],
        "version 1"
    );
    // A component that the server has, with a change that is staged: the change waits.
    session.stage("update", &one, &json!({"data": {"name": "renamed"}}));
    session.call("remove_component", &one, &json!({"location": location(TEST)}));
    assert_eq!(session.inspect("operations").as_array().unwrap().len(), 3);
    session.commit();
    let names: Vec<Value> = bed
        .rows("select name from FileComponent where name in (renamed, two)")
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names.len(), 2);
}

/// What went along with a registration is out of the journal too.
#[test]
fn the_journal_follows() {
    let bed = Bed::new();
    let options = json!({"journal": bed.at("journal"), "location": [bed.disk("store", "id")]});
    let session = bed.open(&options);
    let one = name(&session.stage("create_component", &bed.write("in/a.txt", "a"), &json!({"data": {"name": "one"}})));
    session.stage("create_component", &bed.write("in/b.txt", "b"), &json!({"data": {"name": "two"}}));
    session.call("add_component", &one, &json!({"location": location(TEST)}));
    drop(session);
    let session = bed.open(&options);
    let left = session.inspect("operations");
    assert_eq!((left.as_array().unwrap().len(), &left[0]["data"]["name"]), (1, &json!("two")));
    session.commit();
    assert_eq!(bed.rows("select name from FileComponent where name in (one, two)").len(), 2);
}

/// What the official client commits along with a file that it uploads is out of the journal too.
#[test]
fn the_journal_follows_uploads() {
    let bed = Bed::new();
    let options = json!({"journal": bed.at("journal"), "compat": "python"});
    let (path, task) = (bed.write("in/a.png", "a"), "Task/adb4ad6c-7679-11e2-8df2-f23c91df25eb");
    for (number, (verb, target, given)) in [
        ("upload", path.as_str(), json!({})),
        ("create_thumbnail", task, json!({ "path": path })),
        ("encode_media", path.as_str(), json!({})),
        ("ensure", "User", json!({"data": {"username": "jenkins"}, "identifying_keys": ["username"]})),
    ]
    .into_iter()
    .enumerate()
    {
        let session = bed.open(&options);
        let scope = format!("along{number}");
        session.stage("create", "Scope", &json!({"data": {"name": scope}}));
        session.call(verb, target, &given);
        let found = || bed.rows(&format!("select name from Scope where name is {scope}")).len();
        let (committed, left) = (found(), session.inspect("operations").as_array().unwrap().len());
        assert_eq!(committed + left, 1, "{verb}");
        drop(session);
        let session = bed.open(&options);
        assert_eq!(session.inspect("operations").as_array().unwrap().len(), left, "{verb}");
        session.commit();
        assert_eq!(found(), 1, "{verb}");
    }
}

/// Thousands of frames are one batch.
#[test]
fn long_sequences_are_no_trouble() {
    let bed = Bed::new();
    let session = bed.stored();
    let since = session.mark();
    let component = session.stage("create_component", "/no/where/f.%05d.exr [1-3000]", &json!({}));
    assert_eq!((&component["size"], component["members"].as_array().unwrap().len()), (&json!(0), 3000));
    session.commit();
    assert_eq!(session.sent(since).len(), 1);
    assert_eq!(
        bed.rows(&format!("select id from FileComponent where container_id is {}", component["id"].as_str().unwrap()))
            .len(),
        3000
    );
    let plain = bed.open(&json!({}));
    assert_eq!(plain.call("availability", &name(&component), &json!({"location": location(TEST)})), json!({TEST: 0.0}));
}

/// A plug-in tells what kind of file it is; without an answer the extension does.
#[test]
fn file_types_are_asked_for_first() {
    let bed = Bed::new();
    let session = bed.open(&json!({}));
    let Tree::Provider(answer) = provider(|_, arguments, reply| {
        let path = arguments
            .get("event")
            .and_then(|event| event.get("data"))
            .and_then(|data| data.get("file_path"))
            .and_then(Tree::as_str)
            .unwrap();
        if path.ends_with(".bgeo.sc") {
            reply.set("value", ".bgeo.sc");
            return Status::Ok;
        }
        Status::NotFound
    }) else {
        panic!("no provider")
    };
    let mut order = Args::new();
    order.set("answer", answer as Arc<dyn Provider>);
    session.session.subscribe("topic=ftrack.api.session.get-file-type-from-string", &order, None, 0).unwrap();
    let of = |path: &str| session.stage("create_component", path, &json!({}))["file_type"].clone();
    assert_eq!(of("/x/sim.0001.bgeo.sc"), ".bgeo.sc");
    assert_eq!(of("/x/sim.%04d.bgeo.sc [1-3]"), ".bgeo.sc");
    assert_eq!(of("/x/plate.tar.gz"), ".gz");
    assert_eq!(
        session.stage("create_component", "/x/sim.bgeo.sc", &json!({"data": {"file_type": ".own"}}))["file_type"],
        ".own"
    );
}

/// Whoever listens hears what comes into a location and what leaves it.
#[test]
fn the_hub_is_told() {
    let bed = Bed::new();
    let (session, other) = (bed.stored(), bed.open(&json!({})));
    other.call("connect", "", &json!({}));
    other.session.subscribe("topic=ftrack.location.*", &Args::new(), None, 0).unwrap();
    other.call("publish", "test.settle", &json!({}));
    session.call("connect", "", &json!({}));
    let component = session.call("create_component", &bed.write("in/a.txt", "a"), &json!({"location": location(TEST)}));
    session.call("remove_component", &name(&component), &json!({"location": location(TEST)}));
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let event: Event = other.session.poll(30_000).unwrap().expect("nothing came in time");
        if event.kind() == Kind::Message {
            let event: Value = serde_json::from_str(&event.value().unwrap().root().to_json()).unwrap();
            heard.push((event["topic"].clone(), event["data"].clone()));
        }
    }
    let data = |place: &str| json!({"component_id": component["id"], "location_id": place});
    let expected = [
        (json!("ftrack.location.component-added"), data(ORIGIN)),
        (json!("ftrack.location.component-added"), data(TEST)),
        (json!("ftrack.location.component-removed"), data(TEST)),
    ];
    assert_eq!(heard, expected);
}

/// A configure with one mistake changes nothing, whichever part is wrong.
#[test]
fn a_configure_is_all_or_nothing() {
    let bed = Bed::new();
    let session = bed.stored();
    let before = (session.inspect("locations"), session.inspect("options"));
    for wrong in [json!({"location": [], "proxies": 7}), json!({"location": [{"name": "no.such"}], "timeout": 3})] {
        assert!(session.session.configure(&args(&wrong)).is_err(), "{wrong}");
        assert_eq!((session.inspect("locations"), session.inspect("options")), before, "{wrong}");
    }
}
