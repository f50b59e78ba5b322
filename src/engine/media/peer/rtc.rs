//! The one place that knows str0m: a [`Peer`] out of its state machine.
//!
//! What it leaves to others: addresses and sockets, STUN servers, the pace of frames. What is done around it here: which
//! codecs a track may have (it has one list for the whole connection), which way the tracks of an offer go (it takes what is
//! offered), candidates that come before their description, channels that are wanted before they can be, and times.

mod channels;
mod descriptions;
mod events;
mod keyframes;
mod numbers;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Input, Output as Out, Rtc as Stack, RtcConfig, RtcError,
    change::SdpPendingOffer,
    channel::ChannelId,
    format::Codec as Format,
    media::{Direction as Way, Frequency, MediaTime, Mid, Pt},
    net::{DatagramRecv, Protocol, Receive},
};

use self::{channels::Channels, numbers::Counters};
use super::{
    super::{Codec, Kind, codec::head},
    Agreed, Direction, Statistics, Terms, Wish,
    protocol::{Datagram, Output, Peer},
    timeline::{Origin, Timeline, ticks},
};
use crate::{
    error::{Error, Result, code},
    log,
};

/// Video frames that are kept to be sent again, in packets: a keyframe of a megabyte is 900.
const RESEND: usize = 4096;
/// For how long they are kept.
const RESEND_WITHIN: Duration = Duration::from_secs(3);
/// Packets that may come behind a missing one before it is given up; str0m waits for a keyframe's as well.
const REORDER: usize = 2048;
/// Bytes that wait on all channels.
const CHANNELS: usize = 1 << 20;
/// The part of a frame that goes into a packet, with what signs it; with all heads it is less than IPv6 demands of every link.
const MTU: usize = 1200;
/// The largest packet of Opus, which cannot be divided (RFC 7587 4.2).
const UNDIVIDED: usize = 1184;
/// Datagrams of a handshake that are kept until their way is known: the first flight is two or three.
const AHEAD: usize = 8;
/// How far the pace of a caller may be off before its times are taken to begin anew.
const SLACK: Duration = Duration::from_millis(250);

/// A connection of str0m.
#[expect(clippy::struct_excessive_bools, reason = "each says another thing")]
pub struct Rtc {
    stack: Stack,
    wishes: Vec<Wish>,
    channel: Option<Box<str>>,
    turns: Vec<(Mid, Direction)>,
    retired: Vec<Mid>,
    /// The open offer, and its tracks.
    pending: Option<(SdpPendingOffer, Vec<Agreed>)>,
    /// Whether the other side's description is there, for which candidates wait.
    described: bool,
    early: Vec<Candidate>,
    tracks: Vec<Track>,
    /// The payload types of what is sent again.
    repeats: Vec<u8>,
    channels: Channels,
    /// The largest message that the other side takes.
    largest: usize,
    /// What came of the handshake before the way that it came by was known.
    ahead: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    connected: bool,
    found: bool,
    /// What the times of the caller's frames are counted from.
    pace: Option<Instant>,
    origin: Option<Origin>,
    statistics: Statistics,
    /// How often the stack tells its numbers; and it has told the last ones.
    interval: Duration,
    settled: bool,
    over: bool,
}

/// A track that was agreed on.
struct Track {
    mid: Mid,
    agreed: Agreed,
    /// By what frames go out.
    payload: Option<Pt>,
    /// The last timestamp that went out.
    sent: Option<u64>,
    line: Option<Timeline>,
    counters: Counters,
}

fn unready(message: &'static str) -> Error {
    Error::new(&code::MEDIA_STATE, message)
}

fn broken(error: &RtcError) -> Error {
    match error {
        RtcError::RemoteSdp(why) if why.contains("fingerprint") => Error::new(
            &code::MEDIA_DTLS,
            "the certificate of the other side was not the one that its description named",
        )
        .phase("dtls"),
        RtcError::Dtls(why) => {
            Error::new(&code::MEDIA_DTLS, format!("the DTLS handshake failed: {why}").replace(['\r', '\n'], " "))
                .phase("dtls")
        }
        other => {
            Error::new(&code::INTERNAL, format!("the WebRTC connection broke: {other}").replace(['\r', '\n'], " "))
        }
    }
}

