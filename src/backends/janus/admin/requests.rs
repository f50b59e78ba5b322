//! The requests of the admin API (Janus specification 1.5) as a table: what each concerns and which fields it takes, in the
//! notation of the plugins' tables. What is wrong is found before anything is sent.

use crate::{
    args::Args,
    backends::{
        Call,
        janus::{
            envelope::Members,
            handle::OPTIONS,
            line::Request as Sent,
            plugins::{self, Plugin, Request},
            raw, settings,
        },
    },
    error::{Error, Outcome, Result},
    value::{Object, Tree},
};

const PCAP: &str = "folder:text filename:text truncate:nat";
const TOKEN: &str = "token:secret!";
const PLUGINS: &str = "plugins:texts!";
const DEBUG: &str = "debug:bool!";
const REQUEST: &str = "request:object";

const fn of(name: &'static str, fields: &'static [&'static str]) -> Request {
    Request::sync(name, fields).wire(None)
}

/// All requests, as if the interface were a plugin.
pub(super) static API: Plugin = Plugin {
    package: "the admin API",
    requests: &[
        of("ping", &[]),
        of("info", &[]),
        of("get_status", &[]),
        of("list_sessions", &[]),
        of("list_handles", &[]),
        of("handle_info", &["plugin_only:bool"]),
        of("destroy_session", &[]),
        of("detach_handle", &[]),
        of("hangup_webrtc", &[]),
        of("set_session_timeout", &["timeout:int!"]),
        of("accept_new_sessions", &["accept:bool!"]),
        of("set_log_level", &["level:nat!"]),
        of("set_log_timestamps", &["timestamps:bool!"]),
        of("set_log_colors", &["colors:bool!"]),
        of("set_locking_debug", &[DEBUG]),
        of("set_refcount_debug", &[DEBUG]),
        of("set_libnice_debug", &[DEBUG]),
        of("set_min_nack_queue", &["min_nack_queue:nat!"]),
        of("set_nack_optimizations", &["nack_optimizations:bool!"]),
        of("set_no_media_timer", &["no_media_timer:nat!"]),
        of("set_slowlink_threshold", &["slowlink_threshold:nat!"]),
        of("add_token", &[TOKEN, "plugins:texts"]),
        of("allow_token", &[TOKEN, PLUGINS]),
        of("disallow_token", &[TOKEN, PLUGINS]),
        of("remove_token", &[TOKEN]),
        of("list_tokens", &[]),
        of("message_plugin", &["plugin:text!", REQUEST]),
        of("query_transport", &["transport:text!", REQUEST]),
        of("query_eventhandler", &["handler:text!", REQUEST]),
        of("query_logger", &["logger:text!", REQUEST]),
        of("custom_event", &["schema:text! data:object!"]),
        of("custom_logline", &["line:text! level:nat"]),
        of("resolve_address", &["address:text!"]),
        of("test_stun", &["address:text! port:nat! localport:nat"]),
        of("loops_info", &[]),
        of("start_pcap", &[PCAP]),
        of("stop_pcap", &[]),
        of("start_text2pcap", &[PCAP]),
        of("stop_text2pcap", &[]),
    ],
    groups: &[],
    refusals: &[],
    events: &[],
};

/// What a request concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Level {
    Server,
    Session,
    Handle,
    /// A session when one is named, else all of them.
    ServerOrSession,
}

impl Level {
    fn of(verb: &str) -> Level {
        match verb {
            "list_handles" | "destroy_session" => Level::Session,
            "handle_info" | "detach_handle" | "hangup_webrtc" | "start_pcap" | "stop_pcap" | "start_text2pcap"
            | "stop_text2pcap" => Level::Handle,
            "set_session_timeout" => Level::ServerOrSession,
            _ => Level::Server,
        }
    }

    /// Whether that argument says what the request concerns.
    fn has(self, name: &str) -> bool {
        match name {
            "session_id" => self != Level::Server,
            "handle_id" => self == Level::Handle,
            _ => false,
        }
    }

    /// The ids in the arguments.
    fn read(self, verb: &str, args: &Args) -> Result<(Option<u64>, Option<u64>)> {
        let id = |name: &str, must: bool| match settings::id(args, name)? {
            None if must => Err(Error::option(name, format!("{verb} needs {name}: an id on the server"))),
            id => Ok(id),
        };
        Ok(match self {
            Level::Server => (None, None),
            Level::Session => (id("session_id", true)?, None),
            Level::ServerOrSession => (id("session_id", false)?, None),
            Level::Handle => (id("session_id", true)?, id("handle_id", true)?),
        })
    }
}

/// Whether an argument of that name is a field of the request and not the option of calls.
pub(super) fn is_field(verb: Option<&str>, name: &str) -> bool {
    verb.and_then(|verb| API.request(verb)).is_some_and(|request| request.has(name))
}

/// Requests that change nothing: they may be sent again after a loss.
fn only_looks(verb: &str) -> bool {
    matches!(verb, "ping" | "info" | "get_status" | "handle_info" | "loops_info") || verb.starts_with("list_")
}

/// The request that a call means.
///
/// # Errors
/// `unsupported`, `argument`; nothing was sent.
pub(super) fn request(call: &Call<'_>) -> Result<Sent> {
    checked(call).map_err(|error| error.outcome(Outcome::NotSent))
}

fn checked(call: &Call<'_>) -> Result<Sent> {
    let Some(verb) = call.verb.filter(|verb| *verb != "raw") else { return whole(call) };
    if let Some(target) = call.target {
        return Err(Error::option("target", format!("{verb} has no target, and it was {target:?}")));
    }
    let level = Level::of(verb);
    let is_option = |name: &str| OPTIONS.contains(&name) || level.has(name);
    let checked = plugins::check(&API, verb, call.args, is_option)?;
    let about = level.read(verb, call.args)?;
    if level == Level::ServerOrSession && about.0.is_none() && call.args.int("timeout")?.is_some_and(|time| time < 0) {
        let message =
            "timeout was negative; that gives one session the server's own time-out again, and needs session_id";
        return Err(Error::option("timeout", message));
    }
    let mut members = Members::default();
    for (name, value) in checked.body.iter() {
        members.add(name, value);
    }
    // The secret goes no further than it has to.
    let bare = matches!(verb, "ping" | "info");
    let request = Sent { about, members, bare, ..Sent::new(checked.request.name) };
    Ok(if only_looks(verb) { request.again() } else { request })
}

/// A whole message of the host's own, with the secret when it has none.
fn whole(call: &Call<'_>) -> Result<Sent> {
    let bare = match call.args.get("message") {
        Some(message) => message.as_object().is_some_and(|message| message.contains("admin_secret")),
        None => call.args.get("admin_secret").is_some(),
    };
    Ok(Sent { bare, ..raw::request(call, None, None)? })
}

/// Whose answer is inside of the answer: what it refuses is told by its own name.
pub(super) fn inner(call: &Call<'_>) -> Box<str> {
    let named = ["plugin", "transport", "handler", "logger"].into_iter().find_map(|name| call.args.get(name));
    named.and_then(Tree::as_str).unwrap_or("the server").into()
}

/// The arguments without the field that has the name of an option of calls.
pub(super) fn without_timeout(args: &Args) -> Args {
    let named = args.root().iter().filter(|(name, _)| *name != "timeout");
    Args::from(named.map(|(name, value)| (name, value.clone())).collect::<Object>())
}
