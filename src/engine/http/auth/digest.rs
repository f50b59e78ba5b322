//! Digest authentication (RFC 7616; spec/http.md 1.8), with the fields in the order of requests.
//!
//! One [`Digest`] serves all threads of a session. It remembers challenges by the place they came from, so that the
//! next request can answer before it is asked, and counts per nonce, so that no count is used twice.

mod hash;

pub use hash::Algorithm;

use std::collections::VecDeque;

use crate::sys::lock::Mutex;

use super::challenge::Challenge;
use crate::{engine::http::place::Place, secret::Secret};

/// More places than a session talks to with one password.
const MAX_PLACES: usize = 32;
/// Nonces whose counts are kept. Threads that were given different nonces come back to them soon or never.
const MAX_NONCES: usize = 256;

/// What goes into an answer besides the challenge.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where the request goes.
    pub place: &'a Place<'a>,
    /// The method.
    pub method: &'a str,
    /// Path and query as sent.
    pub uri: &'a str,
    /// The body for `auth-int`, if it is in memory.
    pub body: Option<&'a [u8]>,
    /// Fresh for each answer; requests uses 16 hex digits.
    pub cnonce: &'a str,
}

/// A user's way to answer, and what is known of the servers.
pub struct Digest {
    user: String,
    password: Secret,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest challenge of each place.
    known: VecDeque<(String, Challenge)>,
    counts: VecDeque<(String, u32)>,
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digest").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Digest {
    /// For this user.
    pub fn new(user: impl Into<String>, password: Secret) -> Digest {
        Digest { user: user.into(), password, state: Mutex::default() }
    }

    /// `Authorization` for a request whose server has challenged us before.
    pub fn preemptive(&self, asked: &Asked<'_>) -> Option<String> {
        let origin = origin(asked.place);
        let challenge = {
            let state = self.state.lock();
            state.known.iter().find(|(place, _)| *place == origin).map(|(_, challenge)| challenge.clone())?
        };
        self.answer(&challenge, asked)
    }

    /// `Authorization` for the challenges of a refusal: the strongest that can be answered, which is then remembered.
    pub fn respond(&self, challenges: &[Challenge], asked: &Asked<'_>) -> Option<String> {
        let (challenge, _) = strongest(challenges, asked.body.is_some())?;
        let answer = self.answer(challenge, asked)?;
        let origin = origin(asked.place);
        let mut state = self.state.lock();
        state.known.retain(|(place, _)| *place != origin);
        state.known.truncate(MAX_PLACES - 1);
        state.known.push_front((origin, challenge.clone()));
        Some(answer)
    }

    fn answer(&self, challenge: &Challenge, asked: &Asked<'_>) -> Option<String> {
        let algorithm = Algorithm::named(challenge.get("algorithm"))?;
        let qop = Qop::of(challenge, asked.body.is_some())?;
        let (realm, nonce) = (challenge.get("realm")?, challenge.get("nonce")?);
        let count = format!("{:08x}", self.state.lock().next_count(nonce));
        let hash = |parts: &[&str]| algorithm.hex(parts.join(":").as_bytes());

        let mut secret = hash(&[&self.user, realm, self.password.reveal()]);
        if algorithm.is_session() {
            secret = hash(&[&secret, nonce, asked.cnonce]);
        }
        let request = match qop {
            Qop::AuthInt => hash(&[asked.method, asked.uri, &algorithm.hex(asked.body?)]),
            _ => hash(&[asked.method, asked.uri]),
        };
        let response = match qop.word() {
            Some(word) => hash(&[&secret, nonce, &count, asked.cnonce, word, &request]),
            None => hash(&[&secret, nonce, &request]),
        };

        let is_hashed = challenge.get("userhash").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let is_utf8 = challenge.get("charset").is_some_and(|word| word.eq_ignore_ascii_case("utf-8"));
        let mut out = String::with_capacity(320);
        out.push_str("Digest ");
        if is_hashed {
            push_quoted(&mut out, "username", &hash(&[&self.user, realm]));
        } else if is_utf8 && !self.user.is_ascii() {
            out.push_str("username*=UTF-8''");
            push_extended(&mut out, &self.user);
        } else {
            push_quoted(&mut out, "username", &self.user);
        }
        for (name, value) in [("realm", realm), ("nonce", nonce), ("uri", asked.uri), ("response", &response)] {
            out.push_str(", ");
            push_quoted(&mut out, name, value);
        }
        for name in ["opaque", "algorithm"] {
            if let Some(value) = challenge.get(name).filter(|value| !value.is_empty()) {
                out.push_str(", ");
                push_quoted(&mut out, name, value);
            }
        }
        if let Some(word) = qop.word() {
            out.push_str(&format!(", qop=\"{word}\", nc={count}, cnonce=\"{}\"", asked.cnonce));
        } else if algorithm.is_session() {
            // The server cannot check a session hash without it.
            out.push_str(&format!(", cnonce=\"{}\"", asked.cnonce));
        }
        if is_hashed {
            out.push_str(", userhash=true");
        }
        // A server's text with a line break cannot come this far; a user's could.
        (!out.contains(['\r', '\n', '\0'])).then_some(out)
    }
}

