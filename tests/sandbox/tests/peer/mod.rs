//! What the tests speak with: raw sockets and curl, nothing of the sandbox's own protocols.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use haft_sandbox::{Options, Sandbox};
use serde_json::Value;

pub fn start() -> Sandbox {
    Sandbox::start(Options::default()).expect("the sandbox did not start")
}

/// A connection to a plain URL; reads give up after ten seconds.
pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// The whole answer to one request of HTTP/1.1.
pub fn request(url: &str, method: &str, target: &str, more: &str, body: &[u8]) -> String {
    let mut stream = connect(url);
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A page of the sandbox's own as JSON.
pub fn page(sandbox: &Sandbox, method: &str, target: &str) -> Value {
    let answer = request(&sandbox.http, method, target, "", b"");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or(Value::Null)
}

/// Looks at a page until it is as wanted.
pub fn wait_for(sandbox: &Sandbox, target: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1000 {
        let value = page(sandbox, "GET", target);
        if wanted(&value) {
            return value;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{target} was never as wanted: {}", page(sandbox, "GET", target));
}

/// curl's output and exit code; no proxy and no configuration of the machine's.
pub fn curl(arguments: &[&str]) -> (String, i32) {
    let output =
        Command::new("curl").args(["-q", "-sS", "-m", "20", "--noproxy", ""]).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap())
}
