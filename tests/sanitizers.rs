//! The C programs under valgrind and under the sanitizers of the compiler: no error, nothing lost.
//!
//! Under the sanitizers the C side is instrumented and the library is the normal one, so what is watched is every
//! allocation of the process, the host's reads of what the library lent it, and what is left at the end.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be, and prints figures"
)]

#[path = "faults/player.rs"]
mod player;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

#[cfg(feature = "media")]
use haft_sandbox::janus::{Janus, Setup};
use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, compile, has, root, run, scratch};
use player::{NULL, Player, sandbox, text, until_received};
use serde_json::json;

const SANITIZE: [&str; 6] = [
    "-std=c99",
    "-pedantic",
    "-O1",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
];

/// Programs that need no server and no argument; valgrind watches them beside their own tests.
const ALONE: &[&str] = &["null.c", "log.c", "arguments.c", "arrow.c", "subscribe.c"];

/// Programs about events, with what they take after the URL of a sandbox. ThreadSanitizer has them in `scripts/tsan`.
const EVENTS: &[(&str, &[&str])] = &[
    ("events_inside.c", &[]),
    ("events_end.c", &[]),
    ("events_loop.c", &[]),
    ("events_cycles.c", &["150", "1000000"]),
];

fn valgrind() -> Command {
    assert!(has("valgrind"), "valgrind is needed: scripts/test installs it");
    let mut command = Command::new("valgrind");
    command.args(["-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
    command.args(["--show-leak-kinds=definite,indirect", "--fair-sched=yes", "--num-callers=30"]);
    let suppressions = root().join("tests/suppressions/valgrind.supp");
    if suppressions.is_file() {
        command.arg(format!("--suppressions={}", suppressions.display()));
    }
    command
}

fn sanitized(name: &str) -> PathBuf {
    let is_strict = name != "wrapper.cpp" && name != "media.c" && !name.starts_with("events_");
    let flags: &[&str] = if is_strict { &SANITIZE } else { &SANITIZE[2..] };
    compile(&root().join("tests/c").join(name), Link::Shared, flags, &scratch(&format!("sanitized_{name}")))
}

fn plain(name: &str) -> PathBuf {
    compile(&root().join("tests/c").join(name), Link::Shared, &player::STRICT, &scratch(&format!("watched_{name}")))
}

fn under_asan(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1");
    command.env("UBSAN_OPTIONS", "print_stacktrace=1");
    command
}

/// A life with everything in it: good calls, faults, streams, submitted work, cancels, mistakes.
fn life(mut player: Player, sandbox: &Sandbox) {
    let ca = format!("s:verify={}", text(&sandbox.ca));
    player.create(
        "0",
        &sandbox.http,
        &["j:timeouts={\"read\":2,\"total\":60}", "s:headers.X-A=b", "p:hooks.response=ok"],
    );
    let rows: &[(&str, &str, &[&str])] = &[
        ("GET", "/get", &["s:params.q=1"]),
        ("POST", "/post", &["j:json={\"a\":[1,2.5,null,\"x\"]}"]),
        ("POST", "/post", &["j:data={\"a\":\"b\"}", "M:files.f=name|text/plain"]),
        ("POST", "/upload", &["r:data=300000"]),
        ("POST", "/upload", &["r:data=300000u"]),
        ("POST", "/upload", &["r:data=300000f"]),
        ("GET", "/redirect/3", &[]),
        ("GET", "/redirect/40", &["i:max_redirects=3"]),
        ("GET", "/cookies/set?a=b", &[]),
        (
            "GET",
            "/digest-auth/auth/user/pass",
            &["j:auth={\"type\":\"digest\",\"username\":\"user\",\"password\":\"pass\"}"],
        ),
        ("GET", "/gzip", &[]),
        ("GET", "/brotli", &[]),
        ("GET", "/zstd", &[]),
        ("GET", "/encoded?codings=zstd&broken=1", &[]),
        ("GET", "/stream/20", &[]),
        ("GET", "/trailers", &[]),
        ("GET", "/size/3000000", &[]),
        ("GET", "/json", &["s:parse=json"]),
        ("GET", "/html", &["s:parse=json"]),
        ("GET", "/status/404?body=no", &["b:raise_for_status=true"]),
        ("GET", "/fault/reset", &[]),
        ("GET", "/fault/close", &[]),
        ("GET", "/fault/truncate", &[]),
        ("GET", "/fault/malformed-chunk", &[]),
        ("GET", "/fault/endless-headers", &[]),
        ("GET", "/fault/two-lengths", &[]),
        ("GET", "/fault/folded-header", &[]),
        ("GET", "/fault/stall-body", &["j:timeouts={\"read\":0.2}"]),
        (
            "GET",
            "/flaky?key=watched&fail=2&code=503",
            &["j:retry={\"total\":2,\"status_forcelist\":[503],\"backoff_factor\":0}"],
        ),
        ("POST", "/fault/early-413?read=1000&linger=1", &["r:data=9000000"]),
        ("GET", "/get", &["s:headers.A=b\r\nc"]),
        ("GE T", "/get", &["r:data=5"]),
        ("GET", "http://nowhere.invalid/", &["p:auth=ok"]),
        ("GET", "/get", &["p:hooks.request=fail"]),
        (NULL, NULL, &[]),
    ];
    for (verb, target, options) in rows {
        let found = player.call(verb, target, options);
        assert!(found["status"].is_string(), "{found}");
    }
    for (session, options) in
        [(&sandbox.https, &[&*ca] as &[&str]), (&sandbox.https, &[]), (&sandbox.https_mtls, &[&ca])]
    {
        player.create("1", session, options);
        player.tell(&["request", "1", "GET", "/get"]);
        player.tell(&["request", "1", "POST", "/upload", "r:data=200000"]);
        player.tell(&["free", "1"]);
    }
    for proxy in [&sandbox.http_proxy, &sandbox.http_proxy_auth, &sandbox.socks_proxy, &sandbox.socks_proxy_auth] {
        player.create("1", &sandbox.https, &[&ca, &format!("j:proxies={}", json!({ "all": proxy }))]);
        player.tell(&["request", "1", "GET", "/get"]);
        player.tell(&["free", "1"]);
    }
    // Streams: read to the end, left in the middle, left at once.
    for most in ["10000000", "5000", "0"] {
        player.tell(&["open", "0", "GET", "/stream-bytes/200000", "1", "b:stream=true"]);
        player.tell(&["read", "1", "4096", most]);
        player.tell(&["drop", "1"]);
    }
    player.tell(&["attach", "0", "2", "/anything/"]);
    player.tell(&["subscribe", "2", "haft.state"]);
    for target in ["one", "two", "/fault/close"] {
        assert_eq!(player.tell(&["submit", "2", "GET", target, "s:tag=t"])["status"], "HAFT_OK");
        player.tell(&["poll", "2", "60000"]);
    }
    player.tell(&["stage", "0", "POST", "/post", "r:data=10"]);
    player.tell(&["stage", "0", "POST", "/status/500"]);
    player.tell(&["stage", "0", "POST", "/post", "s:data=x"]);
    assert_eq!(player.tell(&["commit", "0"])["detail"]["index"], 1);
    player.tell(&["rollback", "0"]);
    player.tell(&["prepare", "0", "POST", "/post", "r:data=10"]);
    for what in ["headers", "cookies", "adapters", "stats", "options", "pool", "state", "nothing"] {
        player.tell(&["inspect", "0", what]);
    }
    player.tell(&["start", "0", "1", "GET", "/fault/stall?cancelled=1"]);
    until_received(sandbox, "cancelled=1");
    player.tell(&["cancel", "0", "0"]);
    assert_eq!(player.tell(&["wait", "1"])["status"], "HAFT_E_CANCELLED");
    player.tell(&["start", "0", "1", "GET", "/fault/stall?closed=1"]);
    player.tell(&["submit", "2", "GET", "/fault/stall?closed=2"]);
    until_received(sandbox, "closed=1");
    until_received(sandbox, "closed=2");
    player.tell(&["close", "0"]);
    assert_eq!(player.tell(&["wait", "1"])["status"], "HAFT_E_CANCELLED");
    player.tell(&["poll", "2", "0"]);
    // What is still open is freed by the host at its end.
    player.end();
}

#[test]
fn a_whole_life_under_valgrind() {
    let sandbox = sandbox();
    let mut command = valgrind();
    command.arg(plain("faults.c")).arg("300");
    life(Player::run(command), &sandbox);
}

#[test]
fn a_whole_life_under_the_sanitizers() {
    let sandbox = sandbox();
    life(Player::run(under_asan(&sanitized("faults.c"))), &sandbox);
}

#[test]
fn every_order_and_many_threads_under_valgrind() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    run(valgrind().arg(plain("misuse_life.c")).args([&*sandbox.http, "4000"]));
    run(valgrind().arg(plain("misuse_host.c")).arg(&sandbox.http));
    run(valgrind().arg(plain("threads.c")).args([&*sandbox.http, "8", "50"]));
}

#[test]
fn every_order_and_many_threads_under_the_sanitizers() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    run(under_asan(&sanitized("misuse_life.c")).args([&*sandbox.http, "400"]));
    run(under_asan(&sanitized("misuse_host.c")).arg(&sandbox.http));
    run(under_asan(&sanitized("threads.c")).args([&*sandbox.http, "32", "300"]));
}

