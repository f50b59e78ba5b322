//! Logins from a netrc file (spec/http.md 1.8), read as Python 3.11's `netrc` reads it.
//!
//! A file that is missing, unreadable or malformed gives no login, as with requests; why is told in a [`Warning`].

use std::{
    collections::HashMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::secret::Secret;

/// What one entry holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// `login` or `user`; the `account` where that is missing.
    pub user: String,
    /// `password`.
    pub password: Secret,
}

/// Why a file gave no logins, in one line without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

/// The entries of a file.
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    machines: HashMap<String, Login>,
}

/// The files to look for, in order: what `NETRC` names, else those in the home directory.
pub fn locations(lookup: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = lookup("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    match lookup("NETRC") {
        Some(file) => vec![expanded(&file, home.as_deref())],
        None => home.iter().flat_map(|home| [home.join(".netrc"), home.join("_netrc")]).collect(),
    }
}

/// The file with `~/` put in full.
pub fn expanded(file: &str, home: Option<&Path>) -> PathBuf {
    match (file.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(file),
    }
}

impl Netrc {
    /// Reads the first of these files that exists.
    pub fn read(locations: &[PathBuf]) -> (Option<Netrc>, Option<Warning>) {
        for file in locations {
            let bytes = match fs::read(file) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    return (None, Some(Warning(format!("netrc file {} was not read: {error}", file.display()))));
                }
            };
            let text = String::from_utf8(bytes)
                .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect());
            return match Netrc::parse(&text) {
                Ok(netrc) => (Some(netrc), None),
                Err(Warning(why)) => (None, Some(Warning(format!("netrc file {} was ignored: {why}", file.display())))),
            };
        }
        (None, None)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first thing that Python would stumble over, with its line.
    pub fn parse(text: &str) -> Result<Netrc, Warning> {
        let mut netrc = Netrc::default();
        let mut lexer = Lexer { rest: text.chars(), line: 1, pushed: None };
        loop {
            let line = lexer.line;
            let word = lexer.token();
            let name = match &*word {
                "" => return Ok(netrc),
                "machine" => lexer.token(),
                "default" => "default".into(),
                "macdef" => {
                    lexer.token();
                    lexer.skip_macro()?;
                    continue;
                }
                comment if comment.starts_with('#') => {
                    // The token's own end of line may be read already.
                    if lexer.line == line && comment.len() == 1 {
                        lexer.read_line();
                    }
                    continue;
                }
                _ => return Err(lexer.complaint("an unknown keyword")),
            };
            if name.is_empty() {
                return Err(lexer.complaint("a missing machine name"));
            }
            let login = lexer.entry()?;
            netrc.machines.insert(name, login);
        }
    }

    /// The login for a host (without port), or the default one.
    pub fn login(&self, host: &str) -> Option<&Login> {
        let login = self.machines.get(host).or_else(|| self.machines.get("default"))?;
        (!login.user.is_empty() || !login.password.reveal().is_empty()).then_some(login)
    }
}

struct Lexer<'a> {
    rest: std::str::Chars<'a>,
    line: usize,
    pushed: Option<String>,
}

