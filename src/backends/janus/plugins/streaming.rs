//! Streaming (Janus specification 3.6): mountpoints that are watched.

use super::{Case, Jsep, Keeps, Plugin, Request};
use crate::error::code;

const ID: &str = "id:id!";
const UNCHECKED_SECRET: &str = "secret:secret~";
const CREATE: &str = "id:id admin_key:secret~ type:rtp|live|ondemand|rtsp! name:text description:text metadata:text is_private:bool \
    secret:secret pin:secret permanent:bool audio:bool video:bool data:bool";
const RTP: &str = "media:[rtp_media] collision:nat threads:nat srtpsuite:nat srtpcrypto:secret e2ee:bool playoutdelay_ext:bool \
    bufferkf_ms:nat~ bufferkf_bytes:nat~ abscapturetime_src_ext_id:nat~";
const RTP_AUDIO: &str = "audiomcast:text audioport:nat! audiortcpport:nat audiopt:nat! audiocodec:text audiortpmap:text audiofmtp:text \
    audioiface:text audioskew:bool";
const RTP_VIDEO: &str = "videomcast:text videoport:nat! videortcpport:nat videopt:nat! videocodec:text videortpmap:text videofmtp:text \
    videobufferkf:bool videoiface:text videosimulcast:bool videoport2:nat videoport3:nat videoskew:bool videosvc:bool h264sps:text~";
const RTP_DATA: &str = "datamcast:text~ dataport:nat! databuffermsg:bool datatype:text dataiface:text";
const FILE: &str = "filename:text! audiocodec:text audiortpmap:text audiofmtp:text audiopt:nat";
const RTSP: &str = "url:text rtsp_user:text rtsp_pwd:secret rtsp_reconnect_delay:nat rtsp_session_timeout:nat rtsp_timeout:nat \
    rtsp_conn_timeout:nat audiocodec:text audiortpmap:text audiofmtp:text audiopt:nat videocodec:text videortpmap:text videofmtp:text \
    videopt:nat videobufferkf:bool threads:nat rtspiface:text rtsp_failcheck:bool rtsp_check:bool~ rtsp_quirk:bool~ \
    rtsp_notify_changes:bool~ bufferkf_ms:nat~ bufferkf_bytes:nat~";
const MEDIA: &str = "type:audio|video|data! mid:text! label:text msid:text mcast:text iface:text port:nat! rtcpport:nat pt:nat codec:text \
    rtpmap:text fmtp:text skew:bool bufferkf:bool simulcast:bool port2:nat port3:nat svc:bool buffermsg:bool datatype:text~ h264sps:text~";
const EDIT: &str = "secret:secret~ new_description:text new_metadata:text new_secret:secret new_pin:secret new_is_private:bool \
    permanent:bool edited_event:bool";
const WATCH: &str = "pin:secret media:texts restart:bool offer_audio:bool offer_video:bool offer_data:bool";
/// Looked at only when the mountpoint has such media.
const LAYERS: &str = "substream:nat~ temporal:nat~ fallback:nat~ spatial_layer:nat~ temporal_layer:nat~";
const CONFIGURE_STREAM: &str = "mid:text~ send:bool~ substream:nat~ temporal:nat~ fallback:nat~ spatial_layer:nat~ temporal_layer:nat~ \
    min_delay:int~ max_delay:int~";
/// Servers of 1.1 look at these and go on whatever they saw.
const CONFIGURE: &str = "mid:text~ streams:[configure_stream]~ send:bool~ substream:nat~ temporal:nat~ fallback:nat~ \
    spatial_layer:nat~ temporal_layer:nat~ min_delay:int~ max_delay:int~ audio:text~ video:text~ data:text~";

/// Streams of packets are described by `media`, or in the old way with a flag for each kind.
const CREATE_CASES: &[Case] = &[
    Case { when: &[("type", "rtp")], fields: &[RTP] },
    Case { when: &[("type", "rtp"), ("audio", "true"), ("media", "")], fields: &[RTP_AUDIO] },
    Case { when: &[("type", "rtp"), ("video", "true"), ("media", "")], fields: &[RTP_VIDEO] },
    Case { when: &[("type", "rtp"), ("data", "true"), ("media", "")], fields: &[RTP_DATA] },
    Case { when: &[("type", "live")], fields: &[FILE] },
    Case { when: &[("type", "ondemand")], fields: &[FILE] },
    Case { when: &[("type", "rtsp")], fields: &[RTSP] },
];
const RECORDING_CASES: &[Case] = &[
    Case { when: &[("action", "start")], fields: &["media:[recording_stream] audio:text video:text data:text"] },
    Case { when: &[("action", "stop")], fields: &["media:[recording_stream] audio:bool video:bool data:bool"] },
];

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.streaming",
    requests: &[
        Request::sync("list", &["admin_key:secret~"]),
        Request::sync("info", &[ID, UNCHECKED_SECRET]),
        Request::sync("create", &[CREATE]).cases(CREATE_CASES),
        Request::sync("edit", &[ID, EDIT]),
        Request::sync("destroy", &[ID, "permanent:bool", UNCHECKED_SECRET]),
        Request::sync("recording", &[ID, "action:start|stop!", UNCHECKED_SECRET]).cases(RECORDING_CASES),
        Request::sync("enable", &[ID, UNCHECKED_SECRET]),
        Request::sync("disable", &[ID, "stop_recording:bool", UNCHECKED_SECRET]),
        Request::sync("kick_all", &[ID, UNCHECKED_SECRET]),
        Request::later("watch", &[ID, WATCH, LAYERS]).keeps(Keeps::Begins(&[])),
        Request::later("start", &[]).keeps(Keeps::Ends(&["pause"], &[])),
        Request::later("pause", &[]).jsep(Jsep::No).keeps(Keeps::Adds(&[])),
        Request::later("configure", &[CONFIGURE]).jsep(Jsep::No).keeps(Keeps::Adds(&["mid"])),
        Request::later("switch", &[ID]).jsep(Jsep::No).keeps(Keeps::Alters),
        Request::later("stop", &[]).jsep(Jsep::No).keeps(Keeps::EndsAll),
    ],
    groups: &[
        ("rtp_media", MEDIA),
        ("recording_stream", "mid:text~ filename:text~"),
        ("configure_stream", CONFIGURE_STREAM),
    ],
    refusals: &[
        (450, &code::PLUGIN_ERROR),
        (451, &code::PLUGIN_ERROR),
        (452, &code::PLUGIN_INVALID_REQUEST),
        (453, &code::PLUGIN_MISSING_ELEMENT),
        (454, &code::PLUGIN_INVALID_ELEMENT),
        (455, &code::PLUGIN_NO_SUCH_ITEM),
        (456, &code::PLUGIN_ERROR),
        (457, &code::PLUGIN_UNAUTHORIZED),
        (458, &code::PLUGIN_ERROR),
        (459, &code::PLUGIN_ERROR),
        (460, &code::PLUGIN_WRONG_STATE),
        (461, &code::PLUGIN_SDP),
        (470, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
