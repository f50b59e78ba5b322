//! A document written value by value, for what is made in bulk: no tree stands between what is known and what the host
//! reads. Serves design section 3 "value".

use super::{
    Document, Node, Tree, Type,
    fill::Fill,
    keys::NONE,
    page::Kind,
};

/// A document in the making. Each value goes to a [`Place`]; the last one that is written to [`Draft::ROOT`] is the
/// document.
#[derive(Debug)]
pub struct Draft(Fill);

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

impl Default for Draft {
    fn default() -> Draft {
        Draft(Fill::for_tree())
    }
}

impl Draft {
    /// The place of the whole document.
    pub const ROOT: Place = Place { key: 0, owner: NONE };

    /// Begins an array or an object.
    pub fn open(&self, place: Place) -> Open {
        Open { place, from: self.0.stack.len(), previous: NONE }
    }

    /// The place of the next member of an object. A name must not come twice.
    pub fn member(&mut self, open: &mut Open, name: &str) -> Place {
        // Only 2^28 different keys exhaust the numbers; a document of that size does not fit into memory.
        let key = self.0.keys.intern(name, open.place.owner, open.previous).unwrap_or_default();
        open.previous = key;
        Place { key, owner: key }
    }

    /// Ends an array.
    pub fn array(&mut self, open: &Open) {
        self.0.close(Kind::Array, open.place.key, open.from);
    }

    /// Ends an object.
    pub fn object(&mut self, open: &Open) {
        self.0.close(Kind::Object, open.place.key, open.from);
    }

    /// Nothing.
    pub fn null(&mut self, place: Place) {
        self.0.push(Kind::Null, place.key, 0, 0);
    }

    /// A truth value.
    pub fn bool(&mut self, place: Place, truth: bool) {
        self.0.push(if truth { Kind::True } else { Kind::False }, place.key, 0, 0);
    }

    /// A whole number.
    pub fn int(&mut self, place: Place, number: i64) {
        self.0.number(Kind::Int, place.key, number.cast_unsigned());
    }

    /// A number.
    pub fn double(&mut self, place: Place, number: f64) {
        self.0.number(Kind::Double, place.key, number.to_bits());
    }

    /// Text.
    pub fn text(&mut self, place: Place, text: &str) {
        self.0.text(place.key, text);
    }

    /// A tree.
    pub fn tree(&mut self, place: Place, tree: &Tree) {
        self.0.tree(tree, place.key, place.owner);
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
        self.0.stack.len().saturating_sub(open.from)
    }

    /// The document.
    pub fn finish(self) -> Box<Document> {
        self.0.finish(Vec::new(), false)
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
}
