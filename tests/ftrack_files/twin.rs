//! The same done by the official client and by haft with `compat: "python"`: requests and outcomes are equal.
//! `tests/python/ftrack_files.py` made the file.

use serde_json::{Value, json};

use super::bed::{Bed, ORIGIN, One, PLATE, SECOND, SERVER, TEST, UNMANAGED, VERSION, location, name};

struct Twin<'a> {
    bed: &'a Bed,
    since: std::cell::Cell<u64>,
}

impl<'a> Twin<'a> {
    fn open(&self, locations: &Value) -> One<'a> {
        self.bed.open(&json!({"compat": "python", "location": locations}))
    }

    fn by_id(&self) -> One<'a> {
        self.open(&json!([self.bed.disk("store", "id")]))
    }

    fn standard(&self) -> One<'a> {
        self.open(&json!([self.bed.disk("store", "standard")]))
    }

    fn start(&self, session: &One<'_>) {
        self.since.set(session.mark());
    }

    fn place(&self, session: &One<'_>, component: &str) -> Value {
        session.call("resource_identifier", component, &json!({"location": location(TEST)}))
    }

    fn path(&self, session: &One<'_>, component: &str) -> Value {
        session.call("filesystem_path", component, &json!({"location": location(TEST)}))
    }

    fn members(&self, session: &One<'_>, component: &str) -> Vec<String> {
        session.call("get", component, &json!({"select": "members"}))["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(name)
            .collect()
    }
}

fn into(place: &str, data: Value) -> Value {
    json!({"location": location(place), "data": data})
}

fn frames(bed: &Bed, start: &str, numbers: &[usize]) {
    for number in numbers {
        bed.write(&format!("in/{start}.{number:04}.exr"), &"x".repeat(*number));
    }
}

fn automatic<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.open(&json!([]));
    let path = twin.bed.write("in/a.txt", "hello");
    twin.start(&session);
    session.call("create_component", &path, &json!({"data": {"name": "first"}}));
    (session, Value::Null)
}

fn review<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.open(&json!([]));
    let path = twin.bed.write("in/r.mp4", "movie");
    twin.start(&session);
    session.call("create_component", &path, &json!({"data": {"name": "ftrackreview-mp4"}}));
    (session, Value::Null)
}

fn to_disk<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/b.exr", "pixels");
    twin.start(&session);
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "b"}))));
    let result = json!([twin.place(&session, &component), twin.path(&session, &component)]);
    (session, result)
}

fn later<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/c.exr", "pixels");
    twin.start(&session);
    let component = name(&session.stage("create_component", &path, &json!({"data": {"name": "c"}, "location": null})));
    session.commit();
    session.call("add_component", &component, &json!({"location": location(TEST)}));
    let result = twin.path(&session, &component);
    (session, result)
}

fn together<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/d.exr", "pixels");
    twin.start(&session);
    let component = name(&session.stage("create_component", &path, &json!({"data": {"name": "d"}})));
    session.call("add_component", &component, &json!({"location": location(TEST)}));
    assert_eq!(session.inspect("operations"), json!([]));
    (session, Value::Null)
}

fn sequence<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    frames(twin.bed, "seq", &[1, 2, 5]);
    twin.start(&session);
    let pattern = twin.bed.at("in/seq.%04d.exr [1-2, 5]");
    let component = name(&session.call("create_component", &pattern, &into(TEST, json!({"name": "seq"}))));
    let mut result = vec![twin.place(&session, &component)];
    result.extend(twin.members(&session, &component).iter().map(|member| twin.place(&session, member)));
    (session, json!(result))
}

fn sequence_without_files<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.open(&json!([]));
    twin.start(&session);
    let pattern = twin.bed.at("in/none.%d.exr [8-11]");
    let component = session.stage("create_component", &pattern, &json!({"data": {"name": "n", "size": 10}}));
    let mut result = vec![component["size"].clone(), component["padding"].clone(), component["file_type"].clone()];
    session.commit();
    for member in twin.members(&session, &name(&component)) {
        let member = session.call("get", &member, &json!({}));
        result.push(json!([member["name"], member["size"], member["file_type"]]));
    }
    (session, json!(result))
}

fn standard_file<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.standard();
    let path = twin.bed.write("in/e.exr", "pixels");
    twin.start(&session);
    let data = json!({"name": "Bläu e\u{301} (1)", "version": format!("AssetVersion/{VERSION}")});
    let component = name(&session.call("create_component", &path, &into(TEST, data)));
    let result = twin.place(&session, &component);
    (session, result)
}

