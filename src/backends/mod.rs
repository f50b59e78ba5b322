//! The four kinds of server behind one small trait. A back end knows no C type, no queue and no thread; a fifth one
//! is one more folder and one more line in [`open`].

pub mod ftrack;
pub mod http;
pub mod janus;
pub mod mesh;
mod plain;

pub use plain::{Plain, Rest};

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Instant};

use crate::sys::lock::Mutex;

use crate::{
    args::Args,
    engine::{
        errands::{Errands, Nobody},
        net::cancel::Cancel,
        reactor::seat::Seat,
        websocket::Opening,
    },
    error::{Error, Result, code},
    value::{Document, Provider, Raw, Tree},
};

/// One call of the host, as a back end sees it.
pub struct Call<'a> {
    /// The verb; `None` sends what `prepare` returned.
    pub verb: Option<&'a str>,
    /// What it is done to.
    pub target: Option<&'a str>,
    /// The arguments, checked against the table of options.
    pub args: &'a Args,
    /// Ends the call from another thread.
    pub cancel: &'a Arc<Cancel>,
    /// Hears how many bytes moved, when the caller asked for it.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Body bytes sent.
    pub sent: u64,
    /// Body bytes to send, when known.
    pub to_send: Option<u64>,
    /// Body bytes received, before decoding. How many there will be is in the answer's own fields.
    pub received: u64,
    /// How much of a file was played, where one is.
    pub played: Option<std::time::Duration>,
}

/// An answer of any back end.
pub trait Answer: Send + Sync {
    /// The HTTP status, or 0.
    fn status(&self) -> i32 {
        0
    }

    /// A header by name, repeats joined; a NUL follows the returned bytes in memory.
    fn header(&self, _name: &str) -> Option<&[u8]> {
        None
    }

    /// A field behind the body by name, once the body was read to its end.
    fn trailer(&self, _name: &str) -> Option<&[u8]> {
        None
    }

    /// The body; a NUL follows the returned bytes in memory. Empty while the body streams.
    fn body(&self) -> &[u8] {
        empty()
    }

    /// The parsed value.
    fn value(&self) -> Option<&Document>;

    /// What is known about the answer.
    fn meta(&self) -> &Document;

    /// Reads on from a streamed body; 0 is the end.
    ///
    /// # Errors
    /// What the connection says.
    fn read(&mut self, _buffer: &mut [u8]) -> Result<usize> {
        Ok(0)
    }

    /// Reads the rest of a streamed body, or of a stream of pages or messages, into the answer, so that `body` and `value`
    /// work.
    ///
    /// # Errors
    /// What the connection says.
    fn drain(&mut self) -> Result<()> {
        Ok(())
    }

    /// Adds to what is known about the answer, before anybody has looked.
    fn note(&mut self, _key: &str, _value: Tree) {}

    /// The next page, message or item.
    ///
    /// # Errors
    /// What the connection says.
    fn next(&mut self) -> Result<Option<Box<dyn Answer>>> {
        Ok(None)
    }
}

/// No bytes, with the NUL that a C reader may look for behind them.
pub fn empty() -> &'static [u8] {
    const NUL: &[u8] = b"\0";
    NUL.split_at(0).0
}

/// An answer that travels inside an error until the session layer takes it out.
pub struct Carried(Mutex<Option<Box<dyn Answer>>>);

impl Carried {
    /// Attaches an answer to an error.
    pub fn attach(error: Error, answer: Box<dyn Answer>) -> Error {
        error.carrying(Arc::new(Carried(Mutex::new(Some(answer)))))
    }

    /// Takes the answer out of an error.
    pub fn take(error: &mut Error) -> Option<Box<dyn Answer>> {
        error.take_response()?.downcast::<Carried>().ok()?.0.lock().take()
    }
}

/// What a session lends its back end. Root and children are lent the same.
#[derive(Clone)]
pub struct Lent {
    /// The session's seat at the reactor.
    pub reactor: Arc<Seat>,
    /// The session's worker.
    pub worker: Arc<dyn Errands>,
}

