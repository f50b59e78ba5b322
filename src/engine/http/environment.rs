//! What the environment variables say, read once per session, and how it mixes with what the host says
//! (spec/http.md 1.9, 1.10).

use std::{path::PathBuf, sync::OnceLock};

use super::{
    netrc::{self, Login, Netrc, Warning},
    place::Place,
    proxies::{NoProxy, Precedence, Proxies, Sources},
};
use crate::{
    secret::Secret,
    value::{Object, Tree},
};

/// The variables that concern a session.
#[derive(Debug, Default)]
pub struct EnvironmentSettings {
    proxies: Proxies,
    no_proxy: NoProxy,
    ca_bundle: Option<String>,
    netrc_locations: Vec<PathBuf>,
    netrc: OnceLock<(Option<Netrc>, Option<Warning>)>,
}

impl EnvironmentSettings {
    /// Takes a snapshot; `lookup` gives the value of a variable.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> EnvironmentSettings {
        let filled = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut proxies = Proxies::default();
        // Under CGI, HTTP_PROXY may come from a request header named Proxy.
        let is_cgi = lookup("REQUEST_METHOD").is_some();
        for (key, lower, upper) in [
            ("http", "http_proxy", "HTTP_PROXY"),
            ("https", "https_proxy", "HTTPS_PROXY"),
            ("all", "all_proxy", "ALL_PROXY"),
        ] {
            // An empty lower-case variable hides the upper-case one.
            let value = match lookup(lower) {
                Some(value) => Some(value),
                None if is_cgi && key == "http" => None,
                None => lookup(upper),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                proxies.set(key, Some(Secret::new(value)));
            }
        }
        let no_proxy = filled("no_proxy").or_else(|| filled("NO_PROXY")).unwrap_or_default();
        EnvironmentSettings {
            proxies,
            no_proxy: NoProxy::parse(&no_proxy),
            ca_bundle: filled("REQUESTS_CA_BUNDLE").or_else(|| filled("CURL_CA_BUNDLE")),
            netrc_locations: netrc::locations(lookup),
            netrc: OnceLock::new(),
        }
    }

    /// The proxies of the environment.
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// The hosts that the environment's proxies are not for.
    pub fn no_proxy(&self) -> &NoProxy {
        &self.no_proxy
    }

    /// `REQUESTS_CA_BUNDLE`, else `CURL_CA_BUNDLE`.
    pub fn ca_bundle(&self) -> Option<&str> {
        self.ca_bundle.as_deref()
    }

    /// The login for a host. The file is read at the first question, then kept.
    pub fn netrc_login(&self, host: &str) -> Option<&Login> {
        self.netrc().0.as_ref()?.login(host)
    }

    /// Why the file gave nothing, for the log.
    pub fn netrc_warning(&self) -> Option<&Warning> {
        self.netrc().1.as_ref()
    }

    fn netrc(&self) -> &(Option<Netrc>, Option<Warning>) {
        self.netrc.get_or_init(|| Netrc::read(&self.netrc_locations))
    }
}

/// Settings that the environment may add to; null counts as not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// Whether the body is left on the wire.
    pub stream: Option<bool>,
    /// A truth value or a path.
    pub verify: Option<&'a Tree>,
    /// A path or a pair of paths.
    pub cert: Option<&'a Tree>,
}

/// What certificates are checked against: false, true for the built-in roots, or a path.
///
/// By default the call's word counts before the session's, and the variables say where the roots of a plain `true` are.
/// With [`Precedence::Requests`] they also overrule the session when the call says nothing.
pub fn verify(
    request: Option<&Tree>,
    session: Option<&Tree>,
    environment: Option<&EnvironmentSettings>,
    precedence: Precedence,
) -> Tree {
    let given = |value: Option<&Tree>| value.filter(|value| !value.is_null()).cloned();
    let bundle = environment.and_then(EnvironmentSettings::ca_bundle).map(Tree::from);
    let (request, session) = (given(request), given(session));
    let chosen = match precedence {
        Precedence::Explicit => request.or(session),
        Precedence::Requests => match request {
            None | Some(Tree::Bool(true)) if bundle.is_some() => return bundle.unwrap_or_default(),
            _ => return request.or(session).unwrap_or(Tree::Bool(true)),
        },
    };
    match chosen {
        None | Some(Tree::Bool(true)) => bundle.unwrap_or(Tree::Bool(true)),
        Some(chosen) => chosen,
    }
}

