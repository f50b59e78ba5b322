//! `call`: whatever the server can do.

use haft::{args::Args, error::Status};
use serde_json::json;

use super::bed::{CHIMNEYS, COMPONENT, PLANT, args, call, commit, fails, mark, sandbox, sent, session, value};

#[test]
fn a_call_is_made_of_json_and_answered_in_it() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let found = call(
        &session,
        "call",
        "volue.mesh.grpc.model.v1alpha.ModelService/GetObject",
        &json!({"message": {"object_id": PLANT, "attributes_masks": {"name_mask": ["DblAtt"]}}}).to_string(),
    );
    assert_eq!(found["attributes"][0]["values"], json!([{"double_value": 1000.0}]));
    assert_eq!(found["attributes"][0]["value_type"], "ATTRIBUTE_VALUE_TYPE_DOUBLE");
    // The health of the server is JSON within messages.
    let health = call(&session, "call", "volue.mesh.grpc.config.v1alpha.ConfigurationService/GetHealthStatus", "{}");
    assert!(health.is_object(), "{health}");
    let level = call(&session, "call", "volue.mesh.grpc.config.v1alpha.ConfigurationService/GetLogLevel", "{}");
    assert_eq!(level, json!({"log_level": "INFO"}));
    assert_eq!(
        call(&session, "call", "volue.mesh.grpc.session.v1alpha.SessionService/ExtendSession", "{}"),
        json!({"expires_in": 300.0})
    );
    // Streams: an array, or one by one.
    let search = json!({"message": {"start_object_id": COMPONENT, "query": "{*}", "object_field_mask": "name"}});
    let all = call(&session, "call", "volue.mesh.grpc.model.v1alpha.ModelService/SearchObjects", &search.to_string());
    assert_eq!(all.as_array().unwrap().len(), 3);
    let mut streamed = search.clone();
    streamed["stream"] = true.into();
    let mut stream = session
        .request(
            Some("call"),
            Some("volue.mesh.grpc.model.v1alpha.ModelService/SearchObjects"),
            &args(&streamed.to_string()),
        )
        .unwrap();
    let mut count = 0;
    while let Some(one) = stream.next().unwrap() {
        assert!(value(&one)["name"].is_string());
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn what_a_call_changes_is_committed_and_rolled_back() {
    let sandbox = sandbox();
    let (one, other) = (session(&sandbox), session(&sandbox));
    let create = "volue.mesh.grpc.model.v1alpha.ModelService/CreateObject";
    let message = json!({"message": {"owner_id": CHIMNEYS, "name": "New"}}).to_string();
    call(&one, "call", create, &message);
    one.rollback(&Args::new()).unwrap();
    call(&one, "call", create, &message);
    assert_eq!(commit(&one), json!([]));
    assert_eq!(call(&other, "get_object", &format!("{CHIMNEYS}/New"), r#"{"attributes": []}"#)["name"], "New");
    let methods: Vec<String> = sent(&sandbox, 0).into_iter().map(|(name, _)| name).collect();
    assert_eq!(methods.iter().filter(|name| *name == "Commit").count(), 1);
    let _ = mark(&sandbox);
}

#[test]
fn a_call_that_is_none_names_the_nearest() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let error = fails(&session, "call", "volue.mesh.grpc.model.v1alpha.ModelService/GetObjekt", "{}");
    assert!(error.message().contains("ModelService/GetObject\""), "{}", error.message());
    assert_eq!(fails(&session, "call", "", "{}").status(), Status::Argument);
    assert_eq!(
        fails(&session, "call", "volue.mesh.grpc.auth.v1alpha.AuthenticationService/AuthenticateKerberos", "{}").code(),
        "unsupported"
    );
    let error = fails(
        &session,
        "call",
        "volue.mesh.grpc.model.v1alpha.ModelService/GetObject",
        r#"{"message": {"object": "x"}}"#,
    );
    assert_eq!(error.status(), Status::Argument, "{}", error.message());
    // The server's word for what it does not have.
    sandbox.mesh_order("fault=status&method=GetLogLevel&code=12&text=no such thing").unwrap();
    let error = fails(&session, "call", "volue.mesh.grpc.config.v1alpha.ConfigurationService/GetLogLevel", "{}");
    assert_eq!(error.detail().get("grpc_status").and_then(haft::value::Tree::as_str), Some("UNIMPLEMENTED"));
}
