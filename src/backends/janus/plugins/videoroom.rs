//! `VideoRoom` (Janus specification 3.2): publishers and subscribers in rooms.

use super::{Case, Jsep, Keeps, Plugin, Request};
use crate::error::code;

const ROOM: &str = "room:id!";
const ID: &str = "id:id!";
const PUBLISHER_ID: &str = "publisher_id:id!";
const SECRET: &str = "secret:secret";
/// A secret that is looked at when the room has one.
const UNCHECKED_SECRET: &str = "secret:secret~";
const ADMIN_KEY: &str = "admin_key:secret~";
const CREATE: &str = "room:id description:text is_private:bool allowed:secrets secret:secret pin:secret require_pvtid:bool \
    signed_tokens:bool bitrate:nat bitrate_cap:bool fir_freq:nat publishers:nat audiocodec:text videocodec:text vp9_profile:text \
    h264_profile:text opus_fec:bool opus_dtx:bool video_svc:bool audiolevel_ext:bool audiolevel_event:bool audio_active_packets:nat \
    audio_level_average:nat videoorient_ext:bool playoutdelay_ext:bool transport_wide_cc_ext:bool record:bool rec_dir:text \
    lock_record:bool permanent:bool notify_joining:bool require_e2ee:bool dummy_publisher:bool dummy_streams:array dummy_e2ee:bool~ \
    threads:nat~";
const EDIT: &str = "secret:secret new_description:text new_is_private:bool new_secret:secret new_pin:secret new_require_pvtid:bool \
    new_bitrate:nat new_fir_freq:nat new_publishers:nat new_lock_record:bool new_rec_dir:text permanent:bool";

const JOIN: &str = "room:id! pin:secret~ ptype:publisher|subscriber! audio:bool video:bool data:bool bitrate:nat record:bool filename:text \
    token:secret";
/// The levels have another spelling where the server checks them than where it reads them.
const JOIN_PUBLISHER: &str = "id:id display:text metadata:object~ descriptions:[publish_desc]~ audio_active_packets:nat~ \
    audio_level_average:nat~";
const JOIN_CONFIGURE: &str = "audiocodec:text~ videocodec:text~ streams:[publish_stream]~ update:bool~ restart:bool~ keyframe:bool~ \
    secret:secret~";
const JOIN_SUBSCRIBER: &str = "streams:[subscriber_stream] feed:id~ private_id:nat use_msid:bool~ autoupdate:bool offer_audio:bool \
    offer_video:bool offer_data:bool substream:nat temporal:nat fallback:nat spatial_layer:nat temporal_layer:nat";
const PUBLISH: &str = "descriptions:[publish_desc] audiocodec:text videocodec:text bitrate:nat keyframe:bool record:bool filename:text \
    display:text metadata:object~ secret:secret audio_level_average:nat~ audio_active_packets:nat audio:bool video:bool data:bool \
    update:bool restart:bool";
/// The one stream that is meant when `streams` names none.
const ONE_STREAM: &str = "mid:text~ send:bool~ min_delay:int~ max_delay:int~";
/// What subscribers set on top of what publishers do.
const LAYERS: &str = "substream:nat~ temporal:nat~ fallback:nat~ spatial_layer:nat~ temporal_layer:nat~";

const FORWARD: &str = "secret:secret host:text! host_family:text simulcast:bool srtp_suite:nat srtp_crypto:secret \
    streams:[rtp_forward_stream] video_port:nat video_rtcp_port:nat video_ssrc:nat video_pt:nat video_port_2:nat video_ssrc_2:nat \
    video_pt_2:nat video_port_3:nat video_ssrc_3:nat video_pt_3:nat audio_port:nat audio_rtcp_port:nat audio_ssrc:nat audio_pt:nat \
    data_port:nat";
