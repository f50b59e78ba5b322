//! The session with back ends that do what no server can be made to do.

mod bounds;
mod closing;
mod messages;
mod odd;
mod scripted;
mod states;
