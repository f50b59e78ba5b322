//! Misuse, through the C interface: every mistake is told with its key, nothing is sent, nothing is lost, and no text
//! of the host breaks out of its place in a request.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be, and prints what it counted"
)]

#[path = "faults/player.rs"]
mod player;

use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use haft::options::{OPTIONS, scope};
use haft_tools::native::{Link, compile, root, run, scratch};
use player::{NULL, Player, STRICT, forget, log, sandbox, text};
use serde_json::{Value, json};

const ARGUMENT: &str = "HAFT_E_ARGUMENT";

#[test]
fn everything_may_be_freed_in_every_order() {
    let sandbox = sandbox();
    let program = compile(&root().join("tests/c/misuse_life.c"), Link::Shared, &STRICT, &scratch("misuse_life"));
    print!("{}", run(Command::new(program).arg(&sandbox.http).arg("40")));
}

#[test]
fn what_the_host_gives_may_misbehave() {
    let sandbox = sandbox();
    let program = compile(&root().join("tests/c/misuse_host.c"), Link::Shared, &STRICT, &scratch("misuse_host"));
    run(Command::new(program).arg(&sandbox.http));
}

/// What every error has: a status, a code, one line, and no secret in it.
fn well_formed(found: &Value, what: &str) {
    let message = found["message"].as_str().unwrap_or_else(|| panic!("{what}: {found}"));
    assert!(
        !message.is_empty() && message.len() < 4000 && !message.chars().any(char::is_control),
        "{what}: {message:?}"
    );
    assert!(message.starts_with(|first: char| !first.is_uppercase()), "{what}: {message}");
    assert!(!message.ends_with('.'), "{what}: {message}");
    assert!(found["detail"]["code"].is_string(), "{what}: {found}");
    assert!(!found.to_string().contains("s3cret"), "{what}: {found}");
}

/// One value of each kind for the option `NAME`.
const KINDS: &[(&str, &str)] = &[
    ("int", "i:NAME=3"),
    ("negative", "i:NAME=-1"),
    ("double", "d:NAME=0.5"),
    ("nan", "d:NAME=nan"),
    ("bool", "b:NAME=true"),
    ("null", "n:NAME="),
    ("text", "s:NAME=zzz"),
    ("empty", "s:NAME="),
    ("object", "j:NAME={\"a\":\"b\"}"),
    ("array", "j:NAME=[\"a\"]"),
    ("bytes", "B:NAME=abc"),
    ("series", "S:NAME="),
    ("reader", "r:NAME=5"),
    ("provider", "p:NAME=ok"),
];

const ANY: &str = "int negative double nan bool null text empty object array bytes series reader provider";

/// The kinds that an option takes; every other one is refused. The topic that is tried takes no more than the first two
/// options, and the name that is attached is no WebSocket.
fn taken(option: &str, place: u16) -> &'static str {
    match option {
        "queue_max" => "int null",
        "overflow" => "null",
        "subprotocols" | "compression" | "max_message_size" | "ping_interval" | "ping_timeout" | "close_timeout"
        | "reconnect" | "last_event_id" => "",
        _ if place == scope::SUBSCRIBE => "",
        "tcp_keepalive" => "int double bool null",
        "timeout" | "pool_idle" => "int double null",
        "timeouts" | "parse" | "hooks" | "resolve" | "adapter" | "events" | "verify_pin" | "environment"
        | "local_address" | "ip_version" | "http_version" | "low_speed" | "pool" => "null",
        "retry" | "id" | "max_redirects" | "pool_connections" | "pool_maxsize" | "limit_rate" => "int null",
        "progress" | "stream" | "stage" | "keep" | "trust_env" | "allow_redirects" | "raise_for_status"
        | "decode_content" | "pool_block" | "expect_continue" | "resume" | "verify_common_name" => "bool null",
        "tag" | "cookie_file" | "cert" | "cert_password" | "encoding" | "unix_socket" => "text empty null",
        "verify" => "bool text empty null",
        "headers" | "proxies" => "object null",
        "cookies" => "bool object null",
        "auth" => "provider null",
        "drop_headers" => "text empty array null",
        // Numbers and truths are written as the original writes them.
        "params" => "int negative double nan bool null text empty object bytes",
        "data" => "text empty object bytes reader null",
        "json" => "int negative double bool null text empty object array",
        "files" => "empty null",
        "save_to" => "text provider null",
        // Read by a prepared request only.
        "method" | "url" | "body" => ANY,
        other => panic!("the option {other} is new: say here what it takes"),
    }
}

