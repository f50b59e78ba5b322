//! multipart/form-data as received (RFC 7578), read strictly enough to show a client's mistakes.

use serde_json::{Value, json};

use super::echo::text_or_data;
use crate::request::{find, text_of};

/// One part.
pub struct Part {
    /// `name` of Content-Disposition, escapes left as they are.
    pub name: String,
    /// `filename`, if there is one.
    pub file_name: Option<String>,
    /// Headers in wire order.
    pub headers: Vec<(String, String)>,
    /// Content.
    pub body: Vec<u8>,
}

impl Part {
    /// As `/anything` shows it.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "filename": self.file_name,
            "headers": self.headers,
            "size": self.body.len(),
            "data": text_or_data(&self.body),
        })
    }
}

/// The boundary of a multipart content type.
pub fn boundary(content_type: &str) -> Option<String> {
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    parameter(content_type, "boundary")
}

fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    while let Some(at) = rest.find(';') {
        rest = rest[at + 1..].trim_start();
        let Some((found, after)) = rest.split_once('=') else { continue };
        let text = match after.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => after.split(';').next()?.trim(),
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(text.to_owned());
        }
        if after.starts_with('"') {
            rest = &after[(text.len() + 2).min(after.len())..];
        }
    }
    None
}

/// Splits a body; `None` if it is not well formed to its closing boundary.
pub fn split(body: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let open = format!("--{boundary}").into_bytes();
    let between = format!("\r\n--{boundary}").into_bytes();
    let mut at = if body.starts_with(&open) { open.len() } else { find(body, 0, &between)? + between.len() };
    let mut parts = Vec::new();
    loop {
        if body.get(at..)?.starts_with(b"--") {
            return Some(parts);
        }
        let head = at + 2;
        let head_end = if body.get(head..)?.starts_with(b"\r\n") { head } else { find(body, head, b"\r\n\r\n")? + 2 };
        let end = find(body, head_end, &between)?;
        parts.push(part(&body[head..head_end], body.get(head_end + 2..end)?)?);
        at = end + between.len();
    }
}

fn part(head: &[u8], body: &[u8]) -> Option<Part> {
    let mut headers = Vec::new();
    for line in text_of(head).split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let disposition = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value.clone());
    let disposition = disposition.unwrap_or_default();
    Some(Part {
        name: parameter(&disposition, "name").unwrap_or_default(),
        file_name: parameter(&disposition, "filename").or_else(|| parameter(&disposition, "filename*")),
        headers,
        body: body.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_split() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"a;x\"\r\n\r\n1\r\n--b\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"t.bin\"\r\nContent-Type: a/b\r\n\r\n\r\n--x\r\n--b--\r\n";
        let parts = split(body, "b").unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].body.as_slice()), ("a;x", &b"1"[..]));
        assert_eq!((parts[1].file_name.as_deref(), parts[1].body.as_slice()), (Some("t.bin"), &b"\r\n--x"[..]));
        assert_eq!(parts[1].headers[1], ("Content-Type".to_owned(), "a/b".to_owned()));
        assert!(split(&body[..body.len() - 6], "b").is_none());
        assert_eq!(boundary("multipart/form-data; charset=x; boundary=\"q r\"").as_deref(), Some("q r"));
    }
}
