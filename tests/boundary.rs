//! The boundary, exercised from C and C++: each program of `tests/c` says itself what it wants.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{fs, process::Command};

use haft_tools::native::{Link, check, compile, has, root, run, scratch};

#[test]
fn null_is_answered_everywhere() {
    check("null.c", &[]);
}

#[test]
fn the_log_hook_is_replaced_and_dropped() {
    check("log.c", &[]);
}

#[test]
fn arguments_are_written_shown_and_refused() {
    check("arguments.c", &[]);
}

#[test]
fn series_leave_through_arrow() {
    check("arrow.c", &[]);
}

#[test]
fn the_wrapper_frees_and_throws() {
    check("wrapper.cpp", &[]);
}

#[test]
fn two_copies_live_in_one_process_and_outlive_their_unloading() {
    check("unload.c", &[]);
}

#[test]
fn a_forked_child_is_refused() {
    check("fork.c", &[]);
}

#[test]
fn subscriptions_let_go_exactly_once() {
    check("subscribe.c", &[]);
}

#[test]
fn entries_are_cheap() {
    // Printed for who wants to know; the bound is far above what is measured, for busy machines.
    let source = root().join("tests/c/cost.c");
    let program = compile(&source, Link::Shared, &["-O2"], &scratch("cost"));
    println!("{}", run(&mut Command::new(program)));
}

#[test]
fn no_memory_is_lost_or_misused() {
    assert!(has("valgrind"), "valgrind is needed: scripts/test installs it");
    let suppressions = root().join("tests/suppressions/valgrind.supp");
    for name in ["null.c", "log.c", "arguments.c", "arrow.c", "subscribe.c", "wrapper.cpp"] {
        let folder = scratch(&format!("valgrind_{name}"));
        let program = compile(&root().join("tests/c").join(name), Link::Shared, &[], &folder);
        let mut command = Command::new("valgrind");
        command.args(["-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
        if fs::exists(&suppressions).unwrap() {
            command.arg(format!("--suppressions={}", suppressions.display()));
        }
        run(command.arg(program));
    }
}
