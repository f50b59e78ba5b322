//! How bytes move, without knowing why.

pub mod arrow;
pub mod backoff;
pub mod errands;
pub mod grpc;
pub mod http;
#[cfg(feature = "media")]
pub mod media;
pub mod net;
pub mod reactor;
pub mod socketio;
pub mod sse;
pub mod store;
pub mod tls;
pub mod turn;
pub mod websocket;
