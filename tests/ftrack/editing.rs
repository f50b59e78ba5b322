//! The provider `schema`: types as the host wants them.

use std::sync::{Arc, Mutex};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{HostCode, Session},
    value::{Document, Provider, Tree},
};
use serde_json::{Value, json};

use super::bed::{TASK, args, detail, login, queued, sandbox, url, value};

struct Editor<F>(F);

impl<F: Fn(&Value, &mut Args) -> Status + Send + Sync> Provider for Editor<F> {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let _inside = HostCode::enter();
        let call: Value = serde_json::from_str(&Document::from_tree(&call).root().to_json()).unwrap();
        assert_eq!((&call["provider"], &call["method"]), (&json!("schema"), &json!("type")));
        (self.0)(&call["arguments"]["schema"], reply)
    }
}

fn open(
    sandbox: &haft_sandbox::Sandbox,
    more: &str,
    edit: impl Fn(&Value, &mut Args) -> Status + Send + Sync + 'static,
) -> Result<Session, Error> {
    let mut options = login(more);
    options.set("schema", Tree::Provider(Arc::new(Editor(edit))));
    Session::create(&url(sandbox), &options)
}

/// Answers with an edited type.
fn bring(schema: &Value, reply: &mut Args) -> Status {
    reply.set("schema", Tree::from_json(&schema.to_string()).unwrap());
    Status::Ok
}

fn call(session: &Session, verb: &str, target: &str, json: &str) -> Result<Value, Error> {
    queued::request(session, Some(verb), Some(target), &args(json)).map(|answer| value(&answer))
}

#[test]
fn types_are_as_the_host_wants_them() {
    let sandbox = sandbox();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let directory = sandbox.dir.join("schemas");
    let folder = json!({"schema_cache_path": directory.to_str().unwrap()}).to_string();
    let edit = move |schema: &Value, reply: &mut Args| {
        let name = schema["id"].as_str().unwrap();
        seen.lock().unwrap().push(name.to_owned());
        match name {
            "Task" => {
                let mut schema = schema.clone();
                schema["default_projections"] = json!(["name", "id"]);
                schema["immutable"].as_array_mut().unwrap().push("description".into());
                schema["properties"].as_object_mut().unwrap().remove("bid");
                schema["properties"]["sort"]["default"] = json!(7);
                // One that the server has and does not tell.
                schema["properties"]["end_date"] = json!({"type": "string", "format": "date-time"});
                bring(&schema, reply)
            }
            "NoteLabel" => Status::NotFound,
            "Status" => {
                reply.set("schema", Tree::Null);
                Status::Ok
            }
            _ => Status::Ok,
        }
    };
    for _ in 0..2 {
        asked.lock().unwrap().clear();
        let session = open(&sandbox, &folder, edit.clone()).unwrap();
        let names = value(&session.inspect("types", &Args::new()).unwrap());
        let mut wanted = asked.lock().unwrap().clone();
        assert!(wanted.len() > 20, "each is asked for once");
        wanted.retain(|name| name != "NoteLabel");
        assert_eq!(names, json!(wanted), "in the server's order");
        let task = value(&session.inspect("type", &args(r#"{"name": "Task"}"#)).unwrap());
        assert_eq!(
            (&task["default_projections"], &task["attributes"]["description"]["mutable"]),
            (&json!(["name", "id"]), &json!(false))
        );
        assert_eq!(task["attributes"].get("bid"), None);
        let before = sandbox.ftrack_log(0, false).as_array().unwrap().len();
        call(&session, "query", &format!("Task where id is {TASK}"), "{}").unwrap();
        let log = sandbox.ftrack_log(0, false);
        assert!(
            log.as_array().unwrap()[before..]
                .iter()
                .any(|entry| entry["body"].to_string().contains("select name, id from Task")),
            "{log}"
        );
        let fails =
            |verb: &str, target: &str, json: &str| call(&session, verb, target, json).unwrap_err().code().to_owned();
        call(&session, "get", &format!("Task/{TASK}"), r#"{"select": "description"}"#).unwrap();
        assert_eq!(
            fails("update", &format!("Task/{TASK}"), r#"{"data": {"description": "x"}}"#),
            "immutable_attribute"
        );
        assert_eq!(fails("update", &format!("Task/{TASK}"), r#"{"data": {"bid": 1}}"#), "unknown_attribute");
        assert_eq!(fails("create", "NoteLabel", r#"{"data": {"name": "x"}}"#), "unknown_type");
        let made = session
            .stage(Some("create"), Some("Task"), &args(r#"{"data": {"name": "new"}}"#))
            .map(|made| value(&made))
            .unwrap();
        assert_eq!(made["sort"], 7);
        queued::rollback(&session, &Args::new()).unwrap();
    }
    // The file is the server's: who edits nothing has all of it, without another request.
    let count = || sandbox.ftrack_log(0, false).as_array().unwrap().len();
    let before = count();
    let session = Session::create(&url(&sandbox), &login(&folder)).unwrap();
    assert_eq!(count(), before + 1);
    assert!(value(&session.inspect("types", &Args::new()).unwrap()).as_array().unwrap().contains(&json!("NoteLabel")));
}

#[test]
fn an_edit_that_cannot_be_is_refused_and_leaves_nothing() {
    let sandbox = sandbox();
    type Edit = fn(&Value, &mut Args) -> Status;
    let edits: [(Edit, &str); 8] = [
        (|_, _| Status::NotFound, "left no type"),
        (
            |_, reply| {
                reply.set("message", "the disk is full");
                Status::Io
            },
            "failed for the type",
        ),
        (
            |schema, reply| {
                bring(
                    &json!({"id": "Other", "primary_key": schema["primary_key"], "properties": schema["properties"]}),
                    reply,
                )
            },
            "had another name",
        ),
        (|schema, reply| bring(&json!({"id": schema["id"], "properties": schema["properties"]}), reply), "had no key"),
        (
            |schema, reply| {
                bring(&json!({"id": schema["id"], "primary_key": [], "properties": schema["properties"]}), reply)
            },
            "had no key",
        ),
        (
            |schema, reply| bring(&json!({"id": schema["id"], "primary_key": schema["primary_key"]}), reply),
            "had no attributes",
        ),
        (
            |schema, reply| {
                bring(
                    &json!({"id": schema["id"], "primary_key": ["nothing"], "properties": schema["properties"]}),
                    reply,
                )
            },
            "lacked nothing",
        ),
        (
            |_, reply| {
                reply.set("schema", 5i64);
                Status::Ok
            },
            "was a number",
        ),
    ];
    for (edit, words) in edits {
        let error = open(&sandbox, "{}", edit).unwrap_err();
        assert_eq!(error.code(), "provider", "{error}");
        assert!(error.message().contains(words), "{words}: {error}");
    }
    let mut options = login("{}");
    options.set("schema", "Task");
    let error = Session::create(&url(&sandbox), &options).unwrap_err();
    assert_eq!((error.code(), detail(&error, "key")), ("argument", json!("schema")));
}
