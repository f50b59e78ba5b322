//! What is staged is in the workspace; commit, rollback, conflicts.

use haft::{args::Args, error::Status};
use serde_json::{Value, json};

use super::bed::{
    CHIMNEYS, PLANT, args, call, commit, fails, inspect, mark, methods, refuses, sandbox, session, stage, value,
};

const NEW: &str =
    "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef/New";

#[test]
fn staged_work_is_seen_by_its_session_alone_until_the_commit() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    let since = mark(&sandbox);
    let made = stage(&one, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    assert_eq!(made["path"], NEW);
    stage(&one, "update_attribute", &format!("{NEW}.DblAtt"), r#"{"value": 2.5}"#);
    stage(&one, "delete_object", "id:0000000a-0004-0000-0000-000000000000", "{}");
    assert_eq!(call(&one, "get_attribute", &format!("{NEW}.DblAtt"), "{}")["value"], 2.5);
    assert_eq!(fails(&other, "get_object", NEW, "{}").status(), Status::NotFound);
    let staged = inspect(&one, "staged");
    assert_eq!(staged[1], json!({"index": 1, "verb": "update_attribute", "target": format!("{NEW}.DblAtt")}));
    let mut done = one.commit(&Args::new()).unwrap();
    let list = value(&done);
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!((&list[0]["index"], &list[0]["status"], &list[0]["value"]["id"]), (&json!(0), &json!(200), &made["id"]));
    assert_eq!(list[1]["value"], Value::Null);
    let first = done.next().unwrap().unwrap();
    assert_eq!(value(&first)["name"], "New");
    assert_eq!(inspect(&one, "staged"), json!([]));
    assert_eq!(call(&other, "get_attribute", &format!("{NEW}.DblAtt"), "{}")["value"], 2.5);
    assert_eq!(fails(&other, "get_object", "id:0000000a-0004-0000-0000-000000000000", "{}").status(), Status::NotFound);
    let sent = methods(&sandbox, since);
    for (name, count) in
        [("CreateObject", 1), ("UpdateSimpleAttribute", 1), ("DeleteObject", 1), ("Commit", 1), ("Rollback", 0)]
    {
        assert_eq!(sent.iter().filter(|sent| *sent == name).count(), count, "{name}");
    }
    // Nothing staged: nothing sent.
    let since = mark(&sandbox);
    assert_eq!(commit(&one), json!([]));
    assert_eq!(methods(&sandbox, since), Vec::<String>::new());
}

#[test]
fn what_the_server_refuses_is_not_in_the_list() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    stage(&session, "update_attribute", &format!("{PLANT}.DblAtt"), r#"{"value": 7.5}"#);
    let error = refuses(&session, "update_attribute", &format!("{PLANT}.DblAtt"), r#"{"value": "7"}"#);
    assert!(error.message().contains("singular value/collection values"), "{}", error.message());
    assert_eq!(refuses(&session, "delete_object", PLANT, "{}").message().contains("has child objects"), true);
    assert_eq!(refuses(&session, "delete_object", "Model/Nothing", "{}").status(), Status::NotFound);
    assert_eq!(inspect(&session, "staged").as_array().unwrap().len(), 1);
    assert_eq!(commit(&session).as_array().unwrap().len(), 1);
    assert_eq!(call(&session, "get_attribute", &format!("{PLANT}.DblAtt"), "{}")["value"], 7.5);
}

#[test]
fn a_rollback_forgets_here_and_there() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    session.rollback(&Args::new()).unwrap();
    assert_eq!(inspect(&session, "staged"), json!([]));
    assert_eq!(fails(&session, "get_object", NEW, "{}").status(), Status::NotFound);
    assert_eq!(commit(&session), json!([]));
    // After a commit it changes nothing.
    stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    commit(&session);
    session.rollback(&Args::new()).unwrap();
    assert_eq!(call(&session, "get_object", NEW, r#"{"attributes": []}"#)["name"], "New");
}

#[test]
fn a_corrupt_workspace_is_filled_anew_by_the_next_commit() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    for (session, number) in [(&one, 1.5), (&other, 2.5)] {
        stage(session, "update_attribute", &format!("{PLANT}.DblAtt"), &json!({"value": number}).to_string());
        stage(session, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
        stage(session, "update_attribute", &format!("{PLANT}.StringAtt"), r#"{"value": "x"}"#);
    }
    commit(&one);
    let error = other.commit(&Args::new()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("session_corrupt", Status::Conflict));
    assert_eq!(inspect(&other, "staged").as_array().unwrap().len(), 3, "the list stays");
    // Sent again: now the second of them is what is wrong, and the third was not sent.
    let since = mark(&sandbox);
    let error = other.commit(&Args::new()).unwrap_err();
    assert!(error.message().contains("already exists"), "{}", error.message());
    assert_eq!(error.detail().get("index").and_then(haft::value::Tree::as_int), Some(1));
    assert_eq!(methods(&sandbox, since), ["Rollback", "UpdateSimpleAttribute", "CreateObject"]);
    // Once that is out of the way, the rest goes on from there: nothing is sent twice.
    stage(&one, "delete_object", NEW, "{}");
    commit(&one);
    let since = mark(&sandbox);
    let done = commit(&other);
    assert_eq!(done.as_array().unwrap().len(), 3);
    assert_eq!(methods(&sandbox, since), ["CreateObject", "UpdateSimpleAttribute", "Commit"]);
    assert_eq!(call(&one, "get_attribute", &format!("{PLANT}.DblAtt"), "{}")["value"], 2.5);
}

#[test]
fn a_corrupt_workspace_is_usable_after_a_rollback() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    stage(&one, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    stage(&other, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    commit(&one);
    assert_eq!(other.commit(&Args::new()).unwrap_err().code(), "session_corrupt");
    let since = mark(&sandbox);
    other.rollback(&Args::new()).unwrap();
    assert_eq!(inspect(&other, "staged"), json!([]));
    stage(&other, "create_object", CHIMNEYS, r#"{"name": "Newer"}"#);
    commit(&other);
    assert_eq!(methods(&sandbox, since), ["Rollback", "CreateObject", "Commit"]);
}

#[test]
fn conflicts_of_owners_and_of_deleted_objects() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    // A child below what another session deletes.
    let below = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney1.ChimneyToChimneyRef";
    stage(&one, "create_object", below, r#"{"name": "Child"}"#);
    stage(&other, "delete_object", "id:0000000a-0004-0000-0000-000000000000", r#"{"recursive": true}"#);
    commit(&other);
    let error = one.commit(&Args::new()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("owner_gone", Status::Conflict));
    let error = one.commit(&Args::new()).unwrap_err();
    assert_eq!(error.code(), "owner_gone", "{}", error.message());
    assert_eq!(error.detail().get("index").and_then(haft::value::Tree::as_int), Some(0));
    one.rollback(&Args::new()).unwrap();
    // Both delete the same: both succeed.
    for session in [&one, &other] {
        stage(session, "delete_object", "id:0000000a-0005-0000-0000-000000000000", "{}");
    }
    commit(&one);
    commit(&other);
    assert_eq!(
        refuses(&one, "delete_object", "id:0000000a-0005-0000-0000-000000000000", "{}").status(),
        Status::NotFound
    );
}

#[test]
fn a_commit_that_fails_on_the_way_keeps_the_list() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    stage(&session, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
    sandbox.mesh_order("fault=status&method=Commit&code=14&when=before").unwrap();
    let error = session.commit(&Args::new()).unwrap_err();
    assert_eq!(error.detail().get("grpc_status").and_then(haft::value::Tree::as_str), Some("UNAVAILABLE"));
    assert_eq!(inspect(&session, "staged").as_array().unwrap().len(), 1);
    let since = mark(&sandbox);
    assert_eq!(commit(&session).as_array().unwrap().len(), 1);
    assert_eq!(methods(&sandbox, since), ["Commit"]);
    // One that was carried out, but whose answer was lost: the next one finds nothing to do, and that is well.
    stage(&session, "create_object", CHIMNEYS, r#"{"name": "Newer"}"#);
    sandbox.mesh_order("fault=drop&method=Commit").unwrap();
    session.commit(&Args::new()).unwrap_err();
    assert_eq!(commit(&session).as_array().unwrap().len(), 1);
}

#[test]
fn thirty_sessions_commit_in_parallel() {
    let sandbox = sandbox();
    let root = session(&sandbox);
    std::thread::scope(|scope| {
        for number in 0..30 {
            let root = &root;
            scope.spawn(move || {
                let session = root.attach("session", &Args::new()).unwrap();
                for round in 0..5 {
                    let name = format!("New {number} {round}");
                    session
                        .stage(Some("create_object"), Some(CHIMNEYS), &args(&json!({"name": name}).to_string()))
                        .unwrap();
                    session
                        .stage(
                            Some("update_attribute"),
                            Some(&format!("{CHIMNEYS}/{name}.Int64Att")),
                            &args(&json!({"value": round}).to_string()),
                        )
                        .unwrap();
                    assert_eq!(value(&session.commit(&Args::new()).unwrap()).as_array().unwrap().len(), 2);
                }
                session.close(&Args::new()).unwrap();
            });
        }
    });
    let found = call(&root, "search_objects", PLANT, r#"{"query": "{*}", "attributes": ["Int64Att"]}"#);
    let made: Vec<&Value> =
        found.as_array().unwrap().iter().filter(|one| one["name"].as_str().unwrap().starts_with("New ")).collect();
    assert_eq!(made.len(), 150);
    for one in made {
        assert!(one["name"].as_str().unwrap().ends_with(&one["attributes"][0]["value"].to_string()), "{one}");
    }
}
