//! One connection of the hub: packets of socket.io 0.9 over WebSocket (section 7.2).

use std::io;

use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{Ftrack, Order};
use crate::exchange::{Exchange, Next};
use crate::log::lock;
use crate::websocket::{Socket, Wish, close_payload, opcode, upgrade};

/// Forgets the connection when its task ends, also when it is aborted.
struct Seat<'s> {
    server: &'s Ftrack,
    number: u64,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.server.hub.leave(self.number);
    }
}

/// What follows a packet.
enum After {
    Go,
    End(Next),
}

/// Serves one connection until somebody ends it.
pub async fn serve(ex: &mut Exchange<'_>, server: &Ftrack, user: String) -> io::Result<Next> {
    let settings = lock(&server.settings).clone();
    // The original's server knows no compression.
    let wish = Wish { plain: true, ..Wish::default() };
    let Some(mut socket) = upgrade(ex, wish, |_| ()).await? else { return Ok(Next::Close) };
    let (orders, mut ordered) = unbounded_channel();
    let seat = Seat { server, number: server.hub.enter(user, orders) };
    socket.text("1::").await?;
    let mut beats = interval_at(Instant::now() + settings.heartbeat, settings.heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let silence = std::time::Duration::from_secs(settings.heartbeat_timeout.max(1));
    let (mut beating, mut reading, mut heard) = (true, true, Instant::now());
    loop {
        tokio::select! {
            biased;
            order = ordered.recv() => match order {
                Some(Order::Packet(packet)) => socket.text(&packet).await?,
                Some(Order::Wait(wait)) => tokio::time::sleep(wait).await,
                Some(Order::Raw(bytes)) => socket.raw(&bytes).await?,
                Some(Order::Close(code)) => {
                    // Before the wait for the client's close, so that nobody finds its subscribers meanwhile.
                    drop(seat);
                    socket.close(&close_payload(code, "")).await?;
                    return Ok(Next::Close);
                }
                Some(Order::Reset) => return Ok(Next::Reset),
                Some(Order::Abort) | None => return Ok(Next::Abort),
                Some(Order::Beat(flag)) => beating = flag,
                Some(Order::Read(flag)) => reading = flag,
            },
            _ = beats.tick() => {
                if beating {
                    socket.text("2::").await?;
                    if reading && heard.elapsed() > silence {
                        return Ok(Next::Abort);
                    }
                }
            }
            came = socket.ready(), if reading => {
                if !came? {
                    return Ok(Next::Close);
                }
                heard = Instant::now();
                // A message that began is waited for: clients send theirs in one piece.
                let message = timeout(silence, socket.message()).await;
                let Ok(Some(message)) = message.unwrap_or(Ok(None)) else { return Ok(Next::Close) };
                if message.opcode == opcode::TEXT {
                    let text = String::from_utf8_lossy(&message.data).into_owned();
                    if let After::End(next) = packet(&mut socket, server, seat.number, &text).await? {
                        return Ok(next);
                    }
                }
            }
        }
    }
}

/// `type:id:endpoint:data`, split at the first three colons only.
async fn packet(socket: &mut Socket<'_>, server: &Ftrack, number: u64, text: &str) -> io::Result<After> {
    let mut parts = text.splitn(4, ':');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let data = parts.nth(1).unwrap_or_default();
    if kind == "0" {
        return Ok(After::End(Next::Close));
    }
    if kind != "5" {
        // Heartbeats, acknowledgements, and what means nothing to a server.
        return Ok(After::Go);
    }
    let hub = &server.hub;
    let cut = hub.take_fault("cut");
    if cut.as_ref().is_some_and(|fault| !fault.after) {
        return Ok(After::End(Next::Abort));
    }
    if hub.take_fault("lose").is_some() {
        return Ok(After::Go);
    }
    let outcome = event(server, number, data);
    if cut.is_some() {
        return Ok(After::End(Next::Abort));
    }
    if hub.take_fault("unacknowledged").is_some() {
        return Ok(After::Go);
    }
    let number = id.strip_suffix('+');
    if let Some(number) = number.or(Some(id)).filter(|number| !number.is_empty()) {
        let arguments = match outcome {
            Ok(()) => json!([{ "success": true }]),
            Err(message) => json!([{"success": false, "message": message}]),
        };
        let answer = if id.ends_with('+') { format!("6:::{number}+{arguments}") } else { format!("6:::{number}") };
        socket.text(&answer).await?;
    }
    Ok(After::Go)
}

fn event(server: &Ftrack, number: u64, data: &str) -> Result<(), String> {
    let packet: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
    if packet["name"] != "ftrack.event" {
        return Err("the packet was no ftrack.event".to_owned());
    }
    let event = match packet["args"].as_array().map(Vec::as_slice) {
        Some([event]) if event["topic"].is_string() => event,
        _ => return Err("the packet had not one event".to_owned()),
    };
    match event["topic"].as_str().unwrap_or_default() {
        "ftrack.meta.subscribe" => server.hub.subscribe(number, &event["data"]),
        "ftrack.meta.unsubscribe" => server.hub.unsubscribe(number, &event["data"]),
        _ if server.hub.route(event) => Ok(()),
        _ => Err("the target could not be read".to_owned()),
    }
}