#[test]
fn every_option_refuses_every_wrong_kind() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    let (mut right, mut wrong) = (0, 0);
    for option in OPTIONS.iter().filter(|option| option.backends.is_empty() || option.backends.contains(&"http")) {
        let name = option.name;
        for (kind, form) in KINDS {
            let given = form.replace("NAME", name);
            for place in [scope::CREATE, scope::CONFIGURE, scope::ATTACH, scope::CALL, scope::SUBSCRIBE, scope::CLOSE] {
                if option.scopes & place == 0 {
                    continue;
                }
                let what = format!("{given} at {}", scope::names(place));
                let mut create = vec!["create", "0", &sandbox.http];
                if place == scope::CREATE {
                    create.push(&given);
                }
                let created = player.tell(&create);
                forget(&sandbox);
                let found = match place {
                    scope::CREATE => created,
                    scope::CONFIGURE => player.tell(&["configure", "0", &given]),
                    scope::ATTACH => player.tell(&["attach", "0", "1", "/below", &given]),
                    // What is right would be sent to somewhere; preparing looks at the same things.
                    scope::CALL if taken(name, place).split(' ').any(|good| good == *kind) => {
                        player.tell(&["prepare", "0", "POST", "/post", &given])
                    }
                    scope::CALL => player.call("POST", "/post", &[&given]),
                    scope::SUBSCRIBE => player.tell(&["subscribe", "0", "haft.state", &given]),
                    _ => player.tell(&["close", "0", &given]),
                };
                if taken(name, place).split(' ').any(|good| good == *kind) {
                    assert_eq!(found["status"], "HAFT_OK", "{what}: {found}");
                    right += 1;
                } else {
                    // A file that is named but not there is told as such.
                    let names_a_file = name == "files" && matches!(*kind, "object");
                    assert_eq!(found["status"], if names_a_file { "HAFT_E_IO" } else { ARGUMENT }, "{what}: {found}");
                    well_formed(&found, &what);
                    let key = found["detail"]["key"].as_str().unwrap_or_default();
                    assert!(key == name || key.starts_with(&format!("{name}.")), "{what}: {found}");
                    assert_eq!(log(&sandbox).len(), 0, "{what}: it was sent");
                    wrong += 1;
                }
                player.tell(&["free", "1"]);
                player.tell(&["free", "0"]);
            }
        }
    }
    println!("{right} right and {wrong} wrong kinds");
    assert_eq!(player.counts(), before);
    player.end();
}

