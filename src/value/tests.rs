//! Documents against the originals: Python's `json`, RFC 6901, serde_json's own tree.

use std::sync::Arc;

use serde_json::Value;

use super::{Document, Node, Object, PAGE, Series, Tree, Type};

fn parse(text: &str) -> Box<Document> {
    Document::from_json(text.as_bytes().to_vec()).unwrap()
}

fn refused(text: &[u8]) -> String {
    let error = Document::from_json(text.to_vec()).unwrap_err();
    assert_eq!(error.code(), "json_decode");
    error.message().to_owned()
}

/// The byte behind a slice of a document, found without reading past the slice.
fn next_byte(document: &Document, slice: &[u8]) -> u8 {
    let end = slice.as_ptr().addr() + slice.len();
    for buffer in [&document.text, &document.own] {
        let start = buffer.as_ptr().addr();
        if (start..start + buffer.len()).contains(&end) {
            return buffer[end - start];
        }
    }
    panic!("the slice lies in no buffer");
}

fn same(node: Node<'_>, value: &Value) {
    match value {
        Value::Null => assert_eq!(node.kind(), Type::Null),
        Value::Bool(truth) => assert_eq!(node.truth(), Some(*truth)),
        Value::Number(number) => match number.as_i64() {
            Some(int) => assert_eq!((node.kind(), node.int()), (Type::Int, Some(int))),
            None => assert_eq!((node.kind(), node.double()), (Type::Double, number.as_f64())),
        },
        Value::String(text) => {
            assert_eq!(node.as_str(), Some(text.as_str()));
            assert_eq!(next_byte(node.document(), node.text().unwrap()), 0);
        }
        Value::Array(items) => {
            assert_eq!((node.kind(), node.count()), (Type::Array, items.len()));
            for (at, item) in items.iter().enumerate() {
                same(node.item(at).unwrap().1, item);
            }
            assert!(node.item(items.len()).is_none());
        }
        Value::Object(members) => {
            assert_eq!(node.kind(), Type::Object);
            assert!(node.count() >= members.len());
            for (key, member) in members {
                same(node.get(key).unwrap(), member);
            }
        }
    }
}

/// A small generator of its own: a fixed seed makes a failure repeatable.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn space(&mut self, out: &mut String) {
        if self.below(4) == 0 {
            out.push_str([" ", "\n", "\t", "\r\n  "][self.below(4) as usize]);
        }
    }

    fn string(&mut self, out: &mut String) {
        out.push('"');
        for _ in 0..self.below(9) {
            let pieces =
                ["a", "key", "\\n", "é", "\\u00e9", "\\\"", "\\\\", "\\ud83d\\ude00", "😀", "0", "\\u0000", "/", "~"];
            out.push_str(pieces[self.below(pieces.len() as u64) as usize]);
        }
        out.push('"');
    }

    fn value(&mut self, depth: u32, out: &mut String) {
        self.space(out);
        match self.below(if depth > 5 { 7 } else { 10 }) {
            0 => out.push_str(["null", "true", "false"][self.below(3) as usize]),
            1 => out.push_str(&(self.below(2000) as i64 - 1000).to_string()),
            2 => out.push_str(&(self.0 as i64).to_string()),
            3 => out.push_str(&self.0.to_string()),
            4 => out.push_str(&format!("{}.{}e{}", self.below(100), self.below(1000), self.below(40) as i64 - 20)),
            5 | 6 => self.string(out),
            7 => {
                out.push('[');
                for at in 0..self.below(70) {
                    out.push_str(if at > 0 { "," } else { "" });
                    self.value(depth + 2, out);
                }
                out.push(']');
            }
            _ => {
                out.push('{');
                for at in 0..self.below(12) {
                    out.push_str(if at > 0 { "," } else { "" });
                    self.space(out);
                    self.string(out);
                    self.space(out);
                    out.push(':');
                    self.value(depth + 1, out);
                }
                out.push('}');
            }
        }
        self.space(out);
    }
}

#[test]
fn random_documents_are_what_serde_json_says() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..300 {
        let mut text = String::new();
        random.value(0, &mut text);
        let value: Value = serde_json::from_str(&text).unwrap();
        let document = parse(&text);
        same(document.root(), &value);
        // What is written reads as the same, from the nodes, from the tree, and from the tree frozen again.
        let tree = document.root().to_tree();
        let again = Document::from_tree(&tree);
        same(again.root(), &value);
        assert_eq!(again.root().to_tree(), tree);
        for json in [document.root().to_json(), tree.to_json(), again.root().to_json()] {
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        }
    }
}

