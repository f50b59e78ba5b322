//! multipart/form-data (spec/http.md 1.5), streamed: fields first, then files, each in the caller's order. What is on
//! the wire is byte for byte what urllib3 builds in memory.

use std::{fmt::Write, fs::File, path::Path, sync::Arc};

use super::{
    body::{Content, Piece, Source},
    headers, query,
};
use crate::{
    error::{Error, Result, code},
    value::Tree,
};

/// A form with files.
#[derive(Debug, Default)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Part>,
    /// The line after the last part.
    tail: Arc<[u8]>,
}

#[derive(Debug)]
struct Part {
    /// The boundary's line, the headers and the empty line.
    head: Arc<[u8]>,
    content: Content,
}

/// 32 hex digits at random.
///
/// # Errors
/// `io` when the system gives no random bytes.
pub fn random_boundary() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::new(&code::IO, "the system gave no random bytes"))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}

impl Multipart {
    /// Builds a form of `data` (an object or a list of pairs) and `files` (an object or a list of name and file).
    ///
    /// A file is a path as text, bytes, a reader, or `[filename, content, type, headers]` with bytes or a reader as
    /// content. A list of anything else is several files under one name.
    ///
    /// # Errors
    /// `argument`, `invalid_header`, or `io` for a file that cannot be opened, naming the entry.
    pub fn build(data: Option<&Tree>, files: &Tree, boundary: String) -> Result<Multipart> {
        let tail = format!("--{boundary}--\r\n").into_bytes().into();
        let mut form = Multipart { boundary, parts: Vec::new(), tail };
        if let Some(data) = data {
            query::each_field(data, "data", &mut |name, value| {
                let head = form.head(name, None, None, &[]);
                form.parts.push(Part { head, content: Content::Bytes(value.into()) });
                Ok(())
            })?;
        }
        match files {
            Tree::Object(object) => object.iter().try_for_each(|(name, spec)| form.add(name, spec, true))?,
            Tree::Array(pairs) => {
                for pair in pairs {
                    let Some([Tree::Text(name), spec]) = pair.as_array() else {
                        return Err(Error::option(
                            "files",
                            "files held something that is no pair of a name and a file",
                        ));
                    };
                    form.add(name, spec, true)?;
                }
            }
            _ => return Err(Error::option("files", "files was neither an object nor a list of pairs")),
        }
        Ok(form)
    }

    /// The Content-Type with the boundary.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The number of bytes, when that of every part is known.
    pub fn length(&self) -> Option<u64> {
        self.parts.iter().try_fold(self.tail.len() as u64, |sum, part| {
            Some(sum + part.head.len() as u64 + part.content.length()? + LINE_END.len() as u64)
        })
    }

    /// Has the readers in it go back to their start; false when one cannot. Files are opened anew by each sending.
    pub(super) fn rewind(&self) -> bool {
        self.parts.iter().all(|part| match &part.content {
            Content::Reader(reader, _) => reader.rewind(),
            Content::Bytes(_) | Content::File(..) => true,
        })
    }

    /// A source for one sending.
    pub(super) fn source(&self) -> Parts {
        let mut pieces = Vec::with_capacity(self.parts.len() * 3 + 1);
        let line_end: Arc<[u8]> = LINE_END.into();
        for part in &self.parts {
            pieces.push(Piece::new(Content::Bytes(part.head.clone())));
            pieces.push(Piece::new(part.content.clone()));
            pieces.push(Piece::new(Content::Bytes(line_end.clone())));
        }
        pieces.push(Piece::new(Content::Bytes(self.tail.clone())));
        Parts { pieces, at: 0 }
    }

    fn add(&mut self, name: &str, spec: &Tree, lists: bool) -> Result<()> {
        let key = || format!("files.{name}");
        match spec {
            // requests passes over files that are None.
            Tree::Null => Ok(()),
            Tree::Text(path) => {
                let base = Path::new(&**path).file_name().map(|base| base.to_string_lossy());
                let content = file(path).map_err(|error| error.with("key", key()))?;
                let head = self.head(name.as_bytes(), Some(base.as_deref().unwrap_or(name)), None, &[]);
                self.parts.push(Part { head, content });
                Ok(())
            }
            Tree::Bytes(_) | Tree::Reader(_) => {
                let head = self.head(name.as_bytes(), Some(name), None, &[]);
                self.parts.push(Part { head, content: content(spec, name)? });
                Ok(())
            }
            Tree::Array(items) if is_described(items) => self.add_described(name, items),
            Tree::Array(items) if lists => items.iter().try_for_each(|item| self.add(name, item, false)),
            other => {
                let key = key();
                let message = format!(
                    "{key} was {}, and must be a path, bytes, a reader, or [filename, content, type, headers]",
                    query::kind(other)
                );
                Err(Error::option(&key, message))
            }
        }
    }

