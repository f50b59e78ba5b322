//! The SOCKS proxy: versions 4, 4a and 5 (RFC 1928, RFC 1929), CONNECT to loopback only. What was asked is logged:
//! an address or a name tells who resolved it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde_json::json;

use crate::log::Origin;
use crate::proxy::{Unreached, connect, relay};
use crate::request::latin1;
use crate::state::State;
use crate::wire::Wire;

/// Credentials of the proxies that need some.
pub const USER: &str = "user";
/// See [`USER`].
pub const PASSWORD: &str = "pass";

/// What a handshake asked for.
#[derive(Default)]
struct Asked {
    raw: Vec<u8>,
    version: &'static str,
    command: u8,
    kind: &'static str,
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
}

impl Asked {
    async fn take(&mut self, wire: &mut Wire, count: usize) -> io::Result<Vec<u8>> {
        let bytes = wire.read_exact(count).await?;
        self.raw.extend_from_slice(&bytes);
        Ok(bytes)
    }

    async fn take_byte(&mut self, wire: &mut Wire) -> io::Result<u8> {
        Ok(self.take(wire, 1).await?.first().copied().unwrap_or(0))
    }

    async fn take_counted(&mut self, wire: &mut Wire) -> io::Result<Vec<u8>> {
        let count = self.take_byte(wire).await?;
        self.take(wire, usize::from(count)).await
    }

    async fn take_until_zero(&mut self, wire: &mut Wire) -> io::Result<String> {
        let mut text = Vec::new();
        loop {
            match self.take_byte(wire).await? {
                0 => return Ok(latin1(&text)),
                _ if text.len() > 1024 => return Err(io::ErrorKind::InvalidData.into()),
                byte => text.push(byte),
            }
        }
    }

    async fn take_port(&mut self, wire: &mut Wire) -> io::Result<u16> {
        let bytes = self.take(wire, 2).await?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn log(&self, state: &State, origin: &Origin, outcome: &str) {
        if state.logging {
            let extra = json!({"socks": {
                "version": self.version, "command": self.command, "kind": self.kind, "host": self.host,
                "port": self.port, "user": self.user, "password": self.password, "outcome": outcome,
            }});
            state.log.push(origin, 1, self.raw.clone(), Some(extra)).end_body();
        }
    }
}

/// Serves a SOCKS connection to its end.
pub async fn serve(wire: &mut Wire, state: &Arc<State>, origin: &Origin, auth: bool) -> io::Result<()> {
    let mut asked = Asked::default();
    match asked.take_byte(wire).await? {
        4 => four(wire, state, origin, auth, &mut asked).await,
        5 => five(wire, state, origin, auth, &mut asked).await,
        _ => {
            asked.log(state, origin, "not SOCKS");
            Ok(())
        }
    }
}

async fn four(wire: &mut Wire, state: &State, origin: &Origin, auth: bool, asked: &mut Asked) -> io::Result<()> {
    asked.version = "4";
    asked.kind = "ipv4";
    asked.command = asked.take_byte(wire).await?;
    asked.port = asked.take_port(wire).await?;
    let bytes = asked.take(wire, 4).await?;
    let address = Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]);
    asked.user = Some(asked.take_until_zero(wire).await?);
    asked.host = address.to_string();
    // 0.0.0.x with x not 0 says that a name follows: that is all of 4a.
    if bytes[..3] == [0, 0, 0] && bytes[3] != 0 {
        asked.version = "4a";
        asked.kind = "name";
        asked.host = asked.take_until_zero(wire).await?;
    }
    if auth && asked.user.as_deref() != Some(USER) {
        asked.log(state, origin, "refused user");
        return wire.write(&[0, 0x5d, 0, 0, 0, 0, 0, 0]).await;
    }
    let reached = if asked.command == 1 { connect(&asked.host, asked.port).await } else { Err(Unreached::Forbidden) };
    match reached {
        Ok(mut upstream) => {
            asked.log(state, origin, "connected");
            wire.write(&[0, 0x5a, 0, 0, 0, 0, 0, 0]).await?;
            relay(wire, &mut upstream).await;
            Ok(())
        }
        Err(_) => {
            asked.log(state, origin, "refused");
            wire.write(&[0, 0x5b, 0, 0, 0, 0, 0, 0]).await
        }
    }
}

async fn five(wire: &mut Wire, state: &State, origin: &Origin, auth: bool, asked: &mut Asked) -> io::Result<()> {
    asked.version = "5";
    let methods = asked.take_counted(wire).await?;
    let wanted = if auth { 2 } else { 0 };
    if !methods.contains(&wanted) {
        asked.log(state, origin, "no method");
        return wire.write(&[5, 0xff]).await;
    }
    wire.write(&[5, wanted]).await?;
    if auth {
        asked.take_byte(wire).await?;
        let user = latin1(&asked.take_counted(wire).await?);
        let password = latin1(&asked.take_counted(wire).await?);
        let good = user == USER && password == PASSWORD;
        (asked.user, asked.password) = (Some(user), Some(password));
        if !good {
            asked.log(state, origin, "refused user");
            return wire.write(&[1, 1]).await;
        }
        wire.write(&[1, 0]).await?;
    }
    let head = asked.take(wire, 4).await?;
    asked.command = head[1];
    match head[3] {
        1 => {
            let bytes = asked.take(wire, 4).await?;
            asked.kind = "ipv4";
            asked.host = Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).to_string();
        }
        3 => {
            asked.kind = "name";
            asked.host = latin1(&asked.take_counted(wire).await?);
        }
        4 => {
            let bytes = asked.take(wire, 16).await?;
            let mut octets = [0; 16];
            octets.copy_from_slice(&bytes);
            asked.kind = "ipv6";
            asked.host = Ipv6Addr::from(octets).to_string();
        }
        _ => {
            asked.log(state, origin, "bad address type");
            return reply_five(wire, 8).await;
        }
    }
    asked.port = asked.take_port(wire).await?;
    if asked.command != 1 {
        asked.log(state, origin, "bad command");
        return reply_five(wire, 7).await;
    }
    match connect(&asked.host, asked.port).await {
        Ok(mut upstream) => {
            asked.log(state, origin, "connected");
            reply_five(wire, 0).await?;
            relay(wire, &mut upstream).await;
            Ok(())
        }
        Err(Unreached::Forbidden) => {
            asked.log(state, origin, "forbidden");
            reply_five(wire, 2).await
        }
        Err(Unreached::Failed(_)) => {
            asked.log(state, origin, "refused");
            reply_five(wire, 5).await
        }
    }
}

async fn reply_five(wire: &mut Wire, code: u8) -> io::Result<()> {
    wire.write(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await
}
