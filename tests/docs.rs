//! The documentation says what is there: pages made from tables are fresh, files that are named exist, links lead
//! somewhere, the example of the README runs, and the snippets compile.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use haft_sandbox::{Options, Sandbox};
use haft_tools::{
    docs,
    native::{Link, compile, root, run, scratch},
};

const STRICT: [&str; 2] = ["-std=c99", "-pedantic"];

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page: the README, the change log, and all below `docs`.
fn pages() -> Vec<PathBuf> {
    fn below(folder: &Path, list: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, list);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                list.push(path);
            }
        }
    }
    let mut list = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    below(&root().join("docs"), &mut list);
    list
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => {
                let (wanted, block) = open.take().unwrap();
                if wanted {
                    found.push(block);
                }
            }
            (Some(info), None) => open = Some((info == language, String::new())),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn pages_made_from_tables_are_fresh() {
    docs::check(&root()).unwrap();
}

#[test]
fn every_file_that_the_architecture_names_exists() {
    let text = page("docs/architecture.md");
    let mut named = 0;
    for word in text.split('`').skip(1).step_by(2) {
        let is_path =
            word.contains('/') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
        if is_path {
            assert!(root().join(word).exists(), "docs/architecture.md names {word}");
            named += 1;
        }
    }
    assert!(named > 50, "{named} paths");
    // And the other way round: a folder that nobody explains is a folder that nobody finds.
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        assert!(text.contains(&format!("`{name}")), "docs/architecture.md does not name {name}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                assert!(path.parent().unwrap().join(file).exists(), "{} links to {target}", path.display());
            }
        }
    }
}

#[test]
fn the_example_of_the_readme_runs() {
    let folder = scratch("readme");
    let source = folder.join("example.c");
    fs::write(&source, &blocks(&page("README.md"), "c")[0]).unwrap();
    let program = compile(&source, Link::Shared, &STRICT, &folder);
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let out = run(Command::new(&program).arg(&sandbox.http));
    assert_eq!(out, "200: hello\n");
    // And it says what is wrong when something is.
    let failed = Command::new(&program).arg("http://127.0.0.1:1").output().unwrap();
    assert!(!failed.status.success());
    assert_eq!(String::from_utf8_lossy(&failed.stderr), "could not connect to 127.0.0.1:1: connection refused\n");
}

#[test]
fn snippets_compile() {
    let folder = scratch("snippets");
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, block) in blocks(&text, "c").iter().enumerate().filter(|(_, block)| !block.contains("int main")) {
            let name = path.file_stem().unwrap().to_string_lossy();
            // Whole functions stand for themselves; statements get the variables that the pages speak of.
            let (outside, inside) = if block.starts_with("static ") { (&**block, "") } else { ("", &**block) };
            let mut program =
                String::from("#include <haft.h>\n#include <stdio.h>\n#include <string.h>\n#include <stdlib.h>\n");
            let _ = write!(
                program,
                "{outside}\nvoid snippet(haft_session *session, haft_args *args, haft_response *response, haft_error **error,\n\
                 void *data);\nvoid snippet(haft_session *session, haft_args *args, haft_response *response, haft_error **error,\n\
                 void *data) {{\n(void)session; (void)args; (void)response; (void)error; (void)data;\n{{\n{inside}\n}}\n}}\nint main(void) {{ return 0; }}\n"
            );
            let source = folder.join(format!("{name}_{number}.c"));
            fs::write(&source, program).unwrap();
            let mut compiler = Command::new("cc");
            compiler.args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror"]).args(STRICT);
            compiler.args(["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-function"]);
            run(compiler.arg("-I").arg(root().join("include")).arg(source));
        }
    }
}
