//! From what a caller wrote to a prepared URL: a fast look for text that is in order already, and the whole way of
//! urllib3's parser followed by requests' quoting for all other text.

use std::borrow::Cow;

use super::{Parts, Url, host, invalid, quote, refusal, split};
use crate::{
    engine::http::query,
    error::{Result, code},
    value::Tree,
};

/// See [`Url::prepare`].
pub(super) fn prepare(text: &str, params: Option<&Tree>) -> Result<Url> {
    if let Some(parts) = clean(text) {
        let Some(params) = params.filter(|params| !params.is_null()) else {
            return Ok(Url { text: text.into(), parts, odd: None });
        };
        // Form encoding leaves nothing to quote, so a clean URL with it is clean again.
        if matches!(params, Tree::Object(_) | Tree::Array(_)) {
            let encoded = query::encode(params, "params")?;
            return Ok(with_query(text, parts, &encoded));
        }
    }
    general(text, params)
}

/// A clean URL with one more piece of query.
fn with_query(text: &str, parts: Parts, encoded: &str) -> Url {
    if encoded.is_empty() {
        return Url { text: text.into(), parts, odd: None };
    }
    let (before, fragment) = text.split_at(parts.fragment as usize);
    let mut out = String::with_capacity(text.len() + encoded.len() + 1);
    out.push_str(before);
    out.push(if parts.fragment > parts.query { '&' } else { '?' });
    out.push_str(encoded);
    let end = u32::try_from(out.len()).unwrap_or(u32::MAX);
    out.push_str(fragment);
    let parts = Parts { fragment: end, end: u32::try_from(out.len()).unwrap_or(u32::MAX), ..parts };
    Url { text: out.into(), parts, odd: None }
}

/// The parts of a text that preparing would give back as it is: lower-case scheme and host without userinfo, a path,
/// no escapes, nothing to escape, no dot segments. None does not mean that anything is wrong.
fn clean(text: &str) -> Option<Parts> {
    let bytes = text.as_bytes();
    let end = u32::try_from(bytes.len()).ok()?;
    let (scheme, authority) = match bytes {
        [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => (4, 7),
        [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => (5, 8),
        _ => return None,
    };
    let run = |from: usize, class: u8| {
        from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| quote::is(**byte, class)).count()
    };
    let host_end = run(authority, quote::HOST);
    if host_end == authority || bytes.get(authority) == Some(&b'.') {
        return None;
    }
    let mut path = host_end;
    let mut port = None;
    if bytes.get(host_end) == Some(&b':') {
        path = host_end + 1;
        let mut number = 0u32;
        while let Some(digit @ b'0'..=b'9') = bytes.get(path) {
            number = number * 10 + u32::from(digit - b'0');
            path += 1;
            if number == 0 || number > 65535 {
                return None;
            }
        }
        port = Some(u16::try_from(number).ok().filter(|number| *number > 0)?);
    }
    if bytes.get(path) != Some(&b'/') {
        return None;
    }
    let query = run(path, quote::PATH);
    if memchr::memmem::find(bytes.get(path..query)?, b"/.").is_some() {
        return None;
    }
    let mut fragment = query;
    if bytes.get(query) == Some(&b'?') {
        fragment = run(query + 1, quote::QUERY);
        if fragment == query + 1 {
            return None;
        }
    }
    let mut last = fragment;
    if bytes.get(fragment) == Some(&b'#') {
        last = run(fragment + 1, quote::QUERY);
        if last == fragment + 1 {
            return None;
        }
    }
    if last != bytes.len() {
        return None;
    }
    let offset = |at: usize| u32::try_from(at).unwrap_or(end);
    Some(Parts {
        scheme_end: scheme,
        authority: offset(authority),
        userinfo: offset(authority),
        host: offset(authority),
        host_end: offset(host_end),
        port,
        path: offset(path),
        query: offset(query),
        fragment: offset(fragment),
        end,
    })
}

fn general(text: &str, params: Option<&Tree>) -> Result<Url> {
    // Python's idea of white space has four control characters more.
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c));
    if text.contains('\0') {
        return Err(invalid("the URL contained NUL", &text.replace('\0', "\u{fffd}")));
    }
    let begins_with_http = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
    if text.contains(':') && !begins_with_http {
        return Url::untouched(text);
    }
    let pieces = Pieces::of(text).map_err(|reason| invalid(reason, text))?;
    if pieces.scheme.is_empty() {
        return Err(refusal(&code::MISSING_SCHEMA, "the URL had no scheme, such as https://", text));
    }
    if pieces.host.is_empty() {
        return Err(invalid("the URL had no host", text));
    }
    let host = if !pieces.host.is_ascii() {
        Cow::Owned(host::international(&pieces.host).map_err(|reason| invalid(reason, text))?)
    } else if pieces.host.starts_with(['*', '.']) {
        return Err(invalid("the URL had an invalid label in its host", text));
    } else {
        pieces.host
    };
    let added = match params {
        Some(params) => query::written(params)?,
        None => Cow::Borrowed(""),
    };
    let mut out = String::with_capacity(text.len() + added.len() + 8);
    out.push_str(&pieces.scheme);
    out.push_str("://");
    if !pieces.userinfo.is_empty() {
        out.push_str(&pieces.userinfo);
        out.push('@');
    }
    out.push_str(&host);
    if let Some(port) = pieces.port.filter(|port| *port > 0) {
        out.push(':');
        out.push_str(&port.to_string());
    }
    if !pieces.path.starts_with('/') {
        out.push('/');
    }
    out.push_str(&pieces.path);
    let queries = [&*pieces.query, &*added];
    let mut separator = '?';
    for query in queries.into_iter().filter(|query| !query.is_empty()) {
        out.push(separator);
        out.push_str(query);
        separator = '&';
    }
    if !pieces.fragment.is_empty() {
        out.push('#');
        out.push_str(&pieces.fragment);
    }
    Url::from_final(&quote::whole(&out))
}