fn codec_of(format: Format) -> Option<Codec> {
    Some(match format {
        Format::Opus => Codec::Opus,
        Format::Vp8 => Codec::Vp8,
        Format::Vp9 => Codec::Vp9,
        Format::H264 => Codec::H264,
        Format::Av1 => Codec::Av1,
        _ => return None,
    })
}

fn rate(codec: Codec) -> Frequency {
    if codec == Codec::Opus { Frequency::FORTY_EIGHT_KHZ } else { Frequency::NINETY_KHZ }
}

fn way(direction: Direction) -> Way {
    match direction {
        Direction::SendRecv => Way::SendRecv,
        Direction::SendOnly => Way::SendOnly,
        Direction::RecvOnly => Way::RecvOnly,
        Direction::Inactive => Way::Inactive,
    }
}

impl Rtc {
    /// A connection with a certificate of its own.
    #[must_use]
    pub fn new(terms: &Terms, now: Instant) -> Rtc {
        let mut config = RtcConfig::new()
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_h264(true)
            .enable_vp9(true)
            .enable_av1(true)
            .set_send_buffer_video(RESEND)
            .set_reordering_size_video(REORDER)
            .set_sctp_max_buffered_amount(CHANNELS)
            .set_stats_interval(Some(terms.statistics));
        config = config.set_mtu(MTU..=usize::MAX);
        config.set_initial_stun_rto(Duration::from_millis(100));
        Rtc {
            stack: config.build(now),
            wishes: Vec::new(),
            channel: None,
            turns: Vec::new(),
            retired: Vec::new(),
            pending: None,
            described: false,
            early: Vec::new(),
            tracks: Vec::new(),
            repeats: Vec::new(),
            channels: Channels::default(),
            largest: usize::MAX,
            ahead: VecDeque::new(),
            connected: false,
            found: false,
            pace: None,
            origin: None,
            statistics: Statistics::default(),
            interval: terms.statistics,
            settled: false,
            over: false,
        }
    }

    fn alive(&self) -> Result<()> {
        if self.over { Err(unready("the connection was over")) } else { Ok(()) }
    }

    fn mid(&self, mid: &str) -> Result<Mid> {
        let track = self.tracks.iter().find(|track| *track.agreed.mid == *mid);
        track.map(|track| track.mid).ok_or_else(|| Error::argument(format!("the connection has no track {mid}")))
    }

    /// Opens what was wanted, once that can be.
    fn open_channels(&mut self) {
        if !self.connected {
            return;
        }
        while let Some(label) = self.channels.next_wanted() {
            let mut changes = self.stack.sdp_api();
            let id = changes.add_channel(label.to_string());
            // Without a data section that would need an offer: `say` and `plan` have looked.
            let _ = changes.apply();
            self.channels.opening(&label, id);
        }
    }

    fn has_data(&self) -> bool {
        self.channels.agreed
    }

    /// Gives a datagram to the stack; whether it was for it. What is none of WebRTC, or from somebody else, is nothing.
    fn take(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr, data: &[u8]) -> Result<bool> {
        let Ok(contents) = DatagramRecv::try_from(data) else { return Ok(false) };
        let input = Input::Receive(now, Receive { proto: Protocol::Udp, source: remote, destination: local, contents });
        if !self.stack.accepts(&input) {
            return Ok(false);
        }
        self.stack.handle_input(input).map_err(|error| broken(&error))?;
        Ok(true)
    }
}

/// Whether a candidate cannot be used here: it is none of UDP, or its address is a name (of mDNS, which nobody resolves).
fn useless(line: &str) -> bool {
    let mut words = line.split(' ');
    let protocol = words.nth(2).unwrap_or_default();
    let address = words.nth(1).unwrap_or_default();
    let useless = !protocol.eq_ignore_ascii_case("udp") || address.parse::<std::net::IpAddr>().is_err();
    if useless {
        log::debug(c"media", || format!("a candidate of the other side was left out: {protocol} {address}"));
    }
    useless
}

impl Peer for Rtc {
    fn host(&mut self, address: SocketAddr) -> Result<()> {
        let candidate = Candidate::host(address, "udp")
            .map_err(|error| Error::argument(format!("the address {address} could not be used: {error}")))?;
        self.stack.add_local_candidate(candidate);
        Ok(())
    }

