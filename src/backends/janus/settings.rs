//! What the host says about a session (verbs.md "Janus", spec/janus.md 4.1: the names and defaults that the Python client
//! documents).

use std::{sync::Arc, time::Duration};

use super::{envelope::Secrets, place::Place, session::Origin};
use crate::{
    args::Args,
    engine::backoff::{Jitter, Plan},
    error::{Error, Result},
    options::{self, scope},
    secret::Secret,
    sys::lock::Mutex,
    value::{Object, Tree},
};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest delay between two tries to connect.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// The options that mean something else here than to the HTTP session below.
const OWN: [&str; 4] = ["timeout", "timeouts", "retry", "parse"];

/// What becomes of a session whose connection is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recover {
    /// It is claimed on another connection.
    Claim,
    /// The same, and when the server has forgotten it, it is made again.
    Recreate,
    /// It ends.
    Off,
}

impl Recover {
    fn read(args: &Args) -> Result<Option<Recover>> {
        Ok(match args.str("recover")? {
            None => None,
            Some("claim") => Some(Recover::Claim),
            Some("recreate") => Some(Recover::Recreate),
            Some("off") => Some(Recover::Off),
            Some(other) => {
                let message = format!("recover was {other:?}; it takes \"claim\", \"recreate\" and \"off\"");
                return Err(Error::option("recover", message));
            }
        })
    }

    /// The word of the option.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Recover::Claim => "claim",
            Recover::Recreate => "recreate",
            Recover::Off => "off",
        }
    }
}

/// What can be changed while the session runs. All sessions of a line share it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long a call may take, all of it.
    pub timeout: Duration,
    /// What every request carries.
    pub secrets: Secrets,
    /// When a lost connection, or one that could not be made, is tried again.
    pub plan: Plan,
    /// How long a session is left unused at the most; zero when nobody keeps it alive, none when the server's own time-out
    /// decides alone.
    pub keepalive_interval: Option<Duration>,
    /// The silence after which a WebSocket's peer is asked whether it is there.
    pub ping_interval: Option<Duration>,
    /// The further silence after which it is not.
    pub ping_timeout: Option<Duration>,
    /// What becomes of sessions after a loss.
    pub recover: Recover,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            timeout: TIMEOUT,
            secrets: Secrets::default(),
            plan: Plan {
                delay: Duration::from_secs(1),
                factor: 2.0,
                max_delay: LONGEST_DELAY,
                max_retries: Some(3),
                jitter: Jitter::Equal,
            },
            keepalive_interval: None,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Some(Duration::from_secs(10)),
            recover: Recover::Claim,
        }
    }
}

impl Terms {
    /// The same with what `args` say.
    ///
    /// # Errors
    /// `argument`.
    pub fn with(&self, args: &Args) -> Result<Terms> {
        let mut terms = self.clone();
        terms.timeout = timeout(args)?.unwrap_or(self.timeout);
        if let Some(given) = secret(args, "api_secret")? {
            terms.secrets.api_secret = given;
        }
        if let Some(given) = secret(args, "token")? {
            terms.secrets.token = given;
        }
        match args.get("max_retries") {
            None => {}
            Some(Tree::Null) => terms.plan.max_retries = None,
            Some(_) => {
                let most = args.int("max_retries")?.and_then(|most| u32::try_from(most).ok());
                let wrong = || Error::option("max_retries", "max_retries was not a whole number from 0, or null");
                terms.plan.max_retries = Some(most.ok_or_else(wrong)?);
            }
        }
        if let Some(delay) = args.duration("retry_delay")? {
            terms.plan.delay = delay;
            terms.plan.max_delay = LONGEST_DELAY.max(delay);
        }
        match args.get("keepalive_interval") {
            None => {}
            Some(Tree::Bool(false)) => terms.keepalive_interval = Some(Duration::ZERO),
            Some(_) => terms.keepalive_interval = args.duration("keepalive_interval")?,
        }
        for (key, time) in [("ping_interval", &mut terms.ping_interval), ("ping_timeout", &mut terms.ping_timeout)] {
            if args.get(key).is_some() {
                *time = args.duration(key)?.filter(|time| !time.is_zero());
            }
        }
        if let Some(recover) = Recover::read(args)? {
            terms.recover = recover;
        }
        Ok(terms)
    }

