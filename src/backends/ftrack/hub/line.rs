//! What is said and heard on one connection (spec/ftrack.md 7.2, 7.3, 7.5): the packets that come, what they mean, and the
//! order in which things are said when it stands.

use std::sync::Arc;

use super::{
    Hub, Phase, State,
    event::{self, Draft},
    outgoing::{About, Item},
    subscribers::Subscriber,
};
use crate::{
    backends::Change,
    engine::{
        socketio::{Packet, packet::HEARTBEAT},
        websocket::{Payload, order::What},
    },
    error::{Error, Outcome, Result, code},
    log,
    value::{Document, Node, Object, Tree},
};

/// Sends what is queued, as far as the connection takes it.
pub(super) fn pump(state: &mut State) {
    let Some(outbox) = state.outbox.clone() else { return };
    // A connection that refuses is at its end, or has no room until acknowledgements come.
    state.outgoing.pump(|packet| outbox.order(What::Message(Payload::Text(packet.into())), false).ok());
}

/// Tells the server of a subscription.
pub(super) fn announce(state: &mut State, number: u64) {
    let Some(subscriber) = state.subscribers.get(number) else { return };
    let mut data = Object::with_capacity(2);
    data.insert("subscriber", subscriber.metadata.root().to_tree());
    data.insert("subscription", Tree::from(&*subscriber.text));
    let id = subscriber.id().into();
    meta(state, event::SUBSCRIBE, data, id);
}

/// Tells the server that a subscription has ended.
pub(super) fn renounce(state: &mut State, subscriber: &Subscriber) {
    let mut data = Object::with_capacity(1);
    data.insert("subscriber", subscriber.metadata.root().to_tree());
    meta(state, event::UNSUBSCRIBE, data, subscriber.id().into());
}

/// Tells the server of the hub's own subscription, to replies.
fn own(state: &mut State, hub: &Hub, topic: &str) {
    let mut data = Object::with_capacity(2);
    data.insert("subscriber", Tree::Object(Object::from_iter([("id", Tree::from(&*hub.me.id))])));
    if topic == event::SUBSCRIBE {
        data.insert("subscription", Tree::from(format!("topic={}", event::REPLY)));
    }
    meta(state, topic, data, hub.me.id.clone());
}

fn meta(state: &mut State, topic: &str, data: Object, id: Box<str>) {
    let source = state.source.clone();
    let text = Draft::new(topic, Tree::Object(data), source).and_then(|draft| draft.to_wire());
    let pushed = text.and_then(|text| state.outgoing.push(Item::new(About::Subscription(id), text, None)));
    if let Err(error) = pushed {
        log::warn(c"ftrack", || format!("the event server could not be told of a subscription: {error}"));
    }
}

impl Hub {
    /// A packet came. False ends the connection.
    pub(super) fn heard(self: &Arc<Self>, text: &str) -> bool {
        match Packet::parse(text) {
            Packet::Disconnect => return false,
            Packet::Connect => self.connected(),
            Packet::Heartbeat => self.answer_heartbeat(),
            Packet::Event(data) => self.came(data),
            Packet::Ack(number, said) => self.acknowledged(number, said),
            Packet::Error(text) => {
                log::warn(c"ftrack", || format!("the event server reported an error: {text:?}"));
            }
            Packet::Message(_) | Packet::Json(_) | Packet::Noop | Packet::Unknown => {
                log::debug(c"ftrack", || "a packet of the event server was left alone".to_owned());
            }
        }
        true
    }

    /// The server has taken us in: it hears of all subscriptions first, and then of what waits.
    fn connected(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.phase == Phase::Ready || state.leaving || state.outbox.is_none() {
            return;
        }
        let first = state.phase == Phase::Connecting;
        state.phase = Phase::Ready;
        let queued = state.outgoing.set_aside();
        own(&mut state, self, event::SUBSCRIBE);
        let numbers: Vec<u64> = state.subscribers.iter().map(|(number, _)| number).collect();
        for number in numbers {
            announce(&mut state, number);
        }
        state.outgoing.bring_back(queued);
        pump(&mut state);
        let arrivals = std::mem::take(&mut state.arrivals);
        drop(state);
        for giver in arrivals {
            giver.give(Ok(()));
        }
        self.tell(if first { Change::Ready } else { Change::Restored(Tree::Object(Object::default())) });
        self.happened(event::CONNECTED);
    }

