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
    ("http://h/", r#"{"t": true, "f": false, "x": 1.0, "y": 1e+16, "n": null, "l": []}"#, "http://h/?t=True&f=False&x=1.0&y=1e%2B16"),
    ("http://h/", r#"{"l": [null, "a", null]}"#, "http://h/?l=a"),
    ("http://h/", r#"{"ä": "\n\t\u0000"}"#, "http://h/?%C3%A4=%0A%09%00"),
    ("mailto:x", r#"{"a": 1}"#, "mailto:x"),
    ("http://h/%zz", r#"{"a": "%zz"}"#, "http://h/%25zz?a=%25zz"),
    ("http://h/", r#""""#, "http://h/"),
    ("http://h/?a=%20%zz", r#""b=%41%""#, "http://h/?a=%2520%25zz&b=A%"),
    ("http://h/", r#"[["k", null], ["k", 2], [3, "v"]]"#, "http://h/?k=2&3=v"),
    ("http://h/a b?c d#e f", r#"{"g h": "i j"}"#, "http://h/a%20b?c%20d&g+h=i+j#e%20f"),
    ("http://h/", r#"{"a": [[1, 2], "x"]}"#, "http://h/?a=1&a=2&a=x"),
    ("http://h/", r#"{"+": "+", "=": "&", "*": "*'()!"}"#, "http://h/?%2B=%2B&%3D=%26&%2A=%2A%27%28%29%21"),
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
        let again = Url::from_final(url.as_str()).unwrap();
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