/// `merge_environment_settings`: `{proxies, stream, verify, cert}` as a request to this place would use them.
pub fn merge_environment_settings(
    place: &Place<'_>,
    proxies: &Sources<'_>,
    request: Settings<'_>,
    session: Settings<'_>,
) -> Object {
    let cert = request.cert.filter(|cert| !cert.is_null()).or(session.cert);
    let mut merged = Object::default();
    merged.insert("proxies", proxies.merged(place).to_object().into());
    merged.insert("stream", request.stream.or(session.stream).unwrap_or(false).into());
    merged.insert("verify", verify(request.verify, session.verify, proxies.environment, proxies.precedence));
    merged.insert("cert", cert.cloned().unwrap_or_default());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> EnvironmentSettings {
        EnvironmentSettings::read(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn text(tree: &Tree) -> String {
        match tree {
            Tree::Bool(truth) => truth.to_string(),
            other => other.as_str().unwrap_or("?").to_owned(),
        }
    }

    // Session.merge_environment_settings of requests 2.34.2.
    #[test]
    fn verify_as_requests() {
        let (yes, no) = (Tree::Bool(true), Tree::Bool(false));
        let (x, s) = (Tree::from("/x"), Tree::from("/s"));
        let requests_bundle = [("REQUESTS_CA_BUNDLE", "E")];
        let curl_bundle = [("CURL_CA_BUNDLE", "E")];
        let both = [("REQUESTS_CA_BUNDLE", ""), ("CURL_CA_BUNDLE", "C")];
        let cases: [(Option<&Tree>, &Tree, &[(&str, &str)], &str); 10] = [
            (None, &yes, &[], "true"),
            (None, &no, &requests_bundle, "E"),
            (Some(&yes), &no, &requests_bundle, "E"),
            (Some(&no), &yes, &requests_bundle, "false"),
            (Some(&x), &yes, &curl_bundle, "/x"),
            (None, &s, &curl_bundle, "E"),
            (None, &s, &[], "/s"),
            (Some(&yes), &s, &[], "true"),
            (Some(&yes), &no, &[], "true"),
            (None, &yes, &both, "C"),
        ];
        for (request, session, variables, expected) in cases {
            let environment = environment(variables);
            let merged = verify(request, Some(session), Some(&environment), Precedence::Requests);
            assert_eq!(text(&merged), expected, "{request:?} {session:?} {variables:?}");
        }
    }

    #[test]
    fn an_explicit_verify_wins() {
        let environment = environment(&[("REQUESTS_CA_BUNDLE", "E")]);
        let merged = |session: &Tree| text(&verify(None, Some(session), Some(&environment), Precedence::Explicit));
        assert_eq!(merged(&Tree::Bool(false)), "false");
        assert_eq!(merged(&"/s".into()), "/s");
        assert_eq!(merged(&Tree::Bool(true)), "E");
        assert_eq!(text(&verify(None, None, None, Precedence::Explicit)), "true");
    }

    // requests.utils.get_environ_proxies.
    #[test]
    fn variables() {
        let http = |variables: &[(&str, &str)]| {
            environment(variables).proxies().get("http").flatten().map(|url| url.reveal().to_owned())
        };
        assert_eq!(http(&[("http_proxy", "a"), ("HTTP_PROXY", "b")]).as_deref(), Some("a"));
        assert_eq!(http(&[("HTTP_PROXY", "b")]).as_deref(), Some("b"));
        assert_eq!(http(&[("HTTP_PROXY", "b"), ("REQUEST_METHOD", "GET")]), None);
        assert_eq!(http(&[("http_proxy", "a"), ("REQUEST_METHOD", "GET")]).as_deref(), Some("a"));
        assert_eq!(http(&[("http_proxy", ""), ("HTTP_PROXY", "b")]), None);
    }
}
