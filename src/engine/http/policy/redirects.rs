//! The next request after a redirect (spec/http.md 1.7), and the cookies between two hops.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Hop, Rules};
use crate::{
    clock,
    engine::http::{
        auth::Auth,
        body::Body,
        cookies::Jar,
        headers::Headers,
        place::Place,
        redirect,
        request::Request,
    },
    error::{Error, Result, code},
};

/// Puts the cookies of an answer into the jar.
pub(super) fn store_cookies(jar: &Mutex<Jar>, request: &Request, hop: &Hop) {
    let fields = hop.fields();
    if !fields.has("set-cookie") {
        return;
    }
    let values: Vec<String> = fields.get_all("set-cookie").collect();
    let now = i64::try_from(clock::epoch().as_secs()).unwrap_or(i64::MAX);
    let place = cookie_place(request);
    jar.lock().store(&place, values.iter().map(String::as_str), now);
}

/// Where a request's cookies belong: a Host header of the caller counts.
fn cookie_place(request: &Request) -> Place<'_> {
    let place = request.place();
    match request.headers.get("host") {
        Some(host) => place.under_host(host),
        None => place,
    }
}

/// Sets the Cookie field from the jar and the call's own cookies; `first` is where the own ones belong.
pub fn set_cookies(headers: &mut Arc<Headers>, rules: &Rules, place: &Place<'_>, first: &Place<'_>) {
    let own: &[(String, String)] = if place.same_origin(first) { &rules.own_cookies } else { &[] };
    let now = || i64::try_from(clock::epoch().as_secs()).unwrap_or(i64::MAX);
    let header = match &rules.jar {
        Some(jar) => {
            let mut jar = jar.lock();
            if jar.is_empty() && own.is_empty() {
                return;
            }
            jar.header(place, now(), own)
        }
        None if own.is_empty() => return,
        None => Jar::default().header(place, now(), own),
    };
    if let Some(header) = header {
        Arc::make_mut(headers).set("Cookie", &header);
    }
}

/// The Cookie field anew before the same request goes out again, unless the caller wrote it.
pub(super) fn refresh_cookies(request: &mut Request, rules: &Rules, first: &Request) {
    if rules.explicit_cookie {
        return;
    }
    let Request { url, headers, .. } = request;
    if headers.get("cookie").is_some() {
        Arc::make_mut(headers).remove("Cookie");
    }
    let place = Place {
        scheme: url.scheme(),
        host: url.host(),
        port: url.port_or_default().unwrap_or(0),
        path: url.path(),
    };
    let host = headers.get("host").map(str::to_owned);
    let place = match &host {
        Some(host) => place.under_host(host),
        None => place,
    };
    set_cookies(headers, rules, &place, &first.place());
}

/// The request that a redirect asks for.
pub(super) fn next_request(rules: &Rules, request: &Request, first: &Request, hop: &Hop) -> Result<Request> {
    let location = hop.fields().get_raw("location");
    let Some(target) = redirect::target(hop.status, location.as_deref()) else {
        return Err(Error::new(&code::PROTOCOL, "a redirect had no Location"));
    };
    let url = request.url.join(&target)?;
    let method = redirect::method_after(hop.status, &request.method);
    let mut next = Request {
        method: if method == &*request.method { Arc::clone(&request.method) } else { Arc::from(method) },
        url,
        headers: Arc::clone(&request.headers),
        body: request.body.clone(),
    };
    let headers = Arc::make_mut(&mut next.headers);
    // The caller's Host belonged to the first URL.
    if !request.place().same_origin(&Place { path: request.url.path(), ..next_place(&next.url) }) {
        headers.remove("Host");
    }
    if redirect::keeps_body(hop.status) {
        if !next.body.can_rewind() {
            return Err(Error::new(
                &code::UNREWINDABLE_BODY,
                "the body had to be sent again after a redirect, and its reader could not go back",
            ));
        }
    } else {
        for name in Headers::BODY_FIELDS {
            headers.remove(name);
        }
        next.body = Body::None;
    }
    headers.remove("Cookie");
    let (old, new) = (request.place(), next_place(&next.url));
    for name in redirect::dropped_headers(&old, &new, &rules.drop_headers) {
        headers.remove(name);
    }
    if redirect::strips_auth(&old, &new) {
        headers.remove("Authorization");
    }
    if let Some(header) = netrc_login(rules, new.host) {
        headers.set("Authorization", &header);
    }
    let place = match next.headers.get("host").map(str::to_owned) {
        Some(host) => {
            set_cookies(&mut next.headers, rules, &next_place(&next.url).under_host(&host), &first.place());
            return Ok(next);
        }
        None => next_place(&next.url),
    };
    set_cookies(&mut next.headers, rules, &place, &first.place());
    Ok(next)
}

fn next_place(url: &crate::engine::http::url::Url) -> Place<'_> {
    Place { scheme: url.scheme(), host: url.host(), port: url.port_or_default().unwrap_or(0), path: url.path() }
}

/// The Authorization value that netrc has for a host, when nobody else said who we are.
pub fn netrc_login(rules: &Rules, host: &str) -> Option<String> {
    if rules.auth.is_some() {
        return None;
    }
    let login = rules.netrc.as_ref()?.login(host)?;
    Some(Auth::basic_header(&login.user, login.password.reveal()))
}
