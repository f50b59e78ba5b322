//! A path under a base URL.

use super::{Url, split};
use crate::error::Result;

/// See [`Url::join_base`].
pub(super) fn join_base(base: &Url, path: &str) -> Result<Url> {
    let path = path.trim_start();
    if split::scheme_end(path).is_some_and(|end| path.get(end..).is_some_and(|rest| rest.starts_with("://"))) {
        return Url::prepare(path, None);
    }
    // The base's own userinfo, host and port are taken as they stand.
    let front = base.slice(0, base.parts.query);
    let path_end = path.find(['?', '#']).unwrap_or(path.len());
    let (own_path, rest) = path.split_at(path_end);
    let relative = own_path.trim_start_matches('/');
    // A target without any path is the base itself, with or without its slash as the base was given.
    let slash = match (own_path.is_empty(), front.ends_with('/')) {
        (true, _) => "",
        (false, true) => "",
        (false, false) => "/",
    };
    match base.query() {
        None => prepared(&[front, slash, relative, rest]),
        Some(first) => match rest.strip_prefix('?') {
            Some(own) => prepared(&[front, slash, relative, "?", first, "&", own]),
            None => prepared(&[front, slash, relative, "?", first, rest]),
        },
    }
}

/// Puts the pieces together and prepares them; short ones without a buffer on the heap, because every request of a
/// session with a base goes through here.
fn prepared(pieces: &[&str]) -> Result<Url> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let mut stack = [0u8; 256];
    if let Some(buffer) = stack.get_mut(..length) {
        let mut rest = &mut *buffer;
        for piece in pieces {
            let (front, back) = rest.split_at_mut(piece.len());
            front.copy_from_slice(piece.as_bytes());
            rest = back;
        }
        if let Ok(text) = std::str::from_utf8(buffer) {
            return Url::prepare(text, None);
        }
    }
    Url::prepare(&pieces.concat(), None)
}
