//! Keeps the session alive on the reactor (spec/mesh.md 3.3): one task for each, all on the one wheel of the reactor.
//!
//! The server is told when nothing else used the session for as long as it may be left unused. A failure is LOST, unless
//! the session was used meanwhile; it is tried again, with growing delays, until the session must have timed out. What
//! ends it for good is CLOSED with `session_lost`.

use std::{
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use super::{EXTEND, USUAL, Workspace, interval, named};
use crate::{
    backends::{
        Change,
        mesh::{Core, form::Guid, refusal},
    },
    clock,
    engine::{
        backoff::{Backoff, Jitter, Plan},
        net::cancel::Cancel,
        reactor::{
            beat::{self, Beat},
            vigil::Vigil,
        },
    },
    error::{Error, Result, code},
    log,
    value::{Object, Tree},
};

/// The first delay before another try, and the longest.
const DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// What one try may take at most.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the task knows of the session at one moment.
struct Known {
    /// When it was used last.
    used: Instant,
    /// What it lives without being used.
    life: Duration,
    /// How long it is left unused; none when nobody is to keep it alive.
    interval: Option<Duration>,
}

impl Known {
    /// When it is gone unless it is used.
    fn deadline(&self) -> Instant {
        self.used + self.life
    }
}

/// How it ended.
enum Ending {
    /// The handle is closed.
    Left,
    /// The server has forgotten it, or must have.
    Lost(Error),
}

impl Workspace {
    /// Has the reactor keep it alive, once there are a session and somebody to hear of it.
    pub(super) fn keep_alive(self: &Arc<Self>, core: &Arc<Core>) {
        let mut state = self.state.lock();
        let wanted = state.longest.is_some() && state.teller.is_some() && state.keeper.is_none() && !state.left;
        let Some(id) = state.id.filter(|_| wanted) else { return };
        let cancel = Arc::<Cancel>::default();
        state.keeper = Some(Arc::clone(&cancel));
        drop(state);
        let keeper = Keeper { core: Arc::clone(core), workspace: Arc::clone(self), id };
        let begun = core.lent.reactor.run(async move {
            Box::pin(keeper.live(cancel)).await;
        });
        if let Err(error) = begun {
            log::warn(c"mesh", || format!("session {id} is not kept alive: {error}"));
        }
    }

    fn know(&self) -> Known {
        let state = self.state.lock();
        Known {
            used: state.used.unwrap_or_else(clock::now),
            life: state.expires_in.unwrap_or(USUAL),
            interval: state.longest.map(|longest| interval(longest, state.expires_in)),
        }
    }
}

/// The task of one session.
struct Keeper {
    core: Arc<Core>,
    workspace: Arc<Workspace>,
    id: Guid,
}

impl Keeper {
    async fn live(self, cancel: Arc<Cancel>) {
        let mut vigil = Vigil::new(cancel);
        let Ending::Lost(error) = self.watch(&mut vigil).await else { return };
        log::warn(c"mesh", || format!("{error}"));
        let teller = {
            let mut state = self.workspace.state.lock();
            state.left = true;
            state.keeper = None;
            state.teller.take()
        };
        let Some(teller) = teller else { return };
        teller.tell(Change::Ended { value: self.name(), error: Some(error) });
        self.core.farewells.ended(&self.core, &self.workspace);
    }

    /// What events carry.
    fn name(&self) -> Tree {
        let mut value = Object::with_capacity(1);
        value.insert("session_id", Tree::from(self.id.to_string()));
        Tree::Object(value)
    }

    fn tell(&self, change: Change) {
        let teller = self.workspace.state.lock().teller.clone();
        if let Some(teller) = teller {
            teller.tell(change);
        }
    }

    /// Extends it again and again.
    async fn watch(&self, vigil: &mut Vigil) -> Ending {
        let mut beat: Option<(Beat, Duration)> = None;
        loop {
            // Whoever changes the interval after this look rings.
            let rings = vigil.cancel().rings();
            let known = self.workspace.know();
            let Some(interval) = known.interval else {
                beat = None;
                if vigil.ring(rings, None).await.is_err() {
                    return Ending::Left;
                }
                continue;
            };
            let (beat, period) = beat.get_or_insert_with(|| (beat::every(interval), interval));
            if *period == interval {
                beat.put_off(known.used);
            } else {
                *period = interval;
                beat.set_period(interval, known.used);
            }
            match tick(beat, rings, vigil).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => return Ending::Left,
            }
            let known = self.workspace.know();
            let now = clock::now();
            // What was used a moment after the last beat is not worth another wake-up.
            if !known.interval.is_some_and(|interval| now + interval / 8 >= known.used + interval) {
                continue;
            }
            match self.extend(&known, vigil).await {
                Ok(()) => {}
                Err(_) if vigil.cancel().is_cancelled() => return Ending::Left,
                Err(error) if is_over(&error) => return Ending::Lost(error),
                // Somebody else had an answer meanwhile.
                Err(_) if self.workspace.know().used > now => {}
                Err(error) => {
                    if let Some(ending) = self.restore(error, vigil).await {
                        return ending;
                    }
                }
            }
        }
    }

    /// Tries until it is extended, which is none, or until it must be gone.
    async fn restore(&self, why: Error, vigil: &mut Vigil) -> Option<Ending> {
        let lost = self.workspace.know();
        self.workspace.state.lock().counts.losses += 1;
        let mut last = why.message().to_owned();
        self.tell(Change::Lost(why.with("session_id", self.id.to_string())));
        let (first, most) = DELAYS;
        let first = first.min(lost.life / 20);
        let plan = Plan {
            delay: first,
            max_delay: most.min(lost.life / 10).max(first),
            jitter: Jitter::Equal,
            ..Plan::default()
        };
        let mut backoff = Backoff::new(plan);
        loop {
            let left = lost.deadline().saturating_duration_since(clock::now());
            let delay = backoff.next_delay().unwrap_or(most).min(left);
            if vigil.sleep(delay).await.is_err() {
                return Some(Ending::Left);
            }
            if self.workspace.know().used > lost.used {
                break;
            }
            if clock::now() >= lost.deadline() {
                return Some(Ending::Lost(self.given_up(lost.life, &last)));
            }
            match self.extend(&lost, vigil).await {
                Ok(()) => break,
                Err(_) if vigil.cancel().is_cancelled() => return Some(Ending::Left),
                Err(error) if is_over(&error) => return Some(Ending::Lost(error)),
                Err(error) => {
                    log::debug(c"mesh", || format!("session {} could not be extended: {error}", self.id));
                    last = error.message().to_owned();
                }
            }
        }
        self.tell(Change::Restored(self.name()));
        None
    }

    fn given_up(&self, life: Duration, last: &str) -> Error {
        let (id, life) = (self.id, life.as_secs_f64());
        let message = format!(
            "session {id} timed out: the server could not be told within {life} seconds that it was still used ({last})"
        );
        Error::new(&code::SESSION_LOST, message).with("session_id", id.to_string())
    }

    /// One try.
    async fn extend(&self, known: &Known, vigil: &mut Vigil) -> Result<()> {
        let left = known.deadline().saturating_duration_since(clock::now());
        // Long enough for a slow server, short enough for another try.
        let limit = (known.life / 8).min(PATIENCE).min(left.max(Duration::from_millis(1)));
        let answer = self.core.ask(EXTEND, &named(self.id), limit, vigil).await;
        self.workspace.extended(&answer.map_err(|error| refusal::of_session(error, self.id))?)
    }
}

/// Waits for the next beat: true; or until the handle has rung more than `rings` times: false.
async fn tick(beat: &mut Beat, rings: u64, vigil: &mut Vigil) -> Result<bool> {
    let cancel = Arc::clone(vigil.cancel());
    let came = vigil.until(None, |cx| match beat.poll_tick(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => match cancel.heed(cx) {
            Ok(now) if now == rings => Poll::Pending,
            _ => Poll::Ready(false),
        },
    });
    Ok(came.await?.unwrap_or(false))
}

fn is_over(error: &Error) -> bool {
    error.code() == code::SESSION_LOST.word
}
