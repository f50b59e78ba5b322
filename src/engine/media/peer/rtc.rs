//! The one place that knows str0m: a [`Peer`] out of its state machine.
//!
//! What it leaves to others: addresses and sockets, STUN servers, the pace of frames. What is done around it here: which
//! codecs a track may have (it has one list for the whole connection), which way the tracks of an offer go (it takes what is
//! offered), candidates that come before their description, channels that are wanted before they can be, and times.

mod channels;
mod numbers;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, IceConnectionState, Input, Output as Out, Rtc as Stack, RtcConfig, RtcError,
    bwe::BweKind,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    channel::ChannelId,
    format::Codec as Format,
    media::{Direction as Way, Frequency, KeyframeRequestKind, MediaData, MediaKind, MediaTime, Mid, Pt},
    net::{DatagramRecv, Protocol, Receive},
};

use self::{
    channels::{Channels, Step},
    numbers::Counters,
};
use super::{
    super::{Codec, Kind, codec::head},
    Agreed, Arrived, Direction, Statistics, Terms, Wish,
    protocol::{Datagram, News, Output, Peer},
    sdp::Description,
    timeline::{Origin, Report, Timeline, ticks},
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
/// How far the pace of a caller may be off before its times are taken to begin anew.
const SLACK: Duration = Duration::from_millis(250);

/// A connection of str0m.
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
    connected: bool,
    found: bool,
    /// What the times of the caller's frames are counted from.
    pace: Option<Instant>,
    origin: Option<Origin>,
    statistics: Statistics,
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

/// What str0m says about a description has no secrets: it names sections and what it missed.
fn unfit(what: &str, error: &RtcError) -> Error {
    let why = error.to_string().replace(['\r', '\n'], " ");
    Error::new(&code::MEDIA_SDP, format!("the {what} of the other side could not be used: {why}")).phase("signalling")
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
            connected: false,
            found: false,
            pace: None,
            origin: None,
            statistics: Statistics::default(),
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

    /// The other side has told where it is: what came earlier of that is good now.
    fn described(&mut self) {
        self.described = true;
        for candidate in self.early.drain(..) {
            self.stack.add_remote_candidate(candidate);
        }
    }

    /// Takes over what was agreed on; `remote` is the other side's description.
    fn agree(&mut self, remote: &Description) {
        let mut old = std::mem::take(&mut self.tracks);
        for section in &remote.sections {
            let (Some(kind), Some(name)) = (section.kind(), section.mid()) else { continue };
            let mid = Mid::from(name);
            let known = old.iter().position(|track| track.mid == mid).map(|at| old.swap_remove(at));
            let new = known.is_none();
            let mut track = known.unwrap_or_else(|| Track {
                mid,
                agreed: Agreed { mid: name.into(), kind, direction: Direction::Inactive, codec: None, stream: None },
                payload: None,
                sent: None,
                line: None,
                counters: Counters::default(),
            });
            let agreed = &mut track.agreed;
            (agreed.direction, agreed.codec, track.payload) = (Direction::Inactive, None, None);
            if let Some(media) = self.stack.media(mid).filter(|media| !media.disabled()) {
                let params = self.stack.codec_config().params();
                let spoken = media.remote_pts().iter().find_map(|payload| {
                    let format = params.iter().find(|one| one.pt() == *payload)?.spec().codec;
                    Some((codec_of(format)?, *payload))
                });
                if let Some((codec, payload)) = spoken {
                    agreed.direction = Direction::of(media.direction().is_sending(), media.direction().is_receiving());
                    agreed.codec = Some(codec);
                    track.payload = Some(payload);
                }
            }
            if new && let Some(stream) = self.stack.direct_api().stream_tx_by_mid(mid, None) {
                // What the other side misses is sent again whatever part of the whole that is: frames of a file cannot be made
                // anew.
                stream.set_rtx_cache(RESEND, RESEND_WITHIN, None);
            }
            agreed.stream = section.stream().map(Into::into).or(agreed.stream.take());
            self.tracks.push(track);
        }
        let params = self.stack.codec_config().params();
        self.repeats = params.iter().filter_map(|one| one.resend()).map(|payload| *payload).collect();
    }

    fn read(what: &'static str, text: &str) -> Result<Description> {
        let mut description = Description::read(text).ok_or_else(|| {
            Error::new(&code::MEDIA_SDP, format!("the {what} of the other side was no description")).phase("signalling")
        })?;
        description.leave_out(useless);
        for section in &mut description.sections {
            section.complete();
        }
        Ok(description)
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

    fn arrived(&mut self, data: MediaData) -> Option<News> {
        let track = self.tracks.iter_mut().find(|track| track.mid == data.mid)?;
        let codec = codec_of(data.params.spec().codec)?;
        let report = data.last_sender_info.map(|info| Report { wall: info.ntp_time, ticks: info.rtp_time.numer() });
        let (arrived, start) = (data.network_time, data.time.numer());
        let origin = &mut self.origin;
        let line = track.line.get_or_insert_with(|| Timeline::new(data.time.denom(), start, arrived, report, origin));
        let keyframe = codec.kind() == Some(Kind::Audio) || data.is_keyframe();
        let (first, last) = (**data.seq_range.start(), **data.seq_range.end());
        track.counters.arrived(keyframe, data.contiguous, first, last);
        Some(News::Frame(Arrived {
            mid: track.agreed.mid.clone(),
            codec,
            pts: line.time(start),
            keyframe,
            contiguous: data.contiguous,
            data: data.data,
        }))
    }

    /// What an event is to others; most are nothing to them.
    fn told(&mut self, event: Event) -> Option<News> {
        match event {
            Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed) => {
                let before = std::mem::replace(&mut self.found, true);
                (!before).then_some(News::Found)
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                std::mem::replace(&mut self.found, false).then_some(News::Interrupted)
            }
            Event::Connected => {
                self.connected = true;
                self.open_channels();
                Some(News::Connected)
            }
            Event::Closed => {
                self.over = true;
                Some(News::Closed)
            }
            Event::MediaData(data) => self.arrived(data),
            Event::KeyframeRequest(request) => Some(News::KeyframeWanted(self.name(request.mid)?)),
            Event::ChannelOpen(id, label) => {
                for step in self.channels.opened(id, &label) {
                    let Step { binary, data } = step;
                    if let Some(mut channel) = self.stack.channel(id) {
                        let _ = channel.write(binary, &data);
                    }
                }
                Some(News::Channel(label.into()))
            }
            Event::ChannelData(data) => {
                let label = self.channels.label(data.id)?;
                Some(News::Data(label, data.binary, data.data))
            }
            Event::ChannelClose(id) => self.channels.closed(id).map(News::ChannelClosed),
            Event::PeerStats(numbers) => {
                if let Some(pair) = numbers.selected_candidate_pair {
                    self.statistics.pair = Some((pair.local.addr, pair.remote.addr));
                    let rtt = numbers.rtt.or(pair.current_round_trip_time);
                    self.statistics.rtt = rtt.map(|time| time.as_secs_f64()).or(self.statistics.rtt);
                }
                None
            }
            Event::MediaEgressStats(numbers) => {
                let track = self.tracks.iter_mut().find(|track| track.mid == numbers.mid)?;
                track.counters.outgoing(&numbers);
                None
            }
            Event::MediaIngressStats(numbers) => {
                let track = self.tracks.iter_mut().find(|track| track.mid == numbers.mid)?;
                let rate = track.agreed.codec.map_or(90_000, |codec| rate(codec).get());
                track.counters.incoming(&numbers, rate);
                None
            }
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                self.statistics.available = Some(estimate.as_u64());
                None
            }
            _ => None,
        }
    }

    /// Whether a datagram is anything but media that goes for the first time (RFC 7983 7, RFC 5761 4).
    fn is_urgent(&self, data: &[u8]) -> bool {
        let (Some(128..=191), Some(second)) = (data.first(), data.get(1)) else { return true };
        (192..=223).contains(second) || self.repeats.contains(&(second & 0x7F))
    }

    fn name(&self, mid: Mid) -> Option<Box<str>> {
        self.tracks.iter().find(|track| track.mid == mid).map(|track| track.agreed.mid.clone())
    }
}

