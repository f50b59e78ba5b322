//! The topic `sse:/path`: server-sent events by the session's own rules, on the reactor (verbs.md "HTTP", topics; WHATWG
//! HTML 9.2). Each connection is an ordinary GET with headers, authentication, cookies, proxies and redirects of the
//! session as it is at that moment; [`course`](crate::engine::sse::course) says when there is another one.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use super::{
    HttpSession, OwnRouter, answer, limits, prepare,
    settings::{Level, Settings},
};
use crate::{
    args::Args,
    backends::{Call, Feed, Sink},
    clock,
    engine::{
        errands::{self, Errands, Kept},
        http::{auth::Auth, flight::Flight, headers::Headers, retry, stream::BodyStream},
        net::cancel::Cancel,
        reactor::vigil::Vigil,
        sse::{
            course::{Course, End, Next, plan},
            parser::{Parser, TooLarge},
        },
        tls::config,
    },
    error::{Error, Result, code},
    log,
    sys::{lock::Mutex, panic::contain},
    value::{Document, Object, Tree},
};

/// The topic up to its address.
pub(super) const PREFIX: &str = "sse:";
/// What is decoded at once.
const PIECE: usize = 64 << 10;
/// So many pieces in a row, then others have their turn.
const TURN: u32 = 8;
/// Room that is kept while nothing comes: there may be a thousand of us.
const KEPT: usize = 4 << 10;
/// The largest event unless the host says otherwise.
const MESSAGE_MAX: usize = 64 << 20;

/// Begins a subscription; the first request is made here, so that mistakes come out at once.
pub(super) fn subscribe(session: &HttpSession, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
    let Some(address) = topic.strip_prefix(PREFIX) else { return Ok(None) };
    if args.get("answer").is_some() {
        return Err(Error::option("answer", "an event stream asks nothing that could be answered"));
    }
    let plan = match args.get("reconnect") {
        Some(value) => plan().parse(value)?,
        None => Some(plan()),
    };
    let last_id = args.str("last_event_id")?.unwrap_or_default();
    if last_id.contains(['\0', '\r', '\n']) {
        return Err(Error::option("last_event_id", "last_event_id had a NUL or a line end in it"));
    }
    let wrong = || Error::option("max_message_size", "max_message_size was not a positive number");
    let most = match args.int("max_message_size")? {
        None => MESSAGE_MAX,
        Some(most) => usize::try_from(most).ok().filter(|most| *most > 0).ok_or_else(wrong)?,
    };
    // The session's limits end a silence before the answer; inside a stream silence is what there is most of.
    let mut own = Settings::default();
    own.overlay(args, Level::Call, &session.environment())?;
    let cancel = Arc::new(Cancel::default());
    let source = Source {
        session: session.clone(),
        address: Some(address).filter(|address| !address.is_empty()).map(Box::from),
        args: args.clone(),
        cancel: Arc::clone(&cancel),
    };
    let first = source.flight(last_id)?;
    let mut feeder = Feeder {
        worker: Arc::clone(&session.shared.lent.worker),
        source: Some(source),
        sink: Arc::clone(&sink),
        course: Course::new(plan),
        last_id: last_id.to_owned(),
        lost: false,
        silence: own.times.read,
        most,
    };
    let ended = Arc::clone(&cancel);
    session.shared.lent.reactor.run(async move {
        let mut run: Pin<Box<dyn Future<Output = Option<Error>> + Send>> =
            Box::pin(async move { feeder.run(first).await });
        let outcome = poll_fn(|cx| match contain(|| run.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(error)) => Poll::Ready(error),
            Err(panic) => Poll::Ready(Some(panic)),
        })
        .await;
        drop(run);
        if !ended.is_cancelled() {
            sink.end(outcome);
        }
    })?;
    Ok(Some(Box::new(Line(cancel))))
}

