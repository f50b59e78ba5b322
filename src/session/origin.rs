//! What the events of one subscription have in common, and the count of those that wait: messages carry it by
//! reference, so that one of them costs no copy of the topic.

use std::{
    ffi::{CStr, CString},
    task::Waker,
};

use super::event::c_text;
use crate::sys::{
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    lock::Mutex,
};

/// One subscription as its events see it. It holds nothing of the host's, and may outlive the subscription in events
/// that nobody has freed.
#[derive(Debug)]
pub(super) struct Origin {
    id: u64,
    topic: CString,
    user_data: usize,
    /// How many messages may wait.
    limit: usize,
    /// That bound is the subscription's own, and not the queue's.
    bounded: bool,
    /// `overflow: "wait"`: nothing is dropped, the source has to wait.
    holds_back: bool,
    queued: AtomicUsize,
    dropped: AtomicU64,
    ended: AtomicBool,
    /// What the host gave was let go of: no event shows it any more.
    forgotten: AtomicBool,
    /// Somebody waits for room; looked at without the lock.
    wanted: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Origin {
    /// A subscription that nothing was brought to yet.
    pub fn new(id: u64, topic: &str, user_data: usize, limit: usize, holds_back: bool) -> Origin {
        Origin {
            id,
            topic: c_text(topic),
            user_data,
            limit,
            bounded: false,
            holds_back,
            queued: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            forgotten: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            waker: Mutex::new(None),
        }
    }

    /// The same with a bound of its own among those that share a queue.
    #[must_use]
    pub fn bounded(self) -> Origin {
        Origin { bounded: true, ..self }
    }

    /// The number of the subscription.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What it hears.
    pub fn topic(&self) -> &CStr {
        &self.topic
    }

    /// What subscribe was given.
    pub fn user_data(&self) -> usize {
        self.user_data
    }

    /// What subscribe was given is the host's no more.
    pub fn forget(&self) {
        self.forgotten.store(true, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire)
    }

    /// How many messages may wait.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many of its messages may wait in a queue that others share, when that is nobody else's bound.
    pub fn bound(&self) -> Option<usize> {
        self.bounded.then_some(self.limit)
    }

    /// Whether the source waits instead of messages being dropped.
    pub fn holds_back(&self) -> bool {
        self.holds_back
    }

    /// Messages that wait now.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::SeqCst)
    }

    /// Messages dropped since the beginning.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Messages for which there is room.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.queued())
    }

    /// Messages are about to wait. Counted before they are where somebody can take them.
    pub fn add(&self, messages: usize) {
        self.queued.fetch_add(messages, Ordering::SeqCst);
    }

    /// A message waits no more. To be called without a lock: the source may be woken.
    pub fn take(&self) {
        let left = self.queued.fetch_sub(1, Ordering::SeqCst) - 1;
        // Woken when half of the room is free, so that a source is not woken for each message.
        if left <= self.limit / 2 && self.wanted.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// The same for one that nobody will see.
    pub fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.take();
    }

    /// Has the source woken once there is room, or at once.
    pub fn when_roomy(&self, waker: Waker) {
        let before = self.waker.lock().replace(waker);
        drop(before);
        // In this order: who takes a message counts it first and looks for us then.
        self.wanted.store(true, Ordering::SeqCst);
        #[cfg(feature = "model")]
        if crate::sys::lock::mutant::is("no second look for room") {
            return;
        }
        if self.room() > 0 || self.has_ended() {
            self.wake();
        }
    }

    fn wake(&self) {
        self.wanted.store(false, Ordering::SeqCst);
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nothing more is taken from the source; true the first time.
    pub fn end(&self) -> bool {
        let first = !self.ended.swap(true, Ordering::SeqCst);
        self.wake();
        first
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}
