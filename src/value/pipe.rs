//! Bytes from one part of the library to another, of which neither waits for the other: what is put in comes out in pieces,
//! and a task that finds nothing is woken by the next.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::Reader;
use crate::{
    error::{Error, Result, code},
    sys::lock::Mutex,
};

/// One pipe.
#[derive(Default)]
pub struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    ended: bool,
    waker: Option<Waker>,
}

impl Pipe {
    /// Puts a piece in.
    pub fn push(&self, piece: Vec<u8>) {
        let mut state = self.0.lock();
        state.pieces.push_back(piece);
        wake(state.waker.take(), state);
    }

    /// Nothing more will come.
    pub fn end(&self) {
        let mut state = self.0.lock();
        state.ended = true;
        wake(state.waker.take(), state);
    }

    /// The next piece; none at the end.
    pub fn poll_piece(&self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let mut state = self.0.lock();
        match state.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(piece)),
            None if state.ended => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn wake(waker: Option<Waker>, state: crate::sys::lock::MutexGuard<'_, State>) {
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The end that pieces come out of, as a value.
pub struct Outlet(pub Arc<Pipe>);

impl Reader for Outlet {
    fn size(&self) -> Option<u64> {
        None
    }

    fn read(&self, _buffer: &mut [u8]) -> Result<usize> {
        Err(Error::new(&code::UNSUPPORTED, "a body that goes on while it is answered is sent over HTTP/2 alone"))
    }

    fn rewind(&self) -> bool {
        false
    }

    fn pipe(&self) -> Option<Arc<Pipe>> {
        Some(Arc::clone(&self.0))
    }
}
