//! `TextRoom` (Janus specification 3.4): text over data channels. Rooms are kept by messages of the handle; who is in one, and
//! what is said there, goes over the data channel alone.

use super::{Jsep, Keeps, Plugin, Request};
use crate::error::code;

const ROOM: &str = "room:id!";
const CREATE: &str = "room:id admin_key:secret~ description:text secret:secret pin:secret post:text is_private:bool history:nat allowed:secrets \
    permanent:bool";
const EDIT: &str = "room:id! secret:secret new_description:text new_secret:secret new_pin:secret new_post:text new_is_private:bool permanent:bool";

pub(super) static PLUGIN: Plugin = Plugin {
    package: "janus.plugin.textroom",
    requests: &[
        Request::sync("list", &["admin_key:secret~"]),
        Request::sync("listparticipants", &[ROOM]),
        Request::sync("exists", &[ROOM]),
        Request::sync("create", &[CREATE]),
        Request::sync("edit", &[EDIT]),
        Request::sync("destroy", &[ROOM, "permanent:bool secret:secret~"]),
        Request::sync("allowed", &[ROOM, "secret:secret action:enable|disable|add|remove! allowed:secrets"]),
        Request::sync("kick", &[ROOM, "secret:secret username:text!"]),
        Request::sync("announcement", &[ROOM, "secret:secret text:text!"]),
        Request::later("setup", &[]).jsep(Jsep::No).keeps(Keeps::Begins(&[])),
        Request::later("restart", &[]).jsep(Jsep::No),
        Request::later("ack", &[]),
        Request::channel("join", &[ROOM, "username:text! pin:secret token:secret display:text history:bool"])
            .keeps(Keeps::Adds(&["room"])),
        Request::channel("message", &[ROOM, "text:text! to:text tos:texts ack:bool"]),
        Request::channel("leave", &[ROOM]).keeps(Keeps::Ends(&["join"], &["room"])),
    ],
    groups: &[],
    refusals: &[
        (411, &code::PLUGIN_ERROR),
        (412, &code::PLUGIN_ERROR),
        (413, &code::PLUGIN_MISSING_ELEMENT),
        (414, &code::PLUGIN_INVALID_ELEMENT),
        (415, &code::PLUGIN_INVALID_REQUEST),
        (416, &code::PLUGIN_WRONG_STATE),
        (417, &code::PLUGIN_NO_SUCH_ROOM),
        (418, &code::PLUGIN_ROOM_EXISTS),
        (419, &code::PLUGIN_UNAUTHORIZED),
        (420, &code::PLUGIN_ID_TAKEN),
        (421, &code::PLUGIN_ALREADY_JOINED),
        (422, &code::PLUGIN_NOT_JOINED),
        (423, &code::PLUGIN_NO_SUCH_USER),
        (499, &code::PLUGIN_ERROR),
    ],
    events: &["result"],
};
