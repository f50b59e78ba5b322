//! The server of nghttp2, which knows nothing of us, of the sandbox, or of the crate that we use.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use haft::{args::Args, session::Session, value::Tree};
use haft_tools::native::scratch;
use serde_json::json;

use super::bed::{Pieces, WAYS, Way, args, call, get, meta, noise};

/// The running server and its address.
struct Nghttpd(Child, String);

impl Nghttpd {
    /// Starts it; it echoes what is uploaded while it comes.
    fn start(name: &str, more: &[&str]) -> Nghttpd {
        let folder = scratch(&format!("nghttpd_{name}"));
        fs::write(folder.join("large"), noise(6 << 20)).unwrap();
        fs::write(folder.join("small"), "small\n").unwrap();
        // It cannot be asked for the port that it got: one that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("nghttpd");
        command
            .args(["--no-tls", "--echo-upload", "--address=127.0.0.1", "-d"])
            .arg(&folder)
            .args(more)
            .arg(port.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("scripts/test installs nghttpd");
        let server = Nghttpd(child, format!("http://127.0.0.1:{port}"));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {}
        server
    }

    fn session(&self) -> Session {
        Session::create(&self.1, &args(&json!({"trust_env": false, "http_version": "2", "timeout": 30}))).unwrap()
    }
}

impl Drop for Nghttpd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn files_come_and_uploads_come_back() {
    let server = Nghttpd::start("files", &[]);
    let session = server.session();
    let (large, upload) = (noise(6 << 20), noise(5 << 20));
    for way in WAYS {
        assert_eq!(
            (get(&session, way, "/small").body(), get(&session, way, "/small").status()),
            (&b"small\n"[..], 200)
        );
        assert!(get(&session, way, "/large").body() == large);
        assert_eq!(get(&session, way, "/absent").status(), 404);
        // The echo begins before the upload has ended: both go on.
        let mut bytes = Args::new();
        bytes.set("data", Tree::Bytes(upload.clone().into()));
        let mut pieces = Args::new();
        pieces.set("data", Pieces::tree(upload.clone(), None, false));
        for body in [bytes, pieces] {
            let answer = call(&session, way, "POST", "/", &body).unwrap();
            assert!(answer.status() == 200 && answer.body() == upload, "{way:?}: {} bytes", answer.body().len());
        }
    }
    assert_eq!(meta(&get(&session, Way::Blocking, "/small"))["reused"], json!(true));
}

#[test]
fn its_limits_are_kept() {
    let server = Nghttpd::start("limits", &["--max-concurrent-streams=3", "--window-bits=10", "--header-table-size=0"]);
    let session = server.session();
    let calls = 300;
    for _ in 0..calls {
        session.submit(Some("GET"), Some("/small"), &Args::new()).unwrap();
    }
    for _ in 0..calls {
        assert_eq!(session.poll(-1).unwrap().unwrap().take_response().unwrap().body(), b"small\n");
    }
    let upload = noise(100_000);
    for way in WAYS {
        let mut bytes = Args::new();
        bytes.set("data", Tree::Bytes(upload.clone().into()));
        assert!(call(&session, way, "POST", "/", &bytes).unwrap().body() == upload);
    }
}
