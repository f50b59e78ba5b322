//! Where media goes out and in: servers that tell how this side is seen, and addresses to bind to.

use std::net::IpAddr;

use crate::{
    args::{Args, text},
    error::{Error, Result, code},
    value::Tree,
};

/// The STUN servers of an entry of `ice_servers`.
///
/// # Errors
/// `argument`; `unsupported` for what is no STUN.
pub fn servers(entry: &Tree, stun: &mut Vec<Box<str>>) -> Result<()> {
    let entry = match entry {
        Tree::Object(entry) => entry,
        other => {
            let message = format!("an entry of ice_servers was {}; it is an object with urls", other.kind_name());
            return Err(Error::option("ice_servers", message));
        }
    };
    let urls: Vec<&Tree> = match entry.get("urls") {
        Some(Tree::Array(urls)) => urls.iter().collect(),
        Some(url) => vec![url],
        None => return Err(Error::option("ice_servers", "an entry of ice_servers had no urls")),
    };
    for url in urls {
        let Some(url) = text("ice_servers.urls", url)? else { continue };
        match url.split_once(':') {
            Some(("stun", place)) if !place.is_empty() => {
                let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok() && (!host.contains(':') || host.starts_with('['))
                });
                stun.push(if has_port { place.into() } else { format!("{place}:3478").into() });
            }
            Some(("turn" | "turns" | "stuns", _)) => {
                let message = format!("{url:?} was among ice_servers, and only stun: is spoken");
                return Err(Error::new(&code::UNSUPPORTED, message).with("key", "ice_servers"));
            }
            _ => {
                return Err(Error::option(
                    "ice_servers",
                    format!("{url:?} was among ice_servers; it is stun:host:port"),
                ));
            }
        }
    }
    Ok(())
}

/// The addresses to bind to, each once.
///
/// # Errors
/// `argument`.
pub fn addresses(args: &Args) -> Result<Vec<IpAddr>> {
    let list = args.array("local_addresses")?.unwrap_or_default();
    let read = |address: &Tree| -> Result<IpAddr> {
        let text = text("local_addresses", address)?.unwrap_or_default();
        let address: IpAddr =
            text.parse().map_err(|_| Error::option("local_addresses", format!("{text:?} was no IP address")))?;
        if address.is_unspecified() || address.is_multicast() {
            return Err(Error::option("local_addresses", format!("{text:?} was no address to be reached by")));
        }
        Ok(address)
    };
    let mut addresses = Vec::with_capacity(list.len());
    for address in list {
        let address = read(address)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
