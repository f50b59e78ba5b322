//! A session's life through the C interface: each program of `tests/c` says itself what it wants, against a sandbox.

#![allow(clippy::unwrap_used, reason = "a test stops at what must not be")]

use std::{ffi::OsStr, process::Command};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, check, compile, has, root, run, scratch};

const PROGRAMS: [&str; 5] = ["life_order.c", "life_inside.c", "life_threads.c", "life_queue.c", "life_close.c"];

fn against_the_sandbox(program: &str) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    check(program, &[OsStr::new(&sandbox.http)]);
}

#[test]
fn handles_go_in_any_order() {
    against_the_sandbox("life_order.c");
}

#[test]
fn host_code_may_end_what_it_is_part_of() {
    against_the_sandbox("life_inside.c");
}

#[test]
fn threads_end_each_others_calls() {
    against_the_sandbox("life_threads.c");
}

#[test]
fn events_wait_in_the_queue() {
    against_the_sandbox("life_queue.c");
}

#[test]
fn a_close_answers_every_call_in_time() {
    against_the_sandbox("life_close.c");
}

#[test]
fn nothing_is_leaked_or_used_after_its_end() {
    assert!(has("valgrind"), "valgrind is needed: scripts/test installs it");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    for name in PROGRAMS {
        let program =
            compile(&root().join("tests/c").join(name), Link::Shared, &[], &scratch(&format!("valgrind_{name}")));
        let mut command = Command::new("valgrind");
        command.args(["-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
        run(command.arg("--fair-sched=yes").arg(program).arg(&sandbox.http));
    }
}
