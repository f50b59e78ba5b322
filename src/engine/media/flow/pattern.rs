//! Where recordings go: a path in which `{feed}`, `{mid}` and `{kind}` stand for what a track is. Tracks that come to the same
//! path share the file.
//!
//! Names of feeds come from other people: they are made harmless, and stay different from each other.

use std::fmt::Write;

use super::super::Kind;

/// What is known of a track that is to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Who sends it; empty when there is one sender alone.
    pub feed: &'a str,
    /// The track of the connection.
    pub mid: &'a str,
    /// What it carries.
    pub kind: Kind,
}

/// The files, each with the places of its tracks in the list, in the order of the first track.
#[must_use]
pub fn places(pattern: &str, tracks: &[Place<'_>]) -> Vec<(String, Vec<usize>)> {
    let mut files: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        let path = filled(pattern, *track);
        match files.iter_mut().find(|(other, _)| *other == path) {
            Some((_, tracks)) => tracks.push(place),
            None => files.push((path, vec![place])),
        }
    }
    files
}

/// The path of one track.
#[must_use]
pub fn filled(pattern: &str, track: Place<'_>) -> String {
    let mut path = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        path.push_str(before);
        let (word, after) = behind.split_once('}').unwrap_or_default();
        match word {
            "feed" => path.push_str(&harmless(track.feed)),
            "mid" => path.push_str(&harmless(track.mid)),
            "kind" => path.push_str(track.kind.name()),
            _ => {
                // A brace of the path itself.
                path.push('{');
                rest = behind;
                continue;
            }
        }
        rest = after;
    }
    path.push_str(rest);
    path
}

/// A name that stays within its folder.
fn harmless(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for letter in name.chars() {
        if matches!(letter, '/' | '\\' | '%' | '\0') || letter.is_control() {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                let _ = write!(safe, "%{byte:02X}");
            }
        } else {
            safe.push(letter);
        }
    }
    match &*safe {
        "." => "%2E".into(),
        ".." => "%2E%2E".into(),
        _ => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_go_where_the_pattern_says() {
        let tracks = [
            Place { feed: "7", mid: "0", kind: Kind::Audio },
            Place { feed: "7", mid: "1", kind: Kind::Video },
            Place { feed: "../a/b", mid: "2", kind: Kind::Video },
            Place { feed: "..", mid: "3", kind: Kind::Video },
            Place { feed: "%2E%2E", mid: "4", kind: Kind::Video },
        ];
        let all = |pattern: &str| places(pattern, &tracks);
        assert_eq!(all("/r/all.webm"), [("/r/all.webm".to_owned(), vec![0, 1, 2, 3, 4])]);
        let feeds = ["/r/7.webm", "/r/..%2Fa%2Fb.webm", "/r/%2E%2E.webm", "/r/%252E%252E.webm"].map(str::to_owned);
        assert_eq!(all("/r/{feed}.webm").into_iter().map(|(path, _)| path).collect::<Vec<_>>(), feeds);
        assert_eq!(all("/r/{feed}.webm")[0].1, [0, 1]);
        assert_eq!(all("{feed}/x").into_iter().nth(2).unwrap().0, "%2E%2E/x");
        assert_eq!(filled("a{kind}-{mid}{x}{", tracks[1]), "avideo-1{x}{");
        assert_eq!(filled("{feed", tracks[1]), "{feed");
        assert_eq!(filled("{{feed}}", tracks[1]), "{7}");
    }
}
