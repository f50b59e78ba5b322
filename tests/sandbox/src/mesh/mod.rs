//! A server that speaks the Mesh protocol: gRPC over HTTP/2, with and without TLS. What it holds is in memory; it begins
//! with the model that the official Python client's own tests expect.

mod arrow;
mod attribute;
mod availability;
mod calc;
mod config;
mod control;
mod definition;
mod fault;
mod grid;
mod hydsim;
mod id;
mod instance;
mod journal;
mod kind;
mod link;
mod object;
mod path;
mod point;
mod rating;
mod read;
mod resource;
mod search;
mod seed;
mod series;
mod service;
mod session;
mod settings;
mod store;
mod text;
mod time;
mod transport;
mod view;
mod wire;
mod write;
mod xy;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tonic::Status;

use crate::log::lock;
use fault::{Fault, Faults};
use id::Id;
use journal::Journal;
use session::{Op, Sessions};
use settings::Settings;
use store::Store;

pub use control::{apply, serve as control, shown as log};
pub use transport::serve;

/// The messages, under short names.
mod pb {
    pub use super::wire::volue::mesh::grpc::auth::v1alpha as auth;
    pub use super::wire::volue::mesh::grpc::availability::v1alpha as availability;
    pub use super::wire::volue::mesh::grpc::calc::v1alpha as calc;
    pub use super::wire::volue::mesh::grpc::config::v1alpha as config;
    pub use super::wire::volue::mesh::grpc::hydsim::v1alpha as hydsim;
    pub use super::wire::volue::mesh::grpc::model::v1alpha as model;
    pub use super::wire::volue::mesh::grpc::model_definition::v1alpha as definition;
    pub use super::wire::volue::mesh::grpc::resource::v1alpha as resource;
    pub use super::wire::volue::mesh::grpc::session::v1alpha as session;
    pub use super::wire::volue::mesh::grpc::time_series::v1alpha as time_series;
    pub use super::wire::volue::mesh::grpc::r#type::*;
}

/// How the Mesh server begins.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Port of the listener without TLS; 0 takes a free one.
    pub port: u16,
    /// Faults and settings, each as `/_mesh` takes it.
    pub orders: Vec<String>,
}

/// The server's whole state.
pub struct Mesh {
    sessions: Mutex<Sessions>,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    journal: Journal,
    /// Tokens that were given out, and until when each is good, in seconds on the server's clock.
    tokens: Arc<Mutex<Vec<(String, f64)>>>,
    started: Instant,
}

impl Mesh {
    /// A server with its first model.
    ///
    /// # Errors
    /// When an order is not understood.
    pub fn new(setup: &Setup) -> Result<Self, String> {
        #[expect(clippy::disallowed_methods, reason = "the rule is the library's; a server has a clock of its own")]
        let now = Instant::now();
        let mesh = Self {
            sessions: Mutex::new(Sessions::new(seed::store())),
            settings: Mutex::default(),
            faults: Mutex::default(),
            journal: Journal::default(),
            tokens: Arc::default(),
            started: now,
        };
        for order in &setup.orders {
            control::apply(&mesh, &crate::request::Args(crate::request::parse_pairs(order)))?;
        }
        Ok(mesh)
    }

    /// Seconds since the start, and what the clock was set forward by.
    fn now(&self) -> f64 {
        self.started.elapsed().as_secs_f64() + lock(&self.settings).advance
    }

    /// Answers one call of a session, which must be there.
    fn call<T>(
        &self,
        session: Option<&pb::Guid>,
        context: Context,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let settings = lock(&self.settings).clone();
        let mut sessions = lock(&self.sessions);
        sessions.sweep(self.now_with(&settings), settings.timeout);
        let session = sessions.find(session)?;
        let mut call = Call { sessions: &mut sessions, session, context, settings: &settings };
        let answer = work(&mut call);
        // A session's age is counted from the end of the last call.
        sessions.touch(session, self.now_with(&settings));
        answer
    }

    fn now_with(&self, settings: &Settings) -> f64 {
        self.started.elapsed().as_secs_f64() + settings.advance
    }

    /// Everything as at the start. Connections stay.
    fn reset(&self) {
        *lock(&self.sessions) = Sessions::new(seed::store());
        *lock(&self.settings) = Settings::default();
        *lock(&self.faults) = Faults::default();
        lock(&self.tokens).clear();
    }
}

/// What came with a call beside its message.
#[derive(Clone, Default)]
pub struct Context {
    /// A fault of the answer's content.
    fault: Option<Fault>,
    /// Who calls, as far as the token says.
    user: String,
}

/// A call of a session while it is answered.
struct Call<'a> {
    sessions: &'a mut Sessions,
    session: Id,
    context: Context,
    settings: &'a Settings,
}

impl Call<'_> {
    /// What the session sees: what is committed with its own changes over it.
    fn store(&mut self) -> Arc<Store> {
        self.sessions.view(self.session)
    }

    /// Carries out a change and remembers it for the commit.
    fn change(
        &mut self,
        op: impl Fn(&mut Store, bool) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Result<(), Status> {
        let op: Op = Arc::new(op);
        self.sessions.change(self.session, op)
    }

    /// The time on the machine's clock, set forward as the server's is.
    fn wall_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the rule is the library's; a server has a clock of its own")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + (self.settings.advance * 1000.0) as i64
    }
}
