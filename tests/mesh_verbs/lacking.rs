//! Models, text resources and advanced restrictions, for which the official client has no calls (spec/mesh.md 1.3, 1.4,
//! 4.11): the requests are those of the specification's tables.

use haft::error::Status;
use serde_json::json;

use super::bed::{COMPONENT, MODEL, PLANT, call, commit, fails, inspect, mark, refuses, sandbox, sent, session, stage};

#[test]
fn a_model_is_made_of_its_definition() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    let definition = call(&one, "get_object", MODEL, "{}")["name_space_id"]["path"].as_str().unwrap().to_owned();
    let since = mark(&sandbox);
    let made = stage(&one, "create_model", &definition, r#"{"name": "Another"}"#);
    assert_eq!((&made["path"], &made["name"]), (&json!("Model/Another"), &json!("Another")));
    assert_eq!(made.get("owner_id"), None, "a model has no owner");
    let request = json!({"name": "Another", "model_definition_id": {"path": definition}});
    assert_eq!(sent(&sandbox, since), [("CreateModel".to_owned(), request)]);
    // On its first level, by the definition of what is there.
    let kind = call(&one, "get_object", COMPONENT, "{}")["object_definition_id"]["path"].as_str().unwrap().to_owned();
    let first = json!({"name": "First", "definition": kind}).to_string();
    assert_eq!(stage(&one, "create_object", "Model/Another", &first)["name"], "First");
    assert_eq!(fails(&other, "get_object", "Model/Another", "{}").status(), Status::NotFound);
    commit(&one);
    assert_eq!(call(&other, "get_object", "Model/Another", "{}")["id"], made["id"]);
    let names = call(&other, "models", "", "{}");
    assert!(names.as_array().unwrap().iter().any(|model| model["name"] == "Another"), "{names}");
    assert!(refuses(&one, "create_model", &definition, r#"{"name": "Another"}"#).message().contains("already exists"));
    assert_eq!(refuses(&one, "create_model", "Repository/None", r#"{"name": "X"}"#).status(), Status::NotFound);
    assert_eq!(refuses(&one, "create_model", &definition, "{}").code(), "argument");
    assert_eq!(refuses(&one, "create_model", "", r#"{"name": "X"}"#).code(), "argument");
    assert_eq!(inspect(&one, "staged"), json!([]));
}

#[test]
fn texts_are_written_listed_and_read() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    let since = mark(&sandbox);
    let text = "H\u{f8}vringen\n\"zwei\"\n";
    let place = "Resource/Texts/Deep/note";
    stage(&one, "write_text_resource", place, &json!({"value": text, "allow_create": true}).to_string());
    let request = json!({"resource": {"path": place}, "allow_create": true, "text": text});
    assert_eq!(sent(&sandbox, since), [("WriteTextResource".to_owned(), request)]);
    stage(&one, "write_text_resource", "Resource/Texts/other", r#"{"value": "", "allow_create": true}"#);
    assert_eq!(call(&one, "get_resource", place, "{}")["text"], text);
    assert_eq!(fails(&other, "get_resource", place, "{}").status(), Status::NotFound, "not before the commit");
    commit(&one);
    let found = call(&other, "get_resource", place, "{}");
    assert_eq!((&found["path"], &found["text"]), (&json!(place), &json!(text)));
    let by_id = call(&other, "get_resource", &format!("id:{}", found["id"].as_str().unwrap()), "{}");
    assert_eq!(by_id, found);
    // Of the catalog, of all below it, by a mask.
    let since = mark(&sandbox);
    let paths = |json: &str| -> Vec<String> {
        let list = call(&other, "list_text_resources", "Resource/Texts", json);
        list.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths("{}"), ["Resource/Texts/other"]);
    let mut all = paths(r#"{"recursive": true}"#);
    all.sort();
    assert_eq!(all, [place, "Resource/Texts/other"]);
    assert_eq!(paths(r#"{"recursive": true, "query": "not"}"#), [place]);
    let request = json!({"catalog": {"path": "Resource/Texts"}, "include_subcatalogs": true, "name_mask": "not"});
    assert_eq!(sent(&sandbox, since)[2], ("ListTextResources".to_owned(), request));
    // Another text under the same name; without allow_create there must be one.
    stage(&one, "write_text_resource", place, r#"{"value": "new"}"#);
    commit(&one);
    let again = call(&other, "get_resource", place, "{}");
    assert_eq!((&again["text"], &again["id"]), (&json!("new"), &found["id"]));
    assert_eq!(
        refuses(&one, "write_text_resource", "Resource/Texts/none", r#"{"value": "x"}"#).status(),
        Status::NotFound
    );
    assert!(refuses(&one, "write_text_resource", "Resource/none", r#"{"value": "x"}"#).message().contains("catalog"));
    assert_eq!(refuses(&one, "write_text_resource", place, "{}").code(), "argument");
    assert_eq!(fails(&one, "list_text_resources", "", "{}").code(), "argument");
}

#[test]
fn advanced_restrictions_come_and_go() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let calculation = format!("{PLANT}.TsCalcAtt");
    let since = mark(&sandbox);
    let options = json!({"category": "DischargeMin", "calculation_id": calculation, "created_author": "me",
        "created_timestamp": "2023-01-02T03:04:05Z"});
    let made = stage(&session, "availability.create_advanced_restriction", PLANT, &options.to_string());
    let request = json!({"owner_id": {"path": PLANT}, "category": "DischargeMin", "calculation_id": {"path": calculation},
        "created_author": "me", "created_timestamp": "2023-01-02T03:04:05Z"});
    assert_eq!(sent(&sandbox, since), [("CreateAdvancedRestriction".to_owned(), request)]);
    assert_eq!((&made["category"], &made["calculation_id"]["path"]), (&json!("DischargeMin"), &json!(calculation)));
    assert_eq!(made["created"], json!({"author": "me", "timestamp": 1_672_628_645_000_i64}));
    let one = r#"{"category": "DischargeMin"}"#;
    assert_eq!(call(&session, "availability.get_advanced_restriction", PLANT, one), made);
    stage(
        &session,
        "availability.create_advanced_restriction",
        PLANT,
        &json!({"category": "DischargeMax", "calculation_id": calculation}).to_string(),
    );
    let count = |json: &str, target: &str| {
        call(&session, "availability.search_advanced_restrictions", target, json).as_array().unwrap().len()
    };
    assert_eq!(count("{}", PLANT), 2);
    assert_eq!(count(&json!({"owners": [PLANT, COMPONENT]}).to_string(), ""), 2);
    assert_eq!(count("{}", COMPONENT), 0);
    let again = refuses(&session, "availability.create_advanced_restriction", PLANT, &options.to_string());
    assert_eq!(again.status(), Status::Conflict, "{again}");
    for (verb, json) in [
        ("availability.create_advanced_restriction", r#"{"category": "X", "calculation_id": "Model/None.At"}"#),
        ("availability.create_advanced_restriction", r#"{"category": "X"}"#),
    ] {
        assert_ne!(refuses(&session, verb, PLANT, json).status(), Status::Remote, "{verb} {json}");
    }
    let none = fails(&session, "availability.get_advanced_restriction", PLANT, r#"{"category": "X"}"#);
    assert_eq!(none.status(), Status::NotFound);
    assert_eq!(fails(&session, "availability.get_advanced_restriction", PLANT, "{}").code(), "argument");
    let since = mark(&sandbox);
    let gone = r#"{"categories": ["DischargeMin"]}"#;
    stage(&session, "availability.delete_advanced_restrictions", PLANT, gone);
    let request = json!({"owner_id": {"path": PLANT}, "categories": ["DischargeMin"]});
    assert_eq!(sent(&sandbox, since), [("DeleteAdvancedRestrictions".to_owned(), request)]);
    assert_eq!(count("{}", PLANT), 1);
    assert_eq!(commit(&session).as_array().unwrap().len(), 3);
    assert_eq!(refuses(&session, "availability.delete_advanced_restrictions", PLANT, "{}").code(), "argument");
}

/// What any expression calculates, in the shape that it has; the values are held by `mesh_twin`.
#[test]
fn calculations_have_the_shape_of_their_values() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let calculate = |target: &str, expression: &str| {
        let options = json!({"expression": expression, "start": "2016-01-01T01:00:00Z", "end": "2016-01-01T03:00:00Z"});
        session.request(Some("calculate"), Some(target), &super::bed::args(&options.to_string()))
    };
    let value = |target: &str, expression: &str| super::bed::value(&calculate(target, expression).unwrap());
    assert_eq!(value(PLANT, "## = 2 * 3.25\n"), json!([6.5]));
    assert_eq!(value(PLANT, "## = 'zwei'\n"), json!(["zwei"]));
    assert_eq!(value(COMPONENT, "## = @T('{*}.TsRawAtt')\n").as_array().unwrap().len(), 3);
    // None are none, and not one.
    assert_eq!(value(COMPONENT, "## = @T('{*}.NoSuchAtt')\n"), json!([]));
    let single = calculate(&format!("{PLANT}.TsRawAtt"), "## = @t()\n").unwrap();
    assert!(matches!(single.value().unwrap().root().to_tree(), haft::value::Tree::Series(_)));
    let error = calculate(PLANT, "## = @Nothing()\n").unwrap_err();
    assert_eq!((error.code(), error.status()), ("server", Status::Argument), "{error}");
}
