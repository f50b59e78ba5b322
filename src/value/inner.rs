//! JSON of which one object inside is wanted: it becomes the document where it lies, and nothing is read twice. Serves
//! design section 3 "value" for messages that come in an envelope.

use super::{
    Document,
    fill::Fill,
    keys::NONE,
    page::{Kind, NodeCell},
    parse,
};
use crate::error::Result;

impl Document {
    /// Reads JSON `{LIST: [{…}]}` and makes a document of the object in it; `None` when there is not exactly one item, or
    /// it is no object. The member `renamed.0` comes under the name `renamed.1`, as the last one unless there was one of that name
    /// already, and is null when it is not there.
    ///
    /// # Errors
    /// Those of [`Document::from_json`].
    pub fn only_item(text: Vec<u8>, list: &str, renamed: (&str, &str)) -> Result<Option<Box<Document>>> {
        parse::shaped(text, |fill| narrow(fill, list, renamed).is_some())
    }
}

/// Puts the item in the place of the root.
fn narrow(fill: &mut Fill, list: &str, (from, to): (&str, &str)) -> Option<()> {
    let root = fill.stack.pop().filter(|root| root.kind() == Kind::Object)?;
    let list = fill.keys.find(list)?;
    let list = fill.pages.run(root.value, root.len).rev().find(|cell| cell.key() == list)?;
    if list.kind() != Kind::Array || list.len != 1 {
        return None;
    }
    let item = fill.pages.get(list.value).copied().filter(|item| item.kind() == Kind::Object)?;
    let (from, to) = (fill.keys.find(from), fill.keys.intern(to, NONE, NONE)?);
    // The stack is empty: its room serves for the members.
    fill.stack.clear();
    let mut moved = None;
    for cell in fill.pages.run(item.value, item.len) {
        if Some(cell.key()) == from {
            moved = Some(cell.renamed(to));
        } else {
            fill.stack.push(*cell);
        }
    }
    let there = fill.stack.iter_mut().rev().find(|cell| cell.key() == to);
    match (there, moved) {
        (Some(there), Some(moved)) => *there = moved,
        (Some(_), None) => {}
        (None, moved) => fill.stack.push(moved.unwrap_or(NodeCell::new(Kind::Null, to, 0, 0))),
    }
    fill.close(Kind::Object, 0, 0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Node, Tree};

    fn read(json: &str) -> Option<String> {
        let document = Document::only_item(json.into(), "args", ("old", "new")).unwrap();
        document.map(|document| document.root().to_json())
    }

    #[test]
    fn the_item_is_the_document() {
        for (json, item) in [
            (r#"{"args":[{"a":1,"old":"x","b":[true,null,{}]}]}"#, r#"{"a":1,"b":[true,null,{}],"new":"x"}"#),
            (r#"{"name":"n","args":[{"a":"\n"}],"more":1.50}"#, r#"{"a":"\n","new":null}"#),
            (r#"{"args":[{}]}"#, r#"{"new":null}"#),
            (r#"{"args":[{"old":{"old":1}}]}"#, r#"{"new":{"old":1}}"#),
            (r#"{"args":[{"new":2,"a":3}]}"#, r#"{"new":2,"a":3}"#),
            (r#"{"args":[{"old":1,"new":2,"a":3}]}"#, r#"{"new":1,"a":3}"#),
            (r#"{"args":1,"args":[{"a":[]}]}"#, r#"{"a":[],"new":null}"#),
        ] {
            assert_eq!(read(json).as_deref(), Some(item), "{json}");
        }
        for none in [
            r#"{"args":[]}"#,
            r#"{"args":[{},{}]}"#,
            r#"{"args":[1]}"#,
            r#"{"args":[[]]}"#,
            r#"{"args":{"a":{}}}"#,
            r#"{"a":{"args":[{}]}}"#,
            "{}",
            "[]",
            "null",
            "1",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
        for wrong in ["", "{", r#"{"args":[{]}"#, "{\"args\":[{\"a\":\"\u{1}\"}]"] {
            let error = Document::only_item(wrong.into(), "args", ("old", "new")).unwrap_err();
            assert_eq!(error.code(), "json_decode", "{wrong}");
        }
    }

    /// Texts, numbers and addresses are those of a document that was read alone.
    #[test]
    fn it_reads_as_if_it_had_come_alone() {
        let many: Vec<String> = (0..200).map(|at| format!(r#""k{at}":{at}.250"#)).collect();
        let item = format!(
            r#"{{"text":"grüße","esc":"a\u0000b","n":1.50,"big":12345678901234567890,"many":{{{}}},"inf":[Infinity],"last":-0}}"#,
            many.join(",")
        );
        let json = format!(r#"{{"before":[1.0,2.0,"x"],"args":[{item}],"behind":3.0}}"#);
        let document = Document::only_item(json.into_bytes(), "args", ("old", "new")).unwrap().unwrap();
        let alone = Document::from_json(item.into_bytes()).unwrap();
        let mut expected = alone.root().to_tree();
        if let Tree::Object(members) = &mut expected {
            members.insert("new", Tree::Null);
        }
        assert_eq!(document.root().to_tree(), expected);
        for path in ["/text", "/n", "/big", "/many/k0", "/many/k199", "/last", "/inf/0"] {
            let (one, other) = (document.root().at(path).unwrap(), alone.root().at(path).unwrap());
            assert_eq!((one.text(), one.kind()), (other.text(), other.kind()), "{path}");
            assert_eq!(document.node_at(one.address()).and_then(Node::text), one.text(), "{path}");
        }
        // A NUL follows a text that lies where it came.
        let text = document.root().get("text").unwrap().text().unwrap();
        assert_eq!(document.text[text.as_ptr().addr() - document.text.as_ptr().addr() + text.len()], 0);
    }
}
