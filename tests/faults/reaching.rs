//! What goes wrong before a request is on its way: names, connections, TLS, proxies. A change was then never made.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use serde_json::{Value, json};

use super::player::{NULL, Player, expect, forget, log, page, sandbox, text};

const IO: &str = "HAFT_E_IO";
const TLS: &str = "HAFT_E_TLS";

/// A port on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that answers each connection's first bytes with these, and closes.
fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
            // Read to the end: a reset would take the answer away.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    port
}

fn port_of(url: &str) -> &str {
    url.rsplit(':').next().unwrap()
}

fn proxy(url: &str) -> String {
    format!("j:proxies={}", json!({ "all": url }))
}

/// A POST of a fresh session fails like this, and nothing reached the server.
struct Failing<'a> {
    url: &'a str,
    options: &'a [&'a str],
    status: &'a str,
    code: &'a str,
    phase: Value,
    message: String,
    retryable: bool,
}

impl Failing<'_> {
    fn check(&self, player: &mut Player) {
        player.create("0", self.url, &[&["j:timeouts={\"connect\":10,\"read\":10}"], self.options].concat());
        let found = player.call("POST", NULL, &["s:data=a change"]);
        let expected = [
            ("/status", json!(self.status)),
            ("/message", json!(self.message)),
            ("/detail/code", json!(self.code)),
            ("/detail/phase", self.phase.clone()),
            ("/detail/outcome", json!("not_sent")),
            ("/detail/url", json!(self.url)),
            ("/retryable", json!(self.retryable)),
        ];
        expect(&found, &expected, self.url);
        player.tell(&["free", "0"]);
    }
}

#[test]
fn nobody_there() {
    let mut player = Player::start();
    let before = player.counts();
    let port = closed_port();
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        Failing {
            url: &format!("http://{host}:{port}/"),
            options: &[],
            status: IO,
            code: "connect",
            phase: json!("connect"),
            message: format!("could not connect to {host}:{port}: connection refused"),
            retryable: true,
        }
        .check(&mut player);
    }
    Failing {
        url: &format!("http://elsewhere.invalid:{port}/"),
        options: &[&format!("j:resolve={{\"elsewhere.invalid:{port}\":\"127.0.0.1\"}}")],
        status: IO,
        code: "connect",
        phase: json!("connect"),
        message: format!("could not connect to elsewhere.invalid:{port}: connection refused"),
        retryable: true,
    }
    .check(&mut player);
    Failing {
        url: "http://localhost/",
        options: &["s:unix_socket=/nonexistent/socket"],
        status: IO,
        code: "connect",
        phase: json!("connect"),
        message: "could not connect to /nonexistent/socket: no such file or directory".into(),
        retryable: true,
    }
    .check(&mut player);
    player.settles(before);
    Failing {
        url: "http://nowhere.invalid/",
        options: &[],
        status: IO,
        code: "resolve",
        phase: json!("resolve"),
        message: "the host nowhere.invalid could not be resolved: name or service not known".into(),
        retryable: true,
    }
    .check(&mut player);
    player.end();
}

