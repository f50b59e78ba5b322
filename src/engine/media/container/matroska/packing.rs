//! What has to be done to a frame of the file before it is one of ours: compression taken off, lengths made start codes.

use std::{borrow::Cow, io::Read, sync::Arc};

use super::ebml::{Children, id, unsigned};
use crate::engine::media::{
    codec::{av1, h264},
    container::FRAME_MAX,
};

/// One step that the writer of a file took (RFC 9559, section 5.1.4.1.31).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Encoding {
    /// zlib.
    Deflated,
    /// These bytes stand before each frame.
    Stripped(Box<[u8]>),
}

/// The steps of a track, the last first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    frames: Vec<Encoding>,
    private: Vec<Encoding>,
}

impl Encodings {
    /// Reads `ContentEncodings`.
    ///
    /// # Errors
    /// Why its frames cannot be read.
    pub fn parse(body: &[u8]) -> Result<Encodings, &'static str> {
        let mut steps = Vec::new();
        for (_, body) in Children(body).filter(|(id, _)| *id == id::CONTENT_ENCODING) {
            // The defaults: the first step, over frames, compression, zlib.
            let (mut order, mut scope, mut kind, mut algorithm, mut settings) = (0, 1, 0, 0, &[][..]);
            for (id, body) in Children(body) {
                match id {
                    id::CONTENT_ENCODING_ORDER => order = unsigned(body),
                    id::CONTENT_ENCODING_SCOPE => scope = unsigned(body),
                    id::CONTENT_ENCODING_TYPE => kind = unsigned(body),
                    id::CONTENT_COMPRESSION => {
                        for (id, body) in Children(body) {
                            match id {
                                id::CONTENT_COMP_ALGO => algorithm = unsigned(body),
                                id::CONTENT_COMP_SETTINGS => settings = body,
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
            let encoding = match (kind, algorithm) {
                (0, 0) => Encoding::Deflated,
                (0, 1) => return Err("its frames were compressed by bzip2"),
                (0, 2) => return Err("its frames were compressed by LZO"),
                (0, 3) => Encoding::Stripped(settings.into()),
                (1, _) => return Err("it was encrypted"),
                _ => return Err("its frames were encoded in an unknown way"),
            };
            steps.push((order, scope, encoding));
        }
        steps.sort_by_key(|(order, ..)| std::cmp::Reverse(*order));
        let of = |bit: u64| {
            steps.iter().filter(|(_, scope, _)| scope & bit != 0).map(|(.., encoding)| encoding.clone()).collect()
        };
        Ok(Encodings { frames: of(1), private: of(2) })
    }

    /// A frame as it was. `None` when it is broken or too large.
    pub fn frame<'a>(&self, raw: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        undo(&self.frames, raw)
    }

    /// The private data of the codec as they were.
    pub fn private<'a>(&self, raw: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        undo(&self.private, raw)
    }
}

/// Takes back all steps.
fn undo<'a>(steps: &[Encoding], raw: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let mut bytes = Cow::Borrowed(raw);
    for step in steps {
        let mut whole = Vec::new();
        match step {
            Encoding::Deflated => {
                let most = FRAME_MAX as u64 + 1;
                flate2::read::ZlibDecoder::new(&*bytes).take(most).read_to_end(&mut whole).ok()?;
            }
            Encoding::Stripped(head) => {
                whole.reserve_exact(head.len().saturating_add(bytes.len()).min(FRAME_MAX + 1));
                whole.extend_from_slice(head);
                whole.extend_from_slice(&bytes);
            }
        }
        if whole.len() > FRAME_MAX {
            return None;
        }
        bytes = Cow::Owned(whole);
    }
    Some(bytes)
}

/// How frames of a codec stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// As everywhere.
    Plain,
    /// H.264 with lengths before its units, and the parameter sets apart.
    Lengths(h264::Configuration),
    /// H.264 as a byte stream, which old writers left as it was.
    Stream,
    /// AV1, and the units that may stand in the file's head alone.
    Units(Box<[u8]>),
}

impl Form {
    /// A frame of ours. `None` when it is broken.
    pub fn frame(&self, bytes: &[u8], keyframe: bool) -> Option<Arc<[u8]>> {
        match self {
            Form::Plain => Some(bytes.into()),
            Form::Lengths(configuration) => {
                configuration.stream(bytes).filter(|frame| !frame.is_empty()).map(Arc::from)
            }
            Form::Stream => matches!(bytes, [0, 0, 1, ..] | [0, 0, 0, 1, ..]).then(|| bytes.into()),
            Form::Units(first) => {
                let bare = av1::bare(bytes)?;
                let lacks = keyframe && !first.is_empty() && av1::sequence(&bare).is_none();
                Some(if lacks { [first, &*bare].concat().into() } else { (&*bare).into() })
            }
        }
    }
}
