//! The header: made from the sources, true to the contract, and accepted by strict compilers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{collections::BTreeSet, fs, process::Command};

use haft_tools::{
    header,
    native::{has, root, run},
};

/// The prototypes of a header, one a line, with the spaces of the contract's copy.
fn prototypes(header: &str) -> Vec<String> {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| format!("{line} ")).collect();
    let code = code.replace("extern \"C\" {", "").replace("HAFT_API", "").replace("HAFT_CHECKED", "");
    code.split(';')
        .map(|declaration| declaration.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|declaration| {
            declaration.contains("haft_") && declaration.ends_with(')') && !declaration.starts_with("typedef")
        })
        .map(|declaration| declaration.replace(" *", "*").replace("* ", "*") + ";")
        .collect()
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    header::check(&root()).unwrap();
}

#[test]
fn the_functions_are_those_of_the_contract() {
    let header = fs::read_to_string(root().join(header::PATH)).unwrap();
    let contract = fs::read_to_string(root().join("tests/abi/contract.txt")).unwrap();
    let contract: Vec<&str> = contract.lines().collect();
    assert_eq!(prototypes(&header), contract);
}

#[test]
fn every_function_says_since_when() {
    let header = fs::read_to_string(root().join(header::PATH)).unwrap();
    for entry in header.split("\nHAFT_API").collect::<Vec<_>>().windows(2) {
        let comment = entry[0].rsplit("/**").next().unwrap();
        let name = entry[1].split('(').next().unwrap();
        assert!(comment.contains("@since 0.1.0"), "{name}");
        let parameters = entry[1].split(");").next().unwrap();
        let wanted = if parameters.ends_with("(void") { 0 } else { parameters.matches(',').count() + 1 };
        assert_eq!(comment.matches("@param").count(), wanted, "{name}");
    }
}

#[test]
fn no_macro_leaks_but_ours() {
    let text = run(Command::new("cc").args(["-dM", "-E", "include/haft.h"]).current_dir(root()));
    let nothing = "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n";
    let folder = haft_tools::native::scratch("no_macro_leaks");
    fs::write(folder.join("empty.h"), nothing).unwrap();
    let before = run(Command::new("cc").args(["-dM", "-E"]).arg(folder.join("empty.h")));
    let before: BTreeSet<&str> = before.lines().collect();
    let leaked: Vec<&str> =
        text.lines().filter(|line| !before.contains(line) && !line.starts_with("#define HAFT_")).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

/// Compiles a source of `tests/c` without linking, as strictly as the compiler can.
fn accepts(compiler: &str, standards: &[&str], source: &str) {
    if !has(compiler) {
        // The second compiler; the first one is needed by everything else and its absence fails there.
        return;
    }
    for standard in standards {
        let mut command = Command::new(compiler);
        command.arg(format!("-std={standard}")).args([
            "-pedantic",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            "-Iinclude",
        ]);
        run(command.arg(format!("tests/c/{source}")).current_dir(root()));
    }
}

#[test]
fn strict_c_compilers_accept_it() {
    accepts("gcc", &["c99", "c11", "c17"], "header.c");
    accepts("clang", &["c99", "c11", "c17"], "header.c");
}

#[test]
fn strict_cpp_compilers_accept_it() {
    accepts("g++", &["c++11", "c++14", "c++17", "c++20"], "header.cpp");
    accepts("clang++", &["c++11", "c++14", "c++17", "c++20"], "header.cpp");
}

#[test]
fn strict_cpp_compilers_accept_the_wrapper() {
    accepts("g++", &["c++17", "c++20"], "wrapper_header.cpp");
    accepts("clang++", &["c++17", "c++20"], "wrapper_header.cpp");
}
