//! What `inspect` shows of an HTTP session, with its secrets covered.

use super::settings::Settings;
use crate::{
    engine::http::{exchange::Carrier, proxies::Proxies},
    value::{Object, Tree},
};

/// What stands for a secret.
const COVER: &str = "***";

/// The idle and busy connections.
pub(super) fn pool(carrier: &Carrier) -> Tree {
    let number = |number: usize| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let (mut idle, mut busy, mut routes) = (0, 0, Vec::new());
    for route in carrier.stats() {
        (idle, busy) = (idle + route.idle, busy + route.busy);
        let mut shown = Object::default();
        shown.insert("route", Tree::from(route.label));
        shown.insert("idle", number(route.idle));
        shown.insert("busy", number(route.busy));
        routes.push(Tree::Object(shown));
    }
    let mut shown = Object::default();
    shown.insert("connections_idle", number(idle));
    shown.insert("connections_busy", number(busy));
    shown.insert("routes", Tree::Array(routes));
    Tree::Object(shown)
}

/// Default header fields with their secrets covered.
pub(super) fn headers(settings: &Settings) -> Tree {
    let Tree::Array(list) = settings.headers.to_tree() else { return Tree::Null };
    let cover = |pair: Tree| match &pair {
        Tree::Array(parts) => match parts.as_slice() {
            [Tree::Text(name), _] if is_secret(name) => Tree::Array(vec![Tree::from(&**name), Tree::from(COVER)]),
            _ => pair,
        },
        _ => pair,
    };
    Tree::Array(list.into_iter().map(cover).collect())
}

/// Whether the value of a field or parameter of this name is better not shown.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"]
        .iter()
        .any(|word| name.contains(word))
}

/// Query parameters with what looks like a secret covered.
fn params(params: Option<&Tree>) -> Tree {
    let cover = |name: &str, value: &Tree| if is_secret(name) { Tree::from(COVER) } else { value.clone() };
    match params {
        Some(Tree::Object(members)) => {
            Tree::Object(members.iter().map(|(name, value)| (name, cover(name, value))).collect())
        }
        Some(Tree::Array(pairs)) => Tree::Array(
            pairs
                .iter()
                .map(|pair| match pair.as_array() {
                    Some([Tree::Text(name), value]) => Tree::Array(vec![Tree::from(&**name), cover(name, value)]),
                    _ => pair.clone(),
                })
                .collect(),
        ),
        other => other.cloned().unwrap_or_default(),
    }
}

/// A map of proxies without their logins.
pub(super) fn proxies(proxies: &Proxies) -> Tree {
    let shown = proxies.to_object();
    Tree::Object(
        shown.iter().map(|(key, url)| (key, Tree::from(without_login(url.as_str().unwrap_or_default())))).collect(),
    )
}

/// A URL whose login is covered; a proxy's may be written without a scheme.
fn without_login(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at_checked(start).unwrap_or(("", url));
    let end = rest.find('/').unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => [scheme, COVER, rest.get(at..).unwrap_or_default()].concat(),
        None => url.to_owned(),
    }
}

/// The options in force.
pub(super) fn options(settings: &Settings) -> Tree {
    let seconds = |time: Option<std::time::Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
    let number = |number: usize| Tree::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut times = Object::default();
    times.insert("connect", seconds(settings.times.connect));
    times.insert("read", seconds(settings.times.read));
    times.insert("total", seconds(settings.times.total));
    let mut shown = Object::default();
    shown.insert("headers", headers(settings));
    shown.insert("params", params(settings.params.as_ref()));
    shown.insert("auth", if settings.auth.is_some() { Tree::from(COVER) } else { Tree::Null });
    shown.insert("proxies", proxies(&settings.proxies));
    shown.insert("timeouts", Tree::Object(times));
    shown.insert("verify", settings.trust.session.clone().unwrap_or(Tree::Bool(true)));
    shown.insert("verify_pin", settings.trust.pin.as_deref().map_or(Tree::Null, Tree::from));
    shown.insert("cert", settings.trust.cert.clone().unwrap_or_default());
    shown.insert("cert_password", settings.trust.password.as_ref().map_or(Tree::Null, |_| Tree::from(COVER)));
    shown.insert("trust_env", Tree::Bool(settings.trust_env));
    shown.insert("environment", Tree::from(if settings.environment_wins { "requests" } else { "explicit" }));
    shown.insert("max_redirects", number(settings.max_redirects));
    shown.insert("allow_redirects", settings.allow_redirects.map_or(Tree::Null, Tree::Bool));
    shown.insert("drop_headers", Tree::Array(settings.drop_headers.iter().map(|name| Tree::from(&**name)).collect()));
    shown.insert("stream", Tree::Bool(settings.reading.stream));
    shown.insert("parse", Tree::from(settings.reading.parse.word()));
    shown.insert("encoding", settings.reading.encoding.as_deref().map_or(Tree::Null, Tree::from));
    shown.insert("decode_content", Tree::Bool(settings.decode));
    shown.insert("raise_for_status", Tree::Bool(settings.raise_for_status == Some(true)));
    shown.insert("expect_continue", Tree::Bool(settings.expect_continue));
    shown.insert("cookies", Tree::Bool(settings.jar));
    shown.insert("unix_socket", settings.unix_socket.as_deref().map_or(Tree::Null, Tree::from));
    shown.insert("local_address", settings.local_address.map_or(Tree::Null, |address| Tree::from(address.to_string())));
    shown.insert(
        "tcp_keepalive",
        settings.tcp_keepalive.map_or(Tree::Bool(false), |idle| Tree::Double(idle.as_secs_f64())),
    );
    shown.insert(
        "limit_rate",
        settings.limit_rate.map_or(Tree::Null, |rate| Tree::Int(i64::try_from(rate).unwrap_or(i64::MAX))),
    );
    let mut hooks = Object::default();
    hooks.insert("request", number(settings.request_hooks.len()));
    hooks.insert("response", number(settings.response_hooks.len()));
    shown.insert("hooks", Tree::Object(hooks));
    shown.insert("adapter", settings.adapters.show());
    Tree::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::without_login;

    #[test]
    fn logins_are_covered() {
        for (url, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://user:p@ss@proxy:3128/", "http://***@proxy:3128/"),
            ("user:pass@proxy", "***@proxy"),
            ("http://proxy/@", "http://proxy/@"),
        ] {
            assert_eq!(without_login(url), shown);
        }
    }
}
