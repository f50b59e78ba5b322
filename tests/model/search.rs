//! How schedules are searched.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use haft::sys::lock::mutant;
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

/// The session's own calls need more than shuttle's 32 KiB.
const STACK: usize = 1 << 18;
/// Changes of priority of PCT: bugs need few.
const DEPTH: usize = 3;

fn iterations() -> usize {
    env::var("MODEL_ITERATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(2000)
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.silence_warnings = true;
    config
}

/// Runs a scenario under many schedules. It ends when all its threads have ended: one that waits for ever is a failure.
pub fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = Arc::new(scenario);
    let own = Arc::clone(&scenario);
    Runner::new(RandomScheduler::new(iterations()), config()).run(move || own());
    Runner::new(PctScheduler::new(DEPTH, iterations()), config()).run(move || scenario());
}

/// The same with a bug, or with the wakes of one file left out: some schedule must fail.
pub fn must_fail_with(bug: &'static str, scenario: impl Fn() + Send + Sync + 'static) {
    mutant::forget(Some(bug));
    let found = catch_unwind(AssertUnwindSafe(|| explore(scenario)));
    mutant::forget(None);
    assert!(found.is_err(), "no schedule showed {bug}");
}
