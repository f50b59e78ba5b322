//! Who we say we are (spec/http.md 1.8).

pub mod challenge;
pub mod digest;

use std::{path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};

use self::digest::Digest;
use crate::{
    engine::http::{environment::EnvironmentSettings, proxies::Precedence},
    error::{Error, Result, code},
    secret::Secret,
    value::{Object, Provider, Tree},
};

/// What the `auth` argument asks for.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Explicitly none.
    None,
    /// User and password, on every request.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Challenge and response; the state is shared by the session's threads.
    Digest(Arc<Digest>),
    /// A token.
    Bearer(Secret),
    /// The netrc file, or another one of that form.
    Netrc(Option<PathBuf>),
    /// The host edits the request itself.
    Provider(Arc<dyn Provider>),
}

impl Auth {
    /// Reads the `auth` argument.
    ///
    /// # Errors
    /// `argument`, or `invalid_header` for a token with a line break; what was given is not repeated.
    pub fn parse(value: &Tree) -> Result<Auth> {
        match value {
            Tree::Null => Ok(Auth::None),
            Tree::Provider(provider) => Ok(Auth::Provider(provider.clone())),
            Tree::Array(pair) => match pair.as_slice() {
                [Tree::Text(user), Tree::Text(password)] => {
                    Ok(Auth::Basic { user: user.as_ref().into(), password: Secret::new(password.as_ref()) })
                }
                _ => Err(Error::option("auth", "auth was not a pair of user and password")),
            },
            Tree::Object(members) => Auth::parse_members(members),
            _ => Err(Error::option("auth", "auth was neither a pair, an object, a provider nor null")),
        }
    }

    fn parse_members(members: &Object) -> Result<Auth> {
        let text = |key: &str| members.get(key).and_then(Tree::as_str);
        let needed =
            |key: &str| text(key).ok_or_else(|| Error::option(key, "a member of auth was missing or not text"));
        let only = |allowed: &[&str]| match members.iter().find(|(key, _)| *key != "type" && !allowed.contains(key)) {
            Some((key, _)) => Err(Error::option(key, "auth was given an unknown member")),
            None => Ok(()),
        };
        match needed("type")? {
            "basic" => {
                only(&["username", "password"])?;
                Ok(Auth::Basic { user: needed("username")?.into(), password: Secret::new(needed("password")?) })
            }
            "digest" => {
                only(&["username", "password"])?;
                Ok(Auth::Digest(Arc::new(Digest::new(needed("username")?, Secret::new(needed("password")?)))))
            }
            "bearer" => {
                only(&["token"])?;
                let token = needed("token")?;
                if token.chars().any(char::is_control) {
                    return Err(Error::new(&code::INVALID_HEADER, "a bearer token held a control character"));
                }
                Ok(Auth::Bearer(Secret::new(token)))
            }
            "netrc" => {
                only(&["file"])?;
                Ok(Auth::Netrc(text("file").map(PathBuf::from)))
            }
            _ => Err(Error::option("type", "auth had an unknown type")),
        }
    }

    /// The value of `Authorization`, for the kinds that need no more than themselves.
    pub fn authorization(&self) -> Option<String> {
        match self {
            Auth::Basic { user, password } => Some(basic(user, password)),
            Auth::Bearer(token) => Some(["Bearer ", token.reveal()].concat()),
            _ => None,
        }
    }
}

/// Whose credentials a request carries.
#[derive(Clone, Debug)]
pub enum Selected<'a> {
    /// Nobody's; an `Authorization` set by hand stays.
    Nothing,
    /// The call's or the session's; it takes the place of an `Authorization` set by hand.
    Given(&'a Auth),
    /// The header's value from netrc or the URL, likewise.
    Header(String),
}

/// Chooses: the call's auth, else the session's, else netrc (if the environment is trusted), else the URL's userinfo
/// (percent-decoded; requests asks for both a user and a password, which may be empty, so `http://user@host` has none).
/// An `Authorization` set by hand wins over netrc, but not with requests' own precedence.
pub fn select<'a>(
    request: Option<&'a Auth>,
    session: Option<&'a Auth>,
    environment: Option<&EnvironmentSettings>,
    host: &str,
    userinfo: Option<(&str, &Secret)>,
    has_header: bool,
    precedence: Precedence,
) -> Selected<'a> {
    match request.or(session) {
        Some(Auth::None) => return Selected::Nothing,
        Some(auth) => return Selected::Given(auth),
        None => {}
    }
    let asks_netrc = !has_header || precedence == Precedence::Requests;
    let login = environment.filter(|_| asks_netrc).and_then(|environment| environment.netrc_login(host));
    if let Some(login) = login {
        return Selected::Header(basic(&login.user, &login.password));
    }
    match userinfo {
        Some((user, password)) if !user.is_empty() || !password.reveal().is_empty() => {
            Selected::Header(basic(user, password))
        }
        _ => Selected::Nothing,
    }
}

