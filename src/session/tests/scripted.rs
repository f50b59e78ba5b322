//! A back end that does what a test tells it to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::sys::lock::{Condvar, Mutex};

use super::super::{Callback, Event, Kind, Response, Session};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call, Change, Feed, Pending, Sink, Teller},
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Outcome, Result, code},
    sys,
    value::{Document, Object, Tree},
};

/// Something that a test waits for.
#[derive(Default)]
pub struct Bell(Mutex<bool>, Condvar);

impl Bell {
    pub fn ring(&self) {
        *self.0.lock() = true;
        self.1.notify_all();
    }

    pub fn wait(&self) {
        let mut rung = self.0.lock();
        while !*rung {
            self.1.wait(&mut rung);
        }
    }
}

/// What the test sees of the back end, and does in its place.
#[derive(Default)]
pub struct Script {
    pub teller: Mutex<Option<Arc<dyn Teller>>>,
    pub sinks: Mutex<Vec<Arc<dyn Sink>>>,
    /// Feeds that were not dropped.
    pub feeds: Arc<AtomicUsize>,
    /// What was called, in order.
    pub calls: Mutex<Vec<&'static str>>,
    /// Rung by a "wait" that has begun, awaited by it.
    pub begun: Bell,
    pub gate: Bell,
    /// Children, in the order in which they were attached.
    pub children: Mutex<Vec<Arc<Script>>>,
}

/// The back end: what the session holds. Its script outlives it.
pub struct Scripted(pub Arc<Script>);

struct Fed(Arc<AtomicUsize>);

impl Drop for Fed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Backend for Scripted {
    fn name(&self) -> &'static str {
        "http"
    }

    fn url(&self) -> String {
        "scripted:".into()
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        match call.verb {
            Some("wait") => {
                self.0.begun.ring();
                self.0.gate.wait();
                call.cancel.check()?;
            }
            Some("until cancelled") => {
                self.0.begun.ring();
                while !call.cancel.wait(std::time::Duration::from_secs(3600)) {}
                return Err(cancelled().outcome(Outcome::NotSent));
            }
            _ => {}
        }
        Ok(Response::of_value(&Tree::Int(1), Object::default()).into_answer())
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        if call.verb != Some("fly") {
            return Ok(None);
        }
        let cancel = Arc::clone(call.cancel);
        Ok(Some(Box::pin(async move {
            std::future::poll_fn(|cx| match cancel.heed(cx) {
                Ok(_) => std::task::Poll::Pending,
                Err(_) => std::task::Poll::Ready(()),
            })
            .await;
            let late: crate::backends::Late = Box::new(|| Err(cancelled()));
            late
        })))
    }

    fn check(&self, _call: &Call<'_>) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _args: &Args) -> Result<()> {
        Ok(())
    }

    fn inspect(&self, _what: &str, _args: &Args) -> Result<Option<Tree>> {
        Ok(None)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &[]
    }

    fn attach(&self, name: &str, _args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        if name == "slow" {
            self.0.begun.ring();
            while !cancel.wait(std::time::Duration::from_secs(3600)) {}
            return Err(cancelled());
        }
        let child = Arc::<Script>::default();
        self.0.children.lock().push(Arc::clone(&child));
        Ok(Arc::new(Scripted(child)))
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        *self.0.teller.lock() = Some(teller);
    }

    fn subscribe(&self, topic: &str, _args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        match topic {
            "refused" => return Err(Error::new(&code::LIMIT, "there was no room")),
            "early" => sink.bring(&mut std::iter::once(number(0))),
            "news" | "other" | "third" => {}
            _ => return Ok(None),
        }
        self.0.sinks.lock().push(sink);
        self.0.feeds.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Box::new(Fed(Arc::clone(&self.0.feeds)))))
    }

    fn topics(&self) -> &'static [&'static str] {
        &["news", "other", "third", "early", "refused"]
    }

    fn abandon(&self) {
        self.0.calls.lock().push("abandon");
    }

    fn close(&self, _keep: bool, _deadline: std::time::Instant) -> Result<()> {
        self.0.calls.lock().push("close");
        Ok(())
    }
}

impl Script {
    pub fn tell(&self, change: Change) {
        let teller = self.teller.lock().clone().unwrap();
        teller.tell(change);
    }

    pub fn sink(&self, at: usize) -> Arc<dyn Sink> {
        Arc::clone(&self.sinks.lock()[at])
    }

    pub fn bring(&self, at: usize, numbers: impl IntoIterator<Item = i64>) {
        self.sink(at).bring(&mut numbers.into_iter().map(number));
    }

    pub fn feeds(&self) -> usize {
        self.feeds.load(Ordering::SeqCst)
    }

    /// The other side ends the session, on a thread that must not run code of the host.
    pub fn end(self: &Arc<Self>, value: Tree, error: Option<Error>) {
        let script = Arc::clone(self);
        let thread = sys::thread::spawn("other", move || script.tell(Change::Ended { value, error })).unwrap();
        thread.join().unwrap();
    }
}

pub fn number(number: i64) -> Box<Document> {
    Document::from_tree(&Tree::Int(number))
}

/// A session on a script.
pub fn session() -> (Session, Arc<Script>) {
    let script = Arc::<Script>::default();
    let backend = Arc::new(Scripted(Arc::clone(&script)));
    (Session::assemble(Arc::default(), backend, None, None), script)
}

/// A callback that is a closure.
pub struct Calls<F>(pub F);

impl<F: Fn(Event) + Send + Sync> Callback for Calls<F> {
    fn deliver(&self, event: Event) {
        (self.0)(event);
    }
}

/// What a callback has heard.
#[derive(Default)]
pub struct Tape(Mutex<Vec<Event>>, Condvar);

impl Tape {
    pub fn callback(self: &Arc<Self>) -> Option<Box<dyn Callback>> {
        let tape = Arc::clone(self);
        Some(Box::new(Calls(move |event| tape.add(event))))
    }

    pub fn add(&self, event: Event) {
        self.0.lock().push(event);
        self.1.notify_all();
    }

    /// Waits for so many events, and takes them.
    pub fn take(&self, count: usize) -> Vec<Event> {
        let mut events = self.0.lock();
        while events.len() < count {
            self.1.wait(&mut events);
        }
        std::mem::take(&mut *events)
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// The number that an event carries.
pub fn int(event: &Event) -> i64 {
    event.value().unwrap().root().int().unwrap()
}

/// The text at a place in the event's value.
pub fn text(event: &Event, pointer: &str) -> String {
    event.value().unwrap().root().at(pointer).unwrap().as_str().unwrap().to_owned()
}

/// Everything that waits in the queue.
pub fn all(session: &Session) -> Vec<Event> {
    let mut events = Vec::new();
    while let Ok(Some(event)) = session.poll(0) {
        events.push(event);
    }
    events
}

pub fn kinds(events: &[Event]) -> Vec<Kind> {
    events.iter().map(Event::kind).collect()
}

/// Arguments from JSON.
pub fn args(json: &str) -> Args {
    let mut args = Args::new();
    args.set_json(None, json);
    args.check().unwrap();
    args
}
