//! The HTTP proxy: absolute-form requests are forwarded, CONNECT makes a tunnel (RFC 9110 section 9.3.6,
//! RFC 9112 section 3.2.2). It forwards to loopback only and resolves names itself, so no test reaches a DNS server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::endpoint::proxy_credentials_match;
use crate::exchange::{Next, Reply};
use crate::log::{Entry, Origin};
use crate::request::{Request, latin1};
use crate::server::{answer, finish};
use crate::state::State;
use crate::wire::{Body, Framing, Stream, Wire};

/// Why a target was not reached.
pub enum Unreached {
    /// It is not on loopback.
    Forbidden,
    /// The connection failed.
    Failed(io::Error),
}

/// The loopback address of a name or address; `localhost`, `*.localhost` and `*.test` are 127.0.0.1.
pub fn loopback(host: &str) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback().then_some(address);
    }
    let ours = host == "localhost" || host.ends_with(".localhost") || host.ends_with(".test");
    ours.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Connects to a target on loopback.
///
/// # Errors
/// When the target is elsewhere or refuses.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, Unreached> {
    let address = loopback(host).ok_or(Unreached::Forbidden)?;
    let tcp = TcpStream::connect(SocketAddr::new(address, port)).await.map_err(Unreached::Failed)?;
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

/// Splits `host:port`, brackets of IPv6 removed.
fn authority(text: &str, default_port: u16) -> Option<(String, u16)> {
    let text = text.rsplit('@').next()?;
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let port = if port.is_empty() { default_port } else { port.parse().ok()? };
            Some((host.trim_matches(['[', ']']).to_owned(), port))
        }
        _ => Some((text.trim_matches(['[', ']']).to_owned(), default_port)),
    }
}

/// Serves a proxy connection to its end.
pub async fn serve(mut wire: Wire, state: &Arc<State>, origin: &Origin, auth: bool) {
    let mut number = 0;
    while let Ok(Some(raw)) = wire.read_head().await {
        number += 1;
        let request = match Request::parse(raw) {
            Ok(request) => request,
            Err(_) => {
                let _ = answer(&mut wire, &Reply::new(400), true).await;
                break;
            }
        };
        let entry = state.logging.then(|| state.log.push(origin, number, request.raw.clone(), None));
        let mut body = Body::new(request.framing());
        if let (Some(entry), true) = (&entry, body.is_done()) {
            entry.end_body();
        }
        let refused = auth && !proxy_credentials_match(request.header_text("proxy-authorization").as_deref());
        if refused {
            let reply = Reply::json(&json!({"proxy": "authentication required"}))
                .status(407)
                .header("Proxy-Authenticate", "Basic realm=\"sandbox proxy\"");
            let (mut data, mut raw) = (Vec::new(), Vec::new());
            while let Ok(true) = body.next(&mut wire, &mut data, &mut raw).await {}
            if answer(&mut wire, &reply, false).await.is_err() || !body.is_done() {
                break;
            }
            continue;
        }
        if request.method() == "CONNECT" {
            return tunnel(wire, &request).await;
        }
        match forward(&mut wire, &request, &mut body, entry.as_deref()).await {
            Ok(Next::Keep) => {}
            Ok(next) => return finish(wire, next, body.is_done()).await,
            Err(_) => return,
        }
    }
    finish(wire, Next::Close, true).await;
}

fn refusal(why: &Unreached, target: &str) -> Reply {
    match why {
        Unreached::Forbidden => Reply::text(format!("{target} is not on loopback\n")).status(403),
        Unreached::Failed(error) => Reply::text(format!("{target} was not reached: {error}\n")).status(502),
    }
}

async fn tunnel(mut wire: Wire, request: &Request) {
    let target = request.target_text();
    let Some((host, port)) = authority(&target, 443) else {
        let _ = answer(&mut wire, &Reply::new(400), true).await;
        return finish(wire, Next::Close, false).await;
    };
    // `status-503.test` makes the proxy itself answer 503, whatever the port.
    let scripted =
        host.strip_prefix("status-").and_then(|rest| rest.strip_suffix(".test")).and_then(|n| n.parse().ok());
    if let Some(status) = scripted {
        let _ = answer(&mut wire, &Reply::text("the proxy's own answer\n").status(status), true).await;
        return finish(wire, Next::Close, false).await;
    }
    match connect(&host, port).await {
        Ok(mut upstream) => {
            if wire.write(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
                relay(&mut wire, &mut upstream).await;
            }
        }
        Err(why) => {
            let _ = answer(&mut wire, &refusal(&why, &target), true).await;
            finish(wire, Next::Close, false).await;
        }
    }
}

/// Moves bytes both ways until both sides ended. An RST is handed on as one.
pub async fn relay(wire: &mut Wire, upstream: &mut TcpStream) {
    use tokio::io::AsyncWriteExt;
    let early = wire.take_pending();
    if upstream.write_all(&early).await.is_err() {
        return;
    }
    if copy_bidirectional(&mut wire.stream, upstream).await.is_err() {
        wire.stream.arm_reset();
        let _ = socket2::SockRef::from(&*upstream).set_linger(Some(std::time::Duration::ZERO));
    }
}

