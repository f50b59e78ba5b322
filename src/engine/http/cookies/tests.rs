//! Expected values come from requests 2.34.2 on Python 3.11, run over the same lines, unless said otherwise.
//! Forms of the host, limits and the guard of the header line are our own.

use super::*;
use crate::{
    engine::http::place::Place,
    value::{Object, Tree},
};

const NOW: i64 = 1_795_253_281;

/// `http://host:port/path` cut up, good enough for tests.
fn place(url: &str) -> Place<'_> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let at = rest.find('/').unwrap();
    let (authority, path) = rest.split_at(at);
    let (host, port) = authority.split_once(':').unwrap_or((authority, if scheme == "https" { "443" } else { "80" }));
    Place { scheme, host, port: port.parse().unwrap(), path }
}

fn jar(url: &str, lines: &[&str]) -> Jar {
    let mut jar = Jar::default();
    jar.store(&place(url), lines, NOW);
    jar
}

fn sent(jar: &Jar, url: &str) -> String {
    jar.header(&place(url), NOW, &RequestCookies::default()).unwrap_or_default()
}

#[track_caller]
fn check(url: &str, lines: &[&str], sendings: &[(&str, &str)]) {
    let jar = jar(url, lines);
    for (to, header) in sendings {
        assert_eq!(sent(&jar, to), *header, "{to}");
    }
}

#[test]
fn default_paths() {
    check(
        "http://ex.com/a/b",
        &["k=v"],
        &[
            ("http://ex.com/a/", "k=v"),
            ("http://ex.com/a", "k=v"),
            ("http://ex.com/a/zz", "k=v"),
            ("http://ex.com/", ""),
            ("http://ex.com/ab", ""),
        ],
    );
}

#[test]
fn hosts_without_a_dot_and_secure() {
    let jar = jar("http://localhost:8080/", &["k=v; Secure", "j=w"]);
    assert_eq!(jar.domains(), ["localhost.local"]);
    assert_eq!(sent(&jar, "http://localhost/"), "j=w");
    assert_eq!(sent(&jar, "https://localhost/"), "k=v; j=w");
    assert_eq!(sent(&jar, "http://localhost:99/"), "j=w");
}

#[test]
fn domains() {
    let lines = [
        "k=v; Domain=ex.com",
        "x=1;Domain=.com",
        "y=1;Domain=other.com",
        "z=1; domain=www.EX.com",
        "d2=1; Domain=ex.com; Domain=other.com",
    ];
    let jar = jar("http://www.ex.com/", &lines);
    assert_eq!(jar.domains(), [".ex.com", ".www.ex.com"]);
    assert_eq!(sent(&jar, "http://ex.com/"), "k=v; d2=1");
    assert_eq!(sent(&jar, "http://a.b.ex.com/"), "k=v; d2=1");
    assert_eq!(sent(&jar, "http://notex.com/"), "");
}

// RFC 6265, where requests is laxer: host-only cookies stay with their host, addresses have no sub-domains, nobody sets
// cookies for a public suffix.
#[test]
fn safer_domains() {
    check("http://ex.com/", &["k=v"], &[("http://www.ex.com/", ""), ("http://ex.com/", "k=v")]);
    check(
        "http://127.0.0.1/",
        &["a=1", "b=2; Domain=127.0.0.1", "c=1; Domain=0.0.1"],
        &[("http://127.0.0.1/", "a=1; b=2"), ("http://1.127.0.0.1/", "")],
    );
    check("http://ex.co.uk/", &["a=1; Domain=co.uk"], &[("http://x.co.uk/", ""), ("http://ex.co.uk/", "")]);
    let mut lenient = Jar::new(Rules::Lenient);
    lenient.store(&place("http://ex.co.uk/"), ["a=1; Domain=co.uk"], NOW);
    assert_eq!(sent(&lenient, "http://x.co.uk/"), "a=1");
    check(
        "https://ex.com/a/",
        &["__Host-a=1; Secure", "__Host-b=1; Path=/; Secure"],
        &[("https://ex.com/a/", "__Host-b=1")],
    );
}

