//! The server itself: version, health, log level, tokens (sections 2.2, 2.4, 2.6).

use std::sync::Arc;

use http::HeaderMap;
use prost_types::value::Kind;
use prost_types::{Duration, Struct, Value};
use tonic::Status;

use super::Mesh;
use super::id::Id;
use super::pb::auth::{AuthenticateKerberosResponse, RevokeAccessTokenResponse, UserIdentity};
use super::pb::config::{GetLogLevelResponse, UpdateLogLevelRequest, UpdateLogLevelResponse, VersionInfo};
use super::pb::session::ExtendSessionResponse;
use crate::log::lock;

/// Who holds a token of Kerberos.
const USER: &str = "Sandbox User";

/// Seconds as they travel.
pub fn duration(seconds: f64) -> Duration {
    let whole = seconds.floor();
    Duration { seconds: whole as i64, nanos: ((seconds - whole) * 1e9) as i32 }
}

fn texts(pairs: &[(&str, &str)]) -> Struct {
    let field = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), Value { kind: Some(Kind::StringValue((*value).to_owned())) })
    };
    Struct { fields: pairs.iter().map(field).collect() }
}

impl Mesh {
    /// `GetVersion`.
    pub fn version(&self) -> VersionInfo {
        let settings = lock(&self.settings);
        VersionInfo { version: settings.version.clone(), name: settings.name.clone() }
    }

    /// `GetHealthStatus`.
    pub fn health(&self) -> Struct {
        texts(&[("status", "healthy")])
    }

    /// `GetConfiguration`.
    pub fn configuration(&self) -> Struct {
        let settings = lock(&self.settings);
        texts(&[("name", &settings.name), ("time_zone", &settings.time_zone)])
    }

    /// `GetLogLevel`.
    pub fn log_level(&self) -> GetLogLevelResponse {
        GetLogLevelResponse { log_level: lock(&self.settings).log_level }
    }

    /// `UpdateLogLevel`.
    pub fn set_log_level(&self, request: UpdateLogLevelRequest) -> UpdateLogLevelResponse {
        lock(&self.settings).log_level = request.new_log_level;
        UpdateLogLevelResponse {}
    }

    /// `ExtendSession`.
    pub fn expires_in(&self) -> ExtendSessionResponse {
        let settings = lock(&self.settings);
        ExtendSessionResponse { expires_in: Some(duration(settings.expires_in.unwrap_or(settings.timeout))) }
    }

    /// Who may make a call: everybody, or who has a token.
    pub fn admit(&self, headers: &HeaderMap, method: &str) -> Result<String, Status> {
        let (token, kerberos) = {
            let settings = lock(&self.settings);
            (settings.token.clone(), settings.kerberos)
        };
        let given = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        if (token.is_empty() && !kerberos) || (kerberos && method.ends_with("/AuthenticateKerberos")) {
            return Ok(String::new());
        }
        let given = given.ok_or_else(|| Status::unauthenticated("no access token was given"))?;
        if !token.is_empty() && given == token {
            return Ok("token".to_owned());
        }
        let now = self.now();
        let known = lock(&self.tokens).iter().find(|(known, _)| known == given).map(|(_, until)| *until);
        match known {
            Some(until) if until > now => Ok(USER.to_owned()),
            Some(_) => Err(Status::unauthenticated("the access token has expired")),
            None => Err(Status::unauthenticated("the access token is not valid")),
        }
    }

    /// What answers the legs of Kerberos, which are counted from 1. The tokens are kept by the server, which the stream
    /// may outlive.
    pub fn legs(&self) -> impl Fn(usize, &[u8]) -> Result<AuthenticateKerberosResponse, Status> + Send + 'static {
        let settings = lock(&self.settings).clone();
        let until = self.now_with(&settings) + settings.token_seconds;
        let tokens = Arc::clone(&self.tokens);
        move |leg, bytes| {
            if !settings.kerberos {
                return Err(Status::unimplemented("Kerberos is not set up"));
            }
            if bytes.is_empty() {
                return Err(Status::unauthenticated("the Kerberos token is empty"));
            }
            if leg < settings.legs {
                let kerberos_token = format!("challenge {leg}").into_bytes();
                return Ok(AuthenticateKerberosResponse { kerberos_token, ..AuthenticateKerberosResponse::default() });
            }
            let token = format!("sandbox-{}", Id::random());
            lock(&tokens).push((token.clone(), until));
            Ok(AuthenticateKerberosResponse {
                kerberos_token: Vec::new(),
                bearer_token: token,
                token_duration: Some(duration(settings.token_seconds)),
            })
        }
    }

    /// `RevokeAccessToken`: also of one that nobody knows.
    pub fn revoke(&self, token: &str) -> RevokeAccessTokenResponse {
        lock(&self.tokens).retain(|(known, _)| known != token);
        RevokeAccessTokenResponse {}
    }

    /// `GetUserIdentity`.
    pub fn identity(&self, user: &str) -> UserIdentity {
        let user = if user.is_empty() { "anonymous" } else { user };
        UserIdentity {
            display_name: user.to_owned(),
            source: "Sandbox".to_owned(),
            identifier: format!("SANDBOX\\{}", user.replace(' ', ".").to_lowercase()),
        }
    }
}
