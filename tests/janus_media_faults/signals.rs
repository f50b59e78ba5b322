//! A server whose messages, and a client whose messages, are others by the time they arrive: what stands between changes the
//! text messages on a WebSocket, and leaves the rest as it is.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

use crate::udp::Relay;

/// What goes on in the place of a message; whether it is of the server is told as well.
type Change = Arc<dyn Fn(bool, String) -> Vec<String> + Send + Sync>;
type Open = Arc<Mutex<HashMap<usize, [TcpStream; 2]>>>;

/// One that stands between; it ends with this, and so do its connections.
pub struct Between {
    /// `ws://…`
    pub url: String,
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    open: Open,
    thread: Option<JoinHandle<()>>,
}

impl Between {
    /// In front of a server's `ws://…`, whose messages are changed.
    pub fn of(url: &str, change: impl Fn(String) -> String + Send + Sync + 'static) -> Between {
        Between::both(url, move |of_server, text| if of_server { change(text) } else { text })
    }

    /// The messages of both are changed.
    pub fn both(url: &str, change: impl Fn(bool, String) -> String + Send + Sync + 'static) -> Between {
        Between::free(url, move |of_server, text| vec![change(of_server, text)])
    }

    /// Each message becomes as many as it is to.
    pub fn free(url: &str, change: impl Fn(bool, String) -> Vec<String> + Send + Sync + 'static) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = url.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let (ended, open) = (Arc::<AtomicBool>::default(), Open::default());
        let (over, kept, change): (_, _, Change) = (Arc::clone(&ended), Arc::clone(&open), Arc::new(change));
        let thread = thread::spawn(move || {
            let mut carriers = Vec::new();
            for (number, client) in listener.incoming().flatten().enumerate() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let upstream = TcpStream::connect(&server).unwrap();
                let copy = |stream: &TcpStream| stream.try_clone().unwrap();
                kept.lock().unwrap().insert(number, [copy(&client), copy(&upstream)]);
                for (of_server, from, to) in [(false, copy(&client), copy(&upstream)), (true, upstream, client)] {
                    let (change, kept) = (Arc::clone(&change), Arc::clone(&kept));
                    carriers.push(thread::spawn(move || {
                        carry(of_server, from, to, &change);
                        if let Some(both) = kept.lock().unwrap().remove(&number) {
                            end(&both);
                        }
                    }));
                }
            }
            carriers.into_iter().for_each(|carrier| carrier.join().unwrap());
        });
        Between { url: format!("ws://{address}/"), address, ended, open, thread: Some(thread) }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        self.open.lock().unwrap().values().for_each(end);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn end(streams: &[TcpStream; 2]) {
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// The head of HTTP as it is, then frame by frame.
fn carry(of_server: bool, mut from: TcpStream, mut to: TcpStream, change: &Change) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if from.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let _ = to.write_all(&head);
    let mut text = Vec::new();
    while let Some((first, payload)) = frame(&mut from) {
        let sent = match first & 0x0f {
            0 | 1 => {
                text.extend(payload);
                if first & 0x80 == 0 {
                    continue;
                }
                let changed = change(of_server, String::from_utf8(std::mem::take(&mut text)).unwrap());
                changed.iter().try_for_each(|text| write(&mut to, of_server, 0x81, text.as_bytes()))
            }
            _ => write(&mut to, of_server, first, &payload),
        };
        if sent.is_err() {
            break;
        }
    }
}

fn frame(from: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    from.read_exact(&mut head).ok()?;
    let size = match head[1] & 0x7f {
        126 => {
            let mut size = [0; 2];
            from.read_exact(&mut size).ok()?;
            usize::from(u16::from_be_bytes(size))
        }
        127 => {
            let mut size = [0; 8];
            from.read_exact(&mut size).ok()?;
            usize::try_from(u64::from_be_bytes(size)).ok()?
        }
        short => usize::from(short),
    };
    let mut key = [0; 4];
    if head[1] & 0x80 != 0 {
        from.read_exact(&mut key).ok()?;
    }
    let mut payload = vec![0; size];
    from.read_exact(&mut payload).ok()?;
    payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    Some((head[0], payload))
}

fn write(to: &mut TcpStream, of_server: bool, first: u8, payload: &[u8]) -> std::io::Result<()> {
    // What a client sends is masked; with zeros it stays what it is.
    let (mask, key): (u8, &[u8]) = if of_server { (0, &[]) } else { (0x80, &[0; 4]) };
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(size @ 0..126) => bytes.push(mask | size.to_be_bytes()[1]),
        Ok(size) => {
            bytes.push(mask | 126);
            bytes.extend(size.to_be_bytes());
        }
        Err(_) => {
            bytes.push(mask | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(key);
    bytes.extend(payload);
    to.write_all(&bytes)
}

/// Both sides know the other by the relay's addresses, and by nothing else.
pub fn relayed(janus: &str, relay: &Arc<Relay>) -> Between {
    let relay = Arc::clone(relay);
    Between::both(janus, move |of_server, text| {
        let mut message: Value = serde_json::from_str(&text).unwrap();
        let Some(sdp) = message["jsep"]["sdp"].as_str() else { return text };
        let here = |line: &&str| {
            !line.starts_with("a=candidate:") || (line.contains(" 127.0.0.1 ") && line.to_lowercase().contains(" udp "))
        };
        let sdp = sdp.lines().filter(here).collect::<Vec<_>>().join("\r\n") + "\r\n";
        message["jsep"]["sdp"] = if of_server { relay.answer(&sdp) } else { relay.offer(&sdp) }.into();
        message.to_string()
    })
}
