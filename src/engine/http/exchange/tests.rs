//! Exchanges with scripted servers on loopback.

mod scripted;

mod plain;
