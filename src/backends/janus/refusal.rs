//! What a refusal of the server means (spec/janus.md 2.5). Those of plugins are in the plugins' own tables.

use super::plugins;
use crate::{
    error::{Code, Error, Outcome, Status, code},
    value::Node,
};

/// The error codes of the core: number, our word, status, and whether another try may succeed.
const CORE: [(i64, &Code, Status); 24] = [
    (403, &code::UNAUTHORIZED, Status::Auth),
    (405, &code::UNAUTHORIZED_PLUGIN, Status::Denied),
    (450, &code::TRANSPORT_SPECIFIC, Status::Remote),
    (452, &code::MISSING_REQUEST, Status::Remote),
    (453, &code::UNKNOWN_REQUEST, Status::Remote),
    (454, &code::MALFORMED_MESSAGE, Status::Remote),
    (455, &code::MALFORMED_MESSAGE, Status::Remote),
    (456, &code::MISSING_ELEMENT, Status::Remote),
    (457, &code::INVALID_PATH, Status::Remote),
    (458, &code::SESSION_LOST, Status::NotFound),
    (459, &code::HANDLE_LOST, Status::NotFound),
    (460, &code::PLUGIN_NOT_FOUND, Status::NotFound),
    (461, &code::PLUGIN_ATTACH_FAIL, Status::Remote),
    (462, &code::PLUGIN_MESSAGE_FAIL, Status::Remote),
    (463, &code::PLUGIN_DETACH_FAIL, Status::Remote),
    (464, &code::JSEP_UNKNOWN_TYPE, Status::Remote),
    (465, &code::JSEP_INVALID_SDP, Status::Remote),
    (466, &code::TRICKLE_INVALID_STREAM, Status::Remote),
    (467, &code::INVALID_ELEMENT, Status::Remote),
    (468, &code::SESSION_CONFLICT, Status::Conflict),
    (469, &code::UNEXPECTED_ANSWER, Status::Conflict),
    (470, &code::TOKEN_NOT_FOUND, Status::NotFound),
    (471, &code::WEBRTC_STATE, Status::Conflict),
    (472, &code::NOT_ACCEPTING_SESSIONS, Status::Remote),
];

/// No such session.
pub const NO_SESSION: i64 = 458;
/// No such handle.
pub const NO_HANDLE: i64 = 459;

/// The number in a message whose `janus` is `error`.
#[must_use]
pub fn number(message: Node<'_>) -> Option<i64> {
    message.at("/error/code").and_then(Node::int)
}

/// The error that such a message is.
#[must_use]
pub fn core(message: Node<'_>) -> Error {
    let number = number(message);
    let reason = message.at("/error/reason").and_then(Node::as_str).unwrap_or("no reason given");
    let row = CORE.iter().find(|(known, ..)| Some(*known) == number);
    let (code, status) = row.map_or((&code::SERVER, Status::Remote), |(_, code, status)| (*code, *status));
    let error = Error::new(code, format!("the server refused: {reason}")).status_as(status);
    let error = match number {
        Some(number) => error.with("server_code", number),
        None => error,
    };
    error.with("server_text", reason).outcome(Outcome::Applied)
}

/// The refusal of an attach, as the original names it.
#[must_use]
pub fn attach(message: Node<'_>, plugin: &str) -> Error {
    let number = number(message);
    let reason = message.at("/error/reason").and_then(Node::as_str).unwrap_or("no reason given");
    let text = match number {
        Some(number) => format!("the plugin {plugin:?} could not be attached: {number}, {reason}"),
        None => format!("the plugin {plugin:?} could not be attached: {reason}"),
    };
    let error = Error::new(&code::PLUGIN_ATTACH_FAIL, text);
    let error = match number {
        Some(number) => error.with("server_code", number),
        None => error,
    };
    error.with("server_text", reason).with("plugin", plugin).outcome(Outcome::Applied)
}

/// The refusal in the data of a plugin (trap 2), if it is one.
#[must_use]
pub fn plugin(plugin: &str, data: Node<'_>) -> Option<Error> {
    let number = data.get("error_code")?;
    let reason = data.get("error").and_then(Node::as_str).unwrap_or("no reason given");
    Some(plugins::refused(plugin, number.int(), reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Document, Tree};

    fn message(text: &str) -> Box<Document> {
        Document::from_json(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn refusals_of_the_core_have_their_words() {
        // As a server of 1.1.2 sent them.
        let gone = message(
            r#"{"janus":"error","session_id":778,"transaction":"x","error":{"code":458,"reason":"No such session 778"}}"#,
        );
        let error = core(gone.root());
        assert_eq!((error.code(), error.status(), error.is_retryable()), ("session_lost", Status::NotFound, false));
        assert_eq!(error.detail().get("server_code"), Some(&Tree::Int(458)));
        assert_eq!(error.detail().get("server_text").and_then(Tree::as_str), Some("No such session 778"));
        assert_eq!(error.known_outcome(), Some(Outcome::Applied));
        let unknown = core(message(r#"{"janus":"error","error":{"code":490,"reason":"x"}}"#).root());
        assert_eq!((unknown.code(), unknown.status()), ("server", Status::Remote));
        for (number, retryable) in [(471, true), (472, true), (403, false), (468, false)] {
            let text = format!(r#"{{"janus":"error","error":{{"code":{number},"reason":"x"}}}}"#);
            assert_eq!(core(message(&text).root()).is_retryable(), retryable, "{number}");
        }
        for odd in
            [r#"{"janus":"error"}"#, r#"{"janus":"error","error":"x"}"#, r#"{"janus":"error","error":{"code":"x"}}"#]
        {
            assert_eq!(core(message(odd).root()).code(), "server", "{odd}");
        }
    }

    #[test]
    fn a_plugin_refuses_inside_of_its_data() {
        let data = message(r#"{"videoroom":"event","error_code":426,"error":"No such room (1)"}"#);
        let error = plugin("janus.plugin.videoroom", data.root()).unwrap();
        assert_eq!((error.status(), error.detail().get("server_code")), (Status::NotFound, Some(&Tree::Int(426))));
        assert!(plugin("p", message(r#"{"errorcode":7}"#).root()).is_none());
    }
}