#[test]
fn mutated_documents_never_panic() {
    let mut random = Random(42);
    let mut taken = 0;
    for round in 0..3000 {
        let mut text = String::new();
        random.value(if round % 8 == 0 { 0 } else { 3 }, &mut text);
        let mut bytes = text.into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64 + 1) as usize;
            let pieces: [&[u8]; 12] =
                [b"\"", b"\\", b"{", b"}", b"[", b",", b"NaN", b"-Infinity", b"\\ud800", b"\xff", b"\0", b"1e999"];
            let piece = pieces[random.below(12) as usize];
            match random.below(3) {
                0 => drop(bytes.splice(at..at, piece.iter().copied())),
                1 => bytes.truncate(at),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = random.below(256) as u8;
                    }
                }
            }
        }
        let strict = serde_json::from_slice::<Value>(&bytes);
        match (Document::from_json(bytes.clone()), strict) {
            (Ok(document), Ok(value)) => same(document.root(), &value),
            (Ok(document), Err(_)) => {
                taken += 1;
                let json = document.root().to_json();
                assert_eq!(parse(&json).root().to_json(), json);
                walk(document.root());
            }
            (Err(error), Ok(_)) => panic!("{error} in {}", String::from_utf8_lossy(&bytes)),
            (Err(_), Err(_)) => {}
        }
    }
    assert!(taken > 20, "{taken}");
}

fn walk(node: Node<'_>) {
    let _ = (node.text(), node.int(), node.double(), node.bytes());
    node.items().for_each(walk);
}

#[test]
fn an_address_leads_back_to_its_node() {
    let document = parse(&format!("[{}]", vec!["[1,\"two\",{\"k\":3}]"; 500].join(",")));
    let mut seen = 0;
    let mut check = |node: Node<'_>| {
        let address = node.address();
        assert_eq!(address % 16, 0);
        assert!(address % PAGE >= 16);
        assert_eq!(document.node_at(address).unwrap().address(), address);
        assert_eq!(document.node_at(address).unwrap().kind(), node.kind());
        seen += 1;
    };
    check(document.root());
    for item in document.root().items() {
        check(item);
        item.items().for_each(&mut check);
        assert_eq!(item.at("/2/k").unwrap().int(), Some(3));
    }
    assert_eq!(seen, 2001);
    let root = document.root().address();
    for wrong in [0, 1, root + 1, root + 16, root & !(PAGE - 1), root + PAGE, usize::MAX] {
        assert!(document.node_at(wrong).is_none(), "{wrong:#x}");
    }
    assert!(parse("1").node_at(root).is_none());
}

#[test]
fn pointers_of_rfc_6901() {
    let document = parse(
        r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"o":{"p":null}}"#,
    );
    let root = document.root();
    assert_eq!(root.at("").unwrap().address(), root.address());
    for (pointer, int) in [
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ("/k\"l", 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("a/b", 1),
        ("m~n", 8),
    ] {
        assert_eq!(root.at(pointer).and_then(Node::int), Some(int), "{pointer}");
    }
    assert_eq!(root.at("/foo").unwrap().count(), 2);
    assert_eq!(root.at("/foo/0").unwrap().as_str(), Some("bar"));
    assert_eq!(root.at("/o/p").unwrap().kind(), Type::Null);
    for nowhere in
        ["/foo/2", "/foo/-", "/foo/01", "/foo/00", "/foo/+1", "/foo/", "/foo/99999999999999999999", "/o/q", "/o/p/q"]
    {
        assert!(root.at(nowhere).is_none(), "{nowhere}");
    }
    for nowhere in ["/m~n", "/m~2n", "/a~", "foo/0", "o/p", "/foo/bar", "m~0n"] {
        assert!(root.at(nowhere).is_none(), "{nowhere}");
    }
    assert!(root.at("foo").unwrap().at("0").is_none());
}