/// Sends one request on and its answer back. Every request gets a connection of its own to the origin.
async fn forward(wire: &mut Wire, request: &Request, body: &mut Body, entry: Option<&Entry>) -> io::Result<Next> {
    let target = request.target_text();
    let Some(rest) =
        target.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http")).map(|(_, rest)| rest)
    else {
        answer(wire, &Reply::text("a proxy needs a target in absolute form\n").status(400), true).await?;
        return Ok(Next::Close);
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some((host, port)) = authority(&rest[..end], 80) else {
        answer(wire, &Reply::new(400), true).await?;
        return Ok(Next::Close);
    };
    let mut upstream = match connect(&host, port).await {
        Ok(tcp) => Wire::new(Stream::Tcp(tcp)),
        Err(why) => {
            answer(wire, &refusal(&why, &target), true).await?;
            return Ok(Next::Close);
        }
    };
    let mut head = request.method().as_bytes().to_vec();
    let path = request.origin_form();
    head.extend_from_slice(if path.starts_with(b"/") { b" " } else { b" /" });
    head.extend_from_slice(path);
    head.extend_from_slice(if request.minor == 0 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
    for (name, value) in request.headers() {
        // Everything but what is meant for the proxy goes on unchanged, so that the origin's log tells the truth.
        if !name.to_ascii_lowercase().starts_with(b"proxy-") {
            head.extend_from_slice(name);
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"\r\n");
    upstream.write(&head).await?;

    // Body up and answer down at once: an early answer must get through, and so must `100 Continue`.
    let (mut data, mut raw) = (Vec::new(), Vec::new());
    let mut answered = false;
    while !body.is_done() && !answered {
        tokio::select! {
            more = body.next(wire, &mut data, &mut raw) => {
                more?;
                if let Some(entry) = entry {
                    entry.push_body(&data, &raw);
                }
                if upstream.write(&raw).await.is_err() {
                    answered = true;
                }
                data.clear();
                raw.clear();
            }
            count = upstream.fill(2 << 10) => {
                count?;
                // Only a final answer ends the sending.
                if upstream.pending().starts_with(b"HTTP/1.1 100") {
                    let interim = upstream.read_head().await?.unwrap_or_default();
                    wire.write(&interim).await?;
                } else {
                    answered = true;
                }
            }
        }
    }
    if let (Some(entry), true) = (entry, body.is_done()) {
        entry.end_body();
    }
    let next = answer_back(wire, &mut upstream, request).await?;
    Ok(if body.is_done() { next } else { Next::Close })
}

/// Hands the answer back byte for byte; keeps the client's connection if the answer's end could be told.
async fn answer_back(wire: &mut Wire, upstream: &mut Wire, request: &Request) -> io::Result<Next> {
    loop {
        let head = match upstream.read_head().await {
            Ok(Some(head)) => head,
            // No whole head: whatever came is handed on, then the end.
            Ok(None) => {
                let rest = upstream.take_pending();
                wire.write(&rest).await?;
                return Ok(Next::Abort);
            }
            Err(_) => return Ok(Next::Reset),
        };
        wire.write(&head).await?;
        let Some((status, framing, close)) = facts(&head, request.method()) else {
            return hand_on(wire, upstream).await;
        };
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        if status == 101 {
            return hand_on(wire, upstream).await;
        }
        let mut body = Body::new(framing);
        let (mut data, mut raw) = (Vec::new(), Vec::new());
        while !body.is_done() {
            let more = body.next(upstream, &mut data, &mut raw).await;
            wire.write(&raw).await?;
            data.clear();
            raw.clear();
            match more {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Next::Reset),
                Err(_) => {
                    let rest = upstream.take_pending();
                    wire.write(&rest).await?;
                    return Ok(Next::Abort);
                }
            }
        }
        let keep = !close && framing != Framing::UntilEof && request.wants_keep_alive();
        return Ok(if keep { Next::Keep } else { Next::Close });
    }
}

/// The rest of a connection whose framing means nothing to us.
async fn hand_on(wire: &mut Wire, upstream: &mut Wire) -> io::Result<Next> {
    let rest = upstream.take_pending();
    wire.write(&rest).await?;
    if let Stream::Tcp(tcp) = &mut upstream.stream {
        relay(wire, tcp).await;
    }
    Ok(Next::Abort)
}

/// Status, framing and whether the origin closes, of an answer's head.
fn facts(head: &[u8], method: &str) -> Option<(u16, Framing, bool)> {
    let text = latin1(head);
    let mut lines = text.split("\r\n");
    let line = lines.next()?;
    let status: u16 = line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let mut framing = Framing::UntilEof;
    let mut close = line.starts_with("HTTP/1.0");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "content-length" if framing != Framing::Chunked => framing = Framing::Sized(value.parse().ok()?),
            "transfer-encoding" if value.ends_with("chunked") => framing = Framing::Chunked,
            "connection" if value.contains("close") => close = true,
            _ => {}
        }
    }
    if method == "HEAD" || status == 204 || status == 304 || status < 200 {
        framing = Framing::None;
    }
    Some((status, framing, close))
}