/// The host's end: letting go of it ends the subscription.
struct Line(Arc<Cancel>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What requests are made from.
#[derive(Clone)]
struct Source {
    session: HttpSession,
    address: Option<Box<str>>,
    args: Args,
    cancel: Arc<Cancel>,
}

impl Source {
    /// The next request, under the session's settings as they are now.
    fn flight(&self, last_id: &str) -> Result<Flight> {
        let settings = self.session.settings_for(&self.args)?;
        let (target, cancel) = (self.address.as_deref(), &self.cancel);
        let call = Call { verb: Some("GET"), target, args: &self.args, cancel, progress: None };
        let mut prepared = prepare::build(&self.session, &settings, &call)?;
        let given = match self.args.get("headers") {
            Some(headers) => Headers::default().merged(Some(headers))?,
            None => Headers::default(),
        };
        let headers = Arc::make_mut(&mut prepared.request.headers);
        for (name, value) in [("Accept", "text/event-stream"), ("Cache-Control", "no-cache")] {
            if !given.contains(name) {
                headers.set(name, value);
            }
        }
        if !last_id.is_empty() {
            // In UTF-8, as the standard has it, whatever the session's other fields are written in: latin-1 of its bytes.
            // White space in front is none of a field's value.
            let bytes: String = last_id.trim_ascii_start().bytes().map(char::from).collect();
            // An id that no field can hold is one that cannot be sent: the stream begins where the server wants it to.
            if headers.set_checked("Last-Event-ID", &bytes).is_err() {
                log::warn(c"http", || "an event's id could not be sent as a header field");
            }
        }
        // Retries are the course's affair, and nobody may wait for the end of the body.
        prepared.rules.retry = Arc::new(retry::Policy::never());
        prepared.rules.stream = true;
        if prepared.request.url.is_secure() {
            // Certificates are read here as a rule, where a file may be waited for; the reactor finds them in memory.
            let _ = config::client(&settings.tls);
        }
        Ok(Flight {
            carrier: Arc::clone(&self.session.shared.carrier),
            rules: Arc::new(prepared.rules),
            watch: None,
            request: prepared.request,
            router: Arc::new(OwnRouter { settings: Arc::clone(&settings), environment: self.session.environment() }),
            adapters: Arc::clone(&settings.adapters),
            limits: limits(&settings),
            cancel: Arc::clone(&self.cancel),
            decode: settings.decode,
            expect_continue: false,
            worker: Arc::clone(&self.session.shared.lent.worker),
            remains: Mutex::default(),
        })
    }

    /// Whether a file is read to make a request.
    fn reads_files(&self) -> bool {
        let settings = self.session.settings_for(&self.args);
        settings.map_or(true, |settings| matches!(settings.auth, Some(Auth::Netrc(Some(_)))))
    }

    /// Whether letting it go may run code of the host.
    fn holds_host_code(&self) -> bool {
        let settings = self.session.settings_for(&self.args);
        settings.map_or(true, |settings| settings.hold_host_code())
    }
}

/// One subscription on the reactor.
struct Feeder {
    /// There until the end.
    source: Option<Source>,
    worker: Arc<dyn Errands>,
    sink: Arc<dyn Sink>,
    course: Course,
    /// Where the next connection goes on.
    last_id: String,
    /// The host was told that the stream is lost.
    lost: bool,
    /// The longest silence inside the stream.
    silence: Option<Duration>,
    most: usize,
}

impl Drop for Feeder {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            let keeper = source.holds_host_code().then(|| Arc::clone(&self.worker));
            drop(Kept::new(source, keeper));
        }
    }
}

impl Feeder {
    /// Runs from connection to connection, until there is none to come; an error says why.
    async fn run(&mut self, first: Flight) -> Option<Error> {
        let Some(cancel) = self.source.as_ref().map(|source| Arc::clone(&source.cancel)) else { return Some(gone()) };
        let mut vigil = Vigil::new(cancel);
        let mut next = Ok(first);
        loop {
            let end = match next {
                Ok(flight) => Box::pin(self.connect(flight, &mut vigil)).await,
                Err(error) => End::Failed(error),
            };
            match self.course.after(end) {
                Next::Over(error) => return error,
                Next::Again(wait, error) => {
                    let (why, tries) = (error.code().to_owned(), self.course.tries());
                    log::debug(c"http", || {
                        format!("try {tries} for an event stream comes in {} ms ({why})", wait.as_millis())
                    });
                    if !std::mem::replace(&mut self.lost, true) {
                        self.sink.lost(error);
                    }
                    if let Err(error) = vigil.sleep(wait).await {
                        return Some(error);
                    }
                }
            }
            next = self.prepare(&mut vigil).await;
        }
    }

    /// The request of another connection.
    async fn prepare(&self, vigil: &mut Vigil) -> Result<Flight> {
        let source = self.source.as_ref().ok_or_else(gone)?;
        if !source.reads_files() {
            return source.flight(&self.last_id);
        }
        let (source, last_id) = (source.clone(), self.last_id.clone());
        errands::fetch(&self.worker, vigil, move || source.flight(&last_id)).await?
    }

