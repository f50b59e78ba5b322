//! Exchanges with scripted servers on loopback.

mod scripted;

mod limits;
mod plain;
mod proxies;
mod secure;
