//! The keys of arguments: `timeout`, `headers.X-Trace`, `params.q[]`.

use crate::error::{Error, Result};

/// A key, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key<'a> {
    /// What stands before the first dot, if there is one.
    pub group: Option<&'a str>,
    /// The rest.
    pub name: &'a str,
    /// Whether the value goes to the end of an array.
    pub append: bool,
}

impl<'a> Key<'a> {
    /// Takes a key apart at its first dot.
    pub fn parse(key: &'a str) -> Result<Key<'a>> {
        if key.is_empty() {
            return Err(Error::option(key, "an argument had an empty key"));
        }
        if key.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::option(key, format!("the key {key:?} held a control character")));
        }
        let (rest, append) = match key.strip_suffix("[]") {
            Some(rest) => (rest, true),
            None => (key, false),
        };
        match rest.split_once('.') {
            None if rest.is_empty() => Err(Error::option(key, format!("the key `{key}` had no name"))),
            None => Ok(Key { group: None, name: rest, append }),
            Some(("", _)) => Err(Error::option(key, format!("the key `{key}` had no group before its dot"))),
            Some((_, "")) => Err(Error::option(key, format!("the key `{key}` had no name after its dot"))),
            Some((group, name)) => Ok(Key { group: Some(group), name, append }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_split_at_the_first_dot() {
        for (key, group, name, append) in [
            ("timeout", None, "timeout", false),
            ("headers.X-Trace", Some("headers"), "X-Trace", false),
            ("params.a.b", Some("params"), "a.b", false),
            ("params.a..", Some("params"), "a..", false),
            ("files.doc[]", Some("files"), "doc", true),
            ("params.q[][]", Some("params"), "q[]", true),
            ("list[]", None, "list", true),
            ("params.a[0]", Some("params"), "a[0]", false),
            ("resolve.example.org:443", Some("resolve"), "example.org:443", false),
        ] {
            assert_eq!(Key::parse(key).unwrap(), Key { group, name, append }, "{key}");
        }
        for key in ["", ".", ".a", "a.", "[]", "a.[]", ".[]", "a\n", "a.b\0"] {
            let error = Key::parse(key).unwrap_err();
            assert_eq!(error.code(), "argument", "{key:?}");
            assert_eq!(error.detail().get("key").and_then(|key| key.as_str()), Some(key));
        }
    }
}
