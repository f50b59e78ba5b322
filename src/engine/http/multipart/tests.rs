//! Expected values: what requests 2.34.2 built of the same arguments, with this boundary.

use super::*;
use crate::{
    engine::http::body::{
        Body,
        tests::{Fixed, drain},
    },
    value::Object,
};

#[rustfmt::skip]
const FIELDS: &str = "--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"l\"\r\n\r\nx\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"l\"\r\n\r\n2\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"l\"\r\n\r\n3.5\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nTrue\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"ü%22%0D%0A\"\r\n\r\nä\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nbytes\r\n--0123456789abcdef0123456789abcdef--\r\n";
#[rustfmt::skip]
const FORMS: &str = "--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nx\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\ny\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%22%0D%0Aü.txt\"\r\nContent-Type: text/plain\r\n\r\nz\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"g\"; filename=\"h.bin\"\r\nContent-Type: a/b\r\nX-One: 1\r\nX-Two: 2\r\n\r\n\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nno name\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"e\"; filename=\"\"\r\n\r\nempty name\r\n--0123456789abcdef0123456789abcdef\r\nContent-Disposition: form-data; name=\"r\"; filename=\"r\"\r\nA: b\r\n\r\ntext content\r\n--0123456789abcdef0123456789abcdef--\r\n";

fn list(items: &[Tree]) -> Tree {
    Tree::Array(items.to_vec())
}

fn bytes(content: &[u8]) -> Tree {
    Tree::Bytes(content.into())
}

fn build(data: Option<&Tree>, files: &Tree) -> Result<Multipart> {
    Multipart::build(data, files, "0123456789abcdef0123456789abcdef".into())
}

/// The whole form, whose announced length must be right.
fn written(form: &Multipart) -> String {
    let all = drain(&mut form.source()).unwrap();
    if let Some(length) = form.length() {
        assert_eq!(length, all.len() as u64);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn fields_come_first() {
    let data: Tree = Object::from_iter([
        ("a", Tree::from("1")),
        ("l", list(&["x".into(), 2.into(), Tree::Null, 3.5.into()])),
        ("n", Tree::Null),
        ("t", true.into()),
        ("ü\"\r\n", "ä".into()),
    ])
    .into();
    let files = Object::from_iter([("f", bytes(b"bytes"))]).into();
    assert_eq!(written(&build(Some(&data), &files).unwrap()), FIELDS);
}

#[test]
fn every_form_of_a_file() {
    let own = Object::from_iter([("X-One", "1"), ("Content-Location", "no"), ("Empty", ""), ("X-Two", "2")]);
    let described = |items: &[Tree]| list(items);
    let files = list(&[
        list(&["f".into(), bytes(b"x")]),
        list(&["f".into(), described(&["n.txt".into(), bytes(b"y")])]),
        list(&["f".into(), described(&["n\"\r\nü.txt".into(), bytes(b"z"), "text/plain".into()])]),
        list(&["g".into(), described(&["h.bin".into(), bytes(b""), "a/b".into(), own.into()])]),
        list(&["n".into(), described(&[Tree::Null, bytes(b"no name")])]),
        list(&["e".into(), described(&["".into(), bytes(b"empty name")])]),
        list(&["skip".into(), described(&["q".into(), Tree::Null, Tree::Null])]),
        list(&[
            "r".into(),
            described(&["r".into(), "text content".into(), Tree::Null, Object::from_iter([("A", "b")]).into()]),
        ]),
    ]);
    assert_eq!(written(&build(None, &files).unwrap()), FORMS);
}

#[test]
fn lists_of_files_under_one_name() {
    let many = list(&[bytes(b"1"), list(&["b".into(), bytes(b"2")]), Tree::Null]);
    let text = written(&build(None, &Object::from_iter([("f", many)]).into()).unwrap());
    assert_eq!(text.matches("; name=\"f\"").count(), 2);
    assert!(text.contains("filename=\"b\"\r\n\r\n2\r\n"));
}

#[test]
fn readers_are_streamed_and_rewound() {
    let sized = Object::from_iter([("f", list(&["n".into(), Fixed::tree(b"0123456789", Some(10))]))]).into();
    let form = build(None, &sized).unwrap();
    assert!(form.length().is_some());
    let mut source = form.source();
    let first = drain(&mut source).unwrap();
    assert!(source.rewind());
    assert_eq!(drain(&mut source).unwrap(), first);
    assert!(String::from_utf8(first).unwrap().contains("\r\n\r\n0123456789\r\n--"));
    let unsized_one = Object::from_iter([("f", Fixed::tree(b"0123456789", None))]).into();
    let prepared = Body::prepare(None, None, Some(&unsized_one)).unwrap();
    assert_eq!((prepared.length, prepared.body.length()), (None, None));
    let content_type = prepared.content_type.unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() == 32 && boundary.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let short = Object::from_iter([("f", Fixed::tree(b"0123", Some(5)))]).into();
    assert_eq!(drain(&mut build(None, &short).unwrap().source()).unwrap_err().code(), "provider");
}

#[test]
fn files_of_the_disk() {
    let path = std::env::temp_dir().join(format!("haft-multipart-{}.txt", std::process::id()));
    std::fs::write(&path, "on disk").unwrap();
    let text = path.to_str().unwrap();
    let form = build(None, &Object::from_iter([("f", text)]).into()).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(written(&form).contains(&format!("name=\"f\"; filename=\"{name}\"\r\n\r\non disk\r\n")));
    // It has grown: what was announced is sent. It has shrunk: nothing can be made of it.
    std::fs::write(&path, "on disk and more").unwrap();
    assert!(written(&form).contains("\r\n\r\non disk\r\n"));
    std::fs::write(&path, "on").unwrap();
    assert_eq!(drain(&mut form.source()).unwrap_err().code(), "io");
    std::fs::remove_file(&path).unwrap();
    let error = build(None, &Object::from_iter([("f", text)]).into()).unwrap_err();
    assert!(error.message().starts_with("the file ") && error.code() == "io", "{error:?}");
    assert_eq!(error.detail().get("key").unwrap().as_str(), Some("files.f"));
    let directory = std::env::temp_dir();
    assert!(build(None, &Object::from_iter([("f", directory.to_str().unwrap())]).into()).is_err());
}

#[test]
fn mistakes() {
    let bad: &[Tree] = &[
        Object::from_iter([("f", 1)].map(|(key, value)| (key, Tree::from(i64::from(value))))).into(),
        list(&["f".into()]),
        "text".into(),
    ];
    for files in bad {
        assert_eq!(build(None, files).unwrap_err().code(), "argument", "{files:?}");
    }
    let typed = |content_type: &str, own: Object| {
        let spec = list(&["n".into(), bytes(b""), content_type.into(), own.into()]);
        build(None, &Object::from_iter([("f", spec)]).into())
    };
    assert_eq!(typed("a/b\r\nX: y", Object::default()).unwrap_err().code(), "invalid_header");
    assert_eq!(typed("a/b", Object::from_iter([("X", "y\r\nZ: 1")])).unwrap_err().code(), "invalid_header");
    // A type among the extra headers counts when there is no other.
    let form = typed("", Object::from_iter([("content-type", "a/c")])).unwrap();
    assert!(written(&form).contains("\r\nContent-Type: a/c\r\n\r\n"));
}
