//! Makes `include/haft.h`: cbindgen reads `src/ffi`, the pass sorts what it wrote into sections.

mod pass;
#[cfg(test)]
mod tests;

use std::{fs, path::Path};

pub use pass::{Section, sort};

/// Where the header lies, from the root.
pub const PATH: &str = "include/haft.h";

/// The sections in their order: the file in `src/ffi`, the prefixes of its functions, the title, the Doxygen group.
pub const SECTIONS: &[Section] = &[
    Section { file: "library", title: "Library", group: "library" },
    Section { file: "errors", title: "Errors", group: "errors" },
    Section { file: "arguments", title: "Arguments: what you write", group: "arguments" },
    Section { file: "values", title: "Values: what you read", group: "values" },
    Section { file: "sessions", title: "Sessions", group: "sessions" },
    Section { file: "responses", title: "Responses", group: "responses" },
    Section { file: "events", title: "Events", group: "events" },
];

/// What cbindgen makes of one file after the other.
///
/// # Errors
/// A message when a file cannot be read.
pub fn raw(root: &Path) -> Result<String, String> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let builder = SECTIONS.iter().fold(cbindgen::Builder::new().with_config(config), |builder, section| {
        builder.with_src(root.join("src/ffi").join(section.file).with_extension("rs"))
    });
    let mut text = Vec::new();
    builder.generate().map_err(|error| error.to_string())?.write(&mut text);
    String::from_utf8(text).map_err(|error| error.to_string())
}

/// The header as it should be.
///
/// # Errors
/// A message when something cannot be read or sorted.
pub fn generate(root: &Path) -> Result<String, String> {
    let raw = raw(root)?;
    let manifest = fs::read_to_string(root.join("Cargo.toml")).map_err(|error| error.to_string())?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .ok_or("Cargo.toml has no version")?;
    let mut functions = Vec::new();
    for section in SECTIONS {
        let path = root.join("src/ffi").join(section.file).with_extension("rs");
        let source = fs::read_to_string(path).map_err(|error| error.to_string())?;
        functions.push(source);
    }
    sort(&raw, version, SECTIONS, &functions)
}

/// Whether the committed header is what would be made.
///
/// # Errors
/// The first line that differs.
pub fn check(root: &Path) -> Result<(), String> {
    let expected = generate(root)?;
    let found = fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}"))?;
    if expected == found {
        return Ok(());
    }
    let at = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    Err(format!(
        "{PATH} is not what src/ffi says, from line {}: {:?}. Run `cargo run -p haft-tools -- header`",
        at + 1,
        found.lines().nth(at).unwrap_or_default()
    ))
}
