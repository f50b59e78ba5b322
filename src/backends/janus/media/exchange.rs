//! What a course says to the server: requests of the plugin, descriptions both ways, candidates.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    course::Course,
    opened,
    order::Part,
    running::{Jsep, News, Phase},
};
use crate::{
    args::Args,
    backends::janus::{
        answer,
        envelope::Members,
        line::Request,
        plugins::{self, Checked},
        session::is_refusal,
    },
    clock,
    engine::{
        backoff::{Backoff, Jitter, Plan},
        media::{
            Codec, Kind,
            peer::{Direction, Wish, narrowed},
        },
    },
    error::{Error, Outcome, Result, code},
    log,
    value::{Document, Object, Tree},
};

/// When a description is sent again that the server had no place for: it takes the last connection down.
const CLEARING: Plan = Plan {
    delay: Duration::from_millis(100),
    factor: 2.0,
    max_delay: Duration::from_secs(1),
    max_retries: Some(8),
    jitter: Jitter::Equal,
};

/// What the plugin answered.
pub struct Said {
    /// Its data.
    pub data: Box<Document>,
    /// Its description.
    pub jsep: Option<Jsep>,
}

impl Course {
    /// Whether something of this kind goes out.
    pub fn has(&self, kind: Kind) -> bool {
        self.wishes().iter().any(|wish| wish.kind == kind && wish.direction.sends())
    }

    /// The one codec of a kind, where the file or the tracks leave no choice.
    pub fn codec(&self, kind: Kind) -> Option<Codec> {
        let wishes = self.wishes();
        let codecs = &wishes.iter().find(|wish| wish.kind == kind && wish.direction.sends())?.codecs;
        codecs.first().copied().filter(|_| codecs.len() == 1)
    }

    /// Tells the server a candidate, where that is agreed.
    pub(super) fn trickle(&self, candidate: Option<&str>) {
        if !self.order.trickle || !self.described {
            return;
        }
        let mut shown = Object::with_capacity(2);
        match candidate {
            Some(line) => {
                shown.insert("candidate", Tree::from(line));
                shown.insert("sdpMLineIndex", Tree::Int(0));
            }
            None => shown.insert("completed", Tree::Bool(true)),
        }
        let members = Members::default().with("candidate", &Tree::Object(shown));
        let request = Request { members, of_media: true, ..Request::new("trickle").to(&self.handle).acked() };
        if let Err(error) = self.handle.session.line.tell(request) {
            log::debug(c"janus", || format!("a candidate was not told: {error}"));
        }
    }

    /// A request of the plugin, checked before anything goes out.
    ///
    /// # Errors
    /// `argument`.
    pub fn checked(&self, verb: &str, fields: Object) -> Result<Checked> {
        let plugin = plugins::find(self.handle.plugin())
            .ok_or_else(|| Error::new(&code::UNSUPPORTED, "media of this plugin is not known"))?;
        let mut args = Args::new();
        if let Some(request) = plugin.request(verb) {
            for (key, value) in self.order.body.iter().filter(|(key, _)| request.has(key)) {
                args.set(key, value.clone());
            }
            for (key, value) in fields.iter() {
                args.set(key, value.clone());
            }
            if request.jsep == plugins::Jsep::Must {
                // It is put in when it was made.
                let mut jsep = Object::with_capacity(2);
                jsep.insert("type", Tree::from("offer"));
                jsep.insert("sdp", Tree::from(""));
                args.set("jsep", Tree::Object(jsep));
            }
        }
        let checked = plugins::check(plugin, verb, &args, |_| false);
        checked.map_err(|error| match error.detail().get("key").and_then(Tree::as_str).map(str::to_owned) {
            // Where the host has said it.
            Some(key) if self.order.body.get(&key).is_some() => error.with("key", format!("body.{key}")),
            _ => error,
        })
    }

    /// Asks the plugin, with a description: whether it is an offer, and the text.
    ///
    /// # Errors
    /// What the server refused; what goes wrong on the way.
    pub async fn ask(&mut self, checked: &Checked, jsep: Option<(bool, &str)>) -> Result<Said> {
        let mut backoff = Backoff::new(CLEARING);
        loop {
            let error = match self.ask_once(checked, jsep).await {
                Err(error) if error.code() == code::WEBRTC_STATE.word => error,
                // The connection before is on its way out there: it is watched until then.
                Err(error) if self.order.part == Part::Watch && error.code() == code::PLUGIN_WRONG_STATE.word => error,
                done => return done,
            };
            let delay = backoff.next_delay().filter(|delay| clock::now() + *delay < self.deadline);
            let Some(delay) = delay else { return Err(error) };
            self.vigil.sleep(delay).await?;
        }
    }

