//! An answer that a stream of HTTP/2 brings: the same [`Answer`], which knows no framing and gives nothing back to a pool.

use std::{net::SocketAddr, sync::Arc};

use super::{
    answer::{Answer, Marks},
    framing::Inbound,
    head::{Announced, Head},
    hold::Hold,
    order::Watch,
};
use crate::{
    clock,
    engine::{
        http::h2::incoming::Incoming,
        net::{cancel::Cancel, limits::Limits},
        tls::session::TlsInfo,
    },
};

/// What the head of a stream brought together.
pub(in crate::engine::http) struct Streamed {
    pub status: u16,
    pub raw_head: Vec<u8>,
    /// What the head announces.
    pub length: Option<u64>,
    /// No body follows whatever it announces.
    pub bodiless: bool,
    pub marks: Marks,
    pub reused: bool,
    pub remote: Option<SocketAddr>,
    pub local: Option<SocketAddr>,
    pub tls: Option<Arc<TlsInfo>>,
    pub bytes_sent: u64,
    pub limits: Limits,
    pub cancel: Arc<Cancel>,
    pub watch: Option<Arc<dyn Watch>>,
    pub incoming: Box<Incoming>,
}

impl Answer {
    /// An answer that a stream brings.
    pub(in crate::engine::http) fn of_stream(streamed: Streamed) -> Answer {
        let Streamed { status, length, incoming, .. } = streamed;
        let bodiless = streamed.bodiless || matches!(status, 204 | 304);
        let inbound = match length {
            _ if bodiless => Inbound::Done,
            Some(length) => Inbound::sized(length),
            None if incoming.is_ended() => Inbound::Done,
            None => Inbound::UntilClose,
        };
        let head = Head {
            status,
            minor: 1,
            size: streamed.raw_head.len(),
            announced: Announced::Nothing,
            close: false,
            keep: None,
            folded: false,
        };
        let mut answer = Answer {
            status,
            minor_version: 0,
            raw_head: streamed.raw_head,
            marks: streamed.marks,
            reused: streamed.reused,
            remote: streamed.remote,
            local: streamed.local,
            tls: streamed.tls,
            bytes_sent: streamed.bytes_sent,
            trailers: None,
            head,
            received: 0,
            length: inbound.direct().filter(|length| *length < u64::MAX),
            inbound,
            hold: Hold::Stream(incoming),
            limits: streamed.limits,
            cancel: streamed.cancel,
            watch: streamed.watch,
            failed: false,
            held: None,
        };
        if answer.inbound.is_done() {
            answer.end_stream();
            answer.marks.end = answer.marks.head;
        }
        answer
    }

    /// The body of a stream is over.
    pub(in crate::engine::http) fn end_stream(&mut self) {
        self.marks.end = Some(clock::now());
        if let Hold::Stream(mut incoming) = std::mem::replace(&mut self.hold, Hold::None) {
            self.trailers = incoming.take_trailers().map(Box::new);
            incoming.finish();
        }
    }
}
