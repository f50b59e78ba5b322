//! Offering permessage-deflate and reading the server's answer (RFC 6455 9.1, RFC 7692 5 and 7.1).

use super::deflate::{Agreed, Window};

/// What is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// The window that the server may use at most; `None` leaves it to the server.
    pub server_bits: Option<u8>,
    /// The window that we use at most; `None` is 15. The server may always ask for a smaller one.
    pub client_bits: Option<u8>,
    /// The server is to begin each message anew, which saves this side the memory of a window.
    pub server_resets: bool,
    /// We begin each message anew.
    pub client_resets: bool,
}

impl Offer {
    /// The field that says it.
    #[must_use]
    pub fn field(&self) -> String {
        let mut parts = vec!["permessage-deflate".to_owned()];
        for (asked, name) in [(self.server_resets, "server"), (self.client_resets, "client")] {
            parts.extend(asked.then(|| format!("{name}_no_context_takeover")));
        }
        parts.extend(self.server_bits.map(|bits| format!("server_max_window_bits={bits}")));
        parts.push(match self.client_bits {
            Some(bits) => format!("client_max_window_bits={bits}"),
            // Without a value it only says that the server may ask for one (RFC 7692 7.1.2.2).
            None => "client_max_window_bits".to_owned(),
        });
        parts.join("; ")
    }

    /// Reads the server's answer to it; `None` when the server agreed on nothing.
    ///
    /// # Errors
    /// What is wrong with the answer: then the connection must be failed (RFC 7692 5.1).
    pub fn read(offer: Option<&Offer>, answers: &[String]) -> Result<Option<Agreed>, String> {
        let mut agreed = None;
        for extension in answers.iter().flat_map(|answer| split(answer, ',')) {
            let mut parts = split(extension, ';').into_iter();
            let name = parts.next().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            let Some(offer) = offer.filter(|_| name == "permessage-deflate") else {
                return Err(format!("the server chose the extension {name:?}, which was not offered"));
            };
            if agreed.is_some() {
                return Err("the server agreed on permessage-deflate twice".into());
            }
            agreed = Some(offer.agree(parts)?);
        }
        Ok(agreed)
    }

    fn agree<'a>(&self, parameters: impl Iterator<Item = &'a str>) -> Result<Agreed, String> {
        let mut agreed = Agreed {
            server: Window::default(),
            client: Window { bits: self.client_bits.unwrap_or(15), resets: self.client_resets },
        };
        let mut seen: Vec<&str> = Vec::new();
        for parameter in parameters {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
                None => (parameter, None),
            };
            let wrong = || format!("the server's parameter {parameter:?} of permessage-deflate was not understood");
            if seen.contains(&name) {
                return Err(format!("the server gave the parameter {name:?} of permessage-deflate twice"));
            }
            match (name, value) {
                ("server_no_context_takeover", None) => agreed.server.resets = true,
                ("client_no_context_takeover", None) => agreed.client.resets = true,
                ("server_max_window_bits", Some(bits)) => {
                    agreed.server.bits = window_bits(bits).ok_or_else(wrong)?;
                    if self.server_bits.is_some_and(|most| agreed.server.bits > most) {
                        return Err("the server's window was larger than the one that was asked for".into());
                    }
                }
                ("client_max_window_bits", Some(bits)) => {
                    let bits = window_bits(bits).ok_or_else(wrong)?;
                    if self.client_bits.is_some_and(|most| bits > most) {
                        return Err("the server wanted a larger window than the one that was offered".into());
                    }
                    agreed.client.bits = bits;
                }
                _ => return Err(wrong()),
            }
            seen.push(name);
        }
        // What was asked of the server is not there unless the server says so (RFC 7692 7.1.1.1, 7.1.2.1).
        if self.server_resets && !agreed.server.resets {
            return Err("the server did not agree to server_no_context_takeover".into());
        }
        if self.server_bits.is_some() && !seen.contains(&"server_max_window_bits") {
            return Err("the server did not agree to server_max_window_bits".into());
        }
        Ok(agreed)
    }
}

/// Digits without a leading zero, 8 to 15 (RFC 7692 7.1.2).
fn window_bits(text: &str) -> Option<u8> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|bits| plain && (8..=15).contains(bits))
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// The parts of a list, those in quotes left whole.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (index, letter) in text.char_indices() {
        if letter == '"' {
            quoted = !quoted;
        } else if letter == at && !quoted {
            parts.push(text.get(start..index).unwrap_or_default().trim());
            start = index + letter.len_utf8();
        }
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(offer: &Offer, answer: &str) -> Result<Option<Agreed>, String> {
        Offer::read(Some(offer), &[answer.to_owned()])
    }

    #[test]
    fn what_is_offered() {
        assert_eq!(Offer::default().field(), "permessage-deflate; client_max_window_bits");
        let all = Offer { server_bits: Some(10), client_bits: Some(11), server_resets: true, client_resets: true };
        assert_eq!(
            all.field(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; \
             client_max_window_bits=11"
        );
    }

    #[test]
    fn what_a_server_may_answer() {
        let plain = Offer::default();
        assert_eq!(Offer::read(Some(&plain), &[]), Ok(None));
        for (answer, server, client) in [
            ("permessage-deflate", (15, false), (15, false)),
            ("permessage-deflate; server_no_context_takeover", (15, true), (15, false)),
            ("permessage-deflate;client_no_context_takeover", (15, false), (15, true)),
            ("permessage-deflate; server_max_window_bits=8; client_max_window_bits=\"9\"", (8, false), (9, false)),
        ] {
            let window = |(bits, resets)| Window { bits, resets };
            assert_eq!(
                read(&plain, answer),
                Ok(Some(Agreed { server: window(server), client: window(client) })),
                "{answer}"
            );
        }
    }

    #[test]
    fn what_a_server_may_not_answer() {
        for answer in [
            "x-webkit-deflate-frame",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; unknown",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        ] {
            assert!(read(&Offer::default(), answer).is_err(), "{answer}");
        }
        assert!(Offer::read(None, &["permessage-deflate".into()]).is_err(), "it was not offered");
        let small = Offer { server_bits: Some(10), ..Offer::default() };
        assert!(read(&small, "permessage-deflate; server_max_window_bits=11").is_err());
        assert!(read(&small, "permessage-deflate").is_err());
        let resets = Offer { server_resets: true, ..Offer::default() };
        assert!(read(&resets, "permessage-deflate").is_err());
    }
}