    fn reflexive(&mut self, address: SocketAddr, base: SocketAddr) -> Option<String> {
        let candidate = Candidate::server_reflexive(address, base, "udp").ok()?;
        self.stack.add_local_candidate(candidate).map(Candidate::to_sdp_string)
    }

    fn plan(&mut self, wishes: &[Wish], channel: Option<&str>) -> Result<()> {
        self.alive()?;
        self.wishes.extend_from_slice(wishes);
        if let Some(label) = channel {
            if self.has_data() {
                self.channels.want(label);
                self.open_channels();
            } else {
                self.channel = Some(label.into());
            }
        }
        Ok(())
    }

    fn turn(&mut self, mid: &str, direction: Direction) -> Result<()> {
        let mid = self.mid(mid)?;
        self.turns.push((mid, direction));
        Ok(())
    }

    fn retire(&mut self, mid: &str) -> Result<()> {
        let mid = self.mid(mid)?;
        self.retired.push(mid);
        Ok(())
    }

    fn withdraw(&mut self) {
        if self.pending.take().is_some() {
            self.channels.withdrawn();
            self.described = !self.tracks.is_empty() || self.has_data();
        }
    }

    fn offer(&mut self, restart: bool) -> Result<String> {
        self.make_offer(restart)
    }

    fn accept(&mut self, answer: &str) -> Result<()> {
        self.take_answer(answer)
    }

