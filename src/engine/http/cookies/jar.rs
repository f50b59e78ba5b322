//! The jar: which cookies there are, and which of them a request takes along.

use std::{borrow::Cow, cmp::Reverse};

use super::{
    cookie::{Cookie, Edit, RequestCookies, escaped_path, is_address, is_below, is_clean},
    set_cookie::{self, Asked},
};
use crate::{
    engine::http::{headers::latin1, place::Place},
    error::{Error, Result},
};

/// Above this number the cookies stored longest ago make room, expired ones first.
const MAX_COOKIES: usize = 3000;
/// The same for one domain.
const MAX_COOKIES_PER_DOMAIN: usize = 180;

/// How strictly `Set-Cookie` is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rules {
    /// As requests, with the public-suffix list and the name prefixes of RFC 6265bis.
    #[default]
    Modern,
    /// As requests: only single-label domains are refused.
    Lenient,
}

/// The cookies of a session. It is not locked: its owner wraps it.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    /// In the order of their first cookie, which is the order in the header.
    groups: Vec<Group>,
    count: usize,
    stored: u64,
    rules: Rules,
}

#[derive(Clone, Debug)]
struct Group {
    domain: String,
    /// Those of one path lie side by side.
    cookies: Vec<Cookie>,
}

impl Jar {
    /// An empty jar.
    pub fn new(rules: Rules) -> Jar {
        Jar { rules, ..Jar::default() }
    }

    /// How many cookies there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The cookies in the order of the jar.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        self.groups.iter().flat_map(|group| &group.cookies)
    }

    /// Takes in the `Set-Cookie` values of one answer from `place`. `now` is in seconds since 1970.
    pub fn store<V: AsRef<[u8]>>(&mut self, place: &Place<'_>, values: impl IntoIterator<Item = V>, now: i64) {
        for value in values {
            let (line, utf8) = match std::str::from_utf8(value.as_ref()) {
                Ok(text) => (Cow::Borrowed(text), true),
                Err(_) => (latin1(value.as_ref()).into(), false),
            };
            match set_cookie::parse(&line, place, now, self.rules) {
                Some(Asked::Keep(cookie)) => self.put(Cookie { utf8, ..cookie }, now),
                Some(Asked::Forget(cookie)) => self.remove(&cookie.name, Some(&cookie.domain), Some(&cookie.path)),
                None => {}
            }
        }
    }

    /// Puts one cookie in, over an older one of the same name, domain and path.
    ///
    /// # Errors
    /// `invalid_header` when it could not go into a header.
    pub fn insert(&mut self, cookie: Cookie, now: i64) -> Result<()> {
        let mut cookie = cookie.checked()?;
        cookie.value = cookie.value.as_deref().map(set_cookie::unescaped);
        self.put(cookie, now);
        Ok(())
    }

    /// Makes the changes that the host wrote down.
    ///
    /// # Errors
    /// As [`Jar::insert`]; the changes before the wrong one are made.
    pub fn apply(&mut self, edits: impl IntoIterator<Item = Edit>, now: i64) -> Result<()> {
        for edit in edits {
            match edit {
                Edit::Set(cookie) => self.insert(cookie, now)?,
                Edit::Delete { name, domain, path } => self.remove(&name, domain.as_deref(), path.as_deref()),
            }
        }
        Ok(())
    }

    /// Takes over the cookies of another jar.
    pub fn merge(&mut self, other: &Jar, now: i64) {
        for cookie in other.iter() {
            self.put(cookie.clone(), now);
        }
    }

    fn put(&mut self, mut cookie: Cookie, now: i64) {
        self.stored += 1;
        cookie.stored = self.stored;
        let at = self.groups.iter().position(|group| group.domain == cookie.domain);
        let index = at.unwrap_or(self.groups.len());
        if at.is_none() {
            self.groups.push(Group { domain: cookie.domain.clone(), cookies: Vec::new() });
        }
        let Some(group) = self.groups.get_mut(index) else { return };
        let same = |old: &Cookie| old.path == cookie.path && old.name == cookie.name;
        if let Some(old) = group.cookies.iter_mut().find(|old| same(old)) {
            *old = cookie;
            return;
        }
        let after = group.cookies.iter().rposition(|old| old.path == cookie.path);
        group.cookies.insert(after.map_or(group.cookies.len(), |after| after + 1), cookie);
        self.count += 1;
        if group.cookies.len() > MAX_COOKIES_PER_DOMAIN {
            self.evict(Some(index), now);
        }
        if self.count > MAX_COOKIES {
            self.evict(None, now);
        }
    }

    /// Makes room in one group or in all.
    fn evict(&mut self, group: Option<usize>, now: i64) {
        let before = self.count;
        self.retain(|cookie| !cookie.is_expired(now));
        if self.count < before {
            return;
        }
        let groups = self.groups.iter().enumerate().filter(|(index, _)| group.is_none_or(|group| group == *index));
        let Some(oldest) = groups.flat_map(|(_, group)| &group.cookies).map(|cookie| cookie.stored).min() else {
            return;
        };
        self.retain(|cookie| cookie.stored != oldest);
    }

    fn retain(&mut self, mut keep: impl FnMut(&Cookie) -> bool) {
        for group in &mut self.groups {
            group.cookies.retain(&mut keep);
        }
        self.groups.retain(|group| !group.cookies.is_empty());
        self.count = self.groups.iter().map(|group| group.cookies.len()).sum();
    }

    /// Removes every cookie of that name, of the domain and the path if given (as the jar writes them).
    pub fn remove(&mut self, name: &str, domain: Option<&str>, path: Option<&str>) {
        self.retain(|cookie| !is_asked_for(cookie, name, domain, path));
    }

    /// Removes all cookies.
    pub fn clear(&mut self) {
        self.retain(|_| false);
    }

    /// Removes the cookies whose time is over. Nothing depends on it: they are never sent.
    pub fn purge(&mut self, now: i64) {
        self.retain(|cookie| !cookie.is_expired(now));
    }

    /// The one cookie of that name, if there is one.
    ///
    /// # Errors
    /// `argument` when several match.
    pub fn get(&self, name: &str, domain: Option<&str>, path: Option<&str>) -> Result<Option<&Cookie>> {
        let mut found = self.iter().filter(|cookie| is_asked_for(cookie, name, domain, path));
        let first = found.next();
        if found.next().is_some() {
            return Err(Error::option(name, "several cookies had that name; a domain or a path was needed"));
        }
        Ok(first)
    }

    /// The domains in order, each once.
    pub fn domains(&self) -> Vec<&str> {
        self.groups.iter().map(|group| &*group.domain).collect()
    }

    /// The paths in order, each once.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        for cookie in self.iter() {
            if !paths.contains(&&*cookie.path) {
                paths.push(&cookie.path);
            }
        }
        paths
    }

    /// The `Cookie` header of a request to `place`, with the cookies of the call laid over those of the session.
    pub fn header(&self, place: &Place<'_>, now: i64, request: &RequestCookies) -> Option<String> {
        if self.count == 0 && request.is_empty() {
            return None;
        }
        let path = escaped_path(place.path);
        let mut chosen = self.matching(place, &path, now);
        for edit in request.edits_for(place) {
            match edit {
                Edit::Delete { name, domain, path } => {
                    chosen.retain(|cookie| !is_asked_for(cookie, name, domain.as_deref(), path.as_deref()));
                }
                Edit::Set(cookie) => {
                    if cookie.matches_host(place.host) && cookie.goes_to(place, &path, now) {
                        lay_over(&mut chosen, cookie);
                    }
                }
            }
        }
        chosen.sort_by_key(|cookie| Reverse(cookie.path.len()));
        joined(&chosen)
    }

    fn matching(&self, place: &Place<'_>, path: &str, now: i64) -> Vec<&Cookie> {
        let mut chosen = Vec::new();
        let address = is_address(place.host);
        for group in &self.groups {
            // Most groups belong to other hosts: one look at the name rules out all of their cookies.
            let bare = group.domain.strip_prefix('.').unwrap_or(&group.domain);
            let dotless = bare.strip_suffix(".local").unwrap_or(bare);
            let possible = bare.is_empty()
                || bare.eq_ignore_ascii_case(place.host)
                || dotless.eq_ignore_ascii_case(place.host)
                || (!address && is_below(place.host, bare));
            if possible {
                let goes = |cookie: &&Cookie| cookie.matches_host(place.host) && cookie.goes_to(place, path, now);
                chosen.extend(group.cookies.iter().filter(goes));
            }
        }
        chosen
    }
}

