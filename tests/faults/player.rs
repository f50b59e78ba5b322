//! Drives `tests/c/faults.c`, the host that does what it is told, against a sandbox of its own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    clippy::missing_panics_doc,
    reason = "a test stops at what must not be, and each program uses its part"
)]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, compile, root, scratch};
use serde_json::Value;

/// A field that is NULL in C.
pub const NULL: &str = "\u{1}";

/// What the C programs have to be: clean in the oldest standard that the header allows.
pub const STRICT: [&str; 2] = ["-std=c99", "-pedantic"];

/// The program, compiled once for each test binary.
pub fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let name = std::env::current_exe().unwrap().file_stem().unwrap().to_string_lossy().into_owned();
        compile(
            &root().join("tests/c/faults.c"),
            Link::Shared,
            &STRICT,
            &scratch(&format!("player_{name}_{}", std::process::id())),
        )
    };
    PROGRAM.get_or_init(make).clone()
}

/// Whether calls go by way of the reactor: submitted, their answers polled for.
pub fn by_queue() -> bool {
    env!("CARGO_CRATE_NAME") == "reactor"
}

/// One running host.
pub struct Player {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Player {
    /// The plain program.
    pub fn start() -> Player {
        Player::run(Command::new(program()))
    }

    /// The program as `command` runs it.
    pub fn run(mut command: Command) -> Player {
        // Whatever the machine says about proxies and certificates is no part of a test.
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"] {
            command.env_remove(name);
        }
        command.env("HOME", "/nonexistent");
        // The same cases once more by way of the reactor.
        if by_queue() {
            command.env("BY_QUEUE", "1");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Player { child, input, output }
    }

    /// One command; the answer is what became of it.
    pub fn tell(&mut self, fields: &[&str]) -> Value {
        self.send(fields);
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{:?} was the end of the host: {:?}", shown(fields), self.child.wait());
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{:?}: {error}: {line}", shown(fields)))
    }

    fn send(&mut self, fields: &[&str]) {
        let mut line = String::new();
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                line.push('\t');
            }
            match *field {
                NULL => line.push('-'),
                "-" => line.push_str("%2D"),
                text => text.bytes().for_each(|byte| match byte {
                    b'%' | 0..32 | 127.. => write!(line, "%{byte:02X}").unwrap(),
                    byte => line.push(char::from(byte)),
                }),
            }
        }
        line.push('\n');
        self.input.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// A session in a slot, with these options.
    pub fn create(&mut self, slot: &str, url: &str, options: &[&str]) {
        let made = self.tell(&[&["create", slot, url], options].concat());
        assert_eq!(made["status"], "HAFT_OK", "{made}");
    }

    /// A call of the session in slot 0.
    pub fn call(&mut self, verb: &str, target: &str, options: &[&str]) -> Value {
        self.tell(&[&["request", "0", verb, target], options].concat())
    }

    /// Descriptors and threads.
    pub fn counts(&mut self) -> (i64, i64) {
        let stats = self.tell(&["stats"]);
        (stats["fds"].as_i64().unwrap(), stats["threads"].as_i64().unwrap())
    }

    /// Descriptors and threads are these again: at once, or as soon as the reactor has gone, for which a free does not
    /// wait.
    pub fn settles(&mut self, wanted: (i64, i64)) {
        if by_queue() {
            self.settles_soon(wanted);
        }
        assert_eq!(self.counts(), wanted);
    }

    /// The same where the reactor was at work whatever the way, as for HTTP/2.
    pub fn settles_soon(&mut self, wanted: (i64, i64)) {
        let began = std::time::Instant::now();
        while self.counts() != wanted && began.elapsed().as_secs() < 20 {
            std::thread::yield_now();
        }
        assert_eq!(self.counts(), wanted);
    }

    /// Frees what is left and ends; everything must have been in order.
    pub fn end(mut self) {
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the host ended with {status}");
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        drop(self.input.take());
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn shown(fields: &[&str]) -> String {
    let text = fields.join(" ");
    text.chars().take(300).collect()
}

/// A sandbox with all its servers.
pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

/// One of the sandbox's own pages.
pub fn page(sandbox: &Sandbox, method: &str, target: &str) -> Value {
    let place = sandbox.http.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(place).unwrap();
    write!(stream, "{method} {target} HTTP/1.1\r\nHost: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// What was received since the last [`forget`].
pub fn log(sandbox: &Sandbox) -> Vec<Value> {
    match page(sandbox, "GET", "/_log") {
        Value::Array(entries) => entries,
        other => panic!("the log was {other}"),
    }
}

/// Empties the log.
pub fn forget(sandbox: &Sandbox) {
    page(sandbox, "DELETE", "/_log");
}

/// Waits until a request whose head has `part` in it was received.
pub fn until_received(sandbox: &Sandbox, part: &str) {
    let received = |entry: &Value| entry["raw"].as_str().is_some_and(|raw| raw.contains(part));
    for _ in 0..30_000 {
        if log(sandbox).iter().any(received) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("no request with {part:?} was received");
}

/// Looks at every `expected` member of a result.
pub fn expect(found: &Value, expected: &[(&str, Value)], what: &str) {
    for (pointer, value) in expected {
        assert_eq!(found.pointer(pointer).unwrap_or(&Value::Null), value, "{what}: {pointer} in {found:#}");
    }
}

/// A file of the sandbox as text.
pub fn text(path: &Path) -> String {
    path.display().to_string()
}
