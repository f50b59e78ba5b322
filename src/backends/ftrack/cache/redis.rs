//! A layer in a Redis server, which a whole farm shares.
//!
//! The entry of an entity is a text under its key, behind a prefix so that other programs can use the same database. One
//! connection is kept; when it breaks it is made anew once for the call that noticed.

use std::time::Duration;

use redis::{Client, Commands, Connection, RedisError, RedisResult};

use super::{Layer, joined};
use crate::{
    engine::store::Key,
    error::{Error, Result, code},
    sys::lock::Mutex,
};

/// What stands before each key.
const PREFIX: &str = "ftrack:";

/// How long the server may take, to be reached and for each answer: the ftrack server is asked instead then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keys that are asked for at once.
const AT_ONCE: usize = 500;

pub(super) struct RedisLayer {
    client: Client,
    connection: Mutex<Option<Connection>>,
}

impl RedisLayer {
    /// Takes the address; the server is reached when it is needed.
    pub(super) fn open(url: &str) -> Result<RedisLayer> {
        let client =
            Client::open(url).map_err(|_| Error::option("cache", "the URL of a Redis server could not be parsed"))?;
        Ok(RedisLayer { client, connection: Mutex::default() })
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }

    fn with<T>(&self, work: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T> {
        let mut kept = self.connection.lock();
        if let Some(connection) = &mut *kept {
            match work(connection) {
                Ok(done) => return Ok(done),
                Err(error) if !error.is_io_error() && !error.is_connection_dropped() => return Err(broken(&error)),
                // The server may have been restarted since the last call.
                Err(_) => *kept = None,
            }
        }
        let mut connection = self.connect().map_err(|error| broken(&error))?;
        let done = work(&mut connection).map_err(|error| broken(&error))?;
        *kept = Some(connection);
        Ok(done)
    }
}

/// What the server or the system said; it may name the address, which may hold a password, so only its kind is told.
fn broken(error: &RedisError) -> Error {
    Error::new(&code::IO, format!("the Redis server failed: {}", error.category()))
}

fn full(key: &Key) -> Vec<u8> {
    [PREFIX.as_bytes(), key.as_bytes()].concat()
}

impl Layer for RedisLayer {
    fn name(&self) -> String {
        format!("redis:{}", self.client.get_connection_info().addr())
    }

    fn get(&self, key: &Key) -> Result<Option<String>> {
        self.with(|connection| connection.get(full(key)))
    }

    fn merge(&self, entries: &[(Key, String)]) -> Result<()> {
        for entries in entries.chunks(AT_ONCE) {
            let keys: Vec<Vec<u8>> = entries.iter().map(|(key, _)| full(key)).collect();
            self.with(|connection| {
                let old: Vec<Option<String>> = redis::cmd("MGET").arg(&keys).query(connection)?;
                let merged = keys
                    .iter()
                    .zip(old)
                    .zip(entries)
                    .filter_map(|((key, old), (_, new))| Some((key, joined(old, new)?)));
                let merged: Vec<(&Vec<u8>, String)> = merged.collect();
                if merged.is_empty() { Ok(()) } else { connection.mset(&merged) }
            })?;
        }
        Ok(())
    }

    fn remove(&self, keys: &[Key]) -> Result<usize> {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| full(key)).collect();
        if keys.is_empty() { Ok(0) } else { self.with(|connection| connection.del(&keys)) }
    }

    fn clear(&self) -> Result<()> {
        self.with(|connection| {
            let found: Vec<Vec<u8>> = connection.scan_match(format!("{PREFIX}*"))?.collect::<RedisResult<_>>()?;
            for keys in found.chunks(AT_ONCE) {
                let _: usize = connection.del(keys)?;
            }
            Ok(())
        })
    }
}
