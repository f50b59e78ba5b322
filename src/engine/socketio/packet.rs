//! One packet: `type:id:endpoint:data` (spec/ftrack.md 7.2).
//!
//! Only the first three colons part: the data has colons of its own. What cannot be understood is no error: a client that
//! gave up then would go deaf at the first packet of a newer server.

use std::fmt::Write as _;

/// The answer to a heartbeat, as the Python client writes it; servers take `2::` as well.
pub const HEARTBEAT: &str = "2:::";

/// What came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// The server ends the connection.
    Disconnect,
    /// The server has taken us in.
    Connect,
    /// The server asks whether we are there.
    Heartbeat,
    /// Text that nobody waits for.
    Message(&'a str),
    /// JSON that nobody waits for.
    Json(&'a str),
    /// An event as JSON: `{"name", "args"}`.
    Event(&'a str),
    /// Our packet of this number was taken; with what the server says to it, a JSON array, if it says anything.
    Ack(u64, Option<&'a str>),
    /// The server complains.
    Error(&'a str),
    /// Nothing.
    Noop,
    /// Nothing that we know.
    Unknown,
}

impl<'a> Packet<'a> {
    /// Reads one. One part, three or four are a packet; two are none.
    #[must_use]
    pub fn parse(text: &'a str) -> Packet<'a> {
        let mut parts = text.splitn(4, ':');
        let kind = parts.next().unwrap_or_default();
        let (id, endpoint, data) = (parts.next(), parts.next(), parts.next());
        if id.is_some() && endpoint.is_none() {
            return Packet::Unknown;
        }
        let data = data.unwrap_or_default();
        match kind {
            "0" => Packet::Disconnect,
            "1" => Packet::Connect,
            "2" => Packet::Heartbeat,
            "3" => Packet::Message(data),
            "4" => Packet::Json(data),
            "5" => Packet::Event(data),
            "6" => {
                let (number, said) = match data.split_once('+') {
                    Some((number, said)) => (number, Some(said)),
                    None => (data, None),
                };
                number.parse().map_or(Packet::Unknown, |number| Packet::Ack(number, said))
            }
            "7" => Packet::Error(data),
            "8" => Packet::Noop,
            _ => Packet::Unknown,
        }
    }
}

/// An event with one argument, which asks for an acknowledgement that carries data. `name` must not need escaping.
#[must_use]
pub fn event(number: u64, name: &str, argument: &str) -> String {
    let mut packet = String::with_capacity(argument.len() + name.len() + 48);
    // Writing to a string cannot fail.
    let _ = write!(packet, "5:{number}+::{{\"name\":\"{name}\",\"args\":[");
    packet.push_str(argument);
    packet.push_str("]}");
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_every_oddity() {
        for (text, packet) in [
            ("0::", Packet::Disconnect),
            ("0", Packet::Disconnect),
            ("1::", Packet::Connect),
            ("1:::", Packet::Connect),
            ("2::", Packet::Heartbeat),
            ("2:::", Packet::Heartbeat),
            ("3:::hello: world", Packet::Message("hello: world")),
            ("4:1::{\"a\":1}", Packet::Json("{\"a\":1}")),
            ("5:::{\"name\":\"x\"}", Packet::Event("{\"name\":\"x\"}")),
            ("5:12+::{\"name\":\"a:b\",\"args\":[]}", Packet::Event("{\"name\":\"a:b\",\"args\":[]}")),
            ("5:7:/ep:x", Packet::Event("x")),
            ("5::", Packet::Event("")),
            ("6:::12", Packet::Ack(12, None)),
            ("6:::12+[{\"success\":true}]", Packet::Ack(12, Some("[{\"success\":true}]"))),
            ("6:::4+[\"A+B\"]", Packet::Ack(4, Some("[\"A+B\"]"))),
            ("6:::", Packet::Unknown),
            ("6:::x+[]", Packet::Unknown),
            ("6:::-1", Packet::Unknown),
            ("6:::99999999999999999999", Packet::Unknown),
            ("7:::1+0", Packet::Error("1+0")),
            ("8::", Packet::Noop),
            ("8", Packet::Noop),
            ("9::x", Packet::Unknown),
            ("10::", Packet::Unknown),
            ("", Packet::Unknown),
            (":", Packet::Unknown),
            (":::", Packet::Unknown),
            ("5:x", Packet::Unknown),
            ("2:", Packet::Unknown),
            ("garbage", Packet::Unknown),
            ("ü:::\u{0}", Packet::Unknown),
        ] {
            assert_eq!(Packet::parse(text), packet, "{text:?}");
        }
    }

    #[test]
    fn every_text_is_a_packet_or_none() {
        let letters = ["", ":", "0", "5", "6", "8", "+", "[", "é", "\n", "12"];
        for a in letters {
            for b in letters {
                for c in letters {
                    for d in letters {
                        for e in letters {
                            let _ = Packet::parse(&[a, b, c, d, e].concat());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_written_is_what_the_server_reads() {
        let text = event(12, "ftrack.event", "{\"topic\":\"a:b\"}");
        assert_eq!(text, "5:12+::{\"name\":\"ftrack.event\",\"args\":[{\"topic\":\"a:b\"}]}");
        assert_eq!(Packet::parse(&text), Packet::Event("{\"name\":\"ftrack.event\",\"args\":[{\"topic\":\"a:b\"}]}"));
    }
}
