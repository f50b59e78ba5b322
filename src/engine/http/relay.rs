//! A body on its way from the host to the reactor: pieces are read by errands, one while the one before is sent.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::body::Source;
use crate::{
    clock,
    engine::{
        errands::{self, Errands, Kept, Reply},
        reactor::vigil::Vigil,
    },
    error::{Error, Result, code},
    value::Pipe,
};

/// A piece: large enough that errands do not count, small enough for many at once.
const PIECE: usize = 64 << 10;

/// How long a call that is over waits for its reader to come back, so that it is let go before the host hears of the end.
const COURTESY: Duration = Duration::from_millis(250);

/// A source that the worker reads.
pub struct Relay {
    worker: Arc<dyn Errands>,
    state: State,
    /// The size that was announced.
    size: Option<u64>,
    /// Bytes asked for and received so far.
    taken: u64,
    /// A buffer that was sent.
    spare: Vec<u8>,
}

/// What an errand brings: the source, what it was given, and how much of it was filled.
type Read = (Box<dyn Source>, Vec<u8>, Result<usize>);

enum State {
    /// At rest; `true` when the end was seen.
    Here(Box<dyn Source>, bool),
    Reading(Reply<Read>),
    /// An errand was lost with it.
    Gone,
}

impl Relay {
    /// A relay of a body of this size. It holds on to the host's reader: what is not sent is let go by the worker.
    #[must_use]
    pub fn new(source: Box<dyn Source>, size: Option<u64>, worker: Arc<dyn Errands>) -> Relay {
        Relay { worker, state: State::Here(source, false), size, taken: 0, spare: Vec::new() }
    }

    /// The pipe that the body comes out of, if it is one: it needs no errands.
    #[must_use]
    pub fn pipe(&self) -> Option<Arc<Pipe>> {
        match &self.state {
            State::Here(source, _) => source.pipe(),
            State::Reading(_) | State::Gone => None,
        }
    }

    /// The size that was announced.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next piece, and has the one after it read; none at the end.
    ///
    /// # Errors
    /// What the source says; `provider` when it ends before the size that was announced.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>>> {
        loop {
            match &mut self.state {
                State::Here(_, true) => return Poll::Ready(Ok(None)),
                State::Here(..) if self.size == Some(self.taken) => return Poll::Ready(Ok(None)),
                State::Here(..) => self.read()?,
                State::Reading(reply) => {
                    let Poll::Ready(read) = reply.poll(cx) else { return Poll::Pending };
                    self.state = State::Gone;
                    let (source, mut buffer, outcome) = read?;
                    self.state = State::Here(source, true);
                    let count = outcome?.min(buffer.len());
                    if count == 0 {
                        if self.size.is_some() {
                            let message = "the body ended before the announced length";
                            return Poll::Ready(Err(Error::new(&code::PROVIDER, message)));
                        }
                        return Poll::Ready(Ok(None));
                    }
                    buffer.truncate(count);
                    self.taken += count as u64;
                    if let State::Here(_, ended) = &mut self.state {
                        *ended = false;
                    }
                    if self.size != Some(self.taken) {
                        self.read()?;
                    }
                    return Poll::Ready(Ok(Some(buffer)));
                }
                State::Gone => return Poll::Ready(Err(Error::new(&code::CLOSED, "the session was closed"))),
            }
        }
    }

    /// Takes a piece back that was sent, for its room.
    pub fn give_back(&mut self, piece: Vec<u8>) {
        self.spare = piece;
    }

    fn read(&mut self) -> Result<()> {
        let State::Here(mut source, _) = std::mem::replace(&mut self.state, State::Gone) else { return Ok(()) };
        let left = self.size.map_or(u64::MAX, |size| size.saturating_sub(self.taken));
        let room = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.resize(room, 0);
        let reading = errands::send(&self.worker, move || {
            let outcome = source.read(&mut buffer);
            (source, buffer, outcome)
        });
        self.state = State::Reading(reading?);
        Ok(())
    }

    /// Goes back to the start before the body is sent again; false when the host's reader cannot.
    ///
    /// # Errors
    /// `cancelled`, or there is nobody who could ask the reader.
    pub async fn rewind(&mut self, vigil: &mut Vigil) -> Result<bool> {
        if let State::Reading(reply) = &mut self.state {
            let read = vigil.until(None, |cx| reply.poll(cx)).await;
            self.state = State::Gone;
            if let Some(read) = read? {
                let (source, buffer, _) = read?;
                self.spare = buffer;
                self.state = State::Here(source, false);
            }
        }
        let State::Here(mut source, _) = std::mem::replace(&mut self.state, State::Gone) else { return Ok(false) };
        let rewind = move || {
            let rewound = source.rewind();
            (source, rewound)
        };
        let (source, rewound) = errands::fetch(&self.worker, vigil, rewind).await?;
        self.state = State::Here(source, false);
        self.taken = 0;
        Ok(rewound)
    }
}

impl Relay {
    /// Gives the source back when it is not sent from any more, so that whoever has it can choose when the host's reader
    /// is let go. A read under way is waited for a moment; one that takes longer has the worker let go of the source.
    ///
    /// # Errors
    /// `cancelled`.
    pub async fn part(&mut self, vigil: &mut Vigil) -> Result<Option<Box<dyn Source>>> {
        if let State::Reading(reply) = &mut self.state {
            let read = vigil.until(Some(clock::now() + COURTESY), |cx| reply.poll(cx)).await;
            if let Some(Ok((source, ..))) = read? {
                self.state = State::Here(source, true);
            }
        }
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Here(source, _) => Ok(Some(source)),
            State::Reading(_) | State::Gone => Ok(None),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Gone);
        if let State::Here(source, _) = state {
            drop(Kept::new(source, Some(Arc::clone(&self.worker))));
        }
    }
}