fn standard_sequence<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.standard();
    frames(twin.bed, "std", &[1, 2]);
    twin.start(&session);
    let data = json!({"name": "Std Seq", "version": format!("AssetVersion/{VERSION}")});
    let component = name(&session.call("create_component", &twin.bed.at("in/std.%04d.exr [1-2]"), &into(TEST, data)));
    let mut result = vec![twin.place(&session, &component)];
    result.extend(twin.members(&session, &component).iter().map(|member| twin.place(&session, member)));
    (session, json!(result))
}

fn standard_without_version<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.standard();
    let path = twin.bed.write("in/f.exr", "pixels");
    twin.start(&session);
    let error = session.fails("create_component", &path, &into(TEST, json!({"name": "f"})));
    assert_eq!(error.code(), "structure");
    (session, json!("StructureError"))
}

fn container<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/g.txt", "part");
    twin.start(&session);
    let whole = name(&session.stage("create", "ContainerComponent", &json!({"data": {"name": "whole"}})));
    let part = name(&session.stage("create_component", &path, &json!({"data": {"name": "part", "container": whole}})));
    session.commit();
    session.call(
        "add_component",
        &whole,
        &json!({"location": location(ORIGIN), "from": twin.bed.at("in"), "recursive": false}),
    );
    session.call("add_component", &whole, &json!({"location": location(TEST)}));
    let result = json!([twin.place(&session, &whole), twin.place(&session, &part)]);
    (session, result)
}

fn twice<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/h.exr", "pixels");
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "h"}))));
    twin.start(&session);
    let error = session.fails("add_component", &component, &json!({"location": location(TEST)}));
    assert_eq!(error.code(), "component_in_location");
    (session, json!("ComponentInLocationError"))
}

fn overwriting<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.standard();
    let path = twin.bed.write("in/i.exr", "pixels");
    let order = into(TEST, json!({"name": "same", "version": format!("AssetVersion/{VERSION}")}));
    session.call("create_component", &path, &order);
    twin.start(&session);
    let error = session.fails("create_component", &path, &order);
    assert_eq!((error.code(), error.status().name()), ("location", c"HAFT_E_CONFLICT"));
    (session, json!("LocationError"))
}

fn between<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/j.exr", "pixels");
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "j"}))));
    let second = json!({"id": SECOND, "priority": 2, "accessor": format!("disk:{}", twin.bed.at("second")), "structure": "entity_id"});
    let session = twin.open(&json!([twin.bed.disk("store", "id"), second]));
    twin.start(&session);
    session.call("add_component", &component, &json!({"location": location(SECOND), "from": location(TEST)}));
    let result = session.call("resource_identifier", &component, &json!({"location": location(SECOND)}));
    (session, result)
}

fn remove<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/k.exr", "pixels");
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "k"}))));
    let path = twin.path(&session, &component);
    let session = twin.by_id();
    twin.start(&session);
    session.call("remove_component", &component, &json!({"location": location(TEST)}));
    (session, json!(std::path::Path::new(path.as_str().unwrap()).exists()))
}

fn remove_sequence<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    frames(twin.bed, "gone", &[1, 2]);
    let component = name(&session.call(
        "create_component",
        &twin.bed.at("in/gone.%04d.exr [1-2]"),
        &into(TEST, json!({"name": "gone"})),
    ));
    let path = twin.path(&session, &twin.members(&session, &component)[0]);
    let session = twin.by_id();
    twin.start(&session);
    session.call("remove_component", &component, &json!({"location": location(TEST)}));
    (session, json!(std::path::Path::new(path.as_str().unwrap()).exists()))
}

fn missing<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    twin.start(&session);
    let error =
        session.fails("filesystem_path", &format!("FileComponent/{PLATE}"), &json!({"location": location(TEST)}));
    assert_eq!(error.code(), "component_not_in_location");
    (session, json!("ComponentNotInLocationError"))
}

fn places<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/l.exr", "pixels");
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "l"}))));
    let session = twin.by_id();
    twin.start(&session);
    let result = json!([twin.place(&session, &component), twin.path(&session, &component)]);
    (session, result)
}

fn availability<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.open(&json!([]));
    let path = twin.bed.write("in/m.exr", "pixels");
    let component = name(&session.call("create_component", &path, &json!({"data": {"name": "m"}})));
    let session = twin.open(&json!([]));
    twin.start(&session);
    let result = session.call("availability", &component, &json!({}));
    (session, result)
}

