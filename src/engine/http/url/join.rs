//! The target of a redirect (spec/http.md 1.7 step 3): what requests does with Python's `urlparse` and `urljoin`,
//! which keep an absolute location as it is but for its scheme's case and the last quoting.

use std::borrow::Cow;

use super::{Url, host, invalid, quote, split};
use crate::error::Result;

/// See [`Url::join`].
pub(super) fn join(base: &Url, location: &str) -> Result<Url> {
    if location.contains('\0') {
        return Err(invalid("the URL contained NUL", &location.replace('\0', "\u{fffd}")));
    }
    // A location with two slashes takes the scheme before anything else is looked at.
    let location = match location.starts_with("//") {
        true => Cow::Owned(format!("{}:{location}", base.scheme())),
        false => Cow::Borrowed(location),
    };
    let mut parsed = Reference::of(&location).map_err(|reason| invalid(reason, &location))?;
    if parsed.fragment.is_empty() {
        parsed.fragment = base.fragment().unwrap_or_default().into();
    }
    if !parsed.authority.is_empty() {
        parsed.authority = international_host(&parsed).map_err(|reason| invalid(reason, &location))?;
        return Url::from_final(&quote::whole(&parsed.write()));
    }
    let written = parsed.write();
    let quoted = quote::whole(&written);
    let relative = Reference::of(&quoted).map_err(|reason| invalid(reason, &location))?;
    let Ok(base_parts) = Reference::of(base.as_str()) else {
        return Err(invalid("the redirecting URL could not be parsed", base.as_str()));
    };
    Url::from_final(&relative.under(&base_parts, &quoted))
}

/// The authority with an international host in its ASCII form. requests would quote it, and then look up a name with
/// percent signs in it.
fn international_host<'a>(parsed: &Reference<'a>) -> std::result::Result<Cow<'a, str>, host::Refusal> {
    let authority = &parsed.authority;
    let web = matches!(&*parsed.scheme, "http" | "https");
    if !web || authority.is_ascii() {
        return Ok(authority.clone());
    }
    let (front, host_port) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let (name, port) = host_port.split_at(host_port.rfind(':').unwrap_or(host_port.len()));
    Ok(Cow::Owned(format!("{front}{}{port}", host::normalise(name)?)))
}

/// A URL or a part of one, split as Python's `urlparse` does.
struct Reference<'a> {
    scheme: Cow<'a, str>,
    authority: Cow<'a, str>,
    path: Cow<'a, str>,
    query: Cow<'a, str>,
    fragment: Cow<'a, str>,
}

impl<'a> Reference<'a> {
    fn of(text: &'a str) -> std::result::Result<Reference<'a>, &'static str> {
        // Control characters and spaces in front, and line ends and tabs anywhere, do not count.
        let text = text.trim_start_matches(|c: char| c <= ' ');
        if text.contains(['\t', '\r', '\n']) {
            let kept: String = text.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
            return Reference::of(&kept).map(Reference::owned);
        }
        let (scheme, rest) = match split::scheme_end(text) {
            Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default()),
            None => ("", text),
        };
        let scheme = if scheme.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(scheme.to_ascii_lowercase())
        } else {
            scheme.into()
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        if authority.contains('[') != authority.contains(']') {
            return Err("the URL had an unbalanced bracket in its host");
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Reference {
            scheme,
            authority: authority.into(),
            path: path.into(),
            query: query.into(),
            fragment: fragment.into(),
        })
    }

    fn owned<'b>(self) -> Reference<'b> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Reference {
            scheme: own(self.scheme),
            authority: own(self.authority),
            path: own(self.path),
            query: own(self.query),
            fragment: own(self.fragment),
        }
    }

    /// As Python's `urlunparse`: empty queries and fragments vanish.
    fn write(&self) -> String {
        let mut out = String::with_capacity(self.authority.len() + self.path.len() + self.query.len() + 16);
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        let has_authority = matches!(&*self.scheme, "http" | "https" | "ws" | "wss" | "ftp" | "file" | "sftp");
        if !self.authority.is_empty() || (has_authority && !self.path.starts_with("//")) {
            out.push_str("//");
            out.push_str(&self.authority);
            if !self.path.is_empty() && !self.path.starts_with('/') {
                out.push('/');
            }
        }
        out.push_str(&self.path);
        for (mark, part) in [('?', &self.query), ('#', &self.fragment)] {
            if !part.is_empty() {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// Resolves this reference, whose text is `text`, as Python's `urljoin` does.
    fn under(&self, base: &Reference<'_>, text: &str) -> String {
        if text.is_empty() {
            return base.write();
        }
        if !(self.scheme.is_empty() || self.scheme == base.scheme) {
            return text.to_owned();
        }
        if !self.authority.is_empty() {
            return self.write();
        }
        let resolved = |path: String, query: &str| {
            Reference {
                scheme: base.scheme.as_ref().into(),
                authority: base.authority.as_ref().into(),
                path: path.into(),
                query: query.into(),
                fragment: self.fragment.as_ref().into(),
            }
            .write()
        };
        if self.path.is_empty() {
            let query = if self.query.is_empty() { &base.query } else { &self.query };
            return resolved(base.path.as_ref().into(), query);
        }
        // `;parameters` of the last segment do not take part.
        let last_segment = self.path.rfind('/').map_or(0, |slash| slash + 1);
        let parameters = match self.path.get(last_segment..).and_then(|segment| segment.find(';')) {
            Some(at) => last_segment + at,
            None => self.path.len(),
        };
        let (own_path, parameters) = self.path.split_at(parameters);
        let base_path = match base.path.rfind('/') {
            Some(slash) => base.path.get(..=slash).unwrap_or_default(),
            None => "",
        };
        let mut segments: Vec<&str> = Vec::new();
        if self.path.starts_with('/') {
            segments.extend(own_path.split('/'));
        } else {
            segments.extend(base_path.split('/'));
            segments.pop();
            if segments.is_empty() {
                segments.push("");
            }
            segments.extend(own_path.split('/'));
            // Empty segments in the middle go; the first and the last stay.
            let last = segments.len() - 1;
            let mut index = 0;
            segments.retain(|segment| {
                let inside = index > 0 && index < last;
                index += 1;
                !(inside && segment.is_empty())
            });
        }
        let mut kept: Vec<&str> = Vec::new();
        for segment in &segments {
            match *segment {
                ".." => {
                    kept.pop();
                }
                "." => {}
                segment => kept.push(segment),
            }
        }
        if matches!(segments.last(), Some(&("." | ".."))) {
            kept.push("");
        }
        let mut path = kept.join("/");
        if path.is_empty() {
            path.push('/');
        }
        path.push_str(parameters);
        resolved(path, &self.query)
    }
}