#[test]
fn numbers_convert_only_when_exact_and_keep_their_text() {
    let document = parse(
        r#"{"s\"1":"\"2","a":3,"b":3.0,"c":3.5,"d":9007199254740993,"e":12345678901234567890,"f":1.50,"g":-0,"h":1E2,"i":[7]}"#,
    );
    let root = document.root();
    for (key, kind, int, double, text) in [
        ("a", Type::Int, Some(3), Some(3.0), "3"),
        ("b", Type::Double, Some(3), Some(3.0), "3.0"),
        ("c", Type::Double, None, Some(3.5), "3.5"),
        ("d", Type::Int, Some(9007199254740993), None, "9007199254740993"),
        ("e", Type::Double, None, Some(12345678901234567890.0), "12345678901234567890"),
        ("f", Type::Double, None, Some(1.5), "1.50"),
        ("g", Type::Double, Some(0), Some(-0.0), "-0"),
        ("h", Type::Double, Some(100), Some(100.0), "1E2"),
        ("/i/0", Type::Int, Some(7), Some(7.0), "7"),
    ] {
        let node = root.at(key).unwrap();
        assert_eq!((node.kind(), node.int(), node.double()), (kind, int, double), "{key}");
        assert_eq!(node.text(), Some(text.as_bytes()), "{key}");
        assert_eq!((node.bytes(), node.truth(), node.count()), (None, None, 0), "{key}");
        // And the same from a tree.
        let tree = Document::from_tree(&node.to_tree());
        assert_eq!(tree.root().text(), Some(text.as_bytes()), "{key}");
        assert_eq!(tree.root().kind(), kind);
    }
    assert!(matches!(root.get("f").unwrap().to_tree(), Tree::Number(1.5, text) if &*text == "1.50"));
    assert!(matches!(root.get("b").unwrap().to_tree(), Tree::Double(3.0)));
    let written = Document::from_tree(&Tree::from_iter([Tree::Double(1e16), Tree::Int(-5), Tree::Double(f64::NAN)]));
    let texts: Vec<_> = written.root().items().map(|node| node.text().unwrap().to_vec()).collect();
    assert_eq!(texts, [&b"1e+16"[..], b"-5", b"NaN"]);
}

#[test]
fn what_python_takes_is_taken() {
    fn wide<const N: usize>(text: &str, unit: fn(char) -> [u8; N]) -> Vec<u8> {
        text.chars().flat_map(unit).collect()
    }
    let text = r#"{"a":[1,"é"]}"#;
    for bytes in [
        format!("\u{feff}{text}").into_bytes(),
        wide(text, |c| (c as u16).to_le_bytes()),
        wide(text, |c| (c as u16).to_be_bytes()),
        wide(text, |c| (c as u32).to_le_bytes()),
        wide(text, |c| (c as u32).to_be_bytes()),
        wide(&format!("\u{feff}{text}"), |c| (c as u16).to_le_bytes()),
        wide(&format!("\u{feff}{text}"), |c| (c as u16).to_be_bytes()),
        wide(&format!("\u{feff}{text}"), |c| (c as u32).to_le_bytes()),
        wide(&format!("\u{feff}{text}"), |c| (c as u32).to_be_bytes()),
    ] {
        assert_eq!(Document::from_json(bytes.clone()).unwrap().root().to_json(), text, "{bytes:?}");
    }
    // json.loads('[NaN, -Infinity, Infinity, 1e999, -1e999, 1.5, "NaN"]') and what dumps makes of the words.
    let document = parse(r#"[NaN, -Infinity, Infinity, 1e999, -1e999, 1.5, "NaN", "\ud800x", "\udc00\ud83d\ude00"]"#);
    let root = document.root();
    let double = |at: usize| root.item(at).unwrap().1.double().unwrap();
    assert!(double(0).is_nan());
    assert_eq!((double(1), double(2)), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((double(3), double(4), double(5)), (f64::INFINITY, f64::NEG_INFINITY, 1.5));
    assert_eq!(root.at("/0").unwrap().text(), Some(&b"NaN"[..]));
    assert_eq!(root.at("/3").unwrap().text(), Some(&b"1e999"[..]));
    assert_eq!(root.at("/6").unwrap().as_str(), Some("NaN"));
    assert_eq!(root.at("/7").unwrap().as_str(), Some("\u{fffd}x"));
    assert_eq!(root.at("/8").unwrap().as_str(), Some("\u{fffd}😀"));
    assert_eq!(root.to_json(), "[NaN,-Infinity,Infinity,1e999,-1e999,1.5,\"NaN\",\"\u{fffd}x\",\"\u{fffd}😀\"]");
    assert_eq!(Document::from_json(b"[\"a\xffb\"]".to_vec()).unwrap().root().to_json(), "[\"a\u{fffd}b\"]");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":}",
        "{'a':1}",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "nul",
        "[1] 2",
        "\"\t\"",
        "// x",
        "1NaN",
        "NaN1",
        "[1.e999]",
        "[01e999]",
        "-NaN",
        "Nan",
        "{NaN:1}",
        "{\"a\" 1}",
        "\"\\x\"",
        "\"\\u12\"",
        "[1}",
    ] {
        let message = refused(text.as_bytes());
        assert!(message.contains(" at line 1 column "), "{text:?}: {message}");
    }
    assert!(refused(b"{\n  \"a\": 1,\n  \"b\": x\n}").ends_with("at line 3 column 8"));
    assert!(refused(b"[NaN,\n  NaN,\n  x]").ends_with("at line 3 column 3"));
    let error = Document::from_json(b"[1,\n2,".to_vec()).unwrap_err();
    assert_eq!(error.detail().get("line"), Some(&Tree::Int(2)));
    refused(&[0xff, 0xff]);
}

#[test]
fn depth_is_limited_and_never_overflows() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(parse(&deep(512)).root().to_json(), deep(512));
    assert!(refused(deep(513).as_bytes()).contains("more than 512 levels"));
    refused("[".repeat(1 << 20).as_bytes());
    refused("{\"a\":".repeat(1 << 18).as_bytes());
}