    /// As the snapshot `options` shows it.
    pub fn show(&self, shown: &mut Object) {
        let seconds = |time: Option<Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
        let hidden = |secret: &Option<Secret>| secret.as_ref().map_or(Tree::Null, |_| Tree::from("***"));
        shown.insert("timeout", seconds(Some(self.timeout)));
        shown.insert("api_secret", hidden(&self.secrets.api_secret));
        shown.insert("token", hidden(&self.secrets.token));
        shown.insert("max_retries", self.plan.max_retries.map_or(Tree::Null, |most| Tree::Int(i64::from(most))));
        shown.insert("retry_delay", seconds(Some(self.plan.delay)));
        shown.insert("keepalive_interval", seconds(self.keepalive_interval));
        shown.insert("ping_interval", seconds(self.ping_interval));
        shown.insert("ping_timeout", seconds(self.ping_timeout));
        shown.insert("recover", Tree::from(self.recover.word()));
    }
}

/// A secret that is given, or taken away by null.
///
/// # Errors
/// `argument`.
pub fn secret(args: &Args, key: &str) -> Result<Option<Option<Secret>>> {
    match args.get(key) {
        None => Ok(None),
        Some(Tree::Null) => Ok(Some(None)),
        Some(_) => Ok(Some(args.str(key)?.filter(|text| !text.is_empty()).map(Secret::new))),
    }
}

/// The whole time of a call: `timeout` or `timeouts.total`, whichever is shorter.
///
/// # Errors
/// `argument`.
pub fn timeout(args: &Args) -> Result<Option<Duration>> {
    if args.is_empty() {
        return Ok(None);
    }
    let own = match args.get("timeout") {
        Some(Tree::Array(_)) => {
            let message = "timeout was a list; of Janus it is the whole call, in seconds or as text with a unit";
            return Err(Error::option("timeout", message));
        }
        _ => args.duration("timeout")?,
    };
    let total = match args.get("timeouts") {
        Some(Tree::Object(_)) => args.duration("timeouts.total")?,
        _ => None,
    };
    Ok(own.into_iter().chain(total).min())
}

