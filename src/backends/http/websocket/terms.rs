//! The options of a WebSocket.

use std::time::Duration;

use crate::{
    args::{self, Args},
    engine::{
        backoff::Plan,
        websocket::{
            deflate::Agreed,
            driver::Settings,
            extension::Offer,
            handshake::Wish,
            link::{Again, Terms},
        },
    },
    error::{Error, Result},
    value::{Object, Tree},
};

/// The options that mean nothing elsewhere.
const OPTIONS: [&str; 7] =
    ["subprotocols", "compression", "max_message_size", "ping_interval", "ping_timeout", "close_timeout", "reconnect"];

/// Refuses the options of a WebSocket where none is attached.
///
/// # Errors
/// `argument`.
pub(in super::super) fn refuse_options(args: &Args) -> Result<()> {
    match OPTIONS.into_iter().find(|key| args.get(key).is_some()) {
        Some(key) => {
            Err(Error::option(key, format!("{key} is for WebSockets, and the name began with neither ws: nor wss:")))
        }
        None => Ok(()),
    }
}

/// What is asked of the server.
///
/// # Errors
/// `argument`.
pub(super) fn wish(args: &Args) -> Result<Wish> {
    Ok(Wish { subprotocols: subprotocols(args.get("subprotocols"))?, deflate: compression(args.get("compression"))? })
}

/// How the connection is kept.
///
/// # Errors
/// `argument`.
pub(super) fn terms(args: &Args) -> Result<Terms> {
    let standard = Settings::default();
    let time = |key: &str, standard: Option<Duration>| -> Result<Option<Duration>> {
        match args.get(key) {
            None => Ok(standard),
            Some(value) => Ok(args::duration(key, value)?.filter(|time| !time.is_zero())),
        }
    };
    let size = args.int("max_message_size")?.map(|size| {
        let wrong = || Error::option("max_message_size", "max_message_size was not a positive number");
        usize::try_from(size).ok().filter(|size| *size > 0 && *size < usize::MAX).ok_or_else(wrong)
    });
    let settings = Settings {
        max_message_size: size.transpose()?.unwrap_or(standard.max_message_size),
        ping_interval: time("ping_interval", standard.ping_interval)?,
        ping_timeout: time("ping_timeout", standard.ping_timeout)?,
        close_timeout: args.duration("close_timeout")?.unwrap_or(standard.close_timeout),
    };
    Ok(Terms { settings, again: reconnect(args.get("reconnect"))? })
}

/// Reconnecting is off unless it is asked for; `normal` asks for it also after the peer said that it was over.
fn reconnect(value: Option<&Tree>) -> Result<Option<Again>> {
    let mut also_after_goodbye = false;
    let plan = match value {
        None => return Ok(None),
        Some(Tree::Object(members)) => {
            let mut rest = Object::default();
            for (name, value) in members.iter() {
                if name == "normal" {
                    also_after_goodbye = args::boolean("reconnect.normal", value)?.unwrap_or(false);
                } else {
                    rest.insert(name, value.clone());
                }
            }
            Plan::default().parse(&Tree::Object(rest))?
        }
        Some(value) => Plan::default().parse(value)?,
    };
    Ok(plan.map(|plan| Again { plan, also_after_goodbye }))
}

