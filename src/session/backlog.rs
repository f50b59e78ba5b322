//! Events that wait, for a poll or for a callback: bounded, in order, the oldest message dropped and counted when there
//! are too many (design section 2, "Limits").

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Event, Kind, origin::Origin};
use crate::value::{Object, Tree};

/// How many messages wait when nothing else was asked for.
pub const QUEUE_MAX: usize = 10_000;
/// Kept LOST and RESTORED events: a host that never looks must not grow with a connection that comes and goes.
const STATES_MAX: usize = 1000;
/// Room that is kept for the next burst once all is taken.
const KEPT: usize = 1024;

/// Events in the order of their numbers.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Those that may be dropped.
    messages: VecDeque<Event>,
    /// The same of subscriptions whose bound is their own, by subscription; none is empty.
    lanes: HashMap<u64, VecDeque<Event>>,
    /// Which of them has the oldest message, by its number.
    fronts: BTreeMap<u64, u64>,
    others: VecDeque<Event>,
    /// LOST and RESTORED among the others.
    states: usize,
    limit: usize,
    /// Dropped since the host was last told.
    dropped: u64,
}

/// What became of an event.
#[derive(Debug)]
pub(super) enum Added {
    /// It waits; the one that made room for it, if there had to be one. It is let go without a lock.
    New(Option<Event>),
    /// It took the place of this one.
    Instead(Event),
}

impl Default for Backlog {
    fn default() -> Backlog {
        Backlog::with_limit(QUEUE_MAX)
    }
}

impl Backlog {
    /// Room for so many messages.
    pub fn with_limit(limit: usize) -> Backlog {
        Backlog {
            messages: VecDeque::new(),
            lanes: HashMap::new(),
            fronts: BTreeMap::new(),
            others: VecDeque::new(),
            states: 0,
            limit: limit.max(1),
            dropped: 0,
        }
    }

    /// Adds an event with the next number.
    pub fn add(&mut self, order: u64, mut event: Event) -> Added {
        event.set_order(order);
        match event.kind() {
            Kind::Message if !event.is_kept() => {
                if let Some(limit) = event.counted_by().filter(|origin| !origin.has_ended()).and_then(Origin::bound) {
                    return Added::New(self.add_bounded(limit, event));
                }
                let oldest = if self.messages.len() >= self.limit { self.messages.pop_front() } else { None };
                self.dropped += u64::from(oldest.is_some());
                self.messages.push_back(event);
                return Added::New(oldest);
            }
            Kind::Progress => {
                let same = |old: &&mut Event| old.kind() == Kind::Progress && old.id() == event.id();
                if let Some(old) = self.others.iter_mut().rev().find(same) {
                    event.set_order(old.order());
                    return Added::Instead(std::mem::replace(old, event));
                }
            }
            Kind::Lost | Kind::Restored => {
                self.states += 1;
                if self.states > STATES_MAX {
                    let oldest = self.others.iter().position(Event::is_state).and_then(|at| self.others.remove(at));
                    self.states -= 1;
                    self.others.push_back(event);
                    return Added::New(oldest);
                }
            }
            _ => {}
        }
        self.others.push_back(event);
        Added::New(None)
    }

    /// The next event; how many were dropped comes before it.
    pub fn take(&mut self) -> Option<Event> {
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            let mut value = Object::default();
            value.insert("count", Tree::Int(i64::try_from(count).unwrap_or(i64::MAX)));
            return Some(Event::new(Kind::Dropped).with_value(&Tree::Object(value)));
        }
        let shared = [self.messages.front(), self.others.front()].map(|first| first.map_or(u64::MAX, Event::order));
        let [message, other] = shared;
        if let Some((first, id)) = self.fronts.first_key_value().map(|(first, id)| (*first, *id))
            && first < message.min(other)
        {
            return self.take_bounded(id);
        }
        let first = if message < other { &mut self.messages } else { &mut self.others };
        let event = first.pop_front()?;
        if first.is_empty() && first.capacity() > KEPT {
            first.shrink_to(KEPT);
        }
        self.states -= usize::from(event.is_state());
        Some(event)
    }

    /// Adds a message of a subscription with a bound of its own; gives the one that made room.
    fn add_bounded(&mut self, limit: usize, event: Event) -> Option<Event> {
        let (id, order) = (event.id(), event.order());
        let lane = self.lanes.entry(id).or_default();
        if lane.is_empty() {
            self.fronts.insert(order, id);
        }
        lane.push_back(event);
        if lane.len() <= limit.max(1) {
            return None;
        }
        self.dropped += 1;
        self.take_bounded(id)
    }

    /// A subscription has ended: what waits of it shares the bound of the others from now on, so that subscriptions that
    /// come and go do not grow. Gives those that are too many then.
    pub fn release(&mut self, id: u64) -> Vec<Event> {
        let Some(lane) = self.lanes.remove(&id) else { return Vec::new() };
        if let Some(front) = lane.front() {
            self.fronts.remove(&front.order());
        }
        let in_order = self.messages.back().map(Event::order) < lane.front().map(Event::order);
        self.messages.extend(lane);
        if !in_order {
            self.messages.make_contiguous().sort_by_key(Event::order);
        }
        let extra = self.messages.len().saturating_sub(self.limit);
        self.dropped += extra as u64;
        self.messages.drain(..extra).collect()
    }

    /// Takes the oldest message of such a subscription.
    fn take_bounded(&mut self, id: u64) -> Option<Event> {
        let lane = self.lanes.get_mut(&id)?;
        let event = lane.pop_front()?;
        self.fronts.remove(&event.order());
        match lane.front() {
            Some(next) => drop(self.fronts.insert(next.order(), id)),
            None => drop(self.lanes.remove(&id)),
        }
        Some(event)
    }

    /// The number of the next event.
    pub fn first(&self) -> Option<u64> {
        let (message, other) = (self.messages.front().map(Event::order), self.others.front().map(Event::order));
        let bounded = self.fronts.first_key_value().map(|(first, _)| *first);
        [message, other, bounded].into_iter().flatten().min()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.others.is_empty() && self.fronts.is_empty() && self.dropped == 0
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.messages.len() + self.others.len() + self.lanes.values().map(VecDeque::len).sum::<usize>()
    }

    /// Messages for which there is room before the oldest is dropped.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.messages.len())
    }
}