/// The id that an option names.
///
/// # Errors
/// `argument`.
pub fn id(args: &Args, key: &str) -> Result<Option<u64>> {
    let wrong = || Error::option(key, format!("{key} was not a number from 1 to 2^64-1"));
    match args.get(key) {
        None | Some(Tree::Null) => Ok(None),
        Some(Tree::Int(number)) => u64::try_from(*number).ok().filter(|id| *id > 0).map(Some).ok_or_else(wrong),
        // Beyond 63 bits a number keeps its text; and a host without such numbers writes text at once.
        Some(Tree::Number(_, text) | Tree::Text(text)) => {
            text.parse().ok().filter(|id| *id > 0).map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// How a session comes to be: `session_id` claims one, `create_id` names a new one.
///
/// # Errors
/// `argument`.
pub fn origin(args: &Args) -> Result<Origin> {
    match (id(args, "session_id")?, id(args, "create_id")?) {
        (Some(_), Some(_)) => {
            let message = "session_id and create_id were both given; one claims a session, the other names a new one";
            Err(Error::option("create_id", message))
        }
        (Some(id), None) => Ok(Origin::Claimed(id)),
        (None, id) => Ok(Origin::Created(id)),
    }
}

/// The arguments of the HTTP session that carries WebSockets and requests.
#[must_use]
pub fn web(args: &Args, terms: &Terms) -> Args {
    let mut web = Args::new();
    for (key, value) in args.root().iter() {
        if !OWN.contains(&key) && options::find(key, scope::CREATE, "http").is_some() {
            web.set(key, value.clone());
        }
    }
    web.set("timeout", terms.timeout.as_secs_f64());
    if let Some(most) = args.get("max_connections") {
        web.set("pool_maxsize", most.clone());
    }
    web
}

/// The terms as they are now: shared by all that act by them.
#[derive(Debug)]
pub struct Current(Mutex<Arc<Terms>>);

impl Current {
    /// These, until others are set.
    #[must_use]
    pub fn new(terms: Terms) -> Arc<Current> {
        Arc::new(Current(Mutex::new(Arc::new(terms))))
    }

    /// What holds now.
    #[must_use]
    pub fn get(&self) -> Arc<Terms> {
        Arc::clone(&self.0.lock())
    }

    /// Others from now on.
    pub fn set(&self, terms: Terms) {
        *self.0.lock() = Arc::new(terms);
    }
}

/// Whether an option means something else here than to the HTTP session below.
#[must_use]
pub fn is_own(key: &str) -> bool {
    OWN.contains(&key)
}

/// What a create says beside [`Terms`].
#[derive(Debug)]
pub struct Start {
    /// The servers, the first one first.
    pub places: Vec<Place>,
    /// How the session comes to be.
    pub origin: Origin,
    /// Nothing is opened before it is needed.
    pub lazy: bool,
}

impl Start {
    /// Reads it.
    ///
    /// # Errors
    /// `argument`, `invalid_schema`, `invalid_url`.
    pub fn read(url: &str, args: &Args) -> Result<Start> {
        if args.int("max_connections")?.is_some_and(|most| most < 1) {
            return Err(Error::option("max_connections", "max_connections was not a positive number"));
        }
        Ok(Start { places: Place::all(url, args)?, origin: origin(args)?, lazy: args.bool("lazy")?.unwrap_or(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Terms> {
        let mut args = Args::new();
        args.set_json(None, json);
        Terms::default().with(&args)
    }

    #[test]
    fn the_documented_names_have_the_documented_defaults() {
        let terms = read("{}").unwrap();
        let seconds = |count| Duration::from_secs(count);
        assert_eq!((terms.timeout, terms.plan.delay, terms.plan.max_retries), (seconds(30), seconds(1), Some(3)));
        assert_eq!((terms.ping_interval, terms.ping_timeout), (Some(seconds(20)), Some(seconds(10))));
        assert_eq!((terms.keepalive_interval, terms.plan.max_delay), (None, seconds(30)));
        assert_eq!(terms.recover, Recover::Claim);
    }

    #[test]
    fn what_is_given_counts_and_null_takes_away() {
        let terms = read(r#"{"timeout":"250ms","timeouts":{"total":1},"max_retries":null,"retry_delay":0.5,"keepalive_interval":0,"ping_interval":0,"api_secret":"s","token":"t","recover":"off"}"#).unwrap();
        assert_eq!((terms.timeout, terms.plan.max_retries), (Duration::from_millis(250), None));
        assert_eq!((terms.keepalive_interval, terms.ping_interval), (Some(Duration::ZERO), None));
        let mut args = Args::new();
        args.set_json(None, r#"{"token":null,"ping_timeout":null}"#);
        let terms = terms.with(&args).unwrap();
        assert!(terms.secrets.token.is_none() && terms.secrets.api_secret.is_some() && terms.ping_timeout.is_none());
        let mut shown = Object::default();
        terms.show(&mut shown);
        assert_eq!((shown.get("api_secret"), shown.get("token")), (Some(&Tree::from("***")), Some(&Tree::Null)));
    }

    #[test]
    fn mistakes_name_their_option() {
        for (json, key) in [
            (r#"{"timeout":[1,2]}"#, "timeout"),
            (r#"{"max_retries":-1}"#, "max_retries"),
            (r#"{"max_retries":"many"}"#, "max_retries"),
            (r#"{"retry_delay":-1}"#, "retry_delay"),
            (r#"{"recover":"maybe"}"#, "recover"),
            (r#"{"api_secret":7}"#, "api_secret"),
        ] {
            assert_eq!(read(json).unwrap_err().detail().get("key").and_then(Tree::as_str), Some(key), "{json}");
        }
    }

    #[test]
    fn ids_have_64_bits() {
        let read = |json: &str| {
            let mut args = Args::new();
            args.set_json(Some("session_id"), json);
            id(&args, "session_id")
        };
        assert_eq!(read("null").unwrap(), None);
        assert_eq!(read("18446744073709551615").unwrap(), Some(u64::MAX));
        assert_eq!(read("\"7\"").unwrap(), Some(7));
        for wrong in ["0", "-1", "1.5", "\"x\"", "18446744073709551616", "true"] {
            assert_eq!(read(wrong).unwrap_err().code(), "argument", "{wrong}");
        }
    }
}
