//! A server that says what the test wrote down, and tells what it received.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use crate::{
    engine::{
        http::exchange::{Answer, Carrier, Order, Payload},
        net::{
            cancel::Cancel,
            limits::Limits,
            route::{Parts, Route},
        },
    },
    error::Result,
};

/// One step of a connection's script.
#[derive(Clone)]
pub enum Act {
    /// Reads a head and its sized or chunked body, and reports it.
    Request,
    /// Reads exactly so many bytes and reports them.
    Take(usize),
    /// Sends bytes.
    Say(&'static [u8]),
    /// Sends made bytes.
    SayOwned(Vec<u8>),
    /// Ends the sending half.
    Fin,
    /// Closes with a reset when there is something unread.
    Close,
    /// Waits until the client closes.
    Hold,
    /// Waits for a word of the test.
    Wait,
}

pub struct Server {
    pub port: u16,
    pub seen: Receiver<Vec<u8>>,
    pub go: Sender<()>,
}

/// Plays `scripts`, one for each connection in their order.
pub fn serve(scripts: Vec<Vec<Act>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, seen) = channel();
    let (go, wait) = channel();
    thread::spawn(move || {
        for script in scripts {
            let Ok((stream, _)) = listener.accept() else { return };
            play(stream, script, &tell, &wait);
        }
    });
    Server { port, seen, go }
}

pub fn play(mut stream: TcpStream, script: Vec<Act>, tell: &Sender<Vec<u8>>, wait: &Receiver<()>) {
    for act in script {
        match act {
            Act::Request => {
                let Some(request) = request(&mut stream) else { return };
                let _ = tell.send(request);
            }
            Act::Take(count) => {
                let mut bytes = vec![0; count];
                if stream.read_exact(&mut bytes).is_err() {
                    return;
                }
                let _ = tell.send(bytes);
            }
            Act::Say(bytes) => drop(stream.write_all(bytes)),
            Act::SayOwned(bytes) => drop(stream.write_all(&bytes)),
            Act::Fin => drop(stream.shutdown(Shutdown::Write)),
            Act::Close => return,
            Act::Hold => while matches!(stream.read(&mut [0; 4096]), Ok(count) if count > 0) {},
            Act::Wait => drop(wait.recv()),
        }
    }
}

/// Reads one request, head and body.
pub fn request(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    if let Some(at) = head.find("content-length: ") {
        let length: usize = head[at + 16..].split("\r\n").next()?.parse().ok()?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        bytes.extend(body);
    } else if head.contains("transfer-encoding: chunked") {
        while !bytes.ends_with(b"\r\n0\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            bytes.push(byte[0]);
        }
    }
    Some(bytes)
}

pub fn route(port: u16) -> Arc<Route> {
    Route::new(Parts { host: "127.0.0.1".into(), port, ..Parts::default() })
}

pub fn limits(milliseconds: u64) -> Limits {
    let time = Some(Duration::from_millis(milliseconds));
    Limits { connect: time, read: time, total: None }
}

/// A head for a method with its framing.
pub fn head(method: &str, framing: &str) -> Vec<u8> {
    format!("{method} /x HTTP/1.1\r\nHost: h\r\n{framing}\r\n").into_bytes()
}

pub fn get(carrier: &Carrier, port: u16) -> Result<Answer> {
    send(carrier, &route(port), "GET", Payload::None, &limits(10_000))
}

pub fn send(
    carrier: &Carrier,
    route: &Arc<Route>,
    method: &str,
    payload: Payload<'_>,
    limits: &Limits,
) -> Result<Answer> {
    send_with(carrier, route, method, payload, limits, &Arc::new(Cancel::default()), None)
}

pub fn send_with(
    carrier: &Carrier,
    route: &Arc<Route>,
    method: &str,
    payload: Payload<'_>,
    limits: &Limits,
    cancel: &Arc<Cancel>,
    expect_continue: Option<Duration>,
) -> Result<Answer> {
    let framing = match &payload {
        Payload::None => String::new(),
        Payload::Bytes(bytes) => format!("Content-Length: {}\r\n", bytes.len()),
        Payload::Source { size: Some(size), .. } => format!("Content-Length: {size}\r\n"),
        Payload::Relay { .. } => unreachable!("relays are the reactor's"),
        Payload::Source { size: None, .. } => "Transfer-Encoding: chunked\r\n".into(),
    };
    let head = head(method, &framing);
    let replay_safe = !matches!(method, "POST" | "PUT" | "PATCH");
    let order = Order { method, head: &head, payload, expect_continue, replay_safe };
    carrier.exchange(route, order, limits, cancel, None)
}

/// Reads a body to its end.
pub fn body(answer: &mut Answer) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match answer.read(&mut buffer)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}