impl Default for Lent {
    /// For a back end that is used without a session.
    fn default() -> Lent {
        Lent { reactor: Arc::default(), worker: Arc::new(Nobody) }
    }
}

/// What a back end tells its session outside of calls. May be called on the reactor: nothing here waits or runs the
/// host's code. The back end holds none of its locks meanwhile: the session may end feeds and abandon children.
pub trait Teller: Send + Sync {
    /// The connection behind the session changed its state.
    fn tell(&self, change: Change);
}

/// A change of state that no call of the host brought about.
#[derive(Debug)]
pub enum Change {
    /// A connection is being made: `haft.state` says `connecting`.
    Connecting,
    /// It stands, for the first time: `haft.state` says `ready`.
    Ready,
    /// It was lost and is being restored: a LOST event with the reason, and `haft.state` says `lost`.
    Lost(Error),
    /// It is back, and so is what was subscribed to: a RESTORED event with this value, and `haft.state` says `ready`.
    Restored(Tree),
    /// It ended for good, by the other side or because it could not be restored. The handle is closed as by the host:
    /// its CLOSED event carries the value and, unless the end was an orderly one, the error.
    Ended {
        /// What CLOSED carries (a WebSocket: `code` and `reason`).
        value: Tree,
        /// Why.
        error: Option<Error>,
    },
}

/// Where the messages of one subscription go. May be called on the reactor: nothing here waits or runs the host's code.
pub trait Sink: Send + Sync {
    /// Brings messages, oldest first. Several at once cost less than one after the other.
    fn bring(&self, messages: &mut dyn Iterator<Item = Box<Document>>);

    /// The same with messages that are one text or bytes: whoever takes one makes the document of it.
    fn bring_raw(&self, messages: &mut dyn Iterator<Item = Raw>) {
        self.bring(&mut messages.map(Raw::into_document));
    }

    /// Messages for which there is room before the oldest are dropped, or, with `overflow: "wait"`, before the source
    /// has to wait: then [`Sink::when_roomy`] tells when there is room again.
    fn room(&self) -> usize;

    /// Whether the source has to wait when there is no room (`overflow: "wait"`).
    fn holds_back(&self) -> bool;

    /// Has `wake` called once there is room; at once when there is. The last one counts.
    fn when_roomy(&self, wake: std::task::Waker);

    /// What was subscribed to was lost and is being restored, while the session itself goes on: a LOST event of this
    /// subscription.
    fn lost(&self, _error: Error) {}

    /// It is back: a RESTORED event of this subscription, with the value.
    fn restored(&self, _value: Tree) {}

    /// No message will follow: what was subscribed to has ended. An ENDED event of this subscription says so, with the
    /// error unless the end was an orderly one.
    fn end(&self, error: Option<Error>);
}

/// Plug-ins that want to be given the handle of a new session.
#[derive(Debug)]
pub struct PlugIns {
    /// Shared objects, in the order in which they are loaded.
    pub libraries: Vec<PathBuf>,
    /// Those of the host itself.
    pub providers: Vec<Arc<dyn Provider>>,
    /// What they are given besides.
    pub arguments: Option<Tree>,
}

/// A running subscription of a back end; dropping it ends it, and never waits.
pub type Feed = Box<dyn Send + Sync>;

/// The rest of a call, done by whoever takes its answer: decoding and parsing are not the reactor's work.
pub type Late = Box<dyn FnOnce() -> Result<Box<dyn Answer>> + Send>;

/// A call for the reactor.
pub type Pending = Pin<Box<dyn Future<Output = Late> + Send>>;

/// What a submitted call does with the staged list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staging {
    /// Adds to it.
    Stage,
    /// Sends it.
    Commit,
    /// Forgets it.
    Rollback,
}

/// One kind of server. The defaults answer "unsupported".
pub trait Backend: Send + Sync {
    /// The name of the back end (`http`).
    fn name(&self) -> &'static str;

    /// Where it talks to, without secrets.
    fn url(&self) -> String;

