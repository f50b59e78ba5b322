//! Verbs that are planned before anything is sent: nearly always they are one call of the server, which the reactor makes;
//! what turns out to be more is done by a thread that may wait.

use std::sync::Arc;

use crate::{
    backends::{
        Answer, Late, Pending,
        mesh::{
            Core, MeshSession,
            form::Guid,
            refusal,
            terms::{Task, Terms},
            wire::{self, post},
            workspace::Workspace,
        },
    },
    clock,
    engine::{errands, net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Result, code},
    value::Tree,
};

/// What a verb is going to do.
pub(in crate::backends::mesh) trait Plan: Send {
    /// The one call that does it nearly always, framed; `None` when one is not enough.
    ///
    /// # Errors
    /// The mistake.
    fn one(&self, session: Guid) -> Result<Option<(String, Arc<[u8]>)>>;

    /// The answer of that call as the host sees it.
    ///
    /// # Errors
    /// `protocol`, and `message_too_large`: then it is to be [`run`](Plan::run).
    fn show(&self, answer: &dyn Answer, most: usize) -> Result<Box<dyn Answer>>;

    /// Does it, on a thread that may wait.
    ///
    /// # Errors
    /// What the server refused, what went wrong on the way.
    fn run(&self, way: &Way) -> Result<Box<dyn Answer>>;
}

/// The way to the server for the calls of one verb.
#[derive(Clone)]
pub(in crate::backends::mesh) struct Way {
    pub core: Arc<Core>,
    workspace: Arc<Workspace>,
    /// The session on the server.
    pub session: Guid,
    /// Time and header fields.
    pub terms: Terms,
}

impl Way {
    /// For a call of the host; a session is opened when there is none.
    ///
    /// # Errors
    /// What the server refused.
    pub fn new(session: &MeshSession, call: &Task<'_>) -> Result<Way> {
        Ok(Way::of(session, session.id(call)?, call.terms.clone()))
    }

    /// For what has its own end.
    pub fn of(session: &MeshSession, id: Guid, terms: Terms) -> Way {
        let (core, workspace) = (Arc::clone(&session.core), Arc::clone(&session.workspace));
        Way { core, workspace, session: id, terms }
    }

    /// The same for what begins now.
    pub fn anew(&self) -> Way {
        Way { terms: self.terms.anew(), ..self.clone() }
    }

    /// The longest message that is taken.
    pub fn most(&self) -> usize {
        self.core.wire.most
    }

    /// The server has answered.
    pub fn used(&self) {
        self.workspace.was_used(clock::now());
    }

    /// Sends a framed message and waits.
    ///
    /// # Errors
    /// What the server refused, what went wrong on the way.
    pub fn send(&self, path: &str, frame: &Arc<[u8]>) -> Result<Box<dyn Answer>> {
        self.send_made(path, &|| Ok(Tree::Bytes(Arc::clone(frame))))
    }

    /// The same with what is made for each try.
    ///
    /// # Errors
    /// Those, and that of `make`.
    pub fn send_made(&self, path: &str, make: &dyn Fn() -> Result<Tree>) -> Result<Box<dyn Answer>> {
        let answer = self.core.wire.answer(path, make, &self.terms)?;
        self.used();
        Ok(answer)
    }

    /// The same at the head of the answer.
    ///
    /// # Errors
    /// Those.
    pub fn open(&self, path: &str, frame: &Arc<[u8]>) -> Result<Box<dyn Answer>> {
        let answer = self.core.wire.opened(path, frame, &self.terms)?;
        self.used();
        Ok(answer)
    }

    /// Prepares the call for the reactor; `None` when it has to wait for a token or for the host's code.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub fn begin(&self, path: &str, frame: &Arc<[u8]>, cancel: &Arc<Cancel>) -> Result<Option<Pending>> {
        let wire = &self.core.wire;
        let Some(token) = wire.login.known() else { return Ok(None) };
        let order = self.terms.order(Tree::Bytes(Arc::clone(frame)), token.as_ref(), false)?;
        wire.web.begin(&post(path, &order, cancel))
    }
}

/// Begins a plan on the reactor, where one call is enough.
pub(super) fn begin(
    session: &MeshSession,
    call: &Task<'_>,
    plan: impl FnOnce() -> Result<Box<dyn Plan>>,
) -> Result<Option<Pending>> {
    let Some(id) = session.workspace.known() else { return Ok(None) };
    let Some(token) = session.core.wire.login.known() else { return Ok(None) };
    let plan = plan()?;
    let Some((path, frame)) = plan.one(id)? else { return Ok(None) };
    let way = Way::of(session, id, call.terms.clone());
    let Some(pending) = way.begin(&path, &frame, &way.terms.cancel)? else { return Ok(None) };
    Ok(Some(Box::pin(async move {
        let answer = (pending.await)().map_err(refusal::on_the_way);
        let looked = answer.and_then(|answer| {
            wire::slices(&*answer, way.most())?;
            Ok(answer)
        });
        let shown = match looked {
            Ok(answer) => {
                way.used();
                return Box::new(move || plan.show(&*answer, way.most())) as Late;
            }
            Err(error) if is_too_large(&error) => again(plan, way).await,
            Err(error) if refusal::wants_token(&error) && way.core.wire.login.refused(token.as_ref()) => {
                again(plan, way).await
            }
            Err(error) => Err(way.terms.told(error)),
        };
        Box::new(move || shown) as Late
    })))
}

/// Does the whole of a plan on the worker.
async fn again(plan: Box<dyn Plan>, way: Way) -> Result<Box<dyn Answer>> {
    let worker = Arc::clone(&way.core.lent.worker);
    let mut vigil = Vigil::new(Arc::clone(&way.terms.cancel));
    errands::fetch(&worker, &mut vigil, move || plan.run(&way)).await?
}

/// Whether a message was longer than the server or this side takes.
pub(in crate::backends::mesh) fn is_too_large(error: &Error) -> bool {
    error.code() == code::MESSAGE_TOO_LARGE.word
}
