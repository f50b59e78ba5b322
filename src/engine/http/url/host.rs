//! Host names: lower case, escapes, IPv6 with a zone, and international names (spec/http.md 1.3 step 4).
//!
//! urllib3 takes non-ASCII labels through IDNA 2008. The mapping here is UTS-46 (so full-width letters and other dots
//! work too), and afterwards a label may hold only what IDNA 2008 lets through: no symbols, no emoji.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::quote;

/// Why a host was refused.
pub(super) type Refusal = &'static str;

/// Normalises the host of an `http` or `https` URL, in brackets if it is IPv6.
pub(super) fn normalise(host: &str) -> Result<Cow<'_, str>, Refusal> {
    if host.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err("the host of the URL contained a space or a control character");
    }
    if host.starts_with('[') {
        return bracketed(host);
    }
    if host.bytes().all(|byte| quote::is(byte, quote::HOST)) || is_address(host) {
        return Ok(Cow::Borrowed(host));
    }
    let unescaped = unescape(host)?;
    if unescaped.is_ascii() {
        return Ok(Cow::Owned(lower(&unescaped)));
    }
    let mut labels = Vec::new();
    for label in unescaped.split('.') {
        labels.push(if label.is_ascii() { lower(label) } else { international(label)? });
    }
    Ok(Cow::Owned(labels.join(".")))
}

/// One or more labels with characters beyond ASCII.
pub(super) fn international(label: &str) -> Result<String, Refusal> {
    const REFUSED: Refusal = "the URL had an invalid label in its host";
    let processor = Uts46::new();
    let (plain, outcome) = processor.to_unicode(label.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    if outcome.is_err() || !plain.chars().all(is_letter_of_names) || !in_context(&plain) {
        return Err(REFUSED);
    }
    match processor.to_ascii(label.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify) {
        Ok(ascii) => Ok(ascii.into_owned()),
        Err(_) => Err(REFUSED),
    }
}

/// Whether IDNA 2008 lets the character stand in a name. UTS-46 has mapped away capitals and compatibility forms
/// before; what is left to refuse are symbols, punctuation, and a short list of exceptions.
fn is_letter_of_names(character: char) -> bool {
    use icu_properties::{CodePointMapData, props::GeneralCategory as Category};
    match character {
        '\u{0}'..='\u{7f}' => true,
        // RFC 5892, 2.6: exceptions, and the joiners, whose context UTS-46 has checked.
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' | '\u{30fb}' => {
            true
        }
        '\u{200c}' | '\u{200d}' => true,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => false,
        // Old Hangul jamo.
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}' => false,
        _ => matches!(
            CodePointMapData::<Category>::new().get(character),
            Category::LowercaseLetter
                | Category::OtherLetter
                | Category::ModifierLetter
                | Category::NonspacingMark
                | Category::SpacingMark
                | Category::DecimalNumber
        ),
    }
}

