//! What Mesh's messages look like (spec/mesh.md 1): tables by which [`form`](super::form) turns what a host writes into the
//! wire's bytes and back. One reader and one writer for 224 messages are less code than a type for each, and every call of
//! the server can be made, also one that no verb has a name for. The tables are made from `proto/` by the tools.

#[rustfmt::skip]
#[allow(missing_docs, reason = "made by the tools")]
pub mod tables;

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Its name within the package.
    pub name: &'static str,
    /// How hosts write it.
    pub form: Form,
    /// Its fields, by number.
    pub fields: &'static [Field],
}

/// How a message is written by hosts, besides as an object of its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// No other way.
    Plain,
    /// An object, attribute or series: a path, `id:…` or `key:…`.
    Address,
    /// `[start, end]`.
    Interval,
    /// Around one enumeration: its value.
    Word,
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its number on the wire.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// How many.
    pub label: Label,
}

/// How many values a field has, and whether having none can be told from having the default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    /// One; the default is not sent.
    One,
    /// One or none.
    Optional,
    /// One of a group at most.
    OneOf(u32),
    /// Any number.
    Many,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `double`
    Double,
    /// `int64`
    Int64,
    /// `int32`
    Int32,
    /// `uint32`
    Uint32,
    /// `bool`
    Bool,
    /// `string`
    Text,
    /// `bytes`
    Bytes,
    /// Points of a series as an Arrow stream.
    Points,
    /// A number with a name.
    Enum(&'static Enumeration),
    /// Another message.
    Message(&'static Message),
    /// `volue.mesh.grpc.type.Guid`
    Guid,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `google.protobuf.Empty`
    Empty,
    /// `google.protobuf.FieldMask`
    FieldMask,
    /// `google.protobuf.Struct`
    Struct,
    /// `google.protobuf.BytesValue`
    BytesValue,
    /// `google.protobuf.StringValue`
    TextValue,
}

/// Numbers with names.
#[derive(Debug)]
pub struct Enumeration {
    /// Its name within the package.
    pub name: &'static str,
    /// Names and numbers.
    pub values: &'static [(&'static str, i32)],
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Its full name.
    pub name: &'static str,
    /// Its calls.
    pub methods: &'static [Method],
}

/// A call.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What is sent.
    pub input: Kind,
    /// What is answered.
    pub output: Kind,
    /// More than one message is sent.
    pub asks_many: bool,
    /// More than one message may be answered.
    pub answers_many: bool,
}

impl Enumeration {
    /// The name of a number.
    #[must_use]
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values.iter().find(|(_, value)| *value == number).map(|(name, _)| *name)
    }

    /// The number of a name. A prefix that all names of the enumeration share may be left out.
    #[must_use]
    pub fn number_of(&self, name: &str) -> Option<i32> {
        let exact = self.values.iter().find(|(known, _)| *known == name);
        let short = || {
            let first = self.values.first()?.0;
            let prefix = first.strip_suffix("UNSPECIFIED")?;
            self.values.iter().find(|(known, _)| known.strip_prefix(prefix) == Some(name))
        };
        exact.or_else(short).map(|(_, number)| *number)
    }
}

/// A call by its full name: `volue.mesh.grpc.model.v1alpha.ModelService/GetObject`.
#[must_use]
pub fn method(path: &str) -> Option<(&'static Service, &'static Method)> {
    let (service, method) = path.trim_start_matches('/').split_once('/')?;
    let service = tables::SERVICES.iter().find(|known| known.name == service)?;
    service.methods.iter().find(|known| known.name == method).map(|known| (*service, known))
}