/// What a mistake has to say: a part of the message, the code, the key.
type Told = (&'static str, &'static str, &'static str);

#[test]
fn options_that_make_no_sense() {
    let mut player = Player::start();
    let rows: &[(&str, Told)] = &[
        ("i:timeout=0", ("timeout was zero", "argument", "timeout")),
        ("i:timeout=-1", ("not below 0, and it was -1", "argument", "timeout")),
        ("d:timeout=nan", ("it was NaN", "argument", "timeout")),
        ("d:timeout=inf", ("it was inf", "argument", "timeout")),
        ("d:timeout=1e300", ("it was 1e300", "argument", "timeout")),
        ("s:timeout=5 parsecs", ("it was \"5 parsecs\"", "argument", "timeout")),
        ("j:timeout=[1,2,3]", ("not [connect, read]", "argument", "timeout")),
        ("j:timeouts={\"tot\":1}", ("there is no time-out \"tot\"", "argument", "timeouts")),
        ("i:pool_maxsize=0", ("not a positive number", "argument", "pool_maxsize")),
        ("i:pool_connections=-5", ("not a positive number", "argument", "pool_connections")),
        ("s:verify_pin=md5:abc", ("sha256//", "argument", "verify_pin")),
        ("s:verify_pin=sha256//AAAA", ("44 characters", "argument", "verify_pin")),
        ("j:cert=[\"only one\"]", ("[certificate, key]", "argument", "cert")),
        ("j:proxies={\"http\":5}", ("not text", "argument", "proxies.http")),
        ("j:auth=[\"s3cret\"]", ("not a pair", "argument", "auth")),
        ("j:auth={\"type\":\"oauth\"}", ("unknown type", "argument", "auth.type")),
        ("j:auth={\"type\":\"bearer\"}", ("missing or not text", "argument", "auth.token")),
        (
            "j:auth={\"type\":\"bearer\",\"token\":\"s3cret\\r\\nX: y\"}",
            ("control character", "invalid_header", "auth"),
        ),
        ("j:retry={\"totl\":1}", ("unknown member", "argument", "retry.totl")),
        ("i:retry=-1", ("not a whole number", "argument", "retry")),
        ("s:parse=xml", ("it takes \"auto\"", "argument", "parse")),
        ("j:hooks={\"pre\":null}", ("there is no hook \"pre\"", "argument", "hooks")),
        ("s:adapter.http://=nothing", ("neither a provider", "argument", "adapter.http://")),
        ("s:resolve.host=127.0.0.1", ("not HOST:PORT", "argument", "resolve")),
        ("s:resolve.host:80=elsewhere", ("not an IP address", "argument", "resolve")),
        ("s:local_address=localhost", ("not an IP address", "argument", "local_address")),
        ("i:ip_version=5", ("neither 4 nor 6", "argument", "ip_version")),
        ("s:http_version=3", ("no HTTP version \"3\"", "argument", "http_version")),
        ("s:environment=x", ("it takes \"explicit\"", "argument", "environment")),
        ("j:headers={\"\":\"x\"}", ("was not allowed", "invalid_header", "headers")),
        ("j:headers={\"A\\nB\":\"x\"}", ("was not allowed", "invalid_header", "headers")),
        ("j:headers={\"A:B\":\"x\"}", ("was not allowed", "invalid_header", "headers")),
        ("j:headers={\"A\":\"b\\r\\nC: d\"}", ("held a line end or NUL", "invalid_header", "headers.A")),
        ("j:headers={\"A\":\"b\\u0000c\"}", ("held a line end or NUL", "invalid_header", "headers.A")),
        ("Z:headers.A=", ("held a line end or NUL", "invalid_header", "headers.A")),
        ("j:headers=[[\"A\"]]", ("no pair", "argument", "headers")),
        ("j:cookies={\"a\":\"b\\r\\nSet-Cookie: c\"}", ("control character", "invalid_header", "cookies.a")),
        ("j:cookies=[{\"value\":\"x\"}]", ("had no name", "invalid_header", "cookies")),
        ("s:timout=5", ("the nearest is \"timeout\"", "argument", "timout")),
        ("s:hedaers=x", ("the nearest is \"headers\"", "argument", "hedaers")),
        ("s:alow_redirects=x", ("the nearest is \"allow_redirects\"", "argument", "alow_redirects")),
        ("s:nothing_like_it=x", ("there is no option \"nothing_like_it\"", "argument", "nothing_like_it")),
        ("s:data=x", ("it belongs to call", "argument", "data")),
        ("s:queue_max=x", ("it belongs to subscribe", "argument", "queue_max")),
    ];
    for (given, (message, code, key)) in rows {
        let found = player.tell(&["create", "0", "http://127.0.0.1:1", given]);
        assert_eq!(found["status"], ARGUMENT, "{given}: {found}");
        well_formed(&found, given);
        assert!(found["message"].as_str().unwrap().contains(message), "{given}: {found}");
        assert_eq!((&found["detail"]["code"], &found["detail"]["key"]), (&json!(code), &json!(key)), "{given}");
        player.tell(&["free", "0"]);
    }
    player.end();
}

#[test]
fn calls_that_make_no_sense() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}"]);
    let mebibyte = format!("/{}", "u".repeat(1 << 20));
    let prepared = format!("s:url={}/post", sandbox.http);
    let target = "/post";
    #[rustfmt::skip]
    let rows: &[(&str, &str, &[&str], &str, Told)] = &[
        ("GE T", target, &[], ARGUMENT, ("\"GE T\" was not a token", "argument", "verb")),
        ("GET /x HTTP/1.1\r\nX: y", target, &[], ARGUMENT, ("was not a token", "argument", "verb")),
        ("", target, &[], ARGUMENT, ("was not a token", "argument", "verb")),
        ("GÉT", target, &[], ARGUMENT, ("was not a token", "argument", "verb")),
        ("GET", "http://h ost/", &[], ARGUMENT, ("a space or a control character", "invalid_url", "")),
        ("GET", "http://h\r\nX: y/", &[], ARGUMENT, ("", "invalid_url", "")),
        ("GET", "http://", &[], ARGUMENT, ("had no host", "invalid_url", "")),
        ("GET", "http://x:99999/", &[], ARGUMENT, ("host and port", "invalid_url", "")),
        ("GET", "http://x:port/", &[], ARGUMENT, ("host and port", "invalid_url", "")),
        ("GET", "http://[::1/", &[], ARGUMENT, ("host and port", "invalid_url", "")),
        ("GET", "http://user:s3cret@[::1/", &[], ARGUMENT, ("host and port", "invalid_url", "")),
        ("GET", "gopher://x/", &[], ARGUMENT, ("no adapter is mounted", "invalid_schema", "")),
        ("POST", target, &["s:data=x", "j:files={\"a\":\"b\"}"], ARGUMENT, ("when there are files", "argument", "data")),
        ("POST", target, &["s:headers.Content-Length=5", "s:data=abc"], ARGUMENT, ("for a body of 3 bytes", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=5", "r:data=3"], ARGUMENT, ("for a body of 3 bytes", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=3", "s:headers.Transfer-Encoding=chunked", "s:data=abc"], ARGUMENT, ("both Content-Length and", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=abc", "s:data=abc"], ARGUMENT, ("was not a number", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=-3", "s:data=abc"], ARGUMENT, ("was not a number", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=99999999999999999999", "s:data=abc"], ARGUMENT, ("was not a number", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Content-Length=5"], ARGUMENT, ("without a body", "invalid_header", "headers.Content-Length")),
        ("POST", target, &["s:headers.Transfer-Encoding=gzip", "s:data=abc"], ARGUMENT, ("not one that haft can send", "invalid_header", "headers.Transfer-Encoding")),
        ("GET", target, &["b:resume=true", "p:save_to=ok"], ARGUMENT, ("resume was asked for with a provider", "argument", "resume")),
        ("POST", target, &["s:save_to=/nonexistent/folder/file"], "HAFT_E_IO", ("there is no such folder", "io", "save_to")),
        ("POST", target, &["s:files.doc=/nonexistent/file"], "HAFT_E_IO", ("no such file or directory", "io", "files.doc")),
        ("POST", target, &["s:files.doc=/nonexistent\r\nX: y"], "HAFT_E_IO", ("/nonexistent\\r\\nX: y could", "io", "files.doc")),
        ("POST", target, &["i:id=0"], ARGUMENT, ("not between 1 and 2^63-1", "argument", "id")),
        ("POST", target, &["d:json=nan"], ARGUMENT, ("NaN", "invalid_json", "json")),
        ("POST", target, &["j:proxies={\"all\":\"http://user:s3cret@[::1\"}"], ARGUMENT, ("a proxy URL had", "invalid_proxy_url", "")),
        ("POST", target, &["j:proxies={\"all\":\"ftp://user:s3cret@x\"}"], ARGUMENT, ("unknown scheme", "invalid_proxy_url", "")),
        ("POST", target, &["j:proxies={\"all\":\"http://user:s3cret@x:99999\"}"], ARGUMENT, ("bad port", "invalid_proxy_url", "")),
        ("POST", target, &["p:hooks.request={\"method\":\"POST /a HTTP/1.1\\r\\nX: y\"}"], ARGUMENT, ("was not a token", "argument", "method")),
        ("POST", target, &["p:hooks.request={\"url\":\"http://a\\r\\nb/\"}"], ARGUMENT, ("", "invalid_url", "")),
        ("POST", target, &["p:hooks.request={\"headers\":{\"A\":\"b\\r\\nc\"}}"], ARGUMENT, ("held a line end", "invalid_header", "headers.A")),
        ("POST", target, &["p:auth={\"headers\":{\"A\":\"b\\r\\nc\"}}"], ARGUMENT, ("held a line end", "invalid_header", "headers.A")),
        ("POST", target, &["p:auth=fail"], "HAFT_E_DENIED", ("the host said no", "provider", "")),
        ("POST", target, &["p:hooks.request=fail"], "HAFT_E_DENIED", ("the host said no", "provider", "")),
        (NULL, NULL, &[], ARGUMENT, ("had no url", "argument", "url")),
        (NULL, NULL, &["s:url=/relative"], ARGUMENT, ("had no scheme", "missing_schema", "")),
        (NULL, NULL, &["s:url=http://127.0.0.1/", "s:method=POST\r\nX: y"], ARGUMENT, ("was not a token", "argument", "method")),
        (NULL, NULL, &[&prepared, "j:headers=[[\"A\",\"b\\r\\nc\"]]"], ARGUMENT, ("held a line end", "invalid_header", "headers.A")),
        (NULL, NULL, &[&prepared, "S:body="], ARGUMENT, ("neither text, bytes nor a reader", "argument", "body")),
        (NULL, NULL, &[&prepared, "i:method=5"], ARGUMENT, ("must be text", "argument", "method")),
    ];
    let before = player.counts();
    forget(&sandbox);
    for (verb, target, options, status, (message, code, key)) in rows {
        let what = format!("{verb:?} {target:?} {options:?}");
        player.tell(&["reset"]);
        let found = player.call(verb, target, options);
        assert_eq!(found["status"], *status, "{what}: {found}");
        well_formed(&found, &what);
        assert!(found["message"].as_str().unwrap().contains(message), "{what}: {found}");
        assert_eq!(found["detail"]["code"], *code, "{what}: {found}");
        if !key.is_empty() {
            assert_eq!(found["detail"]["key"], *key, "{what}: {found}");
        }
        if *key != "id" {
            assert_eq!(found["detail"]["outcome"], "not_sent", "{what}: {found}");
        }
        let given = options.iter().filter(|option| option.starts_with("r:") || option.starts_with("p:")).count();
        assert_eq!(found["drops"], given, "{what}: what the host gave was not dropped once");
    }
    assert_eq!(log(&sandbox), Vec::<Value>::new(), "something was sent");
    assert_eq!(player.counts(), before);
    // What is large but right goes through.
    for (target, options) in [(&*mebibyte, &[] as &[&str]), ("/get", &["L:headers.X-Large=1048576"])] {
        let found = player.call("GET", target, options);
        assert_eq!(found["status"], "HAFT_OK", "{found}");
        let log = log(&sandbox);
        assert!(log.last().unwrap()["raw"].as_str().unwrap().len() > 1 << 20);
        forget(&sandbox);
    }
    player.end();
}

