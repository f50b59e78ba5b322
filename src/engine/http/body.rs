//! Request bodies (spec/http.md 1.5): what the arguments `data`, `json` and `files` make, and the source of bytes
//! that an exchange reads a body from.

use std::{fmt, fs::File, io::Read, path::PathBuf, sync::Arc};

use super::{form, json as json_body, multipart, multipart::Multipart, query};
use crate::{
    engine::net::limits::reason,
    error::{Error, Result, code},
    value::{Pipe, Reader, Tree},
};

/// What goes out after the head.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// The host's reader, sized when `Some`.
    Reader(Arc<dyn Reader>, Option<u64>),
    /// A multipart form, streamed part by part.
    Multipart(Arc<Multipart>),
}

/// A body with the fields that it brings along.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The body.
    pub body: Body,
    /// The Content-Type, for a request that has none of its own.
    pub content_type: Option<String>,
    /// The Content-Length. With a body and no length the body goes out chunked; without a body, GET and HEAD say
    /// nothing and other methods say 0.
    pub length: Option<u64>,
}

impl Body {
    /// Makes the body. `data` wins over `json` unless it is empty; `files` makes a multipart form of `data`'s fields
    /// and the files.
    ///
    /// # Errors
    /// `argument` for what cannot be combined or written, `invalid_json`, `invalid_header` for a part's header, `io`
    /// for a file that cannot be read.
    pub fn prepare(data: Option<&Tree>, json: Option<&Tree>, files: Option<&Tree>) -> Result<Prepared> {
        Body::prepare_with(data, json, files, &mut multipart::random_boundary)
    }

    /// [`Body::prepare`] with a maker of boundaries.
    ///
    /// # Errors
    /// As [`Body::prepare`].
    pub fn prepare_with(
        data: Option<&Tree>,
        json: Option<&Tree>,
        files: Option<&Tree>,
        boundary: &mut dyn FnMut() -> Result<String>,
    ) -> Result<Prepared> {
        let data = data.filter(|data| !is_empty(data));
        if let Some(files) = files.filter(|files| !is_empty(files)) {
            match data {
                None | Some(Tree::Object(_) | Tree::Array(_)) => {}
                Some(Tree::Reader(_)) => {
                    return Err(Error::option("data", "a reader as data and files cannot go out together"));
                }
                Some(_) => {
                    return Err(Error::option(
                        "data",
                        "data must be an object or a list of pairs when there are files",
                    ));
                }
            }
            let form = Multipart::build(data, files, boundary()?)?;
            let (content_type, length) = (Some(form.content_type()), form.length());
            return Ok(Prepared { body: Body::Multipart(Arc::new(form)), content_type, length });
        }
        match (data, json) {
            (None, Some(json)) if !json.is_null() => {
                Ok(Prepared::of_bytes(json_body::encode(json)?.into_bytes(), Some(json_body::CONTENT_TYPE)))
            }
            (None, _) => Ok(Prepared::default()),
            (Some(Tree::Text(text)), _) => Ok(Prepared::of_bytes(text.as_bytes(), None)),
            (Some(Tree::Bytes(bytes)), _) => {
                Ok(Prepared { length: Some(bytes.len() as u64), body: Body::Bytes(bytes.clone()), content_type: None })
            }
            (Some(Tree::Reader(reader)), _) => {
                // A reader that says it is empty goes out chunked, as an empty file does in requests.
                let length = reader.size().filter(|size| *size > 0);
                Ok(Prepared { body: Body::Reader(reader.clone(), length), content_type: None, length })
            }
            (Some(fields @ (Tree::Object(_) | Tree::Array(_))), _) => {
                let form = form::encode(fields)?;
                // Fields of nothing but nulls are a body of no bytes, which says nothing about its length.
                Ok(Prepared::of_bytes(form.into_bytes(), Some(form::CONTENT_TYPE)))
            }
            (Some(other), _) => {
                let message = format!(
                    "data was {}, and must be text, bytes, a reader, an object or a list of pairs",
                    query::kind(other)
                );
                Err(Error::option("data", message))
            }
        }
    }