    /// An event of the hub's own, which only this session's subscriptions hear.
    pub(super) fn happened(self: &Arc<Self>, topic: &str) {
        let source = self.me.complete(Object::default());
        if let Ok(draft) = Draft::new(topic, Tree::Object(Object::default()), source) {
            self.hand_out(Document::from_tree(&draft.to_host()));
        }
    }

    fn answer_heartbeat(&self) {
        let mut state = self.state.lock();
        let Some(outbox) = &state.outbox else { return };
        // Kept until the next one: an order whose ticket is dropped is taken back.
        let ticket = outbox.order(What::Message(Payload::Text(HEARTBEAT.into())), true).ok();
        state.beat = ticket;
    }

    fn acknowledged(&self, number: u64, said: Option<&str>) {
        let said = said.and_then(|said| Document::from_json(said.as_bytes().to_vec()).ok());
        let argument = said.as_ref().and_then(|said| said.root().item(0)).map(|(_, argument)| argument);
        let refused = argument.is_some_and(|argument| argument.get("success").and_then(Node::truth) == Some(false));
        let reason =
            argument.and_then(|argument| argument.get("message")).and_then(Node::as_str).unwrap_or("no reason given");
        let mut state = self.state.lock();
        let Some(item) = state.outgoing.acknowledged(number) else { return };
        // There may be room again.
        pump(&mut state);
        drop(state);
        let outcome = if refused { Err(rejected(&item.about, reason)) } else { Ok(()) };
        match (item.giver, outcome) {
            (Some(giver), outcome) => giver.give(outcome),
            (None, Err(error)) => log::warn(c"ftrack", || error.message().to_owned()),
            (None, Ok(())) => {}
        }
    }

    /// The connection is over: what was not acknowledged is kept for the next one.
    pub(super) fn lost(&self) {
        let mut state = self.state.lock();
        state.outbox = None;
        state.beat = None;
        state.farewell = None;
        let givers = state.outgoing.lose();
        drop(state);
        for giver in givers {
            giver.give(Ok(()));
        }
    }

    /// Says that the session is leaving: ends all subscriptions, and then the connection. Gives them back to be ended.
    pub(super) fn part(&self, state: &mut State) -> Vec<Subscriber> {
        let subscribers = state.subscribers.take_all();
        if state.phase == Phase::Ready {
            for subscriber in &subscribers {
                renounce(state, subscriber);
            }
            own(state, self, event::UNSUBSCRIBE);
            pump(state);
        }
        subscribers
    }
}

fn rejected(about: &About, reason: &str) -> Error {
    let message = match about {
        About::Event(id) => format!("the event server refused the event {id}: {reason}"),
        About::Subscription(id) => format!("the event server refused the subscription {id}: {reason}"),
    };
    Error::new(&code::EVENT_REJECTED, message).with("server_text", reason).outcome(Outcome::NotSent)
}

/// What the hub says when there is no connection, and none to come.
pub(super) fn not_connected() -> Error {
    let message = "the event hub is not connected; connect or auto_connect_event_hub opens it";
    Error::new(&code::HUB_NOT_CONNECTED, message).outcome(Outcome::NotSent)
}

impl Hub {
    /// Sends an event, or keeps it for the connection that is being made.
    ///
    /// # Errors
    /// `hub_not_connected`, `limit`, `invalid_json`.
    pub(super) fn send(
        &self,
        draft: &Draft,
        giver: impl FnOnce(Phase) -> Option<crate::engine::reactor::promise::Giver<Result<()>>>,
    ) -> Result<()> {
        let text = draft.to_wire()?;
        let mut state = self.state.lock();
        if state.phase == Phase::Off || state.leaving {
            return Err(not_connected());
        }
        let giver = giver(state.phase);
        state.outgoing.push(Item::new(About::Event(draft.id.clone()), text, giver))?;
        if state.phase == Phase::Ready {
            pump(&mut state);
        }
        Ok(())
    }
}
