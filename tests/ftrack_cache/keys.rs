//! The keys of layers.

use haft::{args::Args, value::Tree};
use serde_json::json;

use crate::{
    bed::{Folder, TASK, inspect, mark, open, sandbox, sent, session},
    host, task,
};

#[test]
fn keys_are_pythons_bytes_for_who_wants_them() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let (held, cache) = host();
    let mut given = Args::new();
    given.set("cache", cache);
    given.set("cache_key_maker", "object");
    task(&open(&sandbox, given).unwrap());
    // base64 of ftrack_api.cache.ObjectKeyMaker().key(("Task", [TASK])) as the official client 3.1.0 makes it.
    let key = "A4ACWAQAAABUYXNrcQAuAAOAAlgkAAAAYWRiNGFkNmMtNzY3OS0xMWUyLThkZjItZjIzYzkxZGYyNWVicQAuAwM=";
    assert!(held.lock().unwrap().0.contains_key(key), "{:?}", held.lock().unwrap().0.keys());
    assert!(!held.lock().unwrap().0.keys().any(|key| key.contains("('")));
    // In a file they are other keys than the texts.
    let options =
        |maker: &str| json!({"cache": format!("sqlite:{}", folder.file("c.db")), "cache_key_maker": maker}).to_string();
    task(&session(&sandbox, &options("object")));
    for (maker, asked) in [("object", 0), ("string", 1), ("string", 0), ("object", 0)] {
        let since = mark(&sandbox);
        assert_eq!(task(&session(&sandbox, &options(maker)))["name"], "t1");
        assert_eq!(
            sent(&sandbox, since).iter().filter(|body| body.to_string().contains("expression")).count(),
            asked,
            "{maker}"
        );
    }
    let one = session(&sandbox, &options("object"));
    let entries = inspect(&one, "cache")["layers"][0]["entries"].clone();
    assert_eq!(crate::bed::call(&one, "invalidate", &format!("Task/{TASK}"), "{}"), 0);
    assert_eq!(inspect(&one, "cache")["layers"][0]["entries"].as_u64().unwrap(), entries.as_u64().unwrap() - 1);
    let mut given = Args::new();
    given.set("cache_key_maker", Tree::from("pickle"));
    assert_eq!(open(&sandbox, given).unwrap_err().code(), "argument");
}