#[test]
fn line_ends_never_leave_their_place() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let split = "a\r\nX-Injected: 1\r\n\r\nGET /injected HTTP/1.1\r\n";
    let in_json = split.replace('\r', "\\r").replace('\n', "\\n");
    let proxy = sandbox.http_proxy_auth.replace("//", "//us%0D%0AX-Injected:%201%0D%0Aer:p%0D%0AX-Injected:%201@");
    let digest = format!("j:auth={{\"type\":\"digest\",\"username\":\"{in_json}\",\"password\":\"{in_json}\"}}");
    let basic = format!("j:auth=[\"{in_json}\",\"{in_json}\"]");
    let form = format!("j:data={{\"{in_json}\":\"{in_json}\"}}");
    let rows: Vec<(&str, String, Vec<String>)> = vec![
        ("GET", format!("/get/{split}"), vec![]),
        ("GET", format!("/get?q={split}"), vec![]),
        ("GET", format!("/get#{split}"), vec![]),
        ("GET", "/redirect-to?url=/get/a%0D%0AX-Injected:%201".into(), vec![]),
        ("GET", "/get".into(), vec![format!("s:params={split}")]),
        ("GET", "/get".into(), vec![format!("s:params.q={split}")]),
        ("GET", "/get".into(), vec![format!("s:headers.X={split}")]),
        ("GET", "/get".into(), vec![format!("s:headers.{split}=x")]),
        ("GET", "/get".into(), vec![format!("s:headers.Host={split}")]),
        ("GET", "/get".into(), vec![format!("s:headers.Cookie={split}")]),
        ("GET", "/get".into(), vec![format!("s:cookies.c={split}")]),
        ("GET", "/get".into(), vec![format!("s:cookies.{split}=c")]),
        ("GET", "/get".into(), vec![format!("j:cookies=[{{\"name\":\"c\",\"value\":\"v\",\"path\":\"{in_json}\"}}]")]),
        ("GET", "/get".into(), vec![format!("j:cookies=[{{\"name\":\"{in_json}\",\"value\":\"v\"}}]")]),
        ("GET", "/get".into(), vec![basic]),
        ("GET", "/digest-auth/auth/user/pass".into(), vec![digest.clone()]),
        ("GET", "/digest-auth/auth/user/pass?userhash=1".into(), vec![digest]),
        ("GET", "/get".into(), vec![format!("j:auth={{\"type\":\"bearer\",\"token\":\"{in_json}\"}}")]),
        ("GET", "/get".into(), vec![format!("j:proxies={{\"all\":\"{proxy}\"}}")]),
        ("POST", "/post".into(), vec![format!("M:files.f={split}|text/plain")]),
        ("POST", "/post".into(), vec![format!("M:files.{split}=name|text/plain")]),
        ("POST", "/post".into(), vec![format!("M:files.f=name|text/plain\r\nX-Injected: 1")]),
        ("POST", "/post".into(), vec![format!("M:files.f=na\"me|text/plain"), format!("s:data.{split}=x")]),
        ("POST", "/post".into(), vec![form]),
        (split, "/post".into(), vec![]),
        ("POST", "/post".into(), vec![format!("p:hooks.request={{\"method\":\"{in_json}\"}}")]),
        ("POST", "/post".into(), vec![format!("p:hooks.request={{\"headers\":[[\"A\",\"{in_json}\"]]}}")]),
        ("POST", "/post".into(), vec![format!("p:hooks.request={{\"url\":\"{}/{in_json}\"}}", sandbox.http)]),
    ];
    let mut sent = 0;
    for (verb, target, options) in &rows {
        player.create("0", &sandbox.http, &["j:timeouts={\"total\":20}", "b:trust_env=false"]);
        forget(&sandbox);
        let what = format!("{verb:?} {target:?} {options:?}");
        let found = player.call(verb, target, &options.iter().map(String::as_str).collect::<Vec<_>>());
        let entries = log(&sandbox);
        sent += usize::from(found["status"] == "HAFT_OK");
        if found["status"] != "HAFT_OK" {
            well_formed(&found, &what);
            assert_eq!(found["status"], ARGUMENT, "{what}: {found}");
        }
        let most = if target.contains("digest") || target.contains("redirect") { 2 } else { 1 };
        assert!(entries.len() <= most, "{what}: {} requests came out of one", entries.len());
        for entry in entries {
            let head = entry["raw"].as_str().unwrap();
            let body = entry["body"].as_str().map(|body| STANDARD.decode(body).unwrap()).unwrap_or_default();
            let body = String::from_utf8_lossy(&body);
            for part in [head, &body] {
                for line in part.split(['\r', '\n']) {
                    assert!(!line.starts_with("X-Injected"), "{what}: {part}");
                    assert!(!line.starts_with("GET /injected"), "{what}: {part}");
                }
            }
        }
        player.tell(&["free", "0"]);
    }
    println!("{sent} of {} were sent, quoted", rows.len());
    assert!(sent > 8);
    player.end();
}

