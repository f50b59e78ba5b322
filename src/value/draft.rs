//! A document written value by value, for what is made in bulk: no tree stands between what is known and what the host
//! reads. Serves design section 3 "value".

use super::{Document, Node, Tree, Type, fill::Fill, keys::NONE, page::Kind};

/// A document in the making. Each value goes to a [`Place`]; the last one that is written to [`Draft::ROOT`] is the
/// document. What is the same again lies in it once.
#[derive(Debug)]
pub struct Draft {
    fill: Fill,
    /// The text that stood last under each key: where it starts, and its length.
    last: Vec<(u64, u32)>,
}

/// Where a value stands: at the root, in an array, or under a key.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    key: u32,
    /// The key of the innermost member around it, by which keys are guessed.
    owner: u32,
}

/// An array or object that is not finished.
#[derive(Debug)]
#[must_use = "it has to be closed"]
pub struct Open {
    place: Place,
    from: usize,
    previous: u32,
}

impl Open {
    /// The place of the next item of an array.
    pub fn item(&self) -> Place {
        Place { key: 0, owner: self.place.owner }
    }
}

/// An array or object that is finished, to be put to other places as well.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    kind: Kind,
    count: u32,
    first: u64,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft { fill: Fill::for_tree(), last: Vec::new() }
    }
}

impl Draft {
    /// The place of the whole document.
    pub const ROOT: Place = Place { key: 0, owner: NONE };

    /// Begins an array or an object.
    pub fn open(&self, place: Place) -> Open {
        Open { place, from: self.fill.stack.len(), previous: NONE }
    }

    /// The place of the next member of an object. A name must not come twice.
    pub fn member(&mut self, open: &mut Open, name: &str) -> Place {
        // Only 2^28 different keys exhaust the numbers; a document of that size does not fit into memory.
        let key = self.fill.keys.intern(name, open.place.owner, open.previous).unwrap_or_default();
        open.previous = key;
        Place { key, owner: key }
    }

    /// Ends an array.
    pub fn array(&mut self, open: &Open) -> Again {
        self.close(Kind::Array, open)
    }

    /// Ends an object.
    pub fn object(&mut self, open: &Open) -> Again {
        self.close(Kind::Object, open)
    }

    fn close(&mut self, kind: Kind, open: &Open) -> Again {
        self.fill.close(kind, open.place.key, open.from);
        let (count, first) = self.fill.stack.last().map_or((0, 0), |cell| (cell.len, cell.value));
        Again { kind, count, first }
    }

    /// What was finished before, in another place.
    pub fn again(&mut self, place: Place, what: Again) {
        self.fill.push(what.kind, place.key, what.count, what.first);
    }

    /// Nothing.
    pub fn null(&mut self, place: Place) {
        self.fill.push(Kind::Null, place.key, 0, 0);
    }

    /// A truth value.
    pub fn bool(&mut self, place: Place, truth: bool) {
        self.fill.push(if truth { Kind::True } else { Kind::False }, place.key, 0, 0);
    }

    /// A whole number.
    pub fn int(&mut self, place: Place, number: i64) {
        self.fill.number(Kind::Int, place.key, number.cast_unsigned());
    }

    /// A number.
    pub fn double(&mut self, place: Place, number: f64) {
        self.fill.number(Kind::Double, place.key, number.to_bits());
    }