fn availability_of_a_sequence<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    frames(twin.bed, "some", &[1, 2, 3]);
    let component = name(&session.call(
        "create_component",
        &twin.bed.at("in/some.%04d.exr [1-3]"),
        &into(TEST, json!({"name": "some"})),
    ));
    let second = twin.members(&session, &component)[1].clone();
    session.call("remove_component", &second, &json!({"location": location(TEST)}));
    let session = twin.open(&json!([]));
    twin.start(&session);
    let result = session.call("availability", &component, &json!({"location": [location(TEST), location(UNMANAGED)]}));
    (session, result)
}

fn pick<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    twin.start(&session);
    let result = session.call("pick_location", "", &json!({}))["id"].clone();
    (session, result)
}

fn pick_for_a_component<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    let path = twin.bed.write("in/o.exr", "pixels");
    let component = name(&session.call("create_component", &path, &into(TEST, json!({"name": "o"}))));
    let session = twin.by_id();
    twin.start(&session);
    let result = session.call("pick_location", &component, &json!({}))["id"].clone();
    (session, result)
}

fn pick_for_nothing<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.by_id();
    twin.start(&session);
    let result = session.call("pick_location", &format!("FileComponent/{PLATE}"), &json!({}));
    (session, result)
}

fn server_url<'a>(twin: &Twin<'a>) -> (One<'a>, Value) {
    let session = twin.open(&json!([]));
    let path = twin.bed.write("in/p.txt", "text");
    let component = name(&session.call("create_component", &path, &into(SERVER, json!({"name": "p"}))));
    let session = twin.open(&json!([]));
    twin.start(&session);
    let result = session.call("url", &component, &json!({"location": location(SERVER)}));
    (session, result)
}

type Run = for<'a> fn(&Twin<'a>) -> (One<'a>, Value);

const RUNS: &[(&str, Run)] = &[
    ("automatic", automatic),
    ("review", review),
    ("to_disk", to_disk),
    ("later", later),
    ("together", together),
    ("sequence", sequence),
    ("sequence_without_files", sequence_without_files),
    ("standard_file", standard_file),
    ("standard_sequence", standard_sequence),
    ("standard_without_version", standard_without_version),
    ("container", container),
    ("twice", twice),
    ("overwriting", overwriting),
    ("between", between),
    ("remove", remove),
    ("remove_sequence", remove_sequence),
    ("missing", missing),
    ("places", places),
    ("availability", availability),
    ("availability_of_a_sequence", availability_of_a_sequence),
    ("pick", pick),
    ("pick_for_a_component", pick_for_a_component),
    ("pick_for_nothing", pick_for_nothing),
    ("server_url", server_url),
];

/// Identifiers are numbered in the order in which they appear, also where they are cut into directories.
fn canonical(run: &Value) -> String {
    let mut text = serde_json::to_string_pretty(run).unwrap();
    let is_id = |word: &[u8]| {
        word.iter()
            .enumerate()
            .all(|(at, byte)| if [8, 13, 18, 23].contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    let ids: Vec<String> = {
        let mut found = Vec::new();
        for at in 0..text.len().saturating_sub(35) {
            let word = &text.as_bytes()[at..at + 36];
            if is_id(word) {
                let id = String::from_utf8(word.to_vec()).unwrap();
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        found
    };
    for (number, id) in ids.iter().enumerate() {
        let start: Vec<&str> = (0..4).map(|at| &id[at..=at]).collect();
        text = text.replace(&format!("{}/{}", start.join("/"), &id[4..]), &format!("PLACE#{number}"));
        text = text.replace(id.as_str(), &format!("#{number}"));
    }
    text
}

#[test]
fn requests_and_outcomes_are_the_official_clients() {
    let expected: Value = serde_json::from_str(include_str!("python.json")).unwrap();
    let mut wrong = Vec::new();
    for (scenario, run) in RUNS {
        let bed = Bed::new();
        let twin = Twin { bed: &bed, since: std::cell::Cell::new(0) };
        let (session, result) = run(&twin);
        let text = json!({"result": result, "sent": session.sent(twin.since.get())}).to_string();
        let ours: Value =
            serde_json::from_str(&text.replace(bed.root.0.to_str().unwrap(), "ROOT").replace(&bed.sandbox.http, "URL"))
                .unwrap();
        let (ours, theirs) = (canonical(&ours), canonical(&expected[scenario]));
        if ours != theirs {
            wrong.push(format!("{scenario}\n--- the official client\n{theirs}\n--- haft\n{ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} scenarios differ\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(expected.as_object().unwrap().len(), RUNS.len());
}
