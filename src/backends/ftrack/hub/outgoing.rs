//! Events on their way to the server (spec/ftrack.md 7.2, 7.7). Each asks for an acknowledgement; until that has come it is
//! kept, and what a lost connection left unacknowledged is sent again on the next one, in its order and with the same
//! event id. What the server is told about subscriptions is not: that is told anew.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    engine::{reactor::promise::Giver, socketio::packet, websocket::order::Ticket},
    error::{Error, Outcome, Result, code},
};

/// What the server calls our events.
const NAME: &str = "ftrack.event";
/// Events that wait, at the most.
const LIMIT: usize = 10_000;
/// Bytes of them, at the most.
const LIMIT_BYTES: usize = 64 << 20;

/// What a packet is about.
#[derive(Debug)]
pub enum About {
    /// An event, by its id.
    Event(Box<str>),
    /// A subscription, by its id: told anew after a loss.
    Subscription(Box<str>),
}

/// One event on its way.
pub struct Item {
    /// What it is about.
    pub about: About,
    /// As JSON.
    pub text: Arc<str>,
    /// Who waits for the acknowledgement.
    pub giver: Option<Giver<Result<()>>>,
    /// The order at the connection: dropped early it would be taken back.
    ticket: Option<Ticket>,
}

impl Item {
    /// Not sent yet.
    pub fn new(about: About, text: Arc<str>, giver: Option<Giver<Result<()>>>) -> Item {
        Item { about, text, giver, ticket: None }
    }

    fn is_event(&self) -> bool {
        matches!(self.about, About::Event(_))
    }
}

/// All events on their way.
#[derive(Default)]
pub struct Outgoing {
    queued: VecDeque<Item>,
    /// Sent on this connection and not acknowledged, by number.
    sent: VecDeque<(u64, Item)>,
    /// The last number: they go on over all connections.
    last: u64,
    events: usize,
    bytes: usize,
}

impl Outgoing {
    /// Adds one at the end.
    ///
    /// # Errors
    /// `limit` when too many events wait.
    pub fn push(&mut self, item: Item) -> Result<()> {
        if item.is_event() {
            if self.events >= LIMIT || (self.events > 0 && self.bytes + item.text.len() > LIMIT_BYTES) {
                let message = format!("{} events ({} bytes) waited for the event server", self.events, self.bytes);
                return Err(Error::new(&code::LIMIT, message).outcome(Outcome::NotSent));
            }
            self.events += 1;
            self.bytes += item.text.len();
        }
        self.queued.push_back(item);
        Ok(())
    }

    /// Takes out what is queued, so that something can be said before.
    pub fn set_aside(&mut self) -> VecDeque<Item> {
        std::mem::take(&mut self.queued)
    }

    /// Puts it behind what was added meanwhile.
    pub fn bring_back(&mut self, mut queued: VecDeque<Item>) {
        self.queued.append(&mut queued);
    }

    /// Sends what is queued by way of `send`, until that refuses.
    pub fn pump(&mut self, mut send: impl FnMut(String) -> Option<Ticket>) {
        while let Some(item) = self.queued.front() {
            let number = self.last + 1;
            let Some(ticket) = send(packet::event(number, NAME, &item.text)) else { return };
            self.last = number;
            if let Some(mut item) = self.queued.pop_front() {
                item.ticket = Some(ticket);
                self.sent.push_back((number, item));
            }
        }
    }

    /// The server has taken a packet.
    pub fn acknowledged(&mut self, number: u64) -> Option<Item> {
        let at = self.sent.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let (_, item) = self.sent.remove(at)?;
        self.forget(&item);
        Some(item)
    }

    /// The connection is lost: what was not acknowledged comes first on the next one. Who waits hears that it is kept.
    pub fn lose(&mut self) -> Vec<Giver<Result<()>>> {
        let mut givers = Vec::new();
        let queued = std::mem::take(&mut self.queued);
        let sent = std::mem::take(&mut self.sent).into_iter().map(|(_, item)| item);
        for mut item in sent.chain(queued).filter(Item::is_event) {
            item.ticket = None;
            givers.extend(item.giver.take());
            self.queued.push_back(item);
        }
        givers
    }

