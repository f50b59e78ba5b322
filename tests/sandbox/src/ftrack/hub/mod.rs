//! The event hub (section 7): handshake, connections, and who gets which event.

mod connection;
mod expression;
mod faults;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::Ftrack;
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use expression::Expression;
use faults::Faults;

/// The keys of an event: the Python client drops an event that has another one (section 7.4).
const EVENT_KEYS: [&str; 7] = ["topic", "id", "data", "sent", "source", "target", "inReplyToEvent"];

/// What a connection is told to do.
pub enum Order {
    /// Sends this packet.
    Packet(String),
    /// Waits before the next order.
    Wait(Duration),
    /// Puts these bytes on the wire.
    Raw(Vec<u8>),
    /// Closes with this code.
    Close(u16),
    /// Ends without a close frame.
    Abort,
    /// Ends with RST.
    Reset,
    /// Heartbeats or not.
    Beat(bool),
    /// Reads or not.
    Read(bool),
}

struct Subscriber {
    metadata: Value,
    expression: Expression,
}

struct Link {
    user: String,
    subscribers: Vec<Subscriber>,
    orders: UnboundedSender<Order>,
}

#[derive(Default)]
struct Inner {
    /// Handshakes that wait for their connection: user name by id.
    waiting: HashMap<String, String>,
    links: BTreeMap<u64, Link>,
    last: u64,
    faults: Faults,
    /// Events that were routed since the start.
    routed: u64,
}

/// The hub.
#[derive(Default)]
pub struct Hub {
    inner: Mutex<Inner>,
}

/// Answers `/socket.io/...`.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack, words: &[&str]) -> io::Result<Next> {
    match words {
        ["1", ""] | ["1"] => handshake(ex, server).await,
        ["1", "websocket", id] => {
            let refused = server.hub.take_fault("upgrade");
            if let Some(fault) = refused {
                fault.pause().await;
                return ex.send(Reply::text("no websocket today\n").status(fault.status)).await;
            }
            let user = lock(&server.hub.inner).waiting.remove(*id);
            match user {
                Some(user) => connection::serve(ex, server, user).await,
                None => ex.send(Reply::text("client not handshaken\n").status(403)).await,
            }
        }
        _ => ex.send(Reply::text("there is no such transport\n").status(404)).await,
    }
}

/// `GET /socket.io/1/` (section 7.1).
async fn handshake(ex: &mut Exchange<'_>, server: &Ftrack) -> io::Result<Next> {
    if let Some(fault) = server.hub.take_fault("handshake") {
        fault.pause().await;
        match &fault.body {
            Some(body) => return ex.send(Reply::text(body.as_bytes())).await,
            None if fault.status == 0 => return Ok(Next::Abort),
            None if fault.status != 200 => return ex.send(Reply::text("not now\n").status(fault.status)).await,
            None => {}
        }
    }
    let args = ex.request.args();
    let given = |header: &str, name: &str| ex.request.header_text(header).or_else(|| args.get(name).map(str::to_owned));
    let user = given("ftrack-user", "api_user").unwrap_or_default();
    let key = given("ftrack-api-key", "api_key").unwrap_or_default();
    if server.user_of(&user, &key).is_none() {
        return ex.send(Reply::text("handshake unauthorized").status(403)).await;
    }
    let settings = lock(&server.settings).clone();
    let id = super::action::uid().replace('-', "");
    lock(&server.hub.inner).waiting.insert(id.clone(), user);
    let timeout = settings.heartbeat_timeout;
    ex.send(Reply::text(format!("{id}:{timeout}:{timeout}:{}", settings.transports))).await
}

impl Hub {
    /// Whether anybody is connected.
    pub fn is_heard(&self) -> bool {
        !lock(&self.inner).links.is_empty()
    }

    /// Publishes an event of the server's own.
    pub fn announce(&self, topic: &str, data: Value, user: &str, username: &str) {
        let event = json!({
            "topic": topic,
            "id": super::action::uid().replace('-', ""),
            "data": data,
            "sent": null,
            "source": {"id": "ftrack-server", "user": {"id": user, "username": username}},
            "target": "",
            "inReplyToEvent": null,
        });
        self.route(&event);
    }

