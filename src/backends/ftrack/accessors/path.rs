//! Paths as text: in which directory they are is told without asking the disk, as identifiers come from elsewhere.

/// Without `.`, `..` and double slashes, as Python's `normpath`.
pub fn normal(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            ".." if rooted => {}
            step => steps.push(step),
        }
    }
    let joined = steps.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

/// What of `path` is below `prefix`, without a slash at the start; both are normal. A directory whose name only begins
/// as the prefix does is another.
pub fn below<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    if rest.is_empty() || prefix.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
}

/// With `~`, `$NAME` and `${NAME}` replaced; what is not set stays as it is written.
pub fn expanded(path: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        let (name, end) = match after.strip_prefix('{') {
            Some(braced) => match braced.split_once('}') {
                Some((name, end)) => (name, end),
                None => ("", ""),
            },
            None => {
                let end = after
                    .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
                    .unwrap_or(after.len());
                after.split_at(end)
            }
        };
        match variable(name).filter(|_| !name.is_empty()) {
            Some(value) => {
                out.push_str(&value);
                rest = end;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    if (out == "~" || out.starts_with("~/"))
        && let Some(home) = variable("HOME")
    {
        out.replace_range(..1, home.trim_end_matches('/'));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `os.path.normpath` makes of the same paths.
    #[test]
    fn paths_are_normal_as_in_python() {
        for (path, expected) in [
            ("/a//b/./c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("a/../../b", "../b"),
            ("a/..", "."),
            ("../..", "../.."),
            ("", "."),
            ("/", "/"),
            ("/..", "/"),
            ("./a", "a"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }

    #[test]
    fn below_goes_by_directories() {
        assert_eq!(below("/mnt/pro", "/mnt/pro/x/y"), Some("x/y"));
        assert_eq!(below("/mnt/pro", "/mnt/pro"), Some(""));
        assert_eq!(below("/mnt/pro", "/mnt/project/x"), None);
        assert_eq!(below("/mnt/pro", "/mnt"), None);
        assert_eq!(below("/", "/x"), Some("x"));
    }

    /// What `os.path.expandvars` and `os.path.expanduser` make of the same paths.
    #[test]
    fn variables_are_expanded_as_in_python() {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/u/".to_owned()),
            "SHOW" => Some("abc".to_owned()),
            _ => None,
        };
        for (path, expected) in [
            ("~/x", "/home/u/x"),
            ("~", "/home/u"),
            ("/a~/x", "/a~/x"),
            ("~other/x", "~other/x"),
            ("/p/$SHOW/x", "/p/abc/x"),
            ("/p/${SHOW}x", "/p/abcx"),
            ("/p/$SHOWx", "/p/$SHOWx"),
            ("/p/${NO}/$", "/p/${NO}/$"),
            ("$SHOW$SHOW", "abcabc"),
            ("${SHOW", "${SHOW"),
        ] {
            assert_eq!(expanded(path, &variable), expected, "{path}");
        }
    }
}
