//! What a redirect does to the next request (spec/http.md 1.7): where it goes, by which method, with what left.
//!
//! Pure functions; the loop that uses them counts the hops and keeps the history.

use super::place::Place;

/// Headers that speak of a body and go with it.
pub const BODY_HEADERS: [&str; 3] = ["Content-Length", "Content-Type", "Transfer-Encoding"];

/// Headers that are made anew for each hop, whatever the target is.
pub const REBUILT_HEADERS: [&str; 2] = ["Cookie", "Proxy-Authorization"];

/// Whether an answer of this status redirects when it has a `Location`.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Whether the redirect may be remembered by a client.
pub fn is_permanent(status: u16) -> bool {
    matches!(status, 301 | 308)
}

/// The target as the server wrote it, still to be joined to the URL that it answered. An empty `Location` is none,
/// because the loop of requests ends there.
pub fn target(status: u16, location: Option<&[u8]>) -> Option<String> {
    let location = location.filter(|_| is_redirect(status)).filter(|bytes| !bytes.is_empty())?;
    Some(match std::str::from_utf8(location) {
        Ok(text) => text.into(),
        // requests fails on such bytes with a decoding error; every browser takes them as they are.
        Err(_) => location.iter().map(|byte| char::from(*byte)).collect(),
    })
}

/// The method of the next request.
pub fn method_after(status: u16, method: &str) -> &str {
    match status {
        302 | 303 if method != "HEAD" => "GET",
        301 if method == "POST" => "GET",
        _ => method,
    }
}

/// Whether the body goes along; if not, the [`BODY_HEADERS`] go with it, also when the method stayed.
pub fn keeps_body(status: u16) -> bool {
    matches!(status, 307 | 308)
}

/// Whether `Authorization` must be dropped between two places. A move from http to https on the default ports is
/// allowed for the sake of servers that do nothing else.
pub fn strips_auth(old: &Place<'_>, new: &Place<'_>) -> bool {
    if !old.host.eq_ignore_ascii_case(new.host) {
        return true;
    }
    let upgraded = old.scheme == "http" && old.port == 80 && new.scheme == "https" && new.port == 443;
    !upgraded && (old.scheme != new.scheme || old.port != new.port)
}

/// The names of the headers that must go before the next request: those of a lost body, those that are made anew, and,
/// when [`strips_auth`] says so, `Authorization` with the `dropped_across_origins` that the session was told.
pub fn dropped_headers<'a>(
    status: u16,
    old: &Place<'_>,
    new: &Place<'_>,
    dropped_across_origins: &'a [String],
) -> impl Iterator<Item = &'a str> + use<'a> {
    let body: &'static [&'static str] = if keeps_body(status) { &[] } else { &BODY_HEADERS };
    let strips = strips_auth(old, new);
    let secret: &'static [&'static str] = if strips { &["Authorization"] } else { &[] };
    let told = if strips { dropped_across_origins } else { &[] };
    body.iter().chain(&REBUILT_HEADERS).chain(secret).copied().chain(told.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scheme: &'static str, host: &'static str, port: u16) -> Place<'static> {
        Place { scheme, host, port, path: "/" }
    }

    #[test]
    fn targets() {
        assert_eq!(target(302, Some(b"/x")).as_deref(), Some("/x"));
        assert_eq!(target(302, Some("/ü".as_bytes())).as_deref(), Some("/ü"));
        assert_eq!(target(302, Some(b"/\xfc")).as_deref(), Some("/ü"));
        for (status, location) in [(302, None), (300, Some(&b"/x"[..])), (304, Some(b"/x")), (302, Some(b""))] {
            assert_eq!(target(status, location), None, "{status}");
        }
    }

    // From Session.rebuild_method of requests 2.34.2 run over all pairs.
    #[test]
    fn methods() {
        for (status, method, next) in [
            (301, "POST", "GET"),
            (301, "PUT", "PUT"),
            (301, "DELETE", "DELETE"),
            (302, "POST", "GET"),
            (302, "PUT", "GET"),
            (302, "HEAD", "HEAD"),
            (303, "DELETE", "GET"),
            (303, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "PATCH", "PATCH"),
        ] {
            assert_eq!(method_after(status, method), next, "{status} {method}");
        }
        assert!(keeps_body(307) && keeps_body(308) && !keeps_body(301));
    }

    // From Session.should_strip_auth of requests 2.34.2.
    #[test]
    fn authorization_stays_home() {
        let old = place("http", "ex.com", 80);
        for (new, strips) in [
            (place("http", "ex.com", 80), false),
            (place("https", "ex.com", 443), false),
            (place("https", "ex.com", 8443), true),
            (place("http", "ex.com", 8080), true),
            (place("http", "www.ex.com", 80), true),
        ] {
            assert_eq!(strips_auth(&old, &new), strips, "{new:?}");
        }
        assert!(strips_auth(&place("https", "ex.com", 443), &place("http", "ex.com", 80)));
        assert!(strips_auth(&place("http", "ex.com", 8080), &place("https", "ex.com", 443)));
    }

    #[test]
    fn headers_that_go() {
        let (old, new) = (place("https", "a.com", 443), place("https", "b.com", 443));
        let told = ["X-Api-Key".to_owned()];
        let gone: Vec<_> = dropped_headers(302, &old, &new, &told).collect();
        assert_eq!(
            gone,
            [
                "Content-Length",
                "Content-Type",
                "Transfer-Encoding",
                "Cookie",
                "Proxy-Authorization",
                "Authorization",
                "X-Api-Key"
            ]
        );
        assert_eq!(dropped_headers(307, &old, &old, &told).collect::<Vec<_>>(), ["Cookie", "Proxy-Authorization"]);
    }
}
