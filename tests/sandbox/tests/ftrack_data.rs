//! What the ftrack server holds in a file: killed at any moment, it goes on from what it had answered.

mod peer;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use peer::request;
use serde_json::{Value, json};

const CREDENTIALS: &str = "ftrack-user: jenkins\r\nftrack-api-key: secret-key\r\n";

/// A folder of its own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("haft-sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server process.
struct Server {
    child: Child,
    url: String,
    storage: String,
}

impl Server {
    fn start(data: &Path, more: &[&str]) -> Result<Server, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haft-sandbox"));
        command.args(["ftrack", "--parent-death", "--data"]).arg(data).args(more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(told) = serde_json::from_str::<Value>(&line) else {
            let output = child.wait_with_output().unwrap();
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        };
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Ok(Server { child, url: text("ftrack"), storage: text("ftrack_storage") })
    }

    /// As the machine's power ends it: no signal that could be handled.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn call(&self, more: &str, operations: &Value) -> Value {
        body(&request(&self.url, "POST", "/api", more, operations.to_string().as_bytes()))
    }

    fn query(&self, expression: &str) -> Value {
        self.call(CREDENTIALS, &json!([{"action": "query", "expression": expression}]))[0]["data"].clone()
    }
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)).unwrap_or(Value::Null)
}

#[test]
fn a_killed_server_goes_on_from_what_it_answered() {
    let folder = Folder::new("killed");
    let data = folder.0.join("data.db");
    let label = |id: &str| json!({"action": "create", "entity_type": "NoteLabel", "entity_data": {"id": id, "name": id}});
    let server = Server::start(&data, &[]).unwrap();
    let task = server.query("select id from Task")[0]["id"].clone();
    let changed = json!([
        label("one"), label("two"), label("gone"),
        {"action": "update", "entity_type": "Task", "entity_key": [task], "entity_data": {"name": "kept", "bid": 7}},
    ]);
    assert_eq!(server.call(CREDENTIALS, &changed).as_array().unwrap().len(), 4);
    let left = json!([{"action": "delete", "entity_type": "NoteLabel", "entity_key": ["gone"]}, label("three")]);
    assert_eq!(server.call(CREDENTIALS, &left).as_array().unwrap().len(), 2);
    // What was refused as a whole is not in it either.
    let refused = json!([label("four"), label("one")]);
    assert_eq!(server.call(CREDENTIALS, &refused)["exception"], "DuplicateEntryError");
    let before = ["Task", "NoteLabel", "User", "Metadata"].map(|kind| server.query(kind));
    server.kill();
    let server = Server::start(&data, &[]).unwrap();
    assert_eq!(["Task", "NoteLabel", "User", "Metadata"].map(|kind| server.query(kind)), before, "and in the same order");
    let names = server.query("select name from NoteLabel");
    let names: Vec<_> = names.as_array().unwrap().iter().map(|label| label["name"].as_str().unwrap()).collect();
    assert_eq!(names[names.len() - 3..], ["one", "two", "three"]);
    assert_eq!(server.query("select name from Task where bid is 7")[0]["name"], "kept");
    // Places are not used twice: what is made now comes behind.
    server.call(CREDENTIALS, &json!([label("five")]));
    server.kill();
    let server = Server::start(&data, &[]).unwrap();
    assert_eq!(server.query("select name from NoteLabel").as_array().unwrap().last().unwrap()["name"], "five");
    // Back to the seed, which is what the next one finds.
    request(&server.url, "DELETE", "/_ftrack", "", b"");
    assert!(!server.query("select name from NoteLabel").to_string().contains("five"));
    server.kill();
    let server = Server::start(&data, &[]).unwrap();
    assert!(!server.query("select name from NoteLabel").to_string().contains("five"));
    assert_ne!(server.query("select name from Task").as_array().unwrap().len(), 0);
}

#[test]
fn bytes_and_keys_are_kept() {
    let folder = Folder::new("bytes");
    let data = folder.0.join("data.db");
    let server = Server::start(&data, &[]).unwrap();
    for (id, bytes) in [("c1", &b"hello \0 there"[..]), ("c2", b"gone")] {
        let asked = json!([{"action": "get_upload_metadata", "component_id": id, "file_name": "a b.txt", "file_size": 1, "checksum": null}]);
        let url = server.call(CREDENTIALS, &asked)[0]["url"].as_str().unwrap().to_owned();
        let target = url.strip_prefix(&server.storage).unwrap();
        let answer = request(&server.storage, "PUT", target, "Content-Disposition: attachment; filename=\"a b.txt\"\r\n", bytes);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let gone = request(&server.url, "GET", "/component/remove?id=c2&username=jenkins&apiKey=secret-key", "", b"");
    assert!(gone.starts_with("HTTP/1.1 200"), "{gone}");
    let user = server.query("select id from User where username is jenkins")[0]["id"].clone();
    let reset = json!([{"action": "reset_remote", "reset_type": "api_key", "entity_type": "User", "entity_key": user}]);
    let key = server.call(CREDENTIALS, &reset)[0]["data"]["api_key"].as_str().unwrap().to_owned();
    server.kill();
    let server = Server::start(&data, &["--ftrack", "set=1&redirect=0"]).unwrap();
    assert_eq!(server.call(CREDENTIALS, &json!([]))["exception"], "InvalidCredentialsError");
    assert_eq!(server.call(&format!("ftrack-user: jenkins\r\nftrack-api-key: {key}\r\n"), &json!([])), json!([]));
    let answer = request(&server.url, "GET", &format!("/component/get?id=c1&username=jenkins&apiKey={key}"), "", b"");
    assert!(answer.ends_with("hello \0 there") && answer.contains("filename=\"a b.txt\""), "{answer}");
    let answer = request(&server.url, "GET", &format!("/component/get?id=c2&username=jenkins&apiKey={key}"), "", b"");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn a_file_that_cannot_be_is_refused() {
    let folder = Folder::new("refused");
    let data = folder.0.join("data.db");
    let server = Server::start(&data, &[]).unwrap();
    let why = Server::start(&data, &[]).err().unwrap();
    assert!(why.contains("data.db") && why.contains("locked"), "{why}");
    server.kill();
    let other = folder.0.join("other.db");
    std::fs::write(&other, "this is no database, however one looks at it").unwrap();
    let why = Server::start(&other, &[]).err().unwrap();
    assert!(why.contains("other.db") && why.contains("not a database"), "{why}");
    // Types that do not know what the file has.
    let schemas = folder.0.join("schemas.json");
    std::fs::write(&schemas, r#"[{"id": "Thing", "primary_key": ["id"], "properties": {"id": {"type": "string"}}}]"#).unwrap();
    let why = Server::start(&data, &["--schemas", schemas.to_str().unwrap()]).err().unwrap();
    assert!(why.contains("which is no type"), "{why}");
}
