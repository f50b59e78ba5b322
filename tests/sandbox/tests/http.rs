//! The sandbox against raw sockets and curl.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use haft_sandbox::{Options, Sandbox};

fn start() -> Sandbox {
    Sandbox::start(Options::default()).expect("the sandbox did not start")
}

fn connect(sandbox: &Sandbox) -> TcpStream {
    let stream = TcpStream::connect(sandbox.http.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Sends and reads to the end of the connection; the error if it ended in one.
fn exchange(sandbox: &Sandbox, request: &[u8]) -> (String, Option<std::io::ErrorKind>) {
    let mut stream = connect(sandbox);
    stream.write_all(request).unwrap();
    let mut bytes = Vec::new();
    let outcome = stream.read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), outcome.err().map(|error| error.kind()))
}

fn get(sandbox: &Sandbox, target: &str) -> String {
    exchange(sandbox, format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes()).0
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// curl's output and exit code; no proxy and no configuration of the machine's.
fn curl(arguments: &[&str]) -> (String, i32) {
    let output = Command::new("curl").args(["-q", "-sS", "--noproxy", ""]).args(arguments).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap())
}

fn curl_status(arguments: &[&str]) -> String {
    let mut all = vec!["-o", "/dev/null", "-w", "%{http_code}"];
    all.extend_from_slice(arguments);
    curl(&all).0
}

#[test]
fn raw_gives_the_bytes_back() {
    let sandbox = start();
    let request = b"POST /raw?a=%41 HTTP/1.1\r\nhOsT: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    let (answer, _) = exchange(&sandbox, request);
    assert_eq!(body(&answer).as_bytes(), request);
}

#[test]
fn the_log_tells_connections_and_keys() {
    let sandbox = start();
    let mut stream = connect(&sandbox);
    stream.write_all(b"GET /get HTTP/1.1\r\nX-Case: k\r\n\r\n").unwrap();
    stream.write_all(b"PUT /get?case=k HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    get(&sandbox, "/get?other=1");
    let log: serde_json::Value = serde_json::from_str(body(&get(&sandbox, "/_log?key=k"))).unwrap();
    assert_eq!(log.as_array().unwrap().len(), 2);
    assert_eq!((&log[0]["connection"], &log[0]["request_on_connection"]), (&1.into(), &1.into()));
    assert_eq!((&log[1]["connection"], &log[1]["request_on_connection"]), (&1.into(), &2.into()));
    assert_eq!(log[1]["body"], "aGk=");
    assert_eq!(log[1]["listener"], "http");
    let all: serde_json::Value = serde_json::from_str(body(&get(&sandbox, "/_log?since=2"))).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1, "the sandbox's own pages were logged");
}

#[test]
fn expect_is_answered_before_the_body() {
    let sandbox = start();
    let mut stream = connect(&sandbox);
    stream
        .write_all(b"POST /upload HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "{rest}");
    let (answer, _) =
        exchange(&sandbox, b"POST /expect-fail HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 417 "), "{answer}");
}

