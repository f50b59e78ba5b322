//! The verbs (verbs.md "Mesh"). Most are one call of the server: how its message is made of target and arguments, and how
//! the answer is shown. Others are made of several calls, or of none.

mod attributes;
mod availability;
mod calculations;
mod curves;
mod objects;
mod raw;
mod resources;
mod runs;
mod series;
mod server;
mod view;
mod way;

use std::sync::Arc;

use super::{
    Core, MeshSession,
    form::{decode, encode},
    schema::{self, Kind},
    terms::{Task, Terms},
    wire::{self, Messages},
};
use crate::{
    args::Args,
    backends::{Answer, Late, Pending, Plain, Rest},
    clock,
    engine::{errands, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, code},
    options::nearest,
    secret::Secret,
    value::{Document, Object, Tree},
};

pub(super) use series::{Found, Single, Span, target};
pub(super) use way::{Plan, Way, is_too_large};

/// A verb.
pub(super) struct Verb {
    /// Its name.
    pub name: &'static str,
    /// It changes something in the workspace: it can be staged.
    pub changes: bool,
    /// What is done.
    pub work: Work,
}

/// What a verb does.
pub(super) enum Work {
    /// One call of the server, made of target and arguments.
    One(fn(&Ask<'_>) -> Result<Asked>),
    /// Planned first, then done: in one call of the server if that is enough.
    Plan(fn(&Ask<'_>) -> Result<Box<dyn Plan>>),
    /// Several calls.
    Many(fn(&MeshSession, &Task<'_>) -> Result<Box<dyn Answer>>),
}

/// How one message of the answer is shown.
pub(super) type Shape = fn(Tree) -> Result<Shown>;

/// What the host sees of a message.
#[derive(Default)]
pub(super) struct Shown {
    /// The value.
    pub value: Tree,
    /// What is told beside it, when it is the only one.
    pub meta: Object,
}

impl From<Tree> for Shown {
    fn from(value: Tree) -> Shown {
        Shown { value, meta: Object::default() }
    }
}

/// One call of the server.
pub(super) struct Asked {
    /// The method: `model.v1alpha.ModelService/GetObject`.
    pub method: &'static str,
    /// The message's fields but for `session_id`, which is put in when the message has it.
    pub fields: Object,
    /// How the answer is shown.
    pub shape: Shape,
}

impl Asked {
    /// A call with these fields.
    pub fn new(method: &'static str, fields: Object, shape: Shape) -> Asked {
        Asked { method, fields, shape }
    }
}

/// A call as the builders see it.
pub(super) struct Ask<'a> {
    /// The verb's name.
    pub verb: &'a str,
    /// What it is done to.
    pub target: Option<&'a str>,
    /// The arguments.
    pub args: &'a Args,
}

impl<'a> Ask<'a> {
    /// The target, which this verb needs.
    ///
    /// # Errors
    /// `argument`.
    pub fn target(&self) -> Result<&'a str> {
        self.target.ok_or_else(|| {
            Error::option("target", format!("{} needs a target: a path, \"id:…\" or \"key:…\"", self.verb))
        })
    }

    /// An argument, unless it is null.
    pub fn get(&self, name: &str) -> Option<&'a Tree> {
        self.args.get(name).filter(|value| !value.is_null())
    }

    /// An argument that this verb needs.
    ///
    /// # Errors
    /// `argument`.
    pub fn need(&self, name: &str) -> Result<&'a Tree> {
        self.get(name).ok_or_else(|| Error::option(name, format!("{} needs {name}", self.verb)))
    }

    /// A text that this verb needs.
    ///
    /// # Errors
    /// `argument`.
    pub fn text(&self, name: &str) -> Result<&'a str> {
        let given = self.need(name)?;
        given
            .as_str()
            .ok_or_else(|| Error::option(name, format!("{name} was {}; text was expected", given.kind_name())))
    }
}

/// All verbs.
fn all() -> impl Iterator<Item = &'static Verb> {
    [
        server::VERBS,
        objects::VERBS,
        attributes::VERBS,
        curves::VERBS,
        series::VERBS,
        resources::VERBS,
        calculations::VERBS,
        runs::VERBS,
        availability::VERBS,
        raw::VERBS,
    ]
    .into_iter()
    .flatten()
}

