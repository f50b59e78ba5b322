//! The four kinds of server behind one small trait. A back end knows no C type, no queue and no thread; a fifth one
//! is one more folder and one more line in [`open`].

pub mod http;

use std::{sync::Arc, time::Instant};

use parking_lot::Mutex;

use crate::{
    args::Args,
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Document, Tree},
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

    /// Reads the rest of a streamed body into the answer, so that `body` and `value` work.
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

    /// A narrower session on the same connection.
    ///
    /// # Errors
    /// `unsupported` when there is nothing of that name.
    fn attach(&self, name: &str, args: &Args) -> Result<Arc<dyn Backend>>;

    /// Leaves politely before `deadline`. `keep` leaves the server's session alone.
    ///
    /// # Errors
    /// What could not be done; the session is closed all the same.
    fn close(&self, _keep: bool, _deadline: Instant) -> Result<()> {
        Ok(())
    }
}

/// The schemes that open a session, each with its back end.
pub const SCHEMES: &[&str] = &["http", "https"];

/// Opens the back end that the scheme of `url` names.
///
/// # Errors
/// `invalid_schema` or `missing_schema` for another scheme; otherwise the back end's.
pub fn open(url: &str, args: &Args) -> Result<Arc<dyn Backend>> {
    let trimmed = url.trim_start();
    let Some((scheme, _)) = trimmed.split_once(':') else {
        return Err(Error::new(
            &code::MISSING_SCHEMA,
            format!("the URL {:?} had no scheme; perhaps http://{trimmed} was meant", trimmed),
        )
        .with("key", "url"));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => Ok(Arc::new(http::HttpSession::open(trimmed, args)?)),
        other => Err(Error::new(
            &code::INVALID_SCHEMA,
            format!("no back end opens {other:?} URLs; there are {}", SCHEMES.join(", ")),
        )
        .with("key", "url")),
    }
}
