//! What can be set while the server runs.

use serde_json::{Value, json};

use crate::request::Args;

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `version` of `GetVersion`.
    pub version: String,
    /// `name` of `GetVersion`.
    pub name: String,
    /// Seconds without a call after which a session is gone.
    pub timeout: f64,
    /// Seconds that `ExtendSession` names; the time-out if `None`.
    pub expires_in: Option<f64>,
    /// Seconds that the server's clock was set forward by.
    pub advance: f64,
    /// The token that every call must carry; none if empty.
    pub token: String,
    /// Whether `AuthenticateKerberos` is there, and its tokens are asked for.
    pub kerberos: bool,
    /// Legs of Kerberos before the token comes.
    pub legs: usize,
    /// Seconds that a token of Kerberos is good for.
    pub token_seconds: f64,
    /// The server's time zone, for `LOCAL` and `STANDARD`.
    pub time_zone: String,
    /// Seconds between the messages of a stream.
    pub pace: f64,
    /// Points in each batch of an Arrow stream; one batch if 0.
    pub batch: usize,
    /// Whether Arrow streams have their end marker.
    pub end_marker: bool,
    /// Bytes of a message that the server takes.
    pub receive_max: usize,
    /// Log level of `GetLogLevel`.
    pub log_level: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: "2.23.0+1".to_owned(),
            name: "Volue Mesh Server".to_owned(),
            timeout: 300.0,
            expires_in: None,
            advance: 0.0,
            token: String::new(),
            kerberos: false,
            legs: 2,
            token_seconds: 3600.0,
            time_zone: "Europe/Oslo".to_owned(),
            pace: 0.0,
            batch: 0,
            end_marker: true,
            receive_max: 4_194_304,
            log_level: 2,
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
            let seconds = || -> Result<f64, String> {
                value.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0).ok_or_else(wrong)
            };
            let count = || -> Result<usize, String> { value.parse().map_err(|_| wrong()) };
            match name.as_str() {
                "version" => self.version.clone_from(value),
                "name" => self.name.clone_from(value),
                "timeout" => self.timeout = seconds()?,
                "expires_in" => self.expires_in = if value == "none" { None } else { Some(seconds()?) },
                "advance" => self.advance += seconds()?,
                "token" => self.token.clone_from(value),
                "kerberos" => self.kerberos = flag,
                "legs" => self.legs = count()?.max(1),
                "token_seconds" => self.token_seconds = seconds()?,
                "time_zone" => {
                    jiff::tz::TimeZone::get(value).map_err(|_| wrong())?;
                    self.time_zone.clone_from(value);
                }
                "pace" => self.pace = seconds()?,
                "batch" => self.batch = count()?,
                "end_marker" => self.end_marker = flag,
                "receive_max" => self.receive_max = count()?,
                "log_level" => self.log_level = value.parse().map_err(|_| wrong())?,
                _ => return Err(format!("there is no setting {name}")),
            }
        }
        Ok(())
    }

    /// As `/_mesh` shows them.
    pub fn to_json(&self) -> Value {
        json!({
            "version": self.version,
            "name": self.name,
            "timeout": self.timeout,
            "expires_in": self.expires_in,
            "advance": self.advance,
            "token": !self.token.is_empty(),
            "kerberos": self.kerberos,
            "legs": self.legs,
            "token_seconds": self.token_seconds,
            "time_zone": self.time_zone,
            "pace": self.pace,
            "batch": self.batch,
            "end_marker": self.end_marker,
            "receive_max": self.receive_max,
            "log_level": self.log_level,
        })
    }
}
