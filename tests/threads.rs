//! Many threads on one session, through the C interface.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at what must not be, and prints figures")]

use std::process::Command;

use haft_sandbox::{Options, Sandbox};
use haft_tools::native::{Link, compile, root, run, scratch};

#[test]
fn every_answer_finds_its_request() {
    let sandbox = Sandbox::start(Options { log: false, ..Options::default() }).unwrap();
    let flags = ["-std=c99", "-pedantic", "-O1"];
    let program = compile(&root().join("tests/c/threads.c"), Link::Shared, &flags, &scratch("threads"));
    let mut command = Command::new(program);
    println!("{}", run(command.args([&*sandbox.http, "32", "10000"])));
}
