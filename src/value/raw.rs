//! A message that is one text or bytes, as it travels from the thread that received it to the one that looks at it: the
//! latter makes the document. Documents need aligned memory, which is dear to take in one thread and give back in
//! another, and thousands of messages may wait.

use std::borrow::Cow;

use super::{Document, Tree, page::Kind};

/// A text or bytes, with a NUL behind.
#[derive(Clone)]
pub struct Raw {
    is_text: bool,
    bytes: Vec<u8>,
}

impl Raw {
    /// A text; the memory of an owned one is taken over.
    #[must_use]
    pub fn text(text: Cow<'_, str>) -> Raw {
        let bytes = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Raw { is_text: true, bytes: terminated(bytes) }
    }

    /// Bytes; the memory of owned ones is taken over.
    #[must_use]
    pub fn bytes(bytes: Cow<'_, [u8]>) -> Raw {
        Raw { is_text: false, bytes: terminated(bytes) }
    }

    /// How many bytes it has, without the NUL.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() - 1
    }

    /// The document, on the memory of this.
    #[must_use]
    pub fn into_document(self) -> Box<Document> {
        let Raw { is_text, mut bytes } = self;
        match u32::try_from(bytes.len() - 1) {
            Ok(size) => Document::of_one(if is_text { Kind::Own } else { Kind::Blob }, size, bytes),
            Err(_) => {
                // Nodes tell no such length.
                bytes.pop();
                Document::from_tree(&match String::from_utf8(bytes) {
                    Ok(text) if is_text => Tree::from(text),
                    Ok(text) => Tree::from(text.into_bytes()),
                    Err(error) => Tree::from(error.into_bytes()),
                })
            }
        }
    }
}

impl std::fmt::Debug for Raw {
    /// Only how much it is: the content may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raw({})", self.size())
    }
}

fn terminated(bytes: Cow<'_, [u8]>) -> Vec<u8> {
    match bytes {
        Cow::Borrowed(bytes) => {
            let mut own = Vec::with_capacity(bytes.len() + 1);
            own.extend_from_slice(bytes);
            own.push(0);
            own
        }
        Cow::Owned(mut bytes) => {
            bytes.push(0);
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;

    #[test]
    fn texts_and_bytes_are_what_they_were() {
        for text in ["", "a", "with \0 inside", "grüße"] {
            for raw in [Raw::text(Cow::Borrowed(text)), Raw::text(Cow::Owned(text.to_owned()))] {
                assert_eq!(raw.size(), text.len());
                let document = raw.into_document();
                let root = document.root();
                assert_eq!((root.kind(), root.as_str()), (Type::String, Some(text)));
                assert_eq!(root.bytes(), Some(text.as_bytes()));
            }
        }
        for bytes in [&b""[..], b"\0", b"\xff\xfe\0", &[7; 5000]] {
            for raw in [Raw::bytes(Cow::Borrowed(bytes)), Raw::bytes(Cow::Owned(bytes.to_vec()))] {
                assert_eq!(raw.size(), bytes.len());
                let document = raw.clone().into_document();
                let root = document.root();
                assert_eq!(
                    (root.kind(), root.bytes(), root.as_str(), root.text()),
                    (Type::Bytes, Some(bytes), None, None)
                );
                assert_eq!(document.node_at(root.address()).and_then(super::super::Node::bytes), Some(bytes));
                assert_eq!(root.to_tree(), Tree::from(bytes));
            }
        }
    }

    #[test]
    fn documents_one_after_the_other_do_not_see_each_other() {
        // The page of one that went is used again.
        let long = Document::from_tree(&Tree::Array((0..50).map(Tree::Int).collect()));
        assert_eq!(long.root().count(), 50);
        drop(long);
        let (one, other) = (Raw::text("one".into()).into_document(), Raw::text("other".into()).into_document());
        drop(one);
        let next = Raw::bytes(Cow::Borrowed(b"next")).into_document();
        assert_eq!(other.root().as_str(), Some("other"));
        assert_eq!(next.root().bytes(), Some(&b"next"[..]));
        assert_eq!((next.root().count(), next.root().items().count()), (0, 0));
    }
}
