//! A server that answers when the test wants it to, and a gate for the host's code.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use haft::session::{Event, Kind, Session};

/// One connection: what it reads from, and writes to.
pub struct Peer {
    pub input: BufReader<TcpStream>,
    pub output: TcpStream,
}

impl Peer {
    /// The head of a request; empty at the end.
    pub fn head(&mut self) -> String {
        let mut head = String::new();
        while self.input.read_line(&mut head).unwrap_or(0) > 0 && !head.ends_with("\r\n\r\n") {}
        head
    }

    /// A body of this length.
    pub fn body(&mut self, size: usize) -> Vec<u8> {
        let mut body = vec![0; size];
        self.input.read_exact(&mut body).unwrap();
        body
    }

    pub fn say(&mut self, text: &str) {
        self.output.write_all(text.as_bytes()).unwrap();
    }
}

/// Serves each connection on a thread of its own; gives the URL.
pub fn serve(serving: impl Fn(Peer) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = Arc::new(serving);
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let serving = Arc::clone(&serving);
            thread::spawn(move || serving(Peer { input: BufReader::new(stream.try_clone().unwrap()), output: stream }));
        }
    });
    url
}

/// Counts who came, and lets them pass when it is opened.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Gate {
    pub fn pass(&self) {
        let (state, bell) = &*self.0;
        let mut state = state.lock().unwrap();
        state.0 += 1;
        bell.notify_all();
        drop(bell.wait_while(state, |state| !state.1).unwrap());
    }

    pub fn until(&self, count: usize) {
        let (state, bell) = &*self.0;
        drop(bell.wait_while(state.lock().unwrap(), |state| state.0 < count).unwrap());
    }

    pub fn open(&self) {
        let (state, bell) = &*self.0;
        state.lock().unwrap().1 = true;
        bell.notify_all();
    }
}

/// The next answer of a session.
pub fn answer(session: &Session) -> Event {
    loop {
        let event = session.poll(60_000).unwrap().unwrap();
        if event.kind() == Kind::Response {
            return event;
        }
    }
}

/// The code of a failed answer.
pub fn code(event: &Event) -> String {
    event.failure().map_or_else(|| "none".into(), |failure| failure.error().code().to_owned())
}