    /// Does a call and waits for the final answer.
    ///
    /// # Errors
    /// What went wrong, with the outcome.
    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>>;

    /// Prepares a call for the reactor; `None` when it needs a thread that may wait and run the host's code. Nothing has
    /// happened then.
    ///
    /// # Errors
    /// The mistake.
    fn begin(&self, _call: &Call<'_>) -> Result<Option<Pending>> {
        Ok(None)
    }

    /// The same for what is about the staged list. A back end that takes one of these takes all, and does them one after the
    /// other in the order in which they were begun.
    ///
    /// # Errors
    /// The mistake.
    fn begin_staging(&self, _staging: Staging, _call: &Call<'_>) -> Result<Option<Pending>> {
        Ok(None)
    }

    /// Whether it checks the names of a call's arguments itself, because they are words of its servers.
    fn checks_names(&self) -> bool {
        false
    }

    /// Whether the verb has an argument of its own of that name, though calls have an option of it. The option is in the
    /// group `haft` then (`haft.id`). Asked only when it checks names itself.
    fn owns(&self, _verb: Option<&str>, _name: &str) -> bool {
        false
    }

    /// Whether letting it go may run code of the host, which must not happen on the reactor.
    fn holds_host_code(&self) -> bool {
        true
    }

    /// Checks a call that is to be staged, so that a mistake comes out at once.
    ///
    /// # Errors
    /// The mistake.
    fn check(&self, call: &Call<'_>) -> Result<()>;

    /// Completes the arguments of a staged call that is now being sent: what counts as a failure there.
    ///
    /// # Errors
    /// The mistake in the arguments.
    fn for_commit(&self, _args: &mut Args) -> Result<()> {
        Ok(())
    }

    /// Stages a call in a way of its own: `None` has the session keep it and send it at commit. A back end that stages
    /// itself commits and rolls back itself too, all of it, whichever handle is asked.
    fn stage(&self, _call: &Call<'_>) -> Option<Result<Box<dyn Answer>>> {
        None
    }

    /// Applies what it staged itself.
    fn commit(&self, _args: &Args, _cancel: &Arc<Cancel>) -> Option<Result<Box<dyn Answer>>> {
        None
    }

    /// Forgets what it staged itself; how much that was.
    fn rollback(&self) -> Option<usize> {
        None
    }

    /// Takes back on the server what was not committed, after what is staged was forgotten.
    ///
    /// # Errors
    /// What the server refused.
    fn undo(&self, _args: &Args, _cancel: &Arc<Cancel>) -> Result<()> {
        Ok(())
    }

    /// Whether what it staged itself outlives the handle: then it is not dropped with it.
    fn keeps_staged(&self) -> bool {
        false
    }

    /// What it staged itself, as the snapshot `staged` shows it.
    fn staged(&self) -> Option<Tree> {
        None
    }

    /// What would be sent.
    ///
    /// # Errors
    /// The mistake in the arguments.
    fn prepare(&self, _call: &Call<'_>) -> Result<Args> {
        Err(Error::new(&code::UNSUPPORTED, format!("the {} back end cannot prepare", self.name())))
    }

    /// Changes the defaults.
    ///
    /// # Errors
    /// The mistake in the arguments; nothing has changed then.
    fn configure(&self, args: &Args) -> Result<()>;

    /// A snapshot of its own, or `None` when it has none of that name.
    ///
    /// # Errors
    /// The mistake in the arguments.
    fn inspect(&self, what: &str, args: &Args) -> Result<Option<Tree>>;

    /// The names that `inspect` knows.
    fn snapshots(&self) -> &'static [&'static str];

