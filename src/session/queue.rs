//! The events of one handle: a bounded queue that can be polled, and a descriptor that is readable while it is not
//! empty.

use std::time::Duration;

use crate::sys::lock::{Condvar, Mutex};

use super::{
    Event, Kind,
    backlog::{Added, Backlog},
};
use crate::{
    error::{Error, Result, code},
    sys::eventfd::EventFd,
};

/// A queue; any number of threads may poll it, each event goes to one of them.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    events: Backlog,
    /// The number of the next event.
    next: u64,
    /// How many of them are answers.
    responses: usize,
    closed: bool,
    descriptor: Option<EventFd>,
}

/// What one event left behind, to be let go without the lock.
struct Rest {
    event: Option<Event>,
    wakes: bool,
}

impl State {
    /// Adds an event. A closed queue gives it back.
    fn add(&mut self, event: Event) -> Rest {
        if self.closed {
            return Rest { event: Some(event), wakes: false };
        }
        let was_empty = self.events.is_empty();
        self.responses += usize::from(event.kind() == Kind::Response);
        self.closed = event.kind() == Kind::Closed;
        self.next += 1;
        let rest = match self.events.add(self.next, event) {
            Added::New(event) => Rest { event, wakes: true },
            Added::Instead(event) => Rest { event: Some(event), wakes: false },
        };
        self.level(was_empty);
        rest
    }

    /// The descriptor follows the queue: raised by the first event, lowered by the last.
    fn level(&self, was_empty: bool) {
        if let Some(descriptor) = &self.descriptor {
            match (was_empty, self.events.is_empty()) {
                (true, false) => descriptor.raise(),
                (false, true) => descriptor.lower(),
                _ => {}
            }
        }
    }
}

/// Counts a message that nobody will see, and lets go of it.
pub(super) fn discard(event: Event) {
    if let Some(origin) = event.counted_by() {
        origin.drop_one();
    }
    drop(event);
}

impl Queue {
    /// Adds an event. The oldest message makes room when there are too many; other kinds are never dropped, but a
    /// progress takes the place of an older one of the same call. Nothing comes after CLOSED.
    pub fn push(&self, event: Event) {
        let rest = self.state.lock().add(event);
        if rest.wakes {
            self.filled.notify_one();
        }
        if let Some(event) = rest.event {
            discard(event);
        }
    }

    /// The same with several: who waits is woken once.
    pub fn push_all(&self, events: impl Iterator<Item = Event>) {
        let mut gone = Vec::new();
        let mut added = 0;
        let mut state = self.state.lock();
        for event in events {
            let rest = state.add(event);
            added += usize::from(rest.wakes);
            gone.extend(rest.event);
        }
        drop(state);
        match added {
            0 => {}
            1 => self.filled.notify_one(),
            _ => self.filled.notify_all(),
        }
        gone.into_iter().for_each(discard);
    }

