//! URLs as requests prepares them (spec/http.md 1.3).

/// A prepared URL: one text and where its parts lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    text: String,
}

impl Url {
    /// The whole URL with userinfo and fragment.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
