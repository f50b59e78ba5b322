//! The end of a course: goodbyes are said, files completed, and whoever waits hears of it.

use std::{sync::Arc, time::Duration};

use super::{
    course::Course,
    dialog, gauges,
    order::Part,
    running::{News, Phase, Running},
};
use crate::{
    backends::janus::{
        handle::Handle,
        line::{Request, again},
    },
    clock,
    engine::{net::cancel::Cancel, reactor::vigil::Vigil},
    error::{Error, Outcome, Result, code},
    log,
    value::Tree,
};

/// How long the server may take for the goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long it may take to clear a connection away.
const CLEARED: Duration = Duration::from_millis(500);

/// Whoever waits hears of an end in any case.
pub struct Ending {
    /// The handle.
    pub handle: Arc<Handle>,
    /// What ends.
    pub running: Arc<Running>,
}

impl Ending {
    /// Tells it.
    pub fn with(&self, outcome: Result<Tree>) {
        let last = match &outcome {
            Ok(value) => value.clone(),
            Err(error) => self.failed(error),
        };
        let why = match &outcome {
            Ok(_) => Error::new(&code::MEDIA_STATE, "the data channel was closed"),
            Err(error) => again(error),
        };
        let hearers = self.handle.media.gauges().all();
        if let Some(last) = last.as_object().filter(|_| !hearers.is_empty()) {
            gauges::tell(&hearers, last);
        }
        self.handle.media.over(&self.running, last);
        self.running.end(outcome);
        self.running.channel.fail(&why);
    }
}

impl Ending {
    /// What is left of one that failed.
    fn failed(&self, error: &Error) -> Tree {
        let mut why = error.detail().clone();
        why.insert("code", Tree::from(error.code()));
        why.insert("message", Tree::from(error.message()));
        let mut last = self.running.shown().as_object().cloned().unwrap_or_default();
        last.insert("state", Tree::from(Phase::Ended.word()));
        last.insert("end", Tree::from("error"));
        last.insert("error", Tree::Object(why));
        Tree::Object(last)
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.running.outcome().is_none() {
            self.with(Err(Error::new(&code::CANCELLED, "media was ended with its session").outcome(Outcome::Unknown)));
        }
    }
}

impl Course {
    /// Everything is completed. `stays`: nothing can or need be said to the server.
    pub(super) async fn end(&mut self, ended: Result<&'static str>, stays: bool, set_up: bool) -> Result<Tree> {
        // The end of what ran is not the end of what ends it.
        let cancel = Arc::new(Cancel::default());
        self.vigil = Vigil::new(cancel);
        self.deadline = clock::now() + GOODBYE;
        self.running.files.stop();
        let link = self.running.link();
        if let Some(link) = &link {
            link.settle();
            self.running.files.keep(&**link);
        }
        let mut asked = false;
        if !stays && self.handle.session.line.is_ready() && !self.handle.is_over() {
            let parted = self.hung_up || self.parted;
            // Who joined and came no further leaves as well.
            if (set_up || self.notes.joined) && !parted {
                dialog::end(self).await;
            }
            if self.owed {
                self.take_owed().await;
            }
            // To ask for what is happening already would end the next connection of the handle as well.
            asked = self.described && !self.hung_up && (self.parted || self.hang_up().await);
            if asked {
                self.cleared().await;
            }
        }
        if self.described && self.order.part == Part::Bridge {
            // There a connection that ends takes its participant out of the room, and no event says so.
            self.handle.keep(&[]);
        }
        // Nobody could be told: the next one on this handle does it first.
        self.handle.media.leaves_open(self.described && !self.hung_up && !asked && !self.handle.is_over());
        if let Some(link) = link {
            // What came in the meantime is in the files.
            self.running.files.keep(&*link);
            link.close();
        }
        let completed = self.running.files.complete().await;
        if let Some(heard) = &self.heard {
            heard(self.running.files.progress());
        }
        let mut shown = self.running.shown().as_object().cloned().unwrap_or_default();
        shown.insert("state", Tree::from(Phase::Ended.word()));
        match ended {
            Ok(word) => {
                completed?;
                shown.insert("end", Tree::from(word));
                Ok(Tree::Object(shown))
            }
            Err(error) if error.known_outcome().is_some() => Err(error),
            Err(error) => Err(error.outcome(if self.said { Outcome::Unknown } else { Outcome::NotSent })),
        }
    }

    /// Waits for a description of the server: one that it makes after it was told to hang up would be the next one's trouble.
    async fn take_owed(&mut self) {
        while let Ok(Some(news)) = self.news(Some(self.deadline)).await {
            if let News::Event(data, jsep) = news
                && (jsep.is_some() || data.get("error_code").is_some())
            {
                (self.current, self.described) = (true, jsep.is_some());
                return;
            }
        }
    }

    /// Has the server end what the last media on this handle could not tell it to end.
    pub(super) async fn clear(&mut self) {
        if !self.handle.media.is_open() {
            return;
        }
        // What is heard now is of that one.
        self.current = true;
        if self.hang_up().await {
            self.cleared().await;
        }
        (self.current, self.hung_up) = (false, false);
    }

    /// Has the server end the connection, so that the handle can have another.
    async fn hang_up(&mut self) -> bool {
        let request = Request { of_media: true, ..Request::new("hangup").to(&self.handle) };
        let asked = match self.handle.session.line.ask(request, false) {
            Ok(asked) => asked.wait_on(&mut self.vigil, self.deadline).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = &asked {
            log::debug(c"janus", || format!("the server was not asked to hang up: {error}"));
        }
        asked.is_ok()
    }

    /// Waits until the server says that it has hung up: before, the handle takes no other connection.
    async fn cleared(&mut self) {
        let until = clock::now() + CLEARED;
        while !self.hung_up {
            match self.news(Some(until)).await {
                Ok(Some(News::Hangup(_))) => self.hung_up = self.current,
                Ok(Some(News::Described)) => self.current = true,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }
}