#[test]
fn values() {
    let lines = [
        r#"q="a b""#,
        r#"r="a\"b""#,
        "s = t ",
        "=v",
        "novalue",
        ";x",
        "w=1; Max-Age=0",
        "m=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "n=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60",
        "o=1; Path=",
        "t=a=b=c",
        "comma=a,b=c; Path=/",
    ];
    let header = r#"q="a b"; r="ab"; s=t; novalue; m=1; n=1; o=1; t=a=b=c; comma=a,b=c"#;
    check("http://ex.com/", &lines, &[("http://ex.com/", header)]);
    assert_eq!(jar("http://ex.com/", &lines).get("m", None, None).unwrap().unwrap().expires, Some(NOW + 60));
}

#[test]
fn order_and_path_match() {
    check(
        "http://ex.com/",
        &["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/x/y", "d=4; path=/x"],
        &[("http://ex.com/x/y/z", "c=3; b=2; d=4; a=1"), ("http://ex.com/xy", "a=1")],
    );
    let odd = jar("http://ex.com/", &["a=1; Path=/ä b%2fc", "é=ü"]);
    assert_eq!(odd.paths(), ["/%C3%A4%20b%2Fc", "/"]);
    // A field has a character for every byte.
    assert_eq!(sent(&odd, "http://ex.com/%C3%A4%20b%2Fc/d"), "a=1; \u{c3}\u{a9}=\u{c3}\u{bc}");
}

#[test]
fn expiry() {
    let mut jar = jar("http://ex.com/", &["a=1", "b=2; Expires=Wed, 09-Feb-2094 22:23:32 GMT", "d=1; Max-Age=5"]);
    assert_eq!(jar.get("b", None, None).unwrap().unwrap().expires, Some(3_916_592_612));
    // Python takes this year for 2070 and keeps the cookie.
    jar.store(&place("http://ex.com/"), ["a=; Expires=Thu, 01-Jan-70 00:00:00 GMT"], NOW);
    assert_eq!(sent(&jar, "http://ex.com/"), "b=2; d=1");
    let later = jar.header(&place("http://ex.com/"), NOW + 5, &RequestCookies::default());
    assert_eq!(later.as_deref(), Some("b=2"));
    jar.purge(NOW + 5);
    assert_eq!(jar.len(), 1);
}

#[test]
fn cookies_of_one_call() {
    let hand = |name, domain: &str, path: &str, value| {
        Edit::Set(Cookie { domain: domain.into(), path: path.into(), ..Cookie::new(name, Some(value)).unwrap() })
    };
    let mut jar = Jar::default();
    jar.apply(
        [hand("a", "", "/", "1"), hand("b", "ex.com", "/", "2"), hand("c", "", "/p", "3"), hand("d", "", "/", "4")],
        NOW,
    )
    .unwrap();
    assert_eq!(jar.domains(), ["", "ex.com"]);
    assert_eq!(jar.paths(), ["/", "/p"]);
    let call: Object = [("a", "9"), ("b", "8"), ("z", "7")].into_iter().collect();
    let first = place("http://ex.com/p/q");
    let call = RequestCookies::new(Edit::parse(&call.into()).unwrap(), Some(&first));
    assert_eq!(jar.header(&first, NOW, &call).unwrap(), "c=3; a=9; d=4; b=8; z=7; b=2");
    // The call's own cookies do not follow to another host; requests would send them.
    assert_eq!(jar.header(&place("http://other.com/"), NOW, &call).unwrap(), "a=1; d=4");
    assert_eq!(jar.header(&place("https://ex.com/"), NOW, &call).unwrap(), "a=9; d=4; b=8; z=7; b=2");
    let none: Object = [("a", Tree::Null)].into_iter().collect();
    let none = RequestCookies::new(Edit::parse(&none.into()).unwrap(), Some(&first));
    assert_eq!(jar.header(&place("http://other.com/"), NOW, &none).unwrap(), "d=4");
}

