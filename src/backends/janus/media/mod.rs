//! Media of a handle (docs/janus.md "Media"): the verbs `media`, `media_stop` and `write_frame`, the topics `haft.media`,
//! `haft.statistics` and `data`, and what goes over data channels.
//!
//! | file | what |
//! |---|---|
//! | `order`, `written` | what the host asks for |
//! | `verbs` | its calls |
//! | `running` | one session of media while it lasts: what others have of it |
//! | `course`, `ending` | the same on the reactor, from the first message to the last |
//! | `exchange` | what the course says to the server |
//! | `dialog` and below | what is said to each plugin |
//! | `opened` | the file that is played, and the tracks that it asks for |
//! | `files` | what is played and recorded |
//! | `gauges` | who hears the numbers of it |
//! | `ear` | what comes of the connection |
//! | `channel` | requests of TextRoom |
//!
//! A handle has one session of media at a time, and a task of the reactor runs it. Calls wait for that task; they do not
//! run it, so that the end of a call is not the end of what it began.

#[cfg(not(feature = "media"))]
mod absent;
#[cfg(feature = "media")]
mod channel;
#[cfg(feature = "media")]
mod course;
#[cfg(feature = "media")]
mod dialog;
#[cfg(feature = "media")]
mod ear;
#[cfg(feature = "media")]
mod ending;
#[cfg(feature = "media")]
mod exchange;
#[cfg(feature = "media")]
mod files;
#[cfg(feature = "media")]
mod gauges;
#[cfg(feature = "media")]
mod opened;
#[cfg(feature = "media")]
mod order;
#[cfg(feature = "media")]
mod running;
#[cfg(feature = "media")]
mod slot;
#[cfg(feature = "media")]
mod verbs;
#[cfg(feature = "media")]
mod written;

#[cfg(not(feature = "media"))]
pub use absent::{Slot, begin, listen, wait};
#[cfg(feature = "media")]
pub use gauges::listen;
#[cfg(feature = "media")]
pub use slot::Slot;
#[cfg(feature = "media")]
pub use verbs::{begin, wait};

use super::{handle::Handle, plugins};
use crate::backends::Call;

/// The topic of its numbers.
pub const STATISTICS: &str = "haft.statistics";

/// The verbs of media.
pub const VERBS: [&str; 3] = ["media", "media_stop", "write_frame"];

/// Whether a call of a handle is one of media, or goes over its data channel. `message` with a body is a message of the
/// handle everywhere.
pub fn takes(handle: &Handle, call: &Call<'_>) -> bool {
    let Some(verb) = call.verb else { return false };
    VERBS.contains(&verb) || (is_channel(handle, verb) && (verb != "message" || call.args.get("body").is_none()))
}

/// Whether a verb goes over the data channel.
pub fn is_channel(handle: &Handle, verb: &str) -> bool {
    let request = plugins::find(handle.plugin()).and_then(|plugin| plugin.request(verb));
    request.is_some_and(|request| request.way == plugins::Way::Channel)
}

/// Whether an argument of `media` is what its plugin calls so and not the option of calls.
pub fn is_field(handle: &Handle, verb: Option<&str>, name: &str) -> bool {
    let has_ids = ["janus.plugin.streaming", "janus.plugin.recordplay"].contains(&handle.plugin());
    verb == Some("media") && name == "id" && has_ids
}
