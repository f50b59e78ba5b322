//! What the host holds of a handle.

use std::{sync::Arc, time::Instant};

use super::{Handle, verbs};
use crate::{
    args::Args,
    backends::{
        Answer, Backend, Call, Feed, Pending, Sink, Teller,
        janus::{calls, media, plugins, topics::Topics},
    },
    engine::net::cancel::Cancel,
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The topics of a handle.
const TOPICS: &[&str] = &["*", "event", "event:NAME", "webrtcup", "media", "slowlink", "hangup", "detached", "trickle", "data", "haft.media", media::STATISTICS];

/// A handle of the host on a plugin handle.
pub struct JanusHandle {
    handle: Arc<Handle>,
}

impl JanusHandle {
    /// Of one that is attached.
    #[must_use]
    pub fn new(handle: Arc<Handle>) -> JanusHandle {
        JanusHandle { handle }
    }
}

impl Backend for JanusHandle {
    fn name(&self) -> &'static str {
        "janus.handle"
    }

    fn url(&self) -> String {
        self.handle.session.line.url()
    }

    fn checks_names(&self) -> bool {
        true
    }

    fn owns(&self, verb: Option<&str>, name: &str) -> bool {
        verbs::is_field(&self.handle, verb, name) || media::is_field(&self.handle, verb, name)
    }

    fn holds_host_code(&self) -> bool {
        false
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        if media::takes(&self.handle, call) {
            return media::wait(&self.handle, call);
        }
        let line = &self.handle.session.line;
        let deadline = calls::deadline(line, call.args)?;
        let request = verbs::request(&self.handle, call)?;
        self.handle.takes_calls()?;
        calls::wait(line, request, call, self.handle.plugin(), deadline)
    }

    fn begin(&self, call: &Call<'_>) -> Result<Option<Pending>> {
        if media::takes(&self.handle, call) {
            return media::begin(&self.handle, call).map(Some);
        }
        let line = &self.handle.session.line;
        let deadline = calls::deadline(line, call.args)?;
        let request = verbs::request(&self.handle, call)?;
        self.handle.takes_calls()?;
        calls::begin(line, request, call, self.handle.plugin(), deadline).map(Some)
    }

    fn check(&self, call: &Call<'_>) -> Result<()> {
        verbs::stageable(call)?;
        verbs::request(&self.handle, call).map(drop)
    }

    fn prepare(&self, call: &Call<'_>) -> Result<Args> {
        let request = verbs::request(&self.handle, call)?;
        super::super::raw::prepared(&request)
    }

    fn configure(&self, args: &Args) -> Result<()> {
        match args.root().keys().next() {
            None => Ok(()),
            Some(key) => {
                let message = "a handle has no settings of its own; its session has";
                Err(Error::new(&code::UNSUPPORTED, message).with("key", key))
            }
        }
    }

    fn inspect(&self, what: &str, _args: &Args) -> Result<Option<Tree>> {
        let handle = &self.handle;
        let number = |number: Option<u64>| number.map_or(Tree::Null, Tree::from);
        Ok(Some(match what {
            "id" => number(handle.id()),
            "plugin" => handle.wish.plugin.as_deref().map_or(Tree::Null, Tree::from),
            "session_id" => number(handle.session.id()),
            "media" => handle.media.shown(),
            "options" => {
                let mut shown = Object::default();
                shown.insert("plugin", handle.wish.plugin.as_deref().map_or(Tree::Null, Tree::from));
                shown.insert("opaque_id", handle.wish.opaque_id.as_deref().map_or(Tree::Null, Tree::from));
                shown.insert("loop_index", number(handle.wish.loop_index));
                Tree::Object(shown)
            }
            _ => return Ok(None),
        }))
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &["media", "plugin", "session_id"]
    }

    fn attach(&self, _name: &str, _args: &Args, _cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        Err(Error::new(&code::UNSUPPORTED, "a plugin handle has nothing to attach to"))
    }

    fn start(&self, teller: Arc<dyn Teller>) {
        self.handle.start(teller);
    }

    fn subscribe(&self, topic: &str, args: &Args, sink: Arc<dyn Sink>) -> Result<Option<Feed>> {
        let named = topic
            .strip_prefix("event:")
            .is_some_and(|name| !name.is_empty() && plugins::find(self.handle.plugin()).is_some());
        if !named && !TOPICS.contains(&topic) {
            return Ok(None);
        }
        if topic == media::STATISTICS {
            return media::listen(&self.handle, args, sink).map(Some);
        }
        if args.get("interval").is_some() {
            return Err(Error::option("interval", format!("the events of {topic:?} come when they come: they take no interval")));
        }
        Topics::subscribe(&self.handle.topics, topic, args, sink).map(Some)
    }

    fn topics(&self) -> &'static [&'static str] {
        TOPICS
    }

    fn close(&self, keep: bool, deadline: Instant) -> Result<()> {
        self.handle.close(keep, deadline)
    }

    fn abandon(&self) {
        self.handle.abandon();
    }
}

impl Drop for JanusHandle {
    fn drop(&mut self) {
        self.handle.abandon();
    }
}