    /// The bytes, when they are all in memory; the empty slice for no body.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Body::None => Some(&[]),
            Body::Bytes(bytes) => Some(bytes),
            Body::Reader(..) | Body::Multipart(_) => None,
        }
    }

    /// Whether there is no body.
    pub fn is_none(&self) -> bool {
        matches!(self, Body::None)
    }

    /// The number of bytes, when it is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::None => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Reader(_, size) => *size,
            Body::Multipart(form) => form.length(),
        }
    }

    /// A source for one sending. Readers go on where they stand: before a second sending, call [`Source::rewind`] on
    /// the source of the first.
    ///
    /// # Errors
    /// None today; a body whose source has to be opened may fail.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        Ok(match self {
            Body::None => Box::new(Piece::of_bytes(Arc::default())),
            Body::Bytes(bytes) => Box::new(Piece::of_bytes(bytes.clone())),
            Body::Reader(reader, size) => Box::new(Piece::of_reader(reader.clone(), *size)),
            Body::Multipart(form) => Box::new(form.source()),
        })
    }
}

impl Prepared {
    fn of_bytes(bytes: impl Into<Arc<[u8]>>, content_type: Option<&str>) -> Prepared {
        let bytes = bytes.into();
        Prepared {
            length: Some(bytes.len() as u64),
            body: Body::Bytes(bytes),
            content_type: content_type.map(str::to_owned),
        }
    }
}

/// What counts as no argument: null, empty text, an empty list or object, false, 0.
fn is_empty(tree: &Tree) -> bool {
    match tree {
        Tree::Null | Tree::Bool(false) | Tree::Int(0) => true,
        Tree::Text(text) => text.is_empty(),
        Tree::Bytes(bytes) => bytes.is_empty(),
        Tree::Array(items) => items.is_empty(),
        Tree::Object(object) => object.is_empty(),
        Tree::Double(number) | Tree::Number(number, _) => *number == 0.0,
        _ => false,
    }
}

/// A stream of body bytes for one sending.
pub trait Source: Send + Sync {
    /// Fills the front of `buffer`; 0 is the end.
    ///
    /// # Errors
    /// `provider` when the host aborts, or when its reader gives more or fewer bytes than it declared; `io` when a
    /// file cannot be read. A connection on which a part of the body has gone out cannot be used again then.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// Goes back to the start, for sending again; false when it cannot.
    fn rewind(&mut self) -> bool;

    /// The pipe that it comes out of, if it is one: such a body goes on while it is answered.
    fn pipe(&self) -> Option<Arc<Pipe>> {
        None
    }
}

/// One stretch of a body: bytes, a reader, or a file, which is opened at the first read.
pub(super) struct Piece {
    content: Content,
    /// How many bytes have been given.
    given: u64,
    /// A reader or file has been asked for bytes.
    touched: bool,
    file: Option<File>,
}

/// Where bytes come from.
#[derive(Clone)]
pub(super) enum Content {
    Bytes(Arc<[u8]>),
    Reader(Arc<dyn Reader>, Option<u64>),
    File(Arc<PathBuf>, Option<u64>),
}

impl Content {
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Reader(_, size) | Content::File(_, size) => *size,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Content::Reader(_, size) => write!(f, "reader of {size:?}"),
            Content::File(path, size) => write!(f, "{} of {size:?}", path.display()),
        }
    }
}

impl Piece {
    pub(super) fn new(content: Content) -> Piece {
        Piece { content, given: 0, touched: false, file: None }
    }

    fn of_bytes(bytes: Arc<[u8]>) -> Piece {
        Piece::new(Content::Bytes(bytes))
    }

    fn of_reader(reader: Arc<dyn Reader>, size: Option<u64>) -> Piece {
        Piece::new(Content::Reader(reader, size))
    }
}

