//! The rules of the tree that no compiler holds: who may import whom, and what stands in one place only.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{fs, path::Path};

/// From the top down: a folder may use those behind it.
const LAYERS: &[&str] = &["ffi", "session", "backends", "engine", "sys"];
/// What all may use. Among themselves they are free.
const COMMON: &[&str] = &["value", "args", "options", "error", "log", "secret", "clock"];
/// The most `unsafe { }` blocks that the library may have: 70, and what the system's library for Kerberos takes, which is
/// C that is found when it is wanted (`src/sys/gss.rs`).
const UNSAFE_BLOCKS: usize = 77;

/// A source file: its path below `src`, and its code without comments and without its tests.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), "", &mut sources);
    assert!(sources.len() > 30, "the sources were not found");
    sources
}

fn read(folder: &Path, below: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{below}{name}");
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{path}/"), sources);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(entry.path()).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
            sources.push(Source { path, code });
        }
    }
}

/// The modules of the crate that a file names.
fn imports(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    found.push(word(&group[start..at]));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push(word(&group[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next().unwrap()
}

fn has_word(code: &str, wanted: &str) -> bool {
    code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).any(|word| word == wanted)
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for Source { path, code } in sources() {
        let own = path.split('/').next().unwrap().trim_end_matches(".rs");
        for import in imports(&code) {
            let layer = |name| LAYERS.iter().position(|layer| *layer == name);
            let fine = import == own
                || COMMON.contains(&import)
                || match (layer(own), layer(import)) {
                    (Some(from), Some(to)) => from <= to,
                    // The common parts know the machine, and nothing above it; the root names everything.
                    (None, Some(to)) => LAYERS[to] == "sys" || own == "lib",
                    (_, None) => own == "lib",
                };
            if !fine {
                wrong.push(format!("{path} uses {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn back_ends_do_not_know_each_other() {
    let ends = ["http", "ftrack", "mesh", "janus"];
    for Source { path, code } in sources().iter().filter(|source| source.path.starts_with("backends/")) {
        let own = path.split('/').nth(1).unwrap().trim_end_matches(".rs");
        for other in ends.iter().filter(|end| **end != own && ends.contains(&own)) {
            assert!(!code.contains(&format!("backends::{other}")), "{path} uses {other}");
        }
    }
}

#[test]
fn unsafe_stays_at_the_borders() {
    let mut blocks = 0;
    for Source { path, code } in sources() {
        let border = path.starts_with("ffi/") || path.starts_with("sys/") || path == "lib.rs";
        assert!(border || !has_word(&code, "unsafe"), "{path} has unsafe code");
        blocks += code.matches("unsafe {").count();
    }
    assert!(blocks <= UNSAFE_BLOCKS, "{blocks} unsafe blocks");
}

#[test]
fn every_unsafe_block_says_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for folder in ["ffi", "sys"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                let lines: Vec<&str> = text.lines().collect();
                for (at, line) in
                    lines.iter().enumerate().filter(|(_, line)| line.contains("unsafe {") && !line.contains("//"))
                {
                    let near = &lines[at.saturating_sub(5)..at];
                    assert!(
                        near.iter().any(|line| line.contains("// SAFETY:")),
                        "{}:{}: {line}",
                        path.display(),
                        at + 1
                    );
                }
            }
        }
    }
}

#[test]
fn clocks_environment_and_threads_have_one_home() {
    let homes: &[(&str, &[&str])] = &[
        ("Instant::now", &["clock.rs", "sys/"]),
        ("SystemTime::now", &["clock.rs", "sys/"]),
        ("env::var", &["sys/"]),
        ("env::vars", &["sys/"]),
        ("std::thread::spawn", &["sys/"]),
        ("thread::Builder", &["sys/"]),
        ("from_raw_parts", &["ffi/text.rs", "sys/"]),
    ];
    for Source { path, code } in sources() {
        for (call, allowed) in homes {
            let here = allowed.iter().any(|home| path.starts_with(home));
            // Tests stand at the end of a file and may play the host.
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            let is_test = path.contains("/tests") || path.ends_with("_tests.rs");
            assert!(here || is_test || !code.contains(call), "{path} uses {call}");
        }
    }
}

#[test]
fn nothing_prints_or_exits() {
    for Source { path, code } in sources() {
        for banned in ["println!", "eprintln!", "print!(", "dbg!", "process::exit", "process::abort", "set_var"] {
            assert!(!code.contains(banned), "{path} uses {banned}");
        }
    }
}
