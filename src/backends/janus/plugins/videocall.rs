//! `VideoCall` (Janus specification 3.3): two users by name.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

const SETTINGS: &str = "audio:bool video:bool bitrate:nat record:bool filename:text restart:bool substream:nat~ temporal:nat~ fallback:nat~";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.videocall",
    requests: &[
        Request::later("list", &[]).jsep(Jsep::No),
        Request::later("register", &["username:text!"]).jsep(Jsep::No).keeps(Keeps::Begins(&[])),
        Request::later("call", &["username:text!"]).jsep(Jsep::Must).keeps(Keeps::Adds(&[])),
        Request::later("accept", &[]).jsep(Jsep::Must).keeps(Keeps::Adds(&[])),
        Request::later("set", &[SETTINGS]).keeps(Keeps::Adds(&[])),
        Request::later("hangup", &["reason:text~"]).jsep(Jsep::No).keeps(Keeps::Ends(&["call", "accept"], &[])),
    ],
    groups: &[],
    refusals: &[
        (470, &code::PLUGIN_ERROR),
        (471, &code::PLUGIN_ERROR),
        (472, &code::PLUGIN_INVALID_REQUEST),
        (473, &code::PLUGIN_NOT_JOINED),
        (474, &code::PLUGIN_INVALID_ELEMENT),
        (475, &code::PLUGIN_MISSING_ELEMENT),
        (476, &code::PLUGIN_ID_TAKEN),
        (477, &code::PLUGIN_ALREADY_JOINED),
        (478, &code::PLUGIN_NO_SUCH_USER),
        (479, &code::PLUGIN_WRONG_STATE),
        (480, &code::PLUGIN_ALREADY_JOINED),
        (481, &code::PLUGIN_WRONG_STATE),
        (482, &code::PLUGIN_SDP),
        (483, &code::PLUGIN_SDP),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