    fn answer(&mut self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String> {
        self.make_answer(offer, agree)
    }

    fn tracks(&self) -> Vec<Agreed> {
        match &self.pending {
            Some((_, tracks)) => tracks.clone(),
            None => self.tracks.iter().map(|track| track.agreed.clone()).collect(),
        }
    }

    fn candidate(&mut self, candidate: &str) -> Result<()> {
        let line = candidate.trim().strip_prefix("a=").unwrap_or(candidate.trim());
        if line.is_empty() || line == "end-of-candidates" {
            return Ok(());
        }
        if !line.starts_with("candidate:") || line.split(' ').count() < 8 {
            return Err(
                Error::new(&code::MEDIA_SDP, "a candidate of the other side could not be read").phase("signalling")
            );
        }
        if useless(line) {
            return Ok(());
        }
        let candidate = Candidate::from_sdp_string(line).map_err(|_| {
            Error::new(&code::MEDIA_SDP, "a candidate of the other side could not be read").phase("signalling")
        })?;
        if self.described {
            self.stack.add_remote_candidate(candidate);
        } else {
            self.early.push(candidate);
        }
        Ok(())
    }

    fn write(&mut self, now: Instant, mid: &str, pts: Duration, data: &Arc<[u8]>) -> Result<()> {
        self.alive()?;
        let track = self.tracks.iter_mut().find(|track| *track.agreed.mid == *mid);
        let track = track.ok_or_else(|| Error::argument(format!("the connection has no track {mid}")))?;
        let (Some(codec), Some(payload)) =
            (track.agreed.codec, track.payload.filter(|_| track.agreed.direction.sends()))
        else {
            return Err(Error::argument(format!("the track {mid} sends nothing")));
        };
        if !self.connected {
            return Err(unready("the connection was not made yet"));
        }
        if data.is_empty() {
            return Err(Error::argument("a frame was empty"));
        }
        if codec == Codec::Opus && data.len() > UNDIVIDED {
            let message =
                format!("a packet of Opus had {} bytes, and at most {UNDIVIDED} can be sent at once", data.len());
            return Err(Error::new(&code::LIMIT, message));
        }
        // The reports of all tracks tell one clock, whatever the pace of the caller.
        let start = *self.pace.get_or_insert_with(|| now.checked_sub(pts).unwrap_or(now));
        let mut wall = start.checked_add(pts).unwrap_or(now);
        if wall.max(now).saturating_duration_since(wall.min(now)) > SLACK {
            self.pace = now.checked_sub(pts);
            wall = now;
        }
        let rate = rate(codec);
        let wanted = ticks(pts, rate.get());
        let sent = track.sent.map_or(wanted, |last| wanted.max(last + 1));
        track.sent = Some(sent);
        let Some(writer) = self.stack.writer(track.mid) else { return Err(unready("the connection was over")) };
        writer.write(payload, wall, MediaTime::new(sent, rate), Arc::clone(data)).map_err(|error| broken(&error))?;
        track.counters.sent(codec.kind() == Some(Kind::Audio) || head(codec, data).keyframe);
        Ok(())
    }

    fn say(&mut self, label: &str, binary: bool, data: &[u8]) -> Result<()> {
        self.alive()?;
        if !self.connected {
            return Err(unready("the connection was not made yet"));
        }
        if !self.has_data() {
            return Err(unready("no data channels were agreed on"));
        }
        if data.is_empty() {
            // The stack would send nothing, where a byte that does not count is due (RFC 8831 6.6).
            return Err(Error::argument("an empty message cannot be sent"));
        }
        if data.len() > self.largest {
            let (size, most) = (data.len(), self.largest);
            let message = format!("a message had {size} bytes, and the other side takes at most {most}");
            return Err(Error::new(&code::LIMIT, message));
        }
        let Some(id) = self.channels.open(label) else {
            self.channels.keep(label, binary, data, CHANNELS)?;
            self.open_channels();
            return Ok(());
        };
        let Some(mut channel) = self.stack.channel(id) else { return Err(unready("the channel was closed")) };
        match channel.write(binary, data) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(&code::LIMIT, format!("too much waits on the channel {label}"))),
            Err(error) => {
                Err(Error::new(&code::LIMIT, format!("the channel {label} did not take the message: {error}")))
            }
        }
    }

    fn hush(&mut self, label: &str) -> Result<()> {
        let id: Option<ChannelId> = self.channels.id(label);
        let id = id.ok_or_else(|| Error::argument(format!("the connection has no channel {label}")))?;
        self.stack.direct_api().close_data_channel(id);
        Ok(())
    }

    fn ask_keyframe(&mut self, mid: &str) {
        self.request_keyframe(mid);
    }

    fn statistics(&self) -> Statistics {
        let mut statistics = self.statistics.clone();
        statistics.tracks = self
            .tracks
            .iter()
            .map(|track| {
                let (sent, received) = track.counters.numbers();
                (track.agreed.mid.clone(), sent, received)
            })
            .collect();
        statistics
    }

    fn receive(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr, data: &[u8]) -> Result<()> {
        let taken = self.take(now, local, remote, data)?;
        // The other side may be done with its checks before ours are, and what it begins the handshake with would come again
        // after a second only (RFC 6347 4.2.4.1).
        if !taken && !self.connected && matches!(data, [20..=63, ..]) && self.ahead.len() < AHEAD {
            self.ahead.push_back((local, remote, data.to_vec()));
        }
        Ok(())
    }

    fn pass(&mut self, now: Instant) -> Result<()> {
        self.stack.handle_input(Input::Timeout(now)).map_err(|error| broken(&error))
    }

    fn poll(&mut self, now: Instant) -> Result<Output> {
        loop {
            match self.stack.poll_output().map_err(|error| broken(&error))? {
                Out::Transmit(transmit) => {
                    let (from, to) = (transmit.source, transmit.destination);
                    let data: Vec<u8> = transmit.contents.into();
                    let urgent = self.is_urgent(&data);
                    return Ok(Output::Send(Datagram { from, to, data, urgent }));
                }
                Out::Event(event) => {
                    if let Some(news) = self.told(event) {
                        return Ok(Output::News(news));
                    }
                }
                Out::Timeout(_) if self.found && !self.ahead.is_empty() => {
                    if let Some((local, remote, data)) = self.ahead.pop_front() {
                        self.take(now, local, remote, &data)?;
                    }
                }
                Out::Timeout(at) if at <= now && self.stack.is_alive() => self.pass(now)?,
                Out::Timeout(at) => return Ok(Output::Wait(at)),
            }
        }
    }

    fn settle(&mut self, now: Instant) -> Result<()> {
        // It tells them at intervals alone: the next one is now. A rate over time that has not passed would be none.
        self.settled = true;
        match now.checked_add(self.interval) {
            Some(then) if self.connected && !self.over => self.pass(then),
            _ => Ok(()),
        }
    }

    fn close(&mut self) -> Result<()> {
        self.over = true;
        self.stack.close().map_err(|error| broken(&error))
    }
}