#[test]
fn faults_end_as_their_names_say() {
    let sandbox = start();
    let one = |target: &str| exchange(&sandbox, format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
    assert_eq!(one("/fault/reset"), (String::new(), Some(std::io::ErrorKind::ConnectionReset)));
    assert_eq!(one("/fault/close"), (String::new(), None));
    assert_eq!(one("/fault/half-close"), (String::new(), None));
    let (answer, end) = one("/fault/truncate?length=100&sent=50");
    assert_eq!((body(&answer).len(), end), (50, None));
    assert!(answer.contains("Content-Length: 100\r\n"));
    let (answer, end) = one("/fault/truncate?end=reset&sent=0");
    assert!(answer.is_empty() || answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(end, Some(std::io::ErrorKind::ConnectionReset));
    assert!(one("/fault/close-idle").0.ends_with("closing without a word\n"));
}

#[test]
fn the_next_request_meets_a_closed_connection() {
    let sandbox = start();
    let mut stream = connect(&sandbox);
    stream.write_all(b"GET /fault/close-on-next HTTP/1.1\r\n\r\n").unwrap();
    let mut first = [0; 4096];
    let count = stream.read(&mut first).unwrap();
    assert!(!String::from_utf8_lossy(&first[..count]).contains("Connection: close"));
    stream.write_all(b"GET /get HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(stream.read(&mut first).unwrap(), 0);
}

#[test]
fn a_413_comes_before_the_body_is_read() {
    let sandbox = start();
    for (query, end) in [("close=1", true), ("close=0", false)] {
        let mut stream = connect(&sandbox);
        let head =
            format!("POST /fault/early-413?read=10&{query} HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n0123456789");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer[..count]);
        assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
        assert_eq!(text.contains("Connection: close"), end);
    }
}

#[test]
fn flaky_counts_by_key() {
    let sandbox = start();
    let answers: Vec<bool> =
        (0..3).map(|_| get(&sandbox, "/flaky?key=a&fail=2&retry_after=0").starts_with("HTTP/1.1 503 ")).collect();
    assert_eq!(answers, [true, true, false]);
    assert!(get(&sandbox, "/flaky?key=b&fail=0").starts_with("HTTP/1.1 200 "));
}

#[test]
fn faults_can_be_laid_over_endpoints() {
    let sandbox = start();
    let (answer, _) = exchange(
        &sandbox,
        b"POST /_control?how=status&path=/size&status=500&times=1 HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(get(&sandbox, "/get").starts_with("HTTP/1.1 200 "));
    assert!(get(&sandbox, "/size/1").starts_with("HTTP/1.1 500 "));
    assert!(get(&sandbox, "/size/1").starts_with("HTTP/1.1 200 "));
}

#[test]
fn curl_is_satisfied_by_digest() {
    let sandbox = start();
    for path in [
        "auth/u/p/MD5",
        "auth/u/p/MD5-sess",
        "auth/u/p/SHA-256",
        "auth/u/p/SHA-256-sess",
        "none/u/p/MD5",
        "auth,auth-int/u/p",
        "auth/u/p/MD5?stale=1",
        "auth/u/p/SHA-256?userhash=1",
        "auth/u/p?multi=2",
    ] {
        let url = format!("{}/digest-auth/{path}", sandbox.http);
        assert_eq!(curl_status(&["--digest", "-u", "u:p", &url]), "200", "{path}");
        assert_eq!(curl_status(&["--digest", "-u", "u:wrong", &url]), "401", "{path}");
    }
}

#[test]
fn curl_undoes_the_codings() {
    let sandbox = start();
    for codings in ["gzip", "deflate", "br", "zstd", "gzip,br,zstd"] {
        let url = format!("{}/encoded?codings={codings}&size=100000", sandbox.http);
        let (text, code) = curl(&["--compressed", &url]);
        assert_eq!((text.len(), code), (100_000, 0), "{codings}");
        assert!(text.starts_with("abcdefghijklmnopqrstuvwxyza"));
    }
}

#[test]
fn certificates_are_good_and_bad_as_named() {
    let sandbox = start();
    let ca = sandbox.ca.to_str().unwrap();
    let at = |url: &str| format!("{url}/get");
    assert_eq!(curl_status(&["--cacert", ca, &at(&sandbox.https)]), "200");
    assert_eq!(curl_status(&["--capath", sandbox.ca_dir.to_str().unwrap(), &at(&sandbox.https)]), "200");
    assert_eq!(curl_status(&["--cacert", ca, "--pinnedpubkey", &sandbox.pin, &at(&sandbox.https)]), "200");
    for bad in [&sandbox.https_selfsigned, &sandbox.https_expired, &sandbox.https_wronghost] {
        assert_eq!(curl(&["--cacert", ca, &at(bad)]).1, 60, "{bad}");
    }
    let mtls = at(&sandbox.https_mtls);
    assert_eq!(curl_status(&["--cacert", ca, &mtls]), "000");
    assert_eq!(curl_status(&["--cacert", ca, "--cert", sandbox.client_pem.to_str().unwrap(), &mtls]), "200");
    let cert = format!("{}:secret", sandbox.client_cert.display());
    let key = sandbox.client_key_encrypted.to_str().unwrap();
    assert_eq!(curl_status(&["--cacert", ca, "--cert", &cert, "--key", key, &mtls]), "200");
    assert_eq!(curl_status(&["--unix-socket", sandbox.unix.to_str().unwrap(), "http://h/get"]), "200");
}

#[test]
fn proxies_forward_to_loopback_only() {
    let sandbox = start();
    let ca = sandbox.ca.to_str().unwrap();
    let (http, https) = (format!("{}/get", sandbox.http), format!("{}/get", sandbox.https));
    assert_eq!(curl_status(&["-x", &sandbox.http_proxy, &http]), "200");
    assert_eq!(curl_status(&["--cacert", ca, "-x", &sandbox.http_proxy, &https]), "200");
    assert_eq!(curl_status(&["-x", &sandbox.http_proxy_auth, &http]), "407");
    assert_eq!(curl_status(&["-x", &sandbox.http_proxy_auth, "-U", "user:pass", &http]), "200");
    assert_eq!(curl_status(&["--cacert", ca, "--proxy-cacert", ca, "-x", &sandbox.https_proxy, &https]), "200");
    assert_eq!(curl_status(&["-x", &sandbox.http_proxy, "http://192.0.2.1/"]), "403");
    let port = sandbox.http.rsplit(':').next().unwrap();
    let name = format!("http://name.test:{port}/get");
    let address = sandbox.socks_proxy.trim_start_matches("socks5h://");
    for version in ["socks4a", "socks5h"] {
        assert_eq!(curl_status(&["-x", &format!("{version}://{address}"), &name]), "200", "{version}");
    }
    for version in ["socks4", "socks5"] {
        assert_eq!(curl_status(&["-x", &format!("{version}://{address}"), &http]), "200", "{version}");
    }
    let closed = sandbox.socks_proxy_auth.trim_start_matches("socks5h://");
    assert_eq!(curl_status(&["-x", &format!("socks5h://user:pass@{closed}"), &name]), "200");
    assert_eq!(curl(&["-x", &format!("socks5h://user:no@{closed}"), &name]).1, 97);
    let log: serde_json::Value = serde_json::from_str(body(&get(&sandbox, "/_log?listener=socks_proxy"))).unwrap();
    let kinds: Vec<&str> =
        log.as_array().unwrap().iter().map(|entry| entry["socks"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["name", "name", "ipv4", "ipv4"]);
}

#[test]
fn proxies_keep_the_connection_and_the_faults() {
    let sandbox = start();
    let mut stream = TcpStream::connect(sandbox.http_proxy.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("POST {}/upload HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", sandbox.http);
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        while !answer.ends_with("}\n") {
            let mut piece = [0; 1024];
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "{answer}");
            answer.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        assert!(answer.contains("\"count\": 3"), "{answer}");
    }
    stream.write_all(format!("GET {}/fault/truncate HTTP/1.1\r\n\r\n", sandbox.http).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(body(&answer).len(), 50);
}

#[test]
fn files_are_gone_after_the_drop() {
    let sandbox = start();
    let (dir, http) = (sandbox.dir.clone(), sandbox.http.clone());
    assert!(dir.join("ca.pem").exists());
    drop(sandbox);
    assert!(!dir.exists());
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(http.trim_start_matches("http://")).is_err()
    });
    assert!(gone, "the listener outlived the sandbox");
}

#[test]
fn the_program_announces_itself_and_ends_with_its_input() {
    let ready = std::env::temp_dir().join(format!("haft-sandbox-ready-{}", std::process::id()));
    let mut child = Command::new(env!("CARGO_BIN_EXE_haft-sandbox"))
        .args(["http", "--until-eof", "--parent-death", "--fault", "how=status&path=/get&status=599", "--ready"])
        .arg(&ready)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), line);
    let facts: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(curl_status(&[&format!("{}/get", facts["http"].as_str().unwrap())]), "599");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!ready.exists());
    assert!(!std::path::Path::new(facts["dir"].as_str().unwrap()).exists());
}
