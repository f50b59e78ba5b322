//! TLS: one builder of client configurations for everything in the library ([`config`]), by what the host asked for
//! ([`settings`]), with a verifier of our own around webpki's ([`verifier`]), sentences for what goes wrong
//! ([`trouble`]), and a session over any stream that never blocks ([`session`]). See spec/http.md 1.10.

pub mod config;
pub mod identity;
pub mod names;
pub mod session;
pub mod settings;
pub mod trouble;
pub mod verifier;
