//! Queries, entities by key, attributes that are missing.

use haft::{args::Args, session::Session};
use serde_json::{Value, json};

use super::bed::{Bed, TASK, USER, args, detail, value};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entity| entity["name"].as_str().unwrap()).collect()
}

#[test]
fn a_query_brings_entities() {
    let bed = Bed::new();
    let (found, sent) = bed.sent(|| bed.call("query", &format!("Task where id is \"{TASK}\""), "{}"));
    assert_eq!(names(&found), ["t1"]);
    assert_eq!(found[0]["__entity_type__"], "Task");
    let text = sent[0][0]["expression"].as_str().unwrap();
    assert!(text.starts_with("select ") && text.ends_with(" offset 0 limit 500"), "{text}");
    let found = bed.call("query", &format!("select name, status.name, parent.name from Task where id is {TASK}"), "{}");
    assert!(found[0]["status"]["name"].is_string() && found[0]["parent"]["name"].is_string(), "{found}");
}

#[test]
fn pages_are_asked_for_one_after_the_other() {
    let bed = Bed::new();
    let (found, sent) = bed.sent(|| bed.call("query", "select name from Task order by id", r#"{"page_size": 4}"#));
    assert_eq!((found.as_array().unwrap().len(), sent.len()), (10, 3));
    let (found, sent) = bed.sent(|| bed.call("query", "select name from Task limit 5", r#"{"page_size": 4}"#));
    assert_eq!((found.as_array().unwrap().len(), sent.len()), (5, 2));
    let ((pages, rest), sent) = bed.sent(|| {
        let mut stream = bed.open("select name from Task", &args(r#"{"page_size": 6, "stream": true}"#)).unwrap();
        let first = value(&stream.next().unwrap().unwrap());
        let second = value(&stream.next().unwrap().unwrap());
        ([first, second].map(|page| page.as_array().unwrap().len()), stream.next().unwrap().is_none())
    });
    assert_eq!((pages, rest, sent.len()), ([6, 4], true, 2));
}

#[test]
fn the_rest_of_the_pages_is_one_list() {
    let bed = Bed::new();
    let query = "select name from Task order by id";
    let whole = bed.call("query", query, r#"{"page_size": 3}"#);
    for taken in 0..=4 {
        let order = args(r#"{"page_size": 3, "stream": true}"#);
        let mut stream = bed.session.request(Some("query"), Some(query), &order).unwrap();
        let mut found: Vec<_> =
            (0..taken).flat_map(|_| value(&stream.next().unwrap().unwrap()).as_array().unwrap().clone()).collect();
        assert!(stream.value().is_none() && stream.body().is_empty());
        if taken == 0 {
            // Nothing was asked for yet: the second page fails, and what came before it is not lost.
            bed.sandbox.ftrack_order("fault=error&action=query&exception=ServerError&skip=1").unwrap();
            stream.drain().unwrap_err();
            assert!(stream.value().is_none());
        }
        stream.drain().unwrap();
        found.extend(value(&stream).as_array().unwrap().iter().cloned());
        assert_eq!(json!(found), whole, "{taken} pages were taken before");
        stream.drain().unwrap();
        assert!(stream.next().unwrap().is_none());
    }
}

/// How many queries for pages the server has had.
fn asked(bed: &Bed) -> usize {
    bed.requests().iter().filter(|body| body.to_string().contains("select name from Task order by id")).count()
}

#[test]
fn the_next_page_is_on_its_way_while_one_is_read() {
    for (options, ahead) in [("{}", 2), (r#"{"compat": "python"}"#, 1)] {
        let bed = Bed::with(options);
        let order = args(r#"{"page_size": 6, "stream": true}"#);
        let mut stream = bed.open("select name from Task order by id", &order).unwrap();
        let first = value(&stream.next().unwrap().unwrap());
        assert_eq!(first.as_array().unwrap().len(), 6);
        while asked(&bed) < ahead {}
        // What is changed meanwhile is not overwritten by a page that is older.
        let last = bed.call("query", "select id from Task order by id", r#"{"page_size": 500}"#)[9]["id"].clone();
        let before = asked(&bed);
        bed.call("update", &format!("Task/{}", last.as_str().unwrap()), r#"{"data": {"name": "changed"}}"#);
        let second = value(&stream.next().unwrap().unwrap());
        assert_eq!((second.as_array().unwrap().len(), &second[3]["name"]), (4, &json!("changed")));
        assert!(stream.next().unwrap().is_none());
        assert_eq!(asked(&bed) - before, 1);
        // Nobody waits for a page that nobody reads.
        let stream = bed.open("select name from Task order by id", &order).unwrap();
        drop(stream);
        bed.session.close(&Args::new()).unwrap();
    }
}

#[test]
fn first_and_one() {
    let bed = Bed::new();
    assert_eq!(
        bed.call("query", "select username from User where username is jenkins", r#"{"one": true}"#)["username"],
        "jenkins"
    );
    assert_eq!(bed.call("query", "User where username is nobody", r#"{"first": true}"#), Value::Null);
    assert_eq!(bed.fails("query", "User where username is nobody", r#"{"one": true}"#).code(), "no_result_found");
    assert_eq!(bed.fails("query", "User", r#"{"one": true}"#).code(), "multiple_results_found");
    assert_eq!(bed.fails("query", "User limit 3", r#"{"one": true}"#).code(), "argument");
}

#[test]
fn values_are_bound_and_mistakes_are_found_before_they_are_sent() {
    let bed = Bed::new();
    let (found, _) = bed.sent(|| {
        bed.call(
            "query",
            "select username from User where username in ({names})",
            r#"{"bind": {"names": ["jenkins", "x\" or username is \"ada"]}}"#,
        )
    });
    assert_eq!(found.as_array().unwrap().len(), 1);
    let (_, sent) = bed.sent(|| {
        for (text, code) in [
            ("Tusk", "unknown_type"),
            ("Task where (name is x", "parse"),
            ("select from Task", "parse"),
            ("Task where name is {x}", "argument"),
        ] {
            assert_eq!(
                bed.fails("query", text, if code == "argument" { r#"{"bind": {}}"# } else { "{}" }).code(),
                code,
                "{text}"
            );
        }
    });
    assert!(sent.is_empty());
    let error = bed.fails("query", "select nonsense from Task", "{}");
    assert_eq!(error.code(), "server");
    assert!(detail(&error, "exception").is_string());
}

#[test]
fn get_asks_once_and_populates_for_all_that_came_together() {
    let bed = Bed::new();
    let (task, sent) = bed.sent(|| bed.call("get", &format!("Task/{TASK}"), "{}"));
    assert_eq!((task["name"].as_str(), sent.len()), (Some("t1"), 1));
    let (again, sent) = bed.sent(|| bed.call("get", &format!("Task/{TASK}"), "{}"));
    assert_eq!((again == task, sent.len()), (true, 0));
    let (_, sent) = bed.sent(|| bed.call("get", &format!("Task/{TASK}"), r#"{"refresh": true}"#));
    assert_eq!(sent.len(), 1);
    assert_eq!(bed.call("get", "Task/not-there", "{}"), Value::Null);
    assert_eq!(bed.fails("get", "Task/a,b", "{}").code(), "wrong_key");
    assert_eq!(bed.fails("get", &format!("Task/{TASK}"), r#"{"select": "nme"}"#).code(), "unknown_attribute");

    // One request for the attribute of all ten, not one for each.
    let tasks = bed.call("query", "select id from Task", "{}");
    let (bids, sent) = bed.sent(|| -> Vec<Value> {
        let of = |task: &Value| {
            bed.call("get", &format!("Task/{}", task["id"].as_str().unwrap()), r#"{"select": "bid"}"#)["bid"].clone()
        };
        tasks.as_array().unwrap().iter().map(of).collect()
    });
    assert_eq!((bids.len(), sent.len()), (10, 1));
    assert!(bids.contains(&json!(3600)) || bids.contains(&json!(3600.0)), "{bids:?}");
    let (lazy, sent) =
        bed.sent(|| bed.call("get", &format!("Task/{TASK}"), r#"{"select": "description", "auto_populate": false}"#));
    assert_eq!((lazy.get("description"), sent.len()), (None, 0));
}

#[test]
fn an_entity_child_answers_for_one_entity() {
    let bed = Bed::new();
    let child: Session = bed.session.attach(&format!("Task/{TASK}"), &Args::new()).unwrap();
    let name = child.request(Some("get"), Some("name"), &Args::new()).unwrap();
    assert_eq!(value(&name), json!("t1"));
    let whole = child.request(Some("get"), None, &Args::new()).unwrap();
    assert_eq!(value(&whole)["id"], TASK);
    assert_eq!(child.request(Some("get"), Some("nme"), &Args::new()).unwrap_err().code(), "unknown_attribute");
    child.stage(Some("update"), None, &args(r#"{"data": {"name": "t2"}}"#)).unwrap();
    assert_eq!(bed.inspect("entity_state", &json!({"entity": format!("Task/{TASK}")}).to_string()), "modified");
    assert!(bed.session.attach("Task", &Args::new()).is_err());
    assert_eq!(bed.session.attach("Tusk/x", &Args::new()).unwrap_err().code(), "unknown_type");
    child.close(&Args::new()).unwrap();
    assert_eq!(bed.call("get", &format!("User/{USER}"), r#"{"select": "username"}"#)["username"], "jenkins");
}

#[test]
fn search_and_raw_calls() {
    let bed = Bed::new();
    let found = bed.call("search", "Task", r#"{"terms": ["t1"]}"#);
    assert!(names(&found).contains(&"t1"), "{found}");
    let raw = bed.call(
        "call",
        "",
        r#"{"operations": [{"action": "query", "expression": "select username from User limit 1"}]}"#,
    );
    assert_eq!(raw[0]["data"].as_array().unwrap().len(), 1);
    let error = bed.fails("call", "", r#"{"operations": [{"action": "nonsense"}]}"#);
    assert_eq!(error.code(), "server_compatibility");
    assert!(bed.fails("querry", "Task", "{}").message().contains("\"query\""));
}