#[test]
fn looking_up() {
    let mut jar = jar("http://ex.com/", &["a=1", "a=2; Path=/x", "b=3"]);
    assert_eq!(jar.get("a", None, None).unwrap_err().code(), "argument");
    assert_eq!(jar.get("a", None, Some("/x")).unwrap().unwrap().value.as_deref(), Some("2"));
    assert!(jar.get("b", Some("other.com"), None).unwrap().is_none());
    jar.remove("a", Some("ex.com"), None);
    assert_eq!(jar.len(), 1);
    let mut copy = Jar::default();
    copy.merge(&jar, NOW);
    assert_eq!(copy.to_map(None, None).get("b").unwrap().as_str(), Some("3"));
    copy.clear();
    assert!(copy.is_empty());
}

#[test]
fn trees() {
    let jar = jar("https://ex.com/", &["a=1; Domain=ex.com; Secure; HttpOnly; SameSite=Lax; Max-Age=10", "b"]);
    let tree = jar.to_tree();
    let mut copy = Jar::default();
    let first = tree.as_array().unwrap()[0].as_object().unwrap();
    assert_eq!(first.get("domain").unwrap().as_str(), Some(".ex.com"));
    copy.apply(Edit::parse(&Tree::Array(vec![tree.as_array().unwrap()[0].clone()])).unwrap(), NOW).unwrap();
    assert_eq!(copy.get("a", None, None).unwrap().unwrap().same_site.as_deref(), Some("Lax"));
    let gone: Object =
        [("name", Tree::from("a")), ("value", Tree::Null), ("domain", ".ex.com".into())].into_iter().collect();
    copy.apply(Edit::parse(&Tree::Array(vec![gone.into()])).unwrap(), NOW).unwrap();
    assert!(copy.is_empty());
    for (name, value) in [("a", "b\r\nX: y"), ("a\n", "b"), ("a", "\0"), ("", "b")] {
        let wrong: Object = [(name, value)].into_iter().collect();
        assert_eq!(Edit::parse(&wrong.into()).unwrap_err().code(), "invalid_header");
    }
}

#[test]
fn nothing_ends_the_header_line() {
    for byte in 0..=255u8 {
        let mut jar = Jar::default();
        let line = [b'a', byte, b'=', byte, b'b', byte, b';', b' ', b'P', b'a', b't', b'h', b'=', b'/', byte];
        jar.store(&place("http://ex.com/"), [line], NOW);
        for to in ["http://ex.com/", "http://ex.com//"] {
            assert!(!sent(&jar, to).contains(['\r', '\n', '\0']), "{byte}");
        }
    }
    let forged = Cookie { name: "a\r\n".into(), path: "/".into(), ..Cookie::default() };
    assert!(Jar::default().insert(forged.clone(), NOW).is_err());
    let forged = RequestCookies::new(vec![Edit::Set(forged)], None);
    assert_eq!(Jar::default().header(&place("http://ex.com/"), NOW, &forged), None);
}

// Bytes come back as they were; a field writes characters below 256 as one byte each.
#[test]
fn bytes_beyond_ascii_go_out_as_they_came() {
    for (line, text, field) in [(&b"a=\xc3\xbc"[..], "\u{fc}", "a=\u{c3}\u{bc}"), (b"a=\xfc", "\u{fc}", "a=\u{fc}")] {
        let mut jar = Jar::default();
        jar.store(&place("http://ex.com/"), [line], NOW);
        assert_eq!(jar.iter().next().and_then(|cookie| cookie.value.as_deref()), Some(text));
        assert_eq!(sent(&jar, "http://ex.com/"), field);
    }
}

#[test]
fn room_is_limited() {
    let mut full = Jar::default();
    for number in 0..200 {
        full.store(&place("http://ex.com/"), [format!("n{number}=1")], NOW);
    }
    assert_eq!(full.len(), 180);
    assert!(full.get("n19", None, None).unwrap().is_none() && full.get("n20", None, None).unwrap().is_some());
    for number in 0..3000 {
        full.store(&place(&format!("http://h{number}.com/")), ["a=1"], NOW);
    }
    assert_eq!(full.len(), 3000);
    let long = format!("a={}", "x".repeat(4096));
    assert!(jar("http://ex.com/", &[&long]).is_empty());
}
