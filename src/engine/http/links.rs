//! The `Link` field (spec/http.md 1.14), read as requests reads it.

use crate::value::{Object, Tree};

/// One link: `url` first, then its parameters in order.
pub type Link = Vec<(String, String)>;

/// What requests strips from names, values and the whole.
const AROUND: [char; 3] = [' ', '\'', '"'];

/// Reads a `Link` field. A parameter without exactly one `=` ends the parameters of its link.
pub fn parse(field: &str) -> Vec<Link> {
    let field = field.trim_matches(AROUND);
    if field.is_empty() {
        return Vec::new();
    }
    entries(field).into_iter().map(link).collect()
}

/// The links as requests' `links` shows them: keyed by `rel`, else by URL; later ones replace earlier ones.
pub fn keyed(field: &str) -> Tree {
    let mut all = Object::default();
    for link in parse(field) {
        let find = |wanted: &str| link.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
        let key = find("rel").filter(|rel| !rel.is_empty()).or_else(|| find("url")).unwrap_or_default().to_owned();
        all.insert(&key, to_tree(&link));
    }
    Tree::Object(all)
}

/// The links as a list of maps.
pub fn list(field: &str) -> Tree {
    Tree::Array(parse(field).iter().map(to_tree).collect())
}

fn to_tree(link: &Link) -> Tree {
    Tree::Object(link.iter().map(|(name, value)| (&**name, &**value)).collect())
}

/// Splits before every `<` that follows a comma and spaces.
fn entries(field: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    let mut from = 0;
    for (comma, _) in field.match_indices(',') {
        let after = field.get(comma + 1..).unwrap_or_default();
        let rest = after.trim_start_matches(' ');
        if comma >= from && rest.starts_with('<') {
            entries.push(field.get(from..comma).unwrap_or_default());
            from = comma + 1 + (after.len() - rest.len()) + 1;
        }
    }
    entries.push(field.get(from..).unwrap_or_default());
    entries
}

fn link(entry: &str) -> Link {
    let (url, parameters) = entry.split_once(';').unwrap_or((entry, ""));
    let mut link: Link = vec![("url".into(), url.trim_matches(['<', '>', ' ', '\'', '"']).into())];
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=').filter(|(_, value)| !value.contains('=')) else { break };
        let (name, value) = (name.trim_matches(AROUND), value.trim_matches(AROUND).to_owned());
        match link.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => link.push((name.to_owned(), value)),
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_requests() {
        // Expected: requests.utils.parse_header_links.
        #[rustfmt::skip]
        let table: &[(&str, &[&[(&str, &str)]])] = &[
            ("<http:/.../front.jpeg>; rel=front; type=\"image/jpeg\"", &[&[("url", "http:/.../front.jpeg"), ("rel", "front"), ("type", "image/jpeg")]]),
            ("<http:/.../front.jpeg>", &[&[("url", "http:/.../front.jpeg")]]),
            ("<http:/.../front.jpeg>;", &[&[("url", "http:/.../front.jpeg")]]),
            ("<a>; rel=x,<b>; rel=y", &[&[("url", "a"), ("rel", "x")], &[("url", "b"), ("rel", "y")]]),
            ("<a>; t=\"1, 2\",   <b>", &[&[("url", "a"), ("t", "1, 2")], &[("url", "b")]]),
            ("<a?b=c>; rel=\"x\"; title=a=b; z=1", &[&[("url", "a?b=c"), ("rel", "x")]]),
            ("<a>; x; rel=y", &[&[("url", "a")]]),
            ("<a>; rel=x; rel='y'", &[&[("url", "a"), ("rel", "y")]]),
            ("", &[]),
            (" '\" ", &[]),
            ("<a;b>; rel=x", &[&[("url", "a")]]),
        ];
        for (field, expected) in table {
            let found = parse(field);
            let found: Vec<Vec<(&str, &str)>> =
                found.iter().map(|link| link.iter().map(|(name, value)| (&**name, &**value)).collect()).collect();
            assert_eq!(found, *expected, "{field}");
        }
    }

    #[test]
    fn keyed_by_rel_or_url() {
        let Tree::Object(links) = keyed("<a>; rel=next, <b>") else { panic!() };
        let keys: Vec<&str> = links.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["next", "b"]);
        assert_eq!(links.get("next").unwrap().as_object().unwrap().get("url").unwrap().as_str(), Some("a"));
    }
}
