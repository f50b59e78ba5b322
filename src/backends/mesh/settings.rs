//! Address and options of a session (spec/mesh.md 2, verbs.md "Mesh").

use std::time::Duration;

use crate::{
    args::{Args, duration},
    error::{Error, Result},
    options::{self, scope},
    value::{Object, Tree},
};

/// The port of the product and of all examples.
const PORT: u16 = 50051;
/// The longest that a session is left unused when nothing else was asked for (spec/mesh.md 3.3).
pub const LONGEST: Duration = Duration::from_secs(150);
/// What a message of the server may have when nothing else was asked for: gRPC's own limit.
const RECEIVE_SIZE: usize = 4 << 20;
/// Options of HTTP that mean something else here, or nothing.
const OWN: [&str; 3] = ["headers", "http_version", "parse"];
/// Options that are about the whole call; what HTTP is told of them is in [`super::terms`].
pub const WHOLE_CALL: [&str; 2] = ["timeout", "timeouts"];

/// `keepalive`: the longest that a session is left unused. The outer `None` is "nothing was said", the inner one is `false`:
/// nobody keeps it alive.
///
/// # Errors
/// `argument`.
pub fn keepalive(args: &Args) -> Result<Option<Option<Duration>>> {
    match args.get("keepalive") {
        None | Some(Tree::Null) => Ok(None),
        Some(Tree::Bool(false)) => Ok(Some(None)),
        Some(Tree::Bool(true)) => Ok(Some(Some(LONGEST))),
        Some(value) => match duration("keepalive", value)? {
            Some(longest) if !longest.is_zero() => Ok(Some(Some(longest))),
            _ => Err(Error::option("keepalive", "keepalive was 0; false switches it off")),
        },
    }
}

/// `model`: a name, or its path.
///
/// # Errors
/// `argument`.
pub fn model(text: &str) -> Result<Box<str>> {
    let name = text.strip_prefix("Model/").unwrap_or(text).trim_end_matches('/');
    if name.is_empty() || name.contains('/') {
        return Err(Error::option("model", format!("{text:?} was no model; a name such as \"MyModel\" is one")));
    }
    Ok(name.into())
}

/// Where the server is, and how it is spoken to.
#[derive(Debug)]
pub struct Place {
    /// The address of the HTTP session that carries everything.
    pub url: String,
    /// TLS.
    pub secure: bool,
    /// The longest message that is taken.
    pub most: usize,
}

impl Place {
    /// Reads `mesh+http://host:port` or `mesh+https://host:port`.
    ///
    /// # Errors
    /// `argument` for what is missing or wrong.
    pub fn read(url: &str, args: &Args) -> Result<Place> {
        let wrong = || {
            Error::option("url", format!("{url:?} was no address of a Mesh server; mesh+https://host:{PORT} is one"))
        };
        let (_, rest) = url.split_once('+').ok_or_else(wrong)?;
        let (scheme, authority) = rest.split_once("://").ok_or_else(wrong)?;
        let authority = authority.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(wrong());
        }
        let ported = match authority.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.contains(']') => port.parse::<u16>().is_ok(),
            Some(_) => false,
            None => false,
        };
        let bare = !authority.contains(':') || authority.ends_with(']');
        if !ported && !bare {
            return Err(wrong());
        }
        let authority = if ported { authority.to_owned() } else { format!("{authority}:{PORT}") };
        let most = match args.int("max_receive_size")? {
            None | Some(0) => RECEIVE_SIZE,
            Some(most) => {
                usize::try_from(most).map_err(|_| Error::option("max_receive_size", "max_receive_size was negative"))?
            }
        };
        Ok(Place {
            url: format!("{}://{authority}", scheme.to_ascii_lowercase()),
            secure: scheme.eq_ignore_ascii_case("https"),
            most,
        })
    }

    /// The arguments of the HTTP session that carries everything.
    ///
    /// # Errors
    /// `argument` for what is wrong.
    pub fn web(&self, args: &Args) -> Result<Args> {
        let mut web = Args::new();
        for (key, value) in args.root().iter() {
            if !OWN.contains(&key) && !WHOLE_CALL.contains(&key) && options::find(key, scope::CREATE, "http").is_some()
            {
                web.set(key, value.clone());
            }
        }
        if let Some(phases) = super::terms::phases(args) {
            web.set("timeouts", phases);
        }
        web.set("http_version", "2");
        web.set("parse", "none");
        // As gRPC's own client does; the certificate must have been named by the host.
        if args.get("verify_common_name").is_none() {
            web.set("verify_common_name", true);
        }
        if let Some(roots) = args.get("root_certs").filter(|roots| !roots.is_null()) {
            web.set("verify", roots.clone());
        }
        let mut headers = Object::default();
        for unwanted in ["Accept", "Accept-Encoding", "Connection"] {
            headers.insert(unwanted, Tree::Null);
        }
        headers.insert("content-type", Tree::from("application/grpc"));
        headers.insert("te", Tree::from("trailers"));
        for (name, value) in args.get("headers").and_then(Tree::as_object).into_iter().flat_map(Object::iter) {
            headers.insert(name, value.clone());
        }
        web.set("headers", Tree::Object(headers));
        Ok(web)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keepalive_is_seconds_or_a_switch() {
        let read = |json: &str| {
            let mut args = Args::new();
            args.set_json(Some("keepalive"), json);
            keepalive(&args)
        };
        assert_eq!(keepalive(&Args::new()).unwrap(), None);
        assert_eq!(read("null").unwrap(), None);
        assert_eq!(read("false").unwrap(), Some(None));
        assert_eq!(read("true").unwrap(), Some(Some(LONGEST)));
        assert_eq!(read("2.5").unwrap(), Some(Some(Duration::from_millis(2500))));
        assert_eq!(read("\"1m\"").unwrap(), Some(Some(Duration::from_secs(60))));
        for bad in ["0", "-1", "\"often\"", "[1]"] {
            assert_eq!(read(bad).unwrap_err().code(), "argument", "{bad}");
        }
    }

    #[test]
    fn a_model_is_a_name_or_its_path() {
        assert_eq!((&*model("M").unwrap(), &*model("Model/M/").unwrap()), ("M", "M"));
        for bad in ["", "Model/", "M/Area", "/"] {
            assert_eq!(model(bad).unwrap_err().code(), "argument", "{bad}");
        }
    }

    #[test]
    fn addresses_are_read_and_the_port_has_a_default() {
        let read = |url: &str| Place::read(url, &Args::new()).map(|place| place.url);
        assert_eq!(read("mesh+http://host:1234").unwrap(), "http://host:1234");
        assert_eq!(read("mesh+https://host/").unwrap(), "https://host:50051");
        assert_eq!(read("mesh+https://[::1]").unwrap(), "https://[::1]:50051");
        assert_eq!(read("mesh+https://[::1]:7").unwrap(), "https://[::1]:7");
        for bad in [
            "mesh+http://",
            "mesh+http",
            "mesh:",
            "mesh+http://h:port",
            "mesh+http://h/path",
            "mesh+http://u@h",
            "mesh+http://:1",
        ] {
            assert_eq!(read(bad).unwrap_err().code(), "argument", "{bad}");
        }
    }
}
