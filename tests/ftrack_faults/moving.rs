//! Transfers that fail on the way: nothing is registered, nothing half done stays, and the next try does it.

use std::{fs, sync::Arc};

use haft::{
    args::Args,
    error::{Outcome, Status},
    session::{HostCode, Session},
    value::{Provider, Tree},
};
use haft_sandbox::{Options, Sandbox};
use serde_json::json;

use crate::{
    bed::{Folder, args, call, fails, inspect, open, session},
    guard::{clean, ten},
};

const KEY: &str = "secret-key";
const TEST: &str = "Location/b96b3f33-e8f2-57ca-bd52-d57135ad3635";

fn quiet() -> Sandbox {
    let options = Options { ftrack: Some(haft_sandbox::FtrackSetup::default()), log: false, ..Options::default() };
    Sandbox::start(options).unwrap()
}

/// How many components and registrations the server has.
fn known(sandbox: &Sandbox) -> [usize; 2] {
    ["Component", "ComponentLocation"]
        .map(|kind| sandbox.ftrack_query(&format!("select id from {kind}")).unwrap().as_array().unwrap().len())
}

fn nothing_staged(session: &Session) {
    for what in ["operations", "created", "modified", "deleted"] {
        assert_eq!(inspect(session, what), json!([]), "{what}");
    }
}

/// Whatever refuses or breaks an upload, in one part and in several.
#[test]
fn an_upload_that_fails() {
    let (sandbox, folder) = (quiet(), Folder::new());
    let path = folder.file("clip.mov");
    fs::write(&path, vec![7; 60_000]).unwrap();
    let before = known(&sandbox);
    for (fault, parts) in [
        ("fault=status&action=upload&status=403", 1),
        ("fault=status&action=upload&status=503&part=2", 3),
        ("fault=hangup&action=upload&sent=1000", 1),
        ("fault=cut&action=upload&part=3", 3),
        ("fault=error&action=get_upload_metadata&op=0", 1),
        ("fault=error&action=complete_multipart_upload&op=0", 3),
        ("fault=cut&when=before&action=complete_multipart_upload", 3),
    ] {
        ten(&format!("{fault} of {parts}"), &[KEY, "signature="], |_| {
            let session = session(&sandbox, "{}");
            sandbox.ftrack_order(fault).unwrap();
            let error = fails(&session, "upload", &path, &json!({"parts": parts, "retry": 0}).to_string());
            assert_eq!(error.known_outcome(), Some(Outcome::NotSent), "{fault}: {error}");
            clean(&error, &[KEY, "signature="]);
            assert_eq!(known(&sandbox), before, "{fault}");
            nothing_staged(&session);
            // The storage keeps the parts of what was never completed.
            sandbox.ftrack_order("reset=1").unwrap();
        });
    }
}

/// A download that is cut goes on where it was, and has every byte once.
#[test]
fn a_download_that_is_cut() {
    let (sandbox, folder) = (quiet(), Folder::new());
    let content: Vec<u8> = (0..200_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let path = folder.file("clip.mov");
    fs::write(&path, &content).unwrap();
    let target = {
        let session = session(&sandbox, "{}");
        format!("FileComponent/{}", call(&session, "upload", &path, "{}")["id"].as_str().unwrap())
    };
    let out = folder.file("out");
    let whole = || {
        assert!(fs::read(&out).unwrap() == content);
        fs::remove_file(&out).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "the source alone");
    };
    ten("a cut download", &[KEY, "signature="], |turn| {
        let session = session(&sandbox, "{}");
        let order = json!({"save_to": out, "resume": true}).to_string();
        let sent = 1000 * (turn + 1);
        sandbox.ftrack_order(&format!("fault=truncate&action=download&sent={sent}")).unwrap();
        let error = fails(&session, "download", &target, &order);
        assert_eq!(error.code(), "incomplete_read", "{error}");
        clean(&error, &[KEY, "signature="]);
        assert!(!fs::exists(&out).unwrap(), "what is not whole has not that name");
        assert_eq!(call(&session, "download", &target, &order), content.len() - sent);
        whole();
    });
    // Stretches go on by themselves.
    ten("a cut download of three stretches", &[KEY, "signature="], |turn| {
        let session = session(&sandbox, "{}");
        sandbox.ftrack_order(&format!("fault=truncate&action=download&sent={}", 1000 * (turn + 1))).unwrap();
        assert_eq!(
            call(&session, "download", &target, &json!({"save_to": out, "parts": 3}).to_string()),
            content.len()
        );
        whole();
    });
}

/// A storage of the host that fails at one of its methods.
struct Failing(&'static str);

impl Provider for Failing {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let _inside = HostCode::enter();
        let method = call.get("method").and_then(Tree::as_str).unwrap_or_default().to_owned();
        if method == self.0 {
            reply.set("message", "no space is left");
            return Status::Io;
        }
        match &*method {
            "open" => drop(reply.set("value", 1_i64)),
            "exists" | "is_file" | "is_container" => drop(reply.set("value", false)),
            _ => {}
        }
        Status::Ok
    }
}

/// An accessor that fails half-way: nothing is registered.
#[test]
fn an_accessor_that_fails() {
    let (sandbox, folder) = (quiet(), Folder::new());
    let before = known(&sandbox);
    for number in 1..=3 {
        fs::write(folder.file(&format!("f.{number}.exr")), "frames").unwrap();
    }
    let sequence = folder.file("f.%d.exr [1-3]");
    for method in ["open", "write", "close"] {
        ten(&format!("a storage whose {method} fails"), &[KEY], |_| {
            let mut options = args(
                &json!({"location": [{"id": &TEST[9..], "priority": 1, "accessor": "failing", "structure": "id"}]})
                    .to_string(),
            );
            options.set("accessor.failing", Tree::Provider(Arc::new(Failing(method))));
            let session = open(&sandbox, options).unwrap();
            let error = fails(&session, "create_component", &sequence, &json!({"location": TEST}).to_string());
            assert_eq!(error.code(), "accessor_operation_failed", "{method}: {error}");
            assert_eq!(error.detail().get("operation").and_then(Tree::as_str), Some(method));
            assert_eq!(error.known_outcome(), Some(Outcome::NotSent));
            clean(&error, &[KEY]);
            assert_eq!(known(&sandbox), before, "{method}");
            nothing_staged(&session);
        });
    }
}
