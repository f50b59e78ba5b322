//! What is in the workspace although the list does not say so: rollbacks that failed, answers that were lost, calls that
//! change it beside the list. A commit that says nothing failed must be one of exactly what the host was told.

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::Session,
    value::Tree,
};
use haft_sandbox::Sandbox;
use serde_json::json;

use super::bed::{
    CHIMNEYS, PLANT, args, call, commit, fails, inspect, mark, methods, open, refuses, sandbox, session, stage,
};

const NEW: &str =
    "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef/New";
/// An owner that nobody ever made.
const NOBODY: &str = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/Nobody.PlantToChimneyRef";

fn create(session: &Session) {
    stage(session, "create_object", CHIMNEYS, r#"{"name": "New"}"#);
}

fn number(session: &Session) -> f64 {
    call(session, "get_attribute", &format!("{PLANT}.DblAtt"), "{}")["value"].as_f64().unwrap()
}

fn set_number(session: &Session, value: f64) {
    stage(session, "update_attribute", &format!("{PLANT}.DblAtt"), &json!({"value": value}).to_string());
}

/// Changes the number by a call that haft does not look into.
fn set_number_raw(session: &Session, value: f64) {
    let message = json!({"message": {
        "attribute_id": format!("{PLANT}.DblAtt"),
        "new_singular_value": {"double_value": value},
    }});
    call(session, "call", "volue.mesh.grpc.model.v1alpha.ModelService/UpdateSimpleAttribute", &message.to_string());
}

/// The outcome of a submitted call: the code of its error.
fn submitted(session: &Session, verb: &str) -> Option<String> {
    let id = session.submit(Some(verb), None, &Args::new()).unwrap();
    loop {
        let event = session.poll(20_000).unwrap().unwrap();
        if event.id() == id {
            return event.failure().map(|failure| failure.error().code().to_owned());
        }
    }
}

fn failing(sandbox: &Sandbox, method: &str) {
    sandbox.mesh_order(&format!("fault=status&method={method}&code=14&when=before")).unwrap();
}

#[test]
fn a_submitted_rollback_forgets_on_the_server_too() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    create(&one);
    assert_eq!(submitted(&one, "haft.rollback"), None);
    assert_eq!(fails(&one, "get_object", NEW, "{}").status(), Status::NotFound);
    set_number(&one, 1.5);
    assert_eq!(submitted(&one, "haft.commit"), None);
    assert_eq!(number(&other), 1.5);
    assert_eq!(fails(&other, "get_object", NEW, "{}").status(), Status::NotFound);
    // One that fails says so.
    create(&one);
    failing(&sandbox, "Rollback");
    assert_eq!(submitted(&one, "haft.rollback").as_deref(), Some("server"));
}

