//! `VoiceMail` (Janus specification 3): ten seconds of audio into a file.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.voicemail",
    requests: &[
        Request::later("record", &[]).jsep(Jsep::Must).keeps(Keeps::Adds(&[])),
        Request::later("update", &[]),
        Request::later("stop", &[]).jsep(Jsep::No).keeps(Keeps::EndsAll),
    ],
    groups: &[],
    refusals: &[
        (460, &code::PLUGIN_ERROR),
        (461, &code::PLUGIN_ERROR),
        (462, &code::PLUGIN_INVALID_REQUEST),
        (463, &code::PLUGIN_MISSING_ELEMENT),
        (464, &code::PLUGIN_INVALID_ELEMENT),
        (465, &code::PLUGIN_ALREADY_JOINED),
        (466, &code::PLUGIN_ERROR),
        (467, &code::PLUGIN_ERROR),
        (468, &code::PLUGIN_WRONG_STATE),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["status"],
};
