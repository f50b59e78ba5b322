//! Form bodies (spec/http.md 1.5): the same encoding as the query's.

use super::query;
use crate::{error::Result, value::Tree};

/// The content type of a form.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Encodes an object or a list of pairs; lists repeat the name, null is left out.
///
/// # Errors
/// `argument`, naming the field whose value has no text form.
pub fn encode(data: &Tree) -> Result<String> {
    query::encode(data, "data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Object;

    #[test]
    fn as_requests() {
        // Expected: PreparedRequest.prepare(data=…).body.
        let data: Tree = Object::from_iter([
            ("a", Tree::Array(vec![1.into(), 2.into()])),
            ("b c", "ü& =~*".into()),
            ("n", Tree::Null),
            ("t", true.into()),
            ("f", 1.0.into()),
            ("g", Tree::Number(1.5, "1.50".into())),
            ("h", Tree::Number(1.234e19, "12345678901234567890".into())),
            ("y", Tree::Bytes(b"\xff\0"[..].into())),
        ])
        .into();
        let expected = "a=1&a=2&b+c=%C3%BC%26+%3D~%2A&t=True&f=1.0&g=1.5&h=12345678901234567890&y=%FF%00";
        assert_eq!(encode(&data).unwrap(), expected);
        let pairs = Tree::Array(vec![Tree::Array(vec!["k".into(), "v".into()]); 2]);
        assert_eq!(encode(&pairs).unwrap(), "k=v&k=v");
        assert!(encode(&Tree::Array(vec!["kv".into()])).is_err());
    }
}