impl State {
    fn next_count(&mut self, nonce: &str) -> u32 {
        let at = self.counts.iter().position(|(known, _)| known == nonce);
        let (nonce, last) = at.and_then(|at| self.counts.remove(at)).unwrap_or_else(|| (nonce.into(), 0));
        let count = last.saturating_add(1);
        // The ones in use stay in front, so that only forgotten nonces fall off the end.
        self.counts.truncate(MAX_NONCES - 1);
        self.counts.push_front((nonce, count));
        count
    }
}

fn origin(place: &Place<'_>) -> String {
    format!("{}://{}:{}", place.scheme, place.host, place.port)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Qop {
    None,
    Auth,
    AuthInt,
}

impl Qop {
    /// The cheapest protection that the server accepts; `None` when it wants a hash of a body that we cannot read.
    fn of(challenge: &Challenge, has_body: bool) -> Option<Qop> {
        let Some(list) = challenge.get("qop").filter(|list| !list.trim().is_empty()) else { return Some(Qop::None) };
        let offers = |word: &str| list.split(',').any(|offer| offer.trim().eq_ignore_ascii_case(word));
        if offers("auth") {
            return Some(Qop::Auth);
        }
        (offers("auth-int") && has_body).then_some(Qop::AuthInt)
    }

    fn word(self) -> Option<&'static str> {
        match self {
            Qop::None => None,
            Qop::Auth => Some("auth"),
            Qop::AuthInt => Some("auth-int"),
        }
    }
}

/// The first among the strongest challenges that can be answered.
fn strongest(challenges: &[Challenge], has_body: bool) -> Option<(&Challenge, Algorithm)> {
    let mut best: Option<(&Challenge, Algorithm)> = None;
    for challenge in challenges.iter().filter(|challenge| challenge.is("digest")) {
        let Some(algorithm) = Algorithm::named(challenge.get("algorithm")) else { continue };
        let usable = challenge.get("realm").is_some()
            && challenge.get("nonce").is_some()
            && Qop::of(challenge, has_body).is_some();
        if usable && best.is_none_or(|(_, best)| algorithm.strength() > best.strength()) {
            best = Some((challenge, algorithm));
        }
    }
    best
}

/// Whether a server asks to answer again with its new nonce.
pub fn is_stale(challenges: &[Challenge]) -> bool {
    let is_true = |challenge: &Challenge| challenge.get("stale").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    challenges.iter().any(|challenge| challenge.is("digest") && is_true(challenge))
}

/// How often one exchange was answered. A redirect begins a new one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    answered: bool,
    refreshed: bool,
}

impl Attempts {
    /// Whether a refusal of this status may be answered: once, and once more when our nonce had merely grown stale.
    pub fn allow(&mut self, status: u16, challenges: &[Challenge]) -> bool {
        if !(400..500).contains(&status) || !challenges.iter().any(|challenge| challenge.is("digest")) {
            return false;
        }
        if !self.answered {
            self.answered = true;
            return true;
        }
        let again = is_stale(challenges) && !self.refreshed;
        self.refreshed |= again;
        again
    }
}

fn push_quoted(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

/// RFC 8187 3.2.1.
fn push_extended(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests;
