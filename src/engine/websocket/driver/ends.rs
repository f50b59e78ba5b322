//! How a connection ends (RFC 6455 7): the peer closes, breaks the rules or goes, or the host lets go; and who hears of it.

use std::{io, time::Duration};

use super::Driver;
use crate::{
    clock,
    engine::{
        net::limits::reason,
        websocket::{
            frame::{Close, Control, Fail},
            link::Listener,
            order::Done,
            outbound::Outbound,
            outbox::lost,
            stage::{End, Stage},
        },
    },
    error::{Error, Outcome, code},
};

/// How long this side reads on after it failed the connection: a peer that gets a reset may lose the frame that says why.
const LINGER: Duration = Duration::from_millis(250);

impl<L: Listener> Driver<'_, L> {
    /// Whether our own close is still to be written.
    pub(super) fn has_close_to_say(&self) -> bool {
        self.outbound.controls.iter().any(|(kind, _)| *kind == Control::Close)
    }

    /// The peer closes: it hears its own code back, behind the frame that is on its way (RFC 6455 5.5.1).
    pub(super) fn answer(&mut self, close: Close) {
        self.outbox.shut();
        let payload = if close.code == Close::NO_CODE { Vec::new() } else { close.code.to_be_bytes().to_vec() };
        let said = matches!(self.stage, Stage::Closing { .. }) && !self.has_close_to_say();
        self.outbound.controls.clear();
        if !said {
            self.outbound.controls.push_back((Control::Close, payload));
        }
        let until = clock::now() + self.settings.close_timeout;
        self.stage = Stage::Answering { close, until };
    }

    /// The peer broke the rules: it hears which, and nothing more is heard from it (RFC 6455 7.1.7).
    pub(super) fn fail(&mut self, fail: Fail) {
        self.outbox.shut();
        let frame = Close::new(fail.code, fail.reason).payload();
        self.outbound.controls.clear();
        self.outbound.controls.push_back((Control::Close, frame));
        self.held = Vec::new();
        self.stage = Stage::Failing { fail, until: clock::now() + LINGER.min(self.settings.close_timeout) };
    }

    pub(super) fn failed(&self) -> End {
        let Stage::Failing { fail, .. } = &self.stage else { return self.cut(None) };
        let code = if fail.code == 1009 { &code::LIMIT } else { &code::WEBSOCKET };
        let error = Error::new(code, fail.reason).with("close_code", i64::from(fail.code));
        End { close: Close::new(fail.code, fail.reason), error: Some(error), wanted: false }
    }

    /// Our answer to the peer's close is out, or cannot be.
    pub(super) fn answered(&self) -> End {
        let Stage::Answering { close, .. } = &self.stage else { return self.cut(None) };
        End { close: close.clone(), error: None, wanted: false }
    }

    /// The connection ended without a close.
    pub(super) fn cut(&self, error: Option<&io::Error>) -> End {
        match &self.stage {
            Stage::Failing { .. } => return self.failed(),
            Stage::Answering { .. } => return self.answered(),
            // It did as it was told, without a word.
            Stage::Closing { .. } => return End { close: Close::lost(), error: None, wanted: true },
            Stage::Open => {}
        }
        let error = error.or(self.outbound.failure.as_ref());
        let what = if self.decoder.is_inside() { "inside a message" } else { "without a close" };
        let message = match error {
            Some(error) => format!("the connection broke {what}: {}", reason(error)),
            None => format!("the peer ended the connection {what}"),
        };
        End { close: Close::lost(), error: Some(lost(message)), wanted: false }
    }

    /// The host has let go: the peer hears that we go away, if that can be said without waiting.
    pub(super) fn abandon(&mut self, error: Error) -> End {
        self.reclaim();
        if matches!(self.stage, Stage::Open)
            && !self.outbound.encoder.is_inside_frame()
            && self.outbound.failure.is_none()
        {
            let Outbound { encoder, out, sent, .. } = &mut self.outbound;
            encoder.control(Control::Close, &Close::new(1001, "").payload(), out);
            let stream = &mut self.wired.connection.stream;
            // What cannot be said now is not said.
            let _ = stream.try_send(out.get(*sent..).unwrap_or_default(), &[]);
            let _ = stream.try_flush();
        }
        End { close: Close::lost(), error: Some(error), wanted: true }
    }

    /// Tells everybody whose order was begun what became of it.
    pub(super) fn settle(&mut self, end: &End) {
        let outbound = &mut self.outbound;
        outbound.count(self.stats);
        let error = |outcome| {
            let message = match &end.error {
                Some(error) => format!("the connection ended: {}", error.message()),
                None => "the peer closed the connection".to_owned(),
            };
            Err(lost(message).outcome(outcome))
        };
        let unknown = outbound.written.drain(..).map(|(_, slot)| slot).chain(outbound.current.take());
        for slot in unknown {
            slot.leave(error(Outcome::Unknown));
        }
        for (_, _, slot) in self.pings.asked.drain(..) {
            if let Some(slot) = slot {
                slot.leave(error(Outcome::Unknown));
            }
        }
        for slot in self.closers.drain(..) {
            slot.leave(match &end.error {
                Some(error) if error.code() == code::TOTAL_TIMEOUT.word => {
                    Err(Error::new(&code::TOTAL_TIMEOUT, error.message().to_owned()).phase("close"))
                }
                _ => Ok(Done::Closed(end.close.clone())),
            });
        }
    }
}