fn find(verb: Option<&str>) -> Result<&'static Verb> {
    let name = verb.ok_or_else(|| {
        Error::new(&code::UNSUPPORTED, "the mesh back end sends nothing that was prepared").with("key", "verb")
    })?;
    all().find(|verb| verb.name == name).ok_or_else(|| {
        let hint = nearest(name, all().map(|verb| verb.name))
            .map(|near| format!("; the nearest is {near:?}"))
            .unwrap_or_default();
        Error::new(&code::UNSUPPORTED, format!("the mesh back end has no verb {name:?}{hint}")).with("key", "verb")
    })
}

/// The arguments of a call that would have done what this one has, before it failed; none when that is nothing.
pub(super) fn done(call: &Task<'_>, error: &Error) -> Option<Args> {
    series::written(call.args, error)
}

/// Whether a call can be staged.
///
/// # Errors
/// `unsupported`.
pub(super) fn stageable(verb: Option<&str>) -> Result<()> {
    let verb = find(verb)?;
    if verb.changes {
        return Ok(());
    }
    let message = format!("{} changes nothing in the workspace and cannot be staged", verb.name);
    Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"))
}

/// Does a verb now, at the host's request: what changes the workspace is staged instead.
///
/// # Errors
/// `unsupported` for such a verb; otherwise what the verb says.
pub(super) fn direct(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    immediate(find(call.verb)?)?;
    request(session, call)
}

/// The workspace knows no "now" apart from its commit, which takes all that is in it.
fn immediate(verb: &Verb) -> Result<()> {
    if !verb.changes {
        return Ok(());
    }
    let message = format!(
        "{} changes the workspace on the server, which only a commit makes lasting: stage it, and commit",
        verb.name
    );
    Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"))
}

/// Does a verb in the workspace.
pub(super) fn request(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let verb = find(call.verb)?;
    match &verb.work {
        Work::Many(work) => work(session, call),
        Work::Plan(plan) => {
            plan(&Ask { verb: verb.name, target: call.target, args: call.args })?.run(&Way::new(session, call)?)
        }
        Work::One(ask) => {
            let asked = ask(&Ask { verb: verb.name, target: call.target, args: call.args })?;
            let method = known(asked.method)?;
            let message = of_target(session, method, asked.fields, call)?;
            send(session, method, &message, asked.shape, call)
        }
    }
}

/// Sends a message that is made already and shows what comes back: all of it, or one by one with `stream`.
pub(super) fn send(
    session: &MeshSession,
    (service, method): Known,
    message: &[u8],
    shape: Shape,
    call: &Task<'_>,
) -> Result<Box<dyn Answer>> {
    let wire = &session.core.wire;
    if method.answers_many && call.args.bool("stream")?.unwrap_or(false) {
        let messages = wire.stream(&wire::path(service, method), message, call.terms)?;
        session.used(uses_session(method.input));
        return Ok(Box::new(Stream {
            messages,
            kind: method.output,
            shape,
            meta: Document::from_object(&Object::default()),
            failed: false,
            rest: Rest::default(),
        }));
    }
    shown(sent(session, (service, method), message, call)?, method, shape)
}

/// Sends a message and waits for all that comes back. It is a use of the session that the message names.
pub(super) fn sent(
    session: &MeshSession,
    (service, method): Known,
    message: &[u8],
    call: &Task<'_>,
) -> Result<Vec<Vec<u8>>> {
    let messages = session.core.wire.call(&wire::path(service, method), message, call.terms)?;
    session.used(uses_session(method.input));
    Ok(messages)
}

