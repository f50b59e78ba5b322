//! What the tests of Janus share: the bare look at a server, the relay in front of it,
//! the Python client as another party, and an offer made by hand. The
//! server itself is `haft_sandbox::janus::Janus`.

pub mod client;
pub mod probe;
pub mod relay;

/// An offer of audio, video and data, with its candidate inside: enough for all signalling, as nobody speaks behind it.
pub fn offer() -> String {
    include_str!("offer.sdp").replace('\n', "\r\n")
}
