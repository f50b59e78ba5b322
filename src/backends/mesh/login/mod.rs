//! What says who we are: nothing, or a bearer token (spec/mesh.md 2.4, 2.5) that the host gave, that its provider brings,
//! or that Kerberos earns. A token is held until its time is over or the server does not take it any more, and it is asked
//! for by one thread at a time, which is never the reactor.

mod kerberos;
mod supplier;

use std::{
    sync::Arc,
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use kerberos::Kerberos;

use super::{terms::Terms, wire::Wire};
use crate::{
    args::Args,
    clock,
    engine::errands::{Errands, Kept},
    error::{Error, Result, Status, code},
    secret::Secret,
    sys::lock::Mutex,
    value::{Object, Provider, Tree},
};

/// How often a thread that waits for another one's token looks whether its call is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The login of one connection.
pub struct Login {
    source: Mutex<Arc<Source>>,
    held: Mutex<Option<Held>>,
    /// Held by who asks for a token.
    asking: Mutex<()>,
    /// The thread that asks.
    asker: Mutex<Option<ThreadId>>,
    worker: Arc<dyn Errands>,
    secure: bool,
}

/// Where tokens come from.
enum Source {
    /// None is sent.
    None,
    /// The host gave it.
    Given,
    /// The host's provider is asked.
    Supplier(Kept<Arc<dyn Provider>>),
    /// It is earned by tickets.
    Kerberos(Kerberos),
}

/// Another token of the host.
pub struct Swap(Source, Option<Held>);

/// A token that is good.
struct Held {
    token: Secret,
    /// When another one has to be asked for.
    until: Option<Instant>,
}

impl Login {
    /// Reads `access_token` and `kerberos`. A token is only ever sent over TLS.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args, secure: bool, worker: &Arc<dyn Errands>) -> Result<Login> {
        let told = |name: &str| args.get(name).filter(|value| !value.is_null());
        let (source, held) = match (told("access_token"), told("kerberos")) {
            (None, None) => (Source::None, None),
            (Some(token), None) => given(token, secure, worker)?,
            (None, Some(kerberos)) => {
                if !secure {
                    return Err(Error::option("kerberos", "a token is sent over TLS alone; use mesh+https"));
                }
                (Source::Kerberos(Kerberos::read(kerberos, worker)?), None)
            }
            (Some(_), Some(_)) => {
                return Err(Error::option("kerberos", "access_token and kerberos do not go together"));
            }
        };
        Ok(Login {
            source: Mutex::new(Arc::new(source)),
            held: Mutex::new(held),
            asking: Mutex::default(),
            asker: Mutex::default(),
            worker: Arc::clone(worker),
            secure,
        })
    }

    /// What `configure` swaps the token for, if it does.
    ///
    /// # Errors
    /// `argument`.
    pub fn read_swap(&self, args: &Args) -> Result<Option<Swap>> {
        let Some(token) = args.get("access_token") else { return Ok(None) };
        if !matches!(*self.source(), Source::Given | Source::Supplier(_)) {
            return Err(Error::option("access_token", "connection is not using external access token mode"));
        }
        let (source, held) = given(token, self.secure, &self.worker)?;
        Ok(Some(Swap(source, held)))
    }

    /// Swaps the token of the host for another one, for the calls that begin from now on.
    pub fn swap(&self, Swap(source, held): Swap) {
        let old = {
            let mut current = self.source.lock();
            *self.held.lock() = held;
            std::mem::replace(&mut *current, Arc::new(source))
        };
        drop(old);
    }

    fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source.lock())
    }

    /// The token for a call that begins now. May ask the host and the server: never on the reactor.
    ///
    /// # Errors
    /// What its supplier says; `cancelled`, `total_timeout`.
    pub fn current(&self, wire: &Wire, terms: &Terms) -> Result<Option<Secret>> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        if *self.asker.lock() == Some(thread::current().id()) {
            let message = "the session was asked for a call by what is to bring the token for it";
            return Err(Error::new(&code::BUSY, message).with("key", "access_token"));
        }
        let _asking = loop {
            terms.check()?;
            if let Some(asking) = self.asking.try_lock_for(LOOK) {
                break asking;
            }
        };
        // Somebody else may have had it meanwhile.
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let asker = Asker::enter(&self.asker);
        let source = self.source();
        let held = match &*source {
            Source::None | Source::Given => return Ok(None),
            Source::Supplier(provider) => match provider.peek() {
                Some(provider) => supplier::ask(&**provider)?,
                None => return Ok(None),
            },
            Source::Kerberos(kerberos) => kerberos.authenticate(wire, terms)?,
        };
        drop(asker);
        let token = held.token.clone();
        // Unless the host swapped it meanwhile.
        let current = self.source.lock();
        if Arc::ptr_eq(&current, &source) {
            *self.held.lock() = Some(held);
        }
        drop(current);
        Ok(Some(token))
    }

    /// The token, when it is known without asking anybody; `None` when somebody has to be asked.
    #[must_use]
    pub fn known(&self) -> Option<Option<Secret>> {
        let source = self.source();
        let held = self.held.lock();
        match (&*source, &*held) {
            (Source::None, _) => Some(None),
            (_, Some(held)) if held.until.is_none_or(|until| clock::now() < until) => Some(Some(held.token.clone())),
            (Source::Given, None) => Some(None),
            _ => None,
        }
    }

    /// What the options say of it, without what is secret.
    pub fn show(&self, shown: &mut Object) {
        let source = self.source();
        let cover = |is: bool| if is { Tree::from("***") } else { Tree::Null };
        shown.insert("access_token", cover(matches!(*source, Source::Given | Source::Supplier(_))));
        shown.insert("kerberos", if let Source::Kerberos(kerberos) = &*source { kerberos.show() } else { Tree::Null });
    }

    /// Whether a token that is not taken can be replaced without the host's doing.
    #[must_use]
    pub fn renews(&self) -> bool {
        !matches!(*self.source(), Source::None | Source::Given)
    }

    /// Makes the token that Kerberos earned unusable; the next call earns another one.
    ///
    /// # Errors
    /// `unsupported` when the token is the host's own, or there is none; what `send` says.
    pub fn revoke(&self, send: impl FnOnce(&Secret) -> Result<()>) -> Result<()> {
        if !matches!(*self.source(), Source::Kerberos(_)) {
            return Err(Error::new(&code::UNSUPPORTED, "Authentication not configured for this connection"));
        }
        let token = self.held.lock().as_ref().map(|held| held.token.clone());
        let Some(token) = token else { return Ok(()) };
        send(&token)?;
        let _ = self.refused(Some(&token));
        Ok(())
    }

    /// The server did not take this token: whether another one is to be had.
    #[must_use]
    pub fn refused(&self, token: Option<&Secret>) -> bool {
        let renews = self.renews();
        let mut held = self.held.lock();
        if held.as_ref().map(|held| &held.token) != token {
            // Another one is there already, or is asked for at this moment.
            return renews || held.is_some();
        }
        if renews {
            *held = None;
        }
        renews
    }
}

/// The token that the host gave, or who brings it.
fn given(token: &Tree, secure: bool, worker: &Arc<dyn Errands>) -> Result<(Source, Option<Held>)> {
    if !secure {
        return Err(Error::option("access_token", "a token is sent over TLS alone; use mesh+https"));
    }
    match token {
        Tree::Text(token) => Ok((Source::Given, Some(Held { token: checked(token)?, until: None }))),
        Tree::Provider(provider) => {
            Ok((Source::Supplier(Kept::new(Arc::clone(provider), Some(Arc::clone(worker)))), None))
        }
        other => Err(Error::option(
            "access_token",
            format!("access_token was {}; text or a provider was expected", other.kind_name()),
        )),
    }
}

/// A token that a header field can carry.
fn checked(token: &str) -> Result<Secret> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "a token was empty or had characters that no header field carries";
        return Err(Error::option("access_token", message).status_as(Status::Argument));
    }
    Ok(Secret::new(token))
}

/// Marks the thread that asks.
struct Asker<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Asker<'a> {
    fn enter(place: &'a Mutex<Option<ThreadId>>) -> Asker<'a> {
        *place.lock() = Some(thread::current().id());
        Asker(place)
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}