const FORWARD_STREAM: &str = "secret:secret mid:text! host:text host_family:text port:nat! rtcp_port:nat ssrc:nat pt:nat simulcast:bool \
    srtp_suite:nat srtp_crypto:secret port_2:nat ssrc_2:nat pt_2:nat port_3:nat ssrc_3:nat pt_3:nat";
const REMOTE: &str = "secret:secret remote_id:text! host:text! host_family:text port:nat! rtcp_port:nat srtp_suite:nat~ srtp_crypto:secret~";
const REMOTE_PUBLISHER: &str = "room:id! id:id secret:secret display:text mcast:text iface:text port:nat rtcp_port:nat~ \
    streams:[remote_publisher_stream]! metadata:object~ srtp_suite:nat~ srtp_crypto:secret~";
const REMOTE_UPDATE: &str = "secret:secret display:text streams:[remote_publisher_stream]! metadata:object~ srtp_suite:nat~ srtp_crypto:secret~";
/// The two profiles were checked as booleans by servers of 1.1, which read them as text all the same.
const REMOTE_STREAM: &str = "mid:text! mindex:nat! type:audio|video|data! codec:text description:text disabled:bool stereo:bool fec:bool \
    dtx:bool h264_profile:text~ vp9_profile:text~ simulcast:bool svc:bool audiolevel_ext_id:int videoorient_ext_id:int \
    playoutdelay_ext_id:int";

