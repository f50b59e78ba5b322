//! Expected values: what requests 2.34.2 with urllib3 2.8 made of the same input.

use serde_json::Value as Json;

use super::Url;
use crate::value::{Object, Tree};

/// What was written, and the prepared URL, or `!` and the code of the error.
#[rustfmt::skip]
const PREPARED: &[(&str, &str)] = &[
    ("http://EXAMPLE.com/a/../b/./c", "http://example.com/b/c"),
    ("http://a.b//dup/%7Euser", "http://a.b//dup/~user"),
    ("http://ex.com?x", "http://ex.com/?x"),
    ("http://ex.com/{a}|b^`\"<>\\", "http://ex.com/%7Ba%7D%7Cb%5E%60%22%3C%3E%5C"),
    ("http://ex.com/a+b%20c?d e+f", "http://ex.com/a+b%20c?d%20e+f"),
    ("http://ex.com/?x=%zz&y=%2f", "http://ex.com/?x=%25zz&y=%252F"),
    ("http://ex.com/a%", "http://ex.com/a%25"),
    ("HTTP://u:p%40@EX.com", "http://u:p%40@ex.com/"),
    ("http://bücher.de:8080/ä;p=1", "http://xn--bcher-kva.de:8080/%C3%A4;p=1"),
    ("http://h", "http://h/"),
    ("http://h/", "http://h/"),
    ("https://h:443/", "https://h:443/"),
    ("http://h:80/a", "http://h:80/a"),
    ("http://h:0/", "http://h/"),
    ("http://h:00080/", "http://h:80/"),
    ("http://h:/", "http://h/"),
    ("http://h:65535/", "http://h:65535/"),
    ("http://h:65536/", "!invalid_url"),
    ("http://h:123456/", "!invalid_url"),
    ("http://h:a/", "!invalid_url"),
    ("http://h:-1/", "!invalid_url"),
    ("  http://h/x", "http://h/x"),
    ("\u{3000}\u{1c}http://h/", "http://h/"),
    ("http://h/x ", "http://h/x%20"),
    ("http://h/a b", "http://h/a%20b"),
    ("http://h/a\u{9}b\u{d}\u{a}c\u{1}", "http://h/a%09b%0D%0Ac%01"),
    ("http://h/?\u{d}\u{a}X: y", "http://h/?%0D%0AX:%20y"),
    ("http://h/#\u{d}\u{a}", "http://h/#%0D%0A"),
    ("http://h/#", "http://h/"),
    ("http://h/?", "http://h/"),
    ("http://h/?#", "http://h/"),
    ("http://h/?a#b", "http://h/?a#b"),
    ("http://h#b", "http://h/#b"),
    ("http://h/#a b%zz", "http://h/#a%20b%25zz"),
    ("http://h/..", "http://h/"),
    ("http://h/../..", "http://h/"),
    ("http://h/a/..", "http://h/"),
    ("http://h/a/.", "http://h/a/"),
    ("http://h/./a", "http://h/a"),
    ("http://h/a/./", "http://h/a/"),
    ("http://h//../x", "http://h/x"),
    ("http://h/a//b/../c", "http://h/a//c"),
    ("http://h/...", "http://h/..."),
    ("http://h/.a/..b", "http://h/.a/..b"),
    ("http://h/%2e%2e/a", "http://h/../a"),
    ("http://h/a/%2E/b", "http://h/a/./b"),
    ("http://h/?a/../b", "http://h/?a/../b"),
    ("http://h\\a", "http://h/%5Ca"),
    ("http://h/a\\..\\b", "http://h/a%5C..%5Cb"),
    ("http://h?q\\", "http://h/?q%5C"),
    ("http:///x", "!invalid_url"),
    ("http://", "!invalid_url"),
    ("http:", "!invalid_url"),
    ("http:h", "!invalid_url"),
    ("http:/h", "!invalid_url"),
    ("//h/x", "!missing_schema"),
    ("/x", "!missing_schema"),
    ("x", "!missing_schema"),
    ("", "!missing_schema"),
    ("example.com", "!missing_schema"),
    ("example.com/x", "!missing_schema"),
    ("http.x://h/", "!missing_schema"),
    ("httpx://h/a/../b c", "httpx://h/a/../b%20c"),
    ("HTTPX://H/A", "httpx://H/A"),
    ("http+unix://%2Fvar%2Frun%2FDocker.sock/info?a=b c", "http+unix://%2Fvar%2Frun%2FDocker.sock/info?a=b%20c"),
    ("http+unix://%2fvar/../x", "http+unix://%2fvar/../x"),
    ("mailto:a@b", "mailto:a@b"),
    ("data:text/plain,a b", "data:text/plain,a b"),
    ("localhost:8080/x", "localhost:8080/x"),
    ("Foo://Bar/b z", "Foo://Bar/b z"),
    ("mock://h:abc/x", "mock://h:abc/x"),
    ("x://a]b/c", "x://a]b/c"),
    ("httpbin.org:80/x", "!missing_schema"),
    ("http://u@h/", "http://u@h/"),
    ("http://u:@h/", "http://u:@h/"),
    ("http://:p@h/", "http://:p@h/"),
    ("http://@h/", "http://h/"),
    ("http://u:p@q@h/", "http://u:p%40q@h/"),
    ("http://ü:ß@h/", "http://%C3%BC:%C3%9F@h/"),
    ("http://u%zz:p@h/", "http://u%25zz:p@h/"),
    ("http://u:p w@h/", "http://u:p%20w@h/"),
    ("http://u[:p@h/", "http://u%5B:p@h/"),
    ("http://a@b/c@d", "http://a@b/c@d"),
    ("http://[::1]/", "http://[::1]/"),
    ("http://[::1]:80/", "http://[::1]:80/"),
    ("http://[::FFFF:1.2.3.4]/", "http://[::ffff:1.2.3.4]/"),
    ("http://[FE80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
    ("http://[fe80::1%25Eth0]/", "http://[fe80::1%25Eth0]/"),
    ("http://[fe80::1%251]/", "http://[fe80::1%1]/"),
    ("http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/"),
    ("http://[fe80::1%25]/", "http://[fe80::1%25]/"),
    ("http://[::1", "!invalid_url"),
    ("http://::1/", "!invalid_url"),
    ("http://[x]/", "!invalid_url"),
    ("http://[::1]x/", "!invalid_url"),
    ("http://[1:2:3:4:5:6:7:8]/", "http://[1:2:3:4:5:6:7:8]/"),
    ("http://[1:2:3:4:5:6:7]/", "!invalid_url"),
    ("http://[::1%25a%20b]/", "http://[::1%a%20b]/"),
    ("http://[::1%25a%0ab]/", "!invalid_url"),
    ("http://*.google.com/", "!invalid_url"),
    ("http://*", "!invalid_url"),
    ("http://.example.com/", "!invalid_url"),
    ("http://example.com./", "http://example.com./"),
    ("http://a..b/", "http://a..b/"),
    ("http://a_b/", "http://a_b/"),
    ("http://-a-/", "http://-a-/"),
    ("http://☃.net/", "!invalid_url"),
    ("http://straße.de/straße", "http://xn--strae-oqa.de/stra%C3%9Fe"),
    ("http://Königsgäßchen.de/straße", "http://xn--knigsgchen-b4a3dun.de/stra%C3%9Fe"),
    ("http://BÜCHER.de/", "http://xn--bcher-kva.de/"),
    ("http://ex%41mple.com/", "http://example.com/"),
    ("http://ex%2Ecom/", "http://ex.com/"),
    ("http://%C3%BC.de/", "http://%C3%BC.de/"),
    ("http://b%c3%bccher.de/", "http://b%C3%BCcher.de/"),
    ("http://h%/", "!invalid_url"),
    ("http://h%20x/", "http://h%20x/"),
    ("http://h%0a/", "!invalid_url"),
    ("http://h%7f/", "!invalid_url"),
    ("http://h x/", "!invalid_url"),
    ("http://h\u{9}x/", "!invalid_url"),
    ("http://h\u{7f}/", "!invalid_url"),
    ("http://127.0.0.1/", "http://127.0.0.1/"),
    ("http://0X7F.1/", "http://0X7F.1/"),
    ("http://1.2.3.4.5/", "http://1.2.3.4.5/"),
    ("http://999.1.1.1/", "http://999.1.1.1/"),
    ("http://日本語.jp/パス?ク=エ#フ", "http://xn--wgv71a119e.jp/%E3%83%91%E3%82%B9?%E3%82%AF=%E3%82%A8#%E3%83%95"),
    ("http://faß.ü/", "http://xn--fa-hia.xn--tda/"),
    ("http://ü..de/", "http://xn--tda..de/"),
    ("http://xn--bcher-kva.de/", "http://xn--bcher-kva.de/"),
    ("http://xn--ü.de/", "!invalid_url"),
    ("http://l·l.com/", "http://xn--ll-0ea.com/"),
    ("http://aü_b.com/", "!invalid_url"),
    ("http://-ü.de/", "!invalid_url"),
    ("http://ü-.de/", "!invalid_url"),
    ("http://ab--ü.de/", "!invalid_url"),
    ("http://٣.com/", "!invalid_url"),
    ("http://שלום.il/", "http://xn--9dbne9b.il/"),
    ("http://ا1.com/", "http://xn--1-ymc.com/"),
    ("http://1ا.com/", "!invalid_url"),
    ("http://😀.com/", "!invalid_url"),
    ("http://üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü.de/", "!invalid_url"),
    ("http://h!$&'()*+,;=x/", "http://h!$&'()*+,;=x/"),
    ("http://h\"x/", "http://h%22x/"),
    ("http://h|x/", "http://h%7Cx/"),
    ("http://h<x>/", "http://h%3Cx%3E/"),
    ("http://h^`{}/", "http://h%5E%60%7B%7D/"),
    ("http://h/!$&'()*+,;=:@-._~", "http://h/!$&'()*+,;=:@-._~"),
    ("http://h/?!$&'()*+,;=:@/?-._~", "http://h/?!$&'()*+,;=:@/?-._~"),
    ("http://h/[a]?[b]#[c]", "http://h/%5Ba%5D?%5Bb%5D#%5Bc%5D"),
    ("http://h/é?é#é", "http://h/%C3%A9?%C3%A9#%C3%A9"),
    ("http://h/%e9?%e9#%e9", "http://h/%E9?%E9#%E9"),
    ("http://h/%zz%20", "http://h/%25zz%2520"),
    ("http://h/a%2", "http://h/a%252"),
    ("http://h/%%20", "http://h/%25%2520"),
    ("http://h/%41%5a%2d", "http://h/AZ-"),
    ("http://h/?%41%20%", "http://h/?%2541%2520%25"),
    ("http://h/?a=%20%zz&b=c", "http://h/?a=%2520%25zz&b=c"),
    ("http://h/%c3%a4", "http://h/%C3%A4"),
    ("http://h/a;b=1;c?d;e", "http://h/a;b=1;c?d;e"),
    ("http://h/#a#b", "http://h/#a%23b"),
    ("http://h/?a?b", "http://h/?a?b"),
    ("http://h/:x", "http://h/:x"),
    ("http://h/a:b@c", "http://h/a:b@c"),
    ("https://HOST/", "https://host/"),
    ("HtTpS://Host:8443/P", "https://host:8443/P"),
    ("http://h/\u{2028}x", "http://h/%E2%80%A8x"),
    ("http://h/퟿😀", "http://h/%ED%9F%BF%F0%9F%98%80"),
    ("http://h/\"quoted\"", "http://h/%22quoted%22"),
    ("http://h/'q'", "http://h/'q'"),
    ("http://h/a&b=c", "http://h/a&b=c"),
    ("http://h/~u%7eu", "http://h/~u~u"),
    ("http://ex.com:80%20/", "!invalid_url"),
    ("http://[::1]:/", "http://[::1]/"),
    ("http://[::1]:x/", "!invalid_url"),
];

/// URL, params as JSON, the prepared URL.
#[rustfmt::skip]
const WITH_PARAMS: &[(&str, &str, &str)] = &[
    ("http://h/?z=1", r#"{"a": [1, 2], "b": null, "c": ""}"#, "http://h/?z=1&a=1&a=2&c="),
    ("http://h/?z=1", r#"[["a", "x y"], ["a", "ü&"]]"#, "http://h/?z=1&a=x+y&a=%C3%BC%26"),
    ("http://h", r#"{"q": "a b/c?d=e&f~g"}"#, "http://h/?q=a+b%2Fc%3Fd%3De%26f~g"),
    ("http://h/#f", r#"{"q": 1}"#, "http://h/?q=1#f"),
    ("http://h/?#f", r#"{"q": 1}"#, "http://h/?q=1#f"),
    ("http://h/", r#"{}"#, "http://h/"),
    ("http://h/", r#""raw [] %2f %zz""#, "http://h/?raw%20[]%20%252f%20%25zz"),
    ("http://h/?a=1", r#""b=ü#frag""#, "http://h/?a=1&b=%C3%BC#frag"),
    ("http://h/", r#"{"f": false, "l": [], "n": null, "t": true, "x": 1.0, "y": 1e+16}"#, "http://h/?f=False&t=True&x=1.0&y=1e%2B16"),
    ("http://h/", r#"{"l": [null, "a", null]}"#, "http://h/?l=a"),
    ("http://h/", r#"{"ä": "\n\t\u0000"}"#, "http://h/?%C3%A4=%0A%09%00"),
    ("mailto:x", r#"{"a": 1}"#, "mailto:x"),
    ("http://h/%zz", r#"{"a": "%zz"}"#, "http://h/%25zz?a=%25zz"),
    ("http://h/", r#""""#, "http://h/"),
    ("http://h/?a=%20%zz", r#""b=%41%""#, "http://h/?a=%2520%25zz&b=A%"),
    ("http://h/", r#"[["k", null], ["k", 2], [3, "v"]]"#, "http://h/?k=2&3=v"),
    ("http://h/a b?c d#e f", r#"{"g h": "i j"}"#, "http://h/a%20b?c%20d&g+h=i+j#e%20f"),
    ("http://h/", r#"{"a": [[1, 2], "x"]}"#, "http://h/?a=1&a=2&a=x"),
    ("http://h/", r#"{"*": "*'()!", "+": "+", "=": "&"}"#, "http://h/?%2A=%2A%27%28%29%21&%2B=%2B&%3D=%26"),
];

fn tree(json: &Json) -> Tree {
    match json {
        Json::Null => Tree::Null,
        Json::Bool(truth) => Tree::Bool(*truth),
        Json::Number(number) => number.as_i64().map_or_else(|| Tree::Double(number.as_f64().unwrap()), Tree::Int),
        Json::String(text) => Tree::from(&**text),
        Json::Array(items) => Tree::Array(items.iter().map(tree).collect()),
        Json::Object(members) => {
            Tree::Object(members.iter().map(|(key, value)| (&**key, tree(value))).collect::<Object>())
        }
    }
}

fn url(text: &str) -> Url {
    Url::prepare(text, None).unwrap()
}

fn shown(result: crate::error::Result<Url>) -> String {
    match result {
        Ok(url) => url.as_str().to_owned(),
        Err(error) => format!("!{}", error.code()),
    }
}

#[test]
fn prepares_as_requests() {
    for (text, expected) in PREPARED {
        assert_eq!(shown(Url::prepare(text, None)), *expected, "{text:?}");
    }
}

#[test]
fn preparing_again_changes_no_offset() {
    for (text, _) in PREPARED {
        let Ok(url) = Url::prepare(text, None) else { continue };
        // The fast path and the general one must agree about the parts.
        let again = Url::untouched(url.as_str()).unwrap();
        let parts = |url: &Url| {
            let host = (url.scheme().to_owned(), url.host().to_owned(), url.port(), url.host_header().into_owned());
            (host, url.userinfo().map(str::to_owned), url.target().to_owned(), url.fragment().map(str::to_owned))
        };
        assert_eq!(parts(&url), parts(&again), "{text:?}");
        assert!(url.target().bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
}

#[test]
fn params_as_requests() {
    for (text, params, expected) in WITH_PARAMS {
        let params = tree(&serde_json::from_str(params).unwrap());
        assert_eq!(shown(Url::prepare(text, Some(&params))), *expected, "{text:?} {params:?}");
    }
}

#[test]
fn where_we_are_stricter_or_kinder() {
    // UTS-46 mapping lets other spellings of ASCII and of the dot through.
    assert_eq!(url("http://ａ.com/").host(), "a.com");
    assert_eq!(url("http://a。ü/").host(), "a.xn--tda");
    // requests sends %00.
    for text in ["http://h/\0", "http://h/?\0", "x:\0"] {
        assert_eq!(shown(Url::prepare(text, None)), "!invalid_url");
    }
    // An error shows no password.
    let error = Url::prepare("http://u:s3cret@h:x/", None).unwrap_err();
    assert!(!format!("{error:?}{:?}", error.detail()).contains("s3cret"));
    assert!(!format!("{:?}", url("http://u:s3cret@h/")).contains("s3cret"));
}

#[test]
fn a_mistake_in_params_names_the_key() {
    let params: Tree = Object::from_iter([("a", Tree::from(Object::default()))]).into();
    let error = Url::prepare("http://h/", Some(&params)).unwrap_err();
    assert_eq!(error.message(), "params.a was an object, which a form cannot hold");
}

/// Base, location, and where requests goes.
#[rustfmt::skip]
const JOINED: &[(&str, &str, &str)] = &[
    ("http://h.com/d/e;p?q=1#frag", "/x", "http://h.com/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x", "http://h.com/d/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x/y", "http://h.com/d/x/y#frag"),
    ("http://h.com/d/e;p?q=1#frag", "./x", "http://h.com/d/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "../x", "http://h.com/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "../../../x", "http://h.com/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/a/../b/./c", "http://h.com/b/c#frag"),
    ("http://h.com/d/e;p?q=1#frag", ".", "http://h.com/d/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "..", "http://h.com/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "./", "http://h.com/d/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "../", "http://h.com/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/", "http://h.com/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "?z=2", "http://h.com/d/e;p?z=2#frag"),
    ("http://h.com/d/e;p?q=1#frag", "?", "http://h.com/d/e;p?q=1#frag"),
    ("http://h.com/d/e;p?q=1#frag", "#n", "http://h.com/d/e;p?q=1#n"),
    ("http://h.com/d/e;p?q=1#frag", "#", "http://h.com/d/e;p?q=1#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//Other/p", "http://Other/p#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//o", "http://o#frag"),
    ("http://h.com/d/e;p?q=1#frag", "HTTP://EX.com:80/a/../b c[]|%zz?x=[1]#q", "http://EX.com:80/a/../b%20c[]%7C%25zz?x=[1]#q"),
    ("http://h.com/d/e;p?q=1#frag", "https://h.com", "https://h.com#frag"),
    ("http://h.com/d/e;p?q=1#frag", "http:rel", "http://h.com/rel#frag"),
    ("http://h.com/d/e;p?q=1#frag", "http:/abs", "http://h.com/abs#frag"),
    ("http://h.com/d/e;p?q=1#frag", "https:rel", "https:///rel#frag"),
    ("http://h.com/d/e;p?q=1#frag", "mailto:a@b", "mailto:a@b#frag"),
    ("http://h.com/d/e;p?q=1#frag", "foo://Bar/x y", "foo://Bar/x%20y#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/é?é", "http://h.com/%C3%A9?%C3%A9#frag"),
    ("http://h.com/d/e;p?q=1#frag", "é", "http://h.com/d/%C3%A9#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/%7e%2f", "http://h.com/~%2f#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/%zz", "http://h.com/%25zz#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x y", "http://h.com/d/x%20y#frag"),
    ("http://h.com/d/e;p?q=1#frag", "\u{9}/a\u{d}\u{a}b", "http://h.com/ab#frag"),
    ("http://h.com/d/e;p?q=1#frag", " /lead", "http://h.com/lead#frag"),
    ("http://h.com/d/e;p?q=1#frag", "  http://z/ ", "http://z/%20#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//", "http://h.com/d/e;p?q=1#frag"),
    ("http://h.com/d/e;p?q=1#frag", "///x", "http://h.com/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "////x", "http://x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x//y", "http://h.com/d/x/y#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//h//y", "http://h//y#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x;p", "http://h.com/d/x;p#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x;p/y", "http://h.com/d/x;p/y#frag"),
    ("http://h.com/d/e;p?q=1#frag", ".;p", "http://h.com/d/;p#frag"),
    ("http://h.com/d/e;p?q=1#frag", "..;p", "http://h.com/;p#frag"),
    ("http://h.com/d/e;p?q=1#frag", ";r", "http://h.com/d/;r#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/a;b?c", "http://h.com/a;b?c#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x?", "http://h.com/d/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x#", "http://h.com/d/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x#new", "http://h.com/d/x#new"),
    ("http://h.com/d/e;p?q=1#frag", "x/..", "http://h.com/d/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "x/.", "http://h.com/d/x/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "?a#b", "http://h.com/d/e;p?a#b"),
    ("http://h.com/d/e;p?q=1#frag", "g?y/../x", "http://h.com/d/g?y/../x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "g#s/../x", "http://h.com/d/g#s/../x"),
    ("http://h.com/d/e;p?q=1#frag", "/..", "http://h.com/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/../g", "http://h.com/g#frag"),
    ("http://h.com/d/e;p?q=1#frag", "http://u:s@o/", "http://u:s@o/#frag"),
    ("http://h.com/d/e;p?q=1#frag", "http://o?q", "http://o?q#frag"),
    ("http://h.com/d/e;p?q=1#frag", "http://o#f", "http://o#f"),
    ("http://h.com/d/e;p?q=1#frag", "a:b", "a:b#frag"),
    ("http://h.com/d/e;p?q=1#frag", "1:b", "http://h.com/d/1:b#frag"),
    ("http://h.com/d/e;p?q=1#frag", "/a:b", "http://h.com/a:b#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//[::1]:80/x", "http://[::1]:80/x#frag"),
    ("http://h.com/d/e;p?q=1#frag", "//[::1", "!invalid_url"),
    ("http://h.com/d/e;p?q=1#frag", "http://h:99999/", "!invalid_url"),
    ("http://h.com/d/e;p?q=1#frag", "http://h:x/", "!invalid_url"),
    ("http://h.com/d/e;p?q=1#frag", "http://h:080/x", "http://h:080/x#frag"),
    ("https://u:p@h.com:8443", "/x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "x/y", "https://u:p@h.com:8443/x/y"),
    ("https://u:p@h.com:8443", "./x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "../x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "../../../x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "/a/../b/./c", "https://u:p@h.com:8443/b/c"),
    ("https://u:p@h.com:8443", ".", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "..", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "./", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "../", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "/", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "?z=2", "https://u:p@h.com:8443?z=2"),
    ("https://u:p@h.com:8443", "?", "https://u:p@h.com:8443"),
    ("https://u:p@h.com:8443", "#n", "https://u:p@h.com:8443#n"),
    ("https://u:p@h.com:8443", "#", "https://u:p@h.com:8443"),
    ("https://u:p@h.com:8443", "//Other/p", "https://Other/p"),
    ("https://u:p@h.com:8443", "//o", "https://o"),
    ("https://u:p@h.com:8443", "HTTP://EX.com:80/a/../b c[]|%zz?x=[1]#q", "http://EX.com:80/a/../b%20c[]%7C%25zz?x=[1]#q"),
    ("https://u:p@h.com:8443", "https://h.com", "https://h.com"),
    ("https://u:p@h.com:8443", "http:rel", "http:///rel"),
    ("https://u:p@h.com:8443", "http:/abs", "http:///abs"),
    ("https://u:p@h.com:8443", "https:rel", "https://u:p@h.com:8443/rel"),
    ("https://u:p@h.com:8443", "mailto:a@b", "mailto:a@b"),
    ("https://u:p@h.com:8443", "foo://Bar/x y", "foo://Bar/x%20y"),
    ("https://u:p@h.com:8443", "/é?é", "https://u:p@h.com:8443/%C3%A9?%C3%A9"),
    ("https://u:p@h.com:8443", "é", "https://u:p@h.com:8443/%C3%A9"),
    ("https://u:p@h.com:8443", "/%7e%2f", "https://u:p@h.com:8443/~%2f"),
    ("https://u:p@h.com:8443", "/%zz", "https://u:p@h.com:8443/%25zz"),
    ("https://u:p@h.com:8443", "x y", "https://u:p@h.com:8443/x%20y"),
    ("https://u:p@h.com:8443", "\u{9}/a\u{d}\u{a}b", "https://u:p@h.com:8443/ab"),
    ("https://u:p@h.com:8443", " /lead", "https://u:p@h.com:8443/lead"),
    ("https://u:p@h.com:8443", "  http://z/ ", "http://z/%20"),
    ("https://u:p@h.com:8443", "//", "https://u:p@h.com:8443"),
    ("https://u:p@h.com:8443", "///x", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "////x", "https://x"),
    ("https://u:p@h.com:8443", "x//y", "https://u:p@h.com:8443/x/y"),
    ("https://u:p@h.com:8443", "//h//y", "https://h//y"),
    ("https://u:p@h.com:8443", "x;p", "https://u:p@h.com:8443/x;p"),
    ("https://u:p@h.com:8443", "x;p/y", "https://u:p@h.com:8443/x;p/y"),
    ("https://u:p@h.com:8443", ".;p", "https://u:p@h.com:8443/;p"),
    ("https://u:p@h.com:8443", "..;p", "https://u:p@h.com:8443/;p"),
    ("https://u:p@h.com:8443", ";r", "https://u:p@h.com:8443/;r"),
    ("https://u:p@h.com:8443", "/a;b?c", "https://u:p@h.com:8443/a;b?c"),
    ("https://u:p@h.com:8443", "x?", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "x#", "https://u:p@h.com:8443/x"),
    ("https://u:p@h.com:8443", "x#new", "https://u:p@h.com:8443/x#new"),
    ("https://u:p@h.com:8443", "x/..", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "x/.", "https://u:p@h.com:8443/x/"),
    ("https://u:p@h.com:8443", "?a#b", "https://u:p@h.com:8443?a#b"),
    ("https://u:p@h.com:8443", "g?y/../x", "https://u:p@h.com:8443/g?y/../x"),
    ("https://u:p@h.com:8443", "g#s/../x", "https://u:p@h.com:8443/g#s/../x"),
    ("https://u:p@h.com:8443", "/..", "https://u:p@h.com:8443/"),
    ("https://u:p@h.com:8443", "/../g", "https://u:p@h.com:8443/g"),
    ("https://u:p@h.com:8443", "http://u:s@o/", "http://u:s@o/"),
    ("https://u:p@h.com:8443", "http://o?q", "http://o?q"),
    ("https://u:p@h.com:8443", "http://o#f", "http://o#f"),
    ("https://u:p@h.com:8443", "a:b", "a:b"),
    ("https://u:p@h.com:8443", "1:b", "https://u:p@h.com:8443/1:b"),
    ("https://u:p@h.com:8443", "/a:b", "https://u:p@h.com:8443/a:b"),
    ("https://u:p@h.com:8443", "//[::1]:80/x", "https://[::1]:80/x"),
    ("https://u:p@h.com:8443", "//[::1", "!invalid_url"),
    ("https://u:p@h.com:8443", "http://h:99999/", "!invalid_url"),
    ("https://u:p@h.com:8443", "http://h:x/", "!invalid_url"),
    ("https://u:p@h.com:8443", "http://h:080/x", "http://h:080/x"),
    ("http://h.com/a/b/", "/x", "http://h.com/x"),
    ("http://h.com/a/b/", "x", "http://h.com/a/b/x"),
    ("http://h.com/a/b/", "x/y", "http://h.com/a/b/x/y"),
    ("http://h.com/a/b/", "./x", "http://h.com/a/b/x"),
    ("http://h.com/a/b/", "../x", "http://h.com/a/x"),
    ("http://h.com/a/b/", "../../../x", "http://h.com/x"),
    ("http://h.com/a/b/", "/a/../b/./c", "http://h.com/b/c"),
    ("http://h.com/a/b/", ".", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "..", "http://h.com/a/"),
    ("http://h.com/a/b/", "./", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "../", "http://h.com/a/"),
    ("http://h.com/a/b/", "/", "http://h.com/"),
    ("http://h.com/a/b/", "?z=2", "http://h.com/a/b/?z=2"),
    ("http://h.com/a/b/", "?", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "#n", "http://h.com/a/b/#n"),
    ("http://h.com/a/b/", "#", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "//Other/p", "http://Other/p"),
    ("http://h.com/a/b/", "//o", "http://o"),
    ("http://h.com/a/b/", "HTTP://EX.com:80/a/../b c[]|%zz?x=[1]#q", "http://EX.com:80/a/../b%20c[]%7C%25zz?x=[1]#q"),
    ("http://h.com/a/b/", "https://h.com", "https://h.com"),
    ("http://h.com/a/b/", "http:rel", "http://h.com/rel"),
    ("http://h.com/a/b/", "http:/abs", "http://h.com/abs"),
    ("http://h.com/a/b/", "https:rel", "https:///rel"),
    ("http://h.com/a/b/", "mailto:a@b", "mailto:a@b"),
    ("http://h.com/a/b/", "foo://Bar/x y", "foo://Bar/x%20y"),
    ("http://h.com/a/b/", "/é?é", "http://h.com/%C3%A9?%C3%A9"),
    ("http://h.com/a/b/", "é", "http://h.com/a/b/%C3%A9"),
    ("http://h.com/a/b/", "/%7e%2f", "http://h.com/~%2f"),
    ("http://h.com/a/b/", "/%zz", "http://h.com/%25zz"),
    ("http://h.com/a/b/", "x y", "http://h.com/a/b/x%20y"),
    ("http://h.com/a/b/", "\u{9}/a\u{d}\u{a}b", "http://h.com/ab"),
    ("http://h.com/a/b/", " /lead", "http://h.com/lead"),
    ("http://h.com/a/b/", "  http://z/ ", "http://z/%20"),
    ("http://h.com/a/b/", "//", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "///x", "http://h.com/x"),
    ("http://h.com/a/b/", "////x", "http://x"),
    ("http://h.com/a/b/", "x//y", "http://h.com/a/b/x/y"),
    ("http://h.com/a/b/", "//h//y", "http://h//y"),
    ("http://h.com/a/b/", "x;p", "http://h.com/a/b/x;p"),
    ("http://h.com/a/b/", "x;p/y", "http://h.com/a/b/x;p/y"),
    ("http://h.com/a/b/", ".;p", "http://h.com/a/b/;p"),
    ("http://h.com/a/b/", "..;p", "http://h.com/a/;p"),
    ("http://h.com/a/b/", ";r", "http://h.com/a/b/;r"),
    ("http://h.com/a/b/", "/a;b?c", "http://h.com/a;b?c"),
    ("http://h.com/a/b/", "x?", "http://h.com/a/b/x"),
    ("http://h.com/a/b/", "x#", "http://h.com/a/b/x"),
    ("http://h.com/a/b/", "x#new", "http://h.com/a/b/x#new"),
    ("http://h.com/a/b/", "x/..", "http://h.com/a/b/"),
    ("http://h.com/a/b/", "x/.", "http://h.com/a/b/x/"),
    ("http://h.com/a/b/", "?a#b", "http://h.com/a/b/?a#b"),
    ("http://h.com/a/b/", "g?y/../x", "http://h.com/a/b/g?y/../x"),
    ("http://h.com/a/b/", "g#s/../x", "http://h.com/a/b/g#s/../x"),
    ("http://h.com/a/b/", "/..", "http://h.com/"),
    ("http://h.com/a/b/", "/../g", "http://h.com/g"),
    ("http://h.com/a/b/", "http://u:s@o/", "http://u:s@o/"),
    ("http://h.com/a/b/", "http://o?q", "http://o?q"),
    ("http://h.com/a/b/", "http://o#f", "http://o#f"),
    ("http://h.com/a/b/", "a:b", "a:b"),
    ("http://h.com/a/b/", "1:b", "http://h.com/a/b/1:b"),
    ("http://h.com/a/b/", "/a:b", "http://h.com/a:b"),
    ("http://h.com/a/b/", "//[::1]:80/x", "http://[::1]:80/x"),
    ("http://h.com/a/b/", "//[::1", "!invalid_url"),
    ("http://h.com/a/b/", "http://h:99999/", "!invalid_url"),
    ("http://h.com/a/b/", "http://h:x/", "!invalid_url"),
    ("http://h.com/a/b/", "http://h:080/x", "http://h:080/x"),
    ("http://h.com//x//y", "/x", "http://h.com/x"),
    ("http://h.com//x//y", "x", "http://h.com/x/x"),
    ("http://h.com//x//y", "x/y", "http://h.com/x/x/y"),
    ("http://h.com//x//y", "./x", "http://h.com/x/x"),
    ("http://h.com//x//y", "../x", "http://h.com/x"),
    ("http://h.com//x//y", "../../../x", "http://h.com/x"),
    ("http://h.com//x//y", "/a/../b/./c", "http://h.com/b/c"),
    ("http://h.com//x//y", ".", "http://h.com/x/"),
    ("http://h.com//x//y", "..", "http://h.com/"),
    ("http://h.com//x//y", "./", "http://h.com/x/"),
    ("http://h.com//x//y", "../", "http://h.com/"),
    ("http://h.com//x//y", "/", "http://h.com/"),
    ("http://h.com//x//y", "?z=2", "http://h.com//x//y?z=2"),
    ("http://h.com//x//y", "?", "http://h.com//x//y"),
    ("http://h.com//x//y", "#n", "http://h.com//x//y#n"),
    ("http://h.com//x//y", "#", "http://h.com//x//y"),
    ("http://h.com//x//y", "//Other/p", "http://Other/p"),
    ("http://h.com//x//y", "//o", "http://o"),
    ("http://h.com//x//y", "HTTP://EX.com:80/a/../b c[]|%zz?x=[1]#q", "http://EX.com:80/a/../b%20c[]%7C%25zz?x=[1]#q"),
    ("http://h.com//x//y", "https://h.com", "https://h.com"),
    ("http://h.com//x//y", "http:rel", "http://h.com/rel"),
    ("http://h.com//x//y", "http:/abs", "http://h.com/abs"),
    ("http://h.com//x//y", "https:rel", "https:///rel"),
    ("http://h.com//x//y", "mailto:a@b", "mailto:a@b"),
    ("http://h.com//x//y", "foo://Bar/x y", "foo://Bar/x%20y"),
    ("http://h.com//x//y", "/é?é", "http://h.com/%C3%A9?%C3%A9"),
    ("http://h.com//x//y", "é", "http://h.com/x/%C3%A9"),
    ("http://h.com//x//y", "/%7e%2f", "http://h.com/~%2f"),
    ("http://h.com//x//y", "/%zz", "http://h.com/%25zz"),
    ("http://h.com//x//y", "x y", "http://h.com/x/x%20y"),
    ("http://h.com//x//y", "\u{9}/a\u{d}\u{a}b", "http://h.com/ab"),
    ("http://h.com//x//y", " /lead", "http://h.com/lead"),
    ("http://h.com//x//y", "  http://z/ ", "http://z/%20"),
    ("http://h.com//x//y", "//", "http://h.com//x//y"),
    ("http://h.com//x//y", "///x", "http://h.com/x"),
    ("http://h.com//x//y", "////x", "http://x"),
    ("http://h.com//x//y", "x//y", "http://h.com/x/x/y"),
    ("http://h.com//x//y", "//h//y", "http://h//y"),
    ("http://h.com//x//y", "x;p", "http://h.com/x/x;p"),
    ("http://h.com//x//y", "x;p/y", "http://h.com/x/x;p/y"),
    ("http://h.com//x//y", ".;p", "http://h.com/x/;p"),
    ("http://h.com//x//y", "..;p", "http://h.com/;p"),
    ("http://h.com//x//y", ";r", "http://h.com/x/;r"),
    ("http://h.com//x//y", "/a;b?c", "http://h.com/a;b?c"),
    ("http://h.com//x//y", "x?", "http://h.com/x/x"),
    ("http://h.com//x//y", "x#", "http://h.com/x/x"),
    ("http://h.com//x//y", "x#new", "http://h.com/x/x#new"),
    ("http://h.com//x//y", "x/..", "http://h.com/x/"),
    ("http://h.com//x//y", "x/.", "http://h.com/x/x/"),
    ("http://h.com//x//y", "?a#b", "http://h.com//x//y?a#b"),
    ("http://h.com//x//y", "g?y/../x", "http://h.com/x/g?y/../x"),
    ("http://h.com//x//y", "g#s/../x", "http://h.com/x/g#s/../x"),
    ("http://h.com//x//y", "/..", "http://h.com/"),
    ("http://h.com//x//y", "/../g", "http://h.com/g"),
    ("http://h.com//x//y", "http://u:s@o/", "http://u:s@o/"),
    ("http://h.com//x//y", "http://o?q", "http://o?q"),
    ("http://h.com//x//y", "http://o#f", "http://o#f"),
    ("http://h.com//x//y", "a:b", "a:b"),
    ("http://h.com//x//y", "1:b", "http://h.com/x/1:b"),
    ("http://h.com//x//y", "/a:b", "http://h.com/a:b"),
    ("http://h.com//x//y", "//[::1]:80/x", "http://[::1]:80/x"),
    ("http://h.com//x//y", "//[::1", "!invalid_url"),
    ("http://h.com//x//y", "http://h:99999/", "!invalid_url"),
    ("http://h.com//x//y", "http://h:x/", "!invalid_url"),
    ("http://h.com//x//y", "http://h:080/x", "http://h:080/x"),
];

#[test]
fn joins_as_requests() {
    let mut wrong = Vec::new();
    for (base, location, expected) in JOINED {
        let result = shown(Url::from_final(base).unwrap().join(location));
        if result != *expected {
            wrong.push(format!("{base} + {location:?}: {result}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn joins_what_requests_cannot() {
    let joined = url("http://h/").join("http://bücher.de/ü").unwrap();
    assert_eq!(joined.as_str(), "http://xn--bcher-kva.de/%C3%BC");
    assert_eq!(joined.host(), "xn--bcher-kva.de");
    assert_eq!(shown(url("http://h/").join("/\0")), "!invalid_url");
}

#[test]
fn parts() {
    // Text, scheme, host, port, Host field, authority, target, absolute form: as seen on the wire.
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, Option<u16>, &str, &str, &str, &str)] = &[
        ("http://EX.com:80/a#f", "http", "ex.com", Some(80), "ex.com", "ex.com:80", "/a", "http://ex.com:80/a"),
        ("http://u:p@EX.com:8080/a?b[]=1#f", "http", "ex.com", Some(8080), "ex.com:8080", "ex.com:8080", "/a?b%5B%5D=1", "http://ex.com:8080/a?b%5B%5D=1"),
        ("http://[::1]:80/", "http", "::1", Some(80), "[::1]", "[::1]:80", "/", "http://[::1]:80/"),
        ("http://[::1]:99/", "http", "::1", Some(99), "[::1]:99", "[::1]:99", "/", "http://[::1]:99/"),
        ("http://[fe80::1%25eth0]/", "http", "fe80::1%eth0", None, "[fe80::1]", "[fe80::1]", "/", "http://[fe80::1]/"),
        ("http://ex.com:443/", "http", "ex.com", Some(443), "ex.com:443", "ex.com:443", "/", "http://ex.com:443/"),
        ("https://ex.com:443/", "https", "ex.com", Some(443), "ex.com", "ex.com:443", "/", "https://ex.com:443/"),
        ("http://a_b.c./x", "http", "a_b.c.", None, "a_b.c", "a_b.c.", "/x", "http://a_b.c./x"),
        ("http://ex.com/a?", "http", "ex.com", None, "ex.com", "ex.com", "/a", "http://ex.com/a"),
    ];
    for (text, scheme, host, port, field, authority, target, absolute) in table {
        let url = url(text);
        assert_eq!((url.scheme(), url.host(), url.port()), (*scheme, *host, *port), "{text}");
        assert_eq!((&*url.host_header(), &*url.authority()), (*field, *authority), "{text}");
        assert_eq!((url.target(), &*url.absolute_target()), (*target, *absolute), "{text}");
    }
    let raw = Url::prepare("http://h/", Some(&"p[]=%2f%".into())).unwrap();
    assert_eq!((raw.as_str(), raw.target()), ("http://h/?p[]=%2f%", "/?p%5B%5D=%252F%25"));
    let next = url("http://h/").join("http://EX.com:080/a/../b c[]|%zz?x=[1]#q").unwrap();
    assert_eq!(next.target(), "/a/../b%20c%5B%5D%7C%25zz?x=%5B1%5D");
    assert_eq!((next.host(), next.port(), &*next.host_header()), ("ex.com", Some(80), "ex.com"));
    let untouched = url("mock://Host/a b\r\nX: y?q");
    assert_eq!((untouched.host(), untouched.target()), ("Host", "/a%20b%0D%0AX:%20y?q"));
    assert_eq!(url("http+unix://%2Frun%2FDocker.sock/x").host(), "%2Frun%2FDocker.sock");
}

#[test]
fn credentials_as_requests() {
    let table: &[(&str, Option<(&str, &str)>)] = &[
        ("http://h/", None),
        ("http://u@h/", None),
        ("http://:@h/", None),
        ("http://u:@h/", Some(("u", ""))),
        ("http://:p@h/", Some(("", "p"))),
        ("http://u%40:p%2F:x@h/", Some(("u@", "p/:x"))),
        ("http://%C3%BC:%ff@h/", Some(("ü", "\u{fffd}"))),
    ];
    for (text, expected) in table {
        let found = url(text).credentials();
        assert_eq!(found.as_ref().map(|(user, password)| (&**user, &**password)), *expected, "{text}");
    }
    assert_eq!(url("http://u%40:p@h/").userinfo(), Some("u%40:p"));
    assert_eq!(url("http://u:p@h:1/x").redacted(), "http://***@h:1/x");
}

#[test]
fn bases() {
    // As httpx, but for targets without a path, which are the base itself, and for a base with a query.
    let table: &[(&str, &str, &str)] = &[
        ("http://h", "x", "http://h/x"),
        ("http://h/", "/x", "http://h/x"),
        ("http://h/api", "x", "http://h/api/x"),
        ("http://h/api", "/x", "http://h/api/x"),
        ("http://h/api/", "/x", "http://h/api/x"),
        ("http://h/api", "/", "http://h/api/"),
        ("http://h/api", "x/y?z=1#g", "http://h/api/x/y?z=1#g"),
        ("http://h/api", "../up", "http://h/up"),
        ("http://h/api", "http://o/z", "http://o/z"),
        ("http://h/api", "HTTPS://O/z", "https://o/z"),
        ("http://h/api", "users:find", "http://h/api/users:find"),
        ("http://h/api", "", "http://h/api"),
        ("http://h/api/", "", "http://h/api/"),
        ("http://h/api", "?q=1", "http://h/api?q=1"),
        ("http://h/api", "//other/x", "http://h/api/other/x"),
        ("http://h/api?k=1", "x", "http://h/api/x?k=1"),
        ("http://h/api?k=1", "x?q=2", "http://h/api/x?k=1&q=2"),
        ("http://u:p@h:81/api#f", "a b", "http://u:p@h:81/api/a%20b"),
    ];
    for (base, path, expected) in table {
        assert_eq!(shown(Url::join_base(&url(base), path)), *expected, "{base} + {path}");
    }
    let long = "x".repeat(500);
    assert_eq!(Url::join_base(&url("http://h/"), &long).unwrap().path().len(), 501);
}

#[test]
fn origins() {
    assert!(url("http://h/").origin_eq(&url("http://H:80/x")));
    assert!(!url("http://h/").origin_eq(&url("https://h/")));
    assert!(!url("http://h/").origin_eq(&url("http://h:81/")));
}
