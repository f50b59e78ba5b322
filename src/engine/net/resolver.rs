//! From names to addresses, without ever blocking a caller past its limits.
//!
//! Literals, `localhost` and the names that the host gave addresses for are answered on the spot. Everything else goes
//! to at most four threads of the process, which start on demand and end after ten idle seconds; a call waits for them
//! with its deadline and its cancel handle, and a system look-up that hangs costs a thread and not the caller. Answers
//! are remembered for a minute, failures for two seconds.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use crate::sys::lock::{Condvar, Mutex};

use super::{
    cancel::Cancel,
    limits::{Guard, reason},
};
use crate::{
    clock,
    error::{Error, Outcome, Result, code},
    sys::{fork, thread},
};

const THREADS: usize = 4;
const IDLE: Duration = Duration::from_secs(10);
/// The system does not tell how long an answer holds; a minute is what browsers take.
const REMEMBER: Duration = Duration::from_secs(60);
/// Long enough to spare a failing server a storm, short enough for a network that just came up.
const REMEMBER_FAILURE: Duration = Duration::from_secs(2);
/// Names remembered at most.
const NAMES: usize = 1024;
/// Forks inside forks that get a resolver of their own; later ones share the last.
const GENERATIONS: usize = 64;

type Answer = std::result::Result<Arc<[IpAddr]>, Arc<str>>;

enum Entry {
    /// Being looked up, with those that wait for it.
    Asked(Vec<Arc<Cancel>>),
    /// Answered, and until when that counts.
    Known(Answer, Instant),
}

#[derive(Default)]
struct State {
    names: HashMap<String, Entry>,
    queue: VecDeque<String>,
    threads: usize,
    idle: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

/// Locks and threads of a parent are of no use in a forked child, so each generation has its own.
static SHARED: [OnceLock<Arc<Shared>>; GENERATIONS] = [const { OnceLock::new() }; GENERATIONS];

fn shared() -> Arc<Shared> {
    let at = usize::try_from(fork::generation()).map_or(GENERATIONS - 1, |generation| generation.min(GENERATIONS - 1));
    SHARED.get(at).map(|slot| slot.get_or_init(Arc::default).clone()).unwrap_or_default()
}

/// Forgets every answer.
pub fn forget() {
    shared().state.lock().names.retain(|_, entry| matches!(entry, Entry::Asked(_)));
}

/// Answers that need no look-up.
#[must_use]
pub fn on_the_spot(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(vec![address]);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let tail = name.len().checked_sub("localhost".len()).and_then(|at| name.split_at_checked(at));
    let (before, last) = tail?;
    let is_local = last.eq_ignore_ascii_case("localhost") && (before.is_empty() || before.ends_with('.'));
    is_local.then(|| vec![IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)])
}

/// The addresses of a host.
///
/// # Errors
/// `resolve`, a time-out with phase `resolve`, or the cancel.
pub fn resolve(host: &str, guard: &Guard<'_>, cancel: &Arc<Cancel>) -> Result<Vec<IpAddr>> {
    if let Some(addresses) = on_the_spot(host) {
        return Ok(addresses);
    }
    resolve_with(host, guard, cancel, &shared(), system)
}

/// The same without waiting: `None` while it is being looked up, and the handle rings when that is over.
///
/// # Errors
/// As [`resolve`].
pub fn attempt(host: &str, guard: &Guard<'_>, cancel: &Arc<Cancel>) -> Result<Option<Vec<IpAddr>>> {
    match on_the_spot(host) {
        Some(addresses) => Ok(Some(addresses)),
        None => attempt_with(host, guard, cancel, &shared(), system),
    }
}

