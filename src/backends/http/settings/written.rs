//! Options as hosts write them: numbers, words, lists and groups, each read into what it means or refused by its name.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{
    args::Args,
    backends::http::answer::Parse,
    engine::net::route::{Family, Override, Version},
    error::{Error, Result},
    value::{Provider, Tree},
};

pub(super) fn provider(value: &Tree) -> Result<Arc<dyn Provider>> {
    match value {
        Tree::Provider(provider) => Ok(Arc::clone(provider)),
        _ => Err(Error::option("hooks", "a hook in the list was not a provider")),
    }
}

/// `timeout` as requests has it: one number for both, or connect and read; zero and below are refused.
pub(super) fn timeout(value: &Tree, args: &Args) -> Result<(Option<Duration>, Option<Duration>)> {
    match value {
        Tree::Array(pair) => match pair.as_slice() {
            [connect, read] => Ok((duration("timeout", connect)?, duration("timeout", read)?)),
            _ => Err(Error::option("timeout", "timeout was a list, but not [connect, read]")),
        },
        _ => {
            let both = positive("timeout", args.duration("timeout")?)?;
            Ok((both, both))
        }
    }
}

pub(super) fn duration(key: &str, value: &Tree) -> Result<Option<Duration>> {
    positive(key, crate::args::duration(key, value)?)
}

pub(super) fn positive(key: &str, time: Option<Duration>) -> Result<Option<Duration>> {
    match time {
        Some(Duration::ZERO) => Err(Error::option(key, format!("{key} was zero; leave it out to wait for ever"))),
        time => Ok(time),
    }
}

pub(super) fn count(key: &str, args: &Args) -> Result<Option<usize>> {
    args.int(key)?
        .map(|number| usize::try_from(number).map_err(|_| Error::option(key, format!("{key} was negative"))))
        .transpose()
}

pub(super) fn parse_mode(word: Option<&str>) -> Result<Parse> {
    match word {
        None | Some("auto") => Ok(Parse::Auto),
        Some("json") => Ok(Parse::Json),
        Some("text") => Ok(Parse::Text),
        Some("none") => Ok(Parse::None),
        Some(other) => Err(Error::option(
            "parse",
            format!("parse was {other:?}; it takes \"auto\", \"json\", \"text\" or \"none\""),
        )),
    }
}

pub(super) fn http_version(word: Option<&str>) -> Result<Version> {
    match word {
        None | Some("1.1") => Ok(Version::Http1),
        Some("2") => Ok(Version::Http2),
        Some("auto") => Ok(Version::Auto),
        Some(other) => Err(Error::option("http_version", format!("there is no HTTP version {other:?} here"))),
    }
}

/// The silence after which the system asks for a sign of life, unless something else was said.
pub(super) const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

pub(super) fn tcp_keepalive(value: &Tree) -> Result<Option<Duration>> {
    match value {
        Tree::Bool(false) => Ok(None),
        Tree::Bool(true) | Tree::Null => Ok(Some(TCP_KEEPALIVE)),
        _ => match duration("tcp_keepalive", value)? {
            Some(Duration::ZERO) => Err(Error::option("tcp_keepalive", "tcp_keepalive was zero; false is never")),
            idle => Ok(idle),
        },
    }
}

pub(super) fn family(value: &Tree) -> Result<Family> {
    match value {
        Tree::Null => Ok(Family::Any),
        Tree::Int(4) => Ok(Family::V4),
        Tree::Int(6) => Ok(Family::V6),
        Tree::Text(word) if &**word == "any" => Ok(Family::Any),
        Tree::Text(word) if &**word == "4" => Ok(Family::V4),
        Tree::Text(word) if &**word == "6" => Ok(Family::V6),
        _ => Err(Error::option("ip_version", "ip_version was neither 4 nor 6 nor \"any\"")),
    }
}

pub(super) fn names(key: &str, value: &Tree) -> Result<Vec<String>> {
    let wrong = || Error::option(key, format!("{key} was not a list of names"));
    match value {
        Tree::Null => Ok(Vec::new()),
        Tree::Text(name) => Ok(vec![name.to_string()]),
        Tree::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

pub(super) fn overrides(value: &Tree) -> Result<Vec<Override>> {
    let Tree::Object(group) = value else {
        return if value.is_null() { Ok(Vec::new()) } else { Err(Error::option("resolve", "resolve was not a group")) };
    };
    group.iter().map(|(place, value)| one_override(place, value)).collect()
}

fn one_override(place: &str, value: &Tree) -> Result<Override> {
    let wrong = |what: &str| Error::option("resolve", format!("resolve.{place}: {what}"));
    let (host, port) = place.rsplit_once(':').ok_or_else(|| wrong("the key was not HOST:PORT"))?;
    let port = port.parse().map_err(|_| wrong("the port was not a number"))?;
    let texts: Vec<&str> = match value {
        Tree::Text(list) => list.split(',').map(str::trim).collect(),
        Tree::Array(items) => items.iter().filter_map(Tree::as_str).collect(),
        _ => Vec::new(),
    };
    let addresses: Vec<IpAddr> = texts
        .iter()
        .map(|text| text.trim_matches(['[', ']']).parse().map_err(|_| wrong("it was not an IP address")))
        .collect::<Result<_>>()?;
    if addresses.is_empty() {
        return Err(wrong("there was no address"));
    }
    Ok(Override { host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port, addresses })
}

pub(super) fn low_speed(value: &Tree) -> Result<Option<(u64, Duration)>> {
    let wrong = || Error::option("low_speed", "low_speed was not [bytes per second, seconds]");
    match value {
        Tree::Null => Ok(None),
        Tree::Array(pair) => match pair.as_slice() {
            [Tree::Int(speed), time] => {
                let speed = u64::try_from(*speed).map_err(|_| wrong())?;
                Ok(duration("low_speed", time)?.map(|time| (speed, time)))
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}
