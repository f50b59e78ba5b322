//! Kerberos (spec/mesh.md 2.4): legs go to and fro in one call until the server gives a token.

use std::{sync::Arc, time::Duration};

use super::{Held, checked};
use crate::{
    args::Args,
    backends::mesh::{
        form::decode,
        schema::{self, Kind},
        terms::Terms,
        wire::Wire,
    },
    clock,
    engine::{
        errands::{Errands, Kept},
        grpc::protobuf::put_bytes,
    },
    error::{Error, Result, Status, code},
    sys::gss,
    value::{Object, Provider, Tree},
};

const AUTHENTICATE: &str = "/volue.mesh.grpc.auth.v1alpha.AuthenticationService/AuthenticateKerberos";
/// A token is renewed so long before its time is over.
const MARGIN: Duration = Duration::from_secs(60);
/// More legs than any mechanism has.
const MOST_LEGS: usize = 32;

/// Whose tickets, and who makes legs of them.
pub(super) struct Kerberos {
    service: Option<Box<str>>,
    user: Option<Box<str>>,
    /// The host's provider; the system's library otherwise.
    provider: Option<Kept<Arc<dyn Provider>>>,
}

/// Who answers the server's legs.
enum Party<'a> {
    Host(&'a Kerberos, &'a dyn Provider),
    System(gss::Context),
}

impl Kerberos {
    /// Reads `kerberos`: a group, or the provider alone.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(value: &Tree, worker: &Arc<dyn Errands>) -> Result<Kerberos> {
        let mut kerberos = Kerberos { service: None, user: None, provider: None };
        let host = |provider: &Arc<dyn Provider>| Some(Kept::new(Arc::clone(provider), Some(Arc::clone(worker))));
        let members = match value {
            Tree::Provider(provider) => {
                kerberos.provider = host(provider);
                return Ok(kerberos);
            }
            Tree::Object(members) => members,
            other => {
                return Err(Error::option(
                    "kerberos",
                    format!(
                        "kerberos was {}; {{service_principal, user_principal, provider}} was expected",
                        other.kind_name()
                    ),
                ));
            }
        };
        for (name, value) in members.iter() {
            let wrong =
                || Error::option(&format!("kerberos.{name}"), format!("kerberos.{name} was {}", value.kind_name()));
            match (name, value) {
                (_, Tree::Null) => {}
                ("service_principal", value) => kerberos.service = Some(principal(value).ok_or_else(wrong)?),
                ("user_principal", value) => kerberos.user = Some(principal(value).ok_or_else(wrong)?),
                ("provider", Tree::Provider(provider)) => kerberos.provider = host(provider),
                ("provider", _) => return Err(wrong()),
                _ => {
                    let message = format!(
                        "kerberos has no member {name:?}; it has service_principal, user_principal and provider"
                    );
                    return Err(Error::option("kerberos", message));
                }
            }
        }
        if kerberos.service.is_none() && kerberos.provider.is_none() {
            return Err(Error::option(
                "kerberos.service_principal",
                "kerberos needs a service_principal, such as HOST/mesh.example.com",
            ));
        }
        Ok(kerberos)
    }

    /// As the options show it.
    pub fn show(&self) -> Tree {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(Tree::Null, Tree::from);
        let mut shown = Object::with_capacity(3);
        shown.insert("service_principal", text(&self.service));
        shown.insert("user_principal", text(&self.user));
        shown.insert("provider", if self.provider.is_some() { Tree::from("provider") } else { Tree::Null });
        Tree::Object(shown)
    }

    /// Earns a token.
    ///
    /// # Errors
    /// What the library of Kerberos, the host or the server says.
    pub fn authenticate(&self, wire: &Wire, terms: &Terms) -> Result<Held> {
        let began = clock::now();
        let mut party = match &self.provider {
            Some(kept) => match kept.peek() {
                Some(provider) => Party::Host(self, &**provider),
                None => return Err(Error::new(&code::CLOSED, "the session was closed")),
            },
            None => Party::System(self.context()?),
        };
        let first = party.step(None)?;
        let mut talk = wire.talk(AUTHENTICATE, &leg(&first), terms)?;
        for _ in 0..MOST_LEGS {
            let Some(message) = talk.next()? else {
                return Err(Error::new(&code::PROTOCOL, "the server ended the authentication without a token")
                    .status_as(Status::Auth));
            };
            let told = decode(Kind::Message(&schema::tables::auth::AUTHENTICATE_KERBEROS_RESPONSE), &message)?;
            let token = told.get("bearer_token").and_then(Tree::as_str).unwrap_or_default();
            if token.is_empty() {
                let theirs = told.get("kerberos_token").and_then(Tree::as_bytes).unwrap_or_default();
                let ours = party.step(Some(theirs))?;
                talk.say(&leg(&ours))?;
                continue;
            }
            let held = held(token, told.get("token_duration").and_then(Tree::as_double), began);
            talk.end();
            return held;
        }
        Err(Error::new(&code::PROTOCOL, format!("the authentication did not end after {MOST_LEGS} legs"))
            .status_as(Status::Auth))
    }

    fn context(&self) -> Result<gss::Context> {
        let service = self.service.as_deref().unwrap_or_default();
        gss::Context::new(service, self.user.as_deref()).map_err(|trouble| match trouble {
            gss::Trouble::Absent(why) => {
                let message =
                    format!("the system has no library for Kerberos ({why}); kerberos.provider can take its place");
                Error::new(&code::UNSUPPORTED, message)
            }
            gss::Trouble::Refused(why) => refused(&why),
        })
    }
}