    /// Text.
    pub fn text(&mut self, place: Place, text: &str) {
        let key = place.key as usize;
        if let Some((start, len)) = self.last.get(key).copied()
            && len as usize == text.len()
            && self.fill.own.get(start as usize..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
        {
            return self.fill.push(Kind::Own, place.key, len, start);
        }
        let start = self.fill.own.len() as u64;
        self.fill.text(place.key, text);
        // Longer ones lie elsewhere.
        let Ok(len) = u32::try_from(text.len()) else { return };
        if key >= self.last.len() {
            if self.last.is_empty() {
                self.last.reserve(32);
            }
            self.last.resize(key + 1, (u64::MAX, 0));
        }
        if let Some(last) = self.last.get_mut(key) {
            *last = (start, len);
        }
    }

    /// A tree.
    pub fn tree(&mut self, place: Place, tree: &Tree) {
        self.fill.tree(tree, place.key, place.owner);
    }

    /// A value of another document.
    pub fn node(&mut self, place: Place, node: Node<'_>) {
        match node.kind() {
            Type::String => self.text(place, node.as_str().unwrap_or_default()),
            _ => self.tree(place, &node.to_tree()),
        }
    }

    /// How many items an array has so far.
    pub fn count(&self, open: &Open) -> usize {
        self.fill.stack.len().saturating_sub(open.from)
    }

    /// The document.
    pub fn finish(self) -> Box<Document> {
        self.fill.finish(Vec::new(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_what_a_tree_would_be() {
        let json = r#"{"a":[1,2.5,"x",null,true,{"b":"y","c":{}}],"d":[],"e":{"b":-3}}"#;
        let mut draft = Draft::default();
        let mut root = draft.open(Draft::ROOT);
        let at = draft.member(&mut root, "a");
        let items = draft.open(at);
        draft.int(items.item(), 1);
        draft.double(items.item(), 2.5);
        draft.text(items.item(), "x");
        draft.null(items.item());
        draft.bool(items.item(), true);
        assert_eq!(draft.count(&items), 5);
        let mut inner = draft.open(items.item());
        let at = draft.member(&mut inner, "b");
        draft.node(at, Document::from_tree(&Tree::from("y")).root());
        let at = draft.member(&mut inner, "c");
        draft.tree(at, &Tree::from_json("{}").unwrap());
        draft.object(&inner);
        draft.array(&items);
        let at = draft.member(&mut root, "d");
        draft.node(at, Document::from_json(b"[]".to_vec()).unwrap().root());
        let at = draft.member(&mut root, "e");
        let mut last = draft.open(at);
        let at = draft.member(&mut last, "b");
        draft.int(at, -3);
        draft.object(&last);
        draft.object(&root);
        let document = draft.finish();
        assert_eq!(document.root().to_json(), json);
        assert_eq!(document.root().to_tree(), Tree::from_json(json).unwrap());
        assert_eq!(document.root().at("/a/5/b").unwrap().text(), Some(&b"y"[..]));
        assert_eq!(document.root().at("/e/b").unwrap().text(), Some(&b"-3"[..]));
    }

    #[test]
    fn what_comes_again_reads_as_if_it_were_there_twice() {
        let mut draft = Draft::default();
        let items = draft.open(Draft::ROOT);
        let mut shared = None;
        for (at, text) in ["", "", "one", "one", "on", "one"].into_iter().enumerate() {
            let mut object = draft.open(items.item());
            let place = draft.member(&mut object, "text");
            draft.text(place, text);
            let place = draft.member(&mut object, "inner");
            match shared {
                Some(shared) => draft.again(place, shared),
                None => {
                    let mut inner = draft.open(place);
                    let at = draft.member(&mut inner, "n");
                    draft.int(at, 7);
                    shared = Some(draft.object(&inner));
                }
            }
            let place = draft.member(&mut object, "at");
            draft.int(place, i64::try_from(at).unwrap());
            draft.object(&object);
        }
        draft.array(&items);
        let document = draft.finish();
        let expected: Vec<String> = ["", "", "one", "one", "on", "one"]
            .iter()
            .enumerate()
            .map(|(at, text)| format!(r#"{{"text":"{text}","inner":{{"n":7}},"at":{at}}}"#))
            .collect();
        assert_eq!(document.root().to_json(), format!("[{}]", expected.join(",")));
        for at in 0..6 {
            assert_eq!(document.root().at(&format!("/{at}/inner/n")).unwrap().text(), Some(&b"7"[..]));
            assert_eq!(document.root().at(&format!("/{at}/at")).unwrap().text(), Some(at.to_string().as_bytes()));
        }
        // A NUL follows each.
        let text = document.root().at("/4/text").unwrap().text().unwrap();
        assert_eq!(document.own[text.as_ptr().addr() - document.own.as_ptr().addr() + text.len()], 0);
    }
}
