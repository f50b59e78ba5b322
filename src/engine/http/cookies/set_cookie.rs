//! One `Set-Cookie` line: the lenient Netscape reading of Python's library, made safe.

use super::{
    cookie::{Cookie, escaped_path, is_address, is_below, is_clean},
    date,
    jar::Rules,
    suffix,
};
use crate::engine::http::place::Place;

/// Name and value together; longer ones are ignored, as browsers do.
const MAX_PAIR_BYTES: usize = 4096;
/// An attribute that is longer is ignored.
const MAX_ATTRIBUTE_BYTES: usize = 1024;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// Keep this cookie.
    Keep(Cookie),
    /// Forget the cookie of that name, domain and path.
    Forget(Cookie),
}

#[derive(Default)]
struct Attributes<'a> {
    domain: Option<&'a str>,
    path: Option<&'a str>,
    expires: Option<i64>,
    max_age: Option<i64>,
    secure: bool,
    http_only: bool,
    same_site: Option<&'a str>,
}

/// Reads one line that came from `place`; `None` if the cookie is not acceptable.
pub(super) fn parse(line: &str, place: &Place<'_>, now: i64, rules: Rules) -> Option<Asked> {
    if !is_clean(line) {
        return None;
    }
    let mut parts = line.split(';');
    let (name, value) = pair(parts.next()?);
    if name.is_empty() || name.len() + value.map_or(0, str::len) > MAX_PAIR_BYTES {
        return None;
    }
    let attributes = read_attributes(parts);
    let (domain, host_only) = domain_of(attributes.domain, place, rules)?;
    let path = match attributes.path.filter(|path| path.starts_with('/')) {
        Some(path) => escaped_path(path).into_owned(),
        None => default_path(&escaped_path(place.path)).to_owned(),
    };
    let expires = attributes.max_age.map(|age| now.saturating_add(age)).or(attributes.expires);
    let cookie = Cookie {
        name: name.into(),
        value: value.map(unescaped),
        domain,
        host_only,
        path,
        secure: attributes.secure,
        expires,
        http_only: attributes.http_only,
        same_site: attributes.same_site.map(String::from),
        utf8: false,
        stored: 0,
    };
    if rules == Rules::Modern && !prefix_is_kept(&cookie, place) {
        return None;
    }
    Some(if cookie.is_expired(now) { Asked::Forget(cookie) } else { Asked::Keep(cookie) })
}

fn pair(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text.trim(), None),
    }
}

/// Of an attribute given twice the first counts, as in Python; Max-Age wins over Expires wherever it stands.
fn read_attributes<'a>(parts: impl Iterator<Item = &'a str>) -> Attributes<'a> {
    let mut read = Attributes::default();
    for part in parts {
        let (name, value) = pair(part);
        let value = value.filter(|value| value.len() <= MAX_ATTRIBUTE_BYTES);
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        if is("domain") {
            read.domain = read.domain.or(value);
        } else if is("path") {
            read.path = read.path.or(value);
        } else if is("expires") {
            read.expires = read.expires.or_else(|| date::parse(value?.trim_matches('"')));
        } else if is("max-age") {
            read.max_age = value.and_then(seconds).or(read.max_age);
        } else if is("secure") {
            read.secure = true;
        } else if is("httponly") {
            read.http_only = true;
        } else if is("samesite") {
            read.same_site = read.same_site.or(value);
        }
    }
    read
}

/// A Max-Age; numbers too long for us are as far away as can be.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// requests drops escaped quotes from inside a quoted value.
pub(super) fn unescaped(value: &str) -> String {
    if value.starts_with('"') && value.ends_with('"') { value.replace("\\\"", "") } else { value.into() }
}

/// The domain to keep the cookie under, and whether it is for that host only.
fn domain_of(attribute: Option<&str>, place: &Place<'_>, rules: Rules) -> Option<(String, bool)> {
    let host = place.host;
    let wanted = attribute.map(|domain| domain.trim_start_matches('.')).filter(|domain| !domain.is_empty());
    let Some(wanted) = wanted.filter(|domain| !domain.eq_ignore_ascii_case(host) || !is_lone(host)) else {
        let dotless = !host.contains('.') && !host.contains(':');
        let local = if dotless { ".local" } else { "" };
        return Some((format!("{host}{local}").to_ascii_lowercase(), true));
    };
    let wanted = wanted.to_ascii_lowercase();
    let own = wanted.eq_ignore_ascii_case(host);
    if !own && (is_address(host) || !is_below(host, &wanted)) {
        return None;
    }
    let public = !wanted.contains('.') || (rules == Rules::Modern && suffix::is_public(&wanted));
    match (public, own) {
        (true, true) => Some((wanted, true)),
        (true, false) => None,
        (false, _) => Some((format!(".{wanted}"), false)),
    }
}

/// A host that has no names under it, or whose names are strangers.
fn is_lone(host: &str) -> bool {
    !host.contains('.') || is_address(host)
}

/// The directory of the path.
fn default_path(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((directory, _)) if !directory.is_empty() => directory,
        _ => "/",
    }
}

/// `__Secure-` and `__Host-` promise what their names say.
fn prefix_is_kept(cookie: &Cookie, place: &Place<'_>) -> bool {
    let begins = |prefix: &str| cookie.name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    if begins("__Host-") {
        return cookie.secure && place.is_secure() && cookie.host_only && cookie.path == "/";
    }
    !begins("__Secure-") || (cookie.secure && place.is_secure())
}
