//! Expected values come from requests 2.34.2 (`should_bypass_proxies`, `merge_environment_settings`, `select_proxy` and
//! its adapter), unless said otherwise.

use super::*;

fn place(host: &str, port: u16) -> Place<'_> {
    Place { scheme: "http", host, port, path: "/" }
}

#[test]
fn no_proxy() {
    for (host, port, list, bypassed) in [
        ("ex.com", 80, "ex.com", true),
        ("www.ex.com", 80, "ex.com", true),
        ("www.ex.com", 80, ".ex.com", true),
        ("notex.com", 80, "ex.com", false),
        ("ex.com", 8080, "ex.com:8080", true),
        ("ex.com", 80, "ex.com:8080", false),
        ("10.1.2.3", 80, "10.0.0.0/8", true),
        ("11.1.2.3", 80, "10.0.0.0/8", false),
        ("10.1.2.3", 80, "10.1.2.3", true),
        ("10.1.2.3", 80, "10.1.2.3/32", true),
        ("10.1.2.3", 80, "10.1.2.3/0", false),
        ("ex.com", 80, "*", true),
        ("ex.com", 80, "a.com, *", false),
        ("ex.com", 80, " a.com , ex.com ", true),
        ("ex.com", 80, "ex.COM", true),
        ("::1", 80, "::1", true),
        ("a.ex.com", 80, "*.ex.com", false),
        ("ex.com", 80, "", false),
        ("10.1.2.3", 80, "*", true),
    ] {
        assert_eq!(NoProxy::parse(list).matches(&place(host, port)), bypassed, "{host}:{port} {list}");
    }
}

// Where we know more than requests: default ports, ports of addresses, brackets, IPv6 networks.
#[test]
fn no_proxy_beyond() {
    for (host, port, list) in [
        ("ex.com", 80, "ex.com:80"),
        ("10.1.2.3", 5000, "10.1.2.3:5000"),
        ("::1", 80, "[::1]"),
        ("::1", 8080, "[::1]:8080"),
        ("fe80::1", 80, "fe80::/10"),
    ] {
        assert!(NoProxy::parse(list).matches(&place(host, port)), "{list}");
    }
    assert!(!NoProxy::parse("fe80::/10").matches(&place("2001::1", 80)));
}

/// Keys and values by pairs; `-` is null.
fn map(pairs: &[(&str, &str)]) -> Proxies {
    let object: Object =
        pairs.iter().map(|(key, value)| (*key, if *value == "-" { Tree::Null } else { Tree::from(*value) })).collect();
    Proxies::parse(&object.into()).unwrap()
}

type Pairs = &'static [(&'static str, &'static str)];

fn selected(precedence: Precedence, request: Pairs, session: Pairs, variables: Pairs) -> String {
    let environment = EnvironmentSettings::read(&|name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    });
    let (request, session) = (map(request), map(session));
    let sources = Sources { request: Some(&request), session: &session, environment: Some(&environment), precedence };
    sources.select(&place("h.com", 80)).unwrap().map_or_else(String::new, |proxy| proxy.host)
}

#[test]
fn order_of_requests() {
    let cases: [(Pairs, Pairs, Pairs, &str); 13] = [
        (&[], &[], &[], ""),
        (&[("no_proxy", "h.com")], &[("http", "S")], &[("http_proxy", "E")], "s"),
        (&[("http", "R")], &[("http", "S")], &[("http_proxy", "E")], "r"),
        (&[], &[("http", "S")], &[("http_proxy", "E")], "e"),
        (&[], &[("http", "S")], &[("http_proxy", "E"), ("no_proxy", "h.com")], "s"),
        (&[("http", "R"), ("no_proxy", "h.com")], &[], &[("http_proxy", "E")], "r"),
        (&[("no_proxy", "h.com")], &[], &[("http_proxy", "E")], ""),
        (&[("http", "-")], &[], &[("http_proxy", "E")], ""),
        (&[("http", "-")], &[], &[("all_proxy", "A"), ("http_proxy", "E")], "a"),
        (&[("all", "R")], &[("http://h.com", "S")], &[], "s"),
        (&[("all", "R")], &[], &[("http_proxy", "E")], "e"),
        (&[], &[("no_proxy", "h.com")], &[("http_proxy", "E")], "e"),
        (&[], &[], &[("http_proxy", "E"), ("no_proxy", "h.com")], ""),
    ];
    for (request, session, variables, proxy) in cases {
        assert_eq!(selected(Precedence::Requests, request, session, variables), proxy, "{request:?} {session:?}");
    }
}

// Our own order: nothing explicit is overruled, and the key `no_proxy` filters explicit proxies too.
#[test]
fn explicit_wins() {
    let cases: [(Pairs, Pairs, Pairs, &str); 7] = [
        (&[("http", "R")], &[("http", "S")], &[("http_proxy", "E")], "r"),
        (&[], &[("http", "S")], &[("http_proxy", "E")], "s"),
        (&[], &[("all", "S")], &[("http_proxy", "E")], "s"),
        (&[], &[("http", "S")], &[("no_proxy", "h.com")], "s"),
        (&[("no_proxy", "h.com")], &[("http", "S")], &[("http_proxy", "E")], ""),
        (&[("http", "-")], &[("http", "S")], &[("http_proxy", "E")], ""),
        (&[], &[], &[("http_proxy", "E")], "e"),
    ];
    for (request, session, variables, proxy) in cases {
        assert_eq!(selected(Precedence::Explicit, request, session, variables), proxy, "{request:?} {session:?}");
    }
    let environment = EnvironmentSettings::read(&|_| Some("E".into()));
    let (off, session) = (Proxies::parse(&false.into()).unwrap(), map(&[("http", "S")]));
    for precedence in [Precedence::Explicit, Precedence::Requests] {
        let sources = Sources { request: Some(&off), session: &session, environment: Some(&environment), precedence };
        assert_eq!(sources.select(&place("h.com", 80)).unwrap(), None);
    }
}

#[test]
fn urls() {
    for (text, kind, host, port, authorization) in [
        ("10.0.0.1:3128", Kind::Http, "10.0.0.1", 3128, None),
        ("http://u:p%40x@p:8080", Kind::Http, "p", 8080, Some("Basic dTpwQHg=")),
        ("https://p", Kind::Https, "p", 443, None),
        ("socks5://p", Kind::Socks5, "p", 1080, None),
        ("socks5h://u@p:9", Kind::Socks5h, "p", 9, None),
        ("http://[::1]:3128", Kind::Http, "::1", 3128, None),
        ("//p:8080", Kind::Http, "p", 8080, None),
        ("HTTP://P:1/", Kind::Http, "p", 1, None),
        ("http://us%er:p@h", Kind::Http, "h", 80, Some("Basic dXMlZXI6cA==")),
    ] {
        let proxy = ProxyUrl::parse(text).unwrap();
        assert_eq!((proxy.kind, &*proxy.host, proxy.port), (kind, host, port), "{text}");
        assert_eq!(proxy.authorization().as_deref(), authorization, "{text}");
    }
    for wrong in ["http://", "http:///x", "foo://p", "http://p:99999", "", "http://p:x"] {
        assert_eq!(ProxyUrl::parse(wrong).unwrap_err().code(), "invalid_proxy_url", "{wrong}");
    }
    assert!(!format!("{:?}", ProxyUrl::parse("http://u:hidden@p").unwrap()).contains("hidden"));
}
