//! What the sandbox's storage holds, and files to put there.

use haft::{session::Session, value::Tree};
use haft_sandbox::Sandbox;
use serde_json::{Value, json};

use super::bed::{Folder, call};

/// Bytes that are nowhere the same.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

pub fn file(folder: &Folder, name: &str, content: &[u8]) -> String {
    let path = folder.file(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The MD5 of a component's bytes on the server, in hex; none when it has none.
pub fn stored(sandbox: &Sandbox, component: &str) -> Option<(u64, String)> {
    let state: Value = ureq_get(&format!("{}/_ftrack", sandbox.http));
    let file = &state["files"][component];
    Some((file["size"].as_u64()?, file["md5"].as_str()?.to_owned()))
}

pub fn ureq_get(url: &str) -> Value {
    let session = Session::create("http:", &haft::args::Args::new()).unwrap();
    super::bed::value(&session.request(Some("GET"), Some(url), &haft::args::Args::new()).unwrap())
}

/// Puts bytes under a component's identifier, past everything else.
pub fn put(sandbox: &Sandbox, component: &str, content: &[u8]) {
    let mut args = haft::args::Args::new();
    args.set("data", Tree::from(content));
    let session = Session::create("http:", &haft::args::Args::new()).unwrap();
    let answer = session
        .request(Some("PUT"), Some(&format!("{}/storage/{component}?signature=sandbox", sandbox.http)), &args)
        .unwrap();
    assert_eq!(answer.status(), 200);
}

pub fn md5(content: &[u8]) -> String {
    use md5::{Digest, Md5};
    Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the server has such a component, and whether it is registered in the server location.
pub fn known(sandbox: &Sandbox, name: &str) -> (usize, usize) {
    let count = |text: String| sandbox.ftrack_query(&text).unwrap().as_array().unwrap().len();
    let components = count(format!("select id from FileComponent where name is \"{name}\""));
    let registered = count(format!("select id from ComponentLocation where component.name is \"{name}\""));
    (components, registered)
}

/// Uploads and returns the identifier.
pub fn upload(session: &Session, path: &str, args: Value) -> String {
    call(session, "upload", path, &args.to_string())["id"].as_str().unwrap().to_owned()
}

/// A session that does not wait long.
pub fn quick(sandbox: &Sandbox) -> Session {
    super::bed::session(sandbox, &json!({"timeout": 5}).to_string())
}