/// A subscriber's streams are its own to change; how they were changed cannot be told from the requests alone.
const SUBSCRIPTION: Keeps = Keeps::Alters;

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.videoroom",
    requests: &[
        Request::sync("create", &[CREATE, ADMIN_KEY]),
        Request::sync("edit", &[ROOM, EDIT]),
        Request::sync("destroy", &[ROOM, "permanent:bool", UNCHECKED_SECRET]),
        Request::sync("list", &[ADMIN_KEY]),
        Request::sync("exists", &[ROOM]),
        Request::sync("allowed", &[ROOM, "secret:secret action:enable|disable|add|remove! allowed:secrets"]),
        // Servers of 1.1 look at the room's type and forget what they saw.
        Request::sync("kick", &["room:id!~", ID, SECRET]),
        Request::sync("moderate", &["room:id!~", ID, "secret:secret mid:text! mute:bool!"]),
        Request::sync("listparticipants", &[ROOM]),
        Request::sync("rtp_forward", &[ROOM, PUBLISHER_ID, FORWARD, ADMIN_KEY]),
        Request::sync("stop_rtp_forward", &[ROOM, PUBLISHER_ID, "secret:secret stream_id:nat!", ADMIN_KEY]),
        Request::sync("listforwarders", &[ROOM, UNCHECKED_SECRET]),
        Request::sync("enable_recording", &["room:id!~ record:bool!", UNCHECKED_SECRET]),
        Request::sync("publish_remotely", &[ROOM, PUBLISHER_ID, REMOTE, ADMIN_KEY]),
        Request::sync("unpublish_remotely", &[ROOM, PUBLISHER_ID, "secret:secret remote_id:text!"]),
        Request::sync("listremotes", &[ROOM, PUBLISHER_ID, UNCHECKED_SECRET]),
        Request::sync("add_remote_publisher", &[REMOTE_PUBLISHER]),
        Request::sync("update_remote_publisher", &[ROOM, ID, REMOTE_UPDATE]),
        Request::sync("remove_remote_publisher", &[ROOM, ID, UNCHECKED_SECRET]),
        Request::later("join", &[JOIN])
            .cases(&[
                Case { when: &[("ptype", "publisher")], fields: &[JOIN_PUBLISHER] },
                Case { when: &[("ptype", "subscriber")], fields: &[JOIN_SUBSCRIBER] },
            ])
            .jsep(Jsep::No)
            .keeps(Keeps::Begins(&["id"])),
        Request::later("joinandconfigure", &[JOIN])
            .cases(&[
                Case { when: &[("ptype", "publisher")], fields: &[JOIN_PUBLISHER, JOIN_CONFIGURE] },
                Case { when: &[("ptype", "subscriber")], fields: &[JOIN_SUBSCRIBER] },
            ])
            .keeps(Keeps::Begins(&["id"])),
        Request::later("publish", &[PUBLISH, "streams:[publish_stream]~", ONE_STREAM]).keeps(Keeps::Adds(&[])),
        Request::later("unpublish", &[]).jsep(Jsep::No).keeps(Keeps::Ends(&["publish"], &[])),
        Request::later("configure", &[PUBLISH, "streams:[configure_stream]~", ONE_STREAM, LAYERS])
            .keeps(Keeps::Adds(&["mid"])),
        Request::later("subscribe", &["streams:[subscriber_stream]!"]).keeps(SUBSCRIPTION),
        Request::later("unsubscribe", &["streams:[subscriber_remove]!"]).keeps(SUBSCRIPTION),
        Request::later("update", &["subscribe:[subscriber_stream] unsubscribe:[subscriber_remove]"])
            .keeps(SUBSCRIPTION),
        Request::later("start", &[]).keeps(Keeps::Ends(&["pause"], &[])),
        Request::later("pause", &[]).jsep(Jsep::No).keeps(Keeps::Adds(&[])),
        Request::later("switch", &["streams:[switch_update] feed:id~"]).keeps(SUBSCRIPTION),
        Request::later("leave", &[]).jsep(Jsep::No).keeps(Keeps::EndsAll),
    ],
    groups: &[
        ("publish_desc", "mid:text! description:text!"),
        ("publish_stream", "mid:text send:bool min_delay:int max_delay:int keyframe:bool~"),
        (
            "configure_stream",
            "mid:text send:bool audio_level_average:nat~ audio_active_packets:nat substream:nat temporal:nat fallback:nat spatial_layer:nat \
             temporal_layer:nat min_delay:int max_delay:int keyframe:bool~",
        ),
        (
            "subscriber_stream",
            "feed:id! mid:text crossrefid:text send:bool substream:nat temporal:nat fallback:nat~ spatial_layer:nat temporal_layer:nat \
             min_delay:int max_delay:int",
        ),
        ("subscriber_remove", "feed:id mid:text sub_mid:text"),
        (
            "switch_update",
            "feed:id! mid:text! sub_mid:text! substream:nat~ temporal:nat~ spatial_layer:nat~ temporal_layer:nat~",
        ),
        ("rtp_forward_stream", FORWARD_STREAM),
        ("remote_publisher_stream", REMOTE_STREAM),
    ],
    refusals: &[
        (421, &code::PLUGIN_ERROR),
        (422, &code::PLUGIN_ERROR),
        (423, &code::PLUGIN_INVALID_REQUEST),
        (424, &code::PLUGIN_NOT_JOINED),
        (425, &code::PLUGIN_ALREADY_JOINED),
        (426, &code::PLUGIN_NO_SUCH_ROOM),
        (427, &code::PLUGIN_ROOM_EXISTS),
        (428, &code::PLUGIN_NO_SUCH_FEED),
        (429, &code::PLUGIN_MISSING_ELEMENT),
        (430, &code::PLUGIN_INVALID_ELEMENT),
        (431, &code::PLUGIN_SDP),
        (432, &code::PLUGIN_FULL),
        (433, &code::PLUGIN_UNAUTHORIZED),
        (434, &code::PLUGIN_ALREADY_JOINED),
        (435, &code::PLUGIN_WRONG_STATE),
        (436, &code::PLUGIN_ID_TAKEN),
        (437, &code::PLUGIN_SDP),
        (438, &code::PLUGIN_INVALID_ELEMENT),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &[
        "publishers",
        "unpublished",
        "leaving",
        "joining",
        "kicked",
        "configured",
        "started",
        "paused",
        "switched",
        "left",
        "moderation",
    ],
};
