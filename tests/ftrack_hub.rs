//! The event hub of ftrack sessions (spec/ftrack.md 7): against the sandbox's server, against peers that do what they are
//! told, and against the official Python client.

#[path = "ftrack_hub/answering.rs"]
mod answering;
#[path = "ftrack/bed.rs"]
#[allow(dead_code, reason = "shared with the tests of sessions")]
mod bed;
#[path = "ftrack_hub/flooding.rs"]
mod flooding;
#[path = "ftrack_hub/hearing.rs"]
mod hearing;
#[path = "ftrack_hub/losing.rs"]
mod losing;
#[path = "ftrack_hub/python.rs"]
mod python;
#[path = "ftrack_hub/scripted.rs"]
mod scripted;
#[path = "ftrack_hub/talking.rs"]
mod talking;
