//! Query parameters (spec/http.md 1.3 step 7), and the rule by which a session's and a request's are merged (1.1).

use std::borrow::Cow;

use super::url::quote;
use crate::{
    error::{Error, Result},
    value::{Object, Tree, number::python_float},
};

/// What `params` adds to a query: text and bytes as they are, a lone number as text, all else form encoded.
///
/// # Errors
/// `argument`, naming what cannot be written.
pub fn written(params: &Tree) -> Result<Cow<'_, str>> {
    match params {
        Tree::Null | Tree::Bool(false) | Tree::Int(0) => Ok(Cow::Borrowed("")),
        Tree::Text(text) => Ok(Cow::Borrowed(text)),
        Tree::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(Error::option("params", "the bytes of params were not UTF-8")),
        },
        Tree::Object(_) | Tree::Array(_) => encode(params, "params").map(Cow::Owned),
        other => match scalar(other) {
            Some(text) => Ok(Cow::Owned(text.into_owned())),
            None => Err(Error::option("params", "params was neither text nor an object nor a list of pairs")),
        },
    }
}

/// Encodes an object or a list of pairs as a form. A list value gives one pair for each item; null is left out.
/// `group` is the argument's name for errors.
///
/// # Errors
/// `argument`, naming the key whose value has no text form.
pub fn encode(fields: &Tree, group: &str) -> Result<String> {
    let mut out = String::new();
    each_field(fields, group, &mut |name, value| {
        if !out.is_empty() {
            out.push('&');
        }
        quote::push_form(&mut out, name);
        out.push('=');
        quote::push_form(&mut out, value);
        Ok(())
    })?;
    Ok(out)
}

/// Takes the name and the value of one field.
pub(super) type Take<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Calls `take` with name and value of every field of an object or a list of pairs, lists spread, nulls left out.
///
/// # Errors
/// `argument`, naming the key whose value has no text form; what `take` fails with.
pub(super) fn each_field(fields: &Tree, group: &str, take: &mut Take<'_>) -> Result<()> {
    match fields {
        Tree::Object(object) => {
            for (name, value) in object.iter() {
                each_value(name.as_bytes(), value, group, 0, take)?;
            }
            Ok(())
        }
        Tree::Array(pairs) => {
            for pair in pairs {
                let Some([name, value]) = pair.as_array() else {
                    return Err(Error::option(
                        group,
                        format!("{group} held something that is no pair of name and value"),
                    ));
                };
                match name {
                    // Python writes a missing name as the word.
                    Tree::Null => each_value(b"None", value, group, 0, take)?,
                    name => {
                        let Some(name) = bytes_of(name) else {
                            return Err(Error::option(group, format!("{group} held a name that is no text")));
                        };
                        each_value(&name, value, group, 0, take)?;
                    }
                }
            }
            Ok(())
        }
        _ => Err(Error::option(group, format!("{group} was neither an object nor a list of pairs"))),
    }
}

/// One value; a list gives its items, and lists in it theirs.
fn each_value(name: &[u8], value: &Tree, group: &str, depth: usize, take: &mut Take<'_>) -> Result<()> {
    match value {
        Tree::Null => Ok(()),
        Tree::Array(items) if depth < 2 => {
            items.iter().try_for_each(|item| each_value(name, item, group, depth + 1, take))
        }
        value => match bytes_of(value) {
            Some(text) => take(name, &text),
            None => {
                let key = format!("{group}.{}", String::from_utf8_lossy(name));
                let message = format!("{key} was {}, which a form cannot hold", kind(value));
                Err(Error::option(&key, message))
            }
        },
    }
}

/// The bytes of text, bytes, a number or a truth value.
fn bytes_of(value: &Tree) -> Option<Cow<'_, [u8]>> {
    match value {
        Tree::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        value => match scalar(value)? {
            Cow::Borrowed(text) => Some(Cow::Borrowed(text.as_bytes())),
            Cow::Owned(text) => Some(Cow::Owned(text.into_bytes())),
        },
    }
}

/// A text, number or truth value as Python's `str` writes it.
pub(super) fn scalar(value: &Tree) -> Option<Cow<'_, str>> {
    match value {
        Tree::Text(text) => Some(Cow::Borrowed(text)),
        Tree::Bool(true) => Some(Cow::Borrowed("True")),
        Tree::Bool(false) => Some(Cow::Borrowed("False")),
        Tree::Int(number) => Some(Cow::Owned(number.to_string())),
        Tree::Double(number) => Some(Cow::Owned(python_float(*number))),
        // Whole numbers of any length keep their digits; others are doubles.
        Tree::Number(_, source) if is_whole(source) => Some(Cow::Borrowed(source)),
        Tree::Number(number, _) => Some(Cow::Owned(python_float(*number))),
        _ => None,
    }
}

