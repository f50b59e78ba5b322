//! Waiting for a moment on the reactor, by our own clock.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use tokio::time::Sleep;

use crate::clock;

/// One timer for all the waits of one task. It is never set back to a later time before it has gone off: most waits end
/// early, and moving the timer each time would cost more than the wait.
#[derive(Debug, Default)]
pub struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    #[cfg(debug_assertions)]
    entry: clock::control::Entry,
}

impl Timer {
    /// Whether `moment` has come; else the task of `cx` is woken then, or earlier.
    pub fn is_over(&mut self, moment: Instant, cx: &mut Context<'_>) -> bool {
        #[cfg(debug_assertions)]
        if let Some(over) = self.entry.wait(moment, cx.waker()) {
            return over;
        }
        let at = tokio::time::Instant::from_std(clock::to_system(moment));
        let timer = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if clock::now() >= moment {
                return true;
            }
            // It was set for an earlier wait.
            timer.as_mut().reset(tokio::time::Instant::from_std(clock::to_system(moment)));
        }
        false
    }

    /// Waits for `moment`.
    pub async fn until(&mut self, moment: Instant) {
        std::future::poll_fn(|cx| if self.is_over(moment, cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}