    async fn ask_once(&mut self, checked: &Checked, jsep: Option<(bool, &str)>) -> Result<Said> {
        let mut members = Members::default().with("body", &Tree::Object(checked.body.clone()));
        if let Some((is_offer, sdp)) = jsep {
            let mut shown = Object::with_capacity(3);
            shown.insert("type", Tree::from(if is_offer { "offer" } else { "answer" }));
            shown.insert("sdp", Tree::from(sdp));
            shown.insert("trickle", Tree::Bool(self.order.trickle));
            members.add("jsep", &Tree::Object(shown));
        }
        let note = Checked {
            plugin: checked.plugin,
            request: checked.request,
            body: checked.body.clone(),
            jsep: jsep.map(|_| Tree::Null),
        };
        let request = Request {
            members,
            done: plugins::noted(&note),
            verb: std::borrow::Cow::Borrowed(checked.request.name),
            of_media: true,
            describes: jsep.is_some()
                || matches!(self.order.part, Part::Watch | Part::Replay | Part::Subscribe | Part::Text),
            ..Request::new("message").to(&self.handle)
        };
        // Once media flows there is no hurry but that of a request.
        let deadline = match self.running.phase() {
            Phase::Flowing => clock::now() + self.handle.session.line.terms().timeout,
            _ => self.deadline,
        };
        let describes = request.describes;
        let asked = self.handle.session.line.ask(request, false)?;
        self.said = true;
        let message = asked.wait_on(&mut self.vigil, deadline).await;
        let message = message.map_err(|error| {
            // It may be there: then it is there to be hung up.
            self.described |= jsep.is_some() && error.known_outcome() == Some(Outcome::Unknown);
            if error.code() == code::TOTAL_TIMEOUT.word { error.phase("signalling") } else { error }
        });
        match &message {
            // What the core refused has brought about no connection.
            Ok(message) => self.described |= jsep.is_some() && !is_refusal(message.root()),
            // It may have been taken all the same.
            Err(error) if describes && error.known_outcome() == Some(Outcome::Unknown) => {
                (self.described, self.owed) = (true, true);
            }
            Err(_) => {}
        }
        let message = message?;
        let jsep = Jsep::of(message.root());
        Ok(Said { data: answer::value(message, self.handle.plugin())?, jsep })
    }

    /// An offer of these tracks, with all candidates unless they may come later.
    ///
    /// # Errors
    /// `media_state`, `cancelled`.
    pub async fn offer(&mut self) -> Result<String> {
        let wishes = self.wishes();
        self.link()?.plan(&wishes, self.order.channel.as_deref())?;
        self.gathered().await?;
        self.link()?.offer(false)
    }

    /// What the offer is to have.
    fn wishes(&self) -> Vec<Wish> {
        let usual = Direction::of(self.order.part.sends(), self.order.part.receives());
        opened::wishes(&self.order, self.reel.as_ref(), usual)
    }

    /// The answer to our offer has come. What the file has must have found its place.
    ///
    /// # Errors
    /// `media_sdp`, `media_codec`.
    pub fn accept(&mut self, jsep: Option<&Jsep>) -> Result<()> {
        let Some(jsep) = jsep.filter(|jsep| !jsep.is_offer) else {
            return Err(Error::new(&code::MEDIA_SDP, "the server answered an offer without a description"));
        };
        let link = self.link()?;
        link.accept(&jsep.sdp)?;
        self.routes(&link.tracks())?;
        self.running.enter(Phase::Ice);
        Ok(())
    }

    /// An answer to an offer of the server.
    ///
    /// # Errors
    /// `media_sdp`, `media_codec`, `cancelled`.
    pub async fn answer(&mut self, jsep: Option<&Jsep>) -> Result<String> {
        let Some(jsep) = jsep.filter(|jsep| jsep.is_offer) else {
            return Err(Error::new(&code::MEDIA_SDP, "the server was to make an offer, and made none"));
        };
        self.gathered().await?;
        let link = self.link()?;
        let direction = opened::directions(&self.order, self.reel.as_ref());
        let codecs = opened::codecs(&self.order, self.reel.as_ref());
        let offer = narrowed(&jsep.sdp, &codecs);
        let answer = link.answer(offer.as_deref().unwrap_or(&jsep.sdp), &direction)?;
        self.routes(&link.tracks())?;
        self.running.enter(Phase::Ice);
        Ok(answer)
    }

    /// Waits for all candidates where they go into the description.
    async fn gathered(&mut self) -> Result<()> {
        if self.order.trickle || self.order.stun.is_empty() || self.notes.gathered {
            return Ok(());
        }
        let mut aside = VecDeque::new();
        let waited = loop {
            let running = Arc::clone(&self.running);
            match self.vigil.until(Some(self.deadline), |cx| running.poll_news(cx)).await {
                Ok(Some(News::Candidate(None))) => break Ok(()),
                Ok(Some(News::Candidate(Some(_)))) => {}
                Ok(Some(other)) => aside.push_back(other),
                Ok(None) => break Err(self.late()),
                Err(error) => break Err(error),
            }
        };
        self.aside.append(&mut aside);
        self.notes.gathered = true;
        waited
    }
}
