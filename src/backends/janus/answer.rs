//! What the host gets of a message that answers it (verbs.md "Janus"): the fields of `plugindata.data` and a member `jsep`;
//! of requests to the core the whole message. Nothing is copied but where a jsep has to be put in.

use super::{refusal, session::is_refusal};
use crate::{
    backends::{Answer, Plain},
    error::Result,
    value::{Document, Draft, Node, Type},
};

/// The value of an answer, or the refusal that it is. `plugin` is whose data it may hold.
///
/// # Errors
/// What the core or the plugin refused.
pub fn value(message: Box<Document>, plugin: &str) -> Result<Box<Document>> {
    let root = message.root();
    if is_refusal(root) {
        return Err(refusal::core(root));
    }
    let Some(data) = root.at("/plugindata/data") else { return inside(message, plugin) };
    if let Some(error) = refusal::plugin(plugin, data) {
        return Err(error);
    }
    match root.get("jsep") {
        None => Ok(message.narrowed(&["plugindata", "data"])),
        Some(jsep) => Ok(with_jsep(data, jsep)),
    }
}

fn with_jsep(data: Node<'_>, jsep: Node<'_>) -> Box<Document> {
    let mut draft = Draft::default();
    let mut root = draft.open(Draft::ROOT);
    for (name, member) in data.members().filter(|(name, _)| *name != "jsep") {
        let place = draft.member(&mut root, name);
        draft.node(place, member);
    }
    if data.kind() != Type::Object {
        let place = draft.member(&mut root, "data");
        draft.node(place, data);
    }
    let place = draft.member(&mut root, "jsep");
    draft.node(place, jsep);
    draft.object(&root);
    draft.finish()
}

/// Refuses what is a refusal, and leaves everything else whole.
///
/// # Errors
/// As [`value`].
pub fn whole(message: Box<Document>, plugin: &str) -> Result<Box<Document>> {
    let root = message.root();
    if is_refusal(root) {
        return Err(refusal::core(root));
    }
    match root.at("/plugindata/data").and_then(|data| refusal::plugin(plugin, data)) {
        Some(error) => Err(error),
        None => inside(message, plugin),
    }
}

/// The admin API gives what a plugin or another module answers under `response`, refusals too.
fn inside(message: Box<Document>, plugin: &str) -> Result<Box<Document>> {
    match message.root().get("response").and_then(|response| refusal::plugin(plugin, response)) {
        Some(error) => Err(error),
        None => Ok(message),
    }
}

/// As an answer for the host.
///
/// # Errors
/// As [`value`].
pub fn read(message: Box<Document>, plugin: &str, is_raw: bool) -> Result<Box<dyn Answer>> {
    let value = if is_raw { whole(message, plugin) } else { value(message, plugin) };
    Ok(Box::new(Plain::of_document(value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let message = Document::from_json(text.as_bytes().to_vec()).unwrap();
        value(message, "janus.plugin.p").map_or_else(|error| error.message().to_owned(), |value| value.root().to_json())
    }

    #[test]
    fn the_data_of_a_plugin_is_the_value() {
        let rows = [
            (
                r#"{"janus":"success","session_id":1,"transaction":"t","sender":2,"plugindata":{"plugin":"p","data":{"videoroom":"created","room":9007199254740993}}}"#,
                r#"{"videoroom":"created","room":9007199254740993}"#,
            ),
            (
                r#"{"janus":"event","plugindata":{"plugin":"p","data":{"echotest":"event","jsep":1}},"jsep":{"type":"answer","sdp":"v=0\r\n"}}"#,
                r#"{"echotest":"event","jsep":{"type":"answer","sdp":"v=0\r\n"}}"#,
            ),
            (r#"{"janus":"success","data":{"id":7}}"#, r#"{"janus":"success","data":{"id":7}}"#),
            (r#"{"janus":"pong","transaction":"t"}"#, r#"{"janus":"pong","transaction":"t"}"#),
            (r#"{"janus":"event","plugindata":{"plugin":"p","data":{}}}"#, "{}"),
            (
                r#"{"janus":"error","error":{"code":459,"reason":"No such handle"}}"#,
                "the server refused: No such handle",
            ),
            (
                r#"{"janus":"event","plugindata":{"plugin":"p","data":{"error_code":426,"error":"No such room"}}}"#,
                "janus.plugin.p refused: No such room",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_read_by_pointers_as_any_other() {
        let text = r#"{"janus":"event","plugindata":{"plugin":"p","data":{"list":[{"room":1},{"room":2}],"x":"é\n"}}}"#;
        let value = value(Document::from_json(text.as_bytes().to_vec()).unwrap(), "p").unwrap();
        assert_eq!(value.root().at("/list/1/room").and_then(Node::int), Some(2));
        assert_eq!(value.root().get("x").and_then(Node::as_str), Some("é\n"));
        let list = value.root().get("list").unwrap();
        assert_eq!(value.node_at(list.address()).unwrap().count(), 2);
        assert_eq!(value.root().get("janus").map(Node::kind), None);
    }
}