    /// Takes an event back that was not sent; false when it was, or is not known.
    pub fn withdraw(&mut self, id: &str) -> bool {
        let is_it = |item: &Item| matches!(&item.about, About::Event(known) if **known == *id);
        let Some(at) = self.queued.iter().position(is_it) else { return false };
        if let Some(item) = self.queued.remove(at) {
            self.forget(&item);
        }
        true
    }

    /// Gives all up.
    pub fn clear(&mut self) -> Vec<Item> {
        (self.events, self.bytes) = (0, 0);
        let sent = std::mem::take(&mut self.sent).into_iter().map(|(_, item)| item);
        sent.chain(std::mem::take(&mut self.queued)).collect()
    }

    /// How many events wait, sent ones included.
    pub fn waiting(&self) -> usize {
        self.events
    }

    fn forget(&mut self, item: &Item) {
        if item.is_event() {
            self.events -= 1;
            self.bytes -= item.text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::websocket::{Outbox, Payload, order::What};

    fn item(id: &str) -> Item {
        Item::new(About::Event(id.into()), format!("{{\"id\":\"{id}\"}}").into(), None)
    }

    /// Sends all, telling what went out.
    fn pumped(outgoing: &mut Outgoing) -> Vec<String> {
        let outbox = Arc::<Outbox>::default();
        let mut out = Vec::new();
        outgoing.pump(|text| {
            let ticket = outbox.order(What::Message(Payload::Text((&*text).into())), false).ok();
            out.push(text);
            ticket
        });
        out
    }

    fn shape(packets: &[String]) -> Vec<(u64, String)> {
        packets.iter().map(|packet| {
            let (number, rest) = packet.strip_prefix("5:").unwrap().split_once("+::").unwrap();
            let id = rest.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
            (number.parse().unwrap(), id.to_owned())
        }).collect()
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_in_order() {
        let mut outgoing = Outgoing::default();
        for id in ["a", "b", "c"] {
            outgoing.push(item(id)).unwrap();
        }
        outgoing.push(Item::new(About::Subscription("s".into()), "{\"id\":\"s\"}".into(), None)).unwrap();
        let pairs = |pairs: &[(u64, &str)]| pairs.iter().map(|(number, id)| (*number, (*id).to_owned())).collect::<Vec<_>>();
        assert_eq!(shape(&pumped(&mut outgoing)), pairs(&[(1, "a"), (2, "b"), (3, "c"), (4, "s")]));
        assert!(pumped(&mut outgoing).is_empty());
        assert!(matches!(outgoing.acknowledged(2).unwrap().about, About::Event(id) if &*id == "b"));
        assert!(outgoing.acknowledged(2).is_none() && outgoing.acknowledged(99).is_none());
        outgoing.push(item("d")).unwrap();
        assert!(outgoing.lose().is_empty());
        assert!(outgoing.acknowledged(1).is_none(), "a number of the lost connection");
        // Subscriptions are told anew by whoever knows them; numbers go on.
        assert_eq!(shape(&pumped(&mut outgoing)), pairs(&[(5, "a"), (6, "c"), (7, "d")]));
        assert_eq!(outgoing.waiting(), 3);
        for number in [7, 5, 6] {
            assert!(outgoing.acknowledged(number).is_some());
        }
        assert_eq!((outgoing.waiting(), outgoing.bytes), (0, 0));
    }

    #[test]
    fn what_waits_is_bounded_and_can_be_taken_back() {
        let mut outgoing = Outgoing::default();
        for number in 0..LIMIT {
            outgoing.push(item(&number.to_string())).unwrap();
        }
        let error = outgoing.push(item("more")).unwrap_err();
        assert_eq!((error.code(), error.known_outcome()), ("limit", Some(Outcome::NotSent)));
        assert!(outgoing.withdraw("5000") && !outgoing.withdraw("5000"));
        outgoing.push(item("more")).unwrap();
        assert!(outgoing.push(item("too much")).is_err());
        // Subscriptions always find room.
        outgoing.push(Item::new(About::Subscription("s".into()), "{}".into(), None)).unwrap();
        assert_eq!(outgoing.clear().len(), LIMIT + 1);
        assert_eq!(outgoing.waiting(), 0);
        let large: Arc<str> = "x".repeat(LIMIT_BYTES).into();
        outgoing.push(Item::new(About::Event("l".into()), large, None)).unwrap();
        assert!(outgoing.push(item("one more")).is_err());
    }
}
