//! `save_to` of a submitted call: the reactor carries the bytes, the worker decodes and writes them, a few pieces behind.
//! A slow disk or a slow provider slows the connection, and nobody else's.

use std::{collections::VecDeque, future::poll_fn, sync::Arc, task::Poll};

use crate::sys::lock::Mutex;

use super::{
    answer::{HttpAnswer, Reading},
    save::{Plan, Saving, Target},
};
use crate::{
    engine::{
        errands::{self, Errands, Reply},
        http::{client::Delivered, decode::Decoder, stream::BodyStream},
        reactor::vigil::Vigil,
    },
    error::{Error, Result, code},
};

/// Bytes of one piece: pieces that come close after each other go to the worker together.
const PIECE: usize = 128 << 10;
/// Pieces on their way to the worker, at most.
const AHEAD: usize = 3;
/// Decoded bytes that are written at once.
const DECODED: usize = 128 << 10;

/// Where the pieces go. The worker has it one errand at a time.
struct Desk {
    saving: Option<Saving>,
    decoder: Option<Decoder>,
    room: Vec<u8>,
}

impl Desk {
    fn take(&mut self, mut piece: &[u8], end: bool) -> Result<()> {
        let Some(saving) = &mut self.saving else { return Ok(()) };
        let Some(decoder) = &mut self.decoder else {
            return if piece.is_empty() { Ok(()) } else { saving.write(piece) };
        };
        loop {
            self.room.clear();
            let (taken, more) = decoder.feed(piece, end, &mut self.room, DECODED)?;
            piece = piece.get(taken..).unwrap_or_default();
            if !self.room.is_empty() {
                saving.write(&self.room)?;
            }
            if !more {
                return Ok(());
            }
        }
    }
}

/// A desk that the host hears from in any case: when the call ends early, the worker tells it.
struct Open {
    desk: Arc<Mutex<Desk>>,
    worker: Arc<dyn Errands>,
    closed: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let desk = Arc::clone(&self.desk);
        // Nobody waits for it.
        let _ = errands::send(&self.worker, move || {
            let saving = desk.lock().saving.take();
            if let Some(saving) = saving {
                saving.abandon();
            }
        });
    }
}

/// Brings the body of what was delivered to where it is to go. True when it is there; else what the connection, the file
/// system or the host said.
///
/// # Errors
/// `cancelled`, or there was no worker.
pub(super) async fn download(
    delivered: Delivered,
    target: Option<Target>,
    reading: Reading,
    worker: &Arc<dyn Errands>,
    vigil: &mut Vigil,
) -> Result<(HttpAnswer, Result<bool>)> {
    let begin = move || {
        let mut delivered = delivered;
        delivered.finished.hop.body = None;
        let mut answer = HttpAnswer::head(delivered, reading);
        let plan = target.map_or(Ok(Plan::Keep), |target| target.begin(&answer));
        let stream = std::mem::replace(&mut answer.stream, BodyStream::empty());
        (answer, stream, plan)
    };
    let (mut answer, mut stream, plan) = errands::fetch(worker, vigil, begin).await?;
    stream.relay(worker)?;
    let saving = match plan {
        Ok(Plan::Write(saving)) => saving,
        Ok(plan) => {
            let gathered = stream.gather(vigil).await;
            answer.stream = stream;
            let end = move || {
                let outcome = gathered.and_then(|()| plan.end(&mut answer));
                (answer, outcome)
            };
            return errands::fetch(worker, vigil, end).await;
        }
        Err(error) => {
            answer.stream = stream;
            return Ok((answer, Err(error)));
        }
    };
    let desk = Desk { saving: Some(saving), decoder: stream.take_decoder(), room: Vec::new() };
    let mut open = Open { desk: Arc::new(Mutex::new(desk)), worker: Arc::clone(worker), closed: false };
    let outcome = carry(&mut stream, &open, vigil).await.map_err(|error| answer.named(error));
    vigil.cancel().check()?;
    answer.stream = stream;
    let desk = Arc::clone(&open.desk);
    open.closed = true;
    let end = move || {
        let saving = desk.lock().saving.take();
        let ended = match saving {
            Some(saving) => saving.end(outcome, &mut answer),
            None => Err(Error::new(&code::INTERNAL, "a download was lost")),
        };
        (answer, ended)
    };
    errands::fetch(worker, vigil, end).await
}

/// Carries all pieces to the desk. While the worker is busy, what comes is gathered to larger ones.
async fn carry(stream: &mut BodyStream, open: &Open, vigil: &mut Vigil) -> Result<()> {
    let mut under_way: VecDeque<Reply<Result<()>>> = VecDeque::with_capacity(AHEAD);
    let mut piece = Vec::new();
    let mut failure = None;
    let mut ended = false;
    while !ended {
        match stream.pull_raw(vigil, &mut piece).await {
            Ok(count) => ended = count == 0,
            Err(error) => failure = Some(error),
        }
        while let Some(outcome) = arrived(&mut under_way).await {
            outcome?;
        }
        let over = ended || failure.is_some();
        if over || under_way.is_empty() || piece.len() >= PIECE {
            if under_way.len() >= AHEAD {
                arrive(&mut under_way, vigil).await?;
            }
            let (desk, piece) = (Arc::clone(&open.desk), std::mem::take(&mut piece));
            under_way.push_back(errands::send(&open.worker, move || desk.lock().take(&piece, ended))?);
        }
        if failure.is_some() {
            break;
        }
        // A connection that always has more must not keep the reactor.
        tokio::task::yield_now().await;
    }
    // What came before a failure is written all the same: a later try goes on behind it.
    while !under_way.is_empty() {
        arrive(&mut under_way, vigil).await?;
    }
    failure.map_or(Ok(()), Err)
}

/// What became of the oldest piece, if that is known by now.
async fn arrived(under_way: &mut VecDeque<Reply<Result<()>>>) -> Option<Result<()>> {
    let oldest = under_way.front_mut()?;
    let outcome = poll_fn(|cx| match oldest.poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => Poll::Ready(None),
    });
    let outcome = outcome.await?;
    under_way.pop_front();
    Some(outcome.and_then(|outcome| outcome))
}

/// Waits for the oldest piece.
async fn arrive(under_way: &mut VecDeque<Reply<Result<()>>>, vigil: &mut Vigil) -> Result<()> {
    let Some(mut oldest) = under_way.pop_front() else { return Ok(()) };
    match vigil.until(None, |cx| oldest.poll(cx)).await? {
        Some(outcome) => outcome?,
        None => Ok(()),
    }
}
