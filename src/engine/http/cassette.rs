//! The cassette: an adapter that records what a server answered into a file, and plays it back without the server.
//!
//! A file that exists is played: each request takes the first unused entry of its method, URL and body. A file that
//! does not exist is recorded. The file is a JSON array, one entry a line; secrets of the request (Authorization,
//! Cookie, Proxy-Authorization) are not written. Bodies are base64 of the bytes before decoding.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::sys::lock::Mutex;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    adapter::{Carried, Source},
    policy::Hop,
    request::Request,
};
use crate::{
    engine::net::limits::reason,
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

/// A cassette in use.
#[derive(Debug)]
pub struct Cassette {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Playing(Vec<Entry>),
    Recording(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    key: String,
    shown: Tree,
    status: u16,
    head: Vec<u8>,
    body: Vec<u8>,
    used: bool,
}

impl Cassette {
    /// Opens a file to play, or makes ready to record one.
    ///
    /// # Errors
    /// `io` when it cannot be read, `argument` when it is not a cassette.
    pub fn open(path: &Path) -> Result<Cassette> {
        let state =
            match fs::read_to_string(path) {
                Ok(text) => State::Playing(parse(&text).ok_or_else(|| {
                    Error::option("adapter", format!("the file {} was not a cassette", path.display()))
                })?),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::Recording(Vec::new()),
                Err(error) => {
                    return Err(Error::new(
                        &code::IO,
                        format!("the cassette {} could not be read: {}", path.display(), reason(&error)),
                    ));
                }
            };
        Ok(Cassette { path: path.into(), state: Mutex::new(state) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Plays the answer to a request, or has it carried and records what came.
    ///
    /// # Errors
    /// `cassette` when there is no entry for the request; what `carry` says.
    pub(super) fn carry(&self, request: &Request, carry: impl FnOnce() -> Result<Carried>) -> Result<Carried> {
        if let Some(played) = self.play(request)? {
            return Ok(played);
        }
        let (hop, source) = carry()?.into_parts();
        let mut stream = super::stream::BodyStream::new(source, &hop, &request.method, false)?;
        let body = stream.read_to_end()?;
        self.record(request, &hop, &body)?;
        Ok(Carried::new(hop, Source::Memory(body, 0)))
    }

    /// Plays the answer to a request; none when the cassette records.
    ///
    /// # Errors
    /// `cassette` when there is no entry for the request.
    pub(super) fn play(&self, request: &Request) -> Result<Option<Carried>> {
        let key = key(request)?;
        let State::Playing(entries) = &mut *self.state.lock() else { return Ok(None) };
        let entry = entries.iter_mut().find(|entry| !entry.used && entry.key == key).ok_or_else(|| {
            let (method, url) = (&request.method, request.url.redacted());
            let message = format!("the cassette {} has no answer left for {method} {url}", self.path.display());
            Error::new(&code::CASSETTE, message).outcome(Outcome::NotSent)
        })?;
        entry.used = true;
        let hop = Hop { status: entry.status, head: entry.head.clone(), body: None };
        Ok(Some(Carried::new(hop, Source::Memory(entry.body.clone(), 0))))
    }

    /// Records an answer with its body as it came.
    ///
    /// # Errors
    /// `io` when the file cannot be written.
    pub(super) fn record(&self, request: &Request, hop: &Hop, body: &[u8]) -> Result<()> {
        let entry = Entry {
            key: key(request)?,
            shown: show(request),
            status: hop.status,
            head: hop.head.clone(),
            body: body.to_vec(),
            used: true,
        };
        if let State::Recording(entries) = &mut *self.state.lock() {
            entries.push(entry);
            self.save(entries)?;
        }
        Ok(())
    }

    /// Writes the file beside itself and puts it in place: a crash leaves the old one.
    fn save(&self, entries: &[Entry]) -> Result<()> {
        let mut text = String::from("[\n");
        for (index, entry) in entries.iter().enumerate() {
            let mut object = Object::default();
            object.insert("key", Tree::from(&*entry.key));
            object.insert("request", entry.shown.clone());
            object.insert("status", Tree::Int(entry.status.into()));
            object.insert("head", Tree::from(entry.head.iter().map(|byte| char::from(*byte)).collect::<String>()));
            object.insert("body", Tree::from(STANDARD.encode(&entry.body)));
            text.push_str(&Tree::Object(object).to_json());
            text.push_str(if index + 1 < entries.len() { ",\n" } else { "\n" });
        }
        text.push_str("]\n");
        let beside = self.path.with_extension("cassette-part");
        let written = fs::File::create(&beside)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&beside, &self.path));
        written.map_err(|error| {
            Error::new(
                &code::IO,
                format!("the cassette {} could not be written: {}", self.path.display(), reason(&error)),
            )
        })
    }
}

/// What makes two requests the same: method, URL and body.
fn key(request: &Request) -> Result<String> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    if let Some(bytes) = request.body.as_bytes() {
        context.update(bytes);
    } else if let Some(size) = request.body.length() {
        // A streamed body is not read twice: its size stands for it.
        context.update(&size.to_be_bytes());
    }
    let digest = STANDARD.encode(context.finish().as_ref());
    Ok(format!("{} {} {digest}", request.method, request.url.redacted()))
}

fn show(request: &Request) -> Tree {
    let secret = |name: &str| {
        ["authorization", "cookie", "proxy-authorization"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    let headers = request.headers.iter().filter(|(name, _)| !secret(name));
    let mut object = Object::default();
    object.insert("method", Tree::from(&*request.method));
    object.insert("url", Tree::from(&*request.url.redacted()));
    object.insert(
        "headers",
        Tree::Array(headers.map(|(name, value)| Tree::Array(vec![Tree::from(name), Tree::from(value)])).collect()),
    );
    Tree::Object(object)
}

fn parse(text: &str) -> Option<Vec<Entry>> {
    let tree = Tree::from_json(text).ok()?;
    tree.as_array()?.iter().map(entry).collect()
}

fn entry(tree: &Tree) -> Option<Entry> {
    let object = tree.as_object()?;
    let Some(Tree::Int(status)) = object.get("status") else { return None };
    let head = object.get("head")?.as_str()?;
    Some(Entry {
        key: object.get("key")?.as_str()?.to_owned(),
        shown: object.get("request").cloned().unwrap_or_default(),
        status: u16::try_from(*status).ok()?,
        head: head.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect(),
        body: STANDARD.decode(object.get("body")?.as_str()?).ok()?,
        used: false,
    })
}
