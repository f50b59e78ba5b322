//! Connections: who they lead to ([`route`]), how they are made ([`connect`], [`tunnel`], [`socks`]), how bytes
//! move under limits and a cancel handle ([`stream`], [`limits`], [`cancel`]), and where idle ones wait ([`pool`]).

pub mod cancel;
pub mod connect;
pub mod limits;
pub mod pool;
pub mod proxy;
pub mod race;
pub mod resolver;
pub mod route;
pub mod socks;
pub mod stream;
pub mod tunnel;
