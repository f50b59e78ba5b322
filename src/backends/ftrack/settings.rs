//! Options and environment of a session (spec/ftrack.md 10).

use std::time::Duration;

use crate::{
    args::Args,
    engine::backoff::{Jitter, Plan},
    error::{Error, Result, code},
    options::{self, scope},
    secret::Secret,
    value::{Object, Tree},
};

/// How long a call may take when nothing else was asked for, in seconds (spec 1.2).
const TIMEOUT_S: i64 = 60;

/// Options that are ours alone or mean something else here; all others of HTTP go on to the HTTP session.
const OWN: [&str; 2] = ["headers", "timeout"];

/// Where to log in, and how.
#[derive(Debug)]
pub struct Login {
    /// The server, without a slash at the end.
    pub server: String,
    /// The user's name.
    pub user: String,
    /// The key.
    pub key: Secret,
    /// Errors come with an HTTP status.
    pub strict: bool,
    /// Everything on the wire as the official Python client has it.
    pub python: bool,
}

/// What was said about the event hub.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// It is connected in the background.
    pub auto_connect: bool,
    /// When it is connected again.
    pub again: Option<Plan>,
    /// What others change is forgotten.
    pub follows: bool,
}

impl HubSettings {
    /// Reads them.
    ///
    /// # Errors
    /// The option of the wrong type.
    pub fn read(args: &Args) -> Result<HubSettings> {
        // At first almost at once: most losses are a server's restart or a broken connection.
        let plan = Plan {
            delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(30),
            jitter: Jitter::Equal,
            ..Plan::default()
        };
        let again = match args.get("hub_reconnect") {
            None => Some(plan),
            Some(value) => plan.parse(value)?,
        };
        let follows = args.bool("invalidate_on_update")?.unwrap_or(false);
        // Who wants to hear of changes wants a connection to hear them on.
        Ok(HubSettings { auto_connect: args.bool("auto_connect_event_hub")?.unwrap_or(follows), again, follows })
    }
}

/// What calls can override.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// Missing attributes are fetched.
    pub auto_populate: bool,
    /// Changes are recorded, to be sent at commit.
    pub record: bool,
}

impl Default for Flags {
    fn default() -> Flags {
        Flags { auto_populate: true, record: true }
    }
}

impl Flags {
    /// These with what `args` changes.
    ///
    /// # Errors
    /// The option of the wrong type.
    pub fn with(self, args: &Args) -> Result<Flags> {
        Ok(Flags {
            auto_populate: args.bool("auto_populate")?.unwrap_or(self.auto_populate),
            record: args.bool("record")?.unwrap_or(self.record),
        })
    }
}

impl Login {
    /// Reads `ftrack+https://host` or `ftrack:`, the arguments, and the environment for what they leave open.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong, naming the option and the variable.
    pub fn read(url: &str, args: &Args, variable: &dyn Fn(&str) -> Option<String>) -> Result<Login> {
        let given = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        let named = url.split_once('+').map(|(_, rest)| rest).filter(|rest| rest.contains("://"));
        let server = match named {
            Some(rest)
                if rest
                    .split_once("://")
                    .is_some_and(|(_, host)| host.starts_with(['/', '?', '#']) || host.is_empty()) =>
            {
                return Err(Error::new(&code::INVALID_URL, "the URL had no host").with("key", "url"));
            }
            Some(rest) => rest.to_owned(),
            None => given(&["FTRACK_SERVER"]).ok_or_else(|| missing("url", "server", "FTRACK_SERVER"))?,
        };
        let text = |name: &str| -> Result<Option<String>> {
            Ok(args.str(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let key = match text("api_key")? {
            Some(key) => key,
            None => given(&["FTRACK_API_KEY", "FTRACK_APIKEY"])
                .ok_or_else(|| missing("api_key", "key", "FTRACK_API_KEY"))?,
        };
        let user = match text("api_user")? {
            Some(user) => user,
            None => given(&["FTRACK_API_USER", "LOGNAME", "USER", "LNAME", "USERNAME"])
                .ok_or_else(|| missing("api_user", "user", "FTRACK_API_USER"))?,
        };
        let python = match args.str("compat")? {
            None => false,
            Some("python") => true,
            Some(other) => return Err(Error::option("compat", format!("compat was {other:?}; it takes \"python\""))),
        };
        let strict = args.bool("strict_api")?.unwrap_or(false);
        Ok(Login { server: server.trim_end_matches('/').to_owned(), user, key: Secret::new(key), strict, python })
    }

    /// The arguments of the HTTP session that carries everything.
    ///
    /// With a token the server says of which changes they are ours.
    pub fn web(&self, args: &Args, token: Option<&str>) -> Args {
        let mut web = Args::new();
        for (key, value) in args.root().iter() {
            if !OWN.contains(&key) && options::find(key, scope::CREATE, "http").is_some() {
                web.set(key, value.clone());
            }
        }
        let mut headers = Object::default();
        headers.insert("Accept", Tree::from("application/json"));
        headers.insert("Content-Type", Tree::from("application/json"));
        headers.insert("ftrack-api-key", Tree::from(self.key.reveal()));
        headers.insert("ftrack-user", Tree::from(&*self.user));
        headers.insert("ftrack-strict-api", Tree::from(if self.strict { "true" } else { "false" }));
        if let Some(token) = token {
            headers.insert("ftrack-clienttoken", Tree::from(token));
        }
        match args.get("headers") {
            Some(Tree::Object(own)) => {
                for (name, value) in own.iter() {
                    headers.insert(name, value.clone());
                }
                web.set("headers", Tree::Object(headers));
            }
            Some(Tree::Array(pairs)) => {
                let mut all: Vec<Tree> =
                    headers.iter().map(|(name, value)| Tree::Array(vec![Tree::from(name), value.clone()])).collect();
                all.extend(pairs.iter().cloned());
                web.set("headers", Tree::Array(all));
            }
            _ => web.set("headers", Tree::Object(headers)),
        }
        web.set("timeout", args.get("timeout").cloned().unwrap_or(Tree::Int(TIMEOUT_S)));
        web
    }
}

fn missing(option: &str, what: &str, name: &str) -> Error {
    Error::new(&code::ARGUMENT, format!("no {what} was given, neither as {option} nor by {name} in the environment"))
        .with("key", option)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, args: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Login> {
        let mut written = Args::new();
        for (key, value) in args {
            written.set(key, *value);
        }
        let find = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Login::read(url, &written, &find)
    }

    #[test]
    fn arguments_come_before_the_environment() {
        let environment = [("FTRACK_SERVER", "https://env/"), ("FTRACK_APIKEY", "old"), ("USER", "login")];
        let login = read("ftrack:", &[], &environment).unwrap();
        assert_eq!((&*login.server, &*login.user, login.key.reveal()), ("https://env", "login", "old"));
        let login = read("ftrack+http://given:80/", &[("api_key", "k"), ("api_user", "u")], &environment).unwrap();
        assert_eq!((&*login.server, &*login.user, login.key.reveal()), ("http://given:80", "u", "k"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (environment, key) in [
            (&[][..], "url"),
            (&[("FTRACK_SERVER", "https://h")][..], "api_key"),
            (&[("FTRACK_SERVER", "https://h"), ("FTRACK_API_KEY", "k")][..], "api_user"),
        ] {
            let error = read("ftrack:", &[("api_user", "")], environment).unwrap_err();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key));
        }
        assert!(read("ftrack+http://h", &[("compat", "perl"), ("api_key", "k"), ("api_user", "u")], &[]).is_err());
    }
}