fn is_space(letter: char) -> bool {
    matches!(letter, '\n' | '\t' | '\r' | ' ')
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.rest.next();
        self.line += usize::from(letter == Some('\n'));
        letter
    }

    /// The next word, which may be in quotes; empty at the end.
    fn token(&mut self) -> String {
        if let Some(token) = self.pushed.take() {
            return token;
        }
        let mut token = String::new();
        let first = loop {
            match self.next() {
                None => return token,
                Some(letter) if is_space(letter) => {}
                Some(letter) => break letter,
            }
        };
        let quoted = first == '"';
        let mut letter = if quoted { self.next() } else { Some(first) };
        while let Some(current) = letter {
            if (quoted && current == '"') || (!quoted && is_space(current)) {
                break;
            }
            token.extend(if current == '\\' { self.next() } else { Some(current) });
            letter = self.next();
        }
        token
    }

    /// The rest of the line, without counting it: so does Python, and its comment rule depends on it.
    fn read_line(&mut self) -> Option<String> {
        let text = self.rest.as_str();
        if text.is_empty() {
            return None;
        }
        let length = text.find('\n').map_or(text.len(), |at| at + 1);
        let (line, rest) = text.split_at(length);
        self.rest = rest.chars();
        Some(line.into())
    }

    fn skip_macro(&mut self) -> Result<(), Warning> {
        loop {
            match self.read_line().as_deref() {
                None => return Err(self.complaint("a macro without its empty last line")),
                Some("\n") => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn entry(&mut self) -> Result<Login, Warning> {
        let (mut user, mut account, mut password) = (String::new(), String::new(), String::new());
        loop {
            let line = self.line;
            let word = self.token();
            match &*word {
                "" | "machine" | "default" | "macdef" => {
                    // An empty word in quotes ends the file, as its true end does: so in Python.
                    self.pushed = Some(word);
                    let user = if user.is_empty() { account } else { user };
                    return Ok(Login { user, password: Secret::new(password) });
                }
                "login" | "user" => user = self.token(),
                "account" => account = self.token(),
                "password" => password = self.token(),
                comment if comment.starts_with('#') => {
                    if self.line == line {
                        self.read_line();
                    }
                }
                _ => return Err(self.complaint("an unknown keyword in an entry")),
            }
        }
    }

    fn complaint(&self, what: &str) -> Warning {
        Warning(format!("{what} near line {}", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<(String, String)> {
        let netrc = Netrc::parse(text).ok()?;
        netrc.login(host).map(|login| (login.user.clone(), login.password.reveal().to_owned()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.into(), password.into()))
    }

    // requests.utils.get_netrc_auth over the same files on Python 3.11.
    #[test]
    fn files() {
        for (text, host, login) in [
            ("machine a.com login u password p", "a.com", pair("u", "p")),
            ("machine a.com login u password p", "b.com", None),
            (
                "machine a.com\n\tuser u\n\taccount x\n\tpassword p\ndefault login d password e\n",
                "b.com",
                pair("d", "e"),
            ),
            ("machine a.com account x password p", "a.com", pair("x", "p")),
            ("machine a.com login \"u v\" password \"p\\\"q\"", "a.com", pair("u v", "p\"q")),
            ("machine a.com login u password p\\ q", "a.com", pair("u", "p q")),
            ("# top\nmachine a.com # note here\n login u\n #x y\n password p#1\n", "a.com", pair("u", "p#1")),
            ("macdef init\ncd /x\nls\n\nmachine a.com login u password p", "a.com", pair("u", "p")),
            ("machine a.com login u password p\nmachine a.com login v password q", "a.com", pair("v", "q")),
            ("machine a.com login u password p \"\" nonsense", "a.com", pair("u", "p")),
            ("machine a.com login #u password p", "a.com", pair("#u", "p")),
            ("#\nmachine a.com login u password p", "a.com", pair("u", "p")),
            ("machine a.com", "a.com", None),
            ("machine a.com password p", "a.com", pair("", "p")),
        ] {
            assert_eq!(found(text, host), login, "{text}");
        }
        for wrong in [
            "nonsense",
            "#a b c\nmachine a.com login u password p",
            "machine a.com login u pass p",
            "macdef x\ny",
            "machine",
        ] {
            assert!(Netrc::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn where_it_lies() {
        let home = |name: &str| (name == "HOME").then(|| "/h".to_owned());
        assert_eq!(locations(&home), [PathBuf::from("/h/.netrc"), PathBuf::from("/h/_netrc")]);
        let named = |name: &str| Some(if name == "HOME" { "/h".to_owned() } else { "~/n".to_owned() });
        assert_eq!(locations(&named), [PathBuf::from("/h/n")]);
        assert!(locations(&|_| None).is_empty());
        assert!(matches!(Netrc::read(&[PathBuf::from("/nonexistent/x")]), (None, None)));
    }
}