impl Source for Piece {
    fn pipe(&self) -> Option<Arc<Pipe>> {
        match &self.content {
            Content::Reader(reader, _) => reader.pipe(),
            _ => None,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let size = match &self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(self.given).unwrap_or(usize::MAX);
                let rest = bytes.get(from..).unwrap_or_default();
                let count = rest.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.given += count as u64;
                return Ok(count);
            }
            Content::Reader(_, size) | Content::File(_, size) => *size,
        };
        let room = match size {
            None => buffer.len(),
            Some(size) => {
                let left = usize::try_from(size - self.given.min(size)).unwrap_or(usize::MAX);
                if left == 0 {
                    return Ok(0);
                }
                // One byte more than is left shows a reader that gives too much. A file may have grown meanwhile;
                // what was promised is its length at preparation.
                let more = usize::from(matches!(self.content, Content::Reader(..)));
                buffer.len().min(left.saturating_add(more))
            }
        };
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        self.touched = true;
        let count = match &self.content {
            Content::Bytes(_) => 0,
            Content::Reader(reader, _) => reader.read(buffer)?,
            Content::File(path, _) => {
                let failed = |error: std::io::Error| {
                    let message = format!("the file {} could not be read: {}", path.display(), reason(&error));
                    Error::new(&code::IO, message).transient(false)
                };
                let file = match &mut self.file {
                    Some(file) => file,
                    empty => empty.insert(File::open(&**path).map_err(failed)?),
                };
                file.read(buffer).map_err(failed)?
            }
        };
        if count > room {
            return Err(Error::new(
                &code::PROVIDER,
                "the reader claimed to have given more bytes than it was asked for",
            ));
        }
        self.given += count as u64;
        match size {
            Some(size) if self.given > size => Err(wrong_size("gave more bytes than", size)),
            Some(size) if count == 0 => Err(match &self.content {
                Content::File(path, _) => {
                    let message = format!("the file {} shrank while it was sent", path.display());
                    Error::new(&code::IO, message).transient(false)
                }
                _ => wrong_size(&format!("ended after {} of", self.given), size),
            }),
            _ => Ok(count),
        }
    }

    fn rewind(&mut self) -> bool {
        let rewound = match &self.content {
            Content::Reader(reader, _) => !self.touched || reader.rewind(),
            Content::Bytes(_) | Content::File(..) => true,
        };
        if rewound {
            self.given = 0;
            self.touched = false;
            self.file = None;
        }
        rewound
    }
}

fn wrong_size(what: &str, size: u64) -> Error {
    Error::new(&code::PROVIDER, format!("the reader {what} the {size} bytes that it declared"))
}

