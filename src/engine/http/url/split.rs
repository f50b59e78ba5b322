//! Where the parts of a URL's text lie.

/// Offsets in bytes. A part that is missing is empty: its begin is its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    /// The `:` after the scheme.
    pub(super) scheme_end: u32,
    /// After `//`.
    pub(super) authority: u32,
    /// After the `@`, or `authority`.
    pub(super) userinfo: u32,
    /// The host's first character, after `[`.
    pub(super) host: u32,
    /// After the host's last character, before `]`.
    pub(super) host_end: u32,
    /// The port, if it is written and not empty.
    pub(super) port: Option<u16>,
    /// The path's first character.
    pub(super) path: u32,
    /// The `?`, or the end of the path.
    pub(super) query: u32,
    /// The `#`, or the end of the text.
    pub(super) fragment: u32,
    /// The end of the text.
    pub(super) end: u32,
}

impl Parts {
    /// Splits as Python's `urlsplit` does.
    pub(super) fn of(text: &str) -> Result<Parts, &'static str> {
        let end = u32::try_from(text.len()).map_err(|_| "the URL was too long")?;
        // Every offset below is at most `end`.
        let offset = |at: usize| u32::try_from(at).unwrap_or(end);
        let scheme_end = scheme_end(text).unwrap_or(0);
        let after_scheme = if scheme_end > 0 { scheme_end + 1 } else { 0 };
        let rest = text.get(after_scheme..).unwrap_or_default();
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let begin = after_scheme + 2;
                (begin, begin + rest.find(['/', '?', '#']).unwrap_or(rest.len()))
            }
            None => (after_scheme, after_scheme),
        };
        let written = text.get(authority..path).unwrap_or_default();
        let userinfo = authority + written.rfind('@').map_or(0, |at| at + 1);
        let host_port = text.get(userinfo..path).unwrap_or_default();
        if host_port.contains('[') != host_port.contains(']') {
            return Err("the URL had an unbalanced bracket in its host");
        }
        let (host, host_end, port) = if host_port.starts_with('[') {
            let close = host_port.find(']').unwrap_or(host_port.len());
            let port = host_port.get(close + 1..).unwrap_or_default();
            let port =
                if port.is_empty() { "" } else { port.strip_prefix(':').ok_or("the URL had text after its host")? };
            (userinfo + 1, userinfo + close, port)
        } else {
            let (name, port) = host_port.split_once(':').unwrap_or((host_port, ""));
            (userinfo, userinfo + name.len(), port)
        };
        let port = match port {
            "" => None,
            // An untouched URL of another scheme may hold anything there.
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| "the URL had a port above 65535")?)
            }
            _ => return Err("the URL had a port that is no number"),
        };
        let rest = text.get(path..).unwrap_or_default();
        let fragment = path + rest.find('#').unwrap_or(rest.len());
        let before = text.get(path..fragment).unwrap_or_default();
        let query = path + before.find('?').unwrap_or(before.len());
        Ok(Parts {
            scheme_end: offset(scheme_end),
            authority: offset(authority),
            userinfo: offset(userinfo),
            host: offset(host),
            host_end: offset(host_end),
            port,
            path: offset(path),
            query: offset(query),
            fragment: offset(fragment),
            end,
        })
    }

    /// The parts of a text that has nothing but a scheme and a rest. None if it is too long.
    pub(super) fn opaque(text: &str) -> Option<Parts> {
        let end = u32::try_from(text.len()).ok()?;
        let scheme_end = u32::try_from(scheme_end(text).unwrap_or(0)).ok()?;
        let path = if scheme_end > 0 { scheme_end + 1 } else { 0 };
        Some(Parts {
            scheme_end,
            authority: path,
            userinfo: path,
            host: path,
            host_end: path,
            port: None,
            path,
            query: end,
            fragment: end,
            end,
        })
    }

    /// Whether the host stands in brackets.
    pub(super) fn bracketed(&self) -> bool {
        self.host > self.userinfo
    }
}

/// Where the scheme's `:` is, if the text begins with a scheme.
pub(super) fn scheme_end(text: &str) -> Option<usize> {
    let end = text.find(':')?;
    let scheme = text.get(..end)?;
    let first = scheme.bytes().next()?;
    let valid = first.is_ascii_alphabetic()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    valid.then_some(end)
}
