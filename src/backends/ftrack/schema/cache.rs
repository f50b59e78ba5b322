//! The schemas in a file, so that a session need not fetch them: the very file that the official client keeps, for one
//! server each (spec/ftrack.md 4.4). A file that cannot be read or is another server's counts as none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::hash;
use crate::value::{Document, Node, Type, number::json_float};

/// The name of the official client's file, which is read as well.
const OFFICIAL: &str = "ftrack_api_schema_cache.json";

/// The file in a directory for a server.
pub fn file(directory: &Path, server: &str, python: bool) -> PathBuf {
    if python {
        return directory.join(OFFICIAL);
    }
    let safe: String = server
        .split("://")
        .last()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .collect();
    directory.join(format!("ftrack_api_schema_cache.{safe}.json"))
}

/// The schemas in the file, or in the official one beside it, if they have this hash.
pub fn read(file: &Path, expected: &str) -> Option<Box<Document>> {
    let beside = file.with_file_name(OFFICIAL);
    [file, &beside].into_iter().find_map(|file| {
        let document = Document::from_json(fs::read(file).ok()?).ok()?;
        (hash(document.root()) == expected).then_some(document)
    })
}

/// Puts the schemas into the file. Who reads it meanwhile sees the old one or the new one whole.
///
/// # Errors
/// The system's.
pub fn write(file: &Path, schemas: &Document) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut text = String::new();
    indented(schemas.root(), 0, &mut text);
    let own = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&own, text)?;
    fs::rename(&own, file).inspect_err(|_| drop(fs::remove_file(&own)))
}

/// As Python writes it with an indent of 4.
fn indented(node: Node<'_>, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth * 4));
    };
    match node.kind() {
        Type::Array if node.count() == 0 => out.push_str("[]"),
        Type::Object if node.count() == 0 => out.push_str("{}"),
        Type::Array => {
            out.push('[');
            for (at, item) in node.items().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                indented(item, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        Type::Object => {
            out.push('{');
            for (at, (key, value)) in node.members().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                crate::engine::http::json::write_text(key, out);
                out.push_str(": ");
                indented(value, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        Type::String => crate::engine::http::json::write_text(node.as_str().unwrap_or_default(), out),
        Type::Double if node.int().is_none() => out.push_str(&json_float(node.double().unwrap_or_default())),
        _ => out.push_str(&node.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_for_its_hash_alone() {
        let directory =
            std::env::temp_dir().join(format!("haft-schema-{}-{:?}", std::process::id(), std::thread::current().id()));
        let path = file(&directory, "https://a.example:8443", false);
        assert!(path.ends_with("ftrack_api_schema_cache.a.example_8443.json"));
        let schemas = Document::from_json(br#"[{"id": "T", "x": [1.5, {}, [], "\u00fc"]}]"#.to_vec()).unwrap();
        write(&path, &schemas).unwrap();
        // Python: json.dumps(value, indent=4)
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "[\n    {\n        \"id\": \"T\",\n        \"x\": [\n            1.5,\n            {},\n            [],\n            \"\\u00fc\"\n        ]\n    }\n]"
        );
        let known = hash(schemas.root());
        assert!(read(&path, &known).is_some());
        assert!(read(&path, "other").is_none());
        fs::write(&path, "[{").unwrap();
        assert!(read(&path, &known).is_none());
        // The official client's own file does as well.
        fs::write(directory.join(OFFICIAL), r#"[{"id":"T","x":[1.5,{},[],"ü"]}]"#).unwrap();
        assert!(read(&path, &known).is_some());
        fs::remove_dir_all(directory).unwrap();
    }
}
