//! What can be set while the server runs.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::request::Args;

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `version` of the server information.
    pub version: String,
    /// Whether the server information has the hash of the schemas: `1`, `0`, or a wrong one in its place.
    pub schema_hash: String,
    /// `is_timezone_support_enabled`; absent if `None`.
    pub timezone: Option<bool>,
    /// `storage_scenario`.
    pub storage_scenario: Value,
    /// Whether answers of the API are packed when the client takes it.
    pub gzip: bool,
    /// Whether errors always (true), never (false) have their HTTP status; as the client asks if `None`.
    pub strict: Option<bool>,
    /// Whether the cookie of a session is set.
    pub cookie: bool,
    /// Time between the hub's heartbeats.
    pub heartbeat: Duration,
    /// The heartbeat time-out that the handshake names, in seconds.
    pub heartbeat_timeout: u64,
    /// What the handshake calls the transports.
    pub transports: String,
    /// Whether `/component/get` redirects to the storage.
    pub redirect: bool,
    /// Whether uploads go to the storage's own port.
    pub own_storage: bool,
    /// Whether downloads have their sum.
    pub digest: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: "4.13.8.1234".to_owned(),
            schema_hash: "1".to_owned(),
            timezone: Some(true),
            storage_scenario: Value::Null,
            gzip: false,
            strict: None,
            cookie: true,
            heartbeat: Duration::from_secs(5),
            heartbeat_timeout: 60,
            transports: "websocket".to_owned(),
            redirect: true,
            own_storage: true,
            digest: false,
        }
    }
}

impl Settings {
    /// Takes over what is named.
    ///
    /// # Errors
    /// For an unknown name or a wrong value.
    pub fn change(&mut self, args: &Args) -> Result<(), String> {
        for (name, value) in args.0.iter().filter(|(name, _)| name != "set") {
            let wrong = || format!("{value:?} is no value for {name}");
            let flag = !matches!(value.as_str(), "0" | "false");
            let tristate = (value != "none").then_some(flag);
            match name.as_str() {
                "version" => self.version.clone_from(value),
                "schema_hash" => self.schema_hash.clone_from(value),
                "timezone" => self.timezone = tristate,
                "storage_scenario" => self.storage_scenario = serde_json::from_str(value).map_err(|_| wrong())?,
                "gzip" => self.gzip = flag,
                "strict" => self.strict = tristate,
                "cookie" => self.cookie = flag,
                "heartbeat" => {
                    let seconds: f64 = value.parse().map_err(|_| wrong())?;
                    self.heartbeat =
                        Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?.max(Duration::from_millis(1));
                }
                "heartbeat_timeout" => self.heartbeat_timeout = value.parse().map_err(|_| wrong())?,
                "transports" => self.transports.clone_from(value),
                "redirect" => self.redirect = flag,
                "own_storage" => self.own_storage = flag,
                "digest" => self.digest = flag,
                _ => return Err(format!("there is no setting {name}")),
            }
        }
        Ok(())
    }

    /// As `/_ftrack` shows them.
    pub fn to_json(&self) -> Value {
        json!({
            "version": self.version,
            "schema_hash": self.schema_hash,
            "timezone": self.timezone,
            "storage_scenario": self.storage_scenario,
            "gzip": self.gzip,
            "strict": self.strict,
            "cookie": self.cookie,
            "heartbeat": self.heartbeat.as_secs_f64(),
            "heartbeat_timeout": self.heartbeat_timeout,
            "transports": self.transports,
            "redirect": self.redirect,
            "own_storage": self.own_storage,
            "digest": self.digest,
        })
    }

    /// The answer to `query_server_information`.
    pub fn information(&self, hash: &str, user: Value) -> Value {
        let mut out = Map::new();
        if self.version != "none" {
            out.insert("version".to_owned(), self.version.as_str().into());
        }
        match self.schema_hash.as_str() {
            "0" => {}
            "1" => drop(out.insert("schema_hash".to_owned(), hash.into())),
            other => drop(out.insert("schema_hash".to_owned(), other.into())),
        }
        if let Some(flag) = self.timezone {
            out.insert("is_timezone_support_enabled".to_owned(), flag.into());
        }
        out.insert("storage_scenario".to_owned(), self.storage_scenario.clone());
        out.insert("is_nested_subqueries_enabled".to_owned(), true.into());
        out.insert("week_startday".to_owned(), 1.into());
        out.insert("workday_length".to_owned(), 28_800.into());
        out.insert("user_information".to_owned(), user);
        out.into()
    }
}
