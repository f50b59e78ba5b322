//! Cookies as the host writes and reads them: a map, or a list of objects.

use super::{Cookie, Edit, Jar};
use crate::{
    error::{Error, Result},
    value::{Object, Tree},
};

impl Edit {
    /// Reads the `cookies` argument: `{name: value}` or `[{name, value, domain, path, secure, expires, httponly,
    /// host_only}]`; null as a value deletes. (`false`, which switches the jar off, is its owner's to handle.)
    ///
    /// # Errors
    /// `argument` for a wrong type, `invalid_header` for a line break in a name or a value.
    pub fn parse(value: &Tree) -> Result<Vec<Edit>> {
        match value {
            Tree::Null => Ok(Vec::new()),
            Tree::Object(map) => map.iter().map(|(name, value)| from_pair(name, value)).collect(),
            Tree::Array(items) => items.iter().map(from_item).collect(),
            _ => Err(Error::option("cookies", "cookies were neither a map nor a list")),
        }
    }
}

fn from_pair(name: &str, value: &Tree) -> Result<Edit> {
    if value.is_null() {
        return Ok(Edit::Delete { name: name.into(), domain: None, path: None });
    }
    Cookie::new(name, Some(&text(name, value)?)).map(Edit::Set)
}

fn from_item(item: &Tree) -> Result<Edit> {
    let Tree::Object(members) = item else {
        return Err(Error::option("cookies", "a cookie in the list was not an object"));
    };
    let mut cookie = Cookie { path: "/".into(), ..Cookie::default() };
    let (mut deletes, mut path_given) = (false, false);
    for (key, value) in members.iter() {
        if value.is_null() {
            deletes |= key == "value";
            continue;
        }
        match key {
            "name" => cookie.name = text(key, value)?,
            "value" => cookie.value = Some(text(key, value)?),
            "domain" => cookie.domain = text(key, value)?.to_ascii_lowercase(),
            "path" => (cookie.path, path_given) = (text(key, value)?, true),
            "secure" => cookie.secure = truth(key, value)?,
            "httponly" => cookie.http_only = truth(key, value)?,
            "host_only" => cookie.host_only = truth(key, value)?,
            "expires" => cookie.expires = Some(epoch_seconds(key, value)?),
            "samesite" => cookie.same_site = Some(text(key, value)?),
            _ => return Err(Error::option(key, "a cookie was given an unknown member")),
        }
    }
    let cookie = cookie.checked()?;
    if deletes {
        let domain = members.get("domain").is_some_and(|domain| !domain.is_null()).then_some(cookie.domain);
        return Ok(Edit::Delete { name: cookie.name, domain, path: path_given.then_some(cookie.path) });
    }
    Ok(Edit::Set(cookie))
}

fn text(key: &str, value: &Tree) -> Result<String> {
    match value {
        Tree::Text(text) => Ok(text.as_ref().into()),
        Tree::Int(number) => Ok(number.to_string()),
        Tree::Number(_, source) => Ok(source.as_ref().into()),
        Tree::Double(number) => Ok(number.to_string()),
        _ => Err(Error::option(key, "a part of a cookie was not text")),
    }
}

fn truth(key: &str, value: &Tree) -> Result<bool> {
    match value {
        Tree::Bool(truth) => Ok(*truth),
        _ => Err(Error::option(key, "a switch of a cookie was neither true nor false")),
    }
}

fn epoch_seconds(key: &str, value: &Tree) -> Result<i64> {
    match value {
        Tree::Int(seconds) => Ok(*seconds),
        #[expect(clippy::cast_possible_truncation, reason = "fractions of a second are dropped; the cast saturates")]
        Tree::Double(seconds) | Tree::Number(seconds, _) => Ok(*seconds as i64),
        _ => Err(Error::option(key, "the end of a cookie was not a number of seconds since 1970")),
    }
}

impl Cookie {
    /// As the host reads it.
    pub fn to_tree(&self) -> Tree {
        let mut object = Object::default();
        object.insert("name", self.name.as_str().into());
        object.insert("value", self.value.as_deref().map_or(Tree::Null, Tree::from));
        object.insert("domain", self.domain.as_str().into());
        object.insert("path", self.path.as_str().into());
        object.insert("secure", self.secure.into());
        object.insert("expires", self.expires.map_or(Tree::Null, Tree::Int));
        object.insert("httponly", self.http_only.into());
        object.insert("host_only", self.host_only.into());
        if let Some(same_site) = &self.same_site {
            object.insert("samesite", same_site.as_str().into());
        }
        object.into()
    }
}

impl Jar {
    /// The cookies as a list of objects.
    pub fn to_tree(&self) -> Tree {
        Tree::Array(self.iter().map(Cookie::to_tree).collect())
    }

    /// The cookies as a map of name and value, the last of a name counting, as requests exports them.
    pub fn to_map(&self, domain: Option<&str>, path: Option<&str>) -> Object {
        let mut map = Object::default();
        for cookie in self.iter() {
            if domain.is_none_or(|domain| cookie.domain == domain) && path.is_none_or(|path| cookie.path == path) {
                map.insert(&cookie.name, cookie.value.as_deref().map_or(Tree::Null, Tree::from));
            }
        }
        map
    }
}
