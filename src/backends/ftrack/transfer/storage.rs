//! The HTTP session that carries bytes. Uploads may go to another host, which must see neither credentials nor cookies
//! of the server (spec/ftrack.md 13, 25): it has none. Addresses of the server's own store carry the credentials in
//! their query (13, 26): they leave this file only towards the wire and the host that asked for one.

use std::{sync::Arc, time::Instant};

use crate::{
    args::Args,
    backends::{
        Answer, Backend, Call, Progress,
        ftrack::{OpenWeb, settings::Login},
    },
    engine::net::cancel::Cancel,
    error::{Error, Result},
    value::{Object, Tree},
};

/// What belongs to the server alone, and tries, which are counted here over whole parts.
const NOT_FOR_STORAGE: [&str; 4] = ["headers", "cookies", "cookie_file", "retry"];

/// The way to the bytes.
pub struct Storage(Arc<dyn Backend>);

/// What may be asked of the server's store.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The bytes of a component.
    Get,
    /// To remove them.
    Remove,
    /// A picture of it.
    Thumbnail,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Place::Get => "get",
            Place::Remove => "remove",
            Place::Thumbnail => "thumbnail",
        }
    }
}

/// One request for bytes or with them.
pub struct Order<'a> {
    /// `GET` or `PUT`.
    pub method: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// The arguments of the HTTP session.
    pub args: Args,
    /// Ends it from another thread.
    pub cancel: &'a Arc<Cancel>,
    /// Hears of moved bytes.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl Storage {
    /// Opens it with what the session was told of proxies, certificates and connections.
    ///
    /// # Errors
    /// The mistake in the arguments.
    pub fn open(login: &Login, args: &Args, web: OpenWeb<'_>) -> Result<Storage> {
        let mut own = without(&login.web(args, None));
        own.set("cookies", false);
        // A signed address is whole; nothing is added to it.
        own.set("stream", true);
        Ok(Storage(web("http:", &own)?))
    }

    /// Takes over what the session was told anew.
    ///
    /// # Errors
    /// The mistake in the arguments; nothing has changed then.
    pub fn configure(&self, args: &Args) -> Result<()> {
        self.0.configure(&without(args))
    }

    /// Lets go of its connections.
    ///
    /// # Errors
    /// Those of the HTTP session.
    pub fn close(&self, deadline: Instant) -> Result<()> {
        self.0.close(false, deadline)
    }

    /// The same, at once.
    pub fn abandon(&self) {
        self.0.abandon();
    }

    /// Sends a request; the answer is at the head. Any status is an answer.
    ///
    /// # Errors
    /// What goes wrong on the way, without the query of an address.
    pub fn send(&self, login: &Login, order: Order<'_>) -> Result<Box<dyn Answer>> {
        let Order { method, url, args, cancel, progress } = order;
        let call = Call { verb: Some(method), target: Some(url), args: &args, cancel, progress };
        self.0.request(&call).map_err(|error| veiled(error, login))
    }
}

fn without(args: &Args) -> Args {
    let mut own = Args::new();
    for (key, value) in args.root().iter() {
        if !NOT_FOR_STORAGE.contains(&key) {
            own.set(key, value.clone());
        }
    }
    own
}

/// The address of something in the server's store, with credentials.
pub fn address(login: &Login, place: Place, component: &str, size: Option<i64>) -> String {
    let plain = |text: &str| if login.python { text.to_owned() } else { escaped(text) };
    let (id, user, key) = (plain(component), plain(&login.user), plain(login.key.reveal()));
    let size = size.map(|size| format!("&size={size}")).unwrap_or_default();
    format!("{}/component/{}?id={id}&username={user}&apiKey={key}{size}", login.server, place.word())
}

/// The same as an address to ask and the parameters of its query, for a request of ours.
pub fn question(login: &Login, place: Place, component: &str) -> (String, Tree) {
    let mut params = Object::with_capacity(3);
    params.insert("id", Tree::from(component));
    params.insert("username", Tree::from(&*login.user));
    params.insert("apiKey", Tree::from(login.key.reveal()));
    (format!("{}/component/{}", login.server, place.word()), Tree::Object(params))
}

/// The error without what must not be shown: the query of an address, the key, an answer that knows its address.
pub fn veiled(mut error: Error, login: &Login) -> Error {
    drop(error.take_response());
    let url = error
        .detail()
        .get("url")
        .and_then(Tree::as_str)
        .map(|url| url.split(['?', '#']).next().unwrap_or_default().to_owned());
    if let Some(url) = url {
        error = error.with("url", url);
    }
    let key = login.key.reveal();
    for key in [key.to_owned(), escaped(key)] {
        // Each turn takes one away.
        while key.len() > 3 && error.message().contains(&key) {
            error = error.reworded(&key, "***");
        }
    }
    error
}

/// Text inside of a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::code, secret::Secret};

    fn login(python: bool) -> Login {
        let (user, key) = ("a+b@c".into(), Secret::new("k&e y"));
        Login { server: "https://h".into(), user, key, strict: false, python }
    }

    #[test]
    fn an_address_is_pythons_except_for_what_would_break_it() {
        assert_eq!(
            address(&login(true), Place::Get, "id", None),
            "https://h/component/get?id=id&username=a+b@c&apiKey=k&e y"
        );
        assert_eq!(
            address(&login(false), Place::Thumbnail, "id", Some(300)),
            "https://h/component/thumbnail?id=id&username=a%2Bb@c&apiKey=k%26e%20y&size=300"
        );
    }

    #[test]
    fn an_error_shows_no_credentials() {
        let error = Error::new(&code::CONNECT, "GET https://h/x?apiKey=k%26e%20y failed: k&e y")
            .with("url", "https://h/x?apiKey=k%26e%20y#f");
        let error = veiled(error, &login(false));
        assert_eq!(error.message(), "GET https://h/x?apiKey=*** failed: ***");
        assert_eq!(error.detail().get("url").and_then(Tree::as_str), Some("https://h/x"));
    }
}