/// What urllib3's parser gives: each piece normalised by itself.
struct Pieces<'a> {
    scheme: Cow<'a, str>,
    userinfo: Cow<'a, str>,
    host: Cow<'a, str>,
    port: Option<u16>,
    path: Cow<'a, str>,
    query: Cow<'a, str>,
    fragment: Cow<'a, str>,
}

impl Pieces<'_> {
    fn of(text: &str) -> std::result::Result<Pieces<'_>, &'static str> {
        // Text without a scheme is read as an authority, so `h:80/x` is never a scheme `h`, and neither is `h.x:`.
        let scheme_end = split::scheme_end(text).filter(|end| !text.get(..*end).unwrap_or_default().contains('.'));
        let (scheme, rest) = match scheme_end {
            Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default()),
            None => ("", text),
        };
        let rest = if scheme_end.is_some() || text.starts_with('/') { rest.strip_prefix("//") } else { Some(rest) };
        let (authority, rest) = match rest {
            Some(rest) => rest.split_at(rest.find(['\\', '/', '?', '#']).unwrap_or(rest.len())),
            None => ("", text.get(scheme_end.map_or(0, |end| end + 1)..).unwrap_or_default()),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let scheme = if scheme.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(scheme.to_ascii_lowercase())
        } else {
            scheme.into()
        };
        let (userinfo, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = match host::with_port(host_port) {
            Some(found) => found,
            None if host_port.bytes().any(|byte| byte <= b' ' || byte == 0x7f) => {
                return Err("the host of the URL contained a space or a control character");
            }
            None => return Err("the URL had no valid host and port"),
        };
        if !matches!(&*scheme, "" | "http" | "https") {
            if host.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err("the host of the URL contained a space or a control character");
            }
            return Ok(Pieces {
                scheme,
                userinfo: userinfo.into(),
                host: host.into(),
                port,
                path: path.into(),
                query: query.into(),
                fragment: fragment.into(),
            });
        }
        Ok(Pieces {
            scheme,
            userinfo: quote::component(userinfo, quote::USERINFO),
            host: if host.is_empty() { host.into() } else { host::normalise(host)? },
            port,
            path: match without_dots(path) {
                Cow::Borrowed(path) => quote::component(path, quote::PATH),
                Cow::Owned(path) => Cow::Owned(quote::component(&path, quote::PATH).into_owned()),
            },
            query: quote::component(query, quote::QUERY),
            fragment: quote::component(fragment, quote::QUERY),
        })
    }
}

/// A path without `.` and `..` segments; double slashes stay.
fn without_dots(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    if path.starts_with('/') && kept.first().is_none_or(|first| !first.is_empty()) {
        kept.insert(0, "");
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    Cow::Owned(kept.join("/"))
}
