//! The hosts that are reached without a proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::engine::http::place::Place;

/// A `NO_PROXY` list, taken apart once.
#[derive(Clone, Debug, Default)]
pub struct NoProxy {
    everything: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    /// A host with all names under it, perhaps at one port only.
    Name(String, Option<u16>),
    /// The address without the bits below the mask, and the number of those bits.
    Net4(u32, u32),
    Net6(u128, u32),
}

impl NoProxy {
    /// Reads a list with commas. Spaces are dropped; `*` alone means every host.
    pub fn parse(list: &str) -> NoProxy {
        let list: String = list.chars().filter(|letter| *letter != ' ').collect();
        let entries = list.split(',').filter(|entry| !entry.is_empty()).map(Entry::parse).collect();
        NoProxy { everything: list == "*", entries }
    }

    /// Whether the place is reached directly.
    pub fn matches(&self, place: &Place<'_>) -> bool {
        if self.everything {
            return true;
        }
        if self.entries.is_empty() {
            return false;
        }
        let address: Option<IpAddr> = place.host.parse().ok();
        self.entries.iter().any(|entry| entry.matches(place, address))
    }
}

impl Entry {
    fn parse(text: &str) -> Entry {
        if let Some(net) = text.split_once('/').and_then(|(address, bits)| Entry::network(address, bits)) {
            return net;
        }
        let text = text.trim_start_matches('.');
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
            return Entry::Net6(u128::from(address), 0);
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, digits)) => match digits.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (text, None),
            },
            None => (text, None),
        };
        Entry::Name(host.trim_matches(['[', ']']).to_ascii_lowercase(), port)
    }

    /// Masks of 1 to all bits; with 0 the entry is a mere name, as in requests.
    fn network(address: &str, bits: &str) -> Option<Entry> {
        let bits: u32 = bits.parse().ok().filter(|bits| *bits > 0)?;
        if let Ok(address) = address.parse::<Ipv4Addr>() {
            let below = 32u32.checked_sub(bits)?;
            return Some(Entry::Net4(u32::from(address) >> below, below));
        }
        let address: Ipv6Addr = address.trim_matches(['[', ']']).parse().ok()?;
        let below = 128u32.checked_sub(bits)?;
        Some(Entry::Net6(u128::from(address) >> below, below))
    }

    fn matches(&self, place: &Place<'_>, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Entry::Net4(net, below), Some(IpAddr::V4(address))) => u32::from(address) >> below == *net,
            (Entry::Net6(net, below), Some(IpAddr::V6(address))) => u128::from(address) >> below == *net,
            (Entry::Name(name, port), _) => {
                port.is_none_or(|port| port == place.port) && is_at_or_below(place.host, name)
            }
            _ => false,
        }
    }
}

fn is_at_or_below(host: &str, name: &str) -> bool {
    let (host, name) = (host.as_bytes(), name.as_bytes());
    let Some(at) = host.len().checked_sub(name.len()) else { return false };
    let ends = host.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(name));
    ends && (at == 0 || at.checked_sub(1).and_then(|before| host.get(before)) == Some(&b'.'))
}
