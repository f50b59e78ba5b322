//! Objects and attributes read: shapes, streams, submitted calls.

use haft::session::Event;
use serde_json::{Value, json};

use super::bed::{self, CHIMNEYS, COMPONENT, PLANT, args, call, mark, sandbox, sent, session, value};

#[test]
fn an_object_is_read_with_what_was_asked_for() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let since = mark(&sandbox);
    let plant = call(&session, "get_object", PLANT, "{}");
    assert_eq!(plant["id"], "0000000a-0001-0000-0000-000000000000");
    assert_eq!(plant["type_name"], "PlantElementType");
    assert_eq!(plant["owner_id"]["path"], format!("{COMPONENT}.ThermalPowerToPlantRef"));
    let attributes = plant["attributes"].as_array().unwrap();
    assert!(attributes.len() >= 32);
    let names: Vec<String> = attributes.iter().map(|one| one["name"].as_str().unwrap().to_lowercase()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let of = |name: &str| attributes.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(of("DblAtt")["value"], 1000.0);
    assert_eq!(of("BoolArrayAtt")["value"], json!([false, true, false, true, false]));
    assert_eq!(of("UtcDateTimeAtt")["value"], 1_652_167_455_000_i64);
    assert_eq!(of("DblAtt").get("definition"), None);
    assert_eq!(of("XYSetAtt")["value"], Value::Null, "curves have a verb of their own");
    assert_eq!(of("SimpleReference")["value"], "0000000a-0005-0000-0000-000000000000");
    let full = call(&session, "get_object", PLANT, r#"{"full": true, "attributes": ["DblAtt"]}"#);
    assert_eq!(full["attributes"].as_array().unwrap().len(), 1);
    assert!(full["attributes"][0]["definition"]["tags"].to_string().contains("Tag1"), "{full}");
    let bare = call(&session, "get_object", "id:0000000a-0004-0000-0000-000000000000", r#"{"attributes": []}"#);
    assert_eq!(bare["attributes"], json!([]));
    // Spec 4.3: the masks of the three.
    let basic = json!("id,path,name,values,valueType,valueTypeCollection,ownerId");
    let sent = sent(&sandbox, since);
    assert_eq!(sent[0].1["attribute_field_mask"], basic);
    assert_eq!(sent[0].1["attributes_masks"], json!({}));
    assert_eq!(sent[0].1["object_id"], json!({"path": PLANT}));
    assert_eq!(sent[2].1["object_field_mask"], "id,path,name,typeName,ownerId,objectDefinitionId,nameSpaceId");
    assert_eq!(sent[2].1["object_id"], json!({"id": "0000000a-0004-0000-0000-000000000000"}));
}

#[test]
fn a_search_comes_whole_or_one_by_one() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let whole = call(&session, "search_objects", COMPONENT, r#"{"query": "{*}", "attributes": []}"#);
    let mut names: Vec<&str> = whole.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["SomePowerPlant1", "SomePowerPlantChimney1", "SomePowerPlantChimney2"]);
    let ask = args(r#"{"query": "{*}", "attributes": [], "stream": true}"#);
    let mut stream = session.request(Some("search_objects"), Some(COMPONENT), &ask).unwrap();
    assert!(stream.value().is_none());
    let mut found = Vec::new();
    while let Some(one) = stream.next().unwrap() {
        found.push(value(&one)["name"].as_str().unwrap().to_owned());
    }
    found.sort_unstable();
    assert_eq!(found, names);
    assert!(stream.next().unwrap().is_none(), "the end stays the end");
    // Nothing found is an empty list, and an empty stream.
    assert_eq!(call(&session, "search_attributes", COMPONENT, r#"{"query": "{*}.Nothing"}"#), json!([]));
    let mut none = session
        .request(Some("search_attributes"), Some(COMPONENT), &args(r#"{"query": "{*}.Nothing", "stream": true}"#))
        .unwrap();
    assert!(none.next().unwrap().is_none());
    // A stream that is cut off says so, once, after what came.
    sandbox.mesh_order("fault=cut&method=SearchObjects&sent=1").unwrap();
    let mut came = 0;
    let error = match session.request(Some("search_objects"), Some(COMPONENT), &ask) {
        // The end may be there before the head was looked at.
        Err(error) => error,
        Ok(mut cut) => loop {
            match cut.next() {
                Ok(Some(_)) => came += 1,
                Ok(None) => panic!("a stream that was cut off ended well after {came}"),
                Err(error) => break error,
            }
        },
    };
    assert!(came <= 1);
    assert!(
        ["io", "protocol"].iter().any(|kind| format!("{:?}", error.status()).eq_ignore_ascii_case(kind)),
        "{:?} {}",
        error.status(),
        error.message()
    );
    // One that was not read to its end leaves the connection in order.
    drop(session.request(Some("search_objects"), Some(COMPONENT), &ask).unwrap());
    assert_eq!(call(&session, "get_object", PLANT, r#"{"attributes": []}"#)["name"], "SomePowerPlant1");
}

/// The RESPONSE events of so many calls, by id.
fn answers(session: &haft::session::Session, count: usize) -> Vec<(u64, Event)> {
    let mut found = Vec::new();
    while found.len() < count {
        let event = session.poll(20_000).unwrap().unwrap();
        if event.id() != 0 {
            found.push((event.id(), event));
        }
    }
    found
}

#[test]
fn submitted_calls_are_answered_as_blocking_ones() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let reads = [
        ("get_object", PLANT, r#"{"attributes": ["DblAtt"]}"#),
        ("search_objects", COMPONENT, r#"{"query": "*[.Type=PlantElementType]", "attributes": []}"#),
        ("get_attribute", &format!("{PLANT}.StringAtt2"), "{}"),
        ("units", "", "{}"),
        ("models", "", "{}"),
        ("get_resource", "key:3", "{}"),
        ("version", "", "{}"),
    ];
    let mut waiting = Vec::new();
    for (verb, of, json) in reads {
        let target = Some(of).filter(|of| !of.is_empty());
        waiting.push((session.submit(Some(verb), target, &args(json)).unwrap(), call(&session, verb, of, json)));
    }
    for (id, event) in answers(&session, waiting.len()) {
        let expected = &waiting.iter().find(|(known, _)| *known == id).unwrap().1;
        assert_eq!(&value(event.response().unwrap()), expected);
    }
    // What the server refuses, and what changes the workspace.
    let id = session.submit(Some("get_object"), Some("Model/Nothing"), &args("{}")).unwrap();
    let (_, event) = answers(&session, 1).pop().unwrap();
    assert_eq!(event.id(), id);
    assert!(event.failure().unwrap().error().message().contains("object not found"));
    session.submit(Some("delete_object"), Some(PLANT), &args("{}")).unwrap();
    let (_, event) = answers(&session, 1).pop().unwrap();
    assert_eq!(event.failure().unwrap().error().code(), "unsupported");
    // Staged and committed the same way.
    session.submit(Some("create_object"), Some(CHIMNEYS), &args(r#"{"stage": true, "name": "New"}"#)).unwrap();
    let (_, event) = answers(&session, 1).pop().unwrap();
    assert_eq!(value(event.response().unwrap())["path"], format!("{CHIMNEYS}/New"));
    session.submit(Some("haft.commit"), None, &args("{}")).unwrap();
    let (_, event) = answers(&session, 1).pop().unwrap();
    assert_eq!(value(event.response().unwrap())[0]["value"]["name"], "New");
    let other = bed::session(&sandbox);
    assert_eq!(call(&other, "get_object", &format!("{CHIMNEYS}/New"), r#"{"attributes": []}"#)["name"], "New");
}

#[test]
fn verbs_that_the_official_client_lacks() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let since = mark(&sandbox);
    let units = call(&session, "units", "", "{}");
    let names: Vec<&str> = units.as_array().unwrap().iter().map(|unit| unit["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"cm"), "{names:?}");
    let linked = call(&session, "linked_from", "id:0000000a-0005-0000-0000-000000000000", "{}");
    assert!(linked.to_string().contains("SimpleReference"), "{linked}");
    let definition =
        call(&session, "get_object", PLANT, "{}")["object_definition_id"]["path"].as_str().unwrap().to_owned();
    let plants = call(&session, "search_objects", "", &json!({"definition": definition, "attributes": []}).to_string());
    assert_eq!(plants.as_array().unwrap().len(), 1, "{plants}");
    let clone = bed::stage(&session, "clone_object", PLANT, r#"{"name": "Twin", "copy_series": "NONE"}"#);
    assert_eq!(clone["path"], format!("{COMPONENT}.ThermalPowerToPlantRef/Twin"));
    let model = call(&session, "models", "", "{}")
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["name"] == "SimpleThermalTestModel")
        .unwrap()
        .clone();
    assert_eq!(model.get("owner_id"), None, "{model}");
    for list in [
        "availability.list_revision_statuses",
        "availability.list_restriction_statuses",
        "availability.list_availability_categories",
    ] {
        assert!(
            call(&session, list, "", "{}").as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            "{list}"
        );
    }
    let methods: Vec<String> = sent(&sandbox, since).into_iter().map(|(name, _)| name).collect();
    for name in [
        "ListUnitsOfMeasurement",
        "SearchLinkedFrom",
        "SearchObjectsByDefinition",
        "CloneObject",
        "ListRevisionStatuses",
    ] {
        assert!(methods.iter().any(|method| method == name), "{name} {methods:?}");
    }
}