#[test]
fn certificates_that_are_not_accepted() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    let ca = format!("s:verify={}", text(&sandbox.ca));
    let why = |why: &str| format!("the certificate of 127.0.0.1 was not accepted: {why}");
    let other_pin = "s:verify_pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let key = |key: &Path| {
        let pair = json!({ "cert": [sandbox.client_cert, key] });
        format!("j:={pair}")
    };
    let encrypted = text(&sandbox.client_key_encrypted);
    let files: &[(&str, &[&str], Value, String)] = &[
        (&sandbox.https, &[], json!("tls"), why("its issuer is not trusted")),
        (&sandbox.https_selfsigned, &[&ca], json!("tls"), why("its issuer is not trusted")),
        (&sandbox.https_expired, &[&ca], json!("tls"), why("it expired on 2002-01-01")),
        (&sandbox.https_wronghost, &[&ca], json!("tls"), why("it is for wrong.example and 127.0.0.1 was wanted")),
        (&sandbox.https, &[&ca, other_pin], json!("tls"), why("its public key is none of the pinned ones")),
        (
            &sandbox.https_selfsigned,
            &["b:verify=false", other_pin],
            json!("tls"),
            why("its public key is none of the pinned ones"),
        ),
        (&sandbox.https_mtls, &[&ca], json!("tls"), "the server asked for a client certificate".into()),
        (&sandbox.https, &["s:verify=/etc/hostname"], Value::Null, "/etc/hostname held no certificate".into()),
        (
            &sandbox.https_mtls,
            &[&ca, &key(&sandbox.client_key_encrypted)],
            Value::Null,
            format!("{encrypted} held an encrypted key and no cert_password was given"),
        ),
        (
            &sandbox.https_mtls,
            &[&ca, &key(&sandbox.client_key_encrypted), "s:cert_password=not this one"],
            Value::Null,
            format!("{encrypted} held an encrypted key that cert_password did not open"),
        ),
        (
            &sandbox.https_mtls,
            &[&ca, &key(&sandbox.ca)],
            Value::Null,
            format!("{} held no private key", text(&sandbox.ca)),
        ),
    ];
    forget(&sandbox);
    for (url, options, phase, message) in files {
        let url = format!("{url}/post");
        let (phase, message) = (phase.clone(), message.clone());
        Failing { url: &url, options, status: TLS, code: "certificate", phase, message, retryable: false }
            .check(&mut player);
    }
    for option in ["verify", "cert"] {
        let url = format!("{}/post", sandbox.https);
        let message = "could not read /nonexistent/file.pem: no such file or directory".into();
        let given = format!("s:{option}=/nonexistent/file.pem");
        let options: &[&str] = &[&given];
        Failing { url: &url, options, status: IO, code: "io", phase: Value::Null, message, retryable: false }
            .check(&mut player);
        player.create("0", &url, options);
        assert_eq!(player.call("GET", NULL, &[])["detail"]["key"], option);
        player.tell(&["free", "0"]);
    }
    assert_eq!(log(&sandbox), Vec::<Value>::new(), "requests arrived");
    player.settles(before);
    // And what must go through does.
    for (url, options) in [
        (&sandbox.https, &[&*ca, &format!("s:verify_pin={}", sandbox.pin)] as &[&str]),
        (&sandbox.https, &[&format!("s:verify={}", text(&sandbox.ca_dir))]),
        (&sandbox.https_selfsigned, &["b:verify=false"]),
        (&sandbox.https_mtls, &[&ca, &format!("s:cert={}", text(&sandbox.client_pem))]),
        (&sandbox.https_mtls, &[&ca, &key(&sandbox.client_key_encrypted), "s:cert_password=secret"]),
    ] {
        player.create("0", url, options);
        assert_eq!(player.call("GET", "/get", &[])["http"], 200, "{url} {options:?}");
        player.tell(&["free", "0"]);
    }
    player.end();
}

#[test]
fn plain_and_secure_do_not_mix() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let refusing = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    Failing {
        url: &format!("https://127.0.0.1:{refusing}/"),
        options: &["b:verify=false"],
        status: TLS,
        code: "tls",
        phase: json!("tls"),
        message: "127.0.0.1 did not answer in TLS".into(),
        retryable: false,
    }
    .check(&mut player);
    // The server's alert is all that comes.
    player.create("0", &sandbox.https.replace("https:", "http:"), &["j:timeouts={\"read\":10}"]);
    let found = player.call("POST", "/post", &["s:data=a change"]);
    assert_eq!(found["status"], "HAFT_E_PROTOCOL", "{found}");
    assert_eq!(found["detail"]["code"], "protocol");
    player.end();
}

