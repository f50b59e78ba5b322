//! Where a server is (spec/janus.md 1.1): the scheme says how messages reach it. What is behind the scheme is left to
//! whoever connects, ports included: servers stand behind proxies on 80 and 443 as often as on their own ports.

use crate::{
    args::Args,
    error::{Error, Result, code},
    value::Tree,
};

/// How messages reach a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// POSTs and long polls.
    Http,
    /// A Unix socket.
    Unix,
}

/// One server, or one way to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// How.
    pub transport: Transport,
    /// The address without `janus+`: `ws://host:8188/`, `https://host/janus`; of a Unix socket the path, as it was written.
    pub address: String,
    /// As it is shown: without user, password and query.
    pub shown: String,
}

impl Place {
    /// Reads `janus+ws://…`, `janus+wss://…`, `janus+http://…`, `janus+https://…` or `janus+unix:/path`; in a list also
    /// without `janus+`.
    ///
    /// # Errors
    /// `invalid_schema`, `invalid_url`.
    pub fn read(url: &str) -> Result<Place> {
        let url = url.trim();
        let rest = match url.split_at_checked(6) {
            Some((start, rest)) if start.eq_ignore_ascii_case("janus+") => rest,
            _ => url,
        };
        let (scheme, behind) = rest.split_once(':').unwrap_or((rest, ""));
        let scheme = scheme.to_ascii_lowercase();
        let transport = match &*scheme {
            "ws" | "wss" => Transport::WebSocket,
            "http" | "https" => Transport::Http,
            "unix" => Transport::Unix,
            other => {
                let message =
                    format!("no protocol matched {other:?}; Janus is reached by ws, wss, http, https and unix");
                return Err(Error::new(&code::INVALID_SCHEMA, message).with("key", "url"));
            }
        };
        let wrong = |what: &str| Error::new(&code::INVALID_URL, what.to_owned()).with("key", "url");
        if transport == Transport::Unix {
            let path = behind.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(behind);
            if path.is_empty() {
                return Err(wrong("the URL had no path; janus+unix:/run/janus.sock is one"));
            }
            return Ok(Place { transport, address: path.to_owned(), shown: format!("janus+unix:{path}") });
        }
        let behind = behind.strip_prefix("//").ok_or_else(|| wrong("the URL had no host"))?;
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (authority, path) = behind.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if host.is_empty() || host.starts_with(':') {
            return Err(wrong("the URL had no host"));
        }
        let shown_path = path.split(['?', '#']).next().unwrap_or_default();
        let shown = format!("janus+{scheme}://{host}{shown_path}");
        Ok(Place { transport, address: format!("{scheme}://{behind}"), shown })
    }

    /// The URL of a session, and those of `urls` behind it that are others.
    ///
    /// # Errors
    /// `argument`, `invalid_schema`, `invalid_url`.
    pub fn all(url: &str, args: &Args) -> Result<Vec<Place>> {
        let mut places = vec![Place::read(url)?];
        let more = match args.get("urls") {
            None | Some(Tree::Null) => &[][..],
            Some(Tree::Array(more)) => more,
            Some(one @ Tree::Text(_)) => std::slice::from_ref(one),
            Some(_) => return Err(Error::option("urls", "urls was not a list of URLs")),
        };
        for url in more {
            let url = url.as_str().ok_or_else(|| Error::option("urls", "urls was not a list of URLs"))?;
            let place = Place::read(url).map_err(|error| error.with("key", "urls"))?;
            if !places.contains(&place) {
                places.push(place);
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_says_how() {
        let rows = [
            ("janus+ws://h:8188/", Transport::WebSocket, "ws://h:8188/", "janus+ws://h:8188/"),
            ("JANUS+WSS://u:p@h/janus?k=v", Transport::WebSocket, "wss://u:p@h/janus?k=v", "janus+wss://h/janus"),
            ("http://h/janus", Transport::Http, "http://h/janus", "janus+http://h/janus"),
            ("janus+https://[::1]:1", Transport::Http, "https://[::1]:1", "janus+https://[::1]:1"),
            ("janus+unix:/run/j.sock", Transport::Unix, "/run/j.sock", "janus+unix:/run/j.sock"),
            ("janus+unix:///run/j.sock", Transport::Unix, "/run/j.sock", "janus+unix:/run/j.sock"),
            ("unix:j.sock", Transport::Unix, "j.sock", "janus+unix:j.sock"),
        ];
        for (url, transport, address, shown) in rows {
            let place = Place::read(url).unwrap();
            assert_eq!((place.transport, &*place.address, &*place.shown), (transport, address, shown), "{url}");
        }
        for (wrong, code) in [
            ("janus+ftp://h", "invalid_schema"),
            ("janus+", "invalid_schema"),
            ("janus+ws:h", "invalid_url"),
            ("janus+ws://", "invalid_url"),
            ("janus+ws:///x", "invalid_url"),
            ("janus+ws://u@/x", "invalid_url"),
            ("janus+ws://:80", "invalid_url"),
            ("janus+unix:", "invalid_url"),
        ] {
            assert_eq!(Place::read(wrong).unwrap_err().code(), code, "{wrong}");
        }
    }

    #[test]
    fn further_urls_follow_the_first() {
        let read = |json: &str| {
            let mut args = Args::new();
            args.set_json(Some("urls"), json);
            Place::all("janus+ws://a", &args).map(|all| all.into_iter().map(|place| place.address).collect::<Vec<_>>())
        };
        assert_eq!(read("null").unwrap(), ["ws://a"]);
        assert_eq!(read("\"ws://b\"").unwrap(), ["ws://a", "ws://b"]);
        assert_eq!(read("[\"janus+ws://a\",\"http://c\"]").unwrap(), ["ws://a", "http://c"]);
        for wrong in ["7", "[7]", "[\"ftp://x\"]"] {
            assert_eq!(read(wrong).unwrap_err().detail().get("key").and_then(Tree::as_str), Some("urls"), "{wrong}");
        }
    }
}
