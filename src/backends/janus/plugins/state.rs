//! What a handle's requests have brought about on the server, so that it can be brought about again on a new handle: joined,
//! registered, configured (verbs.md: `recover: "recreate"`).
//!
//! What hangs on media cannot: the descriptions that went along, or came back, belong to a session of media that is gone.
//! It is remembered all the same, and told apart, for the host to be told what to do again.

use super::{Checked, Keeps, Request};
use crate::value::{Node, Object, Tree};

/// What a handle has declared, oldest first.
#[derive(Debug, Default)]
pub struct Declared {
    kept: Vec<Again>,
}

/// A request that is to be made again.
#[derive(Clone, Debug)]
pub struct Again {
    /// The request.
    pub request: &'static Request,
    /// Its `body`.
    pub body: Object,
    /// Media went along with it or came of it: making it again takes the host.
    pub media: bool,
    /// Later requests have changed what it brought about in ways that cannot be told: what it brings about is the beginning.
    pub altered: bool,
}

impl Declared {
    /// Remembers a request that went well, with `plugindata.data` of its answer and whether a `jsep` came with that.
    pub fn went_well(&mut self, done: &Checked, answer: Option<Node<'_>>, jsep_came: bool) {
        let media = done.jsep.is_some() || jsep_came;
        match done.request.keeps {
            Keeps::Nothing => {}
            Keeps::Begins(learned) => self.begin(done.request, &done.body, learned, answer, media),
            Keeps::BeginsAs(name, learned) => {
                let request = done.plugin.request(name).unwrap_or(done.request);
                let mut body = done.body.clone();
                if let Some(wire) = request.wire {
                    body.insert("request", Tree::from(wire));
                }
                self.begin(request, &body, learned, answer, media);
            }
            Keeps::Adds(by) => {
                let same =
                    |kept: &&mut Again| kept.request.name == done.request.name && alike(&kept.body, &done.body, by);
                match self.kept.iter_mut().find(same) {
                    Some(kept) => {
                        kept.body.merge(done.body.clone());
                        kept.media |= media;
                    }
                    None => {
                        self.kept.push(Again { request: done.request, body: done.body.clone(), media, altered: false })
                    }
                }
            }
            Keeps::Alters => self.kept.iter_mut().take(1).for_each(|kept| kept.altered = true),
            Keeps::Ends(names, by) => {
                self.kept.retain(|kept| !names.contains(&kept.request.name) || !alike(&kept.body, &done.body, by));
            }
            Keeps::EndsAll => self.kept.clear(),
        }
    }

    fn begin(
        &mut self,
        request: &'static Request,
        body: &Object,
        learned: &[&str],
        answer: Option<Node<'_>>,
        media: bool,
    ) {
        let mut body = body.clone();
        for name in learned {
            if let Some(value) = answer.and_then(|answer| answer.get(name)) {
                body.insert(name, value.to_tree());
            }
        }
        self.kept.clear();
        self.kept.push(Again { request, body, media, altered: false });
    }

    /// The server has ended it all: the handle was kicked, its room is gone.
    pub fn forget(&mut self) {
        self.kept.clear();
    }

    /// What there is to be made again, in this order.
    pub fn again(&self) -> &[Again] {
        &self.kept
    }
}

/// Whether two requests are about the same.
fn alike(one: &Object, other: &Object, by: &[&str]) -> bool {
    by.iter().all(|name| one.get(name) == other.get(name))
}