fn is_asked_for(cookie: &Cookie, name: &str, domain: Option<&str>, path: Option<&str>) -> bool {
    cookie.name == name
        && domain.is_none_or(|domain| cookie.domain == domain)
        && path.is_none_or(|path| cookie.path == path)
}

/// Puts a cookie where the jar would have put it.
fn lay_over<'a>(chosen: &mut Vec<&'a Cookie>, cookie: &'a Cookie) {
    let same_domain = |old: &&Cookie| old.domain == cookie.domain;
    let same_path = |old: &&Cookie| same_domain(old) && old.path == cookie.path;
    if let Some(old) = chosen.iter_mut().find(|old| same_path(old) && old.name == cookie.name) {
        *old = cookie;
        return;
    }
    let after = chosen.iter().rposition(same_path).or_else(|| chosen.iter().rposition(same_domain));
    chosen.insert(after.map_or(chosen.len(), |after| after + 1), cookie);
}

/// Adds text as a header field takes it: bytes that have to go out as they are stand there as one character each.
fn push_text(header: &mut String, text: &str, utf8: bool) {
    if utf8 && !text.is_ascii() {
        header.push_str(&latin1(text.as_bytes()));
    } else {
        header.push_str(text);
    }
}

fn joined(cookies: &[&Cookie]) -> Option<String> {
    let length = |cookie: &&Cookie| cookie.name.len() + cookie.value.as_ref().map_or(0, String::len) + 3;
    let mut header = String::with_capacity(cookies.iter().map(length).sum());
    for cookie in cookies {
        // The jar holds no such cookie; one that was put together elsewhere could be.
        if !is_clean(&cookie.name) || !cookie.value.as_deref().is_none_or(is_clean) {
            continue;
        }
        if !header.is_empty() {
            header.push_str("; ");
        }
        push_text(&mut header, &cookie.name, cookie.utf8);
        if let Some(value) = &cookie.value {
            header.push('=');
            push_text(&mut header, value, cookie.utf8);
        }
    }
    (!header.is_empty()).then_some(header)
}
