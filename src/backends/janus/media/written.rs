//! What a host gives with `write_frame`.

use std::sync::Arc;

use super::{super::handle::only, order};
use crate::{
    args::{Args, boolean},
    error::{Error, Result},
    value::Tree,
};

/// A frame, or a message for a data channel, of `write_frame`.
#[derive(Debug)]
pub enum Written {
    /// A frame of a track.
    Frame {
        /// The track; the only one when it is not said.
        mid: Option<Box<str>>,
        /// The frame.
        data: Arc<[u8]>,
        /// When it is shown, in seconds.
        pts: f64,
    },
    /// A message of a channel.
    Message {
        /// The channel.
        label: Box<str>,
        /// Whether it is bytes and not text.
        binary: bool,
        /// The message.
        data: Arc<[u8]>,
    },
}

impl Written {
    /// Reads it.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args) -> Result<Written> {
        only("write_frame", args, &["mid", "data", "pts", "keyframe", "label"])?;
        let data = match args.get("data") {
            None | Some(Tree::Null) => return Err(Error::option("data", "write_frame needs data")),
            Some(data) => data,
        };
        if let Some(label) = args.str("label")? {
            order::label("label", label)?;
            for key in ["mid", "pts", "keyframe"] {
                if args.get(key).is_some_and(|value| !value.is_null()) {
                    return Err(Error::option(key, format!("{key} means nothing to a message of a channel")));
                }
            }
            let (binary, data) = match data {
                Tree::Bytes(bytes) => (true, Arc::clone(bytes)),
                Tree::Text(text) => (false, text.as_bytes().into()),
                other => {
                    return Err(Error::option("data", format!("data was {}; it is text or bytes", other.kind_name())));
                }
            };
            return Ok(Written::Message { label: label.into(), binary, data });
        }
        let data = match data {
            Tree::Bytes(bytes) if bytes.is_empty() => return Err(Error::option("data", "data was empty")),
            Tree::Bytes(bytes) => Arc::clone(bytes),
            other => return Err(Error::option("data", format!("data was {}; a frame is bytes", other.kind_name()))),
        };
        if let Some(keyframe) = args.get("keyframe") {
            boolean("keyframe", keyframe)?;
        }
        let pts = args.double("pts")?;
        let pts =
            pts.ok_or_else(|| Error::option("pts", "write_frame needs pts: when the frame is shown, in seconds"))?;
        Ok(Written::Frame { mid: args.str("mid")?.map(Into::into), data, pts })
    }
}
