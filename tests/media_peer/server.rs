//! With the real Janus.