/// Whether a call keeps the session alive: it names one.
fn uses_session(input: Kind) -> bool {
    match input {
        Kind::Message(of) => of.fields.iter().any(|field| field.name == "session_id"),
        _ => false,
    }
}

/// Begins a verb that is one call, on the reactor; `None` when there is more to do than that.
pub(super) fn begin(session: &MeshSession, call: &Task<'_>) -> Result<Option<Pending>> {
    let verb = find(call.verb)?;
    immediate(verb)?;
    let ask = match &verb.work {
        Work::One(ask) => ask,
        Work::Plan(plan) => {
            return way::begin(session, call, || plan(&Ask { verb: verb.name, target: call.target, args: call.args }));
        }
        Work::Many(_) => return Ok(None),
    };
    let wire = &session.core.wire;
    let Some(token) = wire.login.known() else { return Ok(None) };
    if session.workspace.known().is_none() || call.args.bool("stream")?.unwrap_or(false) {
        return Ok(None);
    }
    let Asked { method, fields, shape } = ask(&Ask { verb: verb.name, target: call.target, args: call.args })?;
    let (service, method) = known(method)?;
    let message = of_target(session, (service, method), fields, call)?;
    let order = wire.order(&message, call.terms, token.as_ref(), false)?;
    let path = wire::path(service, method);
    let Some(pending) = wire.web.begin(&wire::post(&path, &order, &call.terms.cancel))? else { return Ok(None) };
    let workspace = uses_session(method.input).then(|| Arc::clone(&session.workspace));
    let touch = move |at| workspace.iter().for_each(|workspace| workspace.was_used(at));
    if wire.login.renews() {
        let again = Again { core: Arc::clone(&session.core), path, message, terms: call.terms.clone() };
        return Ok(Some(Box::pin(async move {
            let messages = again.renewed(pending, token.as_ref()).await;
            let at = clock::now();
            let finish: Late = Box::new(move || {
                let messages = messages?;
                touch(at);
                shown(messages, method, shape)
            });
            finish
        })));
    }
    let (most, terms) = (wire.most, call.terms.clone());
    Ok(Some(Box::pin(async move {
        let late = pending.await;
        let at = clock::now();
        let finish: Late = Box::new(move || {
            let answer = late().map_err(super::refusal::on_the_way)?;
            let messages = wire::all(&*answer, most).map_err(|error| terms.told(error))?;
            touch(at);
            shown(messages, method, shape)
        });
        finish
    })))
}

/// What it takes to send a call of the reactor once more with another token.
struct Again {
    core: Arc<Core>,
    path: String,
    message: Vec<u8>,
    terms: Terms,
}

impl Again {
    /// The messages that came; when the server did not take the token, those of a second try, which the worker makes: the
    /// host and the server are asked for the token.
    async fn renewed(self, pending: Pending, token: Option<&Secret>) -> Result<Vec<Vec<u8>>> {
        let answer = (pending.await)().map_err(super::refusal::on_the_way);
        match answer.and_then(|answer| wire::all(&*answer, self.core.wire.most)) {
            Err(error) if super::refusal::wants_token(&error) && self.core.wire.login.refused(token) => {
                let worker = Arc::clone(&self.core.lent.worker);
                let mut vigil = Vigil::new(Arc::clone(&self.terms.cancel));
                errands::fetch(&worker, &mut vigil, move || self.core.wire.call(&self.path, &self.message, &self.terms))
                    .await?
            }
            done => done.map_err(|error| self.terms.told(error)),
        }
    }
}

/// A method of the tables.
pub(super) type Known = (&'static schema::Service, &'static schema::Method);

/// A method by its name without what all packages begin with.
pub(super) fn known(name: &str) -> Result<Known> {
    schema::method(&format!("volue.mesh.grpc.{name}"))
        .ok_or_else(|| Error::new(&code::INTERNAL, format!("the tables lack {name}")))
}

/// The bytes of a message, with the session's id when it has a place for it.
pub(super) fn message(
    session: &MeshSession,
    (_, method): Known,
    mut fields: Object,
    call: &Task<'_>,
) -> Result<Vec<u8>> {
    put_session(session, method.input, &mut fields, call)?;
    encode(method.input, &Tree::Object(fields))
}