#[test]
fn proxies_that_do_not_help() {
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    let ca = format!("s:verify={}", text(&sandbox.ca));
    let closed = closed_port();
    let target = format!("{}/post", sandbox.https);
    let plain = format!("{}/post", sandbox.http);
    let http = port_of(&sandbox.http_proxy);
    let auth = port_of(&sandbox.http_proxy_auth);
    let socks = port_of(&sandbox.socks_proxy);
    let socks_auth = port_of(&sandbox.socks_proxy_auth);
    let refused = "refused the tunnel with";
    let rows: &[(&str, String, Option<i64>, bool, String)] = &[
        (
            &target,
            format!("http://127.0.0.1:{auth}"),
            Some(407),
            false,
            format!("the proxy 127.0.0.1:{auth} {refused} 407 Proxy Authentication Required"),
        ),
        (
            &target,
            format!("http://user:s3cret@127.0.0.1:{auth}"),
            Some(407),
            false,
            format!("the proxy 127.0.0.1:{auth} {refused} 407 Proxy Authentication Required"),
        ),
        (
            "https://status-503.test/",
            format!("http://127.0.0.1:{http}"),
            Some(503),
            true,
            format!("the proxy 127.0.0.1:{http} {refused} 503 Service Unavailable"),
        ),
        (
            "https://192.0.2.1/",
            format!("http://127.0.0.1:{http}"),
            Some(403),
            false,
            format!("the proxy 127.0.0.1:{http} {refused} 403 Forbidden"),
        ),
        (
            &plain,
            format!("socks5h://127.0.0.1:{socks_auth}"),
            None,
            false,
            format!("the proxy 127.0.0.1:{socks_auth} wanted a user and none was given"),
        ),
        (
            &plain,
            format!("socks5h://user:s3cret@127.0.0.1:{socks_auth}"),
            None,
            false,
            format!("the proxy 127.0.0.1:{socks_auth} did not accept the user or password"),
        ),
        (
            "http://192.0.2.1/",
            format!("socks5://127.0.0.1:{socks}"),
            None,
            false,
            format!("the proxy 127.0.0.1:{socks} did not allow this connection"),
        ),
        (
            "http://192.0.2.1/",
            format!("socks4://127.0.0.1:{socks}"),
            None,
            true,
            format!("the proxy 127.0.0.1:{socks} could not connect to the target"),
        ),
    ];
    forget(&sandbox);
    for (url, address, http_status, retryable, message) in rows {
        let option = proxy(address);
        let (phase, message) = (json!("proxy"), message.clone());
        let failing =
            Failing { url, options: &[&ca, &option], status: IO, code: "proxy", phase, message, retryable: *retryable };
        failing.check(&mut player);
        player.create("0", url, &[&ca, &option]);
        let found = player.call("GET", NULL, &[]);
        assert_eq!(found["detail"]["http_status"].as_i64(), *http_status, "{found}");
        assert!(!found.to_string().contains("s3cret"), "{found}");
        player.tell(&["free", "0"]);
    }
    for url in [&target, &plain] {
        let message = format!(
            "the proxy 127.0.0.1:{closed} could not be reached: could not connect to 127.0.0.1:{closed}: connection refused"
        );
        let options: &[&str] = &[&proxy(&format!("http://127.0.0.1:{closed}"))];
        Failing { url, options, status: IO, code: "proxy", phase: json!("connect"), message, retryable: true }
            .check(&mut player);
    }
    let nonsense = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let options: &[&str] = &[&proxy(&format!("socks5://127.0.0.1:{nonsense}"))];
    let message = format!("the proxy 127.0.0.1:{nonsense} did not answer in SOCKS");
    Failing { url: &plain, options, status: IO, code: "proxy", phase: json!("proxy"), message, retryable: false }
        .check(&mut player);
    player.settles(before);
    // Only what was asked of the proxies is in the log, no request of ours.
    for entry in log(&sandbox) {
        assert!(!entry["raw"].as_str().unwrap_or_default().starts_with("POST"), "{entry}");
    }
    // A plain request through a proxy that wants a login is an answer like any other.
    player.create("0", &plain, &[&proxy(&sandbox.http_proxy_auth)]);
    let found = player.call("POST", NULL, &["s:data=x"]);
    assert_eq!((&found["status"], &found["http"]), (&json!("HAFT_OK"), &json!(407)), "{found}");
    player.tell(&["free", "0"]);
    let good = sandbox.http_proxy_auth.replace("//", "//user:pass@");
    player.create("0", &target, &[&ca, &proxy(&good)]);
    assert_eq!(player.call("GET", NULL, &[])["http"], 200);
    player.tell(&["free", "0"]);
    assert!(page(&sandbox, "GET", "/_connections").is_object());
    player.end();
}