    /// A narrower session on the same connection. `cancel` ends an attach that waits.
    ///
    /// # Errors
    /// `unsupported` when there is nothing of that name.
    fn attach(&self, name: &str, args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>>;

    /// What it takes to open the WebSocket `ws://…` or `wss://…` once under this session's settings: for a back end that
    /// speaks through one and drives it itself.
    ///
    /// # Errors
    /// `unsupported` when it carries none; the mistake in the address or the settings.
    fn websocket(&self, _name: &str, _args: &Args) -> Result<Opening> {
        Err(Error::new(&code::UNSUPPORTED, format!("the {} back end carries no WebSocket", self.name())))
    }

    /// The handle exists: what happens from now on is told to `teller`. Called once, before the host has the handle. After
    /// [`Change::Ended`] neither `close` nor `abandon` is called.
    fn start(&self, _teller: Arc<dyn Teller>) {}

    /// The plug-ins that are registered now that the handle exists. Asked once, before the host has the handle.
    fn plug_ins(&self) -> Option<PlugIns> {
        None
    }

    /// Begins to bring the messages of `topic`; `None` when it has no such topic.
    ///
    /// # Errors
    /// The mistake in the topic or the arguments.
    fn subscribe(&self, _topic: &str, _args: &Args, _sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        Ok(None)
    }

    /// The topics that it has, for messages; patterns in the words of the documentation.
    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    /// The handle begins to close: told before its children, and before any of them is closed. Never waits.
    fn leaving(&self) {}

    /// The host has let go of the session without closing it: what runs in the background ends. Never waits.
    fn abandon(&self) {}

    /// Whether leaving leaves the server's session alone when the host says nothing of `keep`.
    fn keeps(&self) -> bool {
        false
    }

    /// Leaves politely before `deadline`. `keep` leaves the server's session alone.
    ///
    /// # Errors
    /// What could not be done; the session is closed all the same.
    fn close(&self, _keep: bool, _deadline: Instant) -> Result<()> {
        Ok(())
    }
}

/// The schemes that open a session, each with its back end.
pub const SCHEMES: &[&str] = &[
    "http",
    "https",
    "ftrack",
    "ftrack+http",
    "ftrack+https",
    "mesh+http",
    "mesh+https",
    "janus+ws",
    "janus+wss",
    "janus+http",
    "janus+https",
    "janus+unix",
];

/// Opens the back end that the scheme of `url` names.
///
/// # Errors
/// `invalid_schema` or `missing_schema` for another scheme; otherwise the back end's.
pub fn open(url: &str, args: &Args, lent: Lent) -> Result<Arc<dyn Backend>> {
    let trimmed = url.trim_start();
    let Some((scheme, _)) = trimmed.split_once(':') else {
        return Err(Error::new(
            &code::MISSING_SCHEMA,
            format!("the URL {:?} had no scheme; perhaps http://{trimmed} was meant", trimmed),
        )
        .with("key", "url"));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => Ok(Arc::new(http::HttpSession::open(trimmed, args, lent)?)),
        "ftrack" | "ftrack+http" | "ftrack+https" => {
            let carried = lent.clone();
            let web = move |url: &str, args: &Args| -> Result<Arc<dyn Backend>> {
                Ok(Arc::new(http::HttpSession::open(url, args, carried.clone())?))
            };
            Ok(Arc::new(ftrack::FtrackSession::open(trimmed, args, lent, &web)?))
        }
        "mesh+http" | "mesh+https" => {
            let carried = lent.clone();
            let web = move |url: &str, args: &Args| -> Result<Arc<dyn Backend>> {
                Ok(Arc::new(http::HttpSession::open(url, args, carried.clone())?))
            };
            Ok(Arc::new(mesh::MeshSession::open(trimmed, args, lent, &web)?))
        }
        "janus+ws" | "janus+wss" | "janus+http" | "janus+https" | "janus+unix" => {
            let carried = lent.clone();
            let web = move |url: &str, args: &Args| -> Result<Arc<dyn Backend>> {
                Ok(Arc::new(http::HttpSession::open(url, args, carried.clone())?))
            };
            Ok(Arc::new(janus::JanusSession::open(trimmed, args, lent, &web)?))
        }
        other => Err(Error::new(
            &code::INVALID_SCHEMA,
            format!("no back end opens {other:?} URLs; there are {}", SCHEMES.join(", ")),
        )
        .with("key", "url")),
    }
}