#[test]
fn events_under_valgrind() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    for (name, arguments) in EVENTS {
        let folder = scratch(&format!("watched_{name}"));
        let program = compile(&root().join("tests/c").join(name), Link::Shared, &[], &folder);
        run(valgrind().arg(program).arg(&sandbox.http).args(*arguments));
    }
}

/// Files, frames, callbacks and ends in mid-stream, on the real Janus.
#[cfg(feature = "media")]
#[test]
fn media_under_valgrind_and_the_sanitizers() {
    let janus = Janus::start(&Setup::default()).unwrap();
    let folder = scratch("watched_media");
    let watched = compile(&root().join("tests/c/media.c"), Link::Shared, &[], &folder);
    let mut valgrind = valgrind();
    valgrind.arg(watched);
    for (name, mut command) in [("valgrind", valgrind), ("sanitizers", under_asan(&sanitized("media.c")))] {
        command.arg(&janus.ws).arg(root().join("examples-c/frames.ivf")).arg(folder.join(format!("{name}.webm")));
        run(&mut command);
    }
}

#[test]
fn events_under_the_sanitizers() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    for (name, arguments) in EVENTS {
        run(under_asan(&sanitized(name)).arg(&sandbox.http).args(*arguments));
    }
}

#[test]
fn what_stands_alone_under_the_sanitizers() {
    for name in ALONE.iter().chain(&["wrapper.cpp"]) {
        run(&mut under_asan(&sanitized(name)));
    }
}

#[test]
fn who_watches_sees() {
    let name = "misuse_leak.c";
    for mut command in [under_asan(&sanitized(name)), {
        let mut watched = valgrind();
        watched.arg(plain(name));
        watched
    }] {
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && (told.contains("LeakSanitizer") || told.contains("definitely lost")),
            "a leak was not noticed: {told}"
        );
    }
}

#[test]
fn every_program_is_strict_c_and_cpp() {
    let root = root();
    for name in ["faults.c", "misuse_life.c", "misuse_leak.c", "misuse_host.c", "threads.c"] {
        for standard in [
            &["cc", "-std=c99"] as &[&str],
            &["cc", "-std=c11"],
            &["c++", "-x", "c++", "-std=c++11"],
            &["c++", "-x", "c++", "-std=c++20"],
        ] {
            let mut command = Command::new(standard[0]);
            command.args(&standard[1..]).args(["-fsyntax-only", "-pedantic", "-Wall", "-Wextra", "-Werror"]);
            run(command
                .arg("-I")
                .arg(root.join("include"))
                .arg("-I")
                .arg(root.join("tests/c"))
                .arg(root.join("tests/c").join(name)));
        }
    }
}
