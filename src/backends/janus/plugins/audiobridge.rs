//! `AudioBridge` (Janus specification 3.5): rooms in which audio is mixed.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

const ROOM: &str = "room:id!";
const ID: &str = "id:id!";
const SECRET: &str = "secret:secret";
/// A secret that is looked at when the room has one.
const UNCHECKED_SECRET: &str = "secret:secret~";
const ADMIN_KEY: &str = "admin_key:secret~";
const CREATE: &str = "room:id description:text secret:secret pin:secret is_private:bool allowed:secrets sampling_rate:nat sampling:nat \
    spatial_audio:bool record:bool record_file:text record_dir:text mjrs:bool mjrs_dir:text allow_rtp_participants:bool permanent:bool \
    audiolevel_ext:bool audiolevel_event:bool audio_active_packets:nat audio_level_average:nat default_prebuffering:nat \
    default_expectedloss:nat default_bitrate:nat groups:texts denoise:bool~ signed_tokens:bool~";
const EDIT: &str = "secret:secret new_description:text new_secret:secret new_pin:secret new_is_private:bool new_record_dir:text \
    new_mjrs_dir:text permanent:bool";
const JOIN: &str = "room:id! pin:secret~ display:text token:secret group:text muted:bool codec:text prebuffer:nat bitrate:nat quality:nat \
    expected_loss:nat volume:nat spatial_position:nat audio_level_average:nat audio_active_packets:nat record:bool filename:text \
    generate_offer:bool rtp:{rtp} secret:secret suspended:bool~ pause_events:bool~ denoise:bool~";
const CONFIGURE: &str = "muted:bool prebuffer:nat bitrate:nat quality:nat expected_loss:nat volume:nat group:text spatial_position:nat \
    record:bool filename:text display:text generate_offer:bool update:bool denoise:bool~ rtp:{rtp}~";
const FORWARD: &str = "group:text ssrc:nat codec:text ptype:nat port:nat! host:text! host_family:text srtp_suite:nat srtp_crypto:secret \
    always_on:bool";
/// Who is meant by requests of newer servers.
const ONE: &str = "room:id!~ id:id!~ secret:secret~";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.audiobridge",
    requests: &[
        Request::sync("create", &[CREATE, ADMIN_KEY]),
        Request::sync("edit", &[ROOM, EDIT]),
        Request::sync("destroy", &[ROOM, "permanent:bool", UNCHECKED_SECRET]),
        Request::sync("list", &[ADMIN_KEY]),
        Request::sync("exists", &[ROOM]),
        Request::sync("allowed", &[ROOM, "secret:secret action:enable|disable|add|remove! allowed:secrets"]),
        Request::sync("mute", &[ROOM, ID, SECRET]),
        Request::sync("unmute", &[ROOM, ID, SECRET]),
        Request::sync("mute_room", &[ROOM, SECRET]),
        Request::sync("unmute_room", &[ROOM, SECRET]),
        Request::sync("kick", &[ROOM, ID, SECRET]),
        Request::sync("kick_all", &[ROOM, SECRET]),
        Request::sync("listparticipants", &[ROOM]),
        Request::sync("resetdecoder", &[]),
        Request::sync("rtp_forward", &[ROOM, FORWARD, UNCHECKED_SECRET, ADMIN_KEY]),
        Request::sync("stop_rtp_forward", &[ROOM, "stream_id:nat!", UNCHECKED_SECRET, ADMIN_KEY]),
        Request::sync("listforwarders", &[ROOM, UNCHECKED_SECRET]),
        Request::sync(
            "play_file",
            &[ROOM, "filename:text! file_id:text group:text loop:bool", UNCHECKED_SECRET, ADMIN_KEY],
        ),
        Request::sync("is_playing", &[ROOM, "file_id:text!", UNCHECKED_SECRET, ADMIN_KEY]),
        Request::sync("stop_file", &[ROOM, "file_id:text!", UNCHECKED_SECRET, ADMIN_KEY]),
        Request::sync(
            "enable_recording",
            &["room:id!~ record:bool! record_file:text record_dir:text", UNCHECKED_SECRET],
        ),
        Request::sync("enable_mjrs", &["room:id!~ mjrs:bool! mjrs_dir:text", UNCHECKED_SECRET]),
        Request::later("join", &[JOIN, "id:id"]).keeps(Keeps::Begins(&["id"])),
        Request::later("configure", &[CONFIGURE]).keeps(Keeps::Adds(&[])),
        Request::later("changeroom", &[JOIN, "id:id~"]).keeps(Keeps::BeginsAs("join", &["id"])),
        Request::later("leave", &[]).jsep(Jsep::No).keeps(Keeps::EndsAll),
        Request::later("hangup", &[]).jsep(Jsep::No),
        // Newer servers.
        Request::sync("suspend", &[ONE, "pause_events:bool~ stop_record:bool~"]),
        Request::sync("resume", &[ONE, "record:bool~ filename:text~"]),
        Request::sync("listannouncements", &["room:id!~ secret:secret~"]),
        Request::sync("stop_all_files", &["room:id!~ secret:secret~", ADMIN_KEY]),
        Request::sync("denoise_enable", &[ONE]),
        Request::sync("denoise_disable", &[ONE]),
    ],
    // Servers of 1.1 look at these and forget what they saw.
    groups: &[("rtp", "ip:text~ port:nat~ payload_type:nat~ audiolevel_ext:nat~ fec:bool~")],
    refusals: &[
        (480, &code::PLUGIN_ERROR),
        (481, &code::PLUGIN_ERROR),
        (482, &code::PLUGIN_INVALID_REQUEST),
        (483, &code::PLUGIN_MISSING_ELEMENT),
        (484, &code::PLUGIN_INVALID_ELEMENT),
        (485, &code::PLUGIN_NO_SUCH_ROOM),
        (486, &code::PLUGIN_ROOM_EXISTS),
        (487, &code::PLUGIN_NOT_JOINED),
        (488, &code::PLUGIN_ERROR),
        (489, &code::PLUGIN_UNAUTHORIZED),
        (490, &code::PLUGIN_ID_TAKEN),
        (491, &code::PLUGIN_ALREADY_JOINED),
        (492, &code::PLUGIN_NO_SUCH_USER),
        (493, &code::PLUGIN_SDP),
        (494, &code::PLUGIN_NO_SUCH_ITEM),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["leaving", "kicked", "participants", "result"],
};
