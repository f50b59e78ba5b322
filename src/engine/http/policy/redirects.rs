//! The next request after a redirect (spec/http.md 1.7), and the cookies between two hops.

use std::sync::Arc;

use crate::sys::lock::Mutex;

use super::{Hop, Rules};
use crate::{
    clock,
    engine::http::{
        auth::basic,
        body::Body,
        cookies::{Jar, RequestCookies},
        place::{Place, place},
        redirect,
        request::Request,
    },
    error::{Error, Result, code},
};

/// Puts the cookies of an answer into the jar.
pub(super) fn store_cookies(jar: &Mutex<Jar>, request: &Request, hop: &Hop) {
    let fields = hop.fields();
    if fields.contains("set-cookie") {
        jar.lock().store(&cookie_place(request), fields.values("set-cookie"), clock::epoch_seconds());
    }
}

/// Where a request's cookies belong: a Host field of the caller counts.
fn cookie_place(request: &Request) -> Place<'_> {
    match request.headers.get("host") {
        Some(host) => request.place().under_host(host),
        None => request.place(),
    }
}

/// Sets the Cookie field from the jar and the call's own cookies, unless the caller wrote one.
pub fn set_cookies(request: &mut Request, rules: &Rules) {
    if !rules.explicit_cookie {
        jar_cookies(request, rules);
    }
}

fn jar_cookies(request: &mut Request, rules: &Rules) {
    let own: &RequestCookies = &rules.own_cookies;
    let header = match &rules.jar {
        Some(jar) => {
            let jar = jar.lock();
            if jar.is_empty() && own.is_empty() {
                return;
            }
            jar.header(&cookie_place(request), clock::epoch_seconds(), own)
        }
        None if own.is_empty() => return,
        None => Jar::default().header(&cookie_place(request), clock::epoch_seconds(), own),
    };
    if let Some(header) = header {
        Arc::make_mut(&mut request.headers).set("Cookie", &header);
    }
}

/// The request that a redirect asks for.
pub(super) fn next_request(rules: &Rules, request: &Request, hop: &Hop) -> Result<Request> {
    let location = hop.fields().get("location");
    let Some(target) = redirect::target(hop.status, location.as_deref()) else {
        return Err(Error::new(&code::PROTOCOL, "a redirect had no Location"));
    };
    let method = redirect::method_after(hop.status, &request.method);
    let mut next = Request {
        method: if method == &*request.method { Arc::clone(&request.method) } else { Arc::from(method) },
        url: request.url.join(&target)?,
        headers: Arc::clone(&request.headers),
        body: request.body.clone(),
    };
    if !redirect::keeps_body(hop.status) {
        next.body = Body::None;
    }
    let url = next.url.clone();
    let (old, new) = (request.place(), place(&url));
    let headers = Arc::make_mut(&mut next.headers);
    for name in redirect::dropped_headers(hop.status, &old, &new, &rules.drop_headers) {
        headers.remove(name);
    }
    if !old.same_origin(&new) {
        // The caller's Host named the first server.
        headers.remove("Host");
    }
    if rules.auth.is_none()
        && let Some(login) = rules.environment.as_ref().and_then(|environment| environment.netrc_login(url.host()))
    {
        headers.set("Authorization", &basic(&login.user, &login.password));
    }
    // A Cookie field that the caller wrote was for the first request alone.
    jar_cookies(&mut next, rules);
    if matches!(next.body, Body::None) && !matches!(&*next.method, "GET" | "HEAD" | "DELETE" | "TRACE" | "OPTIONS") {
        next.describe_body();
    }
    Ok(next)
}

/// The body has to go out again and cannot.
pub(super) fn unrewindable(why: &str) -> Error {
    Error::new(
        &code::UNREWINDABLE_BODY,
        format!("the body had to be sent again {why}, and its reader could not go back"),
    )
}
