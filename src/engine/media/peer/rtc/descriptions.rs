//! Offers and answers: what the stack makes and takes, and what is changed in them on the way (see the head of `rtc`).

use std::fmt::Display;

use str0m::{
    RtcError,
    change::{SdpAnswer, SdpOffer},
    media::{MediaKind, Mid, Pt},
};

use super::super::{
    super::{Codec, Kind},
    Agreed, Direction,
    sdp::Description,
};
use super::{RESEND, RESEND_WITHIN, Rtc, Track, codec_of, numbers::Counters, unready, useless, way};
use crate::error::{Error, Result, code};

/// What str0m says about a description has no secrets: it names sections and what it missed.
fn unfit(what: &str, error: &RtcError) -> Error {
    let why = plain(&error.to_string());
    Error::new(&code::MEDIA_SDP, format!("the {what} of the other side could not be used: {why}")).phase("signalling")
}

fn unread(what: &str, why: &dyn Display) -> Error {
    let why = plain(&why.to_string());
    Error::new(&code::MEDIA_SDP, format!("the {what} of the other side could not be read: {why}")).phase("signalling")
}

/// In one line, and without the place in our memory at which str0m says its parser was.
fn plain(why: &str) -> String {
    let why = why.replace(['\r', '\n'], " ");
    let place = why.split_once(" at PointerOffset(").and_then(|(before, rest)| Some((before, rest.split_once(')')?.1)));
    let why = place.map_or_else(|| why.clone(), |(before, behind)| format!("{before}:{behind}"));
    why.trim_end().to_owned()
}

/// Whether a candidate of ours is one that the other side told us in its checks: it finds those by itself.
fn is_found_by_checks(line: &str) -> bool {
    line.contains(" typ prflx")
}

impl Rtc {
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
                let known = |payload: &Pt| {
                    let format = params.iter().find(|one| one.pt() == *payload)?.spec().codec;
                    Some((codec_of(format)?, *payload))
                };
                // The order is that of the line of the section, which the stack does not keep.
                let named = section.codecs().filter_map(|(payload, _)| payload.parse().ok().map(Pt::new_with_value));
                let spoken = named.filter(|payload| media.remote_pts().contains(payload)).find_map(|one| known(&one));
                let spoken = spoken.or_else(|| media.remote_pts().iter().find_map(known));
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
        self.repeats = params.iter().filter_map(str0m::format::PayloadParams::resend).map(|payload| *payload).collect();
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

    /// The other side has told where it is: what came earlier of that is good now.
    fn described(&mut self) {
        self.described = true;
        for candidate in self.early.drain(..) {
            self.stack.add_remote_candidate(candidate);
        }
    }

    pub(super) fn make_offer(&mut self, restart: bool) -> Result<String> {
        self.alive()?;
        if self.pending.is_some() {
            return Err(unready("an offer is open already"));
        }
        self.leave_table();
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

    pub(super) fn take_answer(&mut self, answer: &str) -> Result<()> {
        self.alive()?;
        if self.pending.is_none() {
            return Err(unready("there was no offer to be answered"));
        }
        let mut text = Rtc::read("answer", answer)?;
        let Some((pending, offered)) = self.pending.take() else { return Ok(()) };
        self.leave_table();
        for (section, offered) in text.sections.iter_mut().filter(|section| section.kind().is_some()).zip(&offered) {
            section.name(&offered.mid);
        }
        text.regroup();
        let parsed = SdpAnswer::from_sdp_string(&text.to_string()).map_err(|error| unread("answer", &error))?;
        self.stack.sdp_api().accept_answer(pending, parsed).map_err(|error| unfit("answer", &error))?;
        self.agree(&text);
        let data = text.sections.iter().any(|section| section.kind().is_none() && !section.is_refused());
        self.channels.agreed(data);
        self.described();
        Ok(())
    }

    pub(super) fn make_answer(&mut self, offer: &str, agree: &dyn Fn(&Agreed) -> Direction) -> Result<String> {
        self.alive()?;
        if self.pending.is_some() {
            return Err(unready("the other side made an offer while ours was open"));
        }
        let mut text = Rtc::read("offer", offer)?;
        text.regroup();
        let (mut refused, mut orders) = (Vec::new(), Vec::new());
        for (at, section) in text.sections.iter_mut().enumerate() {
            let (Some(kind), Some(mid)) = (section.kind(), section.mid()) else { continue };
            let offered = section.direction().turned();
            let mut order: Vec<Codec> = section.codecs().map(|(_, codec)| codec).collect();
            order.dedup();
            let codec = order.first().copied();
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
            orders.push((mid.to_owned(), order));
            let chosen = agree(&agreed);
            let ways = Direction::of(chosen.sends() && offered.sends(), chosen.receives() && offered.receives());
            section.turn(ways.turned());
        }
        for at in refused {
            text.refuse(at);
        }
        self.leave_table();
        let parsed = SdpOffer::from_sdp_string(&text.to_string()).map_err(|error| unread("offer", &error))?;
        let answer = self.stack.sdp_api().accept_offer(parsed).map_err(|error| unfit("offer", &error))?;
        self.agree(&text);
        let data = text.sections.iter().any(|section| section.kind().is_none() && !section.is_refused());
        self.channels.agreed(data);
        self.described();
        let answer = answer.to_sdp_string();
        let Some(mut own) = Description::read(&answer) else { return Ok(answer) };
        own.leave_out(is_found_by_checks);
        for section in &mut own.sections {
            // What the other side likes best is answered first, so that both send the same.
            if let Some((_, order)) = orders.iter().find(|(mid, _)| section.mid() == Some(mid))
                && !section.is_refused()
            {
                section.keep(order);
            }
            section.stereo();
            section.fill();
        }
        Ok(own.to_string())
    }
}
