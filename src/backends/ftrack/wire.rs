//! `POST /api`: operations there, results back, and what a server says when it refuses (spec/ftrack.md 1).

use std::sync::Arc;

use super::way::Way;
use crate::{
    args::Args,
    backends::{Answer, Backend, Call, Carried},
    engine::{http::json, net::cancel::Cancel},
    error::{Error, Outcome, Result, Status, code},
    value::{Node, Tree, Type},
};

/// How much of an answer that is no JSON is shown.
const EXCERPT: usize = 200;

/// What one call may change about how it is sent.
const OF_A_CALL: [&str; 4] = ["timeout", "timeouts", "retry", "headers"];

/// The way to the server.
pub struct Wire {
    /// The HTTP session that carries it.
    pub web: Arc<dyn Backend>,
    /// Keys are sorted, as the official client writes them.
    pub sorted: bool,
}

/// The results of one request, one for each operation.
pub struct Reply(Box<dyn Answer>);

impl Reply {
    /// The array of results.
    pub fn results(&self) -> Option<Node<'_>> {
        self.0.value().map(|value| value.root())
    }

    /// One result.
    ///
    /// # Errors
    /// `protocol` when the server left it out.
    pub fn result(&self, index: usize) -> Result<Node<'_>> {
        let found = self.results().and_then(|results| results.item(index)).map(|(_, node)| node);
        found.ok_or_else(|| Error::new(&code::PROTOCOL, "the server answered fewer results than there were operations"))
    }
}

impl Wire {
    /// Sends operations, all of which are applied or none.
    ///
    /// # Errors
    /// What the server refused, in its words; what went wrong on the way.
    pub fn call(&self, operations: Vec<Tree>, args: &Args, cancel: &Arc<Cancel>) -> Result<Reply> {
        let count = operations.len();
        let order = self.order(operations, args)?;
        let answer =
            self.web.request(&Call { verb: Some("POST"), target: Some("/api"), args: &order, cancel, progress: None });
        understood(answer, count)
    }

    /// The same, waited for in the way of a verb.
    ///
    /// # Errors
    /// As [`Wire::call`].
    pub async fn ask(&self, operations: Vec<Tree>, way: &Way<'_>) -> Result<Reply> {
        let count = operations.len();
        let Some(post) = way.post() else { return self.call(operations, way.args, way.cancel) };
        let pending = {
            let order = self.order(operations, way.args)?;
            let call =
                Call { verb: Some("POST"), target: Some("/api"), args: &order, cancel: way.cancel, progress: None };
            self.web.begin(&call)?
        };
        let pending = pending.ok_or_else(|| Error::new(&code::UNSUPPORTED, "the connection served no reactor"))?;
        let late = post.away(pending).await?;
        understood(late(), count)
    }

    /// The arguments of the request.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub fn order(&self, operations: Vec<Tree>, args: &Args) -> Result<Args> {
        let mut body = Tree::Array(operations);
        if self.sorted {
            sort(&mut body);
        }
        let mut order = Args::new();
        order.set("data", json::encode(&body)?);
        order.set("parse", "json");
        // A status beyond 400 comes with the same body as one below.
        order.set("raise_for_status", false);
        for name in OF_A_CALL {
            if let Some(value) = args.get(name) {
                order.set(name, value.clone());
            }
        }
        Ok(order)
    }
}

/// Tells an answer from a refusal.
pub fn understood(answer: Result<Box<dyn Answer>>, count: usize) -> Result<Reply> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(mut error) if error.code() == "json_decode" => {
            let answer = Carried::take(&mut error);
            let (status, body) = answer.as_ref().map_or((0, &[][..]), |answer| (answer.status(), answer.body()));
            let text = String::from_utf8_lossy(body.get(..body.len().min(EXCERPT)).unwrap_or_default()).into_owned();
            let message = format!("the server's answer was no JSON (status {status}): {text:?}");
            let refused = Error::new(&code::PROTOCOL, message)
                .with("http_status", Tree::Int(status.into()))
                .with("server_text", text);
            // What stands between may have lost the server's answer: only a refusal of the request itself says what became of it.
            let outcome = if (400..500).contains(&status) { Outcome::NotSent } else { Outcome::Unknown };
            return Err(refused.status_as(status_of(status).unwrap_or(Status::Protocol)).outcome(outcome));
        }
        // The head of an answer came, and not what it says of the batch.
        Err(error) if error.known_outcome() == Some(Outcome::Applied) => return Err(error.outcome(Outcome::Unknown)),
        Err(error) => return Err(error),
    };
    let status = answer.status();
    let Some(root) = answer.value().map(|value| value.root()) else {
        return Err(Error::new(&code::PROTOCOL, "the server's answer was empty").outcome(Outcome::Unknown));
    };
    if let Some(exception) = root.get("exception") {
        return Err(refusal(root, exception.as_str().unwrap_or("error"), status));
    }
    if root.kind() != Type::Array || root.count() != count {
        let message = format!("the server answered {} where {count} results were expected", describe(root));
        return Err(Error::new(&code::PROTOCOL, message)
            .with("http_status", Tree::Int(status.into()))
            .outcome(Outcome::Unknown));
    }
    Ok(Reply(answer))
}

fn describe(root: Node<'_>) -> String {
    match root.kind() {
        Type::Array => format!("{} results", root.count()),
        Type::Object => "an object".into(),
        _ => "a single value".into(),
    }
}

/// A refusal: nothing of the request was applied.
fn refusal(root: Node<'_>, exception: &str, status: i32) -> Error {
    let text = |name: &str| root.get(name).and_then(Node::as_str);
    let content = text("content").unwrap_or_default();
    let kind = match exception {
        "FTAuthenticationError" | "InvalidCredentialsError" => Status::Auth,
        "PermissionError" => Status::Denied,
        "NotFoundError" => Status::NotFound,
        "DuplicateEntryError" | "IntegrityError" => Status::Conflict,
        _ => Status::Remote,
    };
    let incompatible = content.contains("Invalid action");
    let code = if incompatible { &code::SERVER_COMPATIBILITY } else { &code::SERVER };
    let mut error = Error::new(code, format!("the server refused: {exception}({content})"))
        .with("exception", exception)
        .with("server_text", content)
        .with("http_status", Tree::Int(status.into()))
        .outcome(Outcome::NotSent);
    if !incompatible {
        error = error.status_as(kind);
    }
    match text("error_code") {
        Some(word) => error.with("server_code", word),
        None => error,
    }
}

fn status_of(status: i32) -> Option<Status> {
    match status {
        401 => Some(Status::Auth),
        403 => Some(Status::Denied),
        404 => Some(Status::NotFound),
        400.. => Some(Status::Remote),
        _ => None,
    }
}

/// Sorts the members of all objects in it.
pub fn sort(tree: &mut Tree) {
    match tree {
        Tree::Array(items) => items.iter_mut().for_each(sort),
        Tree::Object(object) => {
            let mut members: Vec<(String, Tree)> =
                object.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            let mut sorted = crate::value::Object::with_capacity(members.len());
            for (name, mut value) in members {
                sort(&mut value);
                sorted.insert(&name, value);
            }
            *object = sorted;
        }
        _ => {}
    }
}

/// An operation by its action and members.
pub fn operation(action: &str, members: &[(&str, Tree)]) -> Tree {
    let mut out = crate::value::Object::with_capacity(members.len() + 1);
    out.insert("action", Tree::from(action));
    for (name, value) in members {
        out.insert(name, value.clone());
    }
    Tree::Object(out)
}
