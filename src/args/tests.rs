//! What keys, JSON and mistakes do to arguments.

use super::Args;
use crate::{
    error::Error,
    value::{Object, Tree},
};

fn written(write: impl FnOnce(&mut Args)) -> String {
    let mut args = Args::new();
    write(&mut args);
    args.check().unwrap();
    args.view().root().to_json()
}

fn mistake(write: impl FnOnce(&mut Args)) -> Error {
    let mut args = Args::new();
    write(&mut args);
    let mistake = args.check().unwrap_err();
    assert_eq!(mistake.code(), "argument");
    mistake
}

#[test]
fn keys_put_values_where_they_say() {
    for (writes, json) in [
        (&[("timeout", "1"), ("timeout", "2")][..], r#"{"timeout":2}"#),
        (&[("a", "1"), ("b", "2"), ("a", "3")], r#"{"a":3,"b":2}"#),
        (&[("headers.X-Trace", "\"t\""), ("headers.a.b", "null")], r#"{"headers":{"X-Trace":"t","a.b":null}}"#),
        (&[("params.q[]", "1"), ("params.q[]", "2")], r#"{"params":{"q":[1,2]}}"#),
        (&[("params.q", "1"), ("params.q[]", "2"), ("params.q[]", "3")], r#"{"params":{"q":[1,2,3]}}"#),
        (&[("list[]", "1"), ("list[]", "[2]")], r#"{"list":[1,[2]]}"#),
        (&[("list", "null"), ("list[]", "1")], r#"{"list":[1]}"#),
        (&[("headers.a", "1"), ("headers", "null")], r#"{"headers":null}"#),
        (&[("headers.a", "1"), ("headers", "null"), ("headers.b", "2")], r#"{"headers":{"b":2}}"#),
        (&[("headers.a", "1"), ("headers", "{\"b.c\":2}")], r#"{"headers":{"b.c":2}}"#),
        (&[("headers", "{\"b\":2}"), ("headers.a", "1")], r#"{"headers":{"b":2,"a":1}}"#),
    ] {
        let json_of = written(|args| writes.iter().for_each(|(key, json)| args.set_json(Some(key), json)));
        assert_eq!(json_of, json);
    }
}

#[test]
fn json_without_a_key_merges_and_never_splits() {
    let json = written(|args| {
        args.set("headers.a", "1");
        args.set("params", "x=1");
        args.set_json(None, r#"{"headers":{"b.c":"2","a":"3"},"params":{"q":1},"x.y":true,"n":NaN}"#);
    });
    assert_eq!(json, r#"{"headers":{"a":"3","b.c":"2"},"params":{"q":1},"x.y":true,"n":NaN}"#);
    let mut args = Args::from(Object::from_iter([("x.y", true)]));
    assert_eq!(args.get("x.y"), Some(&Tree::Bool(true)));
    args.set("x.y", 1);
    assert_eq!(args.root().get("x").and_then(|group| group.get("y")), Some(&Tree::Int(1)));
}

#[test]
fn the_first_mistake_sticks_and_names_its_key() {
    let mut args = Args::new();
    args.set("params", "text");
    args.set("params.q", 1);
    args.set("", 1);
    args.set_mistake(Error::argument("a later one"));
    args.set("timeout", 5);
    for _ in 0..2 {
        let mistake = args.check().unwrap_err();
        assert_eq!(mistake.message(), "`params.q` could not be set because `params` already was text");
        assert_eq!(mistake.detail().get("key").and_then(Tree::as_str), Some("params.q"));
    }
    assert_eq!(args.get("timeout"), Some(&Tree::Int(5)));
    for key in ["", "a.", ".a", "a\u{7}", "[]"] {
        assert_eq!(mistake(|args| args.set(key, 1)).detail().get("key").and_then(Tree::as_str), Some(key));
    }
    let message = |write: fn(&mut Args)| mistake(write).message().to_owned();
    assert_eq!(
        message(|args| args.set_json(Some("json"), "{\n\"a\":}")),
        "`json` was not valid: the JSON could not be read: expected value at line 2 column 5"
    );
    assert!(message(|args| args.set_json(None, "[1]")).contains("must be an object"));
    assert!(message(|args| args.set_json(None, "{")).contains("line 1"));
    assert!(message(|args| args.set_series("s", vec![1], vec![], vec![])).contains("1 times, 0 values, 1 flags"));
}

#[test]
fn trees_that_are_too_deep_are_a_mistake() {
    let mut tree = Tree::Null;
    for _ in 0..512 {
        tree = Tree::Array(vec![tree]);
    }
    let mut args = Args::new();
    args.set("json", tree.clone());
    args.check().unwrap();
    args.set("json", vec![tree]);
    assert!(args.check().unwrap_err().message().contains("`json` had more than 512 levels"));
}

#[test]
fn series_take_zeros_for_missing_flags() {
    let mut args = Args::new();
    args.set_series("points", vec![1, 2], vec![0.5, f64::NAN], Vec::new());
    args.check().unwrap();
    let series = args.get("points").and_then(Tree::as_series).unwrap();
    assert_eq!((&series.times[..], &series.flags[..]), (&[1, 2][..], &[0, 0][..]));
}

#[test]
fn the_view_is_kept_until_the_next_write() {
    let mut args = Args::new();
    args.set("password", "s3cret");
    let address = args.view().root().address();
    assert_eq!(args.view().root().address(), address);
    assert_eq!(args.view().root().to_json(), r#"{"password":"s3cret"}"#);
    assert_eq!(format!("{args:?} {:?}", args.view()), r#"{"password"} Document(Object, 1)"#);
    args.set("a.b", 1);
    assert_eq!(args.view().root().to_json(), r#"{"password":"s3cret","a":{"b":1}}"#);
    assert_eq!(args.remove("a.b"), Some(Tree::Int(1)));
    assert_eq!(args.view().root().to_json(), r#"{"password":"s3cret","a":{}}"#);
    args.set_json(None, r#"{"c":1}"#);
    assert_eq!(args.view().root().count(), 3);
}

#[test]
fn types_are_checked_when_read() {
    let mut args = Args::new();
    args.set("text", "t");
    args.set("truth", true);
    args.set("whole", 3.0);
    args.set("half", 0.5);
    args.set("null", ());
    args.set("timeouts.total", "250ms");
    assert_eq!(args.str("text").unwrap(), Some("t"));
    assert_eq!(args.bool("truth").unwrap(), Some(true));
    assert_eq!(args.int("whole").unwrap(), Some(3));
    assert_eq!(args.double("half").unwrap(), Some(0.5));
    assert_eq!(args.duration("timeouts.total").unwrap().unwrap().as_millis(), 250);
    assert_eq!(args.object("timeouts").unwrap().unwrap().len(), 1);
    for key in ["null", "absent", "timeouts.read"] {
        assert_eq!(args.str(key).unwrap(), None);
        assert_eq!(args.bool(key).unwrap(), None);
        assert_eq!(args.int(key).unwrap(), None);
        assert_eq!(args.double(key).unwrap(), None);
        assert_eq!(args.duration(key).unwrap(), None);
        assert!(args.object(key).unwrap().is_none() && args.array(key).unwrap().is_none());
    }
    for (error, message) in [
        (args.str("truth").unwrap_err(), "`truth` must be text, and it was a boolean"),
        (args.bool("text").unwrap_err(), "`text` must be a boolean, and it was text"),
        (args.int("half").unwrap_err(), "`half` must be a whole number that fits into 64 bits, and it was 0.5"),
        (args.int("text").unwrap_err(), "`text` must be a whole number, and it was text"),
        (args.object("half").unwrap_err(), "`half` must be an object, and it was a number"),
        (args.array("text").unwrap_err(), "`text` must be an array, and it was text"),
    ] {
        assert_eq!(error.message(), message);
    }
}

#[test]
fn no_arguments_cost_nothing() {
    assert!(Args::default().is_empty());
    assert!(Args::default().check().is_ok());
}
