//! The session on the server: opened, joined, kept alive, ended (spec/mesh.md 3).

use std::{sync::Arc, time::Instant};

use super::{
    form::{Guid, decode},
    schema::{self, Kind},
    wire::Wire,
};
use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    sys::lock::Mutex,
    value::Tree,
};

/// The service that knows sessions.
const SERVICE: &str = "/volue.mesh.grpc.session.v1alpha.SessionService";

/// One session on the server.
#[derive(Default)]
pub struct Workspace {
    state: Mutex<State>,
    /// Held while one is opened, so that two calls do not open two.
    opening: Mutex<()>,
}

#[derive(Default)]
struct State {
    id: Option<Guid>,
    /// It was there before us: closing leaves it.
    joined: bool,
    /// What the server said it lives on without being used, in seconds.
    expires_in: Option<f64>,
}

/// The message that names a session.
fn named(id: Guid) -> Vec<u8> {
    let mut message = Vec::with_capacity(18);
    crate::engine::grpc::protobuf::put_bytes(1, id.wire(), &mut message);
    message
}

impl Workspace {
    /// The id; one is opened when there is none yet.
    ///
    /// # Errors
    /// What the server refused.
    pub fn id(&self, wire: &Wire, cancel: &Arc<Cancel>) -> Result<Guid> {
        if let Some(id) = self.known() {
            return Ok(id);
        }
        let _opening = self.opening.lock();
        match self.known() {
            Some(id) => Ok(id),
            None => self.open(wire, cancel),
        }
    }

    /// The id, when there is one.
    #[must_use]
    pub fn known(&self) -> Option<Guid> {
        self.state.lock().id
    }

    /// How long it lives on without being used, in seconds, as the server said last.
    #[must_use]
    pub fn expires_in(&self) -> Option<f64> {
        self.state.lock().expires_in
    }

    fn open(&self, wire: &Wire, cancel: &Arc<Cancel>) -> Result<Guid> {
        let answer = wire.unary(&format!("{SERVICE}/StartSession"), &[], &Args::new(), cancel)?;
        let told = decode(Kind::Message(&schema::tables::session::START_SESSION_RESPONSE), &answer)?;
        let id = told.get("session_id").and_then(Tree::as_str).and_then(Guid::parse);
        let id = id.ok_or_else(|| Error::new(&code::PROTOCOL, "the server opened a session without an id"))?;
        self.state.lock().id = Some(id);
        self.extend(wire, id, cancel)?;
        Ok(id)
    }

    /// Joins a session that is there.
    ///
    /// # Errors
    /// `session_lost` when the server does not know it.
    pub fn join(&self, wire: &Wire, id: Guid, cancel: &Arc<Cancel>) -> Result<()> {
        self.extend(wire, id, cancel)?;
        let mut state = self.state.lock();
        state.id = Some(id);
        state.joined = true;
        Ok(())
    }

    /// Tells the server that it is still used, and hears for how long that counts.
    ///
    /// # Errors
    /// `session_lost`, and what goes wrong on the way.
    pub fn extend(&self, wire: &Wire, id: Guid, cancel: &Arc<Cancel>) -> Result<()> {
        let answer = wire.unary(&format!("{SERVICE}/ExtendSession"), &named(id), &Args::new(), cancel)?;
        let told = decode(Kind::Message(&schema::tables::session::EXTEND_SESSION_RESPONSE), &answer)?;
        self.state.lock().expires_in = told.get("expires_in").and_then(Tree::as_double);
        Ok(())
    }

    /// Makes the changes everybody's.
    ///
    /// # Errors
    /// `session_corrupt`, `owner_gone`, and what goes wrong on the way.
    pub fn commit(&self, wire: &Wire, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
        let id = self.id(wire, cancel)?;
        wire.unary(&format!("{SERVICE}/Commit"), &named(id), args, cancel).map(drop)
    }

    /// Forgets the changes. Without a session there are none.
    ///
    /// # Errors
    /// What the server refused.
    pub fn rollback(&self, wire: &Wire, args: &Args, cancel: &Arc<Cancel>) -> Result<()> {
        let Some(id) = self.known() else { return Ok(()) };
        wire.unary(&format!("{SERVICE}/Rollback"), &named(id), args, cancel).map(drop)
    }

    /// Ends it, or leaves it when it is to be kept or was there before us.
    ///
    /// # Errors
    /// What the server refused.
    pub fn leave(&self, wire: &Wire, keep: bool, deadline: Instant) -> Result<()> {
        let (id, joined) = {
            let mut state = self.state.lock();
            (state.id.take(), state.joined)
        };
        let Some(id) = id.filter(|_| !keep && !joined) else { return Ok(()) };
        let mut args = Args::new();
        let left = deadline.saturating_duration_since(crate::clock::now());
        args.set("timeout", left.as_secs_f64().max(0.001));
        wire.unary(&format!("{SERVICE}/EndSession"), &named(id), &args, &Arc::default()).map(drop)
    }
}