#[test]
fn what_a_failed_rollback_has_forgotten_is_never_committed() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    create(&one);
    // A mistake in its arguments is none.
    assert_eq!(one.rollback(&args(r#"{"id": "x"}"#)).unwrap_err().code(), "argument");
    assert_eq!(inspect(&one, "staged").as_array().unwrap().len(), 1);
    failing(&sandbox, "Rollback");
    assert_eq!(one.rollback(&Args::new()).unwrap_err().status(), Status::Io);
    // Before the server has forgotten it, nothing else gets in.
    failing(&sandbox, "Rollback");
    let since = mark(&sandbox);
    let error = refuses(&one, "update_attribute", &format!("{PLANT}.DblAtt"), r#"{"value": 1.5}"#);
    assert_eq!((error.status(), error.known_outcome()), (Status::Io, Some(Outcome::NotSent)));
    set_number(&one, 2.5);
    assert_eq!(methods(&sandbox, since), ["Rollback", "Rollback", "UpdateSimpleAttribute"]);
    assert_eq!(commit(&one).as_array().unwrap().len(), 1);
    assert_eq!(number(&other), 2.5);
    assert_eq!(fails(&other, "get_object", NEW, "{}").status(), Status::NotFound);
    // Nor by a commit of what was put beside the list.
    create(&one);
    failing(&sandbox, "Rollback");
    one.rollback(&Args::new()).unwrap_err();
    set_number_raw(&one, 3.5);
    commit(&one);
    assert_eq!(number(&other), 3.5);
    assert_eq!(fails(&other, "get_object", NEW, "{}").status(), Status::NotFound);
}

/// One thread rolls back, and before the server is at it another one stages: what it was told is staged must be committed.
#[test]
fn what_is_staged_during_a_rollback_is_not_lost() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    create(&one);
    sandbox.mesh_order("fault=delay&method=Rollback&seconds=0.5&when=before").unwrap();
    let since = mark(&sandbox);
    std::thread::scope(|scope| {
        let rollback = scope.spawn(|| one.rollback(&Args::new()).unwrap());
        while methods(&sandbox, since).is_empty() {
            std::thread::yield_now();
        }
        set_number(&one, 6.5);
        rollback.join().unwrap();
    });
    assert_eq!(commit(&one).as_array().unwrap().len(), 1);
    assert_eq!(number(&other), 6.5);
    assert_eq!(fails(&other, "get_object", NEW, "{}").status(), Status::NotFound);
}

/// As with the official client: what came into the workspace is committed, whether its answer came or not.
#[test]
fn what_may_have_been_staged_goes_with_the_commit_or_the_rollback() {
    let sandbox = sandbox();
    for (at, fault) in ["drop", "garbage", "large", "status&code=13"].iter().enumerate() {
        let (one, other) = (session(&sandbox), session(&sandbox));
        let value = at as f64 + 0.5;
        for keeps in [false, true] {
            sandbox.mesh_order(&format!("fault={fault}&method=CreateObject")).unwrap();
            let error = refuses(&one, "create_object", CHIMNEYS, &json!({"name": format!("New{at}")}).to_string());
            assert_ne!(error.known_outcome(), Some(Outcome::NotSent), "{fault}");
            assert_eq!(inspect(&one, "staged"), json!([]), "{fault}");
            if keeps {
                drop(commit(&one))
            } else {
                one.rollback(&Args::new()).unwrap()
            }
            let there = other.request(Some("get_object"), Some(&format!("{NEW}{at}")), &Args::new()).is_ok();
            assert_eq!(there, keeps, "{fault}");
        }
        // What was certainly refused needs no commit.
        refuses(&one, "create_object", CHIMNEYS, &json!({"name": format!("New{at}")}).to_string());
        let since = mark(&sandbox);
        assert_eq!(commit(&one), json!([]));
        assert_eq!(methods(&sandbox, since), Vec::<String>::new(), "{fault}");
        set_number(&one, value);
        commit(&one);
        assert_eq!(number(&other), value);
    }
}

#[test]
fn a_mistaken_owner_costs_nothing_of_the_workspace() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    set_number_raw(&one, 77.5);
    assert_eq!(refuses(&one, "create_object", NOBODY, r#"{"name": "x"}"#).code(), "owner_gone");
    stage(&one, "update_attribute", &format!("{PLANT}.StringAtt"), r#"{"value": "y"}"#);
    let since = mark(&sandbox);
    commit(&one);
    assert_eq!(methods(&sandbox, since), ["Commit"]);
    assert_eq!(number(&other), 77.5);
    // Nor of what another process has left in a session that was joined.
    set_number(&other, 88.5);
    let id = inspect(&other, "session_id");
    let joined = open(&sandbox, &json!({"session_id": id}).to_string()).unwrap();
    assert_eq!(refuses(&joined, "create_object", NOBODY, r#"{"name": "x"}"#).code(), "owner_gone");
    commit(&joined);
    assert_eq!(number(&one), 88.5);
}

#[test]
fn what_a_run_calculates_is_committed() {
    let sandbox = sandbox();
    sandbox.mesh_order("seed=hydro").unwrap();
    let session = session(&sandbox);
    let run = r#"{"case": "Group/Case", "start": "2023-11-01", "end": "2023-11-02"}"#;
    for stream in [false, true] {
        let mut ask = args(run);
        ask.set("stream", stream);
        let mut ran = session.request(Some("run_simulation"), Some("Mesh"), &ask).unwrap();
        while ran.next().unwrap().is_some() {}
        let since = mark(&sandbox);
        commit(&session);
        assert_eq!(methods(&sandbox, since), ["Commit"], "stream {stream}");
        commit(&session);
        assert_eq!(methods(&sandbox, since), ["Commit"], "once");
    }
}

#[test]
fn a_session_that_is_opened_late_obeys_the_call() {
    let sandbox = sandbox();
    let session = open(&sandbox, r#"{"lazy": true}"#).unwrap();
    sandbox.mesh_order("fault=stall&method=StartSession").unwrap();
    let error = fails(&session, "models", "", r#"{"timeouts": {"total": 0.2}}"#);
    assert_eq!((error.code(), error.status()), ("total_timeout", Status::Timeout));
    assert_eq!(error.detail().get("grpc_status").and_then(Tree::as_str), Some("DEADLINE_EXCEEDED"));
    assert!(!call(&session, "models", "", "{}").as_array().unwrap().is_empty());
}