#[cfg(test)]
pub(in crate::engine::http) mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::value::Object;

    /// A reader over bytes, which hands out at most three at a time.
    pub(in crate::engine::http) struct Fixed {
        bytes: &'static [u8],
        size: Option<u64>,
        at: Mutex<usize>,
    }

    impl Fixed {
        pub(in crate::engine::http) fn tree(bytes: &'static [u8], size: Option<u64>) -> Tree {
            Tree::Reader(Arc::new(Fixed { bytes, size, at: Mutex::new(0) }))
        }
    }

    impl Reader for Fixed {
        fn size(&self) -> Option<u64> {
            self.size
        }

        fn read(&self, buffer: &mut [u8]) -> Result<usize> {
            let mut at = self.at.lock().unwrap();
            let count = buffer.len().min(3).min(self.bytes.len() - *at);
            buffer[..count].copy_from_slice(&self.bytes[*at..*at + count]);
            *at += count;
            Ok(count)
        }

        fn rewind(&self) -> bool {
            *self.at.lock().unwrap() = 0;
            true
        }
    }

    pub(in crate::engine::http) fn drain(source: &mut dyn Source) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut buffer = [0; 7];
        loop {
            match source.read(&mut buffer)? {
                0 => return Ok(out),
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn the_table_of_requests() {
        let object = |list: &[(&str, Tree)]| {
            Tree::Object(list.iter().map(|(key, value)| (*key, value.clone())).collect::<Object>())
        };
        let form = Some("application/x-www-form-urlencoded");
        let json = Some("application/json");
        let field = object(&[("a", 1.into())]);
        let empty = Tree::Object(Object::default());
        let nothing = Tree::Null;
        // data, json, body (None is no body), Content-Type, Content-Length
        type Row<'a> = (&'a Tree, &'a Tree, Option<&'a str>, Option<&'a str>, Option<u64>);
        let (text, bytes, blank) = (Tree::from("tä"), Tree::Bytes(b"b"[..].into()), Tree::from(""));
        let (zero, list) = (Tree::from(0), Tree::Array(vec![]));
        let pairs =
            Tree::Array(vec![Tree::Array(vec!["k".into(), "v".into()]), Tree::Array(vec!["k".into(), "w".into()])]);
        let nulls = object(&[("a", Tree::Null)]);
        let table: &[Row<'_>] = &[
            (&nothing, &nothing, None, None, None),
            (&field, &nothing, Some("a=1"), form, Some(3)),
            (&pairs, &nothing, Some("k=v&k=w"), form, Some(7)),
            (&text, &nothing, Some("tä"), None, Some(3)),
            (&bytes, &nothing, Some("b"), None, Some(1)),
            (&blank, &nothing, None, None, None),
            (&list, &nothing, None, None, None),
            (&empty, &nothing, None, None, None),
            (&nulls, &nothing, Some(""), form, Some(0)),
            (&nothing, &field, Some("{\"a\": 1}"), json, Some(8)),
            (&nothing, &empty, Some("{}"), json, Some(2)),
            (&nothing, &zero, Some("0"), json, Some(1)),
            (&empty, &field, Some("{\"a\": 1}"), json, Some(8)),
            (&field, &field, Some("a=1"), form, Some(3)),
            (&text, &field, Some("tä"), None, Some(3)),
        ];
        for (data, json, body, content_type, length) in table {
            let prepared = Body::prepare(Some(data), Some(json), Some(&nothing)).unwrap();
            let found = if prepared.body.is_none() { None } else { prepared.body.as_bytes() };
            assert_eq!(found, body.map(str::as_bytes), "{data:?} {json:?}");
            assert_eq!(prepared.content_type.as_deref(), *content_type, "{data:?} {json:?}");
            assert_eq!(prepared.length, *length, "{data:?} {json:?}");
        }
        assert_eq!(Body::prepare(Some(&5.into()), None, None).unwrap_err().code(), "argument");
        let file = object(&[("f", bytes.clone())]);
        for data in [&text, &bytes, &Fixed::tree(b"x", None)] {
            assert_eq!(Body::prepare(Some(data), None, Some(&file)).unwrap_err().code(), "argument");
        }
        // A form with files takes no notice of json, and of empty text.
        let prepared = Body::prepare(Some(&blank), Some(&field), Some(&file)).unwrap();
        assert!(matches!(prepared.body, Body::Multipart(_)));
    }

    #[test]
    fn readers() {
        let prepare = |size| Body::prepare(Some(&Fixed::tree(b"0123456789", size)), None, None).unwrap();
        let sized = prepare(Some(10));
        assert_eq!((sized.length, sized.body.as_bytes()), (Some(10), None));
        let mut source = sized.body.open().unwrap();
        assert_eq!(drain(&mut *source).unwrap(), b"0123456789");
        assert!(source.rewind());
        assert_eq!(drain(&mut *source).unwrap(), b"0123456789");
        let unsized_one = prepare(None);
        assert_eq!(unsized_one.length, None);
        assert_eq!(drain(&mut *unsized_one.body.open().unwrap()).unwrap(), b"0123456789");
        // Said to be empty: chunked, and whatever comes is sent.
        assert_eq!(prepare(Some(0)).length, None);
        let short = drain(&mut *prepare(Some(12)).body.open().unwrap()).unwrap_err();
        assert_eq!(short.message(), "the reader ended after 10 of the 12 bytes that it declared");
        let long = drain(&mut *prepare(Some(8)).body.open().unwrap()).unwrap_err();
        assert_eq!(long.message(), "the reader gave more bytes than the 8 bytes that it declared");
        assert_eq!(long.code(), "provider");
    }
}