    /// The next event; `None` after `timeout` without one (`None`: wait for ever).
    ///
    /// # Errors
    /// `closed` after CLOSED was taken.
    pub fn take(&self, timeout: Option<Duration>) -> Result<Option<Event>> {
        // Who only looks, and may do so all the time, needs no clock.
        let waits = timeout.filter(|timeout| !timeout.is_zero());
        let deadline = waits.map(|timeout| crate::clock::now().checked_add(timeout));
        let mut state = self.state.lock();
        loop {
            if let Some(event) = state.events.take() {
                state.responses -= usize::from(event.kind() == Kind::Response);
                state.level(false);
                drop(state);
                if let Some(origin) = event.counted_by() {
                    origin.take();
                }
                if event.kind() == Kind::Closed {
                    // Others that wait learn that nothing more will come.
                    self.filled.notify_all();
                }
                return Ok(Some(event));
            }
            if state.closed {
                return Err(Error::new(&code::CLOSED, "the session was closed and its last event was taken"));
            }
            match deadline {
                _ if timeout == Some(Duration::ZERO) => return Ok(None),
                None | Some(None) => self.filled.wait(&mut state),
                Some(Some(deadline)) => {
                    let over = self.filled.wait_until(&mut state, deadline).timed_out();
                    if over && state.events.is_empty() && !state.closed {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The descriptor, made by the first call; -1 when the system has none left.
    pub fn descriptor(&self) -> i32 {
        let mut state = self.state.lock();
        if state.descriptor.is_none() {
            let Ok(descriptor) = EventFd::new() else { return -1 };
            if !state.events.is_empty() {
                descriptor.raise();
            }
            state.descriptor = Some(descriptor);
        }
        state.descriptor.as_ref().map_or(-1, EventFd::number)
    }

    /// A subscription has ended, and its bound with it.
    pub fn release(&self, id: u64) {
        let extra = self.state.lock().events.release(id);
        extra.into_iter().for_each(discard);
    }

    /// Messages for which there is room before the oldest is dropped.
    pub fn room(&self) -> usize {
        self.state.lock().events.room()
    }

    /// How many answers wait.
    pub fn responses(&self) -> usize {
        self.state.lock().responses
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.state.lock().events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::QUEUE_MAX, *};
    use crate::sys::poll;

    fn message(text: &str) -> Event {
        Event::new(Kind::Message).with_topic(text)
    }

    fn topic(event: Option<Event>) -> String {
        event.map(|event| event.topic().to_str().unwrap().to_owned()).unwrap_or_default()
    }

    fn readable(queue: &Queue) -> bool {
        let mut interest = [poll::Interest::new(queue.descriptor(), poll::IN)];
        poll::wait(&mut interest, Some(Duration::ZERO)).unwrap() == 1
    }

    #[test]
    fn oldest_messages_make_room_and_are_counted_first() {
        let queue = Queue::default();
        queue.push(Event::new(Kind::Response).with_topic("answer"));
        for number in 0..QUEUE_MAX + 2 {
            queue.push(message(&number.to_string()));
        }
        assert_eq!((queue.len(), queue.room()), (QUEUE_MAX + 1, 0));
        let first = queue.take(Some(Duration::ZERO)).unwrap().unwrap();
        assert_eq!(first.kind(), Kind::Dropped);
        assert_eq!(first.value().unwrap().root().at("count").unwrap().int(), Some(2));
        let order: Vec<_> = (0..3).map(|_| topic(queue.take(Some(Duration::ZERO)).unwrap())).collect();
        assert_eq!(order, ["answer", "2", "3"]);
        (3..QUEUE_MAX + 1).for_each(|_| drop(queue.take(Some(Duration::ZERO))));
        assert!(queue.take(Some(Duration::ZERO)).unwrap().is_none());
    }

    #[test]
    fn descriptor_is_a_level() {
        let queue = Queue::default();
        queue.push(message("early"));
        assert!(readable(&queue), "made while an event waits");
        queue.push(message("second"));
        queue.take(None).unwrap();
        assert!(readable(&queue), "one is left");
        queue.take(None).unwrap();
        assert!(!readable(&queue));
        queue.push(message("again"));
        assert!(readable(&queue));
    }

    #[test]
    fn progress_of_a_call_is_one_event() {
        let queue = Queue::default();
        for (id, tag) in [(1, "old"), (2, "other"), (1, "new")] {
            queue.push(Event::new(Kind::Progress).with_id(id).with_topic(tag));
        }
        let order: Vec<_> = (0..2).map(|_| topic(queue.take(Some(Duration::ZERO)).unwrap())).collect();
        assert_eq!(order, ["new", "other"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn nothing_comes_after_closed() {
        let queue = Queue::default();
        queue.push(Event::new(Kind::Closed));
        queue.push(message("late"));
        assert_eq!(queue.take(None).unwrap().unwrap().kind(), Kind::Closed);
        assert_eq!(queue.take(None).unwrap_err().code(), "closed");
        assert!(!readable(&queue));
    }

    #[test]
    fn a_waiting_poll_is_woken() {
        let queue = std::sync::Arc::new(Queue::default());
        let other = std::sync::Arc::clone(&queue);
        let waiting = crate::sys::thread::spawn("test", move || {
            assert_eq!(topic(other.take(None).unwrap()), "wake");
        })
        .unwrap();
        queue.push(message("wake"));
        waiting.join().unwrap();
    }
}
