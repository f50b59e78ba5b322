//! `{NAME}` in a query replaced by a value that cannot be anything but a value.

use super::words::quoted;
use crate::{
    error::{Error, Result, code},
    value::{Object, Tree, python_float},
};

/// Replaces each `{NAME}` outside of quotes by the bound value. A list becomes the inside of an `in (…)`.
///
/// # Errors
/// `argument` for a name that is not bound, one that is not used, and a value that a query cannot hold.
pub fn bind(text: &str, values: &Object) -> Result<String> {
    let mut used = vec![false; values.len()];
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut escaped = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if c == '\\' {
                    escaped = true;
                } else if c == open {
                    quote = None;
                }
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '{' => {
                let rest = text.get(at + 1..).unwrap_or_default();
                let Some(end) = rest.find('}') else {
                    return Err(Error::option("bind", "the query had a { without its }"));
                };
                let name = rest.get(..end).unwrap_or_default();
                let found = values.iter().enumerate().find(|(_, (key, _))| *key == name);
                let Some((position, (_, value))) = found else {
                    return Err(Error::new(&code::ARGUMENT, format!("the query used {{{name}}}, which was not bound"))
                        .with("key", format!("bind.{name}")));
                };
                if let Some(used) = used.get_mut(position) {
                    *used = true;
                }
                write(name, value, &mut out)?;
                for _ in 0..=name.chars().count() {
                    chars.next();
                }
                continue;
            }
            None => {}
        }
        out.push(c);
    }
    if let Some((name, _)) = values.iter().zip(&used).find(|(_, used)| !**used).map(|(entry, _)| entry) {
        return Err(Error::new(&code::ARGUMENT, format!("bind.{name} was given, and the query does not use it"))
            .with("key", format!("bind.{name}")));
    }
    Ok(out)
}

fn write(name: &str, value: &Tree, out: &mut String) -> Result<()> {
    match value {
        Tree::Null => out.push_str("none"),
        Tree::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Tree::Int(number) => out.push_str(&number.to_string()),
        Tree::Double(number) if number.is_finite() => out.push_str(&python_float(*number)),
        Tree::Number(_, source) => out.push_str(source),
        Tree::Text(text) => out.push_str(&quoted(text)),
        Tree::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                if matches!(item, Tree::Array(_)) {
                    return Err(unfit(name));
                }
                write(name, item, out)?;
            }
        }
        _ => return Err(unfit(name)),
    }
    Ok(())
}

fn unfit(name: &str) -> Error {
    Error::new(&code::ARGUMENT, format!("bind.{name} was not text, a number, a truth value, null or a list of such"))
        .with("key", format!("bind.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let mut values = Object::default();
        values.insert("name", Tree::from("a\" or name is \"b\\"));
        values.insert("n", Tree::Int(3));
        values.insert("ids", Tree::Array(vec![Tree::from("x"), Tree::from("y")]));
        let text = bind("Task where name is {name} and n > {n} and id in ({ids}) and d is \"{n}\"", &values).unwrap();
        assert_eq!(text, r#"Task where name is "a\" or name is \"b\\" and n > 3 and id in ("x", "y") and d is "{n}""#);
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let mut values = Object::default();
        values.insert("x", Tree::Int(1));
        for (text, key) in
            [("Task where a is {y} and b is {x}", "bind.y"), ("Task", "bind.x"), ("Task where {x", "bind")]
        {
            assert_eq!(
                bind(text, &values).unwrap_err().detail().get("key").and_then(Tree::as_str),
                Some(key),
                "{text}"
            );
        }
        values.insert("x", Tree::Object(Object::default()));
        assert!(bind("{x}", &values).is_err());
    }
}
