//! A server whose messages are others by the time they arrive: what stands between changes the text messages of the server on
//! a WebSocket, and leaves the rest as it is.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// What becomes of a message of the server.
pub type Change = Arc<dyn Fn(String) -> String + Send + Sync>;

/// One that stands between; it ends with this, and so do its connections.
pub struct Between {
    /// `ws://…`
    pub url: String,
    address: std::net::SocketAddr,
    ended: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Between {
    /// In front of a server's `ws://…`.
    pub fn of(url: &str, change: impl Fn(String) -> String + Send + Sync + 'static) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = url.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let (ended, open) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let (over, kept, change): (_, _, Change) = (Arc::clone(&ended), Arc::clone(&open), Arc::new(change));
        let thread = thread::spawn(move || {
            let mut carriers = Vec::new();
            for client in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let upstream = TcpStream::connect(&server).unwrap();
                let copy = |stream: &TcpStream| stream.try_clone().unwrap();
                kept.lock().unwrap().extend([copy(&client), copy(&upstream)]);
                let (from, to) = (copy(&client), copy(&upstream));
                carriers.push(thread::spawn(move || pass(from, to)));
                let change = Arc::clone(&change);
                carriers.push(thread::spawn(move || carry(upstream, client, &change)));
            }
            carriers.into_iter().for_each(|carrier| carrier.join().unwrap());
        });
        Between { url: format!("ws://{address}/"), address, ended, open, thread: Some(thread) }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn end(streams: [&TcpStream; 2]) {
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0; 8192];
    while let Ok(size @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..size]).is_err() {
            break;
        }
    }
    end([&from, &to]);
}

/// From the server: the head of the answer as it is, then frame by frame.
fn carry(mut from: TcpStream, mut to: TcpStream, change: &Change) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if from.read_exact(&mut byte).is_err() {
            return end([&from, &to]);
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
                let changed = change(String::from_utf8(std::mem::take(&mut text)).unwrap());
                write(&mut to, 0x81, changed.as_bytes())
            }
            _ => write(&mut to, first, &payload),
        };
        if sent.is_err() {
            break;
        }
    }
    end([&from, &to]);
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
    let mut payload = vec![0; size];
    from.read_exact(&mut payload).ok()?;
    Some((head[0], payload))
}

fn write(to: &mut TcpStream, first: u8, payload: &[u8]) -> std::io::Result<()> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(size @ 0..126) => bytes.push(size.to_be_bytes()[1]),
        Ok(size) => {
            bytes.push(126);
            bytes.extend(size.to_be_bytes());
        }
        Err(_) => {
            bytes.push(127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    to.write_all(&bytes)
}
