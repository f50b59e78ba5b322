//! A back end without a server: its calls end at once or by being cancelled, and the test speaks for the other side.

use std::{
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

use haft::{
    args::Args,
    backends::{Answer, Backend, Call, Change, Feed, Sink, Teller},
    engine::net::cancel::{Cancel, cancelled},
    error::{Error, Result, code},
    session::{Callback, Event, Kind, Session},
    value::{Document, Tree},
};

/// What the test holds of the back end.
#[derive(Default)]
pub struct Script {
    teller: Mutex<Option<Arc<dyn Teller>>>,
    sinks: Mutex<Vec<Arc<dyn Sink>>>,
    feeds: Arc<AtomicUsize>,
}

struct Stub(Arc<Script>);

struct Null(Box<Document>);

impl Answer for Null {
    fn value(&self) -> Option<&Document> {
        None
    }

    fn meta(&self) -> &Document {
        &self.0
    }
}

struct Fed(Arc<AtomicUsize>);

impl Drop for Fed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Backend for Stub {
    fn name(&self) -> &'static str {
        "http"
    }

    fn url(&self) -> String {
        "model:".into()
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        if call.verb == Some("wait") {
            while !call.cancel.wait(Duration::from_secs(3600)) {}
            return Err(cancelled());
        }
        Ok(Box::new(Null(Document::null())))
    }

    fn holds_host_code(&self) -> bool {
        false
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

    fn attach(&self, _name: &str, _args: &Args, cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        cancel.check()?;
        Ok(Arc::new(Stub(Arc::default())))
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        *self.0.teller.lock().unwrap() = Some(teller);
    }

    fn subscribe(&self, topic: &str, _args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        if topic != "news" {
            return Ok(None);
        }
        self.0.sinks.lock().unwrap().push(sink);
        self.0.feeds.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Box::new(Fed(Arc::clone(&self.0.feeds)))))
    }

    fn close(&self, _keep: bool, _deadline: Instant) -> Result<()> {
        Ok(())
    }
}

impl Script {
    pub fn tell(&self, change: Change) {
        let teller = self.teller.lock().unwrap().clone();
        teller.unwrap().tell(change);
    }

    pub fn end(&self) {
        self.tell(Change::Ended { value: Tree::Int(1006), error: Some(Error::new(&code::CONNECT, "it went away")) });
    }

    /// The sink of the k-th subscription.
    pub fn sink(&self, at: usize) -> Option<Arc<dyn Sink>> {
        self.sinks.lock().unwrap().get(at).cloned()
    }

    pub fn bring(&self, at: usize, numbers: impl IntoIterator<Item = i64>) {
        if let Some(sink) = self.sink(at) {
            sink.bring(&mut numbers.into_iter().map(|number| Document::from_tree(&Tree::Int(number))));
        }
    }

    pub fn feeds(&self) -> usize {
        self.feeds.load(Ordering::SeqCst)
    }
}

pub fn session() -> (Arc<Session>, Arc<Script>) {
    let script = Arc::<Script>::default();
    (Arc::new(Session::over(Arc::new(Stub(Arc::clone(&script))))), script)
}

/// What one callback was told, and whether it was let go. A panic in a callback would be contained: what is wrong is
/// noted, and looked at by the test.
#[derive(Default)]
pub struct Heard {
    pub events: Mutex<Vec<(Kind, u64, Option<i64>)>>,
    pub drops: AtomicUsize,
    wrong: Mutex<Option<&'static str>>,
}

struct Ear {
    heard: Arc<Heard>,
    then: Box<dyn Fn(&Event) + Send + Sync>,
}

impl Callback for Ear {
    fn deliver(&self, event: Event) {
        let heard = &self.heard;
        if heard.drops.load(Ordering::SeqCst) > 0 {
            *heard.wrong.lock().unwrap() = Some("called after its drop");
        }
        let number = event.value().and_then(|value| value.root().int());
        let mut events = heard.events.lock().unwrap();
        if events.last().is_some_and(|(kind, _, _)| *kind == Kind::Closed) {
            *heard.wrong.lock().unwrap() = Some("called after CLOSED");
        }
        events.push((event.kind(), event.id(), number));
        drop(events);
        (self.then)(&event);
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.heard.drops.fetch_add(1, Ordering::SeqCst);
    }
}

impl Heard {
    pub fn callback(self: &Arc<Self>) -> Option<Box<dyn Callback>> {
        self.calling(|_| {})
    }

    /// One that does something more.
    pub fn calling(self: &Arc<Self>, then: impl Fn(&Event) + Send + Sync + 'static) -> Option<Box<dyn Callback>> {
        Some(Box::new(Ear { heard: Arc::clone(self), then: Box::new(then) }))
    }

    pub fn numbers(&self) -> Vec<i64> {
        self.events.lock().unwrap().iter().filter_map(|(_, _, number)| *number).collect()
    }

    pub fn kinds(&self) -> Vec<Kind> {
        self.events.lock().unwrap().iter().map(|(kind, _, _)| *kind).collect()
    }

    /// It was let go exactly once, and never called where it must not be.
    pub fn check(&self) {
        assert_eq!(*self.wrong.lock().unwrap(), None);
        assert_eq!(self.drops.load(Ordering::SeqCst), 1);
    }
}

/// Polls until CLOSED was taken.
pub fn drain(session: &Session) -> Vec<Event> {
    let mut events = Vec::new();
    while let Ok(event) = session.poll(-1) {
        events.extend(event);
    }
    events
}

/// Each of the calls has one answer, and CLOSED comes last and once.
pub fn check_answers(events: &[Event], mut calls: Vec<u64>) {
    let (last, answers) = events.split_last().unwrap();
    assert_eq!(last.kind(), Kind::Closed);
    let mut answered: Vec<_> = answers.iter().filter(|event| event.kind() == Kind::Response).map(Event::id).collect();
    answered.sort_unstable();
    calls.sort_unstable();
    assert_eq!(answered, calls);
    assert!(answers.iter().all(|event| event.kind() != Kind::Closed));
}
