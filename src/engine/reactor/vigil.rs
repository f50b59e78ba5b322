//! How a call waits on the reactor: for something to happen, for its limits, and for its end by the host.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::timer::Timer;
use crate::{clock, engine::net::cancel::Cancel, error::Result};

/// The waits of one call.
#[derive(Debug)]
pub struct Vigil {
    cancel: Arc<Cancel>,
    timer: Timer,
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.cancel.heed_no_more();
    }
}

impl Vigil {
    /// The waits of the call with this handle.
    #[must_use]
    pub fn new(cancel: Arc<Cancel>) -> Vigil {
        Vigil { cancel, timer: Timer::default() }
    }

    /// The handle of the call.
    #[must_use]
    pub fn cancel(&self) -> &Arc<Cancel> {
        &self.cancel
    }

    /// Waits until `happens` has something; `None` at the deadline. No `async fn`: that would keep what it is given twice,
    /// and so would each around it.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn until<T>(
        &mut self,
        deadline: Option<Instant>,
        mut happens: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> impl Future<Output = Result<Option<T>>> {
        poll_fn(move |cx| self.poll_until(deadline, cx, &mut happens))
    }

    /// One look of [`Vigil::until`].
    ///
    /// # Errors
    /// `cancelled`.
    pub fn poll_until<T>(
        &mut self,
        deadline: Option<Instant>,
        cx: &mut Context<'_>,
        happens: &mut impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<Option<T>>> {
        if let Err(error) = self.cancel.heed(cx) {
            return Poll::Ready(Err(error));
        }
        if let Poll::Ready(it) = happens(cx) {
            return Poll::Ready(Ok(Some(it)));
        }
        match deadline {
            Some(deadline) if self.timer.is_over(deadline, cx) => Poll::Ready(Ok(None)),
            _ => Poll::Pending,
        }
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// `cancelled`, at once.
    pub async fn sleep(&mut self, time: Duration) -> Result<()> {
        let deadline = clock::now() + time;
        self.until(Some(deadline), |_| Poll::<()>::Pending).await.map(drop)
    }

    /// Waits until the handle has rung more than `seen` times, or until the deadline.
    ///
    /// # Errors
    /// `cancelled`.
    pub async fn ring(&mut self, seen: u64, deadline: Option<Instant>) -> Result<()> {
        let cancel = Arc::clone(&self.cancel);
        let rung = |cx: &mut Context<'_>| match cancel.heed(cx) {
            Ok(rings) if rings == seen => Poll::Pending,
            _ => Poll::Ready(()),
        };
        self.until(deadline, rung).await.map(drop)
    }
}
