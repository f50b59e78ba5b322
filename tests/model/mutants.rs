//! That the search would find a mistake: with a bug put in, some schedule of these must fail. A file's name stands for
//! all its wakes left out.

use super::{bounds, calls, ends, pushes, queue, search::must_fail_with};

#[test]
fn a_queue_that_wakes_nobody() {
    must_fail_with("session/queue.rs", queue::scenario);
}

#[test]
fn a_worker_that_nobody_wakes() {
    must_fail_with("session/worker.rs", pushes::brought_and_closed);
}

#[test]
fn a_close_that_no_ticket_wakes() {
    must_fail_with("session/tickets.rs", calls::blocking_and_closed);
}

#[test]
fn a_close_that_the_other_does_not_wake() {
    must_fail_with("session/leave.rs", calls::cancelled_and_closed);
}

#[test]
fn a_call_that_no_cancel_wakes() {
    must_fail_with("net/cancel.rs", calls::blocking_and_closed);
}

#[test]
fn a_freed_session_whose_worker_sleeps_on() {
    must_fail_with("session/worker.rs", ends::freed_meanwhile);
}

/// Few schedules show these: the close has to come between two lines.
#[test]
fn a_call_that_begins_behind_the_back_of_a_close() {
    must_fail_with("no second look at the state", calls::blocking_and_closed);
}

#[test]
fn a_source_that_sleeps_although_there_is_room() {
    must_fail_with("no second look for room", bounds::pulled);
}
