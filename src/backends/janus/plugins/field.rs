//! The notation of fields: `name:type`, blanks between them.
//!
//! | type | what the server takes |
//! |---|---|
//! | `bool`, `int`, `array`, `object` | a boolean, an integer, an array, an object |
//! | `nat` | an integer that is not negative |
//! | `text`, `secret` | text; a secret is shown nowhere |
//! | `texts`, `secrets` | an array of such |
//! | `id` | what `nat` is, or text when the server was set up with `string_ids` |
//! | `[group]`, `{group}` | an array of objects of the plugin's group, or one |
//! | `one\|two` | one of these words |
//!
//! Behind it `!` is mandatory, `#` not empty, and `~` what a server of version 1.1.2 does not check: it reads it all the
//! same, or is too old to know it.

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it has to be there.
    pub mandatory: bool,
    /// Whether it must not be empty.
    pub filled: bool,
    /// Whether every server checks it.
    pub checked: bool,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// An integer that is not negative.
    Nat,
    /// Text.
    Text,
    /// Text that is shown nowhere.
    Secret,
    /// An array of text.
    Texts,
    /// An array of text that is shown nowhere.
    Secrets,
    /// Who or what: an integer that is not negative, or text.
    Id,
    /// Any array.
    Array,
    /// Any object.
    Object,
    /// One of the words between bars.
    Word(&'static str),
    /// An array of objects of a group.
    Many(&'static str),
    /// An object of a group.
    One(&'static str),
}

impl Kind {
    fn read(text: &'static str) -> Kind {
        match text {
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "nat" => Kind::Nat,
            "text" => Kind::Text,
            "secret" => Kind::Secret,
            "texts" => Kind::Texts,
            "secrets" => Kind::Secrets,
            "id" => Kind::Id,
            "array" => Kind::Array,
            "object" => Kind::Object,
            _ => {
                let inside = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
                inside('[', ']').map(Kind::Many).or_else(|| inside('{', '}').map(Kind::One)).unwrap_or(Kind::Word(text))
            }
        }
    }

    /// What it takes, in the words of the server.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Bool => "a boolean",
            Kind::Int => "an integer",
            Kind::Nat => "a positive integer",
            Kind::Text | Kind::Secret | Kind::Word(_) => "a string",
            Kind::Texts | Kind::Secrets => "an array of strings",
            Kind::Id => "a positive integer or a string",
            Kind::Array => "an array",
            Kind::Many(_) => "an array of objects",
            Kind::Object | Kind::One(_) => "an object",
        }
    }

    /// Whether the value is shown nowhere.
    pub fn is_secret(self) -> bool {
        matches!(self, Kind::Secret | Kind::Secrets)
    }
}

/// The fields of a text.
pub fn read(text: &'static str) -> impl Iterator<Item = Field> {
    text.split_ascii_whitespace().filter_map(|word| {
        let (name, rest) = word.split_once(':')?;
        let kind = rest.trim_end_matches(['!', '#', '~']);
        let marks = rest.get(kind.len()..).unwrap_or_default();
        Some(Field {
            name,
            kind: Kind::read(kind),
            mandatory: marks.contains('!'),
            filled: marks.contains('#'),
            checked: !marks.contains('~'),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_fields() {
        let fields: Vec<Field> =
            read("room:id! name:text!#  ptype:publisher|subscriber! streams:[stream]~ rtp:{rtp}").collect();
        let field = |name, kind, mandatory, filled, checked| Field { name, kind, mandatory, filled, checked };
        let expected = [
            field("room", Kind::Id, true, false, true),
            field("name", Kind::Text, true, true, true),
            field("ptype", Kind::Word("publisher|subscriber"), true, false, true),
            field("streams", Kind::Many("stream"), false, false, false),
            field("rtp", Kind::One("rtp"), false, false, true),
        ];
        assert_eq!(fields, expected);
        assert_eq!(read("").count(), 0);
    }
}
