//! From a call's arguments to the first request (spec/http.md 1.3 to 1.8), in the order of the original: method, URL,
//! header fields, cookies, body, authentication.

use std::{path::Path, sync::Arc};

use super::{
    HttpSession,
    settings::{Settings, within},
};
use crate::{
    backends::Call,
    engine::http::{
        auth::{self, Auth, Selected},
        body::Body,
        cookies::{Edit, RequestCookies},
        environment::EnvironmentSettings,
        headers::Headers,
        netrc::{Login, Netrc},
        policy::{self, Rules},
        request::{self, Request},
        url::Url,
    },
    engine::net::limits::reason,
    error::{Error, Result, code},
    secret::Secret,
    value::Tree,
};

/// A call ready for the driver.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) rules: Rules,
}

/// Builds the first request of a call.
pub(super) fn build(session: &HttpSession, settings: &Settings, call: &Call<'_>) -> Result<Prepared> {
    let Some(verb) = call.verb else { return as_prepared(session, settings, call) };
    let method = request::method(verb).map_err(|error| error.with("key", "verb"))?;
    let url = url(session.base(), call.target, settings.params.as_ref())?;
    let headers = Arc::clone(&settings.headers);
    let own_cookies = match call.args.get("cookies") {
        None | Some(Tree::Bool(_)) => Vec::new(),
        Some(cookies) => Edit::parse(cookies).map_err(|error| within("cookies", error))?,
    };
    let mut request = Request { method, url, headers, body: Body::None };
    let own_cookies = if own_cookies.is_empty() {
        RequestCookies::default()
    } else {
        RequestCookies::new(own_cookies, Some(&request.place()))
    };
    let rules = rules(session, settings, &request, own_cookies);
    policy::set_cookies(&mut request, &rules);
    let args = call.args;
    let (data, json, files) = (args.get("data"), args.get("json"), args.get("files"));
    if data.is_some() || json.is_some() || files.is_some() {
        let prepared = Body::prepare(data, json, files)?;
        request.body = prepared.body;
        if let Some(content_type) = prepared.content_type
            && !request.headers.contains("content-type")
        {
            request.describe_body();
            Arc::make_mut(&mut request.headers).push("Content-Type", &content_type);
        }
    }
    request.describe_body();
    authorize(&mut request, settings, session)?;
    request.framing()?;
    Ok(Prepared { request, rules })
}

/// What `prepare` returned, edited or not: sent as it stands.
fn as_prepared(session: &HttpSession, settings: &Settings, call: &Call<'_>) -> Result<Prepared> {
    let args = call.args;
    let method = request::method(args.str("method")?.unwrap_or("GET"))?;
    // NULL for the verb is a mistake as often as it is meant.
    let no_verb =
        || Error::option("url", "the verb was NULL, which sends what prepare gave, and the arguments had no url");
    let url = match (args.str("url")?, call.target) {
        (Some(url), _) => Url::prepare(url, None)?,
        (None, Some(target)) => Url::prepare(target, None).map_err(|_| no_verb())?,
        (None, None) => return Err(no_verb()),
    };
    let headers = match args.get("headers") {
        Some(headers) => Headers::from_tree(headers)?,
        None => Headers::default(),
    };
    let body = match args.get("body") {
        None | Some(Tree::Null) => Body::None,
        Some(body) => Body::as_is(body)?,
    };
    let mut request = Request { method, url, headers: Arc::new(headers), body };
    request.describe_body();
    request.framing()?;
    let mut rules = rules(session, settings, &request, RequestCookies::default());
    if matches!(rules.auth, Some(Auth::Provider(_))) {
        // It was asked when the request was prepared.
        rules.auth = Some(Auth::None);
    }
    Ok(Prepared { request, rules })
}

fn rules(session: &HttpSession, settings: &Settings, request: &Request, own_cookies: RequestCookies) -> Rules {
    Rules {
        allow_redirects: settings.allow_redirects.unwrap_or(&*request.method != "HEAD"),
        max_redirects: settings.max_redirects,
        auth: settings.auth.clone(),
        environment: settings.trust_env.then(|| session.environment()),
        retry: Arc::clone(&settings.retry),
        request_hooks: Arc::clone(&settings.request_hooks),
        response_hooks: Arc::clone(&settings.response_hooks),
        drop_headers: Arc::clone(&settings.drop_headers),
        stream: settings.reading.stream,
        jar: settings.jar.then(|| session.jar()),
        explicit_cookie: request.headers.contains("cookie"),
        own_cookies: Arc::new(own_cookies),
    }
}

fn url(base: Option<&Url>, target: Option<&str>, params: Option<&Tree>) -> Result<Url> {
    let url = match (base, target) {
        (None, None) => return Err(Error::new(&code::INVALID_URL, "there was neither a base nor a target URL")),
        (Some(base), None) => base.clone(),
        (None, Some(target)) => return Url::prepare(target, params),
        (Some(base), Some(target)) => Url::join_base(base, target)?,
    };
    match params {
        Some(params) => url.with_params(params),
        None => Ok(url),
    }
}

/// Authentication by precedence: what was said, then netrc (an explicit field beats it), then the URL's userinfo.
fn authorize(request: &mut Request, settings: &Settings, session: &HttpSession) -> Result<()> {
    if settings.auth.is_none() && !settings.trust_env && request.url.userinfo().is_none() {
        return Ok(());
    }
    let environment = session.environment();
    let userinfo = request.url.credentials().map(|(user, password)| (user, Secret::new(password)));
    let selected = auth::select(
        settings.auth.as_ref(),
        None,
        settings.trusted(&environment),
        request.url.host(),
        userinfo.as_ref().map(|(user, password)| (&**user, password)),
        request.headers.contains("authorization"),
        settings.precedence(),
    );
    let header = match selected {
        Selected::Nothing => None,
        Selected::Given(Auth::Digest(digest)) => return request.anticipate_digest(digest).map(drop),
        Selected::Given(Auth::Netrc(file)) => netrc_login(file.as_deref(), &environment, request.url.host())?
            .map(|login| auth::basic(&login.user, &login.password)),
        Selected::Given(auth) => auth.authorization(),
        Selected::Header(header) => Some(header),
    };
    if let Some(header) = header {
        Arc::make_mut(&mut request.headers).set("Authorization", &header);
    }
    Ok(())
}

/// The login of a host in a netrc file that was asked for: that it cannot be read is an error here.
fn netrc_login(file: Option<&Path>, environment: &EnvironmentSettings, host: &str) -> Result<Option<Login>> {
    let Some(file) = file else { return Ok(environment.netrc_login(host).cloned()) };
    let wrong = |why: &str| Error::new(&code::IO, format!("the netrc file {} {why}", file.display()));
    let text =
        std::fs::read_to_string(file).map_err(|error| wrong(&format!("could not be read: {}", reason(&error))))?;
    let netrc = Netrc::parse(&text).map_err(|warning| wrong(&format!("was not understood: {}", warning.0)))?;
    Ok(netrc.login(host).cloned())
}