/// Whether a number's source text is that of a whole number.
pub(super) fn is_whole(source: &str) -> bool {
    let digits = source.strip_prefix('-').unwrap_or(source);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The kind of a value, for messages.
pub(super) fn kind(value: &Tree) -> &'static str {
    match value {
        Tree::Null => "null",
        Tree::Bool(_) => "a truth value",
        Tree::Int(_) | Tree::Double(_) | Tree::Number(..) => "a number",
        Tree::Text(_) => "text",
        Tree::Bytes(_) => "bytes",
        Tree::Array(_) => "a list",
        Tree::Object(_) => "an object",
        Tree::Series(_) => "a series",
        Tree::Reader(_) => "a reader",
        Tree::Provider(_) => "a provider",
    }
}

/// Merges a session's value with a request's: one that is absent or null gives way; two objects are merged key by
/// key, the request's winning, and null members are dropped; otherwise the request's replaces the session's.
pub fn merge<'a>(session: Option<&'a Tree>, request: Option<&'a Tree>) -> Option<Cow<'a, Tree>> {
    let present = |tree: Option<&'a Tree>| tree.filter(|tree| !tree.is_null());
    match (present(session), present(request)) {
        (Some(Tree::Object(session)), Some(Tree::Object(request))) => {
            Some(Cow::Owned(Tree::Object(merge_objects(session, request))))
        }
        (Some(only), None) | (_, Some(only)) => Some(Cow::Borrowed(only)),
        (None, None) => None,
    }
}

/// The members of both, the request's winning, without nulls, in the order of the session and then of the request.
pub fn merge_objects(session: &Object, request: &Object) -> Object {
    let mut merged = Object::default();
    for (key, value) in session.iter() {
        let value = request.get(key).unwrap_or(value);
        if !value.is_null() {
            merged.insert(key, value.clone());
        }
    }
    for (key, value) in request.iter() {
        if !value.is_null() && session.get(key).is_none() {
            merged.insert(key, value.clone());
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tree: Option<Cow<'_, Tree>>) -> String {
        tree.map_or_else(|| "nothing".into(), |tree| written(&tree).map(Cow::into_owned).unwrap())
    }

    #[test]
    fn merges_as_requests() {
        // Expected: requests.sessions.merge_setting.
        let session: Tree =
            Object::from_iter([("a", Tree::from(1)), ("b", 2.into()), ("gone", Tree::Null), ("c", 3.into())]).into();
        let request: Tree =
            Object::from_iter([("d", Tree::from(4)), ("b", Tree::Null), ("a", 9.into()), ("e", Tree::Null)]).into();
        assert_eq!(shown(merge(Some(&session), Some(&request))), "a=9&c=3&d=4");
        let pairs = Tree::Array(vec![Tree::Array(vec!["x".into(), 1.into()])]);
        assert_eq!(shown(merge(Some(&session), Some(&pairs))), "x=1");
        assert_eq!(shown(merge(Some(&pairs), Some(&request))), "d=4&a=9");
        assert_eq!(shown(merge(Some(&session), None)), "a=1&b=2&c=3");
        assert_eq!(shown(merge(Some(&session), Some(&Tree::Null))), "a=1&b=2&c=3");
        assert_eq!(shown(merge(None, Some(&pairs))), "x=1");
        assert_eq!(shown(merge(None, None)), "nothing");
    }

    #[test]
    fn what_a_query_cannot_hold() {
        let deep = Tree::Array(vec![Tree::Array(vec![Tree::Array(vec![])])]);
        for value in [Object::default().into(), deep, Tree::Series(std::sync::Arc::default())] {
            let error = encode(&Object::from_iter([("k", value)]).into(), "params").unwrap_err();
            assert_eq!(error.detail().get("key").and_then(Tree::as_str), Some("params.k"));
        }
        let short = Tree::Array(vec![Tree::Array(vec!["x".into()])]);
        assert_eq!(encode(&short, "params").unwrap_err().code(), "argument");
        assert_eq!(written(&Tree::Bytes(b"\xff"[..].into())).unwrap_err().code(), "argument");
        assert_eq!(written(&1.5.into()).unwrap(), "1.5");
    }
}
