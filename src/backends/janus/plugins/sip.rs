//! SIP (Janus specification 3.8): calls through SIP servers.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

const REGISTER: &str = "type:text send_register:bool force_udp:bool force_tcp:bool sips:bool rfc2543_cancel:bool automatic_ringing:bool~ \
    username:text! secret:secret ha1_secret:secret authuser:text display_name:text user_agent:text headers:object contact_params:object \
    master_id:int refresh:bool incoming_header_prefixes:texts register_ttl:int proxy:text outbound_proxy:text";
const SUBSCRIBE: &str =
    "to:text event:text! accept:text subscribe_ttl:int call_id:text headers:object content:text~ content_type:text~";
const CALL: &str = "uri:text! headers:object call_id:text srtp:sdes_optional|sdes_mandatory srtp_profile:text autoaccept_reinvites:bool \
    refer_id:int secret:secret ha1_secret:secret authuser:text";
const ACCEPT: &str = "srtp:sdes_optional|sdes_mandatory headers:object autoaccept_reinvites:bool srtp_profile:text~";
const RECORDING: &str = "action:start|stop|pause|resume! audio:bool video:bool peer_audio:bool peer_video:bool send_peer_pli:bool filename:text";
/// Subscriptions are told apart by these.
const SUBSCRIPTION: &[&str] = &["to", "event"];

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.sip",
    requests: &[
        Request::later("register", &[REGISTER]).jsep(Jsep::No).keeps(Keeps::Begins(&[])),
        Request::later("unregister", &["headers:object~"]).jsep(Jsep::No).keeps(Keeps::EndsAll),
        Request::later("subscribe", &[SUBSCRIBE]).jsep(Jsep::No).keeps(Keeps::Adds(SUBSCRIPTION)),
        Request::later("unsubscribe", &[SUBSCRIBE]).jsep(Jsep::No).keeps(Keeps::Ends(&["subscribe"], SUBSCRIPTION)),
        Request::later("call", &[CALL]).jsep(Jsep::Must).keeps(Keeps::Adds(&[])),
        Request::later("accept", &[ACCEPT]).keeps(Keeps::Adds(&[])),
        Request::later("update", &[]),
        Request::later("decline", &["code:int headers:object refer_id:int"]).jsep(Jsep::No),
        Request::later("transfer", &["uri:text! call_id:text replace:text~"]).jsep(Jsep::No),
        Request::later("hold", &["direction:sendonly|recvonly|inactive"]).jsep(Jsep::No),
        Request::later("unhold", &[]).jsep(Jsep::No),
        Request::later("hangup", &["headers:object~"]).jsep(Jsep::No).keeps(Keeps::Ends(&["call", "accept"], &[])),
        Request::later("recording", &[RECORDING]).jsep(Jsep::No),
        Request::later("info", &["type:text! content:text! headers:object"]).jsep(Jsep::No),
        // `message` is the verb for any message of a handle.
        Request::later("sipmessage", &["content_type:text content:text! uri:text headers:object call_id:text"])
            .wire(Some("message"))
            .jsep(Jsep::No),
        Request::later("dtmf_info", &["digit:text! duration:nat headers:object"]).jsep(Jsep::No),
        Request::later("reset", &[]).jsep(Jsep::No),
        // Newer servers.
        Request::later(
            "progress",
            &["srtp:sdes_optional|sdes_mandatory~ srtp_profile:text~ headers:object~ autoaccept_reinvites:bool~"],
        ),
        Request::later("send_ringing", &["headers:object~"]).jsep(Jsep::No),
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
        (445, &code::PLUGIN_ALREADY_JOINED),
        (446, &code::PLUGIN_ERROR),
        (447, &code::PLUGIN_WRONG_STATE),
        (448, &code::PLUGIN_SDP),
        (449, &code::PLUGIN_ERROR),
        (450, &code::PLUGIN_ERROR),
        (451, &code::PLUGIN_ERROR),
        (452, &code::PLUGIN_SDP),
        (453, &code::PLUGIN_ERROR),
        (454, &code::PLUGIN_NO_SUCH_ITEM),
        (455, &code::PLUGIN_NO_SUCH_ITEM),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
