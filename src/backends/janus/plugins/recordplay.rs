//! Record&Play (Janus specification 3.7): media into files of the server, and back.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

const RECORD: &str = "name:text!# id:nat is_private:bool~ filename:text audiocodec:text videocodec:text videoprofile:text opusred:bool \
    textdata:bool update:bool";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.recordplay",
    requests: &[
        Request::sync("update", &[]),
        Request::sync("list", &["admin_key:secret~"]),
        Request::sync("configure", &["video-bitrate-max:nat video-keyframe-interval:nat"]).keeps(Keeps::Adds(&[])),
        Request::later("record", &[RECORD]).jsep(Jsep::Must).keeps(Keeps::Adds(&[])),
        Request::later("play", &["id:nat! restart:bool"]).jsep(Jsep::No).keeps(Keeps::Adds(&[])),
        Request::later("start", &[]),
        Request::later("pause", &[]).jsep(Jsep::No),
        Request::later("resume", &[]).jsep(Jsep::No),
        Request::later("stop", &[]).jsep(Jsep::No).keeps(Keeps::Ends(&["record", "play"], &[])),
    ],
    groups: &[],
    refusals: &[
        (411, &code::PLUGIN_ERROR),
        (412, &code::PLUGIN_ERROR),
        (413, &code::PLUGIN_INVALID_REQUEST),
        (414, &code::PLUGIN_INVALID_ELEMENT),
        (415, &code::PLUGIN_MISSING_ELEMENT),
        (416, &code::PLUGIN_NO_SUCH_ITEM),
        (417, &code::PLUGIN_ERROR),
        (418, &code::PLUGIN_WRONG_STATE),
        (419, &code::PLUGIN_SDP),
        (420, &code::PLUGIN_ID_TAKEN),
        (440, &code::PLUGIN_UNAUTHORIZED),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
