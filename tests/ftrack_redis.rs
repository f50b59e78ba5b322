//! The Redis layer, against a Redis server of its own: `cargo test --features redis --test ftrack_redis`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bed::{Folder, TASK, call, inspect, mark, sandbox, sent, session};
use serde_json::json;

struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    fn start(folder: &Folder, port: u16) -> Redis {
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(&folder.0);
        let child = command.stdout(Stdio::null()).spawn().expect("redis-server is needed: scripts/test installs it");
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "redis-server did not start");
            std::thread::yield_now();
        }
        Redis { child, url: format!("redis://127.0.0.1:{port}/0") }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_farm_shares_what_one_has_seen() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let port = free_port();
    let redis = Redis::start(&folder, port);
    let url = redis.url.clone();
    let cached = || session(&sandbox, &json!({ "cache": url }).to_string());
    let first = cached();
    call(&first, "query", "select name, bid from Task", "{}");
    let second = cached();
    call(&second, "query", "select description from Task", "{}");
    let third = cached();
    let since = mark(&sandbox);
    let found = call(&third, "get", &format!("Task/{TASK}"), "{}");
    assert_eq!((&found["name"], &found["bid"], found.get("description").is_some()), (&json!("t1"), &json!(3600), true));
    assert_eq!(sent(&sandbox, since).len(), 0);
    assert_eq!(inspect(&third, "cache")["hits"], 1);
    // What it holds is readable by others, under Python's key.
    let mut kept = String::new();
    let mut client = Command::new("redis-cli")
        .args(["-p", &port.to_string(), "get", &format!("ftrack:('Task', ['{TASK}'])")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdout.take().unwrap().read_to_string(&mut kept).unwrap();
    client.wait().unwrap();
    assert!(kept.contains("\"name\": \"t1\""), "{kept}");
    assert_eq!(call(&third, "invalidate", &format!("Task/{TASK}"), "{}"), 1);
    let fresh = cached();
    let since = mark(&sandbox);
    call(&fresh, "get", &format!("Task/{TASK}"), "{}");
    assert_eq!(sent(&sandbox, since).len(), 1);
    call(&first, "invalidate", "", "{}");

    // Python's other keys are bytes, and neither kind is taken for the other.
    let by_object = || session(&sandbox, &json!({"cache": url, "cache_key_maker": "object"}).to_string());
    for asked in [1, 0] {
        let since = mark(&sandbox);
        assert_eq!(call(&by_object(), "get", &format!("Task/{TASK}"), r#"{"auto_populate": false}"#)["name"], "t1");
        assert_eq!(sent(&sandbox, since).iter().filter(|body| body.to_string().contains("expression")).count(), asked);
    }
    call(&by_object(), "invalidate", "", "{}");
    let since = mark(&sandbox);
    call(&by_object(), "get", &format!("Task/{TASK}"), "{}");
    assert_ne!(sent(&sandbox, since).iter().filter(|body| body.to_string().contains("expression")).count(), 0);
    call(&first, "invalidate", "", "{}");

    // Without the server the sessions go on, and find it again.
    drop(redis);
    let since = mark(&sandbox);
    call(&third, "invalidate", &format!("Task/{TASK}"), "{}");
    assert_eq!(call(&third, "get", &format!("Task/{TASK}"), "{}")["name"], "t1");
    assert_eq!(sent(&sandbox, since).len(), 1);
    let redis = Redis::start(&folder, port);
    call(&third, "query", "select name from Task", "{}");
    let fourth = session(&sandbox, &json!({"cache": redis.url}).to_string());
    let since = mark(&sandbox);
    assert_eq!(call(&fourth, "get", &format!("Task/{TASK}"), "{}")["name"], "t1");
    assert_eq!(sent(&sandbox, since).len(), 0);
}
