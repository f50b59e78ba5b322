//! `EchoTest` (Janus specification 3.1): sends back what it is sent. Its one request has no name on the wire.

use super::{Keeps, Plugin, Request};
use crate::error::code;

const SETTINGS: &str = "audio:bool video:bool bitrate:nat record:bool filename:text substream:nat temporal:nat fallback:nat \
    svc:bool~ spatial_layer:nat~ temporal_layer:nat~ \
    audiocodec:text videocodec:text videoprofile:text opusred:bool min_delay:int max_delay:int";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.echotest",
    requests: &[Request::later("echo", &[SETTINGS]).wire(None).keeps(Keeps::Adds(&[]))],
    groups: &[],
    refusals: &[
        (411, &code::PLUGIN_ERROR),
        (412, &code::PLUGIN_ERROR),
        (413, &code::PLUGIN_INVALID_ELEMENT),
        (414, &code::PLUGIN_SDP),
    ],
    events: &["result"],
};