impl Party<'_> {
    /// Our next leg, on the server's.
    fn step(&mut self, theirs: Option<&[u8]>) -> Result<Vec<u8>> {
        match self {
            Party::System(context) => context.step(theirs.unwrap_or_default()).map_err(|why| refused(&why)),
            Party::Host(kerberos, provider) => kerberos.ask(*provider, theirs),
        }
    }
}

impl Kerberos {
    fn ask(&self, provider: &dyn Provider, theirs: Option<&[u8]>) -> Result<Vec<u8>> {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(Tree::Null, Tree::from);
        let mut arguments = Object::with_capacity(3);
        arguments.insert("service_principal", text(&self.service));
        arguments.insert("user_principal", text(&self.user));
        arguments.insert("token", theirs.map_or(Tree::Null, |token| Tree::Bytes(Arc::from(token))));
        let mut call = Object::with_capacity(3);
        call.insert("provider", Tree::from("kerberos"));
        call.insert("method", Tree::from("step"));
        call.insert("arguments", Tree::Object(arguments));
        let mut reply = Args::new();
        let status = provider.call(Tree::Object(call), &mut reply);
        if status != Status::Ok {
            let text = reply.str("message").ok().flatten().unwrap_or("it did not say why");
            return Err(Error::new(&code::PROVIDER, format!("the provider brought no token of Kerberos: {text}"))
                .status_as(status));
        }
        reply.check()?;
        match reply.get("value") {
            Some(Tree::Bytes(bytes)) => Ok(bytes.to_vec()),
            None | Some(Tree::Null) => Ok(Vec::new()),
            Some(other) => Err(Error::new(
                &code::PROVIDER,
                format!("the provider of Kerberos brought {} instead of bytes", other.kind_name()),
            )),
        }
    }
}

fn principal(value: &Tree) -> Option<Box<str>> {
    value.as_str().filter(|name| !name.is_empty() && !name.contains('\0')).map(Into::into)
}

fn refused(why: &str) -> Error {
    Error::new(&code::SERVER, format!("Kerberos gave no ticket: {why}"))
        .status_as(Status::Auth)
        .with("server_text", why)
}

/// `BytesValue`.
fn leg(bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(bytes.len() + 4);
    if !bytes.is_empty() {
        put_bytes(1, bytes, &mut message);
    }
    message
}

fn held(token: &str, seconds: Option<f64>, began: std::time::Instant) -> Result<Held> {
    let time =
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).and_then(|time| time.checked_sub(MARGIN));
    let Some(time) = time.filter(|time| !time.is_zero()) else {
        let message = format!("Invalid Mesh token duration: {} seconds", seconds.unwrap_or_default());
        return Err(Error::new(&code::PROTOCOL, message));
    };
    let token = checked(token)
        .map_err(|_| Error::new(&code::PROTOCOL, "the server gave a token that no header field carries"))?;
    // What the clock has no room for is never over.
    Ok(Held { token, until: began.checked_add(time) })
}