/// The same of a verb: what is wrong with the host's target is told of `target`, whatever the field is called.
fn of_target(session: &MeshSession, (_, method): Known, mut fields: Object, call: &Task<'_>) -> Result<Vec<u8>> {
    put_session(session, method.input, &mut fields, call)?;
    let fields = Tree::Object(fields);
    encode(method.input, &fields).map_err(|error| {
        let key = error.detail().get("key").and_then(Tree::as_str).unwrap_or_default();
        let given = fields.get(key).and_then(Tree::as_str);
        match key.to_owned() {
            name if given.is_some() && given == call.target => error.with("key", "target").reworded(&name, "target"),
            _ => error,
        }
    })
}

/// Names the session in a message that has a place for it and does not name one.
pub(super) fn put_session(session: &MeshSession, kind: Kind, fields: &mut Object, call: &Task<'_>) -> Result<()> {
    let Kind::Message(of) = kind else { return Ok(()) };
    if of.fields.iter().any(|field| field.name == "session_id") && !fields.contains("session_id") {
        let id = session.id(call)?;
        fields.insert("session_id", Tree::from(id.to_string()));
    }
    Ok(())
}

/// What came back: one value, or an array of all for a method that answers many.
fn shown(messages: Vec<Vec<u8>>, method: &schema::Method, shape: Shape) -> Result<Box<dyn Answer>> {
    // The server said that it went well, whatever it brought.
    understood(messages, method, shape)
        .map_err(|error| if error.known_outcome().is_none() { error.outcome(Outcome::Applied) } else { error })
}

fn understood(messages: Vec<Vec<u8>>, method: &schema::Method, shape: Shape) -> Result<Box<dyn Answer>> {
    if method.answers_many {
        let values = messages
            .iter()
            .map(|message| Ok(decode(method.output, message).and_then(shape)?.value))
            .collect::<Result<Vec<_>>>()?;
        return Ok(plain(&Tree::Array(values)));
    }
    let Shown { value, meta } = decode(method.output, &wire::single(messages)?).and_then(shape)?;
    Ok(Box::new(Plain::new(&value, meta)))
}

/// An answer that is only a value.
pub(super) fn plain(value: &Tree) -> Box<dyn Answer> {
    Box::new(Plain::new(value, Object::default()))
}

/// Answers that come one by one.
struct Stream {
    messages: Messages,
    kind: Kind,
    shape: Shape,
    meta: Box<Document>,
    /// An error has come out of it: what follows is not the rest.
    failed: bool,
    rest: Rest,
}

impl Answer for Stream {
    fn body(&self) -> &[u8] {
        self.rest.body()
    }

    fn value(&self) -> Option<&Document> {
        self.rest.value()
    }

    fn meta(&self) -> &Document {
        &self.meta
    }

    fn drain(&mut self) -> Result<()> {
        let Stream { messages, kind, shape, failed, rest, .. } = self;
        if *failed {
            return Ok(());
        }
        let drained = rest.gather(|| item(messages, *kind, *shape));
        *failed = drained.is_err();
        drained
    }

    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        let next = item(&mut self.messages, self.kind, self.shape);
        self.failed |= next.is_err();
        next
    }
}

/// The next message as an answer of its own.
fn item(messages: &mut Messages, kind: Kind, shape: Shape) -> Result<Option<Box<dyn Answer>>> {
    let Some(message) = messages.next()? else { return Ok(None) };
    let Shown { value, meta } = decode(kind, &message).and_then(shape)?;
    Ok(Some(Box::new(Plain::new(&value, meta))))
}

/// The whole message.
pub(super) fn whole(value: Tree) -> Result<Shown> {
    Ok(value.into())
}

/// Nothing is answered.
pub(super) fn nothing(_: Tree) -> Result<Shown> {
    Ok(Shown::default())
}
