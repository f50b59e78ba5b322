//! haft in loops of others: what every loop counts on, and the loop of asyncio. Those of poll, epoll, libuv and GLib are
//! programs of `examples-c` and run with them (`tests/examples.rs`).

#![allow(clippy::unwrap_used, reason = "a test stops at what must not be")]

use std::{ffi::OsStr, fs, process::Command};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{check, libraries, root, run, scratch};

#[test]
fn the_descriptor_is_a_level() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    check("events_loop.c", &[OsStr::new(&sandbox.http)]);
}

#[test]
fn asyncio_watches_it_and_its_collector_frees() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let mut python = Command::new("python3");
    // Warnings of the interpreter, such as a coroutine that nobody waited for, are errors.
    python
        .args(["-X", "faulthandler", "-W", "error"])
        .arg(root().join("examples-python/asyncio_loop.py"))
        .arg(&sandbox.http);
    let output = python.env("HAFT_LIBRARY", libraries().join("libhaft.so")).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    assert_eq!(lines.last(), Some(&"10 sessions with 200 calls in flight were freed by a garbage collector"));
}

#[test]
fn examples_of_loops_that_are_not_installed_are_left_out() {
    let folder = scratch("loops_left_out");
    for file in ["Makefile", "15_poll_loop.c", "17_libuv_loop.c", "18_glib_loop.c"] {
        fs::copy(root().join("examples-c").join(file), folder.join(file)).unwrap();
    }
    let mut make = Command::new("make");
    make.args(["-n", "PKG_CONFIG=false", "HAFT_CFLAGS=", "HAFT_LIBS=-lhaft", "HAFT_LIBDIR=/lib"]);
    let told = run(make.current_dir(&folder).env_remove("MAKEFLAGS"));
    assert!(told.contains("left out: 17_libuv_loop 18_glib_loop") && told.contains("libuv1-dev"), "{told}");
    assert!(told.contains("15_poll_loop.c") && !told.contains("17_libuv_loop.c"), "{told}");
}
