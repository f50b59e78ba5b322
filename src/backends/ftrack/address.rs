//! How the host names an entity: `Type/key`, with `/`, `,` and `%` inside of key parts percent-encoded (verbs.md "Key
//! parts").

use super::query::Key;

/// Type and key of an address; `None` when it has no `/`.
pub fn split(address: &str) -> Option<(&str, &str)> {
    address.split_once('/').filter(|(kind, _)| !kind.is_empty())
}

/// The parts of a key.
pub fn key(text: &str) -> Key {
    text.split(',').map(|part| decoded(part).into()).collect()
}

/// The address of an entity.
pub fn write(kind: &str, key: &Key) -> String {
    let parts: Vec<_> =
        key.iter().map(|part| part.replace('%', "%25").replace('/', "%2F").replace(',', "%2C")).collect();
    format!("{kind}/{}", parts.join(","))
}

fn decoded(part: &str) -> String {
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high * 16 + low);
            rest = after;
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let parts: Key = ["a/b", "50%,x", "ü"].map(std::sync::Arc::from).into();
        let address = write("Metadata", &parts);
        assert_eq!(address, "Metadata/a%2Fb,50%25%2Cx,ü");
        let (kind, text) = split(&address).unwrap();
        assert_eq!((kind, key(text)), ("Metadata", parts));
        assert_eq!(key("100%"), Key::from(["100%".into()]));
        assert_eq!((split("Task"), split("/x")), (None, None));
    }
}
