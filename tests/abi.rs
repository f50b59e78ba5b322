//! The libraries as a linker sees them: symbols, soname, needs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{collections::BTreeSet, fmt::Write, fs, path::Path, process::Command};

use haft_tools::native::{Link, compile, libraries, root, run, scratch};

fn wanted() -> BTreeSet<String> {
    let list = fs::read_to_string(root().join("tests/abi/symbols.txt")).unwrap();
    list.lines().map(str::to_owned).collect()
}

/// The names that `nm` prints, without the version's node.
fn defined(arguments: &[&str], library: &Path) -> BTreeSet<String> {
    let text = run(Command::new("nm").args(arguments).arg(library));
    let symbols = text.lines().filter_map(|line| {
        let [_, kind, name] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        (kind != "A").then(|| name.split('@').next().unwrap().to_owned())
    });
    symbols.collect()
}

fn readelf(argument: &str) -> String {
    run(Command::new("readelf").args(["-W", argument]).arg(libraries().join("libhaft.so")))
}

#[test]
fn the_shared_library_exports_the_list_and_no_more() {
    assert_eq!(defined(&["-D", "--defined-only"], &libraries().join("libhaft.so")), wanted());
}

#[test]
fn the_symbols_stand_under_their_version() {
    let text = run(Command::new("nm").args(["-D", "--defined-only"]).arg(libraries().join("libhaft.so")));
    for name in wanted() {
        assert!(text.contains(&format!(" {name}@@HAFT_0.1")), "{name}");
    }
}

#[test]
fn the_static_library_leaks_nothing_else() {
    assert_eq!(defined(&["-g", "--defined-only"], &libraries().join("libhaft.a")), wanted());
}

#[test]
fn the_list_is_that_of_the_contract() {
    let contract = fs::read_to_string(root().join("tests/abi/contract.txt")).unwrap();
    let names = contract.lines().map(|line| {
        let head = line.split('(').next().unwrap();
        head.rsplit([' ', '*']).next().unwrap().to_owned()
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), wanted());
}

#[test]
fn the_shared_library_carries_its_soname_and_needs_the_system_alone() {
    let dynamic = readelf("-d");
    let after = |tag: &str| -> Vec<&str> {
        let lines = dynamic.lines().filter(|line| line.contains(&format!("({tag})")));
        lines.filter_map(|line| line.split(['[', ']']).nth(1)).collect()
    };
    assert_eq!(after("SONAME"), ["libhaft.so.0.1"]);
    let allowed = |name: &&str| {
        ["libc.so", "libm.so", "libgcc_s.so", "ld-linux", "ld64.so"].iter().any(|part| name.contains(part))
    };
    let needed = after("NEEDED");
    assert!(needed.iter().all(allowed), "{needed:?}");
}

#[test]
fn the_shared_library_stays_loaded_is_bound_at_once_and_has_no_text_relocations() {
    let dynamic = readelf("-d");
    let flags: String = dynamic.lines().filter(|line| line.contains("FLAGS")).collect();
    assert!(flags.contains("NODELETE") && flags.contains("NOW"), "{flags}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
    let segments = readelf("-l");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(!stack.contains("RWE"), "{stack}");
}

/// A program that takes the address of every function.
fn links(link: Link, name: &str) {
    let folder = scratch(name);
    let mut source = String::from("#include \"haft.h\"\n\nint main(void) {\n  void (*volatile all[])(void) = {\n");
    for name in wanted() {
        writeln!(source, "    (void (*)(void)){name},").unwrap();
    }
    source.push_str("  };\n  for (size_t k = 0; k < sizeof all / sizeof *all; k++)\n    if (!all[k]) return 1;\n");
    source.push_str("  haft_args_free(haft_args_new());\n  return haft_version()[0] == 0;\n}\n");
    let path = folder.join("every_function.c");
    fs::write(&path, source).unwrap();
    run(&mut Command::new(compile(&path, link, &["-Wno-cast-function-type"], &folder)));
}

#[test]
fn every_function_links_with_the_shared_library() {
    links(Link::Shared, "links_shared");
}

#[test]
fn every_function_links_with_the_static_library() {
    links(Link::Static, "links_static");
}