/// The contextual rules of RFC 5892, appendix A, that do not need joining types.
fn in_context(name: &str) -> bool {
    let characters: Vec<char> = name.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| characters.get(index)).copied();
    let arabic = characters.iter().any(|character| ('\u{660}'..='\u{669}').contains(character));
    let extended = characters.iter().any(|character| ('\u{6f0}'..='\u{6f9}').contains(character));
    !(arabic && extended)
        && characters.iter().enumerate().all(|(index, character)| match character {
            '\u{b7}' => at(index.checked_sub(1)) == Some('l') && at(Some(index + 1)) == Some('l'),
            '\u{375}' => at(Some(index + 1)).is_some_and(|next| matches!(next, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')),
            '\u{5f3}' | '\u{5f4}' => {
                at(index.checked_sub(1)).is_some_and(|before| ('\u{591}'..='\u{5f2}').contains(&before))
            }
            '\u{30fb}' => characters.iter().any(|other| {
                matches!(other, '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
                    | '\u{30fd}'..='\u{30ff}' | '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
                    | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
            }),
            _ => true,
        })
}

/// An ASCII label in lower case, escapes in upper case.
fn lower(label: &str) -> String {
    let mut out = label.to_ascii_lowercase();
    let escapes: Vec<usize> = out.match_indices('%').map(|(at, _)| at).collect();
    for at in escapes {
        if let Some(digits) = out.get_mut(at + 1..at + 3) {
            digits.make_ascii_uppercase();
        }
    }
    out
}

/// Undoes escapes of unreserved characters; escaped control characters are refused.
fn unescape(host: &str) -> Result<Cow<'_, str>, Refusal> {
    if !host.contains('%') {
        return Ok(Cow::Borrowed(host));
    }
    let mut parts = host.split('%');
    let mut out = String::from(parts.next().unwrap_or_default());
    for part in parts {
        match quote::hex_pair(part.as_bytes()) {
            None => return Err("the host of the URL contained a % that begins no escape"),
            Some(byte) if byte < b' ' || byte == 0x7f => {
                return Err("the host of the URL contained an escaped control character");
            }
            Some(byte) if quote::is(byte, quote::UNRESERVED) => out.push(char::from(byte)),
            Some(byte) => quote::push_escape(&mut out, byte),
        }
        out.push_str(part.get(2..).unwrap_or_default());
    }
    Ok(Cow::Owned(out))
}

/// IPv6 in brackets: lower case; the zone's `%25` becomes `%`.
fn bracketed(host: &str) -> Result<Cow<'_, str>, Refusal> {
    let Some(zone_at) = host.find('%') else {
        return Ok(if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        });
    };
    let (address, zone) = host.split_at(zone_at);
    let zone = zone.strip_suffix(']').unwrap_or(zone);
    let zone = match zone.strip_prefix("%25") {
        Some(rest) if !rest.is_empty() => rest,
        _ => zone.get(1..).unwrap_or_default(),
    };
    for (at, _) in zone.match_indices('%') {
        if quote::hex_pair(zone.as_bytes().get(at + 1..).unwrap_or_default())
            .is_some_and(|byte| byte < b' ' || byte == 0x7f)
        {
            return Err("the zone of the URL's host contained an escaped control character");
        }
    }
    Ok(Cow::Owned(format!("{}%{}]", address.to_ascii_lowercase(), quote::component(zone, quote::UNRESERVED))))
}

/// One to four decimal or hexadecimal numbers: an IPv4 address in one of its spellings, left as it is.
fn is_address(host: &str) -> bool {
    let mut count = 0;
    host.split('.').all(|part| {
        count += 1;
        let number = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
        };
        number && count <= 4
    })
}

/// Splits `host[:port]` as urllib3 allows it: the host with its brackets, and the port's digits without leading
/// zeros. None when it is neither.
pub(super) fn with_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = if text.starts_with('[') {
        let end = text.find(']')? + 1;
        let (host, rest) = text.split_at(end);
        if !is_bracketed_address(host) {
            return None;
        }
        (host, rest)
    } else {
        let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        if host.contains(['[', ']']) {
            return None;
        }
        let escapes = host
            .match_indices('%')
            .all(|(at, _)| quote::hex_pair(host.as_bytes().get(at + 1..).unwrap_or_default()).is_some());
        if !escapes {
            return None;
        }
        (host, rest)
    };
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() {
        return Some((host, None));
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some((host, Some(0)));
    }
    significant.parse().ok().map(|port| (host, Some(port)))
}

/// `[` IPv6 address, with or without a zone, `]`.
fn is_bracketed_address(host: &str) -> bool {
    let Some(inside) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    let (address, zone) = match inside.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (inside, None),
    };
    let zone_is_fine = zone.is_none_or(|zone| {
        !zone.is_empty()
            && zone
                .match_indices('%')
                .all(|(at, _)| quote::hex_pair(zone.as_bytes().get(at + 1..).unwrap_or_default()).is_some())
            && zone.bytes().all(|byte| byte == b'%' || quote::is(byte, quote::UNRESERVED))
    });
    zone_is_fine && address.parse::<std::net::Ipv6Addr>().is_ok()
}
