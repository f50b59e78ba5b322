//! WebSocket that behaves, ends early, or refuses the handshake: `/ws/...`.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::{auth, bad_message, header_bytes, size};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::{Args, latin1};
use crate::websocket::{Shape, Socket, Wish, accept_key, close_payload, opcode, put, upgrade};

/// `/ws/KIND`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    tokio::time::sleep(Duration::from_millis(args.number("delay_ms", 0))).await;
    match words {
        ["refuse"] => {
            let status = args.number("status", 403);
            let body = args.get("body").unwrap_or("the handshake was refused\n");
            return ex.send(Reply::text(body.as_bytes()).status(status)).await;
        }
        ["redirect"] => {
            let to = header_bytes(args.get("to").unwrap_or("/ws/echo"));
            return ex.send(Reply::new(args.number("status", 302)).header("Location", to)).await;
        }
        ["auth", rest @ ..] => {
            let (user, password) = if let [user, password] = rest { (*user, *password) } else { ("user", "pass") };
            let given = ex.request.header_text("authorization");
            if !auth::basic_matches(given.as_deref(), user, password) {
                let reply = Reply::text("credentials are needed\n").status(401);
                return ex.send(reply.header("WWW-Authenticate", "Basic realm=\"sandbox\"")).await;
            }
        }
        ["accept"] => return accept(ex, &args).await,
        ["bad"] => return bad_message::serve(ex, &args).await,
        _ => {}
    }
    let wish = Wish { subprotocol: subprotocol(ex, &args), ..Wish::default() };
    let fields: Value = ex.request.headers().map(|(name, value)| json!([latin1(name), latin1(value)])).collect();
    let number = match words {
        ["count"] => {
            let mut counts = lock(&ex.state.flaky);
            let count = counts.entry(format!("/ws/count {}", args.get("key").unwrap_or_default())).or_insert(0);
            *count += 1;
            *count
        }
        _ => 0,
    };
    let Some(mut socket) = upgrade(ex, wish, |_| ()).await? else { return Ok(Next::Close) };
    match words {
        ["echo"] | ["auth", ..] => echo(&mut socket, &args).await?,
        ["headers"] => {
            socket.text(&json!({ "headers": fields }).to_string()).await?;
            echo(&mut socket, &args).await?;
        }
        ["hello"] => {
            // The answer to the handshake and the messages in one write.
            let mut out = Vec::new();
            for n in 0..args.number("count", 1) {
                put(&mut out, Shape::whole(opcode::TEXT), format!("hello {n}").as_bytes());
            }
            socket.raw(&out).await?;
            echo(&mut socket, &args).await?;
        }
        ["flood"] => flood(&mut socket, &args).await?,
        ["close"] => {
            take(&mut socket, args.number("after", 0)).await?;
            let reason = args.get("reason").unwrap_or_default();
            let payload = match args.get("code") {
                Some("none") => Vec::new(),
                _ => close_payload(args.number("code", 1000), reason),
            };
            socket.close(&payload).await?;
        }
        ["ping"] => ping(&mut socket, &args).await?,
        ["fragments"] => {
            let pieces: Vec<&str> = args.get("pieces").unwrap_or("one ,two ,three").split(',').collect();
            fragments(&mut socket, &pieces, &args).await?;
            echo(&mut socket, &args).await?;
        }
        ["trickle"] => {
            let mut out = Vec::new();
            let text = args.get("text").unwrap_or("trickled");
            put(&mut out, Shape::whole(opcode::TEXT), text.as_bytes());
            for byte in out {
                socket.raw(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(args.number("interval_ms", 5))).await;
            }
            echo(&mut socket, &args).await?;
        }
        ["drop"] | ["reset"] => {
            take(&mut socket, args.number("after", 0)).await?;
            return Ok(if words == ["drop"] { Next::Abort } else { Next::Reset });
        }
        ["stall"] => {
            socket.ignore(args.get("read") != Some("0")).await?;
            return Ok(Next::Abort);
        }
        ["count"] => {
            socket.text(&json!({ "connection": number }).to_string()).await?;
            if number <= args.number("first", 1) {
                take(&mut socket, args.number("after", 1)).await?;
                return Ok(Next::Abort);
            }
            echo(&mut socket, &args).await?;
        }
        _ => socket.close(&close_payload(4404, "there is no such endpoint")).await?,
    }
    Ok(Next::Close)
}

/// `?subprotocol=NAME` if the client offered it.
fn subprotocol(ex: &Exchange<'_>, args: &Args) -> Option<String> {
    let name = args.get("subprotocol")?;
    let offered = ex.request.headers().any(|(found, value)| {
        found.eq_ignore_ascii_case(b"sec-websocket-protocol")
            && value.split(|byte| *byte == b',').any(|part| part.trim_ascii() == name.as_bytes())
    });
    offered.then(|| name.to_owned())
}

/// Gives every message back; `fragment=N` in frames of N bytes.
async fn echo(socket: &mut Socket<'_>, args: &Args) -> io::Result<()> {
    let piece = args.number("fragment", usize::MAX).max(1);
    while let Some(message) = socket.message().await? {
        socket.send_in(message.opcode, &message.data, piece).await?;
    }
    Ok(())
}

