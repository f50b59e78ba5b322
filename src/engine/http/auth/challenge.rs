//! `WWW-Authenticate` taken apart (RFC 9110 11.6.1, RFC 7235 2.1): any number of challenges, in any number of fields.

/// One challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// As written; compare it without case.
    pub scheme: String,
    /// The one unnamed value that some schemes have.
    pub token68: Option<String>,
    /// Names in lower case, values without quotes and escapes.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// The first value of a parameter, whose name is given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// Whether this is the scheme.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Reads the values of all fields of one answer. What cannot be understood is stepped over, up to the next comma.
pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for value in values {
        let first = challenges.len();
        let mut rest = value;
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t']);
            if rest.is_empty() {
                break;
            }
            rest = item(rest, &mut challenges, first);
        }
    }
    challenges
}

/// Reads one element of the list: a parameter of the challenge before it in the same field, or a new challenge with its
/// first parameter.
fn item<'a>(text: &'a str, challenges: &mut Vec<Challenge>, first: usize) -> &'a str {
    if let Some((name, value, rest)) = parameter(text) {
        if let Some(challenge) = challenges.get_mut(first..).and_then(<[Challenge]>::last_mut) {
            challenge.params.push((name.to_ascii_lowercase(), value));
        }
        return to_comma(rest);
    }
    let (scheme, rest) = token(text);
    if scheme.is_empty() {
        return to_comma(rest.get(1..).unwrap_or_default());
    }
    let mut challenge = Challenge { scheme: scheme.into(), ..Challenge::default() };
    let after = rest.trim_start_matches([' ', '\t']);
    // Without a space, what follows belongs to no challenge.
    let mut rest = rest;
    if after.len() < rest.len() {
        rest = after;
        if let Some((name, value, tail)) = parameter(after) {
            challenge.params.push((name.to_ascii_lowercase(), value));
            rest = tail;
        } else if let Some((token68, tail)) = token68(after) {
            challenge.token68 = Some(token68.into());
            rest = tail;
        }
    }
    challenges.push(challenge);
    // Not every server puts a comma before the next parameter; the space after the first one is enough.
    if rest.starts_with([' ', '\t']) { rest } else { to_comma(rest) }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn token(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(|byte| is_token(*byte)).count())
}

/// `name = value` with spaces allowed round the sign.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = token(text);
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix('=')?.trim_start_matches([' ', '\t']);
    if name.is_empty() {
        return None;
    }
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = unquoted(quoted);
        return Some((name, value, rest));
    }
    // Servers leave out the quotes of values that need them, so everything up to the comma counts; an empty value, or
    // one that begins with the padding of a token68, is no parameter.
    let end = value.find([',', ' ', '\t']).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    (!value.is_empty() && !value.starts_with('=')).then(|| (name, value.to_owned(), rest))
}

/// The content of a quoted string, whose opening quote is gone, and what follows its end.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

fn token68(text: &str) -> Option<(&str, &str)> {
    let is_body = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let body = text.bytes().take_while(is_body).count();
    let padding = text.bytes().skip(body).take_while(|byte| *byte == b'=').count();
    let (value, rest) = text.split_at(body + padding);
    let ends = rest.trim_start_matches([' ', '\t']);
    (body > 0 && (ends.is_empty() || ends.starts_with(','))).then_some((value, rest))
}

fn to_comma(text: &str) -> &str {
    text.find(',').map_or("", |at| text.split_at(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[&str]) -> String {
        let mut out = String::new();
        for challenge in parse(values.iter().copied()) {
            out.push_str(&format!("<{}", challenge.scheme));
            out.extend(challenge.token68.map(|token| format!(" {token}")));
            out.extend(challenge.params.iter().map(|(name, value)| format!(" {name}=[{value}]")));
            out.push('>');
        }
        out
    }

    // The grammar of RFC 7235, whose own example is the third.
    #[test]
    fn challenges() {
        for (value, expected) in [
            ("Basic realm=\"simple\"", "<Basic realm=[simple]>"),
            ("Negotiate", "<Negotiate>"),
            (
                "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
                "<Newauth realm=[apps] type=[1] title=[Login to \"apps\"]><Basic realm=[simple]>",
            ),
            ("Negotiate YWJj==, Basic realm=\"a, b\"", "<Negotiate YWJj==><Basic realm=[a, b]>"),
            ("Negotiate, NTLM, Basic realm=x", "<Negotiate><NTLM><Basic realm=[x]>"),
            ("Digest REALM = \"a\" , nonce= b", "<Digest realm=[a] nonce=[b]>"),
            (", ,Basic realm=\"x\",,", "<Basic realm=[x]>"),
            ("Digest qop=\"auth,auth-int\", nonce=\"a=b==\"", "<Digest qop=[auth,auth-int] nonce=[a=b==]>"),
            ("Digest nonce=a/b+c==, realm=\"\"", "<Digest nonce=[a/b+c==] realm=[]>"),
            ("Digest realm=\"open", "<Digest realm=[open]>"),
            ("realm=\"x\"", ""),
            ("\"\"\", Basic realm=\"y\"", "<Basic realm=[y]>"),
            ("", ""),
        ] {
            assert_eq!(shown(&[value]), expected, "{value}");
        }
        assert_eq!(shown(&["Digest nonce=a", "Basic realm=b"]), "<Digest nonce=[a]><Basic realm=[b]>");
    }
}
