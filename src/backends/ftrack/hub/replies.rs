//! Who waits for replies to which event (spec/ftrack.md 7.7). A wait that ends takes its entry with it.

use std::{
    collections::HashMap,
    task::{Context, Poll, Waker},
};

use crate::value::Tree;

/// One wait.
#[derive(Debug, Default)]
struct Wait {
    got: Vec<Tree>,
    /// How many are wanted; without, all until the time is over.
    wanted: Option<usize>,
    waker: Option<Waker>,
}

/// All waits, by the event that they belong to.
#[derive(Debug, Default)]
pub struct Replies(HashMap<Box<str>, Wait>);

impl Replies {
    /// Begins to wait for replies to an event.
    pub fn expect(&mut self, id: &str, wanted: Option<usize>) {
        self.0.insert(id.into(), Wait { wanted, ..Wait::default() });
    }

    /// Whether somebody waits for replies to it.
    pub fn is_expected(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// A reply came; the waker is to be woken without any lock.
    pub fn came(&mut self, id: &str, reply: Tree) -> Option<Waker> {
        let wait = self.0.get_mut(id)?;
        if wait.is_full() {
            return None;
        }
        wait.got.push(reply);
        if wait.is_full() { wait.waker.take() } else { None }
    }

    /// Whether all that are wanted have come.
    pub fn poll(&mut self, id: &str, cx: &mut Context<'_>) -> Poll<()> {
        match self.0.get_mut(id) {
            Some(wait) if !wait.is_full() => {
                wait.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Ends a wait: what came.
    pub fn take(&mut self, id: &str) -> Vec<Tree> {
        self.0.remove(id).map(|wait| wait.got).unwrap_or_default()
    }

    /// How many waits there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Wait {
    fn is_full(&self) -> bool {
        self.wanted.is_some_and(|wanted| self.got.len() >= wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_takes_what_it_wants_and_goes() {
        let mut replies = Replies::default();
        let mut cx = Context::from_waker(Waker::noop());
        replies.expect("a", Some(2));
        replies.expect("b", None);
        assert!(replies.poll("a", &mut cx).is_pending());
        assert!(replies.came("x", Tree::Null).is_none());
        assert!(replies.came("a", Tree::Int(1)).is_none());
        assert!(replies.came("a", Tree::Int(2)).is_some(), "the one who waits is woken");
        assert!(replies.came("a", Tree::Int(3)).is_none());
        assert!(replies.poll("a", &mut cx).is_ready());
        assert_eq!(replies.take("a"), [Tree::Int(1), Tree::Int(2)]);
        for number in 0..100 {
            assert!(replies.came("b", Tree::Int(number)).is_none());
        }
        assert!(replies.poll("b", &mut cx).is_pending());
        assert_eq!(replies.take("b").len(), 100);
        assert!(!replies.is_expected("b") && replies.len() == 0);
    }
}