    /// One connection from its request to its end.
    async fn connect(&mut self, flight: Flight, vigil: &mut Vigil) -> End {
        let keeper = flight.keeper();
        let mut kept = Kept::new(flight, keeper);
        let Some(flight) = kept.get() else { return End::Failed(gone()) };
        let delivered = match Box::pin(flight.open(vigil)).await {
            Ok(delivered) => delivered,
            Err(error) => return End::Failed(error),
        };
        let (hop, mut body) = (&delivered.finished.hop, delivered.body);
        let fields = hop.fields();
        let refused = |message: String| {
            let url = delivered.finished.request.url.redacted().into_owned();
            let error =
                Error::new(&code::EVENT_STREAM, message).with("http_status", i64::from(hop.status)).with("url", url);
            let error = match hop.status {
                // Under the status that its number stands for, as everywhere.
                400.. => {
                    let known = answer::refusal(hop.status.into(), String::new());
                    let again = known.is_retryable();
                    error.status_as(known.status()).transient(again)
                }
                _ => error,
            };
            let retry_after = fields.get_text("retry-after");
            let retry_after = retry_after.and_then(|text| retry::asked(text.trim(), clock::epoch_seconds()));
            End::Refused { status: hop.status, retry_after, error }
        };
        match hop.status {
            200 => {}
            204 => return End::Gone,
            status => return refused(format!("the event stream was answered with {status}")),
        }
        let content_type = fields.get_text("content-type").unwrap_or_default();
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("text/event-stream") {
            return refused(format!("the event stream was answered with content of the type {kind:?}"));
        }
        drop(content_type);
        if let Err(error) = body.relay(&self.worker) {
            return End::Failed(error);
        }
        body.set_limits(self.silence, None);
        self.opened();
        let opened = clock::now();
        let read = self.read(&mut body, vigil).await;
        self.course.stood(clock::now() - opened);
        match read {
            Ok(()) => End::Complete,
            Err(error) => {
                let url = delivered.finished.request.url.redacted().into_owned();
                End::Failed(if error.detail().get("url").is_some() { error } else { error.with("url", url) })
            }
        }
    }

    /// The stream stands.
    fn opened(&mut self) {
        let tries = self.course.tries();
        self.course.opened();
        if std::mem::take(&mut self.lost) {
            let mut value = Object::default();
            value.insert("last_event_id", Tree::from(&*self.last_id));
            value.insert("tries", Tree::from(i64::from(tries)));
            self.sink.restored(Tree::Object(value));
        }
    }

    /// Reads a stream to its end.
    async fn read(&mut self, body: &mut BodyStream, vigil: &mut Vigil) -> Result<()> {
        let mut parser = Parser::new(&self.last_id, self.most);
        let (mut bytes, mut events) = (Vec::new(), Vec::new());
        for turn in 1_u32.. {
            if self.sink.holds_back() {
                self.room(vigil).await?;
            }
            bytes.clear();
            bytes.shrink_to(KEPT);
            if body.pull(vigil, &mut bytes, PIECE).await? == 0 {
                break;
            }
            let fed = parser.feed(&bytes, &mut |event| {
                let members = [("event", event.event), ("data", event.data), ("id", event.id)];
                events.push(Document::of_texts(&members));
            });
            if let Some(time) = parser.take_retry() {
                self.course.set_retry(time);
            }
            self.bring(&mut events, vigil).await?;
            if self.last_id != parser.last_event_id() {
                parser.last_event_id().clone_into(&mut self.last_id);
            }
            if let Err(TooLarge) = fed {
                let message = format!("an event had more than {} bytes (max_message_size)", self.most);
                return Err(Error::new(&code::LIMIT, message));
            }
            if turn % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Brings events to the host, as many at once as there is room for.
    #[expect(clippy::vec_box, reason = "documents must not move")]
    async fn bring(&self, events: &mut Vec<Box<Document>>, vigil: &mut Vigil) -> Result<()> {
        if !self.sink.holds_back() {
            if !events.is_empty() {
                self.sink.bring(&mut events.drain(..));
            }
            return Ok(());
        }
        while !events.is_empty() {
            let room = self.room(vigil).await?.min(events.len());
            self.sink.bring(&mut events.drain(..room));
        }
        Ok(())
    }

    /// Waits until the host has taken enough; gives for how many events there is room.
    async fn room(&self, vigil: &mut Vigil) -> Result<usize> {
        let room = vigil.until(None, |cx| {
            if self.sink.room() == 0 {
                self.sink.when_roomy(cx.waker().clone());
            }
            match self.sink.room() {
                0 => Poll::Pending,
                room => Poll::Ready(room),
            }
        });
        Ok(room.await?.unwrap_or(1))
    }
}

fn gone() -> Error {
    Error::new(&code::CLOSED, "the session was closed")
}
