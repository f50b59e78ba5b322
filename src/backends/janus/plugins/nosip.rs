//! `NoSIP` (Janus specification 3.8): plain RTP, with the signalling left to the host.

use super::{Jsep, Plugin, Request};
use crate::error::code;

const GENERATE: &str = "info:text srtp:sdes_optional|sdes_mandatory srtp_profile:text update:bool";
const PROCESS: &str =
    "type:offer|answer! sdp:text! info:text srtp:sdes_optional|sdes_mandatory srtp_profile:text update:bool";
const RECORDING: &str = "action:start|stop! audio:bool video:bool peer_audio:bool peer_video:bool filename:text";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.nosip",
    requests: &[
        Request::later("generate", &[GENERATE]).jsep(Jsep::Must),
        Request::later("process", &[PROCESS]),
        Request::later("hangup", &[]).jsep(Jsep::No),
        Request::later("recording", &[RECORDING]).jsep(Jsep::No),
        // Newer servers.
        Request::later("keyframe", &["user:bool~ peer:bool~"]).jsep(Jsep::No),
        Request::later("rtp_forward", &["streams:[rtp_forward_stream]!~"]).jsep(Jsep::No),
        Request::later("stop_rtp_forward", &["stream_id:nat!~"]).jsep(Jsep::No),
        Request::later("listforwarders", &[]).jsep(Jsep::No),
    ],
    groups: &[(
        "rtp_forward_stream",
        "type:audio|video|peer_audio|peer_video! host:text! host_family:text port:nat! ssrc:nat pt:nat srtp_suite:nat srtp_crypto:secret",
    )],
    refusals: &[
        (440, &code::PLUGIN_ERROR),
        (441, &code::PLUGIN_ERROR),
        (442, &code::PLUGIN_INVALID_REQUEST),
        (443, &code::PLUGIN_MISSING_ELEMENT),
        (444, &code::PLUGIN_INVALID_ELEMENT),
        (445, &code::PLUGIN_WRONG_STATE),
        (446, &code::PLUGIN_SDP),
        (447, &code::PLUGIN_SDP),
        (448, &code::PLUGIN_ERROR),
        (449, &code::PLUGIN_ERROR),
        (450, &code::PLUGIN_SDP),
        (451, &code::PLUGIN_NO_SUCH_ITEM),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