/// Whether a candidate of ours is one that the other side told us in its checks: it finds those by itself.
fn is_found_by_checks(line: &str) -> bool {
    line.contains(" typ prflx")
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

    fn offer(&mut self, restart: bool) -> Result<String> {
        self.alive()?;
        if self.pending.is_some() {
            return Err(unready("an offer is open already"));
        }
        let mut changes = self.stack.sdp_api();
        for mid in self.retired.drain(..) {
            changes.stop_media(mid);
        }
        for (mid, direction) in self.turns.drain(..) {
            changes.set_direction(mid, way(direction));
        }
        let mut planned = Vec::new();
        for wish in self.wishes.drain(..) {
            let kind = if wish.kind == Kind::Audio { MediaKind::Audio } else { MediaKind::Video };
            let mid = changes.add_media(kind, way(wish.direction), None, None, None);
            planned.push((mid.to_string(), wish));
        }
        if let Some(label) = self.channel.take() {
            let id = changes.add_channel(label.to_string());
            self.channels.offered(&label, id);
        }
        if restart && self.described {
            changes.ice_restart(true);
        }
        let Some((offer, pending)) = changes.apply() else { return Err(unready("nothing was planned for an offer")) };
        let offer = offer.to_sdp_string();
        let Some(mut text) = Description::read(&offer) else { return Ok(offer) };
        text.leave_out(is_found_by_checks);
        let mut tracks: Vec<Agreed> = self.tracks.iter().map(|track| track.agreed.clone()).collect();
        for section in &mut text.sections {
            let wish = planned.iter().find(|(mid, _)| section.mid() == Some(mid));
            if let Some((mid, wish)) = wish {
                section.keep(&wish.codecs);
                let (kind, direction) = (wish.kind, wish.direction);
                tracks.push(Agreed { mid: mid.as_str().into(), kind, direction, codec: None, stream: None });
            }
            section.stereo();
            section.fill();
        }
        // From here on candidates belong to the answer.
        self.described = false;
        self.pending = Some((pending, tracks));
        Ok(text.to_string())
    }

    fn withdraw(&mut self) {
        if self.pending.take().is_some() {
            self.channels.withdrawn();
            self.described = !self.tracks.is_empty() || self.has_data();
        }
    }

    fn accept(&mut self, answer: &str) -> Result<()> {
        self.alive()?;
        if self.pending.is_none() {
            return Err(unready("there was no offer to be answered"));
        }
        let mut text = Rtc::read("answer", answer)?;
        let Some((pending, offered)) = self.pending.take() else { return Ok(()) };
        for (section, offered) in text.sections.iter_mut().filter(|section| section.kind().is_some()).zip(&offered) {
            section.name(&offered.mid);
        }
        text.regroup();
        let unread = |why: &dyn std::fmt::Display| {
            let why = why.to_string().replace(['\r', '\n'], " ");
            Error::new(&code::MEDIA_SDP, format!("the answer of the other side could not be read: {why}"))
                .phase("signalling")
        };
        let parsed = SdpAnswer::from_sdp_string(&text.to_string()).map_err(|error| unread(&error))?;
        self.stack.sdp_api().accept_answer(pending, parsed).map_err(|error| unfit("answer", &error))?;
        self.agree(&text);
        let data = text.sections.iter().any(|section| section.kind().is_none() && !section.is_refused());
        self.channels.agreed(data);
        self.described();
        Ok(())
    }

    fn answer(&mut self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String> {
        self.alive()?;
        if self.pending.is_some() {
            return Err(unready("the other side made an offer while ours was open"));
        }
        let mut text = Rtc::read("offer", offer)?;
        text.regroup();
        let mut refused = Vec::new();
        for (at, section) in text.sections.iter_mut().enumerate() {
            let (Some(kind), Some(mid)) = (section.kind(), section.mid()) else { continue };
            let offered = section.direction().turned();
            let codec = section.codecs().next().map(|(_, codec)| codec);
            let agreed = Agreed {
                mid: mid.into(),
                kind,
                direction: offered,
                codec: codec.filter(|_| !section.is_refused()),
                stream: section.stream().map(Into::into),
            };
            if agreed.codec.is_none() && !section.is_refused() {
                refused.push(at);
            }
            let chosen = agree(&agreed);
            let ways = Direction::of(chosen.sends() && offered.sends(), chosen.receives() && offered.receives());
            section.turn(ways.turned());
        }
        for at in refused {
            text.refuse(at);
        }
        let unread = |why: &dyn std::fmt::Display| {
            let why = why.to_string().replace(['\r', '\n'], " ");
            Error::new(&code::MEDIA_SDP, format!("the offer of the other side could not be read: {why}"))
                .phase("signalling")
        };
        let parsed = SdpOffer::from_sdp_string(&text.to_string()).map_err(|error| unread(&error))?;
        let answer = self.stack.sdp_api().accept_offer(parsed).map_err(|error| unfit("offer", &error))?;
        self.agree(&text);
        let data = text.sections.iter().any(|section| section.kind().is_none() && !section.is_refused());
        self.channels.agreed(data);
        self.described();
        let answer = answer.to_sdp_string();
        let Some(mut own) = Description::read(&answer) else { return Ok(answer) };
        own.leave_out(is_found_by_checks);
        for section in &mut own.sections {
            section.stereo();
            section.fill();
        }
        Ok(own.to_string())
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
        let Ok(mid) = self.mid(mid) else { return };
        if let Some(mut writer) = self.stack.writer(mid) {
            let kind = [KeyframeRequestKind::Pli, KeyframeRequestKind::Fir]
                .into_iter()
                .find(|kind| writer.is_request_keyframe_possible(*kind));
            if let Some(kind) = kind {
                let _ = writer.request_keyframe(None, kind);
            }
        }
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
        // What is no datagram of WebRTC, or from somebody else, is nothing.
        let Ok(contents) = DatagramRecv::try_from(data) else { return Ok(()) };
        let input = Input::Receive(now, Receive { proto: Protocol::Udp, source: remote, destination: local, contents });
        if !self.stack.accepts(&input) {
            return Ok(());
        }
        self.stack.handle_input(input).map_err(|error| broken(&error))
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
                Out::Timeout(at) if at <= now && self.stack.is_alive() => self.pass(now)?,
                Out::Timeout(at) => return Ok(Output::Wait(at)),
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        self.over = true;
        self.stack.close().map_err(|error| broken(&error))
    }
}