    /// Sends an event to each connection that has a subscriber for it: one copy each. False if its target could not
    /// be read.
    pub fn route(&self, event: &Value) -> bool {
        let target = match event["target"].as_str().unwrap_or_default() {
            "" => None,
            text => match Expression::parse(text) {
                Some(target) => Some(target),
                None => return false,
            },
        };
        let clean: Map<String, Value> = EVENT_KEYS
            .iter()
            .filter_map(|key| event.get(key).map(|value| ((*key).to_owned(), value.clone())))
            .collect();
        let event = Value::from(clean);
        let packet = format!("5:::{}", json!({"name": "ftrack.event", "args": [event]}));
        let mut inner = lock(&self.inner);
        let Inner { links, faults, routed, .. } = &mut *inner;
        *routed += 1;
        for link in links.values() {
            let wants = |one: &Subscriber| {
                target.as_ref().is_none_or(|target| target.matches(&one.metadata)) && one.expression.matches(&event)
            };
            if !link.subscribers.iter().any(wants) {
                continue;
            }
            if faults.take("drop").is_some() {
                continue;
            }
            if let Some(fault) = faults.take("delay") {
                let _ = link.orders.send(Order::Wait(fault.wait));
            }
            let _ = link.orders.send(Order::Packet(packet.clone()));
            if faults.take("duplicate").is_some() {
                let _ = link.orders.send(Order::Packet(packet.clone()));
            }
        }
        true
    }

    fn take_fault(&self, kind: &str) -> Option<faults::Fault> {
        lock(&self.inner).faults.take(kind)
    }

    fn enter(&self, user: String, orders: UnboundedSender<Order>) -> u64 {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        let number = inner.last;
        inner.links.insert(number, Link { user, subscribers: Vec::new(), orders });
        number
    }

    /// Forgets a connection and its subscribers.
    fn leave(&self, number: u64) {
        lock(&self.inner).links.remove(&number);
    }

    /// `ftrack.meta.subscribe`; what is wrong, if it is refused.
    fn subscribe(&self, number: u64, data: &Value) -> Result<(), String> {
        let metadata = data["subscriber"].clone();
        let id = metadata["id"].as_str().ok_or("the subscriber had no id")?;
        let text = data["subscription"].as_str().unwrap_or_default();
        let expression = Expression::parse(text).ok_or_else(|| format!("could not parse subscription {text:?}"))?;
        let mut inner = lock(&self.inner);
        let link = inner.links.get_mut(&number).ok_or("the connection is gone")?;
        if link.subscribers.iter().any(|one| one.metadata["id"] == id) {
            return Err(format!("a subscriber with id {id} already exists"));
        }
        link.subscribers.push(Subscriber { metadata, expression });
        Ok(())
    }

    fn unsubscribe(&self, number: u64, data: &Value) -> Result<(), String> {
        let id = &data["subscriber"]["id"];
        let mut inner = lock(&self.inner);
        let link = inner.links.get_mut(&number).ok_or("the connection is gone")?;
        let before = link.subscribers.len();
        link.subscribers.retain(|one| one.metadata["id"] != *id);
        if link.subscribers.len() == before { Err(format!("there is no subscriber with id {id}")) } else { Ok(()) }
    }

    /// Connections with their subscribers.
    pub fn to_json(&self) -> Value {
        let inner = lock(&self.inner);
        let links: Vec<Value> = inner
            .links
            .iter()
            .map(|(number, link)| {
                let subscribers: Vec<&Value> = link.subscribers.iter().map(|one| &one.metadata).collect();
                json!({"connection": number, "user": link.user, "subscribers": subscribers})
            })
            .collect();
        json!({
            "connections": links,
            "connected": inner.last,
            "waiting": inner.waiting.len(),
            "routed": inner.routed,
            "faults": inner.faults.to_json(),
        })
    }
}
