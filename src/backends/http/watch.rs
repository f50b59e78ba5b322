//! Hearing of moved bytes: progress for the host, a limit on the speed, and giving up when it is too slow.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::sys::lock::Mutex;

use super::settings::Settings;
use crate::{
    backends::{Call, Progress},
    clock,
    engine::http::exchange::Watch,
    error::{Error, Result, code},
};

/// What a call watches; `None` when nobody wants to know, which costs nothing.
pub(super) fn watch(settings: &Settings, until: Option<Instant>, call: &Call<'_>) -> Option<Arc<dyn Watch>> {
    if settings.limit_rate.is_none() && settings.low_speed.is_none() && call.progress.is_none() {
        return None;
    }
    let start = clock::now();
    let progress = Progress::default();
    Some(Arc::new(Speed {
        limit: settings.limit_rate,
        low: settings.low_speed,
        until,
        heard: call.progress.clone(),
        state: Mutex::new(State { start, moved: 0, slow_since: start, slow_moved: 0, progress }),
    }))
}

/// Both directions together, as a transfer of one call.
struct Speed {
    limit: Option<u64>,
    low: Option<(u64, Duration)>,
    /// When the whole call must be over: no pause goes beyond it.
    until: Option<Instant>,
    heard: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    state: Mutex<State>,
}

struct State {
    start: Instant,
    moved: u64,
    /// The window in which the lowest speed is measured.
    slow_since: Instant,
    slow_moved: u64,
    progress: Progress,
}

impl Speed {
    /// `bytes` count for the speed, `sent` and `received` of them are what bodies are made of. How long to pause.
    fn moved(&self, bytes: u64, sent: u64, received: u64) -> Result<Duration> {
        let now = clock::now();
        let mut state = self.state.lock();
        state.moved += bytes;
        state.progress.sent += sent;
        state.progress.received += received;
        if let Some(heard) = &self.heard {
            heard(state.progress);
        }
        state.slow_moved += bytes;
        if let Some((lowest, time)) = self.low {
            let window = now.saturating_duration_since(state.slow_since);
            if window >= time {
                if u128::from(state.slow_moved) * 1000 < u128::from(lowest) * window.as_millis() {
                    let message = format!("fewer than {lowest} bytes per second moved over {} s", time.as_secs_f64());
                    return Err(Error::new(&code::LOW_SPEED, message).phase("low_speed"));
                }
                (state.slow_since, state.slow_moved) = (now, 0);
            }
        }
        let Some(limit) = self.limit else { return Ok(Duration::ZERO) };
        let due = Duration::from_secs_f64(state.moved as f64 / limit as f64);
        let ahead = due.saturating_sub(now.saturating_duration_since(state.start));
        drop(state);
        Ok(self.until.map_or(ahead, |until| ahead.min(until.saturating_duration_since(now))))
    }
}

impl Watch for Speed {
    fn begin(&self, to_send: Option<u64>) {
        // What was sent and received before belongs to another request: it would add up to more than there is to send.
        self.state.lock().progress = Progress { to_send, ..Progress::default() };
    }

    fn sent(&self, bytes: u64, of_body: u64) -> Result<Duration> {
        self.moved(bytes, of_body, 0)
    }

    fn received(&self, bytes: u64) -> Result<Duration> {
        self.moved(bytes, 0, bytes)
    }
}
