//! The locations that every server has (spec/ftrack.md 9.2).

/// Files as they are on this machine, before they are in any location: known to this session alone.
pub const ORIGIN: &str = "ce9b348f-8809-11e3-821c-20c9d081909b";
/// Files that stay where they are.
pub const UNMANAGED: &str = "cb268ecc-8809-11e3-a7e2-20c9d081909b";
/// What was encoded for review.
pub const REVIEW: &str = "cd41be70-8809-11e3-b98a-20c9d081909b";
/// The server's own store.
pub const SERVER: &str = "3a372bde-05bc-11e4-8908-20c9d081909b";
/// That of the desktop application; nobody configures it here.
pub const CONNECT: &str = "07b82a97-8cf9-11e3-9383-20c9d081909b";
