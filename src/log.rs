//! The host's log hook.