#[test]
fn pools_and_paths_of_nowhere_are_errors_and_no_crashes() {
    let sandbox = sandbox();
    let mut player = Player::start();
    for (given, key) in [("s:verify=", "verify"), ("s:cert=", "cert"), ("L:verify=1048576", "verify")] {
        player.create("0", &sandbox.https, &[given]);
        let found = player.call("GET", "/get", &[]);
        assert_eq!((&found["status"], &found["detail"]["key"]), (&json!("HAFT_E_IO"), &json!(key)), "{given}");
        player.tell(&["free", "0"]);
    }
    player.create("0", &sandbox.http, &["s:unix_socket="]);
    assert_eq!(player.call("GET", "/get", &[])["detail"]["code"], "connect");
    player.tell(&["free", "0"]);
    let long = format!("s:unix_socket=/{}", "s".repeat(500));
    player.create("0", &sandbox.http, &[&long]);
    assert_eq!(player.call("GET", "/get", &[])["detail"]["code"], "connect");
    player.tell(&["free", "0"]);
    player.create("0", &sandbox.http, &["i:limit_rate=0"]);
    let found = player.call("GET", "/size/1000000", &["s:parse=none"]);
    assert_eq!((&found["http"], &found["size"]), (&json!(200), &json!(1_000_000)));
    assert!(!text(&sandbox.ca).is_empty());
    player.end();
}
