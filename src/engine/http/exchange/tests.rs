//! Exchanges with scripted servers on loopback.

mod scripted;

mod limits;
mod memory;
mod plain;
mod proxies;
mod secure;
