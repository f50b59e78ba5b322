//! The events that came lately: one that comes again, because it was sent again after a loss, is dropped; and whoever
//! replies to one needs to know where it came from.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// So many are remembered: half a minute of a thousand events a second.
const KEPT: usize = 1 << 15;

/// What is remembered of events, oldest forgotten first.
#[derive(Debug, Default)]
pub struct Seen {
    sources: HashMap<Arc<str>, Option<Box<str>>>,
    order: VecDeque<Arc<str>>,
}

impl Seen {
    /// Remembers an event with the identifier of its source; false when it was seen before.
    pub fn add(&mut self, id: &str, source: Option<&str>) -> bool {
        if self.sources.contains_key(id) {
            return false;
        }
        if self.order.len() >= KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.sources.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        self.sources.insert(Arc::clone(&id), source.map(Box::from));
        self.order.push_back(id);
        true
    }

    /// Who sent an event: none when it is not known (any more), none inside when it did not say.
    pub fn source(&self, id: &str) -> Option<Option<&str>> {
        self.sources.get(id).map(Option::as_deref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_new_once_and_forgotten_at_the_bound() {
        let mut seen = Seen::default();
        assert!(seen.add("a", Some("hub")));
        assert!(!seen.add("a", None));
        assert!(seen.add("b", None));
        assert_eq!((seen.source("a"), seen.source("b"), seen.source("c")), (Some(Some("hub")), Some(None), None));
        for number in 0..KEPT - 1 {
            assert!(seen.add(&number.to_string(), None));
        }
        assert_eq!(seen.source("a"), None);
        assert!(!seen.add("b", None));
        assert_eq!((seen.order.len(), seen.sources.len()), (KEPT, KEPT));
    }
}