fn subprotocols(value: Option<&Tree>) -> Result<Vec<String>> {
    let names: Vec<&str> = match value {
        None | Some(Tree::Null) => Vec::new(),
        Some(Tree::Text(name)) => vec![name],
        Some(Tree::Array(items)) => items.iter().map(|item| item.as_str().unwrap_or_default()).collect(),
        Some(_) => vec![""],
    };
    // RFC 6455 4.1: a token each, and none twice.
    let is_token = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    for (at, name) in names.iter().enumerate() {
        if !is_token(name) || names.iter().take(at).any(|other| other == name) {
            return Err(Error::option("subprotocols", "subprotocols was not a list of different names"));
        }
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn compression(value: Option<&Tree>) -> Result<Option<Offer>> {
    match value {
        None | Some(Tree::Bool(true)) => Ok(Some(Offer::default())),
        Some(Tree::Null | Tree::Bool(false)) => Ok(None),
        Some(Tree::Text(word)) if &**word == "deflate" => Ok(Some(Offer::default())),
        Some(Tree::Object(members)) => offer(members).map(Some),
        Some(_) => {
            Err(Error::option("compression", "compression was neither a boolean, \"deflate\" nor its parameters"))
        }
    }
}

fn offer(members: &Object) -> Result<Offer> {
    let mut offer = Offer::default();
    for (name, value) in members.iter() {
        let key = format!("compression.{name}");
        let bits = || -> Result<Option<u8>> {
            let wrong = || Error::option(&key, format!("{name} was not 9 to 15"));
            let number = args::int(&key, value)?;
            number
                .map(|bits| u8::try_from(bits).ok().filter(|bits| (9..=15).contains(bits)).ok_or_else(wrong))
                .transpose()
        };
        let truth = || Ok::<_, Error>(args::boolean(&key, value)?.unwrap_or(false));
        match name {
            "server_no_context_takeover" => offer.server_resets = truth()?,
            "client_no_context_takeover" => offer.client_resets = truth()?,
            "server_max_window_bits" => offer.server_bits = bits()?,
            "client_max_window_bits" => offer.client_bits = bits()?,
            other => {
                let message = format!("permessage-deflate has no parameter {other:?}");
                return Err(Error::option("compression", message));
            }
        }
    }
    Ok(offer)
}

/// The options in force.
pub(super) fn show(wish: &Wish, terms: &Terms) -> Object {
    let seconds = |time: Option<Duration>| time.map_or(Tree::Null, |time| Tree::Double(time.as_secs_f64()));
    let settings = &terms.settings;
    let mut shown = Object::default();
    shown.insert("subprotocols", Tree::Array(wish.subprotocols.iter().map(|name| Tree::from(&**name)).collect()));
    shown.insert("compression", Tree::Bool(wish.deflate.is_some()));
    shown.insert("max_message_size", Tree::Int(i64::try_from(settings.max_message_size).unwrap_or(i64::MAX)));
    shown.insert("ping_interval", seconds(settings.ping_interval));
    shown.insert("ping_timeout", seconds(settings.ping_timeout));
    shown.insert("close_timeout", seconds(Some(settings.close_timeout)));
    shown.insert("reconnect", Tree::Bool(terms.again.is_some()));
    shown
}

/// What both sides agreed on, one object per extension.
pub(super) fn show_agreed(deflate: Option<Agreed>) -> Tree {
    let mut extensions = Vec::new();
    if let Some(Agreed { server, client }) = deflate {
        let mut shown = Object::default();
        shown.insert("name", Tree::from("permessage-deflate"));
        shown.insert("server_no_context_takeover", Tree::Bool(server.resets));
        shown.insert("client_no_context_takeover", Tree::Bool(client.resets));
        shown.insert("server_max_window_bits", Tree::Int(server.bits.into()));
        shown.insert("client_max_window_bits", Tree::Int(client.bits.into()));
        extensions.push(Tree::Object(shown));
    }
    Tree::Array(extensions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(json: &str) -> Args {
        let mut args = Args::new();
        args.set_json(None, json);
        args
    }

    #[test]
    fn options_and_what_they_default_to() {
        let none = args("{}");
        assert_eq!(terms(&none).unwrap().settings, Settings::default());
        assert!(terms(&none).unwrap().again.is_none());
        assert_eq!(wish(&none).unwrap().deflate, Some(Offer::default()));
        let all = args(
            r#"{"subprotocols": ["a", "b"], "compression": false, "max_message_size": 5, "ping_interval": null,
                "ping_timeout": "250ms", "close_timeout": 1, "reconnect": {"max_retries": 2, "normal": true}}"#,
        );
        let kept = terms(&all).unwrap();
        assert_eq!(kept.settings.max_message_size, 5);
        assert_eq!((kept.settings.ping_interval, kept.settings.ping_timeout), (None, Some(Duration::from_millis(250))));
        let again = kept.again.unwrap();
        assert!(again.also_after_goodbye && again.plan.max_retries == Some(2));
        assert_eq!(wish(&all).unwrap().subprotocols, ["a", "b"]);
        assert_eq!(wish(&all).unwrap().deflate, None);
    }

    #[test]
    fn mistakes_name_their_option() {
        for (json, key) in [
            (r#"{"subprotocols": ["a", "a"]}"#, "subprotocols"),
            (r#"{"subprotocols": "a b"}"#, "subprotocols"),
            (r#"{"subprotocols": 5}"#, "subprotocols"),
            (r#"{"compression": "brotli"}"#, "compression"),
            (r#"{"compression": {"server_max_window_bits": 16}}"#, "compression.server_max_window_bits"),
            (r#"{"compression": {"level": 1}}"#, "compression"),
            (r#"{"max_message_size": 0}"#, "max_message_size"),
            (r#"{"ping_interval": -1}"#, "ping_interval"),
            (r#"{"reconnect": {"often": 1}}"#, "reconnect"),
        ] {
            let args = args(json);
            let error = wish(&args).err().or_else(|| terms(&args).err()).unwrap();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some(key), "{json}: {error}");
        }
        assert!(refuse_options(&args(r#"{"compression": true}"#)).is_err());
        assert!(refuse_options(&args(r#"{"headers": {}}"#)).is_ok());
    }
}
