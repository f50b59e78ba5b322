//! What `tests/ftrack.rs` asks of blocking calls.

#[path = "../ftrack/bed.rs"]
mod bed;
#[path = "../ftrack/editing.rs"]
mod editing;
#[path = "../ftrack/reading.rs"]
mod reading;
#[path = "../ftrack/writing.rs"]
mod writing;
