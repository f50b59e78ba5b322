//! The wait between two tries (spec/ftrack.md 9.5): from a second on doubling up to 64, and up to half a second more, so
//! that parts that failed together do not come back together.

use std::{sync::Arc, time::Duration};
#[cfg(debug_assertions)]
use std::{
    sync::Weak,
    task::{Wake, Waker},
};

use crate::{clock, engine::net::cancel::Cancel};

/// The most that is added.
const JITTER_MS: u32 = 500;

/// How long to wait after the `failed`-th try, counted from 1.
pub fn delay(failed: u32) -> Duration {
    let whole = Duration::from_secs(1 << failed.saturating_sub(1).min(6));
    let more = getrandom::u32().map_or(0, |random| random % (JITTER_MS + 1));
    whole + Duration::from_millis(more.into())
}

/// Waits for so long; true, and at once, when the call is cancelled. Follows the clock of tests.
pub fn pause(cancel: &Arc<Cancel>, time: Duration) -> bool {
    let until = clock::now() + time;
    #[cfg(debug_assertions)]
    let (mut entry, waker) = (clock::control::Entry::default(), Waker::from(Arc::new(Ringer(Arc::downgrade(cancel)))));
    loop {
        let seen = cancel.rings();
        if cancel.is_cancelled() {
            return true;
        }
        #[cfg(debug_assertions)]
        if let Some(over) = entry.wait(until, &waker) {
            if over {
                return false;
            }
            cancel.listen(seen, None);
            continue;
        }
        if !cancel.listen(seen, Some(until)) {
            return cancel.is_cancelled();
        }
    }
}

/// Has the clock of a test end the wait.
#[cfg(debug_assertions)]
struct Ringer(Weak<Cancel>);

#[cfg(debug_assertions)]
impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        if let Some(cancel) = self.0.upgrade() {
            cancel.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute() {
        for (failed, seconds) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 64), (8, 64), (15, 64)] {
            let delay = delay(failed);
            let least = Duration::from_secs(seconds);
            assert!((least..=least + Duration::from_millis(500)).contains(&delay), "{failed}: {delay:?}");
        }
    }

    #[test]
    fn it_ends_with_the_call() {
        let cancel = Arc::new(Cancel::default());
        assert!(!pause(&cancel, Duration::from_millis(1)));
        cancel.cancel();
        assert!(pause(&cancel, Duration::from_secs(60)));
    }
}
