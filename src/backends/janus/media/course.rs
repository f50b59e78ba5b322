//! One session of media on the reactor: files are opened, descriptions exchanged, media flows, and all is completed at the
//! end, however that comes.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    dialog::{self, Then},
    ear::Ear,
    ending::Ending,
    files::Track,
    gauges,
    opened,
    order::{Order, Part},
    running::{Halt, News, Phase, Running},
};
use crate::{
    backends::{Progress, janus::handle::Handle},
    clock,
    engine::{
        media::{
            flow::Route,
            peer::{Agreed, Connection, Link, Stage, Terms},
        },
        reactor::vigil::Vigil,
    },
    error::{Error, Outcome, Result, Status, code},
    log,
    value::Object,
};

/// Who hears how far it is.
pub type Heard = Arc<dyn Fn(Progress) + Send + Sync>;

/// How long the last packets of a file have for being asked for again.
const LINGER: Duration = Duration::from_millis(250);
/// How long what was sent may take to come back, after the last frame that did.
const QUIET: Duration = Duration::from_secs(1);
/// How often it is told how far it is.
const TOLD: Duration = Duration::from_millis(100);
/// How often the numbers of the connection are taken, unless somebody wants to hear them more often.
const STATISTICS: Duration = Duration::from_secs(1);

/// One session of media.
pub struct Course {
    /// The handle.
    pub handle: Arc<Handle>,
    /// What others have of it.
    pub running: Arc<Running>,
    /// What was asked for.
    pub order: Order,
    /// What is waited for.
    pub(super) vigil: Vigil,
    /// When media is to flow.
    pub(super) deadline: Instant,
    /// The file, until it is played.
    pub(super) reel: Option<opened::Opened>,
    /// What came while something else was waited for.
    pub(super) aside: VecDeque<News>,
    /// Something was said to the plugin.
    pub(super) said: bool,
    /// Nobody waited any more for what the server says to a description, or for its own.
    pub(super) owed: bool,
    /// Candidates may be told: a description went out.
    pub(super) described: bool,
    /// What the server says is of this session, and not what was left to say of the one before on this handle.
    pub(super) current: bool,
    /// The server has hung up.
    pub(super) hung_up: bool,
    /// It has ended the connection, and is about to say so.
    pub(super) parted: bool,
    /// Who hears how far it is.
    pub(super) heard: Option<Heard>,
    /// The dialog's own.
    pub notes: dialog::Notes,
}

/// Begins one.
///
/// # Errors
/// `closed`, `limit`.
pub fn begin(handle: &Arc<Handle>, running: &Arc<Running>, order: Order, heard: Option<Heard>) -> Result<()> {
    let deadline = clock::now() + order.timeout;
    let course = Course {
        handle: Arc::clone(handle),
        running: Arc::clone(running),
        order,
        vigil: Vigil::new(Arc::clone(&running.cancel)),
        deadline,
        reel: None,
        aside: VecDeque::new(),
        said: false,
        owed: false,
        described: false,
        current: false,
        hung_up: false,
        parted: false,
        heard,
        notes: dialog::Notes::default(),
    };
    // Held to the end: files are completed and goodbyes said after the host has gone.
    let seat = Arc::clone(&handle.session.line.lent.reactor);
    let ending = Ending { handle: Arc::clone(handle), running: Arc::clone(running) };
    let begun = handle.session.line.lent.reactor.run(async move {
        let ending = ending;
        Box::pin(course.run(&ending)).await;
        drop(ending);
        drop(seat);
    });
    begun.map_err(|error| error.outcome(Outcome::NotSent))
}