/// The value of `Authorization` for Basic: latin-1 as requests sends it, UTF-8 for text that latin-1 cannot hold (where
/// requests fails).
pub fn basic(user: &str, password: &Secret) -> String {
    let text = [user, ":", password.reveal()].concat();
    let latin1: std::result::Result<Vec<u8>, _> = text.chars().map(|letter| u8::try_from(u32::from(letter))).collect();
    ["Basic ", &STANDARD.encode(latin1.unwrap_or_else(|_| text.into_bytes()))].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    // requests.auth._basic_auth_str, but for the last.
    #[test]
    fn basic_headers() {
        assert_eq!(basic("us\u{e9}r", &secret("p\u{e4}ss")), "Basic dXPpcjpw5HNz");
        assert_eq!(basic("user", &secret("pass")), "Basic dXNlcjpwYXNz");
        assert_eq!(basic("a:b", &secret("")), "Basic YTpiOg==");
        assert_eq!(basic("\u{4f60}", &secret("x")), "Basic 5L2gOng=");
    }

    #[test]
    fn arguments() {
        let pair = Tree::Array(vec!["u".into(), "hidden".into()]);
        let auth = Auth::parse(&pair).unwrap();
        assert_eq!(auth.authorization().unwrap(), basic("u", &secret("hidden")));
        assert!(!format!("{auth:?}").contains("hidden"));
        let object = |pairs: &[(&str, &str)]| Tree::from(pairs.iter().copied().collect::<Object>());
        let bearer = Auth::parse(&object(&[("type", "bearer"), ("token", "hidden")])).unwrap();
        assert_eq!(bearer.authorization().as_deref(), Some("Bearer hidden"));
        let digest = Auth::parse(&object(&[("type", "digest"), ("username", "u"), ("password", "hidden")])).unwrap();
        assert!(matches!(digest, Auth::Digest(_)) && !format!("{digest:?}").contains("hidden"));
        assert!(matches!(Auth::parse(&Tree::Null), Ok(Auth::None)));
        assert!(matches!(Auth::parse(&object(&[("type", "netrc")])), Ok(Auth::Netrc(None))));
        for wrong in [
            object(&[("type", "x")]),
            object(&[]),
            Tree::Array(vec![]),
            true.into(),
            object(&[("type", "bearer"), ("tokn", "hidden")]),
        ] {
            let error = Auth::parse(&wrong).unwrap_err();
            assert_eq!(error.code(), "argument");
            assert!(!error.message().contains("hidden"));
        }
    }

    fn header(selected: &Selected<'_>) -> String {
        match selected {
            Selected::Header(value) => value.clone(),
            Selected::Given(_) => "given".into(),
            Selected::Nothing => String::new(),
        }
    }

    // Netrc before userinfo, userinfo over a header, and the last line are what requests does; the explicit none and the
    // header that wins over netrc are ours.
    #[test]
    fn precedence() {
        let file = std::env::temp_dir().join(format!("haft-netrc-{}", std::process::id()));
        std::fs::write(&file, "machine h login n password m").unwrap();
        let name = file.to_string_lossy().into_owned();
        let environment = EnvironmentSettings::read(&|key| (key == "NETRC").then(|| name.clone()));
        let session = Auth::Bearer(secret("s"));
        let password = secret("p@");
        let url = Some(("u", &password));
        let ours = Precedence::Explicit;
        let (netrc, userinfo) = (basic("n", &secret("m")), "Basic dTpwQA==");
        let env = Some(&environment);
        assert_eq!(header(&select(None, Some(&session), env, "h", url, false, ours)), "given");
        assert_eq!(header(&select(Some(&Auth::None), Some(&session), env, "h", url, false, ours)), "");
        assert_eq!(header(&select(None, None, env, "h", url, false, ours)), netrc);
        assert_eq!(header(&select(None, None, env, "other", url, false, ours)), userinfo);
        assert_eq!(header(&select(None, None, None, "h", url, true, ours)), userinfo);
        assert_eq!(header(&select(None, None, env, "h", None, true, ours)), "");
        assert_eq!(header(&select(None, None, env, "h", None, true, Precedence::Requests)), netrc);
        std::fs::remove_file(file).unwrap();
    }
}
