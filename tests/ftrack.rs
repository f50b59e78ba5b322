//! ftrack sessions against the sandbox's server (spec/ftrack.md): what they answer, and what they ask of the server.

#[path = "ftrack/bed.rs"]
mod bed;
#[path = "ftrack/editing.rs"]
mod editing;
#[path = "ftrack/opening.rs"]
mod opening;
#[path = "ftrack/reading.rs"]
mod reading;
#[path = "ftrack/writing.rs"]
mod writing;