/// The system's look-up.
fn system(host: &str) -> Answer {
    match (host, 0).to_socket_addrs() {
        Ok(found) => {
            let mut addresses = Vec::new();
            for address in found.map(|address| address.ip()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            Ok(addresses.into())
        }
        Err(error) => {
            let text = reason(&error);
            Err(text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_lowercase().into())
        }
    }
}

fn resolve_with(
    host: &str,
    guard: &Guard<'_>,
    cancel: &Arc<Cancel>,
    shared: &Arc<Shared>,
    look_up: fn(&str) -> Answer,
) -> Result<Vec<IpAddr>> {
    loop {
        let seen = cancel.rings();
        if let Some(addresses) = attempt_with(host, guard, cancel, shared, look_up)? {
            return Ok(addresses);
        }
        cancel.listen(seen, guard.deadline());
    }
}

fn attempt_with(
    host: &str,
    guard: &Guard<'_>,
    cancel: &Arc<Cancel>,
    shared: &Arc<Shared>,
    look_up: fn(&str) -> Answer,
) -> Result<Option<Vec<IpAddr>>> {
    cancel.check()?;
    let now = clock::now();
    guard.check(now, "resolve").map_err(|error| error.outcome(Outcome::NotSent))?;
    match shared.ask(host, now, cancel, look_up)? {
        None => Ok(None),
        Some(Ok(addresses)) if !addresses.is_empty() => Ok(Some(addresses.to_vec())),
        Some(Ok(_)) => Err(unknown(host, "there was no address")),
        Some(Err(why)) => Err(unknown(host, &why)),
    }
}

fn unknown(host: &str, why: &str) -> Error {
    let message = format!("the host {host} could not be resolved: {why}");
    Error::new(&code::RESOLVE, message).phase("resolve").outcome(Outcome::NotSent)
}

impl Shared {
    /// What is known; else makes sure that it is being looked up and that `waiter` is told.
    fn ask(
        self: &Arc<Self>,
        host: &str,
        now: Instant,
        waiter: &Arc<Cancel>,
        look_up: fn(&str) -> Answer,
    ) -> Result<Option<Answer>> {
        let mut state = self.state.lock();
        match state.names.get_mut(host) {
            Some(Entry::Known(answer, until)) if *until > now => return Ok(Some(answer.clone())),
            Some(Entry::Asked(waiters)) => {
                // Those that gave up meanwhile leave no trace but this one.
                waiters.retain(|other| Arc::strong_count(other) > 1 && !Arc::ptr_eq(other, waiter));
                waiters.push(waiter.clone());
                return Ok(None);
            }
            _ => {}
        }
        if state.names.len() >= NAMES {
            state.names.retain(|_, entry| !matches!(entry, Entry::Known(_, until) if *until <= now));
            if state.names.len() >= NAMES {
                state.names.retain(|_, entry| matches!(entry, Entry::Asked(_)));
            }
        }
        state.names.insert(host.to_owned(), Entry::Asked(vec![waiter.clone()]));
        state.queue.push_back(host.to_owned());
        // One idle thread may not be awake yet when the next name comes: count the names, not the threads.
        if state.queue.len() > state.idle && state.threads < THREADS {
            let shared = self.clone();
            match thread::spawn("haft-resolver", move || shared.work(look_up)) {
                Ok(_) => state.threads += 1,
                // Others will do it.
                Err(_) if state.threads > 0 => {}
                Err(error) => {
                    state.names.remove(host);
                    state.queue.pop_back();
                    return Err(unknown(host, &format!("no thread could be started ({})", reason(&error))));
                }
            }
        } else {
            self.work.notify_one();
        }
        Ok(None)
    }

    /// The life of a thread.
    fn work(&self, look_up: fn(&str) -> Answer) {
        let mut state = self.state.lock();
        loop {
            while let Some(host) = state.queue.pop_front() {
                drop(state);
                let answer = look_up(&host);
                let keep = if answer.is_ok() { REMEMBER } else { REMEMBER_FAILURE };
                let until = clock::now() + keep;
                state = self.state.lock();
                if let Some(Entry::Asked(waiters)) = state.names.insert(host, Entry::Known(answer, until)) {
                    for waiter in waiters {
                        waiter.ring();
                    }
                }
            }
            state.idle += 1;
            let timed_out = self.work.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::net::limits::Limits;

    fn hang(_: &str) -> Answer {
        std::thread::sleep(Duration::from_secs(3));
        Err("late".into())
    }

    fn fail(_: &str) -> Answer {
        Err("name not known".into())
    }

    fn one(_: &str) -> Answer {
        Ok([IpAddr::from([192, 0, 2, 1])].into())
    }

    fn run(look_up: fn(&str) -> Answer, limits: Limits, cancel: &Arc<Cancel>) -> Result<Vec<IpAddr>> {
        let guard = Guard::connect(&limits, cancel, clock::now());
        resolve_with("name.test", &guard, cancel, &Arc::default(), look_up)
    }

    #[test]
    fn literals_and_localhost_need_no_thread() {
        for host in ["127.0.0.1", "::1", "localhost", "a.LOCALHOST", "localhost."] {
            assert!(on_the_spot(host).is_some(), "{host}");
        }
        for host in ["notlocalhost", "localhost.example", "127.1", "é"] {
            assert!(on_the_spot(host).is_none(), "{host}");
        }
    }

    #[test]
    fn answers_and_failures_come_from_the_thread() {
        let cancel = Arc::default();
        assert_eq!(run(one, Limits::default(), &cancel).unwrap(), [IpAddr::from([192, 0, 2, 1])]);
        let error = run(fail, Limits::default(), &cancel).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("resolve", Some(Outcome::NotSent)));
        assert_eq!(error.message(), "the host name.test could not be resolved: name not known");
    }

    #[test]
    fn a_hanging_look_up_respects_the_limits() {
        let limits = Limits { connect: Some(Duration::from_millis(20)), ..Limits::default() };
        let start = clock::now();
        let error = run(hang, limits, &Arc::default()).unwrap_err();
        assert_eq!(error.code(), "connect_timeout");
        assert_eq!(error.detail().get("phase").unwrap().as_str(), Some("resolve"));
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_hanging_look_up_can_be_cancelled() {
        let cancel = Arc::new(Cancel::default());
        let other = cancel.clone();
        let start = clock::now();
        let thread = std::thread::spawn(move || run(hang, Limits::default(), &other).unwrap_err().code().to_owned());
        cancel.cancel();
        assert_eq!(thread.join().unwrap(), "cancelled");
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}
