//! exploration
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "test")]
#[path = "faults/player.rs"]
mod player;
use player::*;

#[test]
fn explore() {
    let sandbox = sandbox();
    let mut player = Player::start();
    player.create("0", &sandbox.http, &["j:timeouts={\"total\":8,\"read\":1}"]);
    for path in std::fs::read_to_string("/tmp/paths").unwrap().lines() {
        for verb in ["GET", "POST"] {
            forget(&sandbox);
            let r = if verb == "POST" { player.call(verb, path, &["s:data=hello"]) } else { player.call(verb, path, &[]) };
            let l = log(&sandbox);
            let after = player.call("GET", "/get?after", &[]);
            let l2 = log(&sandbox);
            println!("{verb} {path}: {} {} | {} | retry={} | http={} size={} | n={} same_conn={} ms={}", r["status"], r["message"], r["detail"], r["retryable"], r["http"], r["size"], l.len(),
              l2[l2.len()-1]["connection"] == l2[0]["connection"], r["ms"]);
            assert_eq!(after["status"], "HAFT_OK");
        }
    }
    player.end();
}
