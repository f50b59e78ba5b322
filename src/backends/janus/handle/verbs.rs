//! What hosts ask of a handle (verbs.md "Janus"): the requests of the core that concern one, and those of its plugin by
//! their own names.

use std::{borrow::Cow, sync::Arc};

use super::Handle;
use crate::{
    args::Args,
    backends::{
        Call,
        janus::{
            envelope::Members,
            line::Request,
            plugins::{self, Checked},
            raw,
        },
    },
    error::{Error, Result, code},
    options::nearest,
    value::{Object, Tree},
};

/// What every call takes beside the words of the plugin.
pub const OPTIONS: [&str; 6] = ["timeout", "timeouts", "id", "tag", "progress", "stage"];

/// The request that a call means.
///
/// # Errors
/// `argument`, `unsupported`.
pub fn request(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Request> {
    let Some(verb) = call.verb else {
        return raw::request(call, Some(&handle.session), Some(handle));
    };
    if let Some(target) = call.target {
        return Err(Error::option("target", format!("{verb} has no target, and it was {target:?}")));
    }
    match verb {
        "message" => message(handle, call.args),
        "trickle" => trickle(handle, call.args),
        "hangup_webrtc" => {
            only(verb, call.args, &[])?;
            Ok(Request::new("hangup").to(handle))
        }
        "detach" => {
            only(verb, call.args, &[])?;
            Ok(Request::new("detach").to(handle))
        }
        "raw" => raw::request(call, Some(&handle.session), Some(handle)),
        _ => of_plugin(handle, verb, call.args),
    }
}

/// Whether a call can wait for a commit.
///
/// # Errors
/// `unsupported`.
pub fn stageable(call: &Call<'_>) -> Result<()> {
    match call.verb {
        Some(verb @ ("detach" | "hangup_webrtc" | "trickle")) => {
            Err(Error::new(&code::UNSUPPORTED, format!("{verb} cannot be staged: only messages can"))
                .with("key", "verb"))
        }
        _ => Ok(()),
    }
}

/// Whether an argument of that name is a field of the plugin's request and not the option of calls.
pub fn is_field(handle: &Handle, verb: Option<&str>, name: &str) -> bool {
    let plugin = plugins::find(handle.plugin());
    plugin.zip(verb).and_then(|(plugin, verb)| plugin.request(verb)).is_some_and(|request| request.has(name))
}

/// Refuses arguments that a verb does not have.
pub fn only(verb: &str, args: &Args, known: &[&str]) -> Result<()> {
    let foreign = args.root().keys().find(|key| !known.contains(key) && !OPTIONS.contains(key));
    let Some(key) = foreign else { return Ok(()) };
    let names = known.iter().chain(&OPTIONS).copied();
    let hint = nearest(key, names).map(|name| format!("; the nearest is {name:?}")).unwrap_or_default();
    Err(Error::option(key, format!("{verb} has no argument {key:?}{hint}")))
}

/// The offer or answer of a call.
fn jsep(args: &Args, members: &mut Members) -> Result<()> {
    match args.get("jsep") {
        None | Some(Tree::Null) => Ok(()),
        Some(jsep @ Tree::Object(_)) => {
            members.add("jsep", jsep);
            Ok(())
        }
        Some(other) => Err(Error::option("jsep", format!("jsep was {}; it is an object", other.kind_name()))),
    }
}

fn message(handle: &Arc<Handle>, args: &Args) -> Result<Request> {
    only("message", args, &["body", "jsep"])?;
    let empty = Tree::Object(Object::default());
    let body = match args.get("body") {
        None => &empty,
        Some(body @ Tree::Object(_)) => body,
        Some(other) => return Err(Error::option("body", format!("body was {}; it is an object", other.kind_name()))),
    };
    let mut members = Members::default().with("body", body);
    jsep(args, &mut members)?;
    let done = plugins::find(handle.plugin()).and_then(|plugin| plugins::recognized(plugin, body, args.get("jsep")));
    Ok(Request { members, done, ..Request::new("message").to(handle) })
}

fn trickle(handle: &Arc<Handle>, args: &Args) -> Result<Request> {
    only("trickle", args, &["candidate", "candidates"])?;
    let members = match (args.get("candidate"), args.get("candidates")) {
        (Some(one @ (Tree::Object(_) | Tree::Null)), None) => Members::default().with("candidate", one),
        (None, Some(several @ Tree::Array(_))) => Members::default().with("candidates", several),
        (Some(other), None) => {
            return Err(Error::option(
                "candidate",
                format!("candidate was {}; it is an object or null", other.kind_name()),
            ));
        }
        (None, Some(other)) => {
            return Err(Error::option("candidates", format!("candidates was {}; it is a list", other.kind_name())));
        }
        (Some(_), Some(_)) => {
            return Err(Error::option(
                "candidates",
                "trickle takes one of candidate and candidates, and both were given",
            ));
        }
        (None, None) => {
            return Err(Error::option(
                "candidate",
                "trickle takes candidate or candidates; null or {completed: true} ends them",
            ));
        }
    };
    Ok(Request { members, ..Request::new("trickle").to(handle).acked() })
}

/// A request of the plugin: its verb is `request` in the body, and the arguments are its fields, which are checked when the
/// plugin is known.
fn of_plugin(handle: &Arc<Handle>, verb: &str, args: &Args) -> Result<Request> {
    if let Some(plugin) = plugins::find(handle.plugin()) {
        let checked = plugins::check(plugin, verb, args, |name| OPTIONS.contains(&name))?;
        let done = plugins::noted(&checked);
        let Checked { request, body, jsep, .. } = checked;
        let mut members = Members::default().with("body", &Tree::Object(body));
        if let Some(jsep) = jsep {
            members.add("jsep", &jsep);
        }
        let verb = Cow::Borrowed(request.name);
        return Ok(Request { members, verb, done, ..Request::new("message").to(handle) });
    }
    if verb.is_empty() {
        return Err(Error::new(&code::UNSUPPORTED, "the verb was empty").with("key", "verb"));
    }
    let mut body = Object::with_capacity(args.root().len() + 1);
    body.insert("request", Tree::from(verb));
    for (key, value) in args.root().iter() {
        if key != "jsep" && !OPTIONS.contains(&key) {
            body.insert(key, value.clone());
        }
    }
    let mut members = Members::default().with("body", &Tree::Object(body));
    jsep(args, &mut members)?;
    Ok(Request { members, verb: Cow::Owned(verb.to_owned()), ..Request::new("message").to(handle) })
}