    /// `[filename, content, type, headers]`.
    fn add_described(&mut self, name: &str, items: &[Tree]) -> Result<()> {
        let Some(body) = items.get(1).filter(|body| !body.is_null()) else { return Ok(()) };
        let mut own = match items.get(3) {
            Some(own) => part_headers(name, own)?,
            None => Vec::new(),
        };
        let content_type = match items.get(2).and_then(Tree::as_str).filter(|text| !text.is_empty()) {
            Some(text) => {
                headers::check("Content-Type", text).map_err(|error| error.with("key", format!("files.{name}")))?;
                Some(text.to_owned())
            }
            // requests drops a type among the extra headers; here it counts when there is no other.
            None => {
                own.iter().find(|(field, _)| field.eq_ignore_ascii_case("content-type")).map(|(_, text)| text.clone())
            }
        };
        own.retain(|(field, value)| {
            let ours = ["content-disposition", "content-type", "content-location"];
            !value.is_empty() && !ours.iter().any(|ours| field.eq_ignore_ascii_case(ours))
        });
        let filename = items.first().and_then(Tree::as_str);
        let head = self.head(name.as_bytes(), filename, content_type.as_deref(), &own);
        self.parts.push(Part { head, content: content(body, name)? });
        Ok(())
    }

    fn head(
        &self,
        name: &[u8],
        filename: Option<&str>,
        content_type: Option<&str>,
        own: &[(String, String)],
    ) -> Arc<[u8]> {
        let mut head = Vec::with_capacity(96 + name.len());
        head.extend_from_slice(b"--");
        head.extend_from_slice(self.boundary.as_bytes());
        head.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"");
        push_quoted(&mut head, name);
        head.push(b'"');
        if let Some(filename) = filename {
            head.extend_from_slice(b"; filename=\"");
            push_quoted(&mut head, filename.as_bytes());
            head.push(b'"');
        }
        head.extend_from_slice(LINE_END);
        let fields = content_type.map(|text| ("Content-Type", text)).into_iter();
        for (field, value) in fields.chain(own.iter().map(|(field, value)| (&**field, &**value))) {
            for piece in [field, ": ", value, "\r\n"] {
                head.extend_from_slice(piece.as_bytes());
            }
        }
        head.extend_from_slice(LINE_END);
        head.into()
    }
}

const LINE_END: &[u8] = b"\r\n";

/// Names as browsers write them: only quotes and line ends are escaped.
fn push_quoted(out: &mut Vec<u8>, name: &[u8]) {
    for byte in name {
        match byte {
            b'"' => out.extend_from_slice(b"%22"),
            b'\r' => out.extend_from_slice(b"%0D"),
            b'\n' => out.extend_from_slice(b"%0A"),
            byte => out.push(*byte),
        }
    }
}

/// Whether a list is `[filename, content, …]` and not several files: its second item is content, not a path. With a
/// fourth item there is no doubt, and the content may be text too.
fn is_described(items: &[Tree]) -> bool {
    let named = matches!(items.first(), Some(Tree::Text(_) | Tree::Null));
    let typed = matches!(items.get(2), None | Some(Tree::Text(_) | Tree::Null));
    let described = matches!(items.get(3), None | Some(Tree::Object(_) | Tree::Array(_) | Tree::Null));
    let with_headers = matches!(items.get(3), Some(Tree::Object(_) | Tree::Array(_)));
    let content = match items.get(1) {
        Some(Tree::Bytes(_) | Tree::Reader(_)) => true,
        Some(Tree::Text(_)) => with_headers || matches!(items.first(), Some(Tree::Null)),
        Some(Tree::Null) => items.len() > 2,
        _ => false,
    };
    named && typed && described && content && items.len() <= 4
}

fn content(body: &Tree, name: &str) -> Result<Content> {
    match body {
        Tree::Bytes(bytes) => Ok(Content::Bytes(bytes.clone())),
        Tree::Text(text) => Ok(Content::Bytes(text.as_bytes().into())),
        Tree::Reader(reader) => Ok(Content::Reader(reader.clone(), reader.size())),
        other => {
            let key = format!("files.{name}");
            Err(Error::option(
                &key,
                format!("the content of {key} was {}, and must be bytes or a reader", query::kind(other)),
            ))
        }
    }
}

/// A file, looked at now so that a mistake shows before anything is sent, and opened again when it is its turn.
fn file(path: &str) -> Result<Content> {
    let failed = |reason: &dyn std::fmt::Display| {
        Error::new(&code::IO, format!("the file {path} could not be read: {reason}")).transient(false)
    };
    let metadata = std::fs::metadata(path).map_err(|error| failed(&crate::engine::net::limits::reason(&error)))?;
    if metadata.is_dir() {
        return Err(failed(&"it is a directory"));
    }
    if metadata.is_file() {
        File::open(path).map_err(|error| failed(&crate::engine::net::limits::reason(&error)))?;
    }
    // Pipes and devices have no size that means anything.
    let size = metadata.is_file().then_some(metadata.len());
    Ok(Content::File(Arc::new(path.into()), size))
}

fn part_headers(name: &str, tree: &Tree) -> Result<Vec<(String, String)>> {
    let key = format!("files.{name}");
    let all = headers::Headers::from_tree(tree).map_err(|error| error.with("key", &*key))?;
    Ok(all.iter().map(|(field, value)| (field.to_owned(), value.to_owned())).collect())
}

/// The stretches of a form one after the other.
pub(super) struct Parts {
    pieces: Vec<Piece>,
    at: usize,
}

impl Source for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(piece) = self.pieces.get_mut(self.at) {
            let room = buffer.get_mut(filled..).unwrap_or_default();
            if room.is_empty() {
                break;
            }
            match piece.read(room)? {
                0 => self.at += 1,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    fn rewind(&mut self) -> bool {
        let rewound = self.pieces.iter_mut().all(Source::rewind);
        if rewound {
            self.at = 0;
        }
        rewound
    }
}

#[cfg(test)]
mod tests;
