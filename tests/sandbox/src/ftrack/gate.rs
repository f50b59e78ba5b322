//! Requests that are held until somebody lets them go: tests see how many there are at a time, without a clock.

use std::sync::{Condvar, Mutex};

use tokio::sync::watch;

use crate::log::lock;

/// Where they wait.
pub struct Gate {
    /// How often it was opened.
    opened: watch::Sender<u64>,
    held: Mutex<usize>,
    bell: Condvar,
}

impl Default for Gate {
    fn default() -> Self {
        Self { opened: watch::Sender::new(0), held: Mutex::default(), bell: Condvar::new() }
    }
}

impl Gate {
    /// Waits until it is opened the next time.
    pub async fn hold(&self) {
        let mut opened = self.opened.subscribe();
        *lock(&self.held) += 1;
        self.bell.notify_all();
        // The sender is as old as the server: it cannot be gone.
        let _ = opened.changed().await;
    }

    /// Lets all go that wait now; how many there were.
    pub fn open(&self) -> usize {
        let held = std::mem::take(&mut *lock(&self.held));
        self.opened.send_modify(|opened| *opened += 1);
        held
    }

    /// How many came since it was opened.
    pub fn held(&self) -> usize {
        *lock(&self.held)
    }

    /// Returns once this many wait.
    pub fn wait(&self, count: usize) {
        let mut held = lock(&self.held);
        while *held < count {
            held = self.bell.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}
