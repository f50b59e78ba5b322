//! The half that does not block, through the C interface: each program of `tests/c` says itself what it wants, against a
//! sandbox, and none of them writes a byte, as the library never does.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be, and prints figures")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, compile, root, scratch};

fn program(name: &str) -> PathBuf {
    compile(&root().join("tests/c").join(name), Link::Shared, &[], &scratch(name))
}

/// Runs a program against a sandbox of its own; gives what it wrote to standard output.
fn run(name: &str, arguments: &[&str]) -> String {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    let mut command = Command::new(program(name));
    command.arg(&sandbox.http).args(arguments).env("HAFT_LIBRARY", root().join("build/dev/libhaft.so"));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{name}: {status}\n{stdout}\n{stderr}");
    assert_eq!(stderr, "", "{name}: something was written to standard error");
    stdout.into_owned()
}

fn quiet(name: &str) {
    assert_eq!(run(name, &[]), "", "{name}: something was written to standard output");
}

#[test]
fn callbacks_submit_subscribe_and_end_what_they_like() {
    quiet("events_inside.c");
}

#[test]
fn every_call_is_answered_once_before_the_end() {
    quiet("events_end.c");
}

#[test]
fn a_flood_is_bounded_and_loses_no_answer() {
    quiet("events_bound.c");
}

#[test]
fn a_fork_disturbs_nobody() {
    quiet("events_fork.c");
}

#[test]
fn what_was_unloaded_is_gone() {
    quiet("events_unload.c");
}

#[test]
fn signals_streams_and_descriptors_stay_the_hosts() {
    quiet("events_manners.c");
}

#[test]
fn ten_thousand_sessions_leave_nothing_behind() {
    println!("{}", run("events_cycles.c", &["10000"]));
}

#[test]
fn a_cancel_ends_every_state_of_a_call() {
    quiet("events_cancel.c");
}
