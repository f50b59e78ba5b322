//! Mistakes of the host: told at once, with the argument that is wrong, and nothing sent.

use haft::{error::Status, value::Tree};

use super::bed::{CHIMNEYS, PLANT, fails, mark, methods, refuses, sandbox, session};

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let since = mark(&sandbox);
    for (verb, target, json, key) in [
        ("get_object", "", "{}", "target"),
        ("get_object", "id:7", "{}", "target"),
        ("search_objects", "key:x", r#"{"query": "*"}"#, "target"),
        ("linked_from", "id:7", "{}", "target"),
        ("get_object", PLANT, r#"{"attributes": "DblAtt"}"#, "attributes"),
        ("get_object", PLANT, r#"{"attribute": ["DblAtt"]}"#, "attribute"),
        ("search_objects", PLANT, "{}", "query"),
        ("read_series", PLANT, r#"{"start": 0}"#, "end"),
        ("transform", PLANT, r#"{"start": 0, "end": 1, "resolution": "UNDEFINED", "method": "SUM"}"#, "resolution"),
        ("transform", PLANT, r#"{"start": 0, "end": 1, "resolution": "DAY", "method": "MEDIAN"}"#, "method"),
        (
            "transform",
            PLANT,
            r#"{"start": 0, "end": 1, "resolution": "DAY", "method": "SUM", "timezone": "CET"}"#,
            "timezone",
        ),
        ("sum", PLANT, r#"{"start": 0, "end": 1, "search_query": "a'b"}"#, "search_query"),
        ("calculate", PLANT, r#"{"start": 0, "end": 1}"#, "expression"),
        ("calculate", PLANT, r#"{"start": 0, "end": 1, "expression": 5}"#, "expression"),
        ("forecast", PLANT, r#"{"start": 0, "end": 1, "forecast_start_max": 5}"#, "forecast_start_min"),
        (
            "history_as_of",
            PLANT,
            r#"{"start": 0, "end": 1, "available_at_timepoint": "soon"}"#,
            "available_at_timepoint",
        ),
        (
            "history_versions",
            PLANT,
            r#"{"start": 0, "end": 1, "max_number_of_versions_to_get": 0}"#,
            "max_number_of_versions_to_get",
        ),
        ("run_simulation", "Mesh", r#"{"start": 0, "end": 1, "case": "Demo"}"#, "case"),
        ("run_simulation", "Mesh", r#"{"start": 0, "end": 1, "case": "A/B", "resolution": "DAY"}"#, "resolution"),
        ("availability.search_availability_events", "", r#"{"owners": []}"#, "owners"),
        ("availability.get_availability_event", PLANT, "{}", "event_id"),
    ] {
        let error = fails(&session, verb, target, json);
        assert_eq!(error.status(), Status::Argument, "{verb} {json}: {}", error.message());
        assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{verb} {json}: {}", error.message());
    }
    for (verb, target, json, key) in [
        ("create_object", CHIMNEYS, "{}", "name"),
        ("update_object", PLANT, "{}", "new_name"),
        ("update_attribute", PLANT, "{}", "value"),
        ("update_attribute", PLANT, r#"{"value": 1.0, "targets": []}"#, "targets"),
        ("update_attribute", PLANT, r#"{"value": 1.0, "value_type": "FLOAT"}"#, "value_type"),
        ("update_attribute", PLANT, r#"{"value": [1, [2]]}"#, "value"),
        ("update_attribute", PLANT, r#"{"targets": [5]}"#, "targets"),
        ("update_attribute", PLANT, r#"{"targets": ["Model/X"]}"#, "target_object_ids"),
        ("update_attribute", PLANT, r#"{"versions": 5}"#, "versions"),
        ("update_attribute", PLANT, r#"{"versions": [5]}"#, "versions"),
        ("update_xy_sets", PLANT, "{}", "versions"),
        ("update_xy_sets", PLANT, r#"{"versions": [{"curves": []}]}"#, "xy_sets.curves"),
        (
            "update_rating_curves",
            PLANT,
            r#"{"versions": [{"x_value_segments": [{"factor_d": 1}]}]}"#,
            "versions.x_value_segments.factor_d",
        ),
        ("update_resource", PLANT, r#"{"unit": "m"}"#, "target"),
        ("update_resource", "key:3", "{}", "unit"),
        (
            "create_series",
            "Resource/name",
            r#"{"unit": "m", "curve_type": "STAIRCASE", "resolution": "DAY"}"#,
            "target",
        ),
        ("create_series", "Resource/A/name", r#"{"unit": "m", "resolution": "DAY"}"#, "curve_type"),
        ("availability.update_revision", PLANT, r#"{"event_id": "e"}"#, "new_local_id"),
        ("availability.delete_revision_recurrence", PLANT, r#"{"event_id": "e"}"#, "recurrence_id"),
        (
            "availability.add_revision_recurrence",
            PLANT,
            r#"{"event_id": "e", "revision_recurrence": {"period": [1]}}"#,
            "revision_recurrence.period",
        ),
    ] {
        let error = refuses(&session, verb, target, json);
        assert_eq!(error.status(), Status::Argument, "{verb} {json}: {}", error.message());
        assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{verb} {json}: {}", error.message());
    }
    assert_eq!(methods(&sandbox, since), Vec::<String>::new());
}

#[test]
fn what_changes_is_staged_and_what_reads_is_not() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let since = mark(&sandbox);
    for verb in [
        "create_object",
        "create_model",
        "clone_object",
        "update_object",
        "delete_object",
        "update_attribute",
        "update_xy_sets",
        "update_rating_curves",
        "update_resource",
        "create_series",
        "availability.create_revision",
        "availability.delete_availability_events",
    ] {
        let error = fails(&session, verb, PLANT, "{}");
        assert_eq!(error.code(), "unsupported", "{verb}");
        assert!(error.message().contains("stage it"), "{}", error.message());
    }
    for verb in ["get_object", "units", "call", "run_simulation", "availability.search_instances"] {
        let error = refuses(&session, verb, PLANT, "{}");
        assert_eq!(error.code(), "unsupported", "{verb}");
    }
    let error = fails(&session, "get_objekt", PLANT, "{}");
    assert_eq!(error.code(), "unsupported");
    assert!(error.message().contains("\"get_object\""), "{}", error.message());
    assert_eq!(methods(&sandbox, since), Vec::<String>::new());
}

#[test]
fn a_unit_that_is_none_names_the_nearest() {
    let sandbox = sandbox();
    let session = session(&sandbox);
    let error = refuses(&session, "update_resource", "key:3", r#"{"unit": "cn"}"#);
    assert_eq!(error.code(), "unknown_unit");
    assert!(error.message().contains("\"cm\""), "{}", error.message());
}
