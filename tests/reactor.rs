//! Submitted calls: ten thousand at once, cancelled, closed on, freed, forked; and every fault of `tests/faults` once
//! more by way of the reactor, which must tell exactly the same.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test stops at what must not be, and prints what it measured"
)]

use std::process::Command;

use haft_sandbox::Sandbox;
use haft_tools::native::{Link, compile, root, run, scratch};

#[path = "faults/ending.rs"]
mod ending;
#[path = "faults/frames.rs"]
mod frames;
#[path = "faults/player.rs"]
mod player;
#[path = "faults/reaching.rs"]
mod reaching;
#[path = "faults/trying.rs"]
mod trying;
#[path = "faults/wire.rs"]
mod wire;

/// Descriptors that each side needs for one call, and room for the rest.
const SPARE: u64 = 500;

/// Raises the limit of descriptors as far as the system lets us; tells how many there are.
#[allow(unsafe_code, reason = "the standard library does not know limits")]
fn descriptors() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls on a living struct.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
    }
    limit.rlim_cur
}

fn host(mode: &str, count: u64) {
    host_at(mode, count, |sandbox| &sandbox.http);
}

fn host_at(mode: &str, count: u64, base: fn(&Sandbox) -> &String) {
    // The program inherits the limit.
    let most = descriptors().saturating_sub(SPARE);
    let sandbox = player::sandbox();
    let program = compile(
        &root().join("tests/c/reactor.c"),
        Link::Shared,
        &player::STRICT,
        &scratch(&format!("reactor_{mode}_{count}")),
    );
    run(Command::new(program).args([mode, base(&sandbox), &count.min(most).to_string()]));
}

#[test]
fn ten_thousand_calls_at_once() {
    host("flood", 10_000);
}

#[test]
fn one_or_all_of_a_thousand_are_cancelled() {
    host("cancel", 1000);
}

#[test]
fn a_close_answers_a_thousand_calls() {
    host("close", 1000);
}

#[test]
fn a_free_waits_for_none_of_a_thousand() {
    host("free", 1000);
}

#[test]
fn a_callback_takes_a_thousand_answers() {
    host("push", 1000);
}

#[test]
fn a_child_has_a_reactor_of_its_own() {
    host("fork", 10);
}

#[test]
fn the_reactor_comes_and_goes_with_the_sessions() {
    host("turns", 100);
}

#[test]
fn a_full_pool_is_waited_for() {
    host("block", 200);
}

#[test]
fn large_bodies_come_side_by_side() {
    host("large", 9);
}

#[test]
fn five_hundred_calls_at_once_over_tls() {
    host_at("flood", 500, |sandbox| &sandbox.https);
}