#[test]
fn equal_keys_and_large_objects() {
    let document = parse(r#"{"a":1,"b":2,"a":3}"#);
    assert_eq!(document.root().get("a").unwrap().int(), Some(3));
    assert_eq!(document.root().count(), 3);
    assert_eq!(document.root().to_tree().to_json(), r#"{"a":3,"b":2}"#);
    let members: Vec<_> = (0..100_000).map(|k| format!("\"k{}\":{k}", k % 99_999)).collect();
    let document = parse(&format!("{{\"x\":{{{}}}}}", members.join(",")));
    let inner = document.root().get("x").unwrap();
    for k in 1..99_999 {
        assert_eq!(inner.get(&format!("k{k}")).unwrap().int(), Some(k));
    }
    assert_eq!(inner.get("k0").unwrap().int(), Some(99_999));
    assert!(inner.get("x").is_none());
    assert_eq!(inner.item(5).unwrap().0, Some(&b"k5"[..]));
    assert_eq!(document.root().to_tree().get("x").unwrap().as_object().unwrap().len(), 99_999);
}

#[test]
fn trees_freeze_and_share() {
    let bytes: Arc<[u8]> = Arc::from(&b"\0\xff"[..]);
    let series = Arc::new(Series { times: vec![1000], values: vec![f64::NAN], flags: vec![3] });
    let tree = Tree::from(Object::from_iter([
        ("text", Tree::from("a\"\n\u{1}é")),
        ("bytes", Tree::from(bytes.clone())),
        ("series", Tree::from(series.clone())),
        ("list", Tree::from_iter([Tree::Null, true.into(), 1.into(), 0.5.into()])),
        ("empty", Tree::from(Object::default())),
        ("big", Tree::from(u64::MAX)),
    ]));
    let document = Document::from_tree(&tree);
    let root = document.root();
    assert_eq!(root.get("bytes").unwrap().bytes().unwrap().as_ptr(), bytes.as_ptr());
    assert_eq!(root.get("bytes").unwrap().text(), None);
    assert_eq!(root.get("text").unwrap().bytes(), Some("a\"\n\u{1}é".as_bytes()));
    assert_eq!(root.get("series").unwrap().count(), 1);
    assert!(Arc::ptr_eq(&root.get("series").unwrap().held_series().unwrap(), &series));
    assert_eq!(root.get("empty").unwrap().count(), 0);
    let json = concat!(
        r#"{"text":"a\"\n\u0001é","bytes":"AP8=","series":{"times":[1000],"values":[NaN],"flags":[3]},"#,
        r#""list":[null,true,1,0.5],"empty":{},"big":18446744073709551615}"#
    );
    assert_eq!((root.to_json(), tree.to_json()), (json.to_owned(), json.to_owned()));
    match root.to_tree().get("bytes") {
        Some(Tree::Bytes(same)) => assert!(Arc::ptr_eq(same, &bytes)),
        other => panic!("{other:?}"),
    }
    drop(document);
    assert_eq!((Arc::strong_count(&bytes), Arc::strong_count(&series)), (2, 2));
    assert_eq!(Document::null().root().kind(), Type::Null);
}

#[test]
fn documents_cross_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let document = parse("[1.0,2]");
    shared(&document);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(document.root().at("/0").unwrap().text(), Some(&b"1.0"[..])));
        }
    });
}

#[test]
fn json_becomes_trees() {
    for (text, tree) in [
        ("null", Tree::Null),
        ("3", Tree::Int(3)),
        ("1e+16", Tree::Double(1e16)),
        ("1e16", Tree::Number(1e16, "1e16".into())),
        ("NaN", Tree::Double(f64::NAN)),
        ("-Infinity", Tree::Double(f64::NEG_INFINITY)),
        ("\"a\"", Tree::from("a")),
        ("[]", Tree::Array(Vec::new())),
    ] {
        assert_eq!(Tree::from_json(text).unwrap(), tree, "{text}");
    }
    assert_eq!(Tree::from_json("[1,").unwrap_err().code(), "json_decode");
}