impl Course {
    async fn run(mut self, ending: &Ending) {
        let flowed = match self.set_up().await {
            Ok(()) => self.flow().await,
            Err(error) => Err(error),
        };
        let set_up = self.running.phase() >= Phase::Flowing;
        // Whoever stops it is not told of an error.
        let halted = if matches!(&flowed, Err(error) if error.code() == code::CANCELLED.word) {
            self.running.halted()
        } else {
            None
        };
        let stays = matches!(halted, Some(Halt::Closed | Halt::Lost(_)));
        let ended = match (flowed, halted) {
            // A handle that is detached is hung up first.
            (_, Some(Halt::Lost(_))) if set_up && self.running.has_ended() => Ok("hangup"),
            (_, Some(halt)) => halt.error().map_or(Ok("stopped"), Err),
            (Ok(word), None) => Ok(word),
            (Err(error), None) if self.handle.is_going() => Err(with_its_handle(error)),
            (Err(error), None) => Err(error),
        };
        self.running.enter(Phase::Ending);
        let outcome = self.end(ended, stays, set_up).await;
        ending.with(outcome);
    }

    /// From files to the moment in which media can flow.
    async fn set_up(&mut self) -> Result<()> {
        let opened = opened::open(&self.order, &self.running.worker, &mut self.vigil, self.deadline).await;
        let opened = opened.and_then(|opened| opened.ok_or_else(|| self.late()));
        self.reel = opened.map_err(|error| error.outcome(Outcome::NotSent))?;
        self.running.enter(Phase::Signalling);
        let ear = Arc::new(Ear(Arc::downgrade(&self.running)));
        let link = Link::start(&self.handle.session.line.lent.reactor, &self.terms(), ear)
            .map_err(|error| error.outcome(Outcome::NotSent))?;
        self.running.connect(Some(link));
        self.clear().await;
        dialog::begin(self).await?;
        while self.running.phase() < Phase::Flowing {
            match self.news(Some(self.deadline)).await? {
                None => return Err(self.late()),
                Some(news) => {
                    if let Then::End(word) = self.hear(news).await? {
                        return Err(Error::new(
                            &code::MEDIA_REFUSED,
                            format!("the other side ended it before media flowed: {word}"),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn late(&self) -> Error {
        let phase = self.running.phase();
        let message = format!("media did not flow in time: it was {}", phase.word());
        let error = Error::new(&code::TOTAL_TIMEOUT, message);
        error.phase(match phase {
            Phase::Ice => "ice",
            Phase::Dtls => "dtls",
            Phase::Opening => "opening",
            _ => "signalling",
        })
    }

    fn terms(&self) -> Terms {
        let url = self.handle.session.line.url();
        Terms {
            addresses: self.order.addresses.clone(),
            loopback: is_here(&url),
            stun: self.order.stun.clone(),
            timeout: self.order.timeout,
            statistics: self.handle.media.gauges().shortest().map_or(STATISTICS, |shortest| shortest.min(STATISTICS)),
        }
    }

    /// Media flows, until something ends it; the word says what.
    async fn flow(&mut self) -> Result<&'static str> {
        let begun = clock::now();
        let end = self.order.duration.map(|time| begun + time);
        let mut told = begun;
        // When the file has been played: the last frame may still be on its way.
        let mut linger: Option<Instant> = None;
        loop {
            let now = clock::now();
            if end.is_some_and(|end| end <= now) {
                return Ok("duration");
            }
            if let Some(until) = linger {
                let (missing, last) = self.running.files.on_its_way(now);
                let over = match self.order.part {
                    Part::Echo => !missing || now.saturating_duration_since(last.max(until)) >= QUIET,
                    _ => now.saturating_duration_since(until) >= LINGER,
                };
                if over {
                    return Ok("played");
                }
            }
            if let Some(heard) = self.heard.as_ref().filter(|_| now.saturating_duration_since(told) >= TOLD) {
                told = now;
                heard(self.running.files.progress());
            }
            let hearers = self.handle.media.gauges().due(now);
            if !hearers.is_empty()
                && let Some(shown) = self.running.shown().as_object()
            {
                gauges::tell(&hearers, shown);
            }
            let tick = linger.map(|_| now + Duration::from_millis(20)).into_iter();
            let tick = tick.chain(self.heard.is_some().then(|| told + TOLD)).chain(end);
            let tick = tick.chain(self.handle.media.gauges().next());
            match self.news(tick.min()).await? {
                None => {}
                Some(News::Recorded) => self.running.files.check()?,
                Some(News::Played(done)) => {
                    done?;
                    linger = Some(clock::now());
                }
                Some(news) => {
                    if let Then::End(word) = self.hear(news).await? {
                        return Ok(word);
                    }
                }
            }
        }
    }

    /// The next news, or `None` at that moment.
    ///
    /// # Errors
    /// `cancelled`, when somebody ended it.
    pub async fn news(&mut self, until: Option<Instant>) -> Result<Option<News>> {
        if let Some(news) = self.aside.pop_front() {
            return Ok(Some(news));
        }
        let running = Arc::clone(&self.running);
        self.vigil.until(until, |cx| running.poll_news(cx)).await
    }

    /// What news mean in any phase.
    async fn hear(&mut self, news: News) -> Result<Then> {
        let flowing = self.running.phase() >= Phase::Flowing;
        match news {
            News::Stage(Stage::Connecting) => self.running.enter(Phase::Ice),
            News::Stage(Stage::Found) => self.running.enter(Phase::Dtls),
            News::Stage(Stage::Connected) if !flowing => self.connected()?,
            News::Stage(Stage::Connected) => log::debug(c"janus", || "media has found a way again".to_owned()),
            News::Stage(Stage::Interrupted) => {
                log::warn(c"janus", || "media has lost its way and looks for another".to_owned());
            }
            News::Stage(Stage::Over(Some(error))) => return Err(error),
            News::Stage(Stage::Over(None)) => {
                self.parted = true;
                return Ok(Then::End("hangup"));
            }
            News::Described => self.current = true,
            News::Hangup(reason) if !self.current => {
                log::debug(c"janus", || format!("the media before was hung up: {reason}"));
            }
            News::Hangup(reason) if flowing => {
                self.hung_up = true;
                log::debug(c"janus", || format!("the server hung up: {reason}"));
                return Ok(Then::End("hangup"));
            }
            News::Hangup(reason) => {
                self.hung_up = true;
                return Err(hung_up(&reason));
            }
            News::Trickle(candidate) => {
                if let Some(link) = self.running.link() {
                    link.candidate(candidate.as_deref().unwrap_or_default())?;
                }
            }
            News::Candidate(candidate) => self.trickle(candidate.as_deref()),
            News::Played(done) => done?,
            News::Listened => {}
            News::Recorded => self.running.files.check()?,
            News::Event(data, jsep) => {
                // A call is described by what comes unasked.
                let called = matches!(self.order.part, Part::Call | Part::Accept);
                self.current |= called && jsep.is_some();
                if self.current || called {
                    return dialog::heard(self, &data, jsep).await;
                }
            }
        }
        Ok(Then::Go)
    }

    /// Media can flow: files begin.
    fn connected(&mut self) -> Result<()> {
        let link = self.link()?;
        let routes = self.routes(&link.tracks())?;
        self.retrack(&Object::default());
        self.running.files.flows();
        self.running.files.record(&self.order, &self.running, &link)?;
        if self.order.part == Part::Text {
            link.plan(&[], Some(&self.running.channel.label()))?;
        }
        if let Some(opened) = self.reel.take() {
            let control = opened.play(routes, self.order.loops, link, &self.running)?;
            control.start();
        }
        self.running.enter(Phase::Flowing);
        Ok(())
    }

    /// By which tracks of the connection those of the file go.
    pub(super) fn routes(&self, agreed: &[Agreed]) -> Result<Vec<Route>> {
        opened::found(&self.order, agreed)?;
        self.reel.as_ref().map_or(Ok(Vec::new()), |reel| reel.routes(agreed))
    }

    /// Learns the tracks anew; `feeds` has who sends by their names. A track that nobody sends any more stays that of who did.
    pub fn retrack(&self, feeds: &Object) {
        let Some(link) = self.running.link() else { return };
        let before = self.running.tracks();
        let feed = |agreed: &Agreed| {
            let known =
                || before.iter().find(|track| track.agreed.mid == agreed.mid).and_then(|track| track.feed.clone());
            feeds.get(&agreed.mid).cloned().or_else(known)
        };
        let tracks = link.tracks();
        let tracks = tracks.into_iter().map(|agreed| Track { feed: feed(&agreed), agreed });
        self.running.set_tracks(tracks.collect());
    }

    /// Records what was agreed on by now. Before the server has the answer: the first keyframe comes at once then, and the next
    /// one may be long in coming.
    ///
    /// # Errors
    /// `closed`, `limit`.
    pub fn record(&self) -> Result<()> {
        self.running.files.record(&self.order, &self.running, &self.link()?)
    }

    /// What comes next while descriptions are exchanged.
    ///
    /// # Errors
    /// `total_timeout`; an end.
    pub async fn next_in_time(&mut self) -> Result<()> {
        match self.news(Some(self.deadline)).await? {
            None => Err(self.late()),
            Some(News::Stage(Stage::Over(Some(error)))) => Err(error),
            Some(_) => Ok(()),
        }
    }

    /// The connection.
    ///
    /// # Errors
    /// `media_state`.
    pub fn link(&self) -> Result<Arc<dyn Connection>> {
        self.running.link().ok_or_else(|| Error::new(&code::MEDIA_STATE, "media was over"))
    }
}

/// Why a connection ended before it stood.
fn hung_up(reason: &str) -> Error {
    let message = format!("the server ended the connection before media flowed: {reason}");
    let lower = reason.to_ascii_lowercase();
    let error = match &*lower {
        lower if lower.contains("ice") => Error::new(&code::MEDIA_ICE, message).phase("ice"),
        lower if lower.contains("dtls") => Error::new(&code::MEDIA_DTLS, message).phase("dtls"),
        _ => Error::new(&code::MEDIA_REFUSED, message).phase("signalling"),
    };
    error.with("server_text", reason)
}

/// What is asked of a handle that is being detached ends with whatever the server comes upon first: a plugin that is not
/// there any more, a connection that cannot be set up, no handle. To the host it is one thing.
fn with_its_handle(error: Error) -> Error {
    let theirs = matches!(error.status(), Status::Remote | Status::NotFound | Status::Conflict);
    if !theirs && error.detail().get("server_text").is_none() {
        return error;
    }
    let mut lost = Error::new(&code::HANDLE_LOST, format!("the handle was detached: {}", error.message()));
    for key in ["phase", "server_code", "server_text"] {
        if let Some(said) = error.detail().get(key) {
            lost = lost.with(key, said.clone());
        }
    }
    match error.known_outcome() {
        Some(outcome) => lost.outcome(outcome),
        None => lost,
    }
}

/// Whether a server is on this machine.
fn is_here(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    if scheme.ends_with("unix") {
        return true;
    }
    let host = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Tree;

    #[test]
    fn a_server_here_is_known_by_its_address() {
        for (url, here) in [
            ("ws://127.0.0.1:8188/", true),
            ("janus+ws://127.0.0.1:8188/", true),
            ("http://localhost/janus", true),
            ("ws://LOCALHOST:1", true),
            ("http://[::1]:8088/janus", true),
            ("unix:/run/janus.sock", true),
            ("janus+unix:/run/janus.sock", true),
            ("wss://janus.example.com/x", false),
            ("ws://10.0.0.1:8188/", false),
            ("ws://127.0.0.1.example.com/", false),
            ("ws://user@127.1.2.3/", true),
            ("", false),
        ] {
            assert_eq!(is_here(url), here, "{url}");
        }
    }

    #[test]
    fn an_early_end_names_its_phase() {
        for (reason, word, phase) in [
            ("ICE failed", "media_ice", "ice"),
            ("DTLS alert", "media_dtls", "dtls"),
            ("Close PC", "media_refused", "signalling"),
        ] {
            let error = hung_up(reason);
            assert_eq!((error.code(), error.detail().get("phase").and_then(Tree::as_str)), (word, Some(phase)));
        }
    }
}
