//! Keeps a session alive on the reactor (spec/janus.md 2.6): one task each, all on the one wheel of the reactor. The server
//! hears a `keepalive` when no other request went out for as long as the session may be left unused: pings of a WebSocket
//! and long polls that wait do not count there.

use std::{sync::Arc, time::Duration};

use super::{super::line::Request, Session};
use crate::{
    clock,
    engine::{
        net::cancel::Cancel,
        reactor::{beat, vigil::Vigil},
    },
    log,
};

/// The longest that a session is left unused when the host says nothing else.
const LONGEST: Duration = Duration::from_secs(30);
/// Never more often.
const SHORTEST: Duration = Duration::from_millis(100);

/// How long a session is left unused: half of what it lives, and no longer than the host wants; zero is for ever. Without
/// a wish of the host `spread` (0 to 1) makes it up to a tenth shorter, so that many do not fall together.
fn interval(wanted: Option<Duration>, life: Option<Duration>, spread: f64) -> Duration {
    if wanted.is_some_and(|wanted| wanted.is_zero()) {
        return Duration::ZERO;
    }
    // A server may be told never to end sessions.
    let half = life.filter(|life| !life.is_zero()).map(|life| life / 2);
    let longest = wanted.unwrap_or_else(|| LONGEST.mul_f64(1.0 - spread / 10.0));
    let half = if wanted.is_some() { half } else { half.map(|half| half.mul_f64(1.0 - spread / 10.0)) };
    half.map_or(longest, |half| half.min(longest)).max(SHORTEST)
}

impl Session {
    /// Has the reactor keep it alive, if that is wanted.
    pub(super) fn keep_alive(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.left || state.keeper.is_some() {
            return;
        }
        let cancel = Arc::<Cancel>::default();
        state.keeper = Some(Arc::clone(&cancel));
        drop(state);
        let session = Arc::clone(self);
        let begun = self.line.lent.reactor.run(async move { session.live(cancel).await });
        if let Err(error) = begun {
            log::warn(c"janus", || format!("a session is not kept alive: {error}"));
        }
    }

    /// The server said how long sessions live.
    pub(in super::super) fn informed(&self) {
        let keeper = self.state.lock().keeper.clone();
        if let Some(keeper) = keeper {
            keeper.ring();
        }
    }

    /// How long it is left unused now.
    pub fn interval(&self) -> Duration {
        // The same for one session all its life.
        let spread = f64::from(u8::try_from(self.id().unwrap_or(0) % 251).unwrap_or(0)) / 250.0;
        interval(self.line.terms().keepalive_interval, self.line.promised("session-timeout"), spread)
    }

    async fn live(self: Arc<Self>, cancel: Arc<Cancel>) {
        let mut vigil = Vigil::new(cancel);
        let mut period = LONGEST;
        let mut beat = beat::every(period);
        loop {
            let due = |cx: &mut std::task::Context<'_>| {
                let wanted = self.interval();
                let wanted = if wanted.is_zero() { Duration::from_secs(3600) } else { wanted };
                if wanted != period {
                    period = wanted;
                    beat.set_period(period, self.used());
                }
                beat.poll_tick(cx)
            };
            if vigil.until(None, due).await.is_err() {
                return;
            }
            let (used, interval) = (self.used(), self.interval());
            if interval.is_zero() {
                continue;
            }
            if clock::now() < used + interval {
                beat.put_off(used);
                continue;
            }
            let deadline = clock::now() + self.line.terms().timeout;
            let answer = match self.line.ask(Request::new("keepalive").of(&self).acked().again(), false) {
                Ok(asked) => asked.wait_on(&mut vigil, deadline).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answer {
                log::debug(c"janus", || format!("a keepalive was not answered: {error}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_servers_time_and_no_more_than_wanted() {
        let seconds = |count: u64| Duration::from_secs(count);
        let rows = [
            (None, None, 0.0, seconds(30)),
            (None, Some(60), 0.0, seconds(30)),
            (None, Some(60), 1.0, seconds(27)),
            (None, Some(4), 0.0, seconds(2)),
            (None, Some(4), 1.0, Duration::from_millis(1800)),
            (None, Some(0), 0.0, seconds(30)),
            (Some(5), Some(60), 1.0, seconds(5)),
            (Some(45), Some(60), 0.5, seconds(30)),
            (Some(45), Some(0), 0.5, seconds(45)),
            (Some(0), Some(60), 0.5, Duration::ZERO),
        ];
        for (wanted, life, spread, expected) in rows {
            assert_eq!(interval(wanted.map(seconds), life.map(seconds), spread), expected, "{wanted:?} {life:?}");
        }
        assert_eq!(interval(Some(Duration::from_millis(1)), None, 0.0), SHORTEST);
    }
}