/// Receives so many messages, which are not answered.
async fn take(socket: &mut Socket<'_>, count: u64) -> io::Result<()> {
    socket.flush().await?;
    for _ in 0..count {
        if socket.message().await?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Messages as fast as the client reads: `count=`, `size=`, `text=1`, `rate=` a second. Each begins with its number.
async fn flood(socket: &mut Socket<'_>, args: &Args) -> io::Result<()> {
    let (count, size): (u64, u64) = (args.number("count", 1000), args.number("size", 100));
    let kind = if args.flag("text") { opcode::TEXT } else { opcode::BINARY };
    let rate: f64 = args.number("rate", 0.0);
    let filling = size::alphabet(0, size.min(1 << 30));
    let begun = tokio::time::Instant::now();
    for n in 0..count {
        let mut payload = format!("{n} ").into_bytes();
        payload.extend_from_slice(filling.get(payload.len()..).unwrap_or_default());
        socket.send(kind, &payload).await?;
        if rate > 0.0 {
            tokio::time::sleep_until(begun + Duration::from_secs_f64((n + 1) as f64 / rate)).await;
        }
        if n % 64 == 63 && !socket.attend().await? {
            return Ok(());
        }
    }
    socket.close(&close_payload(1000, "")).await
}

/// Pings, each sent when the last was answered; then a message with their count.
async fn ping(socket: &mut Socket<'_>, args: &Args) -> io::Result<()> {
    let count: u64 = args.number("count", 1);
    for n in 0..count {
        let payload = format!("ping {n}");
        socket.send(opcode::PING, payload.as_bytes()).await?;
        loop {
            match socket.receive().await? {
                Some(message) if message.opcode == opcode::PONG && message.data == payload.as_bytes() => break,
                Some(message) if message.opcode == opcode::CLOSE => {
                    return socket.send(opcode::CLOSE, message.data.get(..2).unwrap_or_default()).await;
                }
                Some(message) if message.opcode == opcode::PING => socket.send(opcode::PONG, &message.data).await?,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        tokio::time::sleep(Duration::from_millis(args.number("interval_ms", 0))).await;
    }
    socket.text(&json!({ "pongs": count }).to_string()).await?;
    echo(socket, args).await
}

/// One text message in these pieces; `ping=1` puts a ping between, `empty=1` an empty last frame.
async fn fragments(socket: &mut Socket<'_>, pieces: &[&str], args: &Args) -> io::Result<()> {
    let mut out = Vec::new();
    let count = pieces.len() + usize::from(args.flag("empty"));
    for at in 0..count {
        let shape = Shape::whole(if at == 0 { opcode::TEXT } else { opcode::CONTINUATION });
        let payload = pieces.get(at).copied().unwrap_or_default().as_bytes();
        put(&mut out, if at + 1 == count { shape } else { shape.open() }, payload);
        if args.flag("ping") && at == 0 {
            put(&mut out, Shape::whole(opcode::PING), b"between");
        }
    }
    socket.raw(&out).await
}

/// `/ws/accept?kind=`: an answer to the handshake that a client must refuse (RFC 6455 section 4.1).
async fn accept(ex: &mut Exchange<'_>, args: &Args) -> io::Result<Next> {
    let kind = args.get("kind").unwrap_or_default().to_owned();
    let replace = |lines: &mut Vec<String>, name: &str, with: Option<&str>| {
        lines.retain(|line| !line.starts_with(name));
        lines.extend(with.map(|value| format!("{name}: {value}")));
    };
    let wish = Wish { plain: kind.contains("extension"), ..Wish::default() };
    let socket = upgrade(ex, wish, |lines| match kind.as_str() {
        "wrong-key" => replace(lines, "Sec-WebSocket-Accept", Some(&accept_key("another"))),
        "no-key" => replace(lines, "Sec-WebSocket-Accept", None),
        "no-upgrade" => replace(lines, "Upgrade", None),
        "wrong-upgrade" => replace(lines, "Upgrade", Some("h2c")),
        "no-connection" => replace(lines, "Connection", None),
        "wrong-connection" => replace(lines, "Connection", Some("keep-alive")),
        "wrong-subprotocol" => replace(lines, "Sec-WebSocket-Protocol", Some("never-offered")),
        "unoffered-extension" => replace(lines, "Sec-WebSocket-Extensions", Some("x-never-offered")),
        "deflate-extension" => replace(lines, "Sec-WebSocket-Extensions", Some("permessage-deflate")),
        "twice-extension" => {
            replace(lines, "Sec-WebSocket-Extensions", Some("permessage-deflate, permessage-deflate"));
        }
        "parameter-extension" => {
            replace(lines, "Sec-WebSocket-Extensions", Some("permessage-deflate; never_heard_of"));
        }
        "bits-extension" => {
            replace(lines, "Sec-WebSocket-Extensions", Some("permessage-deflate; server_max_window_bits=99"));
        }
        // These are as good as the usual lines.
        "case" => {
            replace(lines, "Upgrade", Some("WebSocket"));
            replace(lines, "Connection", Some("keep-alive, UPGRADE"));
        }
        _ => {}
    })
    .await?;
    let Some(mut socket) = socket else { return Ok(Next::Close) };
    socket.text("after the handshake").await?;
    echo(&mut socket, args).await?;
    Ok(Next::Close)
}
